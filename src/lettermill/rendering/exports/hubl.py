"""HubL: HubSpot's templates over contact properties, which hold no lists."""

from collections.abc import Mapping, Sequence

from lettermill.rendering.exports.attributes import Kind, TypeName
from lettermill.rendering.exports.dialect import (
    Dialect,
    Reading,
    Reads,
    equality,
    negated,
    parts_of,
    quoted,
)  # fmt: skip
from lettermill.rendering.plan.nodes import And, Expr, Literal, Or

MAX_PROPERTY = 65_536


class Hubl(Dialect):
    """HubL holds "false" for false, and compares texts with numbers by turning one into the other: so every property
    is a text, and every condition a comparison of a property with a text that is not empty."""

    name = "hubl"
    title = "HubL"
    suffix = "hubl"
    types: Mapping[Kind, TypeName] = {
        "text": TypeName("string", MAX_PROPERTY),
        "flag": TypeName("string", 5, "true or false"),
        "fragment": TypeName("string", MAX_PROPERTY, "escaped as its part needs"),
    }
    cases: Mapping[str, str] = {"upper": "upper", "lower": "lower"}
    differences = ("a person with {{, {% or {# in a value is held back: HubSpot would run what stands there",)

    def show(self, reading: Reading, *, escape: bool, through: str = "") -> str:
        return f"{{{{ {_read(reading)}{through and f'|{through}'}{_escaped(reading, escape)} }}}}"

    def condition(self, expr: Expr, reads: Reads) -> str:
        if isinstance(expr, Literal):
            return "true" if expr.value else "false"
        for kind, word in ((And, "and"), (Or, "or")):
            if isinstance(expr, kind):
                return f" {word} ".join(_nested(self.condition(one, reads), one) for one in parts_of(expr, kind))
        within = negated(expr)
        if within is not None:
            return f"not ({self.condition(within, reads)})"
        return _compared(expr, reads) or f"{_read(reads.flag(expr))} == 'true'"

    def branch(self, conditions: Sequence[str], *, otherwise: bool) -> tuple[str, ...]:
        words = ("if", *["elif"] * len(conditions))
        arms = (f"{{% {word} {one} %}}" for word, one in zip(words, conditions, strict=False))
        return (*arms, *(["{% else %}"] if otherwise else []), "{% endif %}")


def _read(reading: Reading) -> str:
    return f"contact.{reading.name}"


def _escaped(reading: Reading, escape: bool) -> str:
    # HubL writes a quote as &quot;, Jinja2 as &#34;; an & of the data is &amp; by then.
    return "|escape|replace('&quot;', '&#34;')" if escape and reading.kind == "text" else ""


def _nested(condition: str, expr: Expr) -> str:
    return f"({condition})" if isinstance(expr, And | Or) else condition


def _compared(expr: Expr, reads: Reads) -> str | None:
    compared = equality(expr)
    if compared is None or compared[1] not in ("eq", "ne") or not isinstance(compared[2], str) or not compared[2]:
        return None
    written = quoted(compared[2], not_within=("%}", "}}"))
    if reads.kind(compared[0]) != "text" or written is None:
        return None
    return f"{_read(reads.plain(compared[0]))} {'==' if compared[1] == 'eq' else '!='} {written}"
