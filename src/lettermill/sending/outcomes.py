"""What is asked of the marks, and what they tell: ids by batch from rows, and rows of what became of them."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from operator import itemgetter

import pandas as pd
from pyspark.sql import DataFrame, SparkSession

from lettermill.delivery.recovery import Settled

COLUMNS = ("message_id", "settled", "settled_reason", "settled_reference", "calls")
ROWS = "message_id string, settled string, settled_reason string, settled_reference string, calls int"


def ids_by_batch(rows: DataFrame, *, key: str) -> Iterator[tuple[int, Sequence[str]]]:
    """The number of each batch of the rows with the ids of it in column `key`, both in order.

    The rows are read at once, not when the batches are asked for.
    """
    found = rows.select("batch", key).orderBy("batch", key).toPandas()
    in_order = zip(found["batch"].tolist(), found[key].tolist(), strict=True)
    return ((batch, [one for _, one in of_batch]) for batch, of_batch in groupby(in_order, key=itemgetter(0)))


def outcome_rows(settled: Iterable[Settled], *, spark: SparkSession) -> DataFrame:
    """One row for each of what became of messages: `message_id`, and what is known of it in columns of other names
    than those of the outbox, so that both may be joined.
    """
    told = [(one.message_id, one.state, one.reason, one.reference, one.attempt) for one in settled]
    # By way of columns: a row at a time takes longer than all the rest.
    return spark.createDataFrame(pd.DataFrame(told, columns=COLUMNS), ROWS)
