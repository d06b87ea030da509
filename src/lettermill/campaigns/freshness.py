"""Freshness: which inputs of a message are older than the campaign allows."""

from collections.abc import Mapping

from pyspark.sql import Column
from pyspark.sql import functions as F

from lettermill.campaigns.definition import Input
from lettermill.durations import duration


def stale_inputs(inputs: Mapping[str, Input], *, as_of: Column) -> Column:
    """The stale inputs of a row of contexts, in the order of the campaign: an array of structs with `input`, `max_age`,
    `policy` (block or warn) and `made_at`.

    Stale is what is older than its `max_age` at `as_of`, and what has one but an unknown age: a promise of freshness
    that cannot be checked is not kept.
    """
    found = [_stale(name, declared, as_of) for name, declared in inputs.items() if declared.max_age is not None]
    none = F.array().cast("array<struct<input: string, max_age: string, policy: string, made_at: timestamp>>")
    return F.array_compact(F.array(*found)) if found else none


def _stale(name: str, declared: Input, as_of: Column) -> Column:
    assert declared.max_age is not None
    made_at = F.col("inputs_at")[name]
    oldest = as_of.cast("timestamp") - F.lit(duration(declared.max_age, of="max_age"))
    told = F.struct(
        F.lit(name).alias("input"),
        F.lit(declared.max_age).alias("max_age"),
        F.lit(declared.stale).alias("policy"),
        made_at.alias("made_at"),
    )
    return F.when(made_at.isNull() | (made_at < oldest), told)
