"""The law of equal texts for Liquid: columnar, row-wise and plain python-liquid write the same, row for row."""

from liquid import DictLoader, Environment, StrictDefaultUndefined

from lettermill.rendering.columnar.inputs import python_rows, seen
from lettermill.rendering.compiled import compile_template
from lettermill.rendering.liquid.filters import FILTERS

OURS = ("money", "number", "percent", "plural", "local_date", "datetime")
LIMITS = (
    "longer than", "larger than", "too large", "more than", "cannot take a decimal", "of the clock", "no whole date",
    "time zone", "wider than",
)  # fmt: skip
"""Words of the faults that are the sandbox's own."""


def plain(source, *, autoescape, partials=None):
    """The template by python-liquid alone, with our locale-aware filters."""
    environment = Environment(
        loader=DictLoader(dict(partials or {})), autoescape=autoescape, undefined=StrictDefaultUndefined
    )
    environment.filters |= {name: FILTERS[name] for name in OURS}
    return environment.from_string(source)


def rows_of(result):
    """Text, fault and branches of each row."""
    return list(zip(result.text.to_pylist(), result.fault.to_pylist(), result.branches.to_pylist(), strict=True))


def differences(source, batch, *, autoescape, partials=None, missing="missing"):
    """What differs between the three, in words; and how many rows were left to the library without a fault."""
    missing = missing if missing in batch.schema.names else None
    renderer = compile_template(
        source, language="liquid", schema=batch.schema, autoescape=autoescape, partials=partials, missing=missing
    )
    by_columns, by_rows = renderer.render(batch), renderer.render_rowwise(batch)
    found = [
        f"row {row}: columnar {ours!r}, row-wise {theirs!r}"
        for row, (ours, theirs) in enumerate(zip(rows_of(by_columns), rows_of(by_rows), strict=True))
        if ours != theirs
    ]
    compiled = plain(source, autoescape=autoescape, partials=partials)
    columns = {name: seen(batch.column(name)) for name in batch.schema.names if name != missing}
    for row, inputs in enumerate(python_rows(columns, batch.column(missing) if missing else None, batch.num_rows)):
        told = _told(compiled, inputs, by_rows.text[row].as_py(), by_rows.fault[row].as_py())
        found += [f"row {row}: {told}"] if told else []
    faults = batch.num_rows - by_rows.fault.null_count
    return found, max(by_columns.deferred - faults, 0)


def _told(compiled, inputs, text, fault):
    """How a row of ours and plain python-liquid differ; nothing where they agree."""
    if fault is not None and any(words in fault for words in LIMITS):
        return ""
    try:
        wanted = compiled.render(**inputs)
    except Exception as error:
        return f"row-wise {text!r}, plain python-liquid {error!r}" if fault is None else ""
    if fault is not None:
        return f"row-wise fault {fault!r}, plain python-liquid {wanted!r}"
    return "" if text == wanted else f"row-wise {text!r}, plain python-liquid {wanted!r}"
