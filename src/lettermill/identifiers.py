"""Which identifiers a row names: as `kind:value`, normalised, so that a hash of one can be looked up.

What blocks an erased person's later rows and what finds their rows to erase is this one reading, and what the
mapping of the row's source says beside it.
"""

import re
import unicodedata
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Iterator
from hashlib import sha256
from typing import Any, Protocol

import orjson

from lettermill.telephone_numbers import e164

KINDS_OF_KEYS = {
    "userid": "customer_id", "customerid": "customer_id", "previousid": "customer_id", "anonymousid": "anonymous_id",
    "userpseudoid": "anonymous_id", "deviceid": "device", "advertisingid": "device", "recordid": "record",
    "device.id": "device", "customer.id": "customer_id", "user.id": "customer_id", "record": "record",
    "emailsha256": "email_sha256", "platform.handle": "handle",
}  # fmt: skip
"""The last key, or the last two, before a value, in lower case without `_` and `-` -> the kind of identifier it is."""

OF_PHONES = ("phone", "mobile", "phonenumber")
"""How keys of telephone numbers end; sources have many (`PersonMobilePhone`, `hs_whatsapp_phone_number`)."""

INTERNATIONAL = re.compile(r"\s*\+[\d ()./-]{10,30}\s*")
"""A value that is a telephone number whatever its key is."""

IN_BASE64 = "database64"
"""The key, written so, under which CloudEvents has data that is no JSON of the event itself."""

WEAK = ("household",)
"""Kinds of identifiers that several persons share by their nature: they name nobody."""

_SIGN = r"[^\s<>\"'(),;:\\/?=&\[\]@]"
LOCAL = re.compile(rf"{_SIGN}{{1,64}}$")
DOMAIN = re.compile(rf"{_SIGN}{{1,253}}\.[^\W\d_]{{2,63}}")
"""What stands before and after the @ of anything like an address; bounded, so that no text takes long."""


class Reads(Protocol):
    """What tells which identifiers a raw row of a source names; `region` is the country of phones without one."""

    @property
    def region(self) -> str: ...

    def __call__(self, raw: str | bytes, *, source: str) -> set[str]: ...


def identifier(kind: str, value: str) -> str:
    """One identifier as it is hashed: its kind and its value, trimmed, in NFC and lower case; a phone by its digits."""
    text = unicodedata.normalize("NFC", value.strip()).lower()
    return f"{kind}:{''.join(sign for sign in text if sign.isdigit()) if kind == 'phone' else text}"


def identifiers_as_written(kind: str, value: str, *, region: str) -> set[str]:
    """What a value that a source wrote may be known as: a phone by its digits, and as a number of `region`."""
    if kind != "phone":
        return {identifier(kind, value)}
    spellings = (value, e164(value, region) or "")
    return {identifier(kind, one) for one in spellings if any(sign.isdigit() for sign in one)}


def address_sha256(address: str) -> str:
    """SHA-256 of a normalised address in hexadecimal, without a key: what social sources tell in its place."""
    return sha256(identifier("email", address).removeprefix("email:").encode()).hexdigest()


def handle_at(platform: str, handle: str) -> str:
    """The value of an identifier of kind `handle`: a name means somebody on one platform, with or without its @."""
    return f"{platform.strip()}/{handle.strip().removeprefix('@')}"


def identifiers_in(content: Any, *, source: str, region: str) -> set[str]:
    """Every identifier that a row names: by the key its value stands under, and addresses wherever they stand.

    `content` is the row as JSON gives it, or its text. JSON that stands in one of its texts is read as well. `source`
    is the row's, since a record's id is its source's; `region` is the country of telephone numbers without one.
    """
    found: set[str] = set()
    for path, value in _leaves(content):
        if kind := _kind(path, value):
            named = f"{source}/{value}" if path[-1] == "recordid" else value
            found |= identifiers_as_written(kind, named, region=region)
            if path[-1] == "previousid":
                found.add(identifier("anonymous_id", value))
        if "@" in value:
            found |= addresses_in(value)
    return found


def _kind(path: tuple[str, ...], value: str) -> str | None:
    key = path[-1] if path else ""
    if key.endswith(OF_PHONES) or INTERNATIONAL.fullmatch(value):
        return "phone"
    return KINDS_OF_KEYS.get(key) or KINDS_OF_KEYS.get(".".join(path[-2:]))


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


def parsed(text: str | bytes) -> Any:
    """What a text says in JSON; the text itself where it is none."""
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return text if isinstance(text, str) else text.decode(errors="replace")


def from_base64(text: str) -> str:
    """The text behind one in base64, wrapped and padded or not; nothing where it is none."""
    compact = "".join(text.split())
    try:
        return b64decode(compact + "=" * (-len(compact) % 4), validate=True).decode(errors="replace")
    except (Base64Error, ValueError):
        return ""


def _leaves(content: Any) -> Iterator[tuple[tuple[str, ...], str]]:
    """Texts and whole numbers with the last two keys that lead to them, however deep they stand."""
    waiting: list[tuple[tuple[str, ...], Any]] = [((), content)]
    while waiting:
        path, value = waiting.pop()
        if isinstance(value, dict):
            plain = ((key.lower().replace("_", "").replace("-", ""), below) for key, below in value.items())
            waiting += [((*path[-1:], key), below) for key, below in plain]
            platform, handle = value.get("platform"), value.get("handle")
            if isinstance(platform, str) and isinstance(handle, str):
                yield ("platform", "handle"), handle_at(platform, handle)
        elif isinstance(value, list):
            waiting += [(path, below) for below in value]
        elif isinstance(value, str):
            yield path, value
            waiting += [(path if isinstance(inner, dict) else (), inner) for inner in _within(path, value)]
        elif isinstance(value, int) and not isinstance(value, bool):
            yield path, str(value)


def _within(path: tuple[str, ...], text: str) -> Iterator[Any]:
    """What a text holds: the text behind base64, the object or list that it says in JSON."""
    if path[-1:] == (IN_BASE64,):
        yield {"": from_base64(text)}
    elif text.lstrip()[:1] in ("{", "[") and isinstance(inner := parsed(text), dict | list):
        yield inner
