"""Training examples: features as known at a cut-off, and what the person did in the days after it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lettermill.errors import ModelError


@dataclass(frozen=True)
class Outcome:
    """What a classifier predicts: whether a person purchases, or does not, in the `days` from the cut-off on."""

    name: str
    days: int
    is_purchase: bool  # else the event is that no purchase happens

    def describe(self) -> str:
        return f"{'a' if self.is_purchase else 'no'} purchase within {self.days} days"


CHURN = Outcome("churn", days=28, is_purchase=False)
NEXT_PURCHASE = Outcome("next_purchase", days=7, is_purchase=True)
OUTCOMES = (CHURN, NEXT_PURCHASE)
LONGEST_DAYS = max(outcome.days for outcome in OUTCOMES)


@dataclass(frozen=True)
class CutOffs:
    """Month starts in order of time: those to learn from, and the last one, which is looked at once."""

    training: tuple[datetime, ...]
    holdout: datetime

    @property
    def all(self) -> tuple[datetime, ...]:
        return (*self.training, self.holdout)

    @property
    def validation(self) -> datetime:
        """The last cut-off before the holdout, on which choices are made."""
        return self.training[-1]

    def learnable(self, outcome: Outcome, *, before: datetime) -> tuple[datetime, ...]:
        """Training cut-offs whose outcome was known at `before`."""
        return tuple(cut_off for cut_off in self.training if cut_off + timedelta(days=outcome.days) <= before)


def cut_offs(*, as_of: datetime, first_order_at: datetime) -> CutOffs:
    """Derive the cut-offs from the span of the data: from its third month on, each with its longest outcome complete.

    Raises ModelError where the data does not hold two training months and a holdout.
    """
    longest = timedelta(days=LONGEST_DAYS)
    month = _month_start(first_order_at.astimezone(UTC))
    starts = []
    while month + longest <= as_of:
        starts.append(month)
        month = _month_start(month + timedelta(days=32))
    usable = starts[2:]
    training = tuple(start for start in usable[:-1] if start + longest <= usable[-1])
    if len(training) < 2:
        raise ModelError(
            f"orders from {first_order_at:%Y-%m-%d} to {as_of:%Y-%m-%d} hold {len(training)} months to learn from",
            mend="train at a later --as-of: two months to learn from, one held out and two before them are needed",
        )
    return CutOffs(training, usable[-1])


def _month_start(instant: datetime) -> datetime:
    return instant.replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def examples(
    features: DataFrame, purchases: DataFrame, *, outcomes: Sequence[Outcome] = OUTCOMES, as_of: datetime
) -> DataFrame:
    """Add a 0/1 column per outcome to the `features` of people who had purchased before their cut-off (`as_of`).

    `purchases` (person_id, occurred_at, available_at), one row or more per order with merchandise. A window is
    [cut-off, cut-off + days); only purchases known at `as_of` count.
    """
    population = features.where(F.col("orders_all") > 0)
    after = F.datediff("bought_at", "as_of")  # cut-offs are midnights: whole days are exact
    bought = (
        purchases.where((F.col("occurred_at") < F.lit(as_of)) & (F.col("available_at") <= F.lit(as_of)))
        .select("person_id", F.to_date("occurred_at").alias("bought_at"))
        .distinct()
        .join(population.select("person_id", "as_of"), on="person_id", how="inner")
        .where((after >= 0) & (after < LONGEST_DAYS))
        .groupBy("person_id", "as_of")
        .agg(F.min(after).alias("first_after"))
    )
    days = F.coalesce("first_after", F.lit(LONGEST_DAYS))
    labels = {outcome.name: ((days < outcome.days) == F.lit(outcome.is_purchase)).cast("int") for outcome in outcomes}
    labelled = population.join(bought, on=["person_id", "as_of"], how="left").withColumns(labels)
    return labelled.drop("first_after")
