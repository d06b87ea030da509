"""Few rows, brought to the driver as templates see them: instants in UTC, whatever the machine's time zone."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql.types import MapType


def rows_of(frame: DataFrame) -> list[dict[str, Any]]:
    """The rows of a small frame. Spark's own `collect` would give instants in the machine's zone, without one."""
    maps = [field.name for field in frame.schema.fields if isinstance(field.dataType, MapType)]
    found = []
    for packed in frame.mapInArrow(_packed, "batch binary").collect():
        for row in pa.ipc.open_stream(packed["batch"]).read_all().to_pylist():
            found.append(_in_utc(row | {name: dict(row[name] or ()) for name in maps}))
    return found


def _packed(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, batch.schema) as stream:
            stream.write_batch(batch)
        yield pa.RecordBatch.from_arrays([pa.array([sink.getvalue().to_pybytes()], pa.binary())], names=["batch"])


def _in_utc(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _in_utc(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_in_utc(one) for one in value]
    return value.astimezone(UTC) if isinstance(value, datetime) else value
