"""A fake of SendGrid's Web API, version 3, by its published behaviour: mail send, suppressions, and those of groups.

Each personalization is a mail. What it makes of a call is composed as a mail and read back, so that its book has what
would have arrived.
"""

import email
import json
import math
from dataclasses import dataclass, field
from email.policy import default
from typing import Any

from lettermill.patience import Rate
from tests.delivery.fakes import Entry, HttpFake
from tests.delivery.fakes.counting import OfTheClock
from tests.ingest.serving import Answered, Asked, as_json

MOST_BYTES = 30_000_000
MAGIC = "unsendable"
"""A message whose subject has this word is refused."""


@dataclass
class SendGrid(HttpFake):
    """`lists` are what the suppressions hold, `left` those of unsubscribe groups, which may be read as often as `reads`
    allows; how often mail may be sent is not published, so `sends` is null but where a test says so. Groups are published
    without parameters: whether any is heeded is `heeds` of their names, and a page is never larger than `most_left`."""

    key: str = "SG.a-key-of-the-tests"
    reads: OfTheClock = field(default_factory=lambda: OfTheClock(Rate(600, 60.0)))
    sends: OfTheClock | None = None
    lists: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    left: list[dict[str, Any]] = field(default_factory=list)
    heeds: frozenset[str] = frozenset()
    most_left: int = 1_000_000
    custom_args: list[dict[str, str]] = field(default_factory=list)
    failing_in_own_words: bool = True

    def take(self, asked: Asked) -> Answered:
        if asked.headers.get("Authorization") != f"Bearer {self.key}":
            return _errors(401, "authorization required")
        count, now = self.sends if asked.method == "POST" else self.reads, self.clock.time()
        if count and (wait := count.wait(now)):
            return self.throttled(math.ceil(wait))
        if count:
            count.take(now)
        if asked.method == "GET" and asked.path.startswith("/v3/suppression/"):
            return self._suppressed(asked)
        if (asked.method, asked.path) == ("GET", "/v3/asm/suppressions"):
            return self._left(asked)
        if (asked.method, asked.path) != ("POST", "/v3/mail/send"):
            return _errors(404, "not found")
        if len(asked.body) > MOST_BYTES:
            return _errors(413, "content too large")
        return self._sent(asked.json)

    def _sent(self, mail: dict[str, Any]) -> Answered:
        people = mail["personalizations"]
        refusal = self._refusal(mail, people)
        if refusal:
            return _errors(400, *refusal)
        for person in people:
            self.book.entries.append(_arrived(mail, person))
            self.custom_args.append(person.get("custom_args", {}))
        return 202, {"X-Message-Id": f"sg-{len(self.book.entries)}"}, b""

    def _refusal(self, mail: dict[str, Any], people: list[dict[str, Any]]) -> tuple[str, str] | None:
        if len(people) > 1000:
            return "The personalizations field may have 1000 entries at most.", "personalizations"
        if any(len(json.dumps(person.get("substitutions", {}))) > 10_000 for person in people):
            return "The substitutions are above 10,000 bytes.", "personalizations.0.substitutions"
        if any(len(json.dumps(person.get("custom_args", {}))) > 10_000 for person in people):
            return "The custom arguments are above 10,000 bytes.", "personalizations.0.custom_args"
        if any(not part["value"] for part in mail.get("content", [{"value": ""}])) or not mail.get("subject"):
            return "The content value must be a string at least one character in length.", "content.0.value"
        if MAGIC in mail["subject"]:
            return f"Does not contain a valid address: {people[0]['to'][0]['email']}", "personalizations.0.to.0.email"
        return None

    def _suppressed(self, asked: Asked) -> Answered:
        rows = self.lists.get(asked.path.rpartition("/")[2])
        limit, offset = int(asked.query.get("limit", 500)), int(asked.query.get("offset", 0))
        if rows is None or not 1 <= limit <= 500:
            return _errors(400, "limit must be between 1 and 500", "limit")
        within = range(int(asked.query["start_time"]), int(asked.query["end_time"]) + 1)
        return as_json([row for row in rows if row["created"] in within][offset : offset + limit])

    def _left(self, asked: Asked) -> Answered:
        heeded = {name: int(value) for name, value in asked.query.items() if name in self.heeds}
        begin, end = heeded.get("start_time", 0), heeded.get("end_time", 2**40)
        rows = [row for row in self.left if begin <= row["created_at"] <= end][heeded.get("offset", 0) :]
        return as_json(rows[: min(self.most_left, heeded.get("limit", self.most_left))])

    def throttled(self, seconds: int | None) -> Answered:
        headers = {} if seconds is None else {"X-RateLimit-Reset": str(int(self.clock.time()) + seconds)}
        status, plain, body = _errors(429, "too many requests")
        return status, plain | headers, body

    def failing(self) -> Answered:
        if self.failing_in_own_words:
            return _errors(500, "internal server error")
        return 502, {"Content-Type": "text/html"}, b"<html>Bad Gateway</html>"

    def expired(self, asked: Asked) -> Answered:  # noqa: ARG002 (every fake's)
        return _errors(401, "The provided authorization grant is invalid, expired, or revoked")

    def empty(self, asked: Asked) -> Answered:  # noqa: ARG002 (every fake's)
        return 200, {}, b""


def _arrived(mail: dict[str, Any], person: dict[str, Any]) -> Entry:
    """A mail as SendGrid would put it together: texts go into the head as they came, which is what makes a break of a
    line in them another header."""
    sender, (to,) = mail["from"], person["to"]
    named = {"From": f"{sender.get('name', '')} <{sender['email']}>", "To": to["email"], "Subject": mail["subject"]}
    given = {**named, **mail.get("headers", {}), **person.get("headers", {})}
    head = "".join(f"{name}: {value}\r\n" for name, value in given.items())
    read = email.message_from_bytes(f"{head}\r\n".encode(), policy=default)
    parts = {part["type"]: part["value"] for part in mail["content"]}
    return Entry(
        message_id=person["custom_args"]["message_id"],
        address=to["email"],
        subject=str(read["Subject"]),
        html=parts.get("text/html", ""),
        text=parts.get("text/plain", ""),
        headers=tuple(read.keys()),
    )


def _errors(status: int, message: str, field_: str | None = None) -> Answered:
    return as_json({"errors": [{"message": message, "field": field_, "help": None}]}, status)
