"""Removing marks that nobody can ask for any more, so that the journal does not grow with every send."""

from pyspark.sql import functions as F

from lettermill.delivery.guard import expire_marks
from lettermill.job import Run
from lettermill.sending.journals import open_journal
from lettermill.tables.delivery import OUTBOX

DAY = 86_400.0


def expire_settled_marks(run: Run) -> int:
    """Remove the marks of settled waves that are older than `delivery.keep_marks_days`; tell how many marks went.

    Nothing where no message was ever claimed: then there is no journal to be opened either. The marks of a wave with
    messages that are claimed or unknown stay however old: they are what a look-up asks the provider by. Raises
    ConfigError for a journal that cannot be.
    """
    if not run.settings.delivery.journal or not run.lake.exists(OUTBOX):
        return 0
    is_asked_for = F.max(F.col("state").isin("claimed", "unknown")).alias("is_asked_for")
    waves = run.lake.read(OUTBOX).where("wave IS NOT NULL").groupBy("wave").agg(is_asked_for).collect()
    if not waves:
        return 0
    return expire_marks(
        open_journal(run.settings),
        now=run.now().timestamp(),  # marks are dated by the machine's clock, not by the moment a job works for
        keep_seconds=run.settings.delivery.keep_marks_days * DAY,
        asked_for={row["wave"] for row in waves if row["is_asked_for"]},
    )
