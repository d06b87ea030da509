"""The files that a template renders and includes, put where they stand."""

from typing import TYPE_CHECKING

from liquid.ast import Node
from liquid.builtin.expressions import StringLiteral
from liquid.builtin.tags.assign_tag import AssignNode
from liquid.builtin.tags.capture_tag import CaptureNode
from liquid.builtin.tags.include_tag import IncludeNode
from liquid.builtin.tags.render_tag import RenderNode

from lettermill.rendering.liquid.parsing import parsed
from lettermill.rendering.liquid.scopes import FIRST_DEPTH, MAX_DEPTH, Binding, Locals, LoopVariable, Scope, refused
from lettermill.rendering.liquid.tree import nodes
from lettermill.rendering.plan.nodes import (
    Arm,
    Branch,
    Compare,
    Expr,
    Literal,
    Loop,
    Mark,
    Opaque,
    Place,
    Section,
    Statement,
)  # fmt: skip
from lettermill.rendering.plan.reading import Known, is_list

if TYPE_CHECKING:
    from lettermill.rendering.liquid.frontend import FrontEnd

Body = tuple[Statement, ...]


class Files:
    """Translates `include` and `render`; `writer` writes the statements of the files."""

    def __init__(self, writer: "FrontEnd") -> None:
        self.writer = writer
        self.draft = writer.draft
        self.open: set[str] = set()  # files that `assigned` is within

    def include(self, node: IncludeNode, scope: Scope) -> Body:
        """`include`: the file sees all names, and what it assigns is seen behind it."""
        if scope.isolated:
            raise refused("a file that is rendered cannot include", node.token, scope, "use render")
        file = self._file(node.name, node, scope)
        front = {**scope.front, **self._given(node, scope)}
        inner = scope.inner(
            file=file, place=f"{self.draft.name}:{file}", front=front, within=(*scope.within, file),
            depth=scope.depth + 2, stoppable=False,
        )  # fmt: skip
        return self._section(node, file, inner, self._bound(node, file, inner, scope, loops=True))

    def render(self, node: RenderNode, scope: Scope) -> Body:
        """`render`: the file sees the inputs and what it is given, and nothing of it is seen outside."""
        file = self._file(node.name, node, scope)
        inner = Scope(
            file, f"{self.draft.name}:{file}", Locals(dict(self._given(node, scope))), loops=scope.loops,
            within=(*scope.within, file), isolated=True, steady=False, depth=FIRST_DEPTH,
        )  # fmt: skip
        return self._section(node, file, inner, self._bound(node, file, inner, scope, loops=node.loop))

    def assigned(self, within: list[Node]) -> list[str]:
        """The names that nodes assign, those of the files that they include among them."""
        found: dict[str, None] = {}
        for node in nodes(within):
            if isinstance(node, AssignNode | CaptureNode):
                found[str(node.name)] = None
            elif isinstance(node, IncludeNode) and isinstance(node.name, StringLiteral):
                found |= dict.fromkeys(self._assigned_by(node.name.value))
        return list(found)

    def _assigned_by(self, file: str) -> list[str]:
        if file in self.open or file not in self.draft.partials:
            return []
        self.open.add(file)
        found = self.assigned(parsed(self.draft.partials[file], file=file))
        self.open.discard(file)
        return found

    def _file(self, name: object, node: Node, scope: Scope) -> str:
        tag = str(node.token.value)
        a_tag = f"an {tag}" if tag == "include" else f"a {tag}"
        if not isinstance(name, StringLiteral):
            raise refused(f"{a_tag} must name its file", node.token, scope, f"write {{% {tag} 'blocks/name.html' %}}")
        file: str = name.value
        if file in scope.within:
            raise refused(f"{file} includes itself", node.token, scope, "take one file out of the circle")
        if file not in self.draft.partials:
            raise refused(f"no file {file!r} to {tag}", node.token, scope, f"{tag} a file of the campaign's folder")
        if scope.depth + 2 > MAX_DEPTH:
            raise refused("loops and includes nest too deep", node.token, scope, "take one out")
        return file

    def _given(self, node: IncludeNode | RenderNode, scope: Scope) -> dict[str, Binding]:
        """What the tag gives the file by name."""
        return {one.name: self.writer.expr(one.value, scope) for one in node.args}

    def _section(self, node: Node, file: str, inner: Scope, body: Body) -> Body:
        branch = self.draft.branch(inner.place)
        return (Section("include", file, (Mark(branch), *body), place=inner.at(node.token)),)

    def _bound(self, node: IncludeNode | RenderNode, file: str, inner: Scope, outer: Scope, *, loops: bool) -> Body:
        """The file for a value, for each item of a list, or once."""
        source = self.draft.partials[file]
        statements = parsed(source, file=file)
        if node.var is None:
            return self.writer.body(statements, inner)
        value = self.writer.expr(node.var, outer)
        key = str(node.alias or file.split(".")[0])
        known = self.draft.reader.known(value)
        at = outer.at(node.token)
        if loops and known.type is None:
            return (
                Opaque("a file for what may be a list or not", place=at),
                *self._once(statements, key, value, inner),
            )
        if loops and is_list(known.type):  # type: ignore[arg-type]
            return self._each(statements, key, value, known, inner, at)
        return self._once(statements, key, value, inner)

    def _once(self, statements: list[Node], key: str, value: Expr, inner: Scope) -> Body:
        if inner.isolated:
            inner.local.names[key] = value
            return self.writer.body(statements, inner)
        return self.writer.body(statements, inner.inner(front={**inner.front, key: value}))

    def _each(self, statements: list[Node], key: str, items: Expr, known: Known, inner: Scope, at: Place) -> Body:
        """A list has the file once for each item; where it is null the file is there once, for nil."""
        loops = self.writer.loops
        loop = LoopVariable(self.draft.loop(), inner.loops + 1, key)
        step = inner.inner(loops=inner.loops + 1, depth=inner.depth + 1, steady=False)
        item = self.draft.slot(key, step, known.element())
        names = self.assigned(statements)
        if inner.isolated and {key, "forloop"} & set(names):
            why = "a file that assigns what it is rendered for"
            return (Opaque(why, (items,), place=at), *self._once(statements, key, item, inner))
        entered = loops.enter(names, inner)
        if inner.isolated:
            step = step.inner(loop=loop)
            inner.local.names |= {"forloop": loop, key: item}
        else:
            step = step.inner(front={**inner.front, key: item})
        body = self.writer.body(statements, step)
        carried = loops.leave(entered, inner)
        null = Compare(items, (("eq", Literal(None, place=at)),), place=at)
        once = Arm(null, (Opaque("a file for a list that is null", place=at),), None)
        each = Loop(loop.number, item.slot, key, items, body, carried=carried, place=at)
        return (Branch((once,), place=at), each)
