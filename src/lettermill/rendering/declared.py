"""The types of declared inputs: Spark's DDL as Arrow types, without a session."""

import re
from collections.abc import Iterator

import pyarrow as pa

TOKEN = re.compile(r"`[^`]+`|\w+|[<>:,()]")
SCALARS = {
    "string": pa.string(), "varchar": pa.string(), "char": pa.string(), "boolean": pa.bool_(), "binary": pa.binary(),
    "byte": pa.int8(), "tinyint": pa.int8(), "short": pa.int16(), "smallint": pa.int16(), "int": pa.int32(),
    "integer": pa.int32(), "long": pa.int64(), "bigint": pa.int64(), "float": pa.float32(), "real": pa.float32(),
    "double": pa.float64(), "date": pa.date32(), "timestamp": pa.timestamp("us", "UTC"),
    "timestamp_ntz": pa.timestamp("us"),
}  # fmt: skip
DECIMALS = ("decimal", "dec", "numeric")


class UnknownTypeError(ValueError):
    """A word that names no type; `word` is it."""

    def __init__(self, word: str) -> None:
        super().__init__(f"{word!r} is no type")
        self.word = word


def arrow_type(ddl: str) -> pa.DataType:
    """Read DDL such as `array<struct<name: string, price: decimal(12,2)>>`. Raises ValueError where it is no type."""
    tokens = _Tokens(iter(TOKEN.findall(ddl)))
    try:
        read = _type(tokens)
    except StopIteration:
        raise ValueError(f"{ddl!r} ends too early") from None
    if tokens.next is not None:
        raise ValueError(f"{ddl!r} goes on with {tokens.next!r} where it should end")
    return read


class _Tokens:
    """Words of the DDL, with the next one in view."""

    def __init__(self, words: Iterator[str]) -> None:
        self.words = words
        self.next = next(words, None)

    def take(self, expected: str | None = None) -> str:
        taken = self.next
        if taken is None:
            raise StopIteration
        if expected is not None and taken != expected:
            raise ValueError(f"{taken!r} stands where {expected!r} should")
        self.next = next(self.words, None)
        return taken


def _type(tokens: _Tokens) -> pa.DataType:
    word = tokens.take().lower()
    if word in ("array", "map", "struct"):
        tokens.take("<")
        read = {"array": _array, "map": _map, "struct": _struct}[word](tokens)
        tokens.take(">")
        return read
    sizes = _sizes(tokens)
    if word in DECIMALS:
        return pa.decimal128(*(sizes or [10, 0]))
    if word not in SCALARS:
        raise UnknownTypeError(word)
    return SCALARS[word]


def _array(tokens: _Tokens) -> pa.DataType:
    return pa.list_(_type(tokens))


def _map(tokens: _Tokens) -> pa.DataType:
    key = _type(tokens)
    tokens.take(",")
    return pa.map_(key, _type(tokens))


def _struct(tokens: _Tokens) -> pa.DataType:
    fields = []
    while tokens.next != ">":
        name = tokens.take().strip("`")
        if tokens.next == ":":
            tokens.take()
        fields.append((name, _type(tokens)))
        while (tokens.next or "").lower() in ("not", "null"):
            tokens.take()
        if tokens.next != ">":
            tokens.take(",")
    if not fields:
        raise ValueError("a struct has no fields")
    return pa.struct(fields)


def _sizes(tokens: _Tokens) -> list[int]:
    """What stands in brackets behind a scalar: `(12,2)`."""
    if tokens.next != "(":
        return []
    tokens.take()
    sizes = []
    while (word := tokens.take()) != ")":
        if word != ",":
            sizes.append(int(word))
    return sizes
