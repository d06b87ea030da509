"""The verdict over every message of a campaign's slot, and what it refuses."""

from collections.abc import Mapping, Sequence
from functools import reduce
from typing import Any

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from lettermill.errors import PreflightBlocked
from lettermill.rendering.preflight.counting import RUN, extreme, grouped, path_examples, sizes
from lettermill.rendering.preflight.judging import Limits
from lettermill.tables.rendering import PREFLIGHTS

FOUND = {
    "max_faulty_share": ("faulty", "are faulty"),
    "max_stale_share": ("stale_messages", "have a stale input"),
    "max_leftover_share": ("leftover_messages", "show template syntax"),
    "max_empty_block_share": ("blank_messages", "have an empty block"),
}
"""Limit on a share of messages -> what is counted against it, and in words."""


def preflight(
    judged: DataFrame, *, ways: DataFrame, limits: Limits, exclusions: Mapping[str, int], as_of: Column
) -> DataFrame:
    """Rows for rendering.preflights: one per campaign, occurrence, template version and engine of the messages.

    `judged` are judged messages (judging.judged_messages), `ways` their ways through the template with the blocks that
    show nothing (counting.paths, blocks.with_empty_blocks), `exclusions` the audience's people by verdict. A run is
    blocked where a share is above its limit.
    """
    blocks = ways.withColumn("block", F.explode("blocks")).withColumnRenamed("example", "message_id")
    blocks = blocks.withColumn("warning", F.concat(F.lit("the block shows nothing: "), "block"))
    parts = [
        _totals(judged),
        ways.groupBy(*RUN).agg(F.sum(F.when(F.size("blocks") > 0, F.col("messages"))).alias("blank_messages")),
        grouped(_one_each(judged).where(F.col("fault").isNotNull()), by=("fault", "kind"), name="causes"),
        grouped(_warnings(judged, blocks), by=("warning", "kind"), name="warnings"),
        grouped(_stale(judged), by=("input", "max_age", "policy"), name="stale", oldest=F.min("made_at")),
        sizes(judged),
        path_examples(ways),
    ]
    # right sides: one row per run
    counted = reduce(lambda left, right: left.join(right, on=list(RUN), how="left"), parts)
    counted = counted.fillna(0, ["blank_messages", "paths"])
    held = [_limit(name, getattr(limits, name)) for name in FOUND]
    people = [F.struct(F.lit(verdict).alias("verdict"), F.lit(n).cast("bigint").alias("people"))
              for verdict, n in exclusions.items()]  # fmt: skip
    judgement = counted.withColumn("limits", F.array(*held)).withColumn("exclusions", F.array(*people))
    blocked = F.exists("limits", lambda limit: limit["is_exceeded"])
    return judgement.select(
        *RUN,
        F.when(blocked, "blocked").otherwise("passed").alias("verdict"),
        F.lit(limits.max_faulty_share).alias("limit_share"),
        as_of.alias("checked_as_of"),
        *(_filled(column.name, column.type) for column in PREFLIGHTS.columns if column.name not in DECIDED),
    ).select(*PREFLIGHTS.column_names)


DECIDED = (*RUN, "verdict", "limit_share", "checked_as_of")


def _totals(judged: DataFrame) -> DataFrame:
    size, visible = F.col("html_bytes"), F.col("visible_bytes")
    return judged.groupBy(*RUN).agg(
        F.count("message_id").alias("messages"),
        F.count("fault").alias("faulty"),
        F.count(F.when(F.size("stale") > 0, 1)).alias("stale_messages"),
        F.count(F.when(F.size("leftovers") > 0, 1)).alias("leftover_messages"),
        F.max(size).alias("largest_html_bytes"),
        extreme(size, most=True).alias("longest"),
        extreme(size, most=False).alias("shortest"),
        extreme(F.when(size.isNotNull(), visible), most=False).alias("emptiest"),
    )


def _one_each(judged: DataFrame) -> DataFrame:
    return judged.withColumn("messages", F.lit(1))


def _warnings(judged: DataFrame, blocks: DataFrame) -> DataFrame:
    columns = (*RUN, "message_id", "messages", "warning", "kind")
    told = _one_each(judged).withColumn("told", F.explode("warnings")).drop("kind").select("*", "told.*")
    return told.select(*columns).unionByName(blocks.withColumn("kind", F.lit("block")).select(*columns))


def _stale(judged: DataFrame) -> DataFrame:
    return _one_each(judged).select(*RUN, "message_id", "messages", F.inline("stale"))


def _limit(name: str, allowed: float) -> Column:
    counted, words = FOUND[name]
    found = F.col(counted) / F.col("messages")
    told = F.format_string(
        f"%,d of %,d messages {words} (%.2f%%, preflight.{name} allows %.2f%%)",
        counted, "messages", found * 100, F.lit(allowed * 100.0),
    )  # fmt: skip
    return F.struct(
        F.lit(name).alias("name"),
        F.lit(float(allowed)).alias("allowed"),
        found.alias("found"),
        (found > allowed).alias("is_exceeded"),
        told.alias("words"),
    )


def _filled(name: str, type_: str) -> Column:
    """A column of the verdict; where nothing was found to list, an empty list."""
    return F.coalesce(name, F.array().cast(type_)).alias(name) if type_.startswith("array") else F.col(name)


def require_passed(verdicts: Sequence[Any]) -> None:
    """Raise PreflightBlocked for the first blocked verdict (rows of rendering.preflights), naming limit and cause."""
    for verdict in verdicts:
        if verdict["verdict"] == "blocked":
            exceeded = [limit["words"] for limit in verdict["limits"] if limit["is_exceeded"]]
            groups = [*verdict["causes"], *verdict["stale"], *verdict["warnings"]]
            examples = ", ".join(groups[0]["examples"]) if groups else "none"
            raise PreflightBlocked(
                f"pre-flight blocked {verdict['campaign']} {verdict['occurrence']}: {'; '.join(exceeded)}"
                + _found(verdict),
                place=f"template {verdict['template_version'][:12]}, e.g. messages {examples}",
                mend="mend the template or the inputs, plan and render again; or raise the named limit in campaign.yml",
            )


def told(verdict: Any) -> str:
    """A verdict in words: `75 of 2,500 messages are faulty (3.00%, preflight.max_faulty_share allows 1.00%): ...`."""
    exceeded = [limit for limit in verdict["limits"] if limit["is_exceeded"]]
    return "; ".join(limit["words"] for limit in exceeded or verdict["limits"][:1]) + _found(verdict)


def _found(verdict: Any) -> str:
    """What was found, the most frequent first; of inputs that are stale and only warn, these too."""
    causes = [(cause["messages"], cause["fault"]) for cause in verdict["causes"]]
    aged = [
        (stale["messages"], f"{stale['input']} is older than {stale['max_age']}")
        for stale in verdict["stale"]
        if stale["policy"] == "warn"
    ]
    return "".join(f"; {messages:,} x {words}" for messages, words in [*causes, *aged][:5])
