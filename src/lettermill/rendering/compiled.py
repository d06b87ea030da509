"""Templates compiled against the types of their inputs, and batches of messages rendered by them."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256

import pyarrow as pa

from lettermill.errors import TemplateError
from lettermill.rendering.columnar.coverage import Coverage, coverage
from lettermill.rendering.columnar.frames import Program
from lettermill.rendering.columnar.inputs import seen, seen_type
from lettermill.rendering.columnar.rendering import Written, render, render_rowwise
from lettermill.rendering.engine import engine_fingerprint
from lettermill.rendering.languages import Language, language_of
from lettermill.rendering.plan.nodes import Plan
from lettermill.rendering.plan.reading import inputs_of


@dataclass(frozen=True)
class Rendered:
    """What the rows of a batch came to, row for row.

    `text`: strings, null where there is a fault. `fault`: strings, null where the message is fine. `branches`: lists
    of branch ids (`html:12.if`), by file and line. `deferred`: how many rows were rendered by the template library.
    """

    text: pa.StringArray
    fault: pa.StringArray
    branches: pa.ListArray
    deferred: int


@dataclass(frozen=True)
class Renderer:
    """A compiled template. Make one by `compile_template`."""

    plan: Plan
    schema: pa.Schema
    missing: str | None
    inputs: Mapping[str, pa.DataType | None]
    fingerprint: str
    program: Program = field(repr=False)

    def render(self, batch: pa.RecordBatch) -> Rendered:
        """Render every row. A row's fault is a value; rows that no kernel can do are done by the library.

        Raises TemplateError where the batch lacks a column that the template reads, or has it in another type, and
        pyarrow's ArrowInvalid for more than 2 GiB of text: `stream` such batches.
        """
        columns, missing = self._read(batch)
        return _rendered(list(render(self.program, columns, missing, batch.num_rows)))

    def stream(self, batch: pa.RecordBatch) -> Iterator[Rendered]:
        """The same, some thousand rows at a time."""
        columns, missing = self._read(batch)
        return (_rendered([part]) for part in render(self.program, columns, missing, batch.num_rows))

    def render_rowwise(self, batch: pa.RecordBatch) -> Rendered:
        """The same by the template library itself, row by row: the measure of `render`."""
        columns, missing = self._read(batch)
        return _rendered([render_rowwise(self.program, columns, missing, batch.num_rows)])

    @property
    def vectorised(self) -> Coverage:
        """The share of the plan's nodes that have a kernel, and why the others have none."""
        return coverage(self.program, self.schema)

    def columns(self, batch: pa.RecordBatch, *, names: Iterable[str]) -> dict[str, pa.Array]:
        """Inputs of a batch as templates see them. Raises TemplateError as `render` does."""
        columns = {}
        for name in names:
            place = batch.schema.get_field_index(name)
            if place < 0 or seen_type(batch.schema.field(place).type) != seen_type(self.schema.field(name).type):
                was = "lacks it" if place < 0 else f"has {batch.schema.field(place).type}"
                problem = f"the template reads {name} as {self.schema.field(name).type}; the batch {was}"
                raise TemplateError(problem, mend="compile the template with the batch's schema")
            columns[name] = seen(batch.column(place))
        return columns

    def _read(self, batch: pa.RecordBatch) -> tuple[dict[str, pa.Array], pa.Array | None]:
        names = dict.fromkeys(path.split(".")[0].removesuffix("[]") for path in self.inputs)
        return self.columns(batch, names=names), batch.column(self.missing) if self.missing else None


def compile_template(
    source: str,
    *,
    language: Language,
    schema: pa.Schema,
    autoescape: bool,
    partials: Mapping[str, str] | None = None,
    missing: str | None = None,
    name: str = "html",
) -> Renderer:
    """Compile a template whose inputs are the columns of batches of `schema`.

    `partials` are the files it may include, import or extend, by name. `missing` names a column of lists of paths
    (`coupon`, `picks.0.price`) that a row's source did not have: these are undefined, where null is None. `name` is
    what branch ids and faults call the template. Raises TemplateError with file and line for a syntax error, an input
    or field that is not in the schema, and whatever is outside the template language.
    """
    partials = dict(partials or {})
    types = {one.name: seen_type(one.type) for one in schema if one.name != missing}
    if missing is not None and schema.get_field_index(missing) < 0:
        raise TemplateError(f"the schema has no column {missing!r}", mend="name the column of missing paths")
    written = language_of(language)
    plan = written.plan_of(source, name=name, schema=types, autoescape=autoescape, partials=partials)
    library = written.library(source, name=name, partials=partials, autoescape=autoescape)
    read = (language, autoescape, name, source, sorted(partials.items()), plan)
    fingerprint = engine_fingerprint(sha256(repr(read).encode()).hexdigest())
    program = Program(plan, library, autoescape)
    return Renderer(plan, schema, missing, inputs_of(plan, schema=types), fingerprint, program)


def _rendered(parts: list[Written]) -> Rendered:
    if len(parts) == 1:
        return Rendered(parts[0].text, parts[0].fault, parts[0].branches, parts[0].deferred)
    return Rendered(
        pa.concat_arrays([pa.array([], pa.string()), *(part.text for part in parts)]),
        pa.concat_arrays([pa.array([], pa.string()), *(part.fault for part in parts)]),
        pa.concat_arrays([pa.array([], pa.list_(pa.string())), *(part.branches for part in parts)]),
        sum(part.deferred for part in parts),
    )
