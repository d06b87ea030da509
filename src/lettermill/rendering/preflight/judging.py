"""Judging single messages: whether each may leave, and if not, the first reason why."""

from typing import Protocol

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from lettermill.rendering.measures import CARRIED

GMAIL_CLIPS = 102 * 1024
"""Bytes of html from which on Gmail hides the rest."""


class Limits(Protocol):
    """What a campaign allows: shares of its messages, and what holds a single one back."""

    @property
    def max_faulty_share(self) -> float: ...

    @property
    def max_stale_share(self) -> float: ...

    @property
    def max_empty_block_share(self) -> float: ...

    @property
    def max_leftover_share(self) -> float: ...

    @property
    def max_html_bytes(self) -> int | None: ...

    @property
    def leftovers(self) -> str: ...


def judged_messages(messages: DataFrame, *, stale: DataFrame, limits: Limits) -> DataFrame:
    """Rows of rendering.messages whose `fault` is the first reason why the message must not leave, of any kind.

    `stale` is one row per message with stale inputs: `message_id` and `stale`, as campaigns.freshness has them. Added
    are the `kind` of the fault, `html_bytes` and `warnings`, structs of `warning` and `kind`. This one function tells
    both what a pre-flight counts as faulty and what a hand-over must hold back.
    """
    # right side: one row per message
    known = messages.join(stale, on="message_id", how="left").withColumn(
        "stale", F.coalesce("stale", F.array().cast(stale.schema["stale"].dataType))
    )
    measured = known.withColumn("html_bytes", F.col("parts")["html"]["bytes"])
    cause = F.coalesce(*_causes(limits))
    return (
        measured.withColumn("cause", cause)
        .withColumn("warnings", _warnings(limits))
        .withColumn("fault", F.col("cause")["fault"])
        .withColumn("kind", F.col("cause")["kind"])
        .drop("cause")
    )


def _causes(limits: Limits) -> list[Column]:
    """Why a message must not leave, in the order in which it is asked; null where it is none of these."""
    fault = F.col("fault")
    kind = (
        F.when(fault.contains(" is null and was printed"), "null")
        .when(fault.rlike(" is (missing|undefined)"), "missing")
        .otherwise("fault")
    )
    causes = [F.when(fault.isNotNull(), _told(fault, kind))]
    if limits.leftovers == "block":
        written = F.filter("leftovers", lambda words: ~words.startswith(CARRIED))
        causes.append(F.when(F.size(written) > 0, _told(written[0], F.lit("leftover"))))
    causes.append(F.when(F.size("empty") > 0, _told(F.col("empty")[0], F.lit("empty"))))
    if limits.max_html_bytes is not None:
        too_large = F.lit(f"the html is larger than {limits.max_html_bytes:,} bytes")
        causes.append(F.when(F.col("html_bytes") > limits.max_html_bytes, _told(too_large, F.lit("size"))))
    blocking = F.filter("stale", lambda one: one["policy"] == "block")
    words = F.concat(blocking[0]["input"], F.lit(" is older than "), blocking[0]["max_age"])
    return [*causes, F.when(F.size(blocking) > 0, _told(words, F.lit("stale")))]


def _warnings(limits: Limits) -> Column:
    """What is told of a message and does not hold it back."""
    clipped = F.when(
        F.col("html_bytes") > GMAIL_CLIPS,
        _told(F.lit(f"the html is larger than {GMAIL_CLIPS:,} bytes: Gmail clips it"), F.lit("clip"), name="warning"),
    )
    only_told = F.filter("leftovers", lambda words: words.startswith(CARRIED) | F.lit(limits.leftovers == "warn"))
    leftovers = F.transform(only_told, lambda words: _told(words, F.lit("leftover"), name="warning"))
    return F.concat(F.array_compact(F.array(clipped)), leftovers)


def _told(words: Column, kind: Column, *, name: str = "fault") -> Column:
    return F.struct(words.alias(name), kind.alias("kind"))
