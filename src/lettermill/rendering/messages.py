"""Messages: each context rendered on the workers, kept as hashes; or, for a hand-over, as bodies."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql.types import MapType, StringType, StructField, StructType

from lettermill.rendering.rowwise import Rendered, renderer
from lettermill.rendering.templates import Template
from lettermill.tables.rendering import MESSAGES

Rows = Iterator[pa.RecordBatch]
CARRIED = ("message_id", "campaign", "occurrence", "template_version")
HASHED = pa.map_(pa.string(), pa.struct([("sha256", pa.string()), ("bytes", pa.int64())]))
BODIES = pa.map_(pa.string(), pa.string())


def render_messages(contexts: DataFrame, *, templates: Mapping[str, Template], engine: str) -> DataFrame:
    """Rows for rendering.messages: one per context, with the hash and size of each part, or the fault.

    `templates` are by version. A message that cannot be rendered is a row with a fault; it never stops the others.
    """

    def render(batches: Iterable[pa.RecordBatch]) -> Rows:
        for batch in batches:
            rendered = [_rendered(context, templates) for context in batch.to_pylist()]
            arrays = [
                *(batch.column(name) for name in CARRIED),
                pa.array([engine] * len(rendered), pa.string()),
                pa.array([_hashes(one) for one in rendered], HASHED),
                pa.array([list(one.branches) for one in rendered], pa.list_(pa.string())),
                pa.array([one.fault for one in rendered], pa.string()),
                pa.array([one.fault_part for one in rendered], pa.string()),
            ]
            yield pa.RecordBatch.from_arrays(arrays, names=list(MESSAGES.column_names))

    nullable = MESSAGES.ddl.replace(" NOT NULL", "")
    return contexts.select(*CARRIED, "missing", "inputs").mapInArrow(render, nullable)


def render_bodies(contexts: DataFrame, *, templates: Mapping[str, Template]) -> DataFrame:
    """Add `bodies` (part -> text) and `fault` to contexts, in place of `inputs` and `missing`; the order stays."""
    carried = [field for field in contexts.schema.fields if field.name not in ("inputs", "missing")]
    added = [StructField("bodies", MapType(StringType(), StringType())), StructField("fault", StringType())]

    def render(batches: Iterable[pa.RecordBatch]) -> Rows:
        for batch in batches:
            rendered = [_rendered(context, templates) for context in batch.to_pylist()]
            bodies = pa.array([list(one.parts.items()) for one in rendered], BODIES)
            faults = pa.array([one.fault for one in rendered], pa.string())
            standing = [batch.column(field.name) for field in carried]
            yield pa.RecordBatch.from_arrays(
                [*standing, bodies, faults], names=[*(f.name for f in carried), "bodies", "fault"]
            )

    return contexts.mapInArrow(render, StructType([*carried, *added]))


def _rendered(context: Mapping[str, Any], templates: Mapping[str, Template]) -> Rendered:
    template = templates.get(context["template_version"])
    if template is None:
        return Rendered({}, (), "its template version is not in rendering.templates", None)
    inputs = in_python(context["inputs"])
    for path in context["missing"]:
        leave_out(inputs, path)
    return renderer(template).render(inputs)


def _hashes(rendered: Rendered) -> list[tuple[str, dict[str, Any]]]:
    encoded = {part: text.encode() for part, text in rendered.parts.items()}
    return [(part, {"sha256": sha256(text).hexdigest(), "bytes": len(text)}) for part, text in encoded.items()]


def in_python(value: Any) -> Any:
    """A value out of Arrow as templates see it: instants in UTC, whatever zone the session writes them in."""
    convert = CONVERSIONS.get(type(value))
    return convert(value) if convert else value


CONVERSIONS: Mapping[type, Callable[[Any], Any]] = {
    dict: lambda struct: {name: in_python(value) for name, value in struct.items()},
    list: lambda values: [in_python(value) for value in values],
    datetime: lambda instant: instant.astimezone(UTC),
}


def leave_out(inputs: dict[str, Any], path: str) -> None:
    """Take what `path` (`coupon`, `picks.0.price`) leads to out of the inputs, so that reading it is a fault."""
    *way, last = path.split(".")
    here: Any = inputs
    for step in way:
        here = (
            here.get(step)
            if isinstance(here, dict)
            else here[int(step)]
            if step.isdigit() and int(step) < len(here)
            else None
        )
        if here is None:
            return
    if isinstance(here, dict):
        here.pop(last, None)
