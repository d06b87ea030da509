"""Requests that a gateway should survive: valid calls broken in every way we know, foreign corpora, and bombs."""

import base64
import gzip
import hmac
import json
import random
import time
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

WEBHOOK_SECRET = base64.b64encode(b"the key of the webhook").decode()
KINDS = ("track", "identify", "page", "screen", "group", "alias")
TOKENS = (
    b"NaN", b"-Infinity", b"1e999", b"-0", b"123456789012345678901234567890", b'"\\ud800"', b'"\\u0000"', b"\x00",
    b"\xff\xfe", b"\xef\xbb\xbf", b"[" * 2_000, b'{"a":' * 200, b'"', b"\\", b"null", b"true", b"}", b"]", b",,", b"\r\n",
    b'"userId":"other",', b'"messageId":"taken",', "\u2028".encode(), b"'", b"//x\n", b'"type":{},', b'{"$ne":null}',
)  # fmt: skip
VALUES: tuple[Any, ...] = (
    None, True, 0, -1, 2**53, 2**64, 10**40, 0.1, 1e308, "", " ", "x" * 40_000, [], {}, [[]] * 50, {"": {"": {}}},
    "9999-12-31T23:59:59Z", "0001-01-01T00:00:00+14:00", "2026-13-45", "a" * 30_000, "\x00", "\u202e", ["x"] * 500,
)  # fmt: skip
BASE = {
    "event": "Product Viewed",
    "userId": "9",
    "anonymousId": "a-1",
    "timestamp": "2026-05-01T10:00:00Z",
    "sentAt": "2026-05-01T10:00:01Z",
    "context": {"locale": "de-AT", "page": {"url": "https://shop.example/7"}},
    "properties": {
        "product_id": "7",
        "price": 2.5,
        "currency": "USD",
        "products": [{"product_id": "7", "quantity": 1}],
    },
}


@dataclass(frozen=True)
class Hostile:
    """One request, and how many events it holds."""

    path: str
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)
    events: int = 1


def fuzzed(events: int, *, seed: int) -> Iterator[Hostile]:
    """`events` events in broken calls, the same for the same seed but for their ids and signatures."""
    chance, left = random.Random(seed), events
    while left > 0:
        made = chance.choices(
            (_single, _batch, _cloud_event, _graphql, _webhook, _reader), weights=(10, 3, 2, 1, 2, 1)
        )[0](chance)
        if made.events <= left:
            left -= made.events
            yield made


def of_corpora(corpora: Path) -> Iterator[Hostile]:
    """Each case of the corpora that are there: JSON texts as a body and as a value, texts as the values of an event."""
    for file in sorted((corpora / "json-test-suite" / "test_parsing").glob("*.json")):
        text = file.read_bytes()
        yield Hostile("/v1/track", text)
        yield Hostile("/v1/track", b'{"event":"E","userId":"9","properties":{"p":' + text + b"}}")
    for text in _texts(corpora):
        event = {"event": text, "userId": text, "properties": {"product_id": text, text: text}}
        yield Hostile("/v1/track", json.dumps(event).encode())


def bombs() -> Iterator[Hostile]:
    """Small bodies that become large, and deep ones."""
    packed = zlib.compressobj(9, wbits=31)
    gzipped = b"".join(packed.compress(b"\0" * 1_000_000) for _ in range(300)) + packed.flush()
    spaces = gzip.compress(b" " * 100_000_000, 9)
    twice = gzip.compress(gzipped, 9)
    for path in ("/v1/batch", "/v1/track", "/cloudevents", "/graphql", "/webhooks/standard"):
        headers = {"webhook-id": "m"} if path.startswith("/webhooks") else {}
        for packing, body in (
            ("gzip", gzipped),
            ("gzip", spaces),
            ("gzip", twice),
            ("deflate", zlib.compress(b"[" * 50_000_000, 9)),
        ):
            yield Hostile(path, body, headers | {"Content-Encoding": packing})
        for body in (
            b"[" * 500_000,
            b'{"a":' * 100_000,
            b'{"batch":[' + b"[" * 400_000,
            b"[" + b"{}," * 160_000 + b"{}]",
        ):
            yield Hostile(path, body, headers)
        numbers = b'{"batch":[' + b",".join(b"1" for _ in range(240_000)) + b"]}"
        keys = b"{" + b",".join(b'"%d":1' % n for n in range(50_000)) + b"}"
        for body in (numbers, keys, b'{"a":"' + b'\\"' * 240_000 + b'"}', b'{"a":' + b"9" * 490_000 + b"}"):
            yield Hostile(path, body, headers)


def _single(chance: random.Random) -> Hostile:
    body, headers = _broken(_event(chance), chance)
    return Hostile(f"/v1/{chance.choice(KINDS)}", body, headers)


def _batch(chance: random.Random) -> Hostile:
    # Whole objects: a broken text could hold more events, or fewer, than are counted here.
    batch: dict[str, Any] = {"batch": [_event(chance) for _ in range(chance.randrange(1, 5))]}
    for name in ("sentAt", "context", "writeKey"):
        if chance.random() < 0.2:
            batch[name] = chance.choice(VALUES)
    return Hostile(chance.choice(("/v1/batch", "/v1/import")), json.dumps(batch).encode(), events=len(batch["batch"]))


def _cloud_event(chance: random.Random) -> Hostile:
    event = {"specversion": "1.0", "id": _id(chance), "source": "/fuzz", "type": "com.example.order", "data": BASE}
    if chance.random() < 0.5:
        event[chance.choice([*event, "time", "subject"])] = chance.choice(VALUES)
    body, headers = _broken(event, chance)
    return Hostile("/cloudevents", body, {"Content-Type": "application/cloudevents+json"} | headers)


def _graphql(chance: random.Random) -> Hostile:
    given = {"event": "E", "userId": "9", "properties": {"p": chance.choice(VALUES)}}
    if chance.random() < 0.4:
        given[chance.choice([*given, "messageId", "x"])] = chance.choice(VALUES)
    query = "mutation T($input: TrackInput!) { track(input: $input) { messageId } }"
    body, headers = _broken({"query": query, "variables": {"input": given}}, chance, often=0.3)
    return Hostile("/graphql", body, headers)


def _webhook(chance: random.Random) -> Hostile:
    events = [
        {"type": "email.opened", "data": {"message_id": "m", "x": chance.choice(VALUES)}}
        for _ in range(chance.randrange(1, 4))
    ]
    if chance.random() < 0.3:
        events[0]["type"] = chance.choice(VALUES)
    body, name, at = json.dumps(events).encode(), _id(chance), str(int(time.time()))
    mac = hmac.new(base64.b64decode(WEBHOOK_SECRET), f"{name}.{at}.".encode() + body, sha256).digest()
    signature = "v1," + base64.b64encode(mac).decode()
    if chance.random() < 0.4:
        body = body[:-2] + b" " + body[-2:]
    headers = {"webhook-id": name, "webhook-timestamp": at, "webhook-signature": signature}
    return Hostile("/webhooks/standard", body, headers, events=len(events))


def _reader(chance: random.Random) -> Hostile:
    token = f"1.{sha256(_id(chance).encode()).hexdigest()}.{chance.choice(('', 'A' * 43, '%00', '..%2f..'))}"
    kind = chance.choice(("application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/json"))
    return Hostile(
        f"/mail/{chance.choice(('unsubscribe', 'preferences'))}/{token}",
        b"List-Unsubscribe=One-Click",
        {"Content-Type": kind},
    )


def _event(chance: random.Random) -> dict[str, Any]:
    event: dict[str, Any] = {**BASE, "messageId": _id(chance), "type": chance.choice(KINDS)}
    for _ in range(chance.choice((0, 0, 1, 2))):
        event[chance.choice([*event, "receivedAt", "originalTimestamp", "writeKey"])] = chance.choice(VALUES)
    if chance.random() < 0.2:
        event.pop(chance.choice(list(event)))
    return event


def _broken(document: dict[str, Any], chance: random.Random, *, often: float = 0.6) -> tuple[bytes, dict[str, str]]:
    """The document's text, often with bytes flipped, cut, doubled or put in; sometimes packed, well or badly."""
    text = bytearray(json.dumps(document, ensure_ascii=chance.random() < 0.5).encode())
    for _ in range(chance.randrange(1, 4) if chance.random() < often else 0):
        place = chance.randrange(len(text) + 1)
        how = chance.randrange(4)
        if how == 0 and place < len(text):
            text[place] ^= 1 << chance.randrange(8)
        elif how == 1:
            text[place:place] = chance.choice(TOKENS)
        elif how == 2:
            del text[place : place + chance.randrange(1, 30)]
        else:
            text[place:place] = text[place : place + 20]
    packing = chance.random()
    if packing < 0.1:
        return gzip.compress(bytes(text)), {"Content-Encoding": "gzip"}
    if packing < 0.13:
        return bytes(text), {"Content-Encoding": chance.choice(("gzip", "br", "deflate, gzip"))}
    return bytes(text), {}


def _id(chance: random.Random) -> str:
    return f"{chance.getrandbits(96):024x}"


def _texts(corpora: Path) -> Iterator[str]:
    if (corpora / "blns" / "blns.json").is_file():
        yield from json.loads((corpora / "blns" / "blns.json").read_text(encoding="utf-8"))
    for file in sorted((corpora / "payloads").rglob("*.txt")) + sorted((corpora / "csv-injection").rglob("*.txt")):
        yield from filter(None, file.read_bytes().decode(errors="replace").splitlines())
    if (corpora / "email-validator" / "cases.json").is_file():
        for group in json.loads((corpora / "email-validator" / "cases.json").read_text(encoding="utf-8")):
            yield from (row if isinstance(row, str) else row[0] for row in group["rows"])
    if (corpora / "isemail" / "test" / "tests.xml").is_file():
        yield from (address for address, _ in isemail_cases(corpora))


def isemail_cases(corpora: Path) -> Iterator[tuple[str, str]]:
    """Address and category of each case of isemail, which writes control characters as their pictures."""
    pictures = {0x2400 + code: code for code in range(32)}
    for case in ElementTree.parse(corpora / "isemail" / "test" / "tests.xml").getroot().iter("test"):
        yield (case.findtext("address") or "").translate(pictures), case.findtext("category") or ""
