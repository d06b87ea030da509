"""How much of a plan has kernels: told by trying it out on made-up rows."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa

from lettermill.rendering.columnar.frames import Chunk, Frame, Program, Uses
from lettermill.rendering.columnar.inputs import seen_type
from lettermill.rendering.columnar.statements import steps_of, write
from lettermill.rendering.columnar.values import as_data
from lettermill.rendering.plan.nodes import Arm, Branch, Loop, Opaque, Section, Statement
from lettermill.rendering.plan.reading import is_list
from lettermill.rendering.plan.walking import walk


@dataclass(frozen=True)
class Coverage:
    """`share` of the nodes with a kernel, from 0 to 1; `without`: for the others their place and why."""

    share: float
    without: Mapping[str, str]


ROWS = 2
EXAMPLES: tuple[tuple[Any, object], ...] = (
    (pa.types.is_string, "a"), (pa.types.is_boolean, True), (pa.types.is_integer, 1), (pa.types.is_floating, 1.5),
    (pa.types.is_decimal, Decimal(1)), (pa.types.is_date, date(2020, 1, 1)),
    (pa.types.is_timestamp, datetime(2020, 1, 1, tzinfo=UTC)),
)  # fmt: skip


def coverage(program: Program, schema: pa.Schema) -> Coverage:
    """Try the plan out: every arm and loop body on rows of examples, noting what had no kernel."""
    uses = Uses()
    trial = replace(program, memory={}, uses=uses)
    inputs = {one.name: as_data(_examples(seen_type(one.type))) for one in schema}
    _try(Chunk(trial, ROWS, inputs, {}).frame(), program.plan.body)
    nodes = list(walk(*program.plan.body))
    without = {}
    for node in nodes:
        why = node.why if isinstance(node, Opaque) else uses.why.get(id(node))
        if why is not None:
            without[f"{node.place}:{node.place.column}"] = why
    return Coverage(1 - len(without) / max(len(nodes), 1), without)


def _examples(type_: pa.DataType) -> pa.Array:
    return pa.array([_example(type_)] * ROWS, type_)


def _example(type_: pa.DataType) -> object:
    if pa.types.is_struct(type_):
        return {field.name: _example(field.type) for field in type_}
    if is_list(type_):
        return [_example(type_.value_type)] * 2
    if pa.types.is_null(type_) or pa.types.is_map(type_):
        return None
    for check, example in EXAMPLES:
        if check(type_):
            return example
    return None


def _try(frame: Frame, body: tuple[Statement, ...]) -> None:
    for statement in body:
        if isinstance(statement, Section):
            _try(frame, statement.body)
        elif isinstance(statement, Branch):
            _try_branch(frame, statement)
        elif isinstance(statement, Loop):
            _try_loop(frame, statement)
        else:
            write(frame, (statement,))


def _try_branch(frame: Frame, statement: Branch) -> None:
    for arm in statement.arms:
        write(frame, (Branch((Arm(arm.test, (), None),)),))
        _try(frame, arm.body)
    _try(frame, statement.otherwise)
    for merge in statement.merges:
        frame.slots[merge.slot] = frame.value(merge.values[0])


def _try_loop(frame: Frame, statement: Loop) -> None:
    write(frame, (replace(statement, body=(), otherwise=(), branch=None, otherwise_branch=None, carried=()),))
    steps = steps_of(frame, statement)
    before = {carry: frame.value(carry.before) for carry in statement.carried}
    frame.slots |= {carry.outside: value for carry, value in before.items()}
    if steps is not None and steps.size:
        assert steps.rows is not None
        steps.slots |= {carry.inside: value.take(steps.rows) for carry, value in before.items()}
        _try(steps, statement.body)
    _try(frame, statement.otherwise)
