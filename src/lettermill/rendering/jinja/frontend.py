"""Jinja2's templates as plans: statements, with includes, macros and inheritance resolved."""

from collections.abc import Callable, Mapping

import pyarrow as pa
from jinja2 import nodes
from jinja2.compiler import find_undeclared
from markupsafe import escape

from lettermill.rendering.filters import FILTERS
from lettermill.rendering.jinja.expressions import ALIASES, Expressions, refused, undefined
from lettermill.rendering.jinja.parsing import parsed, words_of
from lettermill.rendering.jinja.scopes import Binding, Blocks, Draft, LoopVariable, Macro, Module, Scope
from lettermill.rendering.plan.branches import branch_order
from lettermill.rendering.plan.nodes import (
    Apply,
    Arm,
    Bind,
    Branch,
    Capture,
    Captured,
    Expr,
    Input,
    Literal,
    Loop,
    Mark,
    Merge,
    Opaque,
    Plan,
    Rules,
    Section,
    Show,
    Statement,
    Text,
)  # fmt: skip

RULES = Rules(falsy="python", null_text="None", true_text="True", false_text="False", missing="fault")
Body = tuple[Statement, ...]
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


class FrontEnd:
    """Writes statements; one for each plan."""

    def __init__(self, draft: Draft) -> None:
        self.draft = draft
        self.expressions = Expressions(draft, self.called)
        self.expr = self.expressions.expr

    def template(self, template: nodes.Template, scope: Scope) -> Body:
        """A whole template: with its parents, if it extends one."""
        extends = template.find(nodes.Extends)
        for block in template.find_all(nodes.Block):
            self.draft.blocks.definitions.setdefault(block.name, []).append((block, scope))
        self.draft.blocks.exports = scope.open(template)
        if extends is None:
            return self.body(template.body, scope)
        return self._child(template, extends, scope)

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

    def _child(self, template: nodes.Template, extends: nodes.Extends, scope: Scope) -> Body:
        """A template that extends another: its assignments and macros, then its parent with its blocks."""
        before: list[Statement] = []
        for node in template.body:
            if isinstance(node, nodes.Assign | nodes.AssignBlock | nodes.Macro | nodes.Import | nodes.FromImport):
                before += self.statement(node, scope)
            elif not isinstance(node, nodes.Extends | nodes.Block | nodes.Output):
                problem = "beside blocks, a template that extends another may only set, import and define macros"
                raise refused(problem, node, scope)
        file = self._file(extends.template, extends, scope, "extend")
        parent = Scope(file, f"{self.draft.name}:{file}", scope.seen(), scope.sees_inputs, within=(*scope.within, file))
        return (*before, *self.template(parsed(self.draft.partials[file], file=file), parent))

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
        branch = self.draft.branch(f"{scope.place}:{int(node.lineno)}.else") if node.else_ else None
        otherwise = self.body(node.else_, scope)
        merges = self._merged(node, before, [*after, scope.names], scope)
        return (Branch(tuple(arms), otherwise, branch, merges, place=scope.at(node)),)

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
        condition = self.expr(node.test, inner) if node.test is not None else None
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

    def _assign(self, node: nodes.Assign, scope: Scope) -> Body:
        if not isinstance(node.target, nodes.Name):
            raise refused("set takes one name", node, scope, "write a set for each name")
        return (self._bound(node.target.name, self.expr(node.node, scope), scope),)

    def _bound(self, name: str, value: Expr, scope: Scope) -> Bind:
        slot = self.draft.slot(name, scope, self.draft.reader.known(value))
        scope.names[name] = slot
        return Bind(slot.slot, name, value, place=value.place)

    def _assign_block(self, node: nodes.AssignBlock, scope: Scope) -> Body:
        if not isinstance(node.target, nodes.Name):
            raise refused("set takes one name", node, scope, "write a set for each name")
        body = self.body(node.body, scope.inner(node))
        at = scope.at(node)
        name = node.target.name
        if node.filter is not None:
            value = self._filtered(node.filter, body, scope)
            return (self._bound(name, value, scope),)
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
        options = tuple((one.key, self.expr(one.value, scope)) for one in node.kwargs)
        return Apply(of, name, arguments, options, place=scope.at(node))

    def _with(self, node: nodes.With, scope: Scope) -> Body:
        inner = scope.inner(node)
        values = [self.expr(value, scope) for value in node.values]
        binds = []
        for target, value in zip(node.targets, values, strict=True):
            if not isinstance(target, nodes.Name):
                raise refused("with takes names", node, scope, "write a name for each value")
            binds.append(self._bound(target.name, value, inner))
        return (*binds, *self.body(node.body, inner))

    def _include(self, node: nodes.Include, scope: Scope) -> Body:
        named = isinstance(node.template, nodes.Const) and node.template.value
        if node.ignore_missing and named and named not in self.draft.partials:
            return ()
        file = self._file(node.template, node, scope, "include")
        place = f"{self.draft.name}:{file}"
        branch = self.draft.branch(place)
        names = scope.seen() if node.with_context else {}
        sees = scope.sees_inputs and node.with_context
        inner = Scope(file, place, names, sees, scope.loops, (*scope.within, file))
        template = parsed(self.draft.partials[file], file=file)
        outer, self.draft.blocks = self.draft.blocks, Blocks()
        body = self.template(template, inner)
        self.draft.blocks = outer
        return (Section("include", file, (Mark(branch), *body), place=scope.at(node)),)

    def _file(self, node: nodes.Node, at: nodes.Node, scope: Scope, verb: str) -> str:
        if not isinstance(node, nodes.Const) or not isinstance(node.value, str):
            problem = f"{'an' if verb[0] in 'aeiou' else 'a'} {verb} must name its file"
            raise refused(problem, at, scope, f"write {{% {verb} 'blocks/name.html.j2' %}}")
        file: str = node.value
        if file in scope.within:
            raise refused(f"{file} includes itself", at, scope, "take one include out of the circle")
        if file not in self.draft.partials:
            raise refused(f"no file {file!r} to {verb}", at, scope, f"{verb} a file of the campaign's folder")
        return file

    def _block(self, node: nodes.Block, scope: Scope) -> Body:
        return self._block_at(node.name, 0, scope if node.scoped else None, scope.loops)

    def _block_at(self, name: str, level: int, within: Scope | None, loops: int) -> Body:
        """The definition of a block that is `level` steps up from the most derived."""
        blocks = self.draft.blocks
        node, home = blocks.definitions[name][level]
        exports = within or blocks.exports
        assert exports is not None
        names = {key: value for key, value in exports.seen().items() if within or not key.startswith("_")}
        inner = Scope(home.file, home.place, names, home.sees_inputs, loops, home.within).open(node)
        blocks.open.append((name, level))
        body = self.body(node.body, inner)
        blocks.open.pop()
        return (Section("block", name, body, place=home.at(node)),)

    def called(self, macro: Macro | None, node: nodes.Call, scope: Scope) -> Body:
        """The statements of a macro's call; no macro: of `super()`."""
        if macro is not None:
            return self._macro_call(macro, node, scope, None)
        blocks = self.draft.blocks
        name, level = blocks.open[-1] if blocks.open else ("", 0)
        if level + 1 >= len(blocks.definitions.get(name, ())):
            raise refused("super() stands where no block is derived", node, scope, "take it out")
        return self._block_at(name, level + 1, None, scope.loops)

    def _macro_call(self, macro: Macro, node: nodes.Call, scope: Scope, caller: Macro | None) -> Body:
        if node.dyn_args or node.dyn_kwargs:
            raise refused("a macro takes its arguments one by one", node, scope)
        inner = macro.scope.inner(macro.node)
        inner.loops = scope.loops
        inner.names.pop("caller", None)
        if caller is not None:
            inner.names["caller"] = caller
        given = {one.key: self.expr(one.value, scope) for one in node.kwargs}
        positional = [self.expr(one, scope) for one in node.args]
        names = [one.name for one in macro.node.args]
        if len(positional) > len(names) or set(given) - set(names) or set(given) & set(names[: len(positional)]):
            problem = f"macro {macro.name!r} takes ({', '.join(names)})"
            raise refused(problem, node, scope, "give it these arguments")
        given |= dict(zip(names, positional, strict=False))
        defaults = dict(zip(reversed(names), reversed(macro.node.defaults), strict=False))
        with self.draft.calling(f"{macro.scope.file}/{macro.name}", scope.at(node)):
            binds: list[Statement] = []
            for name in names:
                default = defaults.get(name)
                value = given.get(name) or (self.expr(default, inner) if default is not None else None)
                binds.append(self._bound(name, value or undefined(name, scope.at(node)), inner))
            body = self.body(macro.node.body, inner)
        return (Section("macro", macro.name, (*binds, *body), place=scope.at(node)),)

    def _call_block(self, node: nodes.CallBlock, scope: Scope) -> Body:
        macro = self.expressions.macro_of(node.call.node, scope)
        if macro is None:
            raise refused("call must name a macro", node, scope, "define the macro above the call")
        return self._macro_call(macro, node.call, scope, Macro("caller", node, scope))

    def _macro(self, node: nodes.Macro, scope: Scope) -> Body:
        scope.names[node.name] = Macro(node.name, node, scope)
        return ()

    def _import(self, node: nodes.Import, scope: Scope) -> Body:
        binds, module = self._module(node, scope)
        scope.names[node.target] = module
        return binds

    def _from_import(self, node: nodes.FromImport, scope: Scope) -> Body:
        binds, module = self._module(node, scope)
        for name in node.names:
            own, alias = (name, name) if isinstance(name, str) else name
            if own not in module.names:
                raise refused(f"{module.file} has no {own!r}", node, scope, "import a macro that it defines")
            scope.names[alias] = module.names[own]
        return binds

    def _module(self, node: nodes.Import | nodes.FromImport, scope: Scope) -> tuple[Body, Module]:
        file = self._file(node.template, node, scope, "import")
        names = scope.seen() if node.with_context else {}
        sees = scope.sees_inputs and node.with_context
        inner = Scope(file, f"{self.draft.name}:{file}", dict(names), sees, scope.loops, (*scope.within, file))
        binds: list[Statement] = []
        template = parsed(self.draft.partials[file], file=file)
        inner.open(template)
        for one in template.body:
            if isinstance(one, nodes.Macro | nodes.Assign | nodes.Import | nodes.FromImport):
                binds += self.statement(one, inner)
            elif not isinstance(one, nodes.Output) or not all(isinstance(n, nodes.TemplateData) for n in one.nodes):
                raise refused("a file that is imported may only define macros and set names", one, inner)
        own = {name: value for name, value in inner.seen().items() if value is not names.get(name)}
        return tuple(binds), Module(file, own)


Write = Callable[[FrontEnd, nodes.Node, Scope], Body]
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
