"""Rows of Arrow, as a task gets them, batch by batch of a wave."""

from collections.abc import Iterable, Iterator
from itertools import groupby
from operator import itemgetter
from typing import Any

import pyarrow as pa


def rows_by_batch(rows: Iterable[pa.RecordBatch]) -> Iterator[tuple[int, Iterator[dict[str, Any]]]]:
    """The number of each batch and its rows, of rows that come sorted by their column `batch`.

    How the rows are cut into record batches does not matter. The rows of a batch are there until the next is asked for.
    """
    each = (row for record_batch in rows for row in record_batch.to_pylist())
    return groupby(each, key=itemgetter("batch"))
