"""Posting the ledger: the outbox's changes since the newest that it has."""

from pyspark.sql import functions as F

from lettermill.delivery.ledger import ledger_entries
from lettermill.job import Run
from lettermill.tables.delivery import LEDGER, OUTBOX


def post_ledger(run: Run) -> None:
    """Add the outbox's state changes since the newest that the ledger has. Run again, it adds nothing."""
    run.lake.create(LEDGER)
    newest = run.lake.read(LEDGER).agg(F.max("commit_version").alias("version")).first()
    after = -1 if newest is None or newest["version"] is None else int(newest["version"])
    if run.lake.version(OUTBOX) > after:
        entries = ledger_entries(run.lake.changes(OUTBOX, after=after))
        run.lake.add(entries, to=LEDGER, above={"commit_version": after})
