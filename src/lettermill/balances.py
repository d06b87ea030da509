"""Counting a check's balance from the tables: what the check jobs share."""

from collections.abc import Sequence

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lettermill.job import Run
from lettermill.quality.addresses import CORRECTED
from lettermill.quality.balance import Balance
from lettermill.quality.quarantine import ORIGIN
from lettermill.tables import Table
from lettermill.tables.quality import QUARANTINE


def balance(run: Run, table: Table, *, arrived: int, sources: Sequence[str] | None = None) -> None:
    """Count, tell and assert `arrived = accepted + duplicates + quarantined` of one table. Raises BalanceError.

    Where several jobs fill a table, `sources` are those whose rows arrived by this one, and no other is counted. A row
    that was replayed counts where it is now. So does one whose replay was cut off before it was marked.
    """
    is_counted = F.lit(True) if sources is None else F.col("source").isin(*sources)
    aside = run.lake.read(QUARANTINE).where((F.col("refused_by") == table.name) & is_counted)
    is_begun = (F.col("disposition") == "refused") & F.col("replayed_at").isNotNull()
    rows = aside.groupBy("disposition").agg(F.count(F.lit(1)).alias("rows"), F.count_if(is_begun).alias("begun"))
    found = {row["disposition"]: row for row in rows.collect()}
    by_disposition = {name: row["rows"] for name, row in found.items()}
    stored = run.lake.read(table).where(~F.col("origin").endswith(CORRECTED) & is_counted)
    cut_off = _stored_already(stored, aside.where(is_begun)) if any(row["begun"] for row in found.values()) else 0
    counted = Balance(
        table=table.name,
        arrived=arrived,
        accepted=stored.count(),
        duplicates=by_disposition.get("duplicate", 0),
        refused=by_disposition.get("refused", 0) - cut_off,
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


def balance_of_sources(run: Run, table: Table, arrived: DataFrame) -> None:
    """The balance of the sources that `arrived` rows are from, where other jobs fill the table too.

    Raises BalanceError.
    """
    rows = {row["source"]: row["count"] for row in arrived.groupBy("source").count().collect()}
    balance(run, table, arrived=sum(rows.values()), sources=sorted(rows))


def _stored_already(stored: DataFrame, begun: DataFrame) -> int:
    """How many of the rows whose replay began are in the table."""
    part = F.col("line") if "line" in stored.columns else F.lit(0)
    return begun.join(stored.withColumn("part", part), on=[*ORIGIN, "part"], how="left_semi").count()
