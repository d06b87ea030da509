"""A fake of Amazon SES, version 2, by its published model: one mail, bulk mail, suppressions and contacts.

It answers as the service does on the wire: names of errors in a header, results of a bulk call by position.
"""

import email
import json
from base64 import b64decode
from dataclasses import dataclass, field
from email.policy import default
from typing import Any

from lettermill.patience import Rate
from tests.delivery.fakes import Entry, HttpFake
from tests.delivery.fakes.counting import Refilling, Rolling
from tests.ingest.serving import Answered, Asked, as_json

MAGIC = "unsendable"
"""A message whose subject has this word is refused."""


@dataclass
class Ses(HttpFake):
    """An account in the sandbox, by default. `results` are statuses for the next entries of bulk calls.

    Recipients count, not calls. By Amazon's blog on SES the `rate` refills with time; a bulk call is bounded by it entry
    by entry, as the statuses of its results are published.
    """

    identity: str = "AKIAOFTHETESTS"
    secret: str = "the-secret-of-the-tests"
    rate: Refilling = field(default_factory=lambda: Refilling(Rate(1, 1.0)))
    quota: Rolling = field(default_factory=lambda: Rolling(Rate(200, 86_400.0)))
    most_entries: int = 50
    most_bytes: int = 40_000_000
    most_bulk_bytes: int = 1_000_000
    results: list[str] = field(default_factory=list)
    suppressed: list[dict[str, Any]] = field(default_factory=list)
    contacts: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    """The contacts of each contact list; SES has one in an account."""
    forbidden: frozenset[str] = frozenset()
    """Paths that the key has no right to."""
    tags: list[dict[str, str]] = field(default_factory=list)
    calls: list[dict[str, Any]] = field(default_factory=list)
    failing_in_own_words: bool = True

    def take(self, asked: Asked) -> Answered:
        if f"Credential={self.identity}/" not in asked.headers.get("Authorization", ""):
            return self.expired(asked)
        if asked.path in self.forbidden:
            return error("AccessDeniedException", "User is not authorized to perform this action", 403)
        match (asked.method, asked.path):
            case ("POST", "/v2/email/outbound-emails"):
                return self._one(asked.json)
            case ("POST", "/v2/email/outbound-bulk-emails"):
                return self._bulk(asked.json, size=len(asked.body))
            case ("GET", "/v2/email/suppression/addresses"):
                return self._list(asked)
            case ("GET", "/v2/email/contact-lists"):
                return as_json({"ContactLists": [{"ContactListName": name} for name in self.contacts]})
            case ("POST", path) if path.startswith("/v2/email/contact-lists/"):
                return self._contacts(path.split("/")[4], asked.json)
            case _:
                return error("NotFoundException", "no such resource", 404)

    def _above(self) -> str | None:
        """The status of one recipient more, where that is too many; else the recipient is counted."""
        now = self.clock.time()
        if self.quota.wait(now):
            return "ACCOUNT_DAILY_QUOTA_EXCEEDED"
        if self.rate.wait(now):
            return "ACCOUNT_THROTTLED"
        for count in (self.quota, self.rate):
            count.take(now)
        return None

    def _one(self, call: dict[str, Any]) -> Answered:
        self.calls.append(call)
        mail = b64decode(call["Content"]["Raw"]["Data"])
        if len(mail) * 4 / 3 > self.most_bytes:
            return error("BadRequestException", "Message length is more than allowed")
        if max(map(len, mail.splitlines())) > 998:
            return error("BadRequestException", "A line of the message is too long")
        above = self._above()
        if above:
            return self.throttled(None) if above == "ACCOUNT_THROTTLED" else too_many("Daily message quota exceeded.")
        read = email.message_from_bytes(mail, policy=default)
        if MAGIC in str(read["Subject"]):
            return error("MessageRejected", f"Email to {call['Destination']['ToAddresses'][0]} contains a virus.")
        text, html = (part.get_content() for part in read.iter_parts())
        tags = {tag["Name"]: tag["Value"] for tag in call.get("EmailTags", [])}
        self._write(call["Destination"], tags, str(read["Subject"]), text, html, tuple(read.keys()))
        return as_json({"MessageId": f"0102-{len(self.book.entries)}"})

    def _bulk(self, call: dict[str, Any], *, size: int) -> Answered:
        self.calls.append(call)
        entries = call["BulkEmailEntries"]
        if len(entries) > self.most_entries or size > self.most_bulk_bytes:
            return error("BadRequestException", "Number of destinations or size of the request is above the limit")
        results = [self._entered(call, entry) for entry in entries]
        return as_json({"BulkEmailEntryResults": results})

    def _entered(self, call: dict[str, Any], entry: dict[str, Any]) -> dict[str, str]:
        status = self._above() or (self.results.pop(0) if self.results else "SUCCESS")
        raw = entry["ReplacementEmailContent"]["ReplacementTemplate"]["ReplacementTemplateData"]
        data = json.loads(raw)
        if len(raw) > 262_144:
            status = "INVALID_PARAMETER"
        if MAGIC in data["subject"]:
            status = "MESSAGE_REJECTED"
        if status != "SUCCESS":
            return {"Status": status, "Error": f"Not for {entry['Destination']['ToAddresses'][0]}"}
        template = call["DefaultContent"]["Template"]["TemplateContent"]
        subject, text, html = (_filled(template[part], data) for part in ("Subject", "Text", "Html"))
        tags = {tag["Name"]: tag["Value"] for tag in entry.get("ReplacementTags", [])}
        to = entry["Destination"]["ToAddresses"][0]
        given = {"From": call["FromEmailAddress"], "To": to, "Subject": subject}
        given |= {header["Name"]: header["Value"] for header in entry.get("ReplacementHeaders", [])}
        # texts go into the head as they came, which is what makes a break of a line in them another header
        head = "".join(f"{name}: {value}\r\n" for name, value in given.items()).encode()
        read = email.message_from_bytes(head + b"\r\n", policy=default)
        self._write(entry["Destination"], tags, str(read["Subject"]), text, html, tuple(read.keys()))
        return {"Status": "SUCCESS", "MessageId": f"0102-{len(self.book.entries)}"}

    def _write(self, to: Any, tags: dict[str, str], subject: str, text: str, html: str, headers: Any) -> None:
        self.tags.append(tags)
        entry = Entry(tags["message_id"], to["ToAddresses"][0], subject=subject, html=html, text=text, headers=headers)
        self.book.entries.append(entry)

    def _list(self, asked: Asked) -> Answered:
        start, size = int(asked.query.get("NextToken", 0)), int(asked.query["PageSize"])
        if size > 1000:
            return error("BadRequestException", "PageSize must be at most 1000")
        page: dict[str, Any] = {"SuppressedDestinationSummaries": self.suppressed[start : start + size]}
        if start + size < len(self.suppressed):
            page["NextToken"] = str(start + size)
        return as_json(page)

    def _contacts(self, name: str, asked: dict[str, Any]) -> Answered:
        if name not in self.contacts:
            return error("NotFoundException", f"List with name: {name} doesn't exist.", 404)
        start = int(asked.get("NextToken", 0))
        end = start + asked["PageSize"]
        page: dict[str, Any] = {"Contacts": self.contacts[name][start:end]}
        if end < len(self.contacts[name]):
            page["NextToken"] = str(end)
        return as_json(page)

    def throttled(self, seconds: int | None) -> Answered:  # noqa: ARG002 (every fake's)
        return too_many("Maximum sending rate exceeded.")

    def failing(self) -> Answered:
        if self.failing_in_own_words:
            return error("ServiceUnavailable", "Service is unavailable", 503)
        return 502, {"Content-Type": "text/html"}, b"<html>Bad Gateway</html>"

    def expired(self, asked: Asked) -> Answered:  # noqa: ARG002 (every fake's)
        return error("UnrecognizedClientException", "The security token included in the request is invalid.", 403)

    def empty(self, asked: Asked) -> Answered:  # noqa: ARG002 (every fake's)
        return as_json({})


def error(name: str, message: str, status: int = 400) -> Answered:
    return as_json({"message": message}, status, x_amzn_ErrorType=name)


def too_many(message: str) -> Answered:
    return error("TooManyRequestsException", message, 429)


def _filled(template: str, data: dict[str, str]) -> str:
    """Simple substitutions: each place once, and what was put in is not read again."""
    for name, value in data.items():
        if template == "{{" + name + "}}":
            return value
    return template
