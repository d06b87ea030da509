"""The environment templates run in: no attribute of Python can be reached, loops and sizes are bounded, and each
branch that is taken leaves its id."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from jinja2 import DictLoader, StrictUndefined, nodes, pass_context, pass_eval_context
from jinja2.nodes import EvalContext
from jinja2.runtime import Context, LoopContext, Undefined, markup_join, str_join
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.visitor import NodeTransformer

from lettermill.rendering.declared import PARTS_OF_A_DATE
from lettermill.rendering.filters import FILTERS, RenderFault, bounded

MAX_STEPS = 20_000
MAX_RANGE = 1_000
TRACE = "__trace__"


@dataclass
class Trace:
    """What one rendering came through: branch ids in the order they were first taken, and steps of loops so far."""

    branches: dict[str, None] = field(default_factory=dict)
    steps: int = 0


class Sandbox(ImmutableSandboxedEnvironment):
    """Renders one part of one template. The loader holds the part under its own name and the files it includes."""

    intercepted_binops = frozenset({"*", "%", "+"})

    def __init__(self, part: str, *, source: str, partials: Mapping[str, str]) -> None:
        super().__init__(
            loader=DictLoader({**partials, part: source}),
            autoescape=part == "html",
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        self.part = part
        self.filters = dict(FILTERS) | {
            "_came_through": came_through,
            "_steps": steps,
            "_shown": shown,
            "_joined": joined,
        }
        self.globals = {"range": short_range}

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        place = self.part if name == self.part else f"{self.part}:{name}"
        return _instrumented(super()._parse(source, name, filename), place, self, is_part=name == self.part)

    def getattr(self, obj: Any, attribute: str) -> Any:
        """Fields of structs, parts of dates and the loop's own; nothing else of a Python object is within reach."""
        if isinstance(obj, dict):
            return obj[attribute] if attribute in obj else self.undefined(obj=obj, name=attribute)
        if isinstance(obj, LoopContext) or (isinstance(obj, date) and attribute in PARTS_OF_A_DATE):
            return super().getattr(obj, attribute)
        return self.undefined(obj=obj, name=attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
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
        return super().call_binop(context, operator, left, right)


def short_range(*bounds: int) -> range:
    """Python's range, of at most MAX_RANGE numbers."""
    numbers = range(*bounds)
    if len(numbers) > MAX_RANGE:
        raise RenderFault(f"a range of more than {MAX_RANGE:,}")
    return numbers


@pass_context
def came_through(context: Context, branch: str) -> str:
    context[TRACE].branches[branch] = None
    return ""


@pass_context
def steps(context: Context, values: Iterable[Any]) -> Iterator[Any]:
    """Yield what a loop runs over, until the message has taken MAX_STEPS steps of loops."""
    trace = context[TRACE]
    for value in values:
        trace.steps += 1
        if trace.steps > MAX_STEPS:
            raise RenderFault(f"loops take more than {MAX_STEPS:,} steps")
        yield value


def shown(value: Any, name: str) -> Any:
    """Refuse to print what is not there, by name: nobody wants to read 'Hello None'."""
    if value is None:
        raise RenderFault(f"{name} is null and was printed")
    if isinstance(value, Undefined):
        raise RenderFault(f"{name} is missing")
    return value


@pass_eval_context
def joined(context: EvalContext, first: Any, *others: Any) -> str:
    """The operator ~, within bounds."""
    bounded(sum(len(str(value)) for value in (first, *others)))
    return (markup_join if context.autoescape else str_join)((first, *others))


class _Concatenations(NodeTransformer):
    def visit_Concat(self, node: nodes.Concat) -> nodes.Node:  # noqa: N802 (the visitor's protocol)
        self.generic_visit(node)
        return _filter(node.nodes[0], "_joined", node.nodes[1:], line=node.lineno)


def _instrumented(template: nodes.Template, place: str, environment: Sandbox, *, is_part: bool) -> nodes.Template:
    """Have each branch leave its id `place:line.kind`, each loop count its steps, each output name what it shows."""
    _Concatenations().visit(template)
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
        output.nodes = [_naming(node) for node in output.nodes]
    if not is_part:
        template.body.insert(0, _mark(place, line=1))
    template.set_environment(environment)
    return template


def _naming(node: nodes.Expr) -> nodes.Expr:
    if isinstance(node, nodes.TemplateData | nodes.Const):
        return node
    return _filter(node, "_shown", [nodes.Const(_words(node), lineno=node.lineno)], line=node.lineno)


def _words(node: nodes.Node) -> str:
    """What an expression is called in a fault."""
    if isinstance(node, nodes.Name):
        return node.name
    if isinstance(node, nodes.Getattr):
        return f"{_words(node.node)}.{node.attr}"
    if isinstance(node, nodes.Getitem) and isinstance(node.arg, nodes.Const):
        return f"{_words(node.node)}[{node.arg.value!r}]"
    if isinstance(node, nodes.Filter) and node.node is not None:
        return f"{_words(node.node)} | {node.name}"
    return "an expression"


def _mark(branch: str, *, line: int) -> nodes.ExprStmt:
    return nodes.ExprStmt(_filter(nodes.Const(branch, lineno=line), "_came_through", [], line=line), lineno=line)


def _filter(node: nodes.Node, name: str, arguments: list[nodes.Expr], *, line: int) -> nodes.Filter:
    return nodes.Filter(node, name, arguments, [], None, None, lineno=line)  # type: ignore[arg-type]
