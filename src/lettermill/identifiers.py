"""Which identifiers a raw row names: as `kind:value`, normalised, so that a hash of one can be looked up.

What blocks an erased person's later rows and what finds their rows to erase is this one reading.
"""

import re
import unicodedata
from collections.abc import Iterator
from typing import Any

import orjson

KINDS_OF_KEYS = {
    "userid": "customer_id", "customerid": "customer_id", "previousid": "customer_id", "anonymousid": "anonymous_id",
    "userpseudoid": "anonymous_id", "deviceid": "device", "advertisingid": "device", "recordid": "record",
    "phone": "phone", "mobile": "phone", "telephone": "phone", "device.id": "device", "customer.id": "customer_id",
    "user.id": "customer_id", "record": "record",
}  # fmt: skip
"""The last key, or the last two, before a value, in lower case without `_` and `-` -> the kind of identifier it is."""

WEAK = ("household",)
"""Kinds of identifiers that several persons share by their nature: they name nobody."""

_SIGN = r"[^\s<>\"'(),;:\\/?=&\[\]@]"
LOCAL = re.compile(rf"{_SIGN}{{1,64}}$")
DOMAIN = re.compile(rf"{_SIGN}{{1,253}}\.[^\W\d_]{{2,63}}")
"""What stands before and after the @ of anything like an address; bounded, so that no text takes long."""


def identifier(kind: str, value: str) -> str:
    """One identifier as it is hashed: its kind and its value, trimmed, in NFC and lower case; a phone by its digits."""
    text = unicodedata.normalize("NFC", value.strip()).lower()
    return f"{kind}:{''.join(sign for sign in text if sign.isdigit()) if kind == 'phone' else text}"


def identifiers_in(raw: str | bytes, *, source: str) -> set[str]:
    """Every identifier that a row names: by the key its value stands under, and addresses wherever they stand.

    A row that is no JSON names the addresses in its text. `source` is the row's, since a record's id is its source's.
    """
    try:
        content = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return addresses_in(raw if isinstance(raw, str) else raw.decode(errors="replace"))
    found: set[str] = set()
    for path, value in _leaves(content):
        kind = KINDS_OF_KEYS.get(path[-1] if path else "") or KINDS_OF_KEYS.get(".".join(path[-2:]))
        if kind:
            found.add(identifier(kind, f"{source}/{value}" if path[-1] == "recordid" else value))
            if path[-1] == "previousid":
                found.add(identifier("anonymous_id", value))
        if "@" in value:
            found |= addresses_in(value)
    return found


def addresses_in(text: str) -> set[str]:
    """Every address in a text, as an identifier."""
    found = set()
    at = text.find("@")
    while at >= 0:
        local, domain = LOCAL.search(text[max(0, at - 64) : at]), DOMAIN.match(text, at + 1, at + 320)
        if local and domain:
            found.add(identifier("email", f"{local.group()}@{domain.group()}"))
        at = text.find("@", at + 1)
    return found


def _leaves(content: Any) -> Iterator[tuple[tuple[str, ...], str]]:
    """Texts and whole numbers with the last two keys that lead to them, however deep they stand."""
    waiting: list[tuple[tuple[str, ...], Any]] = [((), content)]
    while waiting:
        path, value = waiting.pop()
        if isinstance(value, dict):
            plain = ((key.lower().replace("_", "").replace("-", ""), below) for key, below in value.items())
            waiting += [((*path[-1:], key), below) for key, below in plain]
        elif isinstance(value, list):
            waiting += [(path, below) for below in value]
        elif isinstance(value, str) or (isinstance(value, int) and not isinstance(value, bool)):
            yield path, str(value)
