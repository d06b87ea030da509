"""Trials: contexts that are built to be compared and never to be sent. They hold no address and no token."""

from collections.abc import Mapping

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import ArrayType, DataType, StringType, StructType

from lettermill.campaigns.contexts import MARK

MAILED = "mailed"


def with_trial_ids(people: DataFrame, *, message_id: str, token: str) -> DataFrame:
    """Add a `message_id` and an `unsubscribe_token` that are nobody's, in place of `with_message_ids`.

    All people have the same, so that what two trials show differs by what is known of the people alone.
    """
    return people.withColumn("message_id", F.lit(message_id)).withColumn("unsubscribe_token", F.lit(token))


def trial_rows(built: DataFrame, *, side: str) -> DataFrame:
    """Rows for a table of trials: what `build_contexts` made, without what a hand-over needs."""
    is_mailed = F.col("verdict") == MAILED
    return built.select(
        F.lit(side).alias("side"),
        "person_id",
        "verdict",
        "detail",
        "missing",
        F.when(is_mailed, F.col("inputs")).alias("inputs"),
    )


def impersonal_contexts(contexts: DataFrame, *, message_id: str, token: str) -> DataFrame:
    """Stored contexts with `inputs` as a trial has them: each text holds, for the message's id, its mark and its token,
    what a trial has in their place."""
    instead = {
        "unsubscribe_token": F.lit(token),
        "message_id": F.lit(message_id),
        "mark": F.lit(message_id[:MARK]),
    }
    marked = contexts.withColumn("mark", F.substring("message_id", 1, MARK))
    replaced = _replaced(F.col("inputs"), contexts.schema["inputs"].dataType, instead)
    return marked.withColumn("inputs", replaced).drop("mark")


def _replaced(value: Column, type_: DataType, instead: Mapping[str, Column]) -> Column:
    if isinstance(type_, StringType):
        for name, other in instead.items():
            value = F.replace(value, F.col(name), other)
        return value
    if isinstance(type_, StructType):
        fields = (_replaced(value[one.name], one.dataType, instead).alias(one.name) for one in type_)
        return F.when(value.isNotNull(), F.struct(*fields))
    if isinstance(type_, ArrayType) and isinstance(type_.elementType, StringType | StructType | ArrayType):
        return F.transform(value, lambda one: _replaced(one, type_.elementType, instead))
    return value
