"""Counting a check's balance from the tables: what the check jobs share."""

from pyspark.sql import functions as F

from lettermill.job import Run
from lettermill.quality.balance import Balance
from lettermill.tables import Table
from lettermill.tables.quality import QUARANTINE


def balance(run: Run, table: Table, *, arrived: int) -> None:
    """Count, tell and assert `arrived = accepted + duplicates + quarantined` of one table. Raises BalanceError."""
    set_aside = run.lake.read(QUARANTINE).where(F.col("refused_by") == table.name).groupBy("disposition").count()
    by_disposition = {row["disposition"]: row["count"] for row in set_aside.collect()}
    counted = Balance(
        table=table.name,
        arrived=arrived,
        accepted=run.lake.read(table).count(),
        duplicates=by_disposition.get("duplicate", 0),
        refused=by_disposition.get("refused", 0),
        erased=by_disposition.get("erased", 0),
    ).require()
    run.note(f"{table.name}: {counted}")
    run.count(
        **{
            f"{table.noun}_arrived": counted.arrived,
            f"{table.noun}_accepted": counted.accepted,
            f"{table.noun}_duplicate": counted.duplicates,
            f"{table.noun}_refused": counted.refused,
            **({f"{table.noun}_erased": counted.erased} if counted.erased else {}),
        }
    )
