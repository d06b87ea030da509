"""Pre-flight: the verdict over every message of a campaign run, before any of them may leave."""

from collections.abc import Sequence
from typing import Any

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from lettermill.errors import PreflightBlocked
from lettermill.tables.rendering import PREFLIGHTS

RUN = ("campaign", "occurrence", "template_version", "engine")
EXAMPLES = 3
GMAIL_CLIPS = 102 * 1024  # bytes of html from which on Gmail hides the rest


def preflight(messages: DataFrame, *, campaign: str, occurrence: str, limit_share: float, as_of: Column) -> DataFrame:
    """Rows for rendering.preflights: one per template version and engine of the campaign's occurrence.

    `messages` are rows of rendering.messages. Blocked are runs of which more than `limit_share` is faulty.
    """
    of_run = messages.where((F.col("campaign") == campaign) & (F.col("occurrence") == occurrence))
    faulty = F.count("fault")
    counted = of_run.groupBy(*RUN).agg(
        F.count("message_id").alias("messages"),
        faulty.alias("faulty"),
        F.max(F.col("parts")["html"]["bytes"]).alias("largest_html_bytes"),
    )
    # right side: one row per run
    judged = counted.join(_causes(of_run), on=list(RUN), how="left")
    share = F.col("faulty") / F.col("messages")
    return judged.select(
        *RUN,
        "messages",
        "faulty",
        F.lit(limit_share).alias("limit_share"),
        F.when(share > limit_share, "blocked").otherwise("passed").alias("verdict"),
        F.coalesce("causes", F.array()).alias("causes"),
        "largest_html_bytes",
        as_of.alias("checked_as_of"),
    ).select(*PREFLIGHTS.column_names)


def _causes(messages: DataFrame) -> DataFrame:
    """One row per run: `causes`, most frequent first, each with the first message ids."""
    cause = Window.partitionBy(*RUN, "fault")
    place = F.row_number().over(cause.orderBy("message_id"))
    example = F.when(place <= EXAMPLES, F.col("message_id"))
    by_cause = (
        messages.where(F.col("fault").isNotNull())
        .withColumn("example", example)
        .groupBy(*RUN, "fault")
        .agg(F.count("message_id").alias("messages"), F.sort_array(F.collect_list("example")).alias("examples"))
    )
    ordered = F.sort_array(
        F.collect_list(F.struct((-F.col("messages")).alias("rank"), "fault", "messages", "examples"))
    )
    return (
        by_cause.groupBy(*RUN)
        .agg(ordered.alias("ordered"))
        .select(
            *RUN,
            F.transform(
                "ordered", lambda one: F.struct(*(one[n].alias(n) for n in ("fault", "messages", "examples")))
            ).alias("causes"),
        )
    )


def require_passed(verdicts: Sequence[Any]) -> None:
    """Raise PreflightBlocked for the first blocked verdict (rows of rendering.preflights), naming its main cause."""
    for verdict in verdicts:
        if verdict["verdict"] == "blocked":
            examples = ", ".join(verdict["causes"][0]["examples"])
            raise PreflightBlocked(
                f"pre-flight blocked {verdict['campaign']} {verdict['occurrence']}: {told(verdict)}",
                place=f"template {verdict['template_version'][:12]}, e.g. messages {examples}",
                mend="mend the template or the inputs (the limit: preflight.max_faulty_share), plan and render again",
            )


def told(verdict: Any) -> str:
    """A verdict in words: `75 of 2,500 messages faulty (3.00 %, limit 1.00 %): 75 x coupon is missing, at ...`."""
    words = (
        f"{verdict['faulty']:,} of {verdict['messages']:,} messages faulty "
        f"({verdict['faulty'] / verdict['messages']:.2%}, limit {verdict['limit_share']:.2%})"
    )
    return words + "".join(f"; {cause['messages']:,} x {cause['fault']}" for cause in verdict["causes"][:5])
