"""Counting judged messages: by cause, by size, by the way they came through the template, with examples."""

from collections.abc import Sequence

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

RUN = ("campaign", "occurrence", "template_version", "engine")
EXAMPLES = 3
PATHS = 50
"""Ways through the template that a verdict keeps."""


def grouped(rows: DataFrame, *, by: Sequence[str], name: str, **more: Column) -> DataFrame:
    """One row per run: `name`, structs of `by`, `messages`, `more` and the first `examples`, most frequent first.

    `rows` are one per message and group that it belongs to, with `message_id` and `messages`, which it stands for.
    """
    place = F.row_number().over(Window.partitionBy(*RUN, *by).orderBy("message_id"))
    counted = (
        rows.withColumn("example", F.when(place <= EXAMPLES, F.col("message_id")))
        .groupBy(*RUN, *by)
        .agg(
            F.sum("messages").alias("messages"),
            *(column.alias(of) for of, column in more.items()),
            F.sort_array(F.collect_list("example")).alias("examples"),
        )
    )
    return _listed(counted, (*by, "messages", *more, "examples"), name=name)


def paths(judged: DataFrame) -> DataFrame:
    """One row per run and distinct way through the template: `branches`, `messages` and an `example`.

    Messages that failed on their way are left out: how far they came is no way through.
    """
    whole = judged.where(F.col("html_bytes").isNotNull())
    return whole.groupBy(*RUN, "branches").agg(
        F.count("message_id").alias("messages"), F.min("message_id").alias("example")
    )


def path_examples(ways: DataFrame) -> DataFrame:
    """One row per run: how many `paths` there are, and the most frequent as `path_examples`."""
    order = Window.partitionBy(*RUN).orderBy(F.desc("messages"), "example")
    most = ways.withColumn("place", F.row_number().over(order)).where(F.col("place") <= PATHS)
    listed = _listed(most, ("branches", "messages", "example"), name="path_examples", then="example")
    return listed.join(ways.groupBy(*RUN).agg(F.count("example").alias("paths")), on=list(RUN), how="inner")


def sizes(judged: DataFrame) -> DataFrame:
    """One row per run: `sizes`, messages by whole KiB of html, the smallest first."""
    by_size = (
        judged.where(F.col("html_bytes").isNotNull())
        .groupBy(*RUN, F.floor(F.col("html_bytes") / 1024).alias("kib"))
        .agg(F.count("message_id").alias("messages"))
    )
    return by_size.groupBy(*RUN).agg(F.sort_array(F.collect_list(F.struct("kib", "messages"))).alias("sizes"))


def extreme(measure: Column, *, most: bool) -> Column:
    """An aggregate: the message with the most or least of `measure`, of equals the one with the smallest id."""
    told = F.struct("message_id", F.col("html_bytes").alias("bytes"), "visible_bytes")
    rank = F.when(measure.isNotNull(), F.struct((-measure if most else measure).alias("rank"), "message_id"))
    return F.min_by(told, rank)


def _listed(rows: DataFrame, fields: Sequence[str], *, name: str, then: str | None = None) -> DataFrame:
    order = [(-F.col("messages")).alias("rank"), *([F.col(then).alias("then")] if then else [])]
    whole = F.struct(*order, *fields)
    ordered = rows.groupBy(*RUN).agg(F.sort_array(F.collect_list(whole)).alias("ordered"))
    return ordered.select(
        *RUN, F.transform("ordered", lambda one: F.struct(*(one[of].alias(of) for of in fields))).alias(name)
    )
