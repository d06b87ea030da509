"""JSON as text: checked whole, then cut into its parts without changing a byte of them.

Parsing and writing again would lose what parsers differ in: the digits of long numbers, and keys that stand twice.
"""

import re
from collections.abc import Iterator
from typing import Any

import orjson

from lettermill.services.gateway.refusals import Refusal

# Possessive: on a valid document nothing is ever tried twice, and no memory grows with its length.
_STRING = rb'"(?:[^"\\]++|\\.)*+"'
_BRACKET_OR_REST = re.compile(rb'[{}\[\]]|(?:[^"{}\[\]]++|' + _STRING + rb")++")
_KEY = re.compile(rb"\s*(" + _STRING + rb")\s*:\s*")
_SCALAR = re.compile(_STRING + rb"|[^\s,}\]]++")
_SPACE = re.compile(rb"\s*")
_COMMA = re.compile(rb"\s*,\s*")
_OPENING, _CLOSING = frozenset(b"{["), frozenset(b"}]")


def parsed(document: bytes, *, max_depth: int) -> Any:
    """The value of a JSON document in strict RFC 8259. Raises Refusal (400) naming the place, not the content."""
    try:
        value = orjson.loads(document)
    except orjson.JSONDecodeError as error:
        # The parser's own words may quote the document's text, which is nobody's business in a log.
        raise Refusal(400, "not_json", f"malformed JSON at line {error.lineno}, column {error.colno}") from None
    if depth(document) > max_depth:
        raise Refusal(400, "too_deep", f"nested more than {max_depth} deep")
    return value


def depth(document: bytes) -> int:
    """How deep the arrays and objects of a valid document are nested."""
    deepest = level = 0
    for found in _BRACKET_OR_REST.finditer(document):
        first = document[found.start()]
        if first in _OPENING:
            level += 1
            deepest = max(deepest, level)
        elif first in _CLOSING:
            level -= 1
    return deepest


def members(document: bytes) -> Iterator[tuple[str, bytes, bytes]]:
    """The members of a valid object: key, the key as it was written, and the value as it was written."""
    at = document.index(b"{") + 1
    while found := _KEY.match(document, at):
        end = _end_of_value(document, found.end())
        yield orjson.loads(found[1]), found[1], document[found.end() : end]
        at = _behind_comma(document, end)


def items(document: bytes) -> Iterator[bytes]:
    """The items of a valid array, as they were written."""
    at = _behind_space(document, document.index(b"[") + 1)
    while document[at] != ord("]"):
        end = _end_of_value(document, at)
        yield document[at:end]
        at = _behind_space(document, _behind_comma(document, end))


def on_one_line(document: bytes) -> bytes:
    """A valid document without line breaks: inside strings JSON does not allow them as they are."""
    return document.replace(b"\r", b" ").replace(b"\n", b" ")


def _end_of_value(document: bytes, at: int) -> int:
    if document[at] not in _OPENING:
        scalar = _SCALAR.match(document, at)
        assert scalar is not None, "only valid documents are cut"
        return scalar.end()
    level = 0
    for found in _BRACKET_OR_REST.finditer(document, at):
        first = document[found.start()]
        level += (first in _OPENING) - (first in _CLOSING)
        if level == 0:
            return found.end()
    raise AssertionError("only valid documents are cut")


def _behind_comma(document: bytes, at: int) -> int:
    found = _COMMA.match(document, at)
    return found.end() if found else at


def _behind_space(document: bytes, at: int) -> int:
    found = _SPACE.match(document, at)
    return found.end() if found else at
