"""Empty blocks: includes and blocks of a template that a message came through and that show nothing there.

Told from the plan of the template and the branches that were taken, so that no message has to be rendered again. A
value that is printed counts as shown, whatever it is: only what surely shows nothing is told.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql.types import ArrayType, StringType, StructField, StructType

from lettermill.rendering.mail import mail
from lettermill.rendering.plan.nodes import (
    Bind,
    Branch,
    Capture,
    Loop,
    Mark,
    Opaque,
    Plan,
    Section,
    Show,
    Statement,
    Text,
)
from lettermill.rendering.plan.walking import walk
from lettermill.rendering.templates import Template

Body = Sequence[Statement]
NAMED = ("include", "block")
Rows = Iterator[pa.RecordBatch]


def with_empty_blocks(ways: DataFrame, *, templates: Mapping[str, Template], inputs: pa.StructType) -> DataFrame:
    """Add `blocks` to ways through templates (counting.paths): the names of those that show nothing on this way.

    `templates` are by version, `inputs` is the type of the contexts' inputs.
    """
    schema = StructType([*ways.schema.fields, StructField("blocks", ArrayType(StringType()))])

    def told(batches: Iterable[pa.RecordBatch]) -> Rows:
        for batch in batches:
            versions, branches = batch.column("template_version").to_pylist(), batch.column("branches").to_pylist()
            blocks = [
                empty_blocks(_plans(templates.get(version), inputs), taken=frozenset(taken))
                for version, taken in zip(versions, branches, strict=True)
            ]
            arrays = [*batch.columns, pa.array(blocks, pa.list_(pa.string()))]
            yield pa.RecordBatch.from_arrays(arrays, names=[*batch.schema.names, "blocks"])

    return ways.mapInArrow(told, schema)


def empty_blocks(plans: Mapping[str, Plan], *, taken: frozenset[str]) -> list[str]:
    """The includes and blocks that a message with these branches reached and that show nothing: `html:blocks/a.j2`."""
    found = (f"{part}:{name}" for part, plan in plans.items() for name in _reached_in_vain(plan.body, taken))
    return list(dict.fromkeys(found))


def _plans(template: Template | None, inputs: pa.StructType) -> dict[str, Plan]:
    return {part.name: part.renderer.plan for part in mail(template, inputs).parts} if template else {}


def _reached_in_vain(body: Body, taken: frozenset[str]) -> Iterator[str]:
    for statement in body:
        if isinstance(statement, Section) and statement.kind in NAMED and not _shows(statement.body, taken):
            # What is within it shows nothing either; a block that never shows anything is left for others to fill.
            yield from [statement.name] * _may_show(statement)
        else:
            for within in _entered(statement, taken):
                yield from _reached_in_vain(within, taken)


def _may_show(section: Section) -> bool:
    return any(isinstance(node, Show | Opaque) or getattr(node, "text", "").strip() for node in walk(section))


def _shows(body: Body, taken: frozenset[str]) -> bool:
    return any(_shows_one(statement, taken) for statement in body)


def _shows_one(statement: Statement, taken: frozenset[str]) -> bool:
    if isinstance(statement, Text):
        return bool(statement.text.strip())
    if isinstance(statement, Branch | Loop | Section):
        return any(_shows(within, taken) for within in _entered(statement, taken))
    return not isinstance(statement, Bind | Capture | Mark)


def _entered(statement: Statement, taken: frozenset[str]) -> list[Body]:
    """The bodies of a statement that the message came through; one without an id counts as entered."""
    if isinstance(statement, Section):
        return [statement.body]
    if isinstance(statement, Branch):
        arms = [(arm.branch, arm.body) for arm in statement.arms]
        ways = [*arms, (statement.otherwise_branch, statement.otherwise)]
    elif isinstance(statement, Loop):
        ways = [(statement.branch, statement.body), (statement.otherwise_branch, statement.otherwise)]
    else:
        return []
    return [body for branch, body in ways if branch is None or branch in taken]
