"""Paths into a JSON payload: `properties.order_id`, `items[0].name`, `event_params[key=coupon].value.string_value`.

A name with other characters than letters, digits, `_`, `$`, `-` stands in double quotes: `fields."Order Id"`.
"""

import re
from dataclasses import dataclass

from lettermill.errors import ConfigError

_NAME = r'(?:[A-Za-z_$][\w$-]*|"[^"]+")'
_STEP = re.compile(rf'(?P<name>{_NAME})(?:\[(?:(?P<index>\d{{1,4}})|(?P<key>{_NAME})=(?P<value>[^\]"]+|"[^"]*"))\])?')
EXAMPLES = "write properties.order_id, items[0].name or event_params[key=coupon].value.string_value"


@dataclass(frozen=True)
class Field:
    """The value of an object under a name."""

    name: str


@dataclass(frozen=True)
class Index:
    """The element of a list at a place, from 0."""

    place: int


@dataclass(frozen=True)
class Keyed:
    """The first element of a list of objects whose `key` is `value`."""

    key: str
    value: str


Step = Field | Index | Keyed


@dataclass(frozen=True)
class Path:
    """Steps from the payload, or from an element of a list, to a value."""

    text: str
    steps: tuple[Step, ...]

    def __str__(self) -> str:
        return self.text


def parsed_path(text: str) -> Path:
    """Read a path. Raises ConfigError with examples."""
    steps: list[Step] = []
    place = 0
    while place < len(text) or not steps:
        found = _STEP.match(text, place)
        if found is None:
            raise ConfigError(f"{text!r} is no path, from {text[place:]!r} on", mend=EXAMPLES)
        steps.append(Field(found["name"].strip('"')))
        if found["index"] is not None:
            steps.append(Index(int(found["index"])))
        elif found["key"] is not None:
            steps.append(Keyed(found["key"].strip('"'), found["value"].strip('"')))
        place = found.end()
        if place < len(text):
            if text[place] != "." or place + 1 == len(text):
                raise ConfigError(f"{text!r} is no path, from {text[place:]!r} on", mend=EXAMPLES)
            place += 1
    return Path(text, tuple(steps))
