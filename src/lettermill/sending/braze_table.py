"""Attributes for Braze to fetch: rows of delivery.braze_cdi, which its Cloud Data Ingestion reads, in place of calls.

A row that is written counts as handed over. A run that dies before that is written down writes the same values once
more when it is run again, in rows that Braze reads after the first.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lettermill.delivery.profile_rows import in_batches
from lettermill.delivery.providers.braze.cdi import CdiTable, first_moments, table_rows
from lettermill.errors import DeliveryError
from lettermill.holding import held
from lettermill.job import Run
from lettermill.tables.delivery import BRAZE_CDI

ROWS_A_BATCH = 10_000
"""Rows that one task makes at a time."""
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@contextmanager
def rows_written(
    profiles: DataFrame, table: CdiTable, *, run: Run, destination: str, fence: Callable[[], bool]
) -> Iterator[DataFrame]:
    """Add a row for each of the profiles (see profile_rows) that Braze can take, and lend what became of each: rows
    with `message_id` (the person), `settled` and `settled_reason`.

    Each row is dated after all that stand, so `fence` is asked last: whether the destination's lease is still held.
    Raises DeliveryError where it is not: Braze may have read newer rows, and would pass these over. Rows are dated by
    the machine's clock, since Braze goes by the newest it has read, whatever moment a run works for.
    """
    run.lake.create(BRAZE_CDI)
    with held(in_batches(profiles, rows=profiles.count(), size=ROWS_A_BATCH)) as batched:
        sizes = {row["batch"]: row["count"] for row in batched.groupBy("batch").count().collect()}
        moments = first_moments(sizes, at=run.now(), after=_newest(run, destination))
        with (
            run.doing(f"writing attributes for {destination} to read"),
            held(table_rows(batched, moments=moments, destination=destination, limits=table.limits)) as rows,
        ):
            if not fence():
                raise DeliveryError(
                    f"the lease of {destination} was lost while its rows were made",
                    place=BRAZE_CDI.name,
                    mend="run it again: nothing was written",
                )
            run.lake.add(rows.where("reason IS NULL"), to=BRAZE_CDI)
            settled = F.when(F.col("reason").isNull(), "handed_over").otherwise("rejected")
            outcomes = rows.select(
                F.col("person_id").alias("message_id"),
                settled.alias("settled"),
                F.col("reason").alias("settled_reason"),
            )
            run.count(**{row["settled"]: row["count"] for row in outcomes.groupBy("settled").count().collect()})
            yield outcomes


def _newest(run: Run, destination: str) -> datetime | None:
    """The newest moment that a row for the destination has."""
    rows = run.lake.read(BRAZE_CDI).where(F.col("destination") == destination)
    newest = rows.agg(F.unix_micros(F.max("updated_at")).alias("at")).first()
    return EPOCH + timedelta(microseconds=newest["at"]) if newest and newest["at"] is not None else None
