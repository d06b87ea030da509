"""The rows and cells of a tablerow, by the step of its loop."""

from lettermill.rendering.liquid.scopes import LoopVariable
from lettermill.rendering.plan.nodes import (
    And,
    Arithmetic,
    Arm,
    Branch,
    Compare,
    Expr,
    Literal,
    LoopState,
    Not,
    Place,
    Show,
    Statement,
    Text,
)  # fmt: skip

Body = tuple[Statement, ...]


def cell_state(loop: LoopVariable, name: str, at: Place) -> Expr | None:
    """What `tablerowloop` knows of rows and columns under `name`, if it does."""
    column0 = _column(loop, at)
    states: dict[str, Expr] = {
        "row": _row(loop, at),
        "col0": column0,
        "col": Arithmetic("+", column0, Literal(1, place=at), place=at),
        "col_first": Compare(column0, (("eq", Literal(0, place=at)),), place=at),
        "col_last": _last_column(loop, at),
    }
    return states.get(name)


def _column(loop: LoopVariable, at: Place) -> Expr:
    """The column of a tablerow's step, from 0 on."""
    index0 = LoopState(loop.number, "index0", loop.depth, place=at)
    return Arithmetic("%", index0, Literal(loop.columns, place=at), place=at) if loop.columns else index0


def _row(loop: LoopVariable, at: Place) -> Expr:
    """The row of a tablerow's step, from 1 on."""
    if not loop.columns:
        return Literal(1, place=at)
    index0 = LoopState(loop.number, "index0", loop.depth, place=at)
    row0 = Arithmetic("//", index0, Literal(loop.columns, place=at), place=at)
    return Arithmetic("+", row0, Literal(1, place=at), place=at)


def _last_column(loop: LoopVariable, at: Place) -> Expr:
    """Whether a tablerow's step is the last of its row by the number of columns."""
    if not loop.columns:
        return LoopState(loop.number, "last", loop.depth, place=at)
    return Compare(_column(loop, at), (("eq", Literal(loop.columns - 1, place=at)),), place=at)


def cell_of(cell: Body, loop: LoopVariable, at: Place) -> Body:
    """A step of a tablerow: the table's beginning before the first, a cell, the row's end, the table's end."""
    first, last = (LoopState(loop.number, name, loop.depth, place=at) for name in ("first", "last"))
    one = Literal(1, place=at)
    column = Arithmetic("+", _column(loop, at), one, place=at)
    next_row = Arithmetic("+", _row(loop, at), one, place=at)
    ends = And(_last_column(loop, at), Not(last, place=at), place=at)
    return (
        Branch((Arm(first, (Text('<tr class="row1">\n', place=at),), None),), place=at),
        Text('<td class="col', place=at),
        Show(column, False, "an expression", None, place=at),
        Text('">', place=at),
        *cell,
        Text("</td>", place=at),
        Branch((Arm(ends, _next_row(next_row, at), None),), place=at),
        Branch((Arm(last, (Text("</tr>\n", place=at),), None),), place=at),
    )


def _next_row(row: Expr, at: Place) -> Body:
    return (
        Text('</tr>\n<tr class="row', place=at),
        Show(row, False, "an expression", None, place=at),
        Text('">', place=at),
    )
