"""Loops whose steps depend on the steps before: one step of all rows after the other."""

from collections.abc import Callable

import numpy as np

from lettermill.rendering.columnar.frames import Frame, LoopRows
from lettermill.rendering.columnar.pieces import Piece, branched
from lettermill.rendering.columnar.selecting import select
from lettermill.rendering.columnar.values import Lists, Value, masked, take
from lettermill.rendering.plan.nodes import Carry, Loop, Statement

MAX_TURNS = 100
"""Rows of longer lists are left to the library."""
Write = Callable[[Frame, tuple[Statement, ...]], list[Piece]]


def in_turn(frame: Frame, loop: Loop, lists: Lists, carried: list[Carry], write: Write) -> list[Piece]:
    """What the steps write, the first of all rows before the second, with what is carried from one to the next."""
    frame.defer(masked(lists.lengths > MAX_TURNS))
    pieces: list[Piece] = []
    values = {carry.inside: frame.value(carry.before) for carry in carried}
    for turn in range(min(int(lists.lengths.max(initial=0)), MAX_TURNS)):
        there = lists.lengths > turn
        rows = np.flatnonzero(there)
        step = frame.steps(rows)
        step.slots[loop.item] = Value(take(lists.items, lists.starts[rows] + turn), markup=lists.markup)
        position = np.full(len(rows), turn, np.int64)
        step.loops[loop.loop] = LoopRows(position, lists.lengths[rows], np.arange(len(rows) + 1), loop.item)
        step.slots |= {slot: value.take(rows) for slot, value in values.items()}
        step.leave(loop.branch)
        pieces += branched([(rows, write(step, loop.body), step.size)])
        back = np.zeros(frame.size, np.int64)
        back[rows] = np.arange(len(rows))
        made = {carry.inside: step.value(carry.after).take(back) for carry in carried}
        values = {slot: select(frame.size, there, made[slot], value) for slot, value in values.items()}
    frame.slots |= {carry.outside: values[carry.inside] for carry in carried}
    return pieces
