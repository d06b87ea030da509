"""AMPscript: Salesforce Marketing Cloud over a sendable data extension."""

import re
from collections.abc import Mapping, Sequence

from lettermill.rendering.exports.attributes import Draft, Kind, TypeName
from lettermill.rendering.exports.dialect import (
    Dialect,
    Frame,
    Piece,
    Reading,
    Reads,
    ends_of,
    equality,
    is_whole,
    negated,
    parts_of,
)  # fmt: skip
from lettermill.rendering.plan.nodes import And, Expr, Literal, Or

MAX_FIELD = 4_000
SIGNS: Mapping[str, str] = {"eq": "==", "ne": "!=", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}
ENTITIES = (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&#34;"), ("'", "&#39;"))
"""The ampersand first, or it would be written again in what the others become. There is no function for this."""
# A per cent sign that touches another or a tag would open or close code.
SIGNIFICANT_PERCENT = re.compile(r"%(?=%)|(?<=%)%|\A%|%\Z")


class Ampscript(Dialect):
    """Only values of one type can be compared, and texts without regard to case: so every condition on data is a flag,
    held as a text, or `Empty`, joined by AND, OR, NOT and parentheses. A list is JSON in one column."""

    name = "ampscript"
    title = "AMPscript"
    suffix = "amp"
    types: Mapping[Kind, TypeName] = {
        "text": TypeName("Text", MAX_FIELD),
        "whole": TypeName("Number"),
        "flag": TypeName("Text", 5, "true or false"),
        "rows": TypeName("Text", format="JSON array of objects"),
        "fragment": TypeName("Text", MAX_FIELD, "HTML, escaped"),
    }
    states: Mapping[str, str] = {
        "index": "%%=v(@LOOP__at)=%%",
        "index0": "%%=Subtract(@LOOP__at, 1)=%%",
        "length": "%%=RowCount(@LOOP__rows)=%%",
    }
    sees_outer = True

    def prelude(self, attributes: Sequence[Draft]) -> str:
        names = [one.name for one in attributes]
        if not names:
            return ""
        declared = f"VAR {', '.join(f'@{name}' for name in names)}"
        values = "".join(f'\nSET @{name} = AttributeValue("{name}")' for name in names)
        return f"%%[\n{declared}{values}\n]%%"

    def show(self, reading: Reading, *, escape: bool, through: str = "") -> str:
        value = f"{through}({_read(reading)})" if through else _read(reading)
        if not escape or reading.kind != "text":
            return f"%%=v({value})=%%"
        for sign, entity in ENTITIES:
            value = f"Replace({value}, {_literal(sign)}, {_literal(entity)})"
        return f"%%={value}=%%"

    def condition(self, expr: Expr, reads: Reads) -> str:
        if isinstance(expr, Literal):
            return "1 == 1" if expr.value else "1 == 0"
        for kind, word in ((And, "AND"), (Or, "OR")):
            if isinstance(expr, kind):
                return f" {word} ".join(f"({self.condition(one, reads)})" for one in parts_of(expr, kind))
        within = negated(expr)
        if within is not None:
            return f"NOT ({self.condition(within, reads)})"
        if reads.kind(expr) == "text":
            return f"NOT Empty({_read(reads.plain(expr))})"
        return _position(expr, reads) or f'{_read(reads.flag(expr))} == "true"'

    def branch(self, conditions: Sequence[str], *, otherwise: bool) -> tuple[str, ...]:
        words = ("IF", *["ELSEIF"] * len(conditions))
        arms = (f"%%[ {word} {one} THEN ]%%" for word, one in zip(words, conditions, strict=False))
        return (*arms, *(["%%[ ELSE ]%%"] if otherwise else []), "%%[ ENDIF ]%%")

    def loop(self, frame: Frame, *, otherwise: bool) -> tuple[str, ...]:
        rows, row, at = (f"@{frame.variable}__{part}" for part in ("rows", "row", "at"))
        # FOR runs once from 1 to 0, so an empty list must not reach it.
        head = (
            f"%%[ SET {rows} = {_rows(frame.source)} IF RowCount({rows}) > 0 THEN "
            f"FOR {at} = 1 TO RowCount({rows}) DO SET {row} = Row({rows}, {at}) ]%%"
        )
        if otherwise:
            return head, f"%%[ NEXT {at} ELSE ]%%", "%%[ ENDIF ]%%"
        return head, f"%%[ NEXT {at} ENDIF ]%%"

    def join(self, pieces: Sequence[Piece]) -> str:
        return "".join(
            SIGNIFICANT_PERCENT.sub("%%=Char(37)=%%", one.text) if one.kind == "text" else one.text for one in pieces
        )


def _read(reading: Reading) -> str:
    if reading.home == 0:
        return f"@{reading.name}"
    return f'Field(@{reading.frames[reading.home - 1].variable}__row, "{reading.name}")'


def _rows(source: Reading) -> str:
    """A list's rows: a nested list is found in the JSON of the outermost by the places of the rows around it."""
    if source.home == 0:
        return f'BuildRowSetFromJSON(@{source.name}, "$[*]", 0)'
    around = [source.frames[one - 1] for one in source.frames[source.home - 1].lineage]
    path = []
    for outer, inner in zip(around, [*[one.draft.name for one in around[1:]], source.name], strict=True):
        path += [f"Subtract(@{outer.variable}__at, 1)", f'"].{inner}["']
    path[-1] = f'"].{source.name}[*]"'
    return f'BuildRowSetFromJSON(@{around[0].draft.name}, Concat("$[", {", ".join(path)}), 0)'


def _position(expr: Expr, reads: Reads) -> str | None:
    compared = equality(expr)
    state = compared[0] if compared else expr
    depth = reads.position(state)
    if depth is None:
        return None
    frame = reads.frames[-1 - depth]
    at, rows = f"@{frame.variable}__at", f"@{frame.variable}__rows"
    end = ends_of(expr)
    if end:
        return f"{at} == 1" if end == "first" else f"{at} == RowCount({rows})"
    if compared and state.name == "index" and is_whole(compared[2]) and compared[1] in SIGNS:  # type: ignore[attr-defined]
        return f"{at} {SIGNS[compared[1]]} {compared[2]}"
    return None


def _literal(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'
