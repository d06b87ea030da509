"""What happens to rows that are not taken: they stay, with every reason, as they came."""

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from lettermill.tables.quality import QUARANTINE

ORIGIN = ("source", "origin", "position")
MENDING = ("mended", "mended_at", "mended_by", "mended_why", "replayed_at")
DUPLICATE = "its key is taken by an earlier row"
HASH = "_hash"
"""The column of a key's hash. Two keys may share one, so it never decides; it says which rows need not be compared."""


def mark_duplicates(judged: DataFrame, *, standing: DataFrame, key: str) -> DataFrame:
    """Add `is_duplicate` and `is_standing` to judged rows: of each key the row that arrived first stays.

    `standing` holds the rows taken before, with `key` and their origin. A row that stands already is no duplicate of
    itself, so that a batch that is tried again is judged as it was the first time; it is not to be stored again.
    """
    return marked(judged, seen=seen_before(judged, standing=standing, key=key))


def hashed_keys(judged: DataFrame, *, key: str) -> DataFrame:
    """The keys of a batch by their hash, a number that is cheap to send and to compare: HASH, `rows`."""
    return _fresh(judged).groupBy(_hash(key)).agg(F.count(F.lit(1)).alias("rows"))


def standing_among(standing: DataFrame, hashes: DataFrame, *, key: str) -> DataFrame:
    """The standing rows whose key is of a hash in `hashes`: all whose key is a judged row's, and hardly any other."""
    hashed = standing.select(key, *ORIGIN, _hash(key))
    return hashed.join(hashes, on=HASH, how="left_semi")


def repeated(hashes: DataFrame, *, standing: DataFrame) -> DataFrame:
    """The hashes that are in the batch twice, or that a row of `standing`, found by `standing_among`, has: HASH."""
    return hashes.where(F.col("rows") > 1).select(HASH).union(standing.select(HASH))


def suspects(judged: DataFrame, hashes: DataFrame, *, key: str) -> DataFrame:
    """The judged rows with a key of these `hashes`: they alone can be repetitions. Columns that `seen_before` reads."""
    fresh = _fresh(judged).select(key, "received_at", *ORIGIN, "part", "reasons", _hash(key))
    return fresh.join(hashes, on=HASH, how="left_semi")


def _hash(key: str) -> Column:
    return F.xxhash64(key).alias(HASH)


def seen_before(judged: DataFrame, *, standing: DataFrame, key: str) -> DataFrame:
    """The judged rows, by origin and part, whose key is taken: `is_duplicate`, `is_standing`. Most batches have few."""
    # Only keys and origins are compared; the rows themselves, which are wide, stay where they are.
    fresh = _fresh(judged).select(key, "received_at", *ORIGIN, "part")
    taken = standing.select(key, F.struct(*ORIGIN).alias("taken_by"))
    arrival = Window.partitionBy(key).orderBy("received_at", *ORIGIN, "part")
    # right side: one row per key
    compared = fresh.join(taken, on=key, how="left").withColumn("place", F.row_number().over(arrival))
    is_standing = F.coalesce(F.col("taken_by").eqNullSafe(F.struct(*ORIGIN)), F.lit(False))
    is_duplicate = F.when(F.col("taken_by").isNotNull(), ~is_standing).otherwise(F.col("place") > 1)
    return compared.select(*ORIGIN, "part", is_duplicate.alias("is_duplicate"), is_standing.alias("is_standing")).where(
        F.col("is_duplicate") | F.col("is_standing")
    )


def marked(judged: DataFrame, *, seen: DataFrame) -> DataFrame:
    """Judged rows with what `seen_before` found of them."""
    # right side: one row per origin and part
    return judged.join(seen, on=[*ORIGIN, "part"], how="left").fillna(False, subset=["is_duplicate", "is_standing"])


def _fresh(judged: DataFrame) -> DataFrame:
    return judged.where(F.size("reasons") == 0)


def quarantined(judged: DataFrame, *, refused_by: str, raw: Column) -> DataFrame:
    """Rows for quality.quarantine: those with reasons, and duplicates; `raw` gives the row as it came."""
    refused = F.size("reasons") > 0
    return judged.where(refused | F.col("is_duplicate")).select(
        F.lit(refused_by).alias("refused_by"),
        *ORIGIN,
        "part",
        F.when(refused, "refused").otherwise("duplicate").alias("disposition"),
        F.when(refused, F.col("reasons")).otherwise(F.array(F.lit(DUPLICATE))).alias("reasons"),
        raw.cast("binary").alias("raw"),
        "first_seen",
        *unmended(),
    )


def unmended() -> list[Column]:
    """The columns MENDING of a row that nobody mended yet."""
    return [F.lit(None).cast(column.type).alias(column.name) for column in QUARANTINE.columns if column.name in MENDING]


def accepted(judged: DataFrame) -> DataFrame:
    """Rows without a reason that are no duplicates and do not stand yet."""
    return judged.where((F.size("reasons") == 0) & ~F.col("is_duplicate") & ~F.col("is_standing"))
