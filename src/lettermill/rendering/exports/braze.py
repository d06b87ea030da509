"""Braze: Liquid over the properties of an API-triggered campaign."""

from collections.abc import Mapping, Sequence

from lettermill.rendering.exports.attributes import Kind, TypeName
from lettermill.rendering.exports.dialect import (
    Dialect,
    Frame,
    Reading,
    Reads,
    ends_of,
    equality,
    is_whole,
    negated,
    parts_of,
    quoted,
)  # fmt: skip
from lettermill.rendering.plan.nodes import And, Expr, Literal, Or, Test

SIGNS: Mapping[str, str] = {"eq": "==", "ne": "!=", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}
ASSIGN = "{% assign NAME = api_trigger_properties.${NAME}ELSE\n%}"
"""The line break stands within the tag, where it is not printed."""
ELSE: Mapping[Kind, str] = {
    "text": " | default: ''", "fragment": " | default: ''", "whole": "", "flag": "", "rows": "",
}  # fmt: skip
NUMBERS = ("index", "index0", "length")


class Braze(Dialect):
    """Two properties cannot meet in one expression, so each is assigned to a variable first.

    Liquid has neither `not` nor parentheses, and reads `and` and `or` from the right: a chain of one of them is written
    as it is, and what is nested becomes a flag. A block of white space alone prints nothing, unless a value is in it.
    """

    name = "braze"
    title = "Braze Liquid"
    suffix = "liquid"
    types: Mapping[Kind, TypeName] = {
        "text": TypeName("string"),
        "whole": TypeName("number"),
        "flag": TypeName("boolean"),
        "rows": TypeName("array", format="array of objects"),
        "fragment": TypeName("string", format="HTML, escaped"),
    }
    states: Mapping[str, str] = {name: f"{{{{ forloop.{name} }}}}" for name in NUMBERS}
    keeps_blanks = "{{ '' }}"
    cases: Mapping[str, str] = {"upper": "upcase", "lower": "downcase"}

    assigns: Mapping[Kind, str] = {kind: ASSIGN.replace("ELSE", other) for kind, other in ELSE.items()}

    def show(self, reading: Reading, *, escape: bool, through: str = "") -> str:
        return f"{{{{ {_read(reading)}{through and f' | {through}'}{_escaped(reading, escape)} }}}}"

    def condition(self, expr: Expr, reads: Reads) -> str:
        for kind, word in ((And, "and"), (Or, "or")):
            if isinstance(expr, kind):
                return f" {word} ".join(_part(one, reads) for one in parts_of(expr, kind))
        return _part(expr, reads)

    def branch(self, conditions: Sequence[str], *, otherwise: bool) -> tuple[str, ...]:
        words = ("if", *["elsif"] * len(conditions))
        arms = (f"{{% {word} {one} %}}" for word, one in zip(words, conditions, strict=False))
        return (*arms, *(["{% else %}"] if otherwise else []), "{% endif %}")

    def loop(self, frame: Frame, *, otherwise: bool) -> tuple[str, ...]:
        head = f"{{% for {frame.variable} in {_read(frame.source)} %}}"
        return (head, *(["{% else %}"] if otherwise else []), "{% endfor %}")


def _read(reading: Reading) -> str:
    return f"{reading.frames[reading.home - 1].variable}.{reading.name}" if reading.home else reading.name


def _escaped(reading: Reading, escape: bool) -> str:
    # Liquid writes a quote as &quot;, Jinja2 as &#34;; an & of the data is &amp; by then.
    return " | escape | replace: '&quot;', '&#34;'" if escape and reading.kind == "text" else ""


def _part(expr: Expr, reads: Reads) -> str:
    """One part of a condition, with `not` taken into it."""
    if isinstance(expr, Literal):
        return "true" if expr.value else "false"
    within = negated(expr)
    if within is not None:
        return _negated(within, reads)
    if reads.kind(expr) == "text":
        return f"{_read(reads.plain(expr))} != ''"
    native = _state(expr, reads) or _compared(expr, reads) or _null(expr, reads, "==")
    return native or _read(reads.flag(expr))


def _negated(expr: Expr, reads: Reads) -> str:
    if reads.kind(expr) == "text":
        return f"{_read(reads.plain(expr))} == ''"
    return _null(expr, reads, "!=") or f"{_read(reads.flag(expr))} != true"


def _null(expr: Expr, reads: Reads, sign: str) -> str | None:
    """`is none` of a whole number, which alone stays null."""
    if not isinstance(expr, Test) or expr.test != "none" or reads.kind(expr.of) != "whole":
        return None
    return f"{_read(reads.plain(expr.of))} {sign} nil"


def _state(expr: Expr, reads: Reads) -> str | None:
    compared = equality(expr)
    depth = reads.position(compared[0] if compared else expr)
    if depth != 0:
        return None
    if compared and is_whole(compared[2]) and compared[1] in SIGNS:
        name = compared[0].name  # type: ignore[attr-defined]
        return f"forloop.{name} {SIGNS[compared[1]]} {compared[2]}" if name in NUMBERS else None
    end = ends_of(expr)
    return f"forloop.{end}" if end else None


def _compared(expr: Expr, reads: Reads) -> str | None:
    compared = equality(expr)
    if compared is None or compared[1] not in SIGNS:
        return None
    of, operator, value = compared
    if reads.kind(of) == "whole" and is_whole(value):
        return f"{_read(reads.plain(of))} {SIGNS[operator]} {value}"
    if reads.kind(of) == "text" and operator in ("eq", "ne") and isinstance(value, str) and value:
        written = quoted(value, not_within=("%}", "}}"))
        return f"{_read(reads.plain(of))} {SIGNS[operator]} {written}" if written else None
    return None
