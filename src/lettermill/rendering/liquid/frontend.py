"""Liquid's templates as plans: statements, with the files that they render and include put where they stand."""

from collections.abc import Callable, Mapping
from typing import Any

import pyarrow as pa
from liquid.ast import BlockNode, Node
from liquid.builtin.content import ContentNode
from liquid.builtin.output import OutputNode
from liquid.builtin.tags.assign_tag import AssignNode
from liquid.builtin.tags.capture_tag import CaptureNode
from liquid.builtin.tags.case_tag import CaseNode
from liquid.builtin.tags.comment_tag import CommentNode
from liquid.builtin.tags.cycle_tag import CycleNode
from liquid.builtin.tags.decrement_tag import DecrementNode
from liquid.builtin.tags.doc_tag import DocNode
from liquid.builtin.tags.echo_tag import EchoNode
from liquid.builtin.tags.for_tag import BreakNode, ContinueNode, ForNode
from liquid.builtin.tags.if_tag import IfNode
from liquid.builtin.tags.ifchanged_tag import IfChangedNode
from liquid.builtin.tags.include_tag import IncludeNode
from liquid.builtin.tags.increment_tag import IncrementNode
from liquid.builtin.tags.inline_comment_tag import InlineCommentNode
from liquid.builtin.tags.liquid_tag import LiquidNode
from liquid.builtin.tags.render_tag import RenderNode
from liquid.builtin.tags.tablerow_tag import TablerowNode
from liquid.builtin.tags.unless_tag import UnlessNode
from liquid.stringify import to_liquid_string

from lettermill.rendering.liquid.arms import Arm as Block
from lettermill.rendering.liquid.branching import Branches
from lettermill.rendering.liquid.expressions import Expressions
from lettermill.rendering.liquid.files import Files
from lettermill.rendering.liquid.loops import Loops
from lettermill.rendering.liquid.parsing import parsed, words_of
from lettermill.rendering.liquid.scopes import Draft, Locals, Scope, refused
from lettermill.rendering.liquid.stops import BROKEN, SKIPPED
from lettermill.rendering.plan.branches import branch_order
from lettermill.rendering.plan.nodes import (
    Arm,
    Bind,
    Capture,
    Expr,
    Literal,
    Not,
    Opaque,
    Plan,
    Rules,
    Show,
    Statement,
    Text,
)  # fmt: skip

RULES = Rules(falsy="nil", null_text="", true_text="true", false_text="false", missing="fault", of_null="nothing")
Body = tuple[Statement, ...]


def plan_of(
    source: str, *, name: str, schema: Mapping[str, pa.DataType], autoescape: bool, partials: Mapping[str, str]
) -> Plan:
    """The plan of a Liquid template that branch ids call `name`.

    `schema` gives the inputs. Raises TemplateError with file and line for a syntax error, a file that is not among
    `partials`, an input or field that is not in the schema, and whatever is outside the language.
    """
    draft = Draft(name, autoescape, partials, schema)
    scope = Scope(name, name, Locals(), within=(name,))
    body = FrontEnd(draft).body(parsed(source, file=name), scope)
    return Plan("liquid", RULES, body, tuple(sorted(draft.branches, key=branch_order)), draft.slots, draft.loops)


class FrontEnd:
    """Writes statements; one for each plan."""

    def __init__(self, draft: Draft) -> None:
        self.draft = draft
        self.expressions = Expressions(draft)
        self.expr = self.expressions.expr
        self.branches = Branches(self)
        self.loops = Loops(self)
        self.files = Files(self)

    def body(self, nodes: list[Node], scope: Scope) -> Body:
        """The statements one after the other, with neighbouring texts made one."""
        written: list[Statement] = []
        for number, node in enumerate(nodes):
            skipped = scope.local.names.get(SKIPPED)
            for statement in self.statement(node, scope):
                if isinstance(statement, Text) and written and isinstance(written[-1], Text):
                    written[-1] = Text(written[-1].text + statement.text, place=written[-1].place)
                else:
                    written.append(statement)
            now = scope.local.names.get(SKIPPED)
            if now is not skipped and isinstance(now, Expr):
                return (*written, *self._where_not(now, node, nodes[number + 1 :], scope))
        return tuple(written)

    def _where_not(self, skipped: Expr, node: Node, rest: list[Node], scope: Scope) -> Body:
        """What stands behind a `break` or `continue` that some came to and some did not."""
        if not rest:
            return ()
        before = dict(scope.local.names)
        arm = Arm(Not(skipped), self.body(rest, scope.inner(steady=False)), None)
        return self.branches.branched(node, [arm], [scope.local.names], before, [], scope)

    def block(self, block: BlockNode, scope: Scope) -> Body:
        """A tag's block: one of white space, assignments and comments alone writes nothing."""
        return self.body(block.nodes, scope.inner(silent=scope.silent or block.blank))

    def statement(self, node: Node, scope: Scope) -> Body:
        """One tag of Liquid, as none, one or several statements of the plan."""
        write = STATEMENTS.get(type(node))
        if write is None:
            word = str(node.token.value)
            raise refused(f"{word} is not part of the template language", node.token, scope)
        return write(self, node, scope)

    def bound(self, name: str, value: Expr, scope: Scope) -> Bind:
        """An assignment."""
        slot = self.draft.slot(name, scope, self.draft.reader.known(value))
        scope.local.names[name] = slot
        return Bind(slot.slot, name, value, place=value.place)

    def branch_of(self, block: Block, scope: Scope) -> str:
        """The id that a block leaves, noted."""
        return self.draft.branch(block.branch(scope.place))

    def _content(self, node: ContentNode, scope: Scope) -> Body:
        return () if scope.silent else (Text(node.text, place=scope.at(node.token)),)

    def _nothing(self, _node: Node, _scope: Scope) -> Body:
        return ()

    def _output(self, node: OutputNode, scope: Scope) -> Body:
        value = self.expr(node.expression, scope)
        if isinstance(value, Literal):
            return (Text(to_liquid_string(value.value, autoescape=False), place=value.place),)
        return (Show(value, self.draft.autoescape, words_of(node.expression), None, place=scope.at(node.token)),)

    def _assign(self, node: AssignNode, scope: Scope) -> Body:
        return (self.bound(str(node.name), self.expr(node.expression, scope), scope),)

    def _capture(self, node: CaptureNode, scope: Scope) -> Body:
        # What is captured is written to a text of its own, wherever the capture stands.
        body = self.block(node.block, scope.inner(silent=False, stoppable=False))
        name = str(node.name)
        slot = self.draft.slot(name, scope)
        scope.local.names[name] = slot
        return (Capture(slot.slot, name, body, self.draft.autoescape, place=scope.at(node.token)),)

    def _liquid(self, node: LiquidNode, scope: Scope) -> Body:
        return self.block(node.block, scope)

    def _count(self, node: IncrementNode | DecrementNode, scope: Scope) -> Body:
        self.draft.counters.add(str(node.name))
        return self._opaque(node, scope)

    def _opaque(self, node: Node, scope: Scope) -> Body:
        return (Opaque(f"the tag {node.token.value}", place=scope.at(node.token)),)

    def _stop(self, node: BreakNode | ContinueNode, scope: Scope) -> Body:
        if not scope.stoppable:
            return self._opaque(node, scope)
        names = (SKIPPED, BROKEN) if isinstance(node, BreakNode) else (SKIPPED,)
        return tuple(self.bound(name, Literal(True, place=scope.at(node.token)), scope) for name in names)

    def _ifchanged(self, node: IfChangedNode, scope: Scope) -> Body:
        # Its body tells which inputs it reads; rows that get here are rendered by the library.
        return (*self._opaque(node, scope), *self.block(node.block, scope.inner(steady=False, stoppable=False)))

    def _if(self, node: IfNode | UnlessNode, scope: Scope) -> Body:
        return self.branches.conditional(node, scope)

    def _case(self, node: CaseNode, scope: Scope) -> Body:
        return self.branches.case(node, scope)

    def _for(self, node: ForNode, scope: Scope) -> Body:
        return self.loops.repeated(node, scope)

    def _tablerow(self, node: TablerowNode, scope: Scope) -> Body:
        return self.loops.table(node, scope)

    def _cycle(self, node: CycleNode, scope: Scope) -> Body:
        return self.loops.cycle(node, scope)

    def _include(self, node: IncludeNode, scope: Scope) -> Body:
        return self.files.include(node, scope)

    def _render(self, node: RenderNode, scope: Scope) -> Body:
        return self.files.render(node, scope)


STATEMENTS: Mapping[type, Callable[[FrontEnd, Any, Scope], Body]] = {
    ContentNode: FrontEnd._content,
    OutputNode: FrontEnd._output,
    EchoNode: FrontEnd._output,
    IfNode: FrontEnd._if,
    UnlessNode: FrontEnd._if,
    CaseNode: FrontEnd._case,
    ForNode: FrontEnd._for,
    TablerowNode: FrontEnd._tablerow,
    CycleNode: FrontEnd._cycle,
    AssignNode: FrontEnd._assign,
    CaptureNode: FrontEnd._capture,
    LiquidNode: FrontEnd._liquid,
    IncludeNode: FrontEnd._include,
    RenderNode: FrontEnd._render,
    CommentNode: FrontEnd._nothing,
    InlineCommentNode: FrontEnd._nothing,
    DocNode: FrontEnd._nothing,
    IncrementNode: FrontEnd._count,
    DecrementNode: FrontEnd._count,
    IfChangedNode: FrontEnd._ifchanged,
    BreakNode: FrontEnd._stop,
    ContinueNode: FrontEnd._stop,
}
