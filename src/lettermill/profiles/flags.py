"""Evidence that was dropped because it would have made one person of many, and from when to when that held."""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from lettermill.profiles.evidence import COMPONENT

SAME = ("identifier_kind", "identifier")
FLAG = (*SAME, "how_many", "allowed")


def shared_flags(shared: DataFrame) -> DataFrame:
    """Flags of identifiers that too many customers share."""
    return shared.select(*FLAG)


def component_flags(large: DataFrame, *, at_most: int) -> DataFrame:
    """Flags of components with too many identifiers, each under the name of its oldest record."""
    kind = F.lit(COMPONENT).alias("identifier_kind")
    return large.select(kind, F.col("oldest").alias("identifier"), "how_many", F.lit(at_most).alias("allowed"))


def identity_flags(found: DataFrame, *, standing: DataFrame, as_of: Column) -> DataFrame:
    """Rows for profiles.identity_flags: flags that hold now, and those that ceased to hold at `as_of`.

    A flag that holds still keeps the moment from which it is known; only its figures are those of now.
    """
    known = standing.where(F.col("known_to").isNull()).select(*SAME, F.col("known_from").alias("since"))
    # right side: one row per flag
    holding = found.join(known, on=list(SAME), how="left").select(
        *FLAG, F.coalesce("since", as_of).alias("known_from"), F.lit(None).cast("timestamp").alias("known_to")
    )
    open_ones = standing.where(F.col("known_to").isNull())
    ceased = open_ones.join(found.select(*SAME), on=list(SAME), how="left_anti").withColumn("known_to", as_of)
    return holding.unionByName(ceased)
