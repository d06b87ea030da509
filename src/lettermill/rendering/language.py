"""The part of Jinja2 that templates may use, and which inputs a template reads.

Templates are untrusted: what is not listed here is refused when a template is loaded, before any data is touched.
"""

import difflib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from jinja2 import Environment, TemplateSyntaxError, nodes
from jinja2.parser import Parser

from lettermill.errors import TemplateError
from lettermill.rendering.declared import Type, element_of, fields_of
from lettermill.rendering.filters import FILTERS

ALLOWED = (
    "Template", "Output", "TemplateData", "If", "For", "Include", "Assign", "Name", "Const", "List", "Tuple", "Getattr",
    "Getitem", "Slice", "Filter", "Test", "Compare", "Operand", "And", "Or", "Not", "CondExpr", "Concat", "Add", "Sub",
    "Mul", "Div", "FloorDiv", "Mod", "Neg", "Pos", "Call", "Keyword",
)  # fmt: skip
"""No macros, blocks of output set aside or autoescape switches: their size and escaping cannot be bounded."""
GLOBALS = ("range",)
LOOP = "loop"
OPEN_TAG = re.compile(r"<[^<>]*=\s*$")


@dataclass
class Reading:
    """What a part reads: paths of its inputs, and the files it includes with their sources."""

    source: Callable[[str], str | None]
    types: Mapping[str, Type]
    paths: set[str] = field(default_factory=set)
    includes: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Place:
    """Where the reader is: the file, the files that include it, and the value each name stands for there."""

    file: str
    within: tuple[str, ...]
    names: dict[str, tuple[str, Type]]


def read_part(source: str, *, file: str, reading: Reading, is_html: bool) -> None:
    """Check a part and what it includes against the language and the declared inputs; note what it reads."""
    names = {name: (name, type_) for name, type_ in reading.types.items()}
    _read_file(source, Place(file, (file,), names), reading, is_html=is_html)


def parsed(source: str, *, file: str) -> nodes.Template:
    """Parse one file. Raises TemplateError naming file and line."""
    try:
        return Parser(Environment(trim_blocks=True, lstrip_blocks=True), source, file).parse()
    except TemplateSyntaxError as error:
        mend = "close every {% if %} and {% for %}, and every {{ with }}"
        raise TemplateError(f"template syntax: {error.message}", place=f"{file}:{error.lineno}", mend=mend) from None


def _read_file(source: str, place: Place, reading: Reading, *, is_html: bool) -> None:
    template = parsed(source, file=place.file)
    for node in template.find_all(nodes.Node):
        _check(node, place)
    if is_html:
        for output in template.find_all(nodes.Output):
            _check_quotes(output, place)
    _walk(template, place, reading, is_html)


def _check(node: nodes.Node, place: Place) -> None:
    """Refuse what is outside the language."""
    # The scope that {% autoescape %} opens has no line of its own.
    at = f"{place.file}:{node.lineno or next(child.lineno for child in node.find_all(nodes.Node) if child.lineno)}"
    if type(node).__name__ not in ALLOWED:
        word = {"Scope": "autoescape"}.get(type(node).__name__, type(node).__name__.lower())
        raise TemplateError(
            f"{word} is not part of the template language", place=at, mend="use if, for, set, include and filters"
        )
    if isinstance(node, nodes.Filter) and node.name not in FILTERS:
        raise TemplateError(f"unknown filter {node.name!r}", place=at, mend=_suggest(node.name, FILTERS))
    if isinstance(node, nodes.Call) and not _is_callable(node.node):
        raise TemplateError(
            "only range(), loop.cycle() and loop.changed() can be called",
            place=at,
            mend="use a filter: | upper, not .upper()",
        )
    if isinstance(node, nodes.For) and node.recursive:
        raise TemplateError("a loop cannot be recursive", place=at, mend="nest two loops")
    if isinstance(node, nodes.Include) and not (
        isinstance(node.template, nodes.Const) and isinstance(node.template.value, str)
    ):
        raise TemplateError("an include must name its file", place=at, mend="write {% include 'blocks/name.html.j2' %}")


def _is_callable(called: nodes.Node) -> bool:
    if isinstance(called, nodes.Name):
        return called.name in GLOBALS
    of_loop = isinstance(called, nodes.Getattr) and isinstance(called.node, nodes.Name) and called.node.name == LOOP
    return of_loop and getattr(called, "attr", "") in ("cycle", "changed")


def _check_quotes(output: nodes.Output, place: Place) -> None:
    """Refuse data in an attribute without quotes, where a space in a value would begin another attribute."""
    for before, after in zip(output.nodes, output.nodes[1:], strict=False):
        if (
            isinstance(before, nodes.TemplateData)
            and OPEN_TAG.search(before.data)
            and not isinstance(after, nodes.TemplateData)
        ):
            raise TemplateError(
                "a value stands in an attribute without quotes",
                place=f"{place.file}:{after.lineno}",
                mend='write ="{{ ... }}"',
            )


def _walk(node: nodes.Node, place: Place, reading: Reading, is_html: bool) -> None:
    """Follow names through loops, assignments and includes, noting each path into the declared inputs."""
    if isinstance(node, nodes.For):
        _walk_for(node, place, reading, is_html)
    elif isinstance(node, nodes.Assign):
        _walk(node.node, place, reading, is_html)
        if isinstance(node.target, nodes.Name):
            place.names[node.target.name] = _value(node.node, place) or ("", "unknown")
    elif isinstance(node, nodes.Include):
        _include(node, place, reading, is_html=is_html)
    elif isinstance(node, nodes.Name | nodes.Getattr | nodes.Getitem):
        path = _value(node, place)
        if path is not None and path[0]:
            reading.paths.add(path[0])
        for child in node.iter_child_nodes():
            if path is None or isinstance(node, nodes.Getitem):
                _walk(child, place, reading, is_html)
    else:
        for child in node.iter_child_nodes():
            _walk(child, place, reading, is_html)


def _walk_for(node: nodes.For, place: Place, reading: Reading, is_html: bool) -> None:
    _walk(node.iter, place, reading, is_html)
    path, type_ = _value(node.iter, place) or ("", "unknown")
    element = (f"{path}[]" if path else "", element_of(type_))
    targets = {target.name: element if target is node.target else ("", "unknown") for target in _names(node.target)}
    inner = Place(place.file, place.within, {**place.names, **targets, LOOP: ("", "unknown")})
    for child in (*node.body, *([node.test] if node.test else ())):
        _walk(child, inner, reading, is_html)
    for child in node.else_:
        _walk(child, place, reading, is_html)


def _names(target: nodes.Node) -> list[nodes.Name]:
    return [target] if isinstance(target, nodes.Name) else list(target.find_all(nodes.Name))


def _include(node: nodes.Include, place: Place, reading: Reading, *, is_html: bool) -> None:
    assert isinstance(node.template, nodes.Const)
    file, at = str(node.template.value), f"{place.file}:{node.lineno}"
    if file in place.within:
        raise TemplateError(f"{file} includes itself", place=at, mend="take one include out of the circle")
    source = reading.source(file)
    if source is None:
        raise TemplateError(f"no file {file!r} to include", place=at, mend="include a file of the campaign's folder")
    reading.includes[file] = source
    _read_file(source, Place(file, (*place.within, file), dict(place.names)), reading, is_html=is_html)


def _value(node: nodes.Node, place: Place) -> tuple[str, Type] | None:
    """The path and type a name or a chain of fields stands for; None for any other expression."""
    if isinstance(node, nodes.Name):
        if node.name not in place.names and node.name not in GLOBALS:
            problem = f"{node.name!r} is not declared as an input of the campaign"
            raise TemplateError(problem, place=f"{place.file}:{node.lineno}", mend=_suggest(node.name, place.names))
        return place.names.get(node.name, ("", "unknown"))
    if isinstance(node, nodes.Getitem) and not isinstance(node.arg, nodes.Const):
        return None
    if not isinstance(node, nodes.Getattr | nodes.Getitem):
        return None
    base = _value(node.node, place)
    if base is None or not base[0]:
        return base
    step = node.attr if isinstance(node, nodes.Getattr) else node.arg.value  # type: ignore[attr-defined]
    if isinstance(step, int):
        return f"{base[0]}[]", element_of(base[1])
    return _field(base, str(step), at=f"{place.file}:{node.lineno}")


def _field(base: tuple[str, Type], name: str, *, at: str) -> tuple[str, Type]:
    path, type_ = base
    fields = fields_of(type_)
    if name not in fields and type_ not in ("unknown", "map"):
        raise TemplateError(
            f"{path}.{name} is not declared: {path} has no field {name!r}", place=at, mend=_suggest(name, fields)
        )
    return f"{path}.{name}", fields.get(name, "unknown")


def _suggest(name: str, known: Mapping[str, object]) -> str:
    nearest = difflib.get_close_matches(name, known, n=1)
    if nearest:
        return f"did you mean {nearest[0]!r}?"
    return f"declare it in campaign.yml, or use one of: {', '.join(sorted(known)) or 'none here'}"
