"""The law of equal texts: columnar, row-wise and plain Jinja2 write the same, row for row."""

import jinja2

from lettermill.rendering.columnar.inputs import python_rows, seen
from lettermill.rendering.compiled import compile_template
from lettermill.rendering.filters import FILTERS

OURS = ("money", "number", "percent", "plural", "date", "datetime", "with_query")
OPTIONS = {"trim_blocks": True, "lstrip_blocks": True, "undefined": jinja2.StrictUndefined}
UNFOLDED = {
    "optimized": False
}  # Jinja2's own folding of constants fails on `[] | first and x` before any data is there


def plain(source, *, autoescape, partials=None):
    """The template by Jinja2 alone, with our locale-aware filters."""
    environment = jinja2.Environment(
        loader=jinja2.DictLoader(partials or {}), autoescape=autoescape, **OPTIONS, **UNFOLDED
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
        source, language="jinja2", schema=batch.schema, autoescape=autoescape, partials=partials, missing=missing
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
        text, fault = by_rows.text[row].as_py(), by_rows.fault[row].as_py()
        if fault is not None and is_ours(fault):
            continue  # what is refused here may take all the memory there is elsewhere: a text times 2 ** 31
        try:
            wanted = compiled.render(inputs)
        except Exception as error:
            if fault is None:
                found.append(f"row {row}: row-wise {text!r}, plain Jinja2 {error!r}")
            continue
        if fault is None and text != wanted:
            found.append(f"row {row}: row-wise {text!r}, plain Jinja2 {wanted!r}")
        if fault is not None:
            found.append(f"row {row}: row-wise fault {fault!r}, plain Jinja2 {wanted!r}")
    faults = batch.num_rows - by_rows.fault.null_count
    return found, max(by_columns.deferred - faults, 0)


LIMITS = (
    "needs two numbers",
    "was printed before",
    "has no text",
    "longer than",
    "larger than",
    "a format wider",
    "too large",
)


def is_ours(fault):
    """Whether a fault is a limit of the sandbox, which plain Jinja2 has not."""
    return any(words in fault for words in LIMITS)
