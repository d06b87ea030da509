"""The types of declared inputs, read from Spark DDL without a session, and the paths a template may take into them."""

import re
from collections.abc import Iterator

Type = str | list["Type"] | dict[str, "Type"]
"""A scalar by name, an array as a list of its one element type, a struct as field -> type."""

TOKEN = re.compile(r"`[^`]+`|\w+|[<>:,()]")
PARTS_OF_A_DATE = dict.fromkeys(("year", "month", "day"), "int")


def type_of(ddl: str) -> Type:
    """Read DDL such as `array<struct<name: string, price: decimal(12,2)>>`. Raises ValueError where it is malformed."""
    tokens = iter([*TOKEN.findall(ddl), ""])
    read, rest = _type(next(tokens), tokens)
    if rest:
        raise ValueError(f"{ddl!r} goes on with {rest!r} where it should end")
    return read


def fields_of(type_: Type) -> dict[str, Type]:
    """The fields that a template may read from a value of this type."""
    if isinstance(type_, dict):
        return type_
    return dict(PARTS_OF_A_DATE) if type_ in ("date", "timestamp") else {}


def element_of(type_: Type) -> Type:
    """The type of what a loop over a value of this type yields."""
    return type_[0] if isinstance(type_, list) else "unknown"


def _type(word: str, tokens: Iterator[str]) -> tuple[Type, str]:
    """Read one type that begins with `word`; return it and the token after it."""
    word = word.lower()
    after = next(tokens, "")
    if word == "struct" and after == "<":
        return _fields(tokens), next(tokens, "")
    if word in ("array", "map") and after == "<":
        read, separator = _type(next(tokens), tokens)
        if word == "map":
            _, separator = _type(next(tokens), tokens)
        if separator != ">":
            raise ValueError(f"{word}<...> is not closed")
        return ([read] if word == "array" else "map"), next(tokens, "")
    if after == "(":
        while after not in (")", ""):
            after = next(tokens, "")
        after = next(tokens, "")
    return word, after


def _fields(tokens: Iterator[str]) -> dict[str, Type]:
    fields: dict[str, Type] = {}
    separator = ","
    while separator == ",":
        name, word = next(tokens), next(tokens)
        fields[name.strip("`")], separator = _type(next(tokens) if word == ":" else word, tokens)
        while separator.lower() in ("not", "null"):
            separator = next(tokens, "")
    if separator != ">":
        raise ValueError("struct<...> is not closed")
    return fields
