"""The states of a message and the transitions between them. What is not listed here cannot happen."""

from collections.abc import Mapping

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from lettermill.tables.delivery import OUTBOX

TRANSITIONS: Mapping[str, frozenset[str]] = {
    "planned": frozenset({"suppressed", "claimed", "dropped"}),
    "claimed": frozenset({"planned", "suppressed", "handed_over", "rejected", "unknown"}),
    "handed_over": frozenset({"confirmed", "rejected"}),
    "unknown": frozenset({"handed_over", "confirmed", "rejected", "planned", "dropped"}),
    "suppressed": frozenset(),
    "confirmed": frozenset(),
    "rejected": frozenset(),
    "dropped": frozenset(),
}
"""state -> the states it may become. `unknown` never becomes `planned` by itself: a campaign's policy does it, or an
answer that came late or was looked up, and says that the provider refused."""

SEEN = ("state", "wave")
"""What must still stand when a message is moved: else somebody else has moved it meanwhile."""


def is_allowed(before: str, after: str) -> bool:
    """Whether a message may go from one state to another; staying where it is, is no transition."""
    return after in TRANSITIONS.get(before, frozenset())


def advance(
    messages: DataFrame,
    *,
    to: Column,
    as_of: Column,
    reason: Column | None = None,
    reference: Column | None = None,
    wave: Column | None = None,
    batch: Column | None = None,
    attempt: Column | None = None,
) -> DataFrame:
    """Rows of delivery.outbox in their next state, with `state_before` and `wave_before`, for a caller to move.

    What is not given stays, but for the reason; a message that is planned again belongs to no wave. Evaluating them
    raises DeliveryError, naming message and states, for a transition that TRANSITIONS does not list.
    """
    arrows = [f"{before}>{after}" for before, afters in TRANSITIONS.items() for after in sorted(afters)]
    # In the form in which a job finds an error in what Spark says of a failure.
    refusal = F.concat(
        *(F.lit("lettermill.errors.DeliveryError: message "), F.col("message_id"), F.lit(" cannot go from ")),
        *(
            F.col("state"),
            F.lit(" to "),
            to,
            F.lit("\n  at: delivery.outbox\n  mend: read its history in delivery.ledger"),
        ),
    )
    is_listed = F.concat_ws(">", "state", to).isin(arrows)
    is_out = to != "planned"
    changed = {
        "state_before": F.col("state"),
        "wave_before": F.col("wave"),
        "attempt": F.col("attempt") if attempt is None else attempt,
        "reason": F.lit(None).cast("string") if reason is None else reason,
        "provider_reference": F.col("provider_reference") if reference is None else reference,
        "wave": F.when(is_out, F.col("wave") if wave is None else wave),
        "batch": F.when(is_out, F.col("batch") if batch is None else batch),
        "changed_at": as_of,
        "state": F.when(is_listed, to).otherwise(F.raise_error(refusal)),
    }
    return messages.withColumns(changed).select(*OUTBOX.column_names, *(f"{name}_before" for name in SEEN))
