"""Statements: what a body writes for each row of a frame."""

from collections.abc import Callable, Sequence

import numpy as np
import pyarrow as pa

from lettermill.rendering.columnar.frames import KERNELS, Frame, LoopRows, faulty
from lettermill.rendering.columnar.logic import Truth, truth
from lettermill.rendering.columnar.pieces import Piece, branched, column, gathered
from lettermill.rendering.columnar.pieces import steps as steps_of_rows
from lettermill.rendering.columnar.selecting import select
from lettermill.rendering.columnar.text import Texts, bounded, constant, shown
from lettermill.rendering.columnar.turns import in_turn
from lettermill.rendering.columnar.values import Data, Lists, Mask, Rows, Structs, Value, take, within
from lettermill.rendering.plan.nodes import (
    Arm,
    Bind,
    Branch,
    Capture,
    Captured,
    Loop,
    Mark,
    Opaque,
    Section,
    Show,
    Statement,
    Text,
)  # fmt: skip


def write(frame: Frame, body: Sequence[Statement]) -> pa.StringArray | str:
    """What the statements write, one after the other; a str: the same in every row."""
    return gathered(frame.size, pieces_of(frame, body))


def pieces_of(frame: Frame, body: Sequence[Statement]) -> list[Piece]:
    """The same in pieces."""
    pieces: list[Piece] = []
    _write_into(frame, body, pieces)
    return pieces


def _write_into(frame: Frame, body: Sequence[Statement], pieces: list[Piece]) -> None:
    for statement in body:
        if isinstance(statement, Text):
            pieces.append(statement.text)
        elif isinstance(statement, Section):
            _write_into(frame, statement.body, pieces)
        else:
            STATEMENTS[type(statement)](frame, statement, pieces)  # type: ignore[operator]


def _show(frame: Frame, statement: Show, pieces: list[Piece]) -> None:
    texts: Texts = shown(frame, statement.value, escaped=statement.escape)
    frame.defer(texts.faulty)
    if texts.null is not None and texts.null.any():
        frame.leave(statement.null_branch, texts.null)
    pieces.append(column(texts.texts, texts.rows))


def _mark(frame: Frame, statement: Mark, _pieces: list[Piece]) -> None:
    frame.leave(statement.branch)


def _opaque(frame: Frame, _statement: Opaque, _pieces: list[Piece]) -> None:
    frame.defer(np.ones(frame.size, np.bool_))


def _bind(frame: Frame, statement: Bind, _pieces: list[Piece]) -> None:
    value = frame.value(statement.value)
    frame.defer(value.faulty)
    if isinstance(value.data, Lists) and value.data.stream:
        frame.defer(np.ones(frame.size, np.bool_))  # the second to run over it would find nothing left
    frame.slots[statement.slot] = value


def _capture(frame: Frame, statement: Capture, _pieces: list[Piece]) -> None:
    value = _captured_text(frame, statement.body, markup=statement.markup)
    frame.defer(value.faulty)
    frame.slots[statement.slot] = value


def _captured(frame: Frame, expr: Captured) -> Value:
    return _captured_text(frame, expr.body, markup=expr.markup)


def _captured_text(frame: Frame, body: Sequence[Statement], *, markup: bool) -> Value:
    written = write(frame, body)
    if isinstance(written, str):
        return constant(written, frame.size, markup=markup)
    return bounded(written, None, markup=markup)


def _branch(frame: Frame, statement: Branch, pieces: list[Piece]) -> None:
    """Each arm on its own rows, scattered back: the cost grows with rows, not with arms."""
    taken = np.full(frame.size, len(statement.arms), np.int64)
    open_: Mask = np.ones(frame.size, np.bool_)
    for number, arm in enumerate(statement.arms):
        found = _tested(frame, arm, open_)
        frame.defer(within(found.faulty, open_))
        mine = found.true & open_
        taken[mine] = number
        open_ = open_ & ~mine
        if not open_.any():
            break
    parts: list[tuple[Rows | None, list[Piece], int]] = []
    frames: list[Frame] = []
    bodies = [*((arm.body, arm.branch) for arm in statement.arms), (statement.otherwise, statement.otherwise_branch)]
    for number, (body, branch) in enumerate(bodies):
        rows = np.flatnonzero(taken == number)
        whole = len(rows) == frame.size
        inner = frame if whole or not len(rows) else frame.part(rows)
        frames.append(inner)
        if len(rows):
            inner.leave(branch)
            parts.append((None if whole else rows, pieces_of(inner, body), inner.size))
    pieces += branched(parts)
    _merge(frame, statement, taken, frames)


def _tested(frame: Frame, arm: Arm, open_: Mask) -> Truth:
    if id(arm.test) not in frame.chunk.program.moving or open_.all():
        return truth(frame, arm.test)
    rows = np.flatnonzero(open_)
    found = truth(frame.part(rows), arm.test)
    true, wrong = np.zeros(frame.size, np.bool_), np.zeros(frame.size, np.bool_)
    true[rows] = found.true
    wrong[rows] = False if found.faulty is None else found.faulty
    return Truth(true, wrong)


def _merge(frame: Frame, statement: Branch, taken: Rows, arms: Sequence[Frame]) -> None:
    """What a name stands for after a branch: the value of the arm that each row took."""
    for merge in statement.merges:
        merged: Value | None = None
        for number, (arm, expr) in enumerate(zip(arms, merge.values, strict=True)):
            rows = np.flatnonzero(taken == number)
            if not len(rows):
                continue
            back = np.zeros(frame.size, np.int64)
            back[rows] = np.arange(len(rows))
            value = arm.value(expr) if arm is frame else arm.value(expr).take(back)
            merged = value if merged is None else select(frame.size, taken == number, value, merged)
        frame.slots[merge.slot] = faulty(frame) if merged is None else merged


def _loop(frame: Frame, statement: Loop, pieces: list[Piece]) -> None:
    """The body on all items of all rows at once, then each row's texts joined without a copy."""
    items = frame.value(statement.items)
    frame.defer(items.wrong)
    lists = items.data
    if not isinstance(lists, Lists):
        frame.defer(np.ones(frame.size, np.bool_))
        return
    if frame.chunk.program.plan.rules.of_null == "fault":
        frame.defer(lists.null)
    carried = [one for one in statement.carried if one.inside in frame.chunk.program.live]
    if carried:
        lengths = lists.lengths
        pieces += in_turn(frame, statement, lists, carried, pieces_of)
    else:
        steps, lengths = _steps(frame, statement, lists)
        if steps.size:
            steps.leave(statement.branch)
            pieces.append(steps_of_rows(pieces_of(steps, statement.body), lengths))
    empty = np.flatnonzero(lengths == 0)
    if statement.otherwise_branch is not None and len(empty):
        inner = frame.part(empty)
        inner.leave(statement.otherwise_branch)
        pieces += branched([(empty, pieces_of(inner, statement.otherwise), inner.size)])


def steps_of(frame: Frame, statement: Loop) -> Frame | None:
    """The frame of a loop's steps; None where there is no list to run over."""
    lists = frame.value(statement.items).data
    return _steps(frame, statement, lists)[0] if isinstance(lists, Lists) else None


def _steps(frame: Frame, statement: Loop, lists: Lists) -> tuple[Frame, Rows]:
    """The frame of a loop's steps, and how many each row has."""
    rows = np.repeat(np.arange(frame.size), lists.lengths)
    steps = frame.steps(rows)
    positions, lengths = lists.positions(), lists.lengths
    if statement.condition is not None:
        steps.slots[statement.item] = Value(take(lists.items, positions), markup=lists.markup)
        found = truth(steps, statement.condition)
        steps.defer(found.faulty)
        kept = np.flatnonzero(found.true)
        rows, positions = rows[kept], positions[kept]
        lengths = np.bincount(rows, minlength=frame.size)
        steps = Frame(frame.chunk, len(rows), frame.root[rows], parent=frame, rows=rows, depth=frame.depth + 1)
    steps.slots[statement.item] = Value(_taken(lists, positions), markup=lists.markup)
    offsets = np.concatenate(([0], np.cumsum(lengths)))
    position = np.arange(len(rows)) - offsets[rows]
    steps.loops[statement.loop] = LoopRows(position, lengths[rows], offsets, statement.item)
    return steps, lengths


def _taken(lists: Lists, positions: Rows) -> Data:
    """The items at `positions`; without a copy where they are one stretch of them."""
    items = lists.items
    count = len(positions)
    in_order = count and positions[-1] - positions[0] == count - 1 and (np.diff(positions) == 1).all()
    if in_order and isinstance(items, pa.Array):
        return items.slice(int(positions[0]), count)
    if in_order and isinstance(items, Structs) and items.rows is None:
        return Structs(items.array.slice(int(positions[0]), count))
    return take(items, positions)


STATEMENTS: dict[type, Callable[..., None]] = {
    Show: _show, Mark: _mark, Opaque: _opaque, Bind: _bind, Capture: _capture, Branch: _branch, Loop: _loop,
}  # fmt: skip
KERNELS |= {Captured: _captured}
