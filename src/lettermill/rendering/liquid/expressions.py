"""Liquid's expressions as those of a plan."""

from collections.abc import Callable, Mapping
from typing import Any

import pyarrow as pa
from liquid import Token
from liquid.builtin.expressions import KeywordArgument, Path
from liquid.builtin.expressions import logical as logic
from liquid.builtin.expressions import primitive as basic
from liquid.builtin.expressions.filtered import Filter, FilteredExpression
from liquid.expression import Expression

from lettermill.rendering.liquid.cells import cell_state
from lettermill.rendering.liquid.filters import FILTERS, parameters
from lettermill.rendering.liquid.scopes import Draft, LoopVariable, Scope, refused, suggest
from lettermill.rendering.plan.nodes import (
    And,
    Apply,
    Arithmetic,
    Compare,
    Expr,
    Index,
    Input,
    Item,
    Literal,
    LoopState,
    Not,
    Or,
    Place,
    Range,
    Test,
)  # fmt: skip
from lettermill.rendering.plan.reading import is_date, is_list

LOOP_STATES = {
    "index": "index", "index0": "index0", "rindex": "revindex", "rindex0": "revindex0", "first": "first",
    "last": "last", "length": "length",
}  # fmt: skip
OPERATORS: Mapping[type, str] = {
    logic.LtExpression: "lt", logic.LeExpression: "le", logic.GtExpression: "gt", logic.GeExpression: "ge",
}  # fmt: skip
OF_LISTS = {"first": 0, "last": -1}
CLOCK = ("now", "today")


class Expressions:
    """Translates expressions."""

    def __init__(self, draft: Draft) -> None:
        self.draft = draft

    def expr(self, node: Expression, scope: Scope) -> Expr:
        """The plan's expression for `node`. Raises TemplateError for what is outside the language."""
        if isinstance(node, basic.Literal):
            return self._literal(node, scope)
        translate = TRANSLATE.get(type(node))
        if translate is not None:
            return translate(self, node, scope)
        reads = (self._range(node, scope),) if isinstance(node, basic.RangeLiteral) else ()
        words = "a range" if reads else type(node).__name__.lower()
        return self.draft.opaque(f"{words} as a value", scope.at(node.token), *reads)

    def items(self, node: Expression, scope: Scope) -> Expr:
        """An expression where a list is wanted: a range is one there."""
        if isinstance(node, basic.RangeLiteral):
            return self._range(node, scope)
        return self.expr(node, scope)

    def equal(self, left: Expression, right: Expression, token: Token, scope: Scope) -> Expr:
        """Whether two values are equal; `empty` and `blank` are tests."""
        for one, other in ((left, right), (right, left)):
            if isinstance(one, basic.Empty | basic.Blank):
                of = self.expr(other, scope)
                if isinstance(other, basic.Empty | basic.Blank | basic.RangeLiteral):
                    return self.draft.opaque("empty or blank beside no value", scope.at(token), of)
                return Test(of, type(one).__name__.lower(), place=scope.at(token))
        return self._compare("eq", left, right, token, scope)

    def _literal(self, node: basic.Literal[Any], scope: Scope) -> Expr:
        markup = self.draft.autoescape and isinstance(node.value, str)
        return Literal(node.value, markup, place=scope.at(node.token))

    def _nil(self, node: basic.Nil, scope: Scope) -> Expr:
        return Literal(None, place=scope.at(node.token))

    def _range(self, node: basic.RangeLiteral, scope: Scope) -> Expr:
        at = scope.at(node.token)
        start, stop = self.expr(node.start, scope), self.expr(node.stop, scope)
        if isinstance(stop, Literal) and type(stop.value) is int:
            after: Expr = Literal(stop.value + 1, place=stop.place)
        else:
            after = Arithmetic("+", stop, Literal(1, place=at), place=at)
        return Range(start, after, Literal(1, place=at), place=at)

    def _filtered(self, node: FilteredExpression, scope: Scope) -> Expr:
        filters = node.filters or []
        value = self.items(node.left, scope) if filters else self.expr(node.left, scope)
        for one in filters:
            value = self._applied(value, one, scope)
        return value

    def _applied(self, of: Expr, node: Filter, scope: Scope) -> Expr:
        if node.name not in FILTERS:
            problem = f"unknown filter {node.name!r}"
            mend = suggest(node.name, FILTERS)
            if node.name == "safe":
                problem, mend = "safe is not part of the template language", "leave it out: data is escaped"
            raise refused(problem, node.token, scope, mend)
        arguments, options = [], []
        for one in node.args:
            value = self.expr(one.value, scope)
            if isinstance(one, KeywordArgument):
                options.append((one.name, value))
            else:
                arguments.append(value)
        try:
            parameters(node.name).bind(None, *arguments, **dict(options))
        except TypeError as error:
            raise refused(f"{node.name}: {error}", node.token, scope, "give the filter what it takes") from None
        return Apply(of, node.name, tuple(arguments), tuple(options), place=scope.at(node.token))

    def _boolean(self, node: logic.BooleanExpression, scope: Scope) -> Expr:
        return self.expr(node.expression, scope)

    def _not(self, node: logic.LogicalNotExpression, scope: Scope) -> Expr:
        return Not(self.expr(node.right, scope), place=scope.at(node.token))

    def _and(self, node: logic.LogicalAndExpression, scope: Scope) -> Expr:
        return And(self.expr(node.left, scope), self.expr(node.right, scope), place=scope.at(node.token))

    def _or(self, node: logic.LogicalOrExpression, scope: Scope) -> Expr:
        return Or(self.expr(node.left, scope), self.expr(node.right, scope), place=scope.at(node.token))

    def _eq(self, node: logic.EqExpression, scope: Scope) -> Expr:
        return self.equal(node.left, node.right, node.token, scope)

    def _ne(self, node: logic.NeExpression, scope: Scope) -> Expr:
        equal = self.equal(node.left, node.right, node.token, scope)
        if isinstance(equal, Compare):
            return Compare(equal.of, (("ne", equal.links[0][1]),), place=equal.place)
        return Not(equal, place=equal.place)

    def _ordered(self, node: Any, scope: Scope) -> Expr:
        return self._compare(OPERATORS[type(node)], node.left, node.right, node.token, scope)

    def _contains(self, node: logic.ContainsExpression, scope: Scope) -> Expr:
        return self._compare("in", node.right, node.left, node.token, scope)

    def _compare(self, operator: str, left: Expression, right: Expression, token: Token, scope: Scope) -> Expr:
        return Compare(self.expr(left, scope), ((operator, self.expr(right, scope)),), place=scope.at(token))

    def _path(self, node: Path, scope: Scope) -> Expr:
        root, *steps = node.path
        at = scope.at(node.token)
        if not isinstance(root, str):
            raise refused("a path must begin with a name", node.token, scope, "name the input")
        found = scope.lookup(root)
        if isinstance(found, LoopVariable):
            return self._loop_state(found, steps, node, scope)
        value = found if found is not None else self._input(root, node, scope)
        for step in steps:
            value = self._step(value, step, node, at, scope)
        return value

    def _input(self, name: str, node: Path, scope: Scope) -> Expr:
        if name in self.draft.schema:
            return Input(name, place=scope.at(node.token))
        if name in self.draft.counters:
            return self.draft.opaque("a counter as a value", scope.at(node.token))
        if name in CLOCK:
            problem = f"{name!r} would read the clock"
            raise refused(problem, node.token, scope, "declare the moment as an input of the campaign")
        known = [*self.draft.schema, *scope.local.names, *scope.front]
        problem = f"{name!r} is not declared as an input of the campaign"
        raise refused(problem, node.token, scope, suggest(name, known))

    def _step(self, of: Expr, step: Any, node: Path, at: Place, scope: Scope) -> Expr:
        if isinstance(step, Path):
            return Index(of, self.expr(step, scope), place=at)
        if isinstance(step, int):
            return Index(of, Literal(step, place=at), place=at)
        type_ = self.draft.reader.known(of).type
        if step in ("size", *OF_LISTS) and not _has_field(type_, step):
            if type_ is not None and pa.types.is_nested(type_) and not is_list(type_):
                return self.draft.opaque(f"{step} of a struct", at, of)
            if step == "size":
                return Item(of, "size", place=at)
            if type_ is not None and is_list(type_):
                return Index(of, Literal(OF_LISTS[step], place=at), place=at)
            return self.draft.opaque(f"{step} of what may be no list", at, of)
        self._declared(of, step, node, scope)
        return Item(of, step, place=at)

    def _declared(self, of: Expr, name: str, node: Path, scope: Scope) -> None:
        """Refuse a field that is not there."""
        known = self.draft.reader.known(of)
        fields = () if known.type is not None and is_date(known.type) else known.fields()
        if fields is not None and name not in fields:
            path = known.path or "it"
            problem = f"{path}.{name} is not declared: {path} has no field {name!r}"
            raise refused(problem, node.token, scope, suggest(name, fields))

    def _loop_state(self, loop: LoopVariable, steps: list[Any], node: Path, scope: Scope) -> Expr:
        at = scope.at(node.token)
        while steps[:1] == ["parentloop"] and loop.columns is None and loop.around is not None:
            loop, steps = loop.around, steps[1:]
        if len(steps) != 1 or steps[0] == "parentloop":
            return self.draft.opaque("a loop's variable as a value", at)
        (name,) = steps
        if name in LOOP_STATES:
            return LoopState(loop.number, LOOP_STATES[name], loop.depth, place=at)
        if loop.columns is not None:
            cell = cell_state(loop, str(name), at)
            if cell is not None:
                return cell
            raise refused(f"tablerowloop.{name} is not part of the template language", node.token, scope)
        if name == "name":
            return Literal(loop.name, place=at)
        raise refused(f"forloop.{name} is not part of the template language", node.token, scope)


def _has_field(type_: pa.DataType | None, name: str) -> bool:
    return type_ is not None and pa.types.is_struct(type_) and type_.get_field_index(name) >= 0


TRANSLATE: Mapping[type, Callable[[Expressions, Any, Scope], Expr]] = {
    basic.Nil: Expressions._nil,
    FilteredExpression: Expressions._filtered,
    logic.BooleanExpression: Expressions._boolean,
    logic.LogicalNotExpression: Expressions._not,
    logic.LogicalAndExpression: Expressions._and,
    logic.LogicalOrExpression: Expressions._or,
    logic.EqExpression: Expressions._eq,
    logic.NeExpression: Expressions._ne,
    logic.LtExpression: Expressions._ordered,
    logic.LeExpression: Expressions._ordered,
    logic.GtExpression: Expressions._ordered,
    logic.GeExpression: Expressions._ordered,
    logic.ContainsExpression: Expressions._contains,
    Path: Expressions._path,
}
