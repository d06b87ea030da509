"""A mapping's texts of one payload, in Python: for where rows are read one by one and no Spark is, such as in files."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import orjson

from lettermill.identifiers import from_base64, parsed
from lettermill.quality.mapping.conversions import ISO_DATE, NO_LETTER_OR_DIGIT
from lettermill.quality.mapping.countries import country_words, folded
from lettermill.quality.mapping.language import (
    Cases,
    Constant,
    Expression,
    First,
    Hashed,
    Joined,
    Looked,
    PayloadMapping,
    Read,
    Worded,
    Wording,
)  # fmt: skip
from lettermill.quality.mapping.paths import Field, Index, Keyed, Path, Step


@dataclass(frozen=True)
class Payload:
    """A payload as JSON gives it; `instead` holds what it embeds as text, by the place that stands for."""

    content: Any
    instead: Mapping[str, Any]

    def text(self, expression: Expression | None) -> str | None:
        """The text that an expression gives, as its column has it; None for sums and lists."""
        match expression:
            case Read(path):
                return _text(self._at(path))
            case Constant(constant):
                return _text(constant)
            case First(of):
                return next((text for one in of if (text := self.text(one)) is not None), None)
            case Hashed(of):
                parts = [self.text(one) for one in of]
                return sha256(orjson.dumps(parts)).hexdigest() if any(one is not None for one in parts) else None
            case Joined(of, by):
                texts = [self.text(one) for one in of]
                return None if None in texts else by.join(text for text in texts if text is not None)
            case Worded(of, wording):
                return _worded(self.text(of), wording)
            case Looked():
                return self._looked(expression)
            case Cases():
                return self._chosen(expression)
            case _:
                return None

    def _looked(self, looked: Looked) -> str | None:
        word = self.text(looked.of)
        if word is None or word in looked.table:
            return looked.table.get(word or "")
        kept = {"keep": word, "snake_case": _worded(word, "snake_case")}
        return kept.get(looked.otherwise)

    def _chosen(self, cases: Cases) -> str | None:
        for case in cases.of:
            holds = all(_text(self._at(path)) in words for path, words in case.when)
            if holds and all(self._at(path) not in (None, []) for path in case.present):
                return self.text(case.then)
        return None

    def _at(self, path: Path) -> Any:
        reached, first = _reached(self.content, path.steps), path.steps[0]
        if reached is None and isinstance(first, Field) and len(path.steps) > 1:
            return _reached(self.instead.get(first.name), path.steps[1:])
        return reached


def payload_of(content: Any, mapping: PayloadMapping) -> Payload:
    """A payload, as JSON gives it, with what the mapping says it embeds."""
    instead = {}
    for one in mapping.embedded:
        text = _text(_reached(content, one.text.steps))
        if text is not None:
            instead[one.at] = parsed(from_base64(text) if one.is_base64 else text)
    return Payload(content, instead)


def _reached(value: Any, steps: tuple[Step, ...]) -> Any:
    for step in steps:
        match step:
            case Field(name):
                value = value.get(name) if isinstance(value, dict) else None
            case Index(place):
                value = value[place] if isinstance(value, list) and place < len(value) else None
            case Keyed(key, wanted):
                elements = value if isinstance(value, list) else []
                value = next((one for one in elements if _text(_reached(one, (Field(key),))) == wanted), None)
    return value


def _text(value: Any) -> str | None:
    """A single value as JSON writes it, a text without its quotes."""
    if isinstance(value, bool):
        return str(value).lower()
    return None if value is None or isinstance(value, dict | list) else str(value)


def _worded(text: str | None, wording: Wording) -> str | None:
    if text is None:
        return None
    if wording == "snake_case":
        return NO_LETTER_OR_DIGIT.sub("_", text.strip(" ")).lower()
    if wording == "country":
        return country_words().get(folded(text), text)
    if wording == "year":
        dated = re.match(ISO_DATE, text)
        return dated[1] if dated else text
    return {"lower": text.lower(), "upper": text.upper(), "trim": text.strip(" ")}[wording]
