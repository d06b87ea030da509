"""Messages: contexts rendered batch by batch on the workers, kept as hashes; or, for a hand-over, as bodies."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import DataFrame
from pyspark.sql.types import MapType, StringType, StructField, StructType

from lettermill.rendering.context_files import ROWS, map_files
from lettermill.rendering.digests import interleaved, sha256_of
from lettermill.rendering.mail import MISSING, Mails, mail
from lettermill.rendering.measures import measured
from lettermill.rendering.templates import Template
from lettermill.tables.rendering import MESSAGES

Rows = Iterator[pa.RecordBatch]
CARRIED = ("message_id", "campaign", "occurrence", "template_version")
READ = (*CARRIED, MISSING, "inputs")
NULLABLE = MESSAGES.ddl.replace(" NOT NULL", "")
STAMP = pa.struct([("sha256", pa.string()), ("bytes", pa.int64())])
UNKNOWN = "its template version is not in rendering.templates"


def render_messages(contexts: DataFrame, *, templates: Mapping[str, Template], engine: str) -> DataFrame:
    """Rows for rendering.messages: one per context, with the hash and size of each part, or the fault.

    `templates` are by version. A message that cannot be rendered is a row with a fault; it never stops the others.
    """

    def render(batches: Iterable[pa.RecordBatch]) -> Rows:
        return messages_of(batches, templates=templates, engine=engine)

    return contexts.select(*READ).mapInArrow(render, NULLABLE)


def render_message_files(
    contexts: DataFrame, paths: Sequence[str], *, occurrence: str, templates: Mapping[str, Template], engine: str
) -> DataFrame:
    """The same, by tasks that read the files at `paths`, which hold the table of `contexts`, without the JVM."""

    def render(batches: Iterable[pa.RecordBatch]) -> Rows:
        return messages_of(batches, templates=templates, engine=engine)

    columns = contexts.select(*READ).schema
    return map_files(contexts.sparkSession, paths, render, columns=columns, occurrence=occurrence, schema=NULLABLE)


def messages_of(batches: Iterable[pa.RecordBatch], *, templates: Mapping[str, Template], engine: str) -> Rows:
    """The same for batches of contexts, of the columns READ; the order stays."""
    for batch, mails in rendered(batches, templates):
        stamps = {name: _stamps(texts) for name, texts in mails.parts.items()}
        measures = measured(mails.parts, inputs=batch.column("inputs"), known=mails.known)
        arrays = [
            *(batch.column(name) for name in CARRIED),
            pa.array([engine]).take(pa.array(np.zeros(batch.num_rows, np.int64))),
            _by_part(stamps, mails, STAMP),
            mails.branches,
            mails.fault,
            mails.fault_part,
            measures.visible_bytes,
            measures.leftovers,
            measures.empty,
        ]
        yield pa.RecordBatch.from_arrays(arrays, names=list(MESSAGES.column_names))


def render_bodies(contexts: DataFrame, *, templates: Mapping[str, Template]) -> DataFrame:
    """Add `bodies` (part -> text) and `fault` to contexts, in place of `inputs` and `missing`; the order stays."""
    carried = [field for field in contexts.schema.fields if field.name not in ("inputs", MISSING)]
    added = [StructField("bodies", MapType(StringType(), StringType())), StructField("fault", StringType())]

    def render(batches: Iterable[pa.RecordBatch]) -> Rows:
        return with_bodies(batches, templates=templates)

    return contexts.mapInArrow(render, StructType([*carried, *added]))


def with_bodies(batches: Iterable[pa.RecordBatch], *, templates: Mapping[str, Template]) -> Rows:
    """The same for batches, within a task that has them already."""
    for batch, mails in rendered(batches, templates):
        names = [name for name in batch.schema.names if name not in ("inputs", MISSING)]
        bodies = _by_part(mails.parts, mails, pa.string())
        arrays = [*(batch.column(name) for name in names), bodies, mails.fault]
        yield pa.RecordBatch.from_arrays(arrays, names=[*names, "bodies", "fault"])


def rendered(
    batches: Iterable[pa.RecordBatch], templates: Mapping[str, Template]
) -> Iterator[tuple[pa.RecordBatch, Mails]]:
    """Batches of one template version each, at most ROWS long, in their order, with what they came to."""
    for batch in batches:
        versions = batch.column("template_version").dictionary_encode()
        changes = np.flatnonzero(np.diff(versions.indices.to_numpy())) + 1
        bounds = [0, *changes.tolist(), batch.num_rows]
        for start, stop in pairwise(bounds):
            for first in range(start, stop, ROWS):
                part = batch.slice(first, min(ROWS, stop - first))
                yield part, _mails(part, templates.get(part.column("template_version")[0].as_py()))


def _mails(batch: pa.RecordBatch, template: Template | None) -> Mails:
    if template is not None:
        inputs = batch.column("inputs")
        return mail(template, inputs.type).render(inputs, batch.column(MISSING))
    size = batch.num_rows
    nothing = pa.nulls(size, pa.string())
    return Mails({}, pa.array([UNKNOWN] * size), nothing, pa.array([[]] * size, pa.list_(pa.string())))


def _stamps(texts: pa.StringArray) -> pa.StructArray:
    return pa.StructArray.from_arrays([sha256_of(texts), pc.binary_length(texts).cast(pa.int64())], fields=list(STAMP))


def _by_part(columns: Mapping[str, pa.Array], mails: Mails, type_: pa.DataType) -> pa.MapArray:
    """One map from part to value for each message, empty for a faulty one."""
    fine = mails.fault.is_null().to_numpy(zero_copy_only=False) & bool(columns)
    offsets = np.concatenate(([0], np.cumsum(fine * len(columns)))).astype(np.int32)
    rows = pa.array(np.flatnonzero(fine))
    names = pa.array(list(columns), pa.string())
    keys = names.take(pa.array(np.tile(np.arange(len(columns)), len(rows))))
    kept = [column if fine.all() else column.take(rows) for column in columns.values()]  # bodies are large
    values = interleaved(kept, type_)
    return pa.MapArray.from_arrays(pa.array(offsets), keys, values)
