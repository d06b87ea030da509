"""The environment templates run in: no attribute of Python can be reached, loops and sizes are bounded, and each
branch that is taken leaves its id."""

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, time, timedelta
from decimal import Decimal
from functools import wraps
from typing import Any

from jinja2 import DictLoader, StrictUndefined, nodes, pass_environment, pass_eval_context
from jinja2.environment import TemplateModule
from jinja2.filters import do_mark_safe as mark_safe
from jinja2.nodes import EvalContext
from jinja2.runtime import Context, LoopContext, Undefined, markup_join, str_join
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.visitor import NodeTransformer

from lettermill.rendering.filters import FILTERS, MAX_CHARACTERS, TESTS, RenderFault, bounded
from lettermill.rendering.jinja.parsing import OPTIONS, words_of
from lettermill.rendering.plan.reading import PARTS_OF_A_DATE

PRINTED = (str, int, float, Decimal, date, time, timedelta, bytes, dict, list, tuple, range)
MAX_STEPS = 20_000
MAX_RANGE = 1_000
MAX_BITS = 4_096  # of a whole number
MAX_WORK = 500_000_000  # characters and items that filters are given


@dataclass
class Trace:
    """What one rendering came through: branch ids in the order they were first taken, steps of loops so far, and what
    its filters were given."""

    branches: dict[str, None] = field(default_factory=dict)
    steps: int = 0
    work: int = 0

    def worked(self, value: Any) -> None:
        """Count what a filter is given: the bound on time that is the same on every machine."""
        self.work += len(value) if isinstance(value, str | list | tuple | range) else 1
        if self.work > MAX_WORK:
            raise RenderFault("the filters have too much to do")


class Sandbox(ImmutableSandboxedEnvironment):
    """Renders one part of one template. The loader holds the part under its own name and the files it includes."""

    intercepted_binops = frozenset({"*", "%", "+"})

    def __init__(self, part: str, *, source: str, partials: Mapping[str, str], autoescape: bool | None = None) -> None:
        super().__init__(
            loader=DictLoader({**partials, part: source}),
            autoescape=part == "html" if autoescape is None else autoescape,
            undefined=StrictUndefined,
            auto_reload=False,
            optimized=False,  # or a branch's id, which is a constant, would be left when its file is compiled
            **OPTIONS,
        )
        self.part = part
        self.here = threading.local()
        self.concat = bounded_concat  # type: ignore[method-assign]
        self.filters = {name: self._counted(function) for name, function in FILTERS.items()} | {
            "safe": mark_safe,  # of literals alone: whoever reads templates sees to it
            "_came_through": came_through,
            "_steps": steps,
            "_shown": shown,
            "_joined": joined,
        }
        self.tests = dict(TESTS)
        self.globals = {"range": short_range}

    @property
    def trace(self) -> Trace:
        """What the rendering that this thread is at came through."""
        trace: Trace = self.here.trace
        return trace

    @trace.setter
    def trace(self, trace: Trace) -> None:
        self.here.trace = trace

    def _counted(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """The filter, which counts what it is given."""
        place = 1 if hasattr(function, "jinja_pass_arg") else 0

        @wraps(function)
        def counted(*given: Any, **options: Any) -> Any:
            self.trace.worked(given[place])
            return function(*given, **options)

        return counted

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        place = self.part if name == self.part else f"{self.part}:{name}"
        return _instrumented(super()._parse(source, name, filename), place, self)

    def getattr(self, obj: Any, attribute: str) -> Any:
        """Fields of structs, parts of dates, the loop's own and a module's macros; nothing else is within reach."""
        if isinstance(obj, Undefined):
            obj._fail_with_undefined_error()
        if isinstance(obj, dict):
            return obj[attribute] if attribute in obj else self.undefined(obj=obj, name=attribute)
        if isinstance(obj, LoopContext | TemplateModule) or (isinstance(obj, date) and attribute in PARTS_OF_A_DATE):
            return super().getattr(obj, attribute)
        return self.undefined(obj=obj, name=attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        if isinstance(obj, Undefined):
            obj._fail_with_undefined_error()
        if isinstance(obj, dict | list | tuple | str):
            try:
                return obj[argument]
            except (KeyError, IndexError, TypeError):
                pass
        return self.undefined(obj=obj, name=argument)

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """Arithmetic, of numbers alone where Python would also multiply texts or format them."""
        sized = [value for value in (left, right) if isinstance(value, str | list | tuple)]
        if sized and operator != "+":
            raise RenderFault(f"{operator} needs two numbers")
        bounded(sum(len(value) for value in sized))
        if isinstance(left, int) and isinstance(right, int) and left.bit_length() + right.bit_length() > MAX_BITS:
            raise RenderFault("a whole number is too large")
        return super().call_binop(context, operator, left, right)


def short_range(*bounds: int) -> range:
    """Python's range, of at most MAX_RANGE numbers."""
    numbers = range(*bounds)
    if len(numbers) > MAX_RANGE:
        raise RenderFault(f"a range of more than {MAX_RANGE:,}")
    return numbers


def bounded_concat(texts: Iterable[str]) -> str:
    """What a macro or a set block writes, within bounds."""
    kept, size = [], 0
    for text in texts:
        size += len(text)
        if size > MAX_CHARACTERS:
            bounded(size)
        kept.append(text)
    return "".join(kept)


@pass_environment
def came_through(environment: Sandbox, branch: str) -> str:
    environment.trace.branches[branch] = None
    return ""


@pass_environment
def steps(environment: Sandbox, values: Iterable[Any]) -> Iterator[Any]:
    """Yield what a loop runs over, until the message has taken MAX_STEPS steps of loops."""
    trace = environment.trace
    for value in values:
        trace.steps += 1
        if trace.steps > MAX_STEPS:
            raise RenderFault(f"loops take more than {MAX_STEPS:,} steps")
        yield value


@pass_environment
def shown(environment: Sandbox, value: Any, name: str, branch: str) -> Any:
    """Note a null that is printed; refuse by name what is missing, or has no text of its own."""
    if value is None:
        environment.trace.branches[branch] = None
    elif isinstance(value, StrictUndefined):
        raise RenderFault(f"{name} is missing")
    elif isinstance(value, Undefined):
        return ""  # what `x if y` without an else is where y is false
    elif isinstance(value, Iterator):
        raise RenderFault(f"{name} was printed before it was made a list: add | list")
    elif not isinstance(value, PRINTED):
        raise RenderFault(f"{name} has no text")
    return value


@pass_eval_context
def joined(context: EvalContext, first: Any, *others: Any) -> str:
    """The operator ~, within bounds."""
    assert isinstance(context.environment, Sandbox)
    context.environment.trace.worked(first)
    bounded(sum(len(str(value)) for value in (first, *others)))
    return (markup_join if context.autoescape else str_join)((first, *others))


class _Concatenations(NodeTransformer):
    def visit_Concat(self, node: nodes.Concat) -> nodes.Node:  # noqa: N802 (the visitor's protocol)
        self.generic_visit(node)
        return _filter(node.nodes[0], "_joined", node.nodes[1:], line=node.lineno)


class _Includes(NodeTransformer):
    """An include leaves the id of its file where it stands."""

    def __init__(self, part: str, files: Iterable[str]) -> None:
        self.part, self.files = part, set(files)

    def visit_Include(self, node: nodes.Include) -> nodes.Node | list[nodes.Node]:  # noqa: N802 (the visitor's protocol)
        if not isinstance(node.template, nodes.Const) or node.template.value not in self.files:
            return node
        return [_mark(f"{self.part}:{node.template.value}", line=node.lineno), node]


def _instrumented(template: nodes.Template, place: str, environment: Sandbox) -> nodes.Template:
    """Have each branch leave its id `place:line.kind`, each loop count its steps, each output name what it shows."""
    _Concatenations().visit(template)
    assert environment.loader is not None
    _Includes(environment.part, environment.loader.list_templates()).visit(template)
    otherwise = {id(branch) for node in template.find_all(nodes.If) for branch in node.elif_}
    branching: list[nodes.If | nodes.For] = [*template.find_all(nodes.If), *template.find_all(nodes.For)]
    for node in branching:
        kind = "for" if isinstance(node, nodes.For) else "elif" if id(node) in otherwise else "if"
        node.body.insert(0, _mark(f"{place}:{node.lineno}.{kind}", line=node.lineno))
        if node.else_:
            node.else_.insert(0, _mark(f"{place}:{node.lineno}.else", line=node.lineno))
        if isinstance(node, nodes.For):
            node.iter = _filter(node.iter, "_steps", [], line=node.lineno)
    for output in template.find_all(nodes.Output):
        output.nodes = [_naming(node, place) for node in output.nodes]
    template.set_environment(environment)
    return template


def _naming(node: nodes.Expr, place: str) -> nodes.Expr:
    if isinstance(node, nodes.TemplateData | nodes.Const):
        return node
    words = words_of(node)
    line = node.lineno
    branch = nodes.Const(f"{place}:{line}.null({words})", lineno=line)
    return _filter(node, "_shown", [nodes.Const(words, lineno=line), branch], line=line)


def _mark(branch: str, *, line: int) -> nodes.ExprStmt:
    return nodes.ExprStmt(_filter(nodes.Const(branch, lineno=line), "_came_through", [], line=line), lineno=line)


def _filter(node: nodes.Node, name: str, arguments: list[nodes.Expr], *, line: int) -> nodes.Filter:
    return nodes.Filter(node, name, arguments, [], None, None, lineno=line)  # type: ignore[arg-type]
