"""Refused rows that are given another chance: mended by somebody, or refused by a rule that was mended."""

from datetime import datetime

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from lettermill.quality.quarantine import DUPLICATE, ORIGIN
from lettermill.tables.quality import QUARANTINE

KEY = [*ORIGIN, "part"]


def row_id() -> Column:
    """A short name for a row of quality.quarantine, by which a person asks for it."""
    return F.substring(F.sha2(F.concat_ws("|", *QUARANTINE.key), 256), 1, 12)


def mended(rows: DataFrame, *, raw: bytes, by: str, at: datetime, why: str) -> DataFrame:
    """Rows of quality.quarantine with what they should have been; the row as it came stays beside it."""
    return rows.withColumns(
        {
            "mended": F.lit(bytearray(raw)),
            "mended_at": F.lit(at).cast("timestamp"),
            "mended_by": F.lit(by),
            "mended_why": F.lit(why),
        }
    )


def as_arrived(refused: DataFrame, arrived: DataFrame) -> DataFrame:
    """The rows of ingest.events or ingest.records that were `refused`, with the mended text in place of their own."""
    asked = F.broadcast(refused.select(*ORIGIN, "mended"))
    text = F.coalesce(F.col("mended").cast("string"), F.col("raw"))
    return arrived.join(asked, on=list(ORIGIN), how="inner").withColumn("raw", text).drop("mended")


def available_again(judged: DataFrame, refused: DataFrame, *, at: datetime) -> DataFrame:
    """Judged rows, available from when they were mended or else replayed, if that is later than before."""
    if "available_at" not in judged.columns:  # a product's version is known by its extract
        return judged
    since = F.coalesce("mended_at", "replayed_at", F.lit(at))
    # right side: one row per origin and part
    times = F.broadcast(refused.select(*KEY, since.alias("since")))
    later = F.greatest("available_at", "since")
    return judged.join(times, on=KEY, how="inner").withColumn("available_at", later).drop("since")


def found_good(refused: DataFrame, marked: DataFrame, *, at: datetime) -> DataFrame:
    """Rows of quality.quarantine that are about to be stored, with the moment: a crash in between leaves this trace."""
    good = marked.where((F.size("reasons") == 0) & ~F.col("is_duplicate")).select(*KEY)
    at_first = F.coalesce("replayed_at", F.lit(at).cast("timestamp"))
    return refused.join(F.broadcast(good), on=KEY, how="left_semi").withColumn("replayed_at", at_first)


def replayed(refused: DataFrame, marked: DataFrame, *, at: datetime) -> DataFrame:
    """Rows of quality.quarantine as the replay leaves them: replayed, a duplicate after all, or refused as of now."""
    verdict = (
        F.when(F.size("now.reasons") > 0, "refused").when(F.col("now.is_duplicate"), "duplicate").otherwise("replayed")
    )
    is_good = verdict == "replayed"
    now = F.broadcast(marked.select(*KEY, F.struct("reasons", "is_duplicate").alias("now")))
    return (
        refused.join(now, on=KEY, how="inner")
        .withColumn("disposition", verdict)
        .withColumn("replayed_at", F.when(is_good, F.coalesce("replayed_at", F.lit(at).cast("timestamp"))))
        .withColumn(
            "reasons",
            F.when(F.size("now.reasons") > 0, F.col("now.reasons"))
            .when(F.col("now.is_duplicate"), F.array(F.lit(DUPLICATE)))
            .otherwise(F.col("reasons")),
        )
        .drop("now")
    )
