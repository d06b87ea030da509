"""What taking in has in common, whatever the transport: lines become rows, and what cannot is set aside."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from typing import Protocol

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lettermill.job import Run
from lettermill.lake import Lake
from lettermill.quality.quarantine import quarantined
from lettermill.tables import Table
from lettermill.tables.quality import QUARANTINE


class RowsOfLines(Protocol):
    def __call__(self, lines: DataFrame, *, ingested_at: datetime) -> DataFrame: ...


def set_aside(run: Run, refused: DataFrame, lake: Lake, *, of: Table) -> None:
    """Store what could not become a row of `of` in quality.quarantine.

    `refused` has `source`, `origin`, `position`, `part`, `reasons` and `value`, the bytes that are kept.
    """
    marked = refused.withColumn("first_seen", F.lit(run.started_at)).withColumn("is_duplicate", F.lit(False))
    lake.add(quarantined(marked, refused_by=of.name, raw=F.col("value")), to=QUARANTINE)


def tell_refusals(run: Run, name: str, reasons: Iterable[tuple[str, int]], *, of: Table) -> None:
    """Note in the summary how many records of a source were refused, by reason."""
    counted: Counter[str] = Counter()
    for reason, number in reasons:
        counted[reason] += number
    run.count(**{f"{of.noun}_refused": counted.total()})
    for reason, number in counted.most_common():
        run.note(f"{name}: {number:,} set aside in {QUARANTINE.name}: {reason}")
