"""Templates made of several: includes, imports, macros and inheritance, resolved while the plan is written."""

from jinja2 import nodes

from lettermill.rendering.jinja.expressions import Expressions, refused, undefined
from lettermill.rendering.jinja.parsing import parsed
from lettermill.rendering.jinja.scopes import Blocks, Draft, Macro, Module, Scope
from lettermill.rendering.plan.nodes import Bind, Expr, Mark, Section, Statement

Body = tuple[Statement, ...]


class Composition:
    """The statements that bring in other bodies. The front end gives `body`, `statement`, `expr` and `bound`."""

    draft: Draft
    expressions: Expressions

    def body(self, statements: list[nodes.Node], scope: Scope) -> Body:
        """The statements one after the other."""
        raise NotImplementedError

    def statement(self, node: nodes.Node, scope: Scope) -> Body:
        """One statement of Jinja2, as none, one or several of the plan."""
        raise NotImplementedError

    def bound(self, name: str, value: Expr, scope: Scope) -> Bind:
        """Bind a name from here on."""
        slot = self.draft.slot(name, scope, self.draft.reader.known(value))
        scope.names[name] = slot
        return Bind(slot.slot, name, value, place=value.place)

    def template(self, template: nodes.Template, scope: Scope) -> Body:
        """A whole template: with its parents, if it extends one."""
        extends = template.find(nodes.Extends)
        for block in template.find_all(nodes.Block):
            self.draft.blocks.definitions.setdefault(block.name, []).append((block, scope))
        self.draft.blocks.exports = scope.open(template)
        if extends is None:
            return self.body(template.body, scope)
        return self._child(template, extends, scope)

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

    def _macro(self, node: nodes.Macro, scope: Scope) -> Body:
        scope.names[node.name] = Macro(node.name, node, scope)
        return ()

    def _macro_call(self, macro: Macro, node: nodes.Call, scope: Scope, caller: Macro | None) -> Body:
        if node.dyn_args or node.dyn_kwargs:
            raise refused("a macro takes its arguments one by one", node, scope)
        inner = macro.scope.inner(macro.node)
        inner.loops = scope.loops
        inner.names.pop("caller", None)
        if caller is not None:
            inner.names["caller"] = caller
        given = {one.key: self.expressions.expr(one.value, scope) for one in node.kwargs}
        positional = [self.expressions.expr(one, scope) for one in node.args]
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
                value = given.get(name) or (self.expressions.expr(default, inner) if default is not None else None)
                binds.append(self.bound(name, value or undefined(name, scope.at(node)), inner))
            body = self.body(macro.node.body, inner)
        return (Section("macro", macro.name, (*binds, *body), place=scope.at(node)),)

    def _call_block(self, node: nodes.CallBlock, scope: Scope) -> Body:
        macro = self.expressions.macro_of(node.call.node, scope)
        if macro is None:
            raise refused("call must name a macro", node, scope, "define the macro above the call")
        return self._macro_call(macro, node.call, scope, Macro("caller", node, scope))

    def called(self, macro: Macro | None, node: nodes.Call, scope: Scope) -> Body:
        """The statements of a macro's call; no macro: of `super()`."""
        if macro is not None:
            return self._macro_call(macro, node, scope, None)
        blocks = self.draft.blocks
        name, level = blocks.open[-1] if blocks.open else ("", 0)
        if level + 1 >= len(blocks.definitions.get(name, ())):
            raise refused("super() stands where no block is derived", node, scope, "take it out")
        return self._block_at(name, level + 1, None, scope.loops)

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
