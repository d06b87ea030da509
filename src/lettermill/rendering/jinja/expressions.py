"""Jinja2's expressions as those of a plan."""

from collections.abc import Callable

from jinja2 import nodes

from lettermill.errors import TemplateError
from lettermill.rendering.filters import FILTERS, TESTS
from lettermill.rendering.jinja.scopes import UNBOUND, Draft, LoopVariable, Macro, Module, Scope, suggest
from lettermill.rendering.plan.nodes import (
    And,
    Apply,
    Arithmetic,
    Captured,
    Compare,
    Concat,
    Conditional,
    Cycle,
    Expr,
    Index,
    Input,
    Item,
    ListOf,
    Literal,
    Local,
    LoopState,
    Not,
    OpaqueValue,
    Or,
    Place,
    Range,
    Signed,
    Slice,
    Statement,
    Test,
)  # fmt: skip

ALIASES = {"e": "escape", "d": "default", "count": "length"}
NAMING_FILTERS = ("map", "select", "reject", "selectattr", "rejectattr")
LOOP_STATES = (
    "index", "index0", "revindex", "revindex0", "first", "last", "length", "depth", "depth0", "previtem", "nextitem",
)  # fmt: skip
OPERATORS = {"Add": "+", "Sub": "-", "Mul": "*", "Div": "/", "FloorDiv": "//", "Mod": "%"}

Called = Callable[[Macro, nodes.Call, Scope], tuple[Statement, ...]]


class Expressions:
    """Translates expressions; `called` writes the statements of a macro's call."""

    def __init__(self, draft: Draft, called: Called) -> None:
        self.draft = draft
        self.called = called

    def expr(self, node: nodes.Node, scope: Scope) -> Expr:
        """The plan's expression for `node`. Raises TemplateError for what is outside the language."""
        kind = type(node).__name__
        if kind in OPERATORS:
            left, right = (self.expr(side, scope) for side in (node.left, node.right))  # type: ignore[attr-defined]
            return Arithmetic(OPERATORS[kind], left, right, place=scope.at(node))
        translate = getattr(self, f"_{kind.lower()}", None)
        if translate is None:
            word = {"dict": "a dictionary", "pow": "the operator **"}.get(kind.lower(), kind.lower())
            raise refused(f"{word} is not part of the template language", node, scope)
        translated: Expr = translate(node, scope)
        return translated

    def macro_of(self, node: nodes.Node, scope: Scope) -> Macro | None:
        """The macro that a call names, if it names one."""
        if isinstance(node, nodes.Name):
            found = scope.names.get(node.name)
        elif isinstance(node, nodes.Getattr) and isinstance(node.node, nodes.Name):
            module = scope.names.get(node.node.name)
            found = module.names.get(node.attr) if isinstance(module, Module) else None
        else:
            found = None
        return found if isinstance(found, Macro) else None

    def _name(self, node: nodes.Name, scope: Scope) -> Expr:
        found = scope.names.get(node.name)
        if isinstance(found, Expr):
            return found
        if found is not None:
            return self._opaque(f"{node.name} is used as a value", node, scope)
        if scope.sees_inputs and node.name in self.draft.schema:
            return Input(node.name, place=scope.at(node))
        if not scope.sees_inputs:
            raise refused(
                f"{node.name!r} is not seen by a file imported without context", node, scope, "pass it as an argument"
            )
        known = [*self.draft.schema, *scope.names]
        problem = f"{node.name!r} is not declared as an input of the campaign"
        raise refused(problem, node, scope, suggest(node.name, known))

    def _const(self, node: nodes.Const, scope: Scope) -> Expr:
        return Literal(node.value, place=scope.at(node))

    def _templatedata(self, node: nodes.TemplateData, scope: Scope) -> Expr:
        return Literal(node.data, self.draft.autoescape, place=scope.at(node))

    def _list(self, node: nodes.List, scope: Scope) -> Expr:
        return ListOf(tuple(self.expr(item, scope) for item in node.items), place=scope.at(node))

    def _tuple(self, node: nodes.Tuple, scope: Scope) -> Expr:
        return ListOf(tuple(self.expr(item, scope) for item in node.items), place=scope.at(node))

    def _getattr(self, node: nodes.Getattr, scope: Scope) -> Expr:
        if isinstance(node.node, nodes.Name):
            found = scope.names.get(node.node.name)
            if isinstance(found, LoopVariable):
                return self._loop_state(found, node, scope)
            if isinstance(found, Module) and isinstance(found.names.get(node.attr), Expr):
                return found.names[node.attr]  # type: ignore[no-any-return]
        return self._field(self.expr(node.node, scope), node.attr, node, scope)

    def _loop_state(self, loop: LoopVariable, node: nodes.Getattr, scope: Scope) -> Expr:
        if node.attr not in LOOP_STATES:
            raise refused(f"loop.{node.attr} is not part of the template language", node, scope)
        return LoopState(loop.number, node.attr, loop.depth, place=scope.at(node))

    def _field(self, of: Expr, name: str, node: nodes.Node, scope: Scope) -> Expr:
        known = self.draft.reader.known(of)
        fields = known.fields()
        if fields is not None and name not in fields:
            path = known.path or "it"
            problem = f"{path}.{name} is not declared: {path} has no field {name!r}"
            raise refused(problem, node, scope, suggest(name, fields))
        return Item(of, name, place=scope.at(node))

    def _getitem(self, node: nodes.Getitem, scope: Scope) -> Expr:
        of, at = self.expr(node.node, scope), node.arg
        if isinstance(at, nodes.Slice):
            bounds = (self.expr(one, scope) if one else None for one in (at.start, at.stop, at.step))
            return Slice(of, *bounds, place=scope.at(node))
        if (
            isinstance(at, nodes.Const)
            and isinstance(at.value, str)
            and self.draft.reader.known(of).fields() is not None
        ):
            self._field(of, at.value, node, scope)
        return Index(of, self.expr(at, scope), place=scope.at(node))

    def _filter(self, node: nodes.Filter, scope: Scope) -> Expr:
        name = ALIASES.get(node.name, node.name)
        if name == "safe":
            return self._safe(node, scope)
        if name not in FILTERS:
            raise refused(f"unknown filter {node.name!r}", node, scope, suggest(node.name, FILTERS))
        if node.node is None or node.dyn_args or node.dyn_kwargs:
            raise refused("a filter takes its arguments one by one", node, scope)
        if name in NAMING_FILTERS:
            _check_named(name, node, scope)
        of = self.expr(node.node, scope)
        arguments = tuple(self.expr(one, scope) for one in node.args)
        options = tuple((str(one.key), self.expr(one.value, scope)) for one in node.kwargs)
        return Apply(of, name, arguments, options, place=scope.at(node))

    def _safe(self, node: nodes.Filter, scope: Scope) -> Expr:
        assert node.node is not None
        of = self.expr(node.node, scope)
        if not isinstance(of, Literal) or not isinstance(of.value, str):
            problem = "safe works on a literal of the template only, never on data"
            raise refused(problem, node, scope, "leave it out: data is escaped")
        return Literal(of.value, self.draft.autoescape, place=scope.at(node))

    def _test(self, node: nodes.Test, scope: Scope) -> Expr:
        if node.name not in TESTS:
            raise refused(f"unknown test {node.name!r}", node, scope, suggest(node.name, TESTS))
        if node.kwargs or node.dyn_args or node.dyn_kwargs:
            raise refused("a test takes its arguments one by one", node, scope)
        arguments = tuple(self.expr(one, scope) for one in node.args)
        return Test(self.expr(node.node, scope), node.name, arguments, place=scope.at(node))

    def _compare(self, node: nodes.Compare, scope: Scope) -> Expr:
        names = {"lteq": "le", "gteq": "ge"}
        links = tuple((names.get(one.op, one.op), self.expr(one.expr, scope)) for one in node.ops)
        return Compare(self.expr(node.expr, scope), links, place=scope.at(node))

    def _and(self, node: nodes.And, scope: Scope) -> Expr:
        return And(self.expr(node.left, scope), self.expr(node.right, scope), place=scope.at(node))

    def _or(self, node: nodes.Or, scope: Scope) -> Expr:
        return Or(self.expr(node.left, scope), self.expr(node.right, scope), place=scope.at(node))

    def _not(self, node: nodes.Not, scope: Scope) -> Expr:
        return Not(self.expr(node.node, scope), place=scope.at(node))

    def _neg(self, node: nodes.Neg, scope: Scope) -> Expr:
        return Signed("-", self.expr(node.node, scope), place=scope.at(node))

    def _pos(self, node: nodes.Pos, scope: Scope) -> Expr:
        return Signed("+", self.expr(node.node, scope), place=scope.at(node))

    def _condexpr(self, node: nodes.CondExpr, scope: Scope) -> Expr:
        otherwise = self.expr(node.expr2, scope) if node.expr2 is not None else None
        then = self.expr(node.expr1, scope)
        return Conditional(self.expr(node.test, scope), then, otherwise, place=scope.at(node))

    def _concat(self, node: nodes.Concat, scope: Scope) -> Expr:
        return Concat(tuple(self.expr(one, scope) for one in node.nodes), place=scope.at(node))

    def _call(self, node: nodes.Call, scope: Scope) -> Expr:
        macro = self.macro_of(node.node, scope)
        if macro is not None or (isinstance(node.node, nodes.Name) and node.node.name == "super"):
            return Captured(self.called(macro, node, scope), self.draft.autoescape, place=scope.at(node))  # type: ignore[arg-type]
        if isinstance(node.node, nodes.Name) and node.node.name == "range" and "range" not in scope.names:
            return self._range(node, scope)
        if isinstance(node.node, nodes.Getattr) and isinstance(node.node.node, nodes.Name):
            loop = scope.names.get(node.node.node.name)
            if isinstance(loop, LoopVariable) and node.node.attr == "cycle":
                values = tuple(self.expr(one, scope) for one in node.args)
                return Cycle(loop.number, values, loop.depth, place=scope.at(node))
            if isinstance(loop, LoopVariable) and node.node.attr == "changed":
                return self._opaque("loop.changed remembers earlier steps", node, scope)
        problem = "only range(), loop.cycle() and loop.changed() can be called, and macros"
        raise refused(problem, node, scope, "use a filter: | upper, not .upper()")

    def _range(self, node: nodes.Call, scope: Scope) -> Expr:
        bounds = [self.expr(one, scope) for one in node.args]
        if not 1 <= len(bounds) <= 3 or node.kwargs or node.dyn_args or node.dyn_kwargs:
            raise refused("range takes one to three whole numbers", node, scope)
        start = bounds[0] if len(bounds) > 1 else Literal(0)
        stop = bounds[1] if len(bounds) > 1 else bounds[0]
        return Range(start, stop, bounds[2] if len(bounds) > 2 else Literal(1), place=scope.at(node))

    def _opaque(self, why: str, node: nodes.Node, scope: Scope) -> Expr:
        self.draft.slots += 1
        return OpaqueValue(why, self.draft.slots, place=scope.at(node))


def undefined(name: str, at: Place) -> Expr:
    """What nothing was bound to."""
    return Local(UNBOUND, name, place=at)


def refused(problem: str, node: nodes.Node, scope: Scope, mend: str = "") -> TemplateError:
    """An error at the file and line of `node`."""
    mend = mend or "use if, for, set, with, include, macro, block and filters"
    # The scope that {% autoescape %} opens has no line of its own.
    line = node.lineno or next((one.lineno for one in node.find_all(nodes.Node) if one.lineno), 1)
    return TemplateError(problem, place=f"{scope.file}:{int(line)}", mend=mend)


def _check_named(name: str, node: nodes.Filter, scope: Scope) -> None:
    """A filter or test that map, select and the like are to apply is one of the language, named by a literal."""
    place = 1 if name.endswith("attr") else 0
    if len(node.args) <= place:
        return
    named = node.args[place]
    known = FILTERS if name == "map" else TESTS
    if not isinstance(named, nodes.Const) or named.value not in known:
        word = "filter" if name == "map" else "test"
        raise refused(f"{name} must be given a {word} by its name", node, scope, "write it in quotes")
