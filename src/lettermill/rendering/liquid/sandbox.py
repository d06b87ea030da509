"""The environment Liquid templates run in: keys and positions alone can be reached, loops and sizes are bounded, no
clock is read, and each branch that is taken leaves its id."""

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TextIO

from liquid import BoundTemplate, RenderContext
from liquid.ast import BlockNode, Node
from liquid.builtin.expressions import Path
from liquid.builtin.expressions.filtered import Filter
from liquid.builtin.expressions.primitive import RangeLiteral
from liquid.builtin.tags.for_tag import ForLoop
from liquid.builtin.tags.include_tag import IncludeNode
from liquid.builtin.tags.render_tag import RenderNode
from liquid.builtin.tags.tablerow_tag import TableRow
from liquid.exceptions import TemplateNotFoundError
from liquid.undefined import Undefined
from liquid.utils import ReadOnlyChainMap

from lettermill.rendering.filters import RenderFault
from lettermill.rendering.liquid.arms import arms_of
from lettermill.rendering.liquid.parsing import Language, nodes_of
from lettermill.rendering.liquid.tree import blocks, parts

MAX_BYTES = 1_000_000
MAX_STEPS = 20_000
MAX_RANGE = 1_000
MAX_NAMED = 20_000_000  # bytes of all that a template's names hold
MAX_WORK = 500_000_000  # characters and items that filters are given
REACHED = (dict, list, tuple, str, range, ForLoop, TableRow)


@dataclass
class Trace:
    """What one rendering came through: branch ids, steps of loops so far, and what its filters were given."""

    branches: dict[str, None] = field(default_factory=dict)
    steps: int = 0
    work: int = 0

    def step(self, steps: int = 1) -> None:
        """Count steps of loops."""
        self.steps += steps
        if self.steps > MAX_STEPS:
            raise RenderFault(f"loops take more than {MAX_STEPS:,} steps")

    def worked(self, value: Any) -> None:
        """Count what a filter is given: the bound on time that is the same on every machine."""
        # What is missing refuses to be asked for its class.
        self.work += len(value) if issubclass(type(value), str | list | tuple | range) else 1
        if self.work > MAX_WORK:
            raise RenderFault("the filters have too much to do")


class Context(RenderContext):
    """What names mean while a template is rendered."""

    def __init__(self, template: BoundTemplate, **options: Any) -> None:
        super().__init__(template, **options)
        self.scope = ReadOnlyChainMap(self.locals, self.globals, {}, self.counters)  # without `now` and `today`

    def get_item(self, obj: Any, key: Any) -> Any:
        """Keys of mappings and positions of lists, and what loops know; nothing else is within reach."""
        if not isinstance(obj, REACHED):
            raise TypeError
        return super().get_item(obj, key)


class Template(BoundTemplate):
    """A template of a Sandbox."""

    context_class = Context


class Sandbox(Language):
    """Renders one part of one template, and the files that it includes."""

    template_class = Template
    output_stream_limit = MAX_BYTES
    local_namespace_limit = MAX_NAMED

    def __init__(self, part: str, *, source: str, partials: Mapping[str, str], autoescape: bool) -> None:
        super().__init__(autoescape=autoescape)
        self.part = part
        self.here = threading.local()
        self.files = {name: self._bound(name, f"{part}:{name}", text) for name, text in partials.items()}
        self.template = self._bound(part, part, source)

    @property
    def trace(self) -> Trace:
        """What the rendering that this thread is at came through."""
        trace: Trace = self.here.trace
        return trace

    @trace.setter
    def trace(self, trace: Trace) -> None:
        self.here.trace = trace

    def get_template(self, name: str, **_options: Any) -> BoundTemplate:
        """One of the files that were given, parsed once."""
        if name not in self.files:
            raise TemplateNotFoundError("no such file", token=None)
        return self.files[name]

    def _bound(self, name: str, place: str, source: str) -> BoundTemplate:
        nodes = nodes_of(self, source, file=name)
        _instrument(nodes, place)
        return Template(self, nodes, name=name)


class MarkedBlock(BlockNode):
    """A block that leaves its id, and counts the steps of its loop."""

    __slots__ = ("branch", "loops")

    def __init__(self, block: BlockNode, branch: str, *, loops: bool) -> None:
        super().__init__(block.token, block.nodes)
        self.blank = block.blank  # what its tag made of it, not what its nodes say
        self.branch, self.loops = branch, loops

    def render_to_output(self, context: RenderContext, buffer: TextIO) -> int:
        """Note that the rendering came through here, and go on."""
        trace = context.env.trace  # type: ignore[attr-defined]
        trace.branches[self.branch] = None
        if self.loops:
            trace.step()
        return super().render_to_output(context, buffer)


class MarkedInclude(IncludeNode):
    """An include that leaves the id of its file, and counts its steps."""

    __slots__ = ()

    def render_to_output(self, context: RenderContext, buffer: TextIO) -> int:
        """Note that the rendering came through here, and go on."""
        _came_to_file(self, context, loops=True)
        return super().render_to_output(context, buffer)


class MarkedRender(RenderNode):
    """A render that leaves the id of its file, and counts its steps."""

    __slots__ = ()

    def render_to_output(self, context: RenderContext, buffer: TextIO) -> int:
        """Note that the rendering came through here, and go on."""
        _came_to_file(self, context, loops=self.loop)
        return super().render_to_output(context, buffer)


def _came_to_file(node: IncludeNode | RenderNode, context: RenderContext, *, loops: bool) -> None:
    sandbox = context.env
    assert isinstance(sandbox, Sandbox)
    sandbox.trace.branches[f"{sandbox.part}:{node.name.value}"] = None  # type: ignore[union-attr]
    if loops and node.var is not None:
        value = node.var.evaluate(context)
        sandbox.trace.step(len(value) if isinstance(value, list | tuple) else 0)


class ShortRange(RangeLiteral):
    """A range of at most MAX_RANGE numbers."""

    __slots__ = ()

    def _make_range(self, start: Any, stop: Any) -> range:
        numbers = super()._make_range(start, stop)
        if numbers.stop - numbers.start > MAX_RANGE:
            raise RenderFault(f"a range of more than {MAX_RANGE:,}")
        return numbers


class CountedFilter(Filter):
    """A filter that counts what it is given."""

    __slots__ = ()

    def evaluate(self, left: object, context: RenderContext) -> object:
        """Apply it."""
        context.env.trace.worked(left)  # type: ignore[attr-defined]
        return super().evaluate(left, context)


class NamedPath(Path):
    """A path that, where it leads nowhere, is called what the template calls it, without values of the data."""

    __slots__ = ()

    def evaluate(self, context: RenderContext) -> object:
        """What the path leads to."""
        found = super().evaluate(context)
        if issubclass(type(found), Undefined):  # it refuses to be asked for its class
            found.msg = f"{self} is missing"  # type: ignore[attr-defined]
        return found


INSTRUMENTED: Mapping[type, type] = {
    IncludeNode: MarkedInclude,
    RenderNode: MarkedRender,
    RangeLiteral: ShortRange,
    Filter: CountedFilter,
    Path: NamedPath,
}
"""For what python-liquid's parser makes, what stands in its stead. Each only adds to what rendering does."""


def _instrument(nodes: Iterable[Node], place: str) -> None:
    for node in nodes:
        for part in parts(node):
            if type(part) in INSTRUMENTED:
                part.__class__ = INSTRUMENTED[type(part)]
        for arm in arms_of(node):
            arm.put(MarkedBlock(arm.block, arm.branch(place), loops=arm.kind == "for"))
        for block in blocks(node):
            _instrument(block.nodes, place)
