"""Reading the files of a context table on the workers, past the JVM, whose copy of nested columns costs the most."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.pandas.types import to_arrow_schema
from pyspark.sql.types import StructType

Batches = Iterator[pa.RecordBatch]
ROWS = 4_096
"""Messages rendered at a time: what a worker holds of bodies, and what fits its caches."""
UNIT = "us"
"""Of moments that are stored as INT96, as Spark has them."""


@dataclass(frozen=True)
class Stretch:
    """One row group of one file: what a task reads."""

    path: str
    group: int


def stretches(paths: Sequence[str]) -> list[Stretch]:
    """The row groups of Parquet files, read from their footers."""
    return [Stretch(path, group) for path in paths for group in range(pq.read_metadata(path).num_row_groups)]


def map_files(
    spark: SparkSession,
    paths: Sequence[str],
    function: Callable[[Iterable[pa.RecordBatch]], Batches],
    *,
    columns: StructType,
    occurrence: str,
    schema: str,
) -> DataFrame:
    """`function` over the contexts of one occurrence in the files at `paths`, as `mapInArrow` would over their frame.

    `columns` are those to read, as Spark has them; `schema` is the DDL of what `function` gives. A task for each row
    group. Files have to be plain: no deletion vectors, no column mapping (contexts are declared so).
    """
    units = stretches(paths)
    read = to_arrow_schema(columns)

    def rendered(numbers: Iterable[pa.RecordBatch]) -> Batches:
        for batch in numbers:
            for number in batch.column("id").to_pylist():
                yield from function(contexts_of(units[number], read=read, occurrence=occurrence))

    return spark.range(0, len(units), 1, max(1, len(units))).mapInArrow(rendered, schema)


def contexts_of(stretch: Stretch, *, read: pa.Schema, occurrence: str) -> Batches:
    """The contexts of one occurrence in a row group, in batches of the schema `read`."""
    file = pq.ParquetFile(stretch.path, coerce_int96_timestamp_unit=UNIT)
    names = [*read.names, *(() if "occurrence" in read.names else ("occurrence",))]
    for batch in file.iter_batches(batch_size=ROWS, row_groups=[stretch.group], columns=names, use_threads=False):
        mine = pc.equal(batch.column("occurrence"), occurrence)
        kept = batch if pc.all(mine).as_py() else batch.filter(mine)
        if kept.num_rows:
            yield as_read(kept, read)


def as_read(batch: pa.RecordBatch, read: pa.Schema) -> pa.RecordBatch:
    """The columns of the schema `read`, of its types, from a batch as it is stored."""
    return pa.RecordBatch.from_arrays([batch.column(field.name).cast(field.type) for field in read], schema=read)
