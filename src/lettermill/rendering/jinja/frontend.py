"""Jinja2's templates as plans: statements, with includes, macros and inheritance resolved."""

from collections.abc import Callable, Mapping

import pyarrow as pa
from jinja2 import nodes
from jinja2.compiler import find_undeclared
from markupsafe import escape

from lettermill.rendering.filters import FILTERS
from lettermill.rendering.jinja.composition import Body, Composition
from lettermill.rendering.jinja.expressions import ALIASES, Expressions, refused, undefined
from lettermill.rendering.jinja.parsing import parsed, words_of
from lettermill.rendering.jinja.scopes import Binding, Draft, LoopVariable, Scope
from lettermill.rendering.plan.branches import branch_order
from lettermill.rendering.plan.nodes import (
    Apply,
    Arm,
    Branch,
    Capture,
    Captured,
    Expr,
    Input,
    Literal,
    Local,
    Loop,
    Merge,
    Opaque,
    Plan,
    Rules,
    Show,
    Statement,
    Text,
)  # fmt: skip

RULES = Rules(falsy="python", null_text="None", true_text="True", false_text="False", missing="fault")
TEXT_FILTERS = (
    "capitalize", "e", "escape", "format", "lower", "replace", "string", "striptags", "title", "trim", "truncate",
    "upper", "urlencode",
)  # fmt: skip


def plan_of(
    source: str, *, name: str, schema: Mapping[str, pa.DataType], autoescape: bool, partials: Mapping[str, str]
) -> Plan:
    """The plan of a Jinja2 template that branch ids call `name`.

    `schema` gives the inputs. Raises TemplateError with file and line for a syntax error, a file that is not among
    `partials`, an input or field that is not in the schema, and whatever is outside the language.
    """
    draft = Draft(name, autoescape, partials, schema)
    writer = FrontEnd(draft)
    template = parsed(source, file=name)
    scope = Scope(name, name, within=(name,))
    body = writer.template(template, scope)
    return Plan("jinja2", RULES, body, tuple(sorted(draft.branches, key=branch_order)), draft.slots, draft.loops)


class FrontEnd(Composition):
    """Writes statements; one for each plan."""

    def __init__(self, draft: Draft) -> None:
        self.draft = draft
        self.expressions = Expressions(draft, self.called)
        self.expr = self.expressions.expr

    def body(self, statements: list[nodes.Node], scope: Scope) -> Body:
        """The statements one after the other, with neighbouring texts made one."""
        written: list[Statement] = []
        for node in statements:
            for statement in self.statement(node, scope):
                if isinstance(statement, Text) and written and isinstance(written[-1], Text):
                    written[-1] = Text(written[-1].text + statement.text, place=written[-1].place)
                else:
                    written.append(statement)
        return tuple(written)

    def statement(self, node: nodes.Node, scope: Scope) -> Body:
        """One statement of Jinja2, as none, one or several of the plan."""
        write = STATEMENTS.get(type(node))
        if write is None:
            word = {"Scope": "autoescape", "ScopedEvalContextModifier": "autoescape"}.get(type(node).__name__)
            problem = f"{word or type(node).__name__.lower()} is not part of the template language"
            raise refused(problem, node, scope)
        return write(self, node, scope)

    def _output(self, node: nodes.Output, scope: Scope) -> Body:
        return tuple(statement for one in node.nodes for statement in self._shown(one, scope))

    def _shown(self, node: nodes.Expr, scope: Scope) -> Body:
        if isinstance(node, nodes.TemplateData):
            return (Text(node.data, place=scope.at(node)),)
        value = self.expr(node, scope)
        if isinstance(value, Captured):
            return value.body
        if isinstance(value, Literal):
            text = str(value.value)
            return (Text(str(escape(text)) if self.draft.autoescape and not value.markup else text, place=value.place),)
        words = words_of(node)
        null = self.draft.branch(f"{scope.place}:{int(node.lineno)}.null({words})")
        return (Show(value, self.draft.autoescape, words, null, place=scope.at(node)),)

    def _if(self, node: nodes.If, scope: Scope) -> Body:
        before, after, arms = dict(scope.names), [], []
        for arm, kind in ((node, "if"), *((arm, "elif") for arm in node.elif_)):
            scope.names = dict(before)
            test = self.expr(arm.test, scope)
            branch = self.draft.branch(f"{scope.place}:{int(arm.lineno)}.{kind}")
            arms.append(Arm(test, self.body(arm.body, scope), branch))
            after.append(scope.names)
        scope.names = dict(before)
        otherwise_branch = self.draft.branch(f"{scope.place}:{int(node.lineno)}.else") if node.else_ else None
        otherwise = self.body(node.else_, scope)
        merges = self._merged(node, before, [*after, scope.names], scope)
        return (Branch(tuple(arms), otherwise, otherwise_branch, merges, place=scope.at(node)),)

    def _merged(
        self, node: nodes.Node, before: dict[str, Binding], after: list[dict[str, Binding]], scope: Scope
    ) -> tuple[Merge, ...]:
        """One slot for each name that an arm bound, whichever arm it was."""
        changed = dict.fromkeys(name for names in after for name in names if names[name] is not before.get(name))
        scope.names, merges = dict(before), []
        for name in changed:
            values = [names.get(name) or self._unbound(name, node, scope) for names in after]
            if not all(isinstance(value, Expr) for value in values):
                scope.names.pop(name, None)  # a macro of one arm is not known behind the branch
                continue
            slot = self.draft.slot(name, scope)
            merges.append(Merge(slot.slot, name, tuple(values)))
            scope.names[name] = slot
        return tuple(merges)

    def _unbound(self, name: str, node: nodes.Node, scope: Scope) -> Expr:
        at = scope.at(node)
        return Input(name, place=at) if scope.sees_inputs and name in self.draft.schema else undefined(name, at)

    def _for(self, node: nodes.For, scope: Scope) -> Body:
        if node.recursive:
            raise refused("a loop cannot be recursive", node, scope, "nest two loops")
        if not isinstance(node.target, nodes.Name):
            return (Opaque("a loop that takes its items apart", place=scope.at(node)),)
        items = self.expr(node.iter, scope)
        number = self.draft.loops
        self.draft.loops += 1
        inner = scope.inner(node, for_branch="body")
        inner.loops += 1
        item = self.draft.slot(node.target.name, inner, self.draft.reader.known(items).element())
        inner.names[node.target.name] = item
        condition = self._condition(node, scope, item)
        if "loop" in find_undeclared(node.iter_child_nodes(only=("body",)), ("loop",)):
            inner.names["loop"] = LoopVariable(number, inner.loops)
        line = f"{scope.place}:{int(node.lineno)}"
        branch = self.draft.branch(f"{line}.for")
        body = self.body(node.body, inner)
        otherwise_branch = self.draft.branch(f"{line}.else") if node.else_ else None
        otherwise = self.body(node.else_, scope.inner(node, for_branch="else"))
        loop = Loop(
            number, item.slot, node.target.name, items, body, condition, otherwise, branch, otherwise_branch,
            place=scope.at(node),
        )  # fmt: skip
        return (loop,)

    def _condition(self, node: nodes.For, scope: Scope, item: Local) -> Expr | None:
        """The condition of a loop, if it has one, which does not see what the body sets."""
        if node.test is None:
            return None
        testing = scope.inner(node, for_branch="test")
        testing.loops += 1
        testing.names[node.target.name] = item  # type: ignore[attr-defined]
        return self.expr(node.test, testing)

    def _assign(self, node: nodes.Assign, scope: Scope) -> Body:
        if not isinstance(node.target, nodes.Name):
            raise refused("set takes one name", node, scope, "write a set for each name")
        return (self.bound(node.target.name, self.expr(node.node, scope), scope),)

    def _assign_block(self, node: nodes.AssignBlock, scope: Scope) -> Body:
        if not isinstance(node.target, nodes.Name):
            raise refused("set takes one name", node, scope, "write a set for each name")
        body = self.body(node.body, scope.inner(node))
        at = scope.at(node)
        name = node.target.name
        if node.filter is not None:
            value = self._filtered(node.filter, body, scope)
            return (self.bound(name, value, scope),)
        slot = self.draft.slot(name, scope)
        scope.names[name] = slot
        return (Capture(slot.slot, name, body, self.draft.autoescape, place=at),)

    def _filter_block(self, node: nodes.FilterBlock, scope: Scope) -> Body:
        if node.filter.name not in TEXT_FILTERS:
            raise refused(f"a filter block must give a text, which {node.filter.name} does not", node, scope)
        value = self._filtered(node.filter, self.body(node.body, scope.inner(node)), scope)
        return (Show(value, False, "an expression", None, place=scope.at(node)),)

    def _filtered(self, node: nodes.Filter, body: Body, scope: Scope) -> Expr:
        """A chain of filters on what a body writes."""
        of: Expr = Captured(body, self.draft.autoescape, place=scope.at(node))
        if node.node is not None:
            of = self._filtered(node.node, body, scope)  # type: ignore[arg-type]
        name = ALIASES.get(node.name, node.name)
        if name not in FILTERS:
            raise refused(f"unknown filter {node.name!r}", node, scope)
        arguments = tuple(self.expr(one, scope) for one in node.args)
        options = tuple((str(one.key), self.expr(one.value, scope)) for one in node.kwargs)
        return Apply(of, name, arguments, options, place=scope.at(node))

    def _with(self, node: nodes.With, scope: Scope) -> Body:
        inner = scope.inner(node)
        values = [self.expr(value, scope) for value in node.values]
        binds = []
        for target, value in zip(node.targets, values, strict=True):
            if not isinstance(target, nodes.Name):
                raise refused("with takes names", node, scope, "write a name for each value")
            binds.append(self.bound(target.name, value, inner))
        return (*binds, *self.body(node.body, inner))


Write = Callable[..., Body]
STATEMENTS: Mapping[type, Write] = {
    nodes.Output: FrontEnd._output,
    nodes.If: FrontEnd._if,
    nodes.For: FrontEnd._for,
    nodes.Assign: FrontEnd._assign,
    nodes.AssignBlock: FrontEnd._assign_block,
    nodes.FilterBlock: FrontEnd._filter_block,
    nodes.With: FrontEnd._with,
    nodes.Include: FrontEnd._include,
    nodes.Block: FrontEnd._block,
    nodes.Macro: FrontEnd._macro,
    nodes.CallBlock: FrontEnd._call_block,
    nodes.Import: FrontEnd._import,
    nodes.FromImport: FrontEnd._from_import,
}
