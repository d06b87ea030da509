"""Connected components by stars, a round at a time: no node and no edge ever comes to the driver.

The method is Kiveris, Lattanzi, Mirrokni, Rastogi, Vassilvitskii, "Connected Components in MapReduce and Beyond"
(SoCC 2014): large-star and small-star in turn keep what is connected connected, and end with every node of a component
tied to its smallest. A chain of n nodes needs about log2(n) rounds; `unsettled` says whether another is needed.

An edge is a row `node, root` with `root` smaller than `node`. Whoever drives the rounds stores the edges between them
(`lettermill.resolving`), or the plan would double with each.
"""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F


def oriented(pairs: DataFrame) -> DataFrame:
    """Edges of the pairs `one, other`: distinct, each from the larger to the smaller node, none to itself."""
    return (
        pairs.where(F.col("one") != F.col("other"))
        .select(F.greatest("one", "other").alias("node"), F.least("one", "other").alias("root"))
        .distinct()
    )


def next_round(edges: DataFrame) -> DataFrame:
    """The edges after one large-star and one small-star."""
    return _small_star(_large_star(edges))


def unsettled(edges: DataFrame) -> DataFrame:
    """Nodes with two roots, and roots that have a root: where there are none, each root names a component."""
    ends = edges.select(F.col("node").alias("end"), F.lit(1).alias("as_node"), F.lit(0).alias("as_root")).unionByName(
        edges.select(F.col("root").alias("end"), F.lit(0).alias("as_node"), F.lit(1).alias("as_root"))
    )
    seen = ends.groupBy("end").agg(F.sum("as_node").alias("as_node"), F.max("as_root").alias("as_root"))
    return seen.where((F.col("as_node") > 1) | ((F.col("as_node") > 0) & (F.col("as_root") > 0)))


def _large_star(edges: DataFrame) -> DataFrame:
    """Tie each node's larger neighbours to the smallest of its neighbours and itself."""
    both = edges.select("node", F.col("root").alias("neighbour")).unionByName(
        edges.select(F.col("root").alias("node"), F.col("node").alias("neighbour"))
    )
    smallest = both.groupBy("node").agg(F.least(F.min("neighbour"), "node").alias("smallest"))
    # right side: one row per node
    return (
        both.where(F.col("neighbour") > F.col("node"))
        .join(smallest, on="node", how="inner")
        .select(F.col("neighbour").alias("node"), F.col("smallest").alias("root"))
        .distinct()
    )


def _small_star(edges: DataFrame) -> DataFrame:
    """Tie each node and its smaller neighbours to the smallest of them."""
    smallest = edges.groupBy("node").agg(F.min("root").alias("smallest"))
    # right side: one row per node
    neighbours = edges.join(smallest, on="node", how="inner").select(
        F.col("root").alias("node"), F.col("smallest").alias("root")
    )
    itself = smallest.select("node", F.col("smallest").alias("root"))
    return neighbours.unionByName(itself).where(F.col("node") != F.col("root")).distinct()
