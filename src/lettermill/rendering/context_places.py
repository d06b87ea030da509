"""Where contexts lie in their files, and fetching them from there: Spark moves a few words of each message, and the
tasks read the inputs themselves, whose way through the JVM costs more than rendering them."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from urllib.parse import unquote, urlparse

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lettermill.errors import TableError
from lettermill.rendering.context_files import ROWS, UNIT, Batches, as_read

KEY, FILE, ROW = "message_id", "context_file", "context_row"
PLACE = (FILE, ROW)
Numbers = npt.NDArray[np.int64]


def placed_contexts(contexts: DataFrame, paths: Sequence[str]) -> DataFrame:
    """The contexts in the Parquet files at `paths`, with the columns of `contexts` and their PLACE: file and row.

    The files have to be plain, as for context_files.map_files.
    """
    stored = contexts.sparkSession.read.schema(contexts.schema).parquet(*paths)
    return stored.withColumns({FILE: F.col("_metadata.file_path"), ROW: F.col("_metadata.row_index")})


def with_contexts(rows: Iterable[pa.RecordBatch], *, read: pa.Schema) -> Batches:
    """Rows with the columns `read` of their contexts, without their PLACE; their order stays.

    `rows` have `message_id` and PLACE, and should be sorted by it: a file is read forwards, and anew from where a row
    lies before the last. Raises TableError where a file is gone, or another message lies there.
    """
    file: _File | None = None
    for batch in (one for one in rows if one.num_rows):
        paths = batch.column(FILE).dictionary_encode()
        changes = np.flatnonzero(np.diff(paths.indices.to_numpy())) + 1
        for start, stop in pairwise([0, *changes.tolist(), batch.num_rows]):
            of_file = batch.slice(start, stop - start)
            path = unquote(urlparse(of_file.column(FILE)[0].as_py()).path)
            file = file if file and file.path == path else _File(path, read)
            first = 0
            for contexts in file.take(of_file.column(ROW).to_numpy()):
                yield _joined(of_file.slice(first, contexts.num_rows), contexts, path=path)
                first += contexts.num_rows


@dataclass
class _File:
    """A file that is read forwards: `current` begins with row `first`, and its row group ends before row `end`."""

    path: str
    read: pa.Schema
    first: int = 0
    end: int = 0
    current: pa.RecordBatch | None = None
    batches: Iterator[pa.RecordBatch] = field(default_factory=lambda: iter(()))

    def __post_init__(self) -> None:
        try:
            self.file = pq.ParquetFile(self.path, coerce_int96_timestamp_unit=UNIT)
        except FileNotFoundError:
            raise _moved(self.path) from None
        sizes = [self.file.metadata.row_group(group).num_rows for group in range(self.file.num_row_groups)]
        self.ends = np.cumsum(sizes)

    def take(self, rows: Numbers) -> Batches:
        """The rows of these numbers, in their order, a few at a time."""
        while len(rows):
            current = self._holding(int(rows[0]))
            beyond = np.flatnonzero((rows < self.first) | (rows >= self.first + current.num_rows))
            size = int(beyond[0]) if len(beyond) else len(rows)
            yield _at(current, rows[:size] - self.first)
            rows = rows[size:]

    def _holding(self, row: int) -> pa.RecordBatch:
        if self.current is None or not self.first <= row < self.end:
            self._open(row)
        while self.current is None or row >= self.first + self.current.num_rows:
            self.first += 0 if self.current is None else self.current.num_rows
            self.current = as_read(next(self.batches), self.read)
        return self.current

    def _open(self, row: int) -> None:
        """Begin at the row group that a row is in."""
        group = int(np.searchsorted(self.ends, row, side="right"))
        if group == len(self.ends):
            raise _moved(self.path)
        self.first, self.end, self.current = int(self.ends[group - 1]) if group else 0, int(self.ends[group]), None
        self.batches = self.file.iter_batches(
            batch_size=ROWS, row_groups=[group], columns=self.read.names, use_threads=False
        )


def _at(batch: pa.RecordBatch, places: Numbers) -> pa.RecordBatch:
    if (np.diff(places) == 1).all():
        return batch.slice(int(places[0]), len(places))
    return batch.take(pa.array(places))


def _joined(rows: pa.RecordBatch, contexts: pa.RecordBatch, *, path: str) -> pa.RecordBatch:
    if not rows.column(KEY).equals(contexts.column(KEY)):
        raise _moved(path)
    own = {name: rows.column(name) for name in rows.schema.names if name not in PLACE}
    read = {name: contexts.column(name) for name in contexts.schema.names}
    joined = own | read
    return pa.RecordBatch.from_arrays(list(joined.values()), names=list(joined))


def _moved(path: str) -> TableError:
    return TableError("contexts do not lie where they did", place=path, mend="run it again: it looks for them anew")
