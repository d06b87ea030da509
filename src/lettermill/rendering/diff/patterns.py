"""Patterns: all messages of an audience that change in the same blocks for the same causes, counted."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from lettermill.rendering.context_files import ROWS, map_files
from lettermill.rendering.diff.causes import FEW, Cause
from lettermill.rendering.diff.counting import COUNTED_DDL, Sides, count_changes
from lettermill.rendering.diff.pairs import MailPair, mail_pair
from lettermill.rendering.mail import MISSING
from lettermill.rendering.templates import Template

Batches = Iterator[pa.RecordBatch]
READ = ("message_id", MISSING, "inputs")
MOST = 20
"""Patterns that are told one by one; the others are summed."""
LEAST = 10
"""Messages that must share a change of values before it is told by its values: fewer would tell of persons."""
MEASURED = ("value", "appeared", "disappeared")
NAMED_ALWAYS = ("template", "fault", "joined", "left")


@dataclass(frozen=True)
class Pattern:
    """Messages that change in the same `blocks` for the same `causes`; `example` is the smallest message id."""

    blocks: tuple[str, ...]
    causes: tuple[Cause, ...]
    messages: int
    example: str


def count_in_contexts(contexts: DataFrame, *, before: Template, after: Template) -> DataFrame:
    """Rows of COUNTED for two templates over the same contexts."""
    count = _over_same(before, after)
    return contexts.select(*READ).mapInArrow(count, COUNTED_DDL)


def count_in_files(
    contexts: DataFrame, paths: Sequence[str], *, occurrence: str, before: Template, after: Template
) -> DataFrame:
    """The same, by tasks that read the files at `paths`, which hold the table of `contexts`, without the JVM."""
    columns = contexts.select(*READ).schema
    count = _over_same(before, after)
    return map_files(contexts.sparkSession, paths, count, columns=columns, occurrence=occurrence, schema=COUNTED_DDL)


def same_sides(mails: MailPair, batch: pa.RecordBatch) -> Sides:
    same = mails.before.batch(batch.column("inputs"), batch.column(MISSING))
    return Sides(batch.column("message_id"), same, same)


def merged(counted: DataFrame) -> DataFrame:
    """Rows of COUNTED, one for each combination of blocks and causes."""
    return counted.groupBy("blocks", "causes").agg(
        F.sum("messages").alias("messages"), F.min("example").alias("example"), F.sum("rendered").alias("rendered")
    )


def totals(counted: DataFrame) -> DataFrame:
    """One row: `messages` in all, those `rendered`, those `changed`, and in how many `combinations`."""
    is_total = (F.size("blocks") == 0) & (F.size("causes") == 0)
    return counted.agg(
        F.coalesce(F.sum(F.when(is_total, F.col("messages"))), F.lit(0)).alias("messages"),
        F.coalesce(F.sum("rendered"), F.lit(0)).alias("rendered"),
        F.coalesce(F.sum(F.when(~is_total, F.col("messages"))), F.lit(0)).alias("changed"),
    )


def value_counts(counted: DataFrame) -> DataFrame:
    """One row for each change of an input from one value to another: `path`, `measure`, `before`, `after`, `messages`.

    `measure` is length or value; `before` and `after` are null where a batch had too many.
    """
    cause = counted.select("messages", F.explode("causes").alias("cause")).where(
        F.col("cause.kind").isin("length", *MEASURED)
    )
    return cause.groupBy(
        "cause.path", _measure(F.col("cause.kind")).alias("measure"), "cause.before", "cause.after"
    ).agg(F.sum("messages").alias("messages"))


def named_values(counts: Iterable[Mapping[str, Any]]) -> list[tuple[str, ...]]:
    """Of `value_counts` the changes that patterns tell by their values: an input's, where it has few, and many share
    them."""
    rows = [(row["path"], row["measure"], row["before"], row["after"], row["messages"]) for row in counts]
    changes: dict[tuple[str, str], int] = {}
    for path, measure, before, after, _ in rows:
        many = FEW + 1 if before is None or after is None else 1
        changes[path, measure] = changes.get((path, measure), 0) + many
    return sorted((p, m, b, a) for p, m, b, a, messages in rows if changes[p, m] <= FEW and messages >= LEAST)


def _measure(kind: Column) -> Column:
    return F.when(kind == "length", kind).otherwise("value")


def with_named_values(counted: DataFrame, *, named: Sequence[tuple[str, ...]]) -> DataFrame:
    """Rows of COUNTED of messages that change, whose causes tell values only where they are named."""
    allowed = F.array(*(F.lit("\0".join(one)) for one in named)).cast("array<string>")

    def told(cause: Column) -> Column:
        key = F.concat_ws("\0", cause["path"], _measure(cause["kind"]), cause["before"], cause["after"])
        is_told = cause["kind"].isin(*NAMED_ALWAYS) | F.array_contains(allowed, key)
        nothing = F.lit(None).cast("string")
        unnamed = F.struct(
            cause["path"].alias("path"), cause["kind"].alias("kind"), nothing.alias("before"), nothing.alias("after")
        )
        return F.when(is_told, cause).otherwise(unnamed)

    changes = counted.where((F.size("blocks") > 0) | (F.size("causes") > 0))
    return changes.withColumn("causes", F.array_sort(F.array_distinct(F.transform("causes", told))))


def pattern_rows(changes: DataFrame, *, most: int = MOST) -> DataFrame:
    """The most frequent patterns first: `blocks`, `causes`, `messages`, `example`."""
    return merged(changes).orderBy(F.desc("messages"), "example").limit(most)


def cause_rows(changes: DataFrame, *, most: int = MOST) -> DataFrame:
    """The most frequent causes first, each with the `messages` it changes, alone or with others."""
    each = changes.select("messages", F.explode("causes").alias("cause"))
    counted = each.groupBy("cause").agg(F.sum("messages").alias("messages"))
    return counted.orderBy(F.desc("messages"), "cause").limit(most)


def pattern_of(row: Mapping[str, Any]) -> Pattern:
    """A row of `pattern_rows`."""
    causes = tuple(map(cause_of, row["causes"]))
    return Pattern(tuple(row["blocks"]), causes, int(row["messages"]), str(row["example"]))


def cause_of(told: Mapping[str, Any]) -> Cause:
    """A cause as it stands in a row."""
    return Cause(told["path"], told["kind"], told["before"], told["after"])


def _over_same(before: Template, after: Template) -> Callable[[Iterable[pa.RecordBatch]], Batches]:
    def count(batches: Iterable[pa.RecordBatch]) -> Batches:
        for batch in small(batches):
            inputs = batch.column("inputs").type
            mails = mail_pair(before, after, inputs, inputs)
            yield count_changes(mails, same_sides(mails, batch))

    return count


def small(batches: Iterable[pa.RecordBatch]) -> Batches:
    """The batches in parts that fit a worker's caches."""
    for batch in batches:
        for start in range(0, batch.num_rows, ROWS):
            yield batch.slice(start, ROWS)
