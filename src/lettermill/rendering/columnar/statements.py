"""Statements: what a body writes for each row of a frame."""

from collections.abc import Callable, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from lettermill.rendering.columnar.frames import KERNELS, Frame, LoopRows, faulty
from lettermill.rendering.columnar.logic import Truth, truth
from lettermill.rendering.columnar.text import Texts, bounded, shown
from lettermill.rendering.columnar.values import Constant, Lists, Mask, Rows, Value, select, take, within
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

Written = pa.StringArray | str
"""What rows write; a str: all of them the same."""


def write(frame: Frame, body: Sequence[Statement]) -> Written:
    """What the statements write, one after the other."""
    pieces: list[Written] = []
    _write_into(frame, body, pieces)
    return joined(pieces)


def joined(pieces: list[Written]) -> Written:
    """Pieces as one text a row; neighbours that are the same for all rows are joined first."""
    merged: list[Written] = []
    for piece in pieces:
        if isinstance(piece, str) and merged and isinstance(merged[-1], str):
            merged[-1] += piece
        elif piece != "" or not isinstance(piece, str):
            merged.append(piece)
    if len(merged) < 2:
        return merged[0] if merged else ""
    return pc.binary_join_element_wise(*(pa.scalar(one) if isinstance(one, str) else one for one in merged), "")


def _write_into(frame: Frame, body: Sequence[Statement], pieces: list[Written]) -> None:
    for statement in body:
        if isinstance(statement, Text):
            pieces.append(statement.text)
        elif isinstance(statement, Section):
            _write_into(frame, statement.body, pieces)
        else:
            STATEMENTS[type(statement)](frame, statement, pieces)  # type: ignore[operator]


def _show(frame: Frame, statement: Show, pieces: list[Written]) -> None:
    texts: Texts = shown(frame, statement.value, escaped=statement.escape)
    frame.defer(texts.faulty)
    if texts.null is not None and texts.null.any():
        frame.leave(statement.null_branch, texts.null)
    pieces.append(texts.texts)


def _mark(frame: Frame, statement: Mark, pieces: list[Written]) -> None:
    frame.leave(statement.branch)


def _opaque(frame: Frame, statement: Opaque, pieces: list[Written]) -> None:
    frame.defer(np.ones(frame.size, np.bool_))


def _bind(frame: Frame, statement: Bind, pieces: list[Written]) -> None:
    value = frame.value(statement.value)
    frame.defer(value.faulty)
    if isinstance(value.data, Lists) and value.data.stream:
        frame.defer(np.ones(frame.size, np.bool_))  # the second to run over it would find nothing left
    frame.slots[statement.slot] = value


def _capture(frame: Frame, statement: Capture, pieces: list[Written]) -> None:
    frame.slots[statement.slot] = _as_value(write(frame, statement.body), markup=statement.markup)


def _captured(frame: Frame, expr: Captured) -> Value:
    return _as_value(write(frame, expr.body), markup=expr.markup)


def _as_value(written: Written, *, markup: bool) -> Value:
    if isinstance(written, str):
        return Value(Constant(written), markup=markup)
    return bounded(written, None, markup=markup)


def _branch(frame: Frame, statement: Branch, pieces: list[Written]) -> None:
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
    parts: list[tuple[Rows | None, Frame, Written]] = []
    bodies = [*((arm.body, arm.branch) for arm in statement.arms), (statement.otherwise, statement.otherwise_branch)]
    for number, (body, branch) in enumerate(bodies):
        rows = np.flatnonzero(taken == number)
        if not len(rows):
            parts.append((rows, frame, ""))
            continue
        whole = len(rows) == frame.size
        inner = frame if whole else frame.part(rows)
        inner.leave(branch)
        parts.append((None if whole else rows, inner, write(inner, body)))
    pieces.append(scattered(frame.size, [(rows, written) for rows, _, written in parts]))
    _merge(frame, statement, taken, [inner for _, inner, _ in parts])


def _tested(frame: Frame, arm: Arm, open_: Mask) -> Truth:
    if id(arm.test) not in frame.chunk.program.moving or open_.all():
        return truth(frame, arm.test)
    rows = np.flatnonzero(open_)
    found = truth(frame.part(rows), arm.test)
    true, wrong = np.zeros(frame.size, np.bool_), np.zeros(frame.size, np.bool_)
    true[rows] = found.true
    wrong[rows] = False if found.faulty is None else found.faulty
    return Truth(true, wrong)


def scattered(size: int, parts: Sequence[tuple[Rows | None, Written]]) -> Written:
    """What the rows of each part write, put where the rows belong. Rows of None: all of them."""
    for rows, written in parts:
        if rows is None or len(rows) == size:
            return written
    if all(written == "" for _, written in parts if isinstance(written, str)) and all(
        isinstance(written, str) for _, written in parts
    ):
        return ""
    source = np.zeros(size, np.int64)
    arrays, base = [], 0
    for rows, written in parts:
        if rows is None or not len(rows):
            continue
        if isinstance(written, str):
            arrays.append(pa.array([written], pa.string()))
            source[rows] = base
        else:
            arrays.append(written)
            source[rows] = base + np.arange(len(rows))
        base += len(arrays[-1])
    return pa.concat_arrays(arrays).take(pa.array(source))


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


def _loop(frame: Frame, statement: Loop, pieces: list[Written]) -> None:
    """The body on all items of all rows at once, then each row's texts joined without a copy."""
    items = frame.value(statement.items)
    frame.defer(items.wrong)
    lists = items.data
    if not isinstance(lists, Lists):
        frame.defer(np.ones(frame.size, np.bool_))
        return
    frame.defer(lists.null)
    steps, lengths = _steps(frame, statement, lists)
    written: Written = ""
    if steps.size:
        steps.leave(statement.branch)
        written = write(steps, statement.body)
    by_row = _by_row(written, lengths)
    empty = np.flatnonzero(lengths == 0)
    if statement.otherwise_branch is None or not len(empty):
        pieces.append(by_row)
        return
    inner = frame.part(empty)
    inner.leave(statement.otherwise_branch)
    otherwise = write(inner, statement.otherwise)
    full = np.flatnonzero(lengths)
    rest = by_row if isinstance(by_row, str) else by_row.take(pa.array(full))
    pieces.append(scattered(frame.size, [(full, rest), (empty, otherwise)]))


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


def _taken(lists: Lists, positions: Rows) -> object:
    """The items at `positions`; without a copy where they are one stretch of them."""
    items = lists.items
    if isinstance(items, pa.Array) and len(positions) and positions[-1] - positions[0] == len(positions) - 1:
        if (np.diff(positions) == 1).all():
            return items.slice(int(positions[0]), len(positions))
    return take(items, positions)


def _by_row(written: Written, lengths: Rows) -> Written:
    """The texts of each row's steps as one: new offsets over the same bytes."""
    offsets = np.concatenate(([0], np.cumsum(lengths)))
    if isinstance(written, str):
        if not written:
            return ""
        repeated = [written * count for count in range(int(lengths.max(initial=0)) + 1)]
        return pa.array(repeated, pa.string()).take(pa.array(lengths))
    _, ends, data = written.buffers()
    starts = np.frombuffer(ends, np.int32)[written.offset : written.offset + len(written) + 1]
    return pa.StringArray.from_buffers(len(lengths), pa.py_buffer(starts[offsets]), data)


STATEMENTS: dict[type, Callable[..., None]] = {
    Show: _show, Mark: _mark, Opaque: _opaque, Bind: _bind, Capture: _capture, Branch: _branch, Loop: _loop,
}  # fmt: skip
KERNELS |= {Captured: _captured}
