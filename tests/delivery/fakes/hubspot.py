"""A fake of HubSpot: the single send, the batch upsert of contacts, and the timeline of subscriptions.

Hand-written after HubSpot's documentation. Magic data: an address that begins with `refused-` is no valid one, one that
begins with `bounced-` has bounced before; a property whose name begins with `unknown_` is none.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from lettermill.patience import Rate
from tests.delivery.fakes import Entry, HttpFake
from tests.delivery.fakes.counting import OfTheClock, Rolling
from tests.ingest.serving import Answered, Asked, as_json

KEY = "pat-eu1-7f3c"
EMAIL_ID = 4126643121
SEND = "/marketing/transactional/2026-03/single-email/send"
UPSERT = "/crm/objects/2026-03/contacts/batch/upsert"
TIMELINE = "/email/public/v1/subscriptions/timeline"


def as_error(message: str, category: str, status: int = 400, **more: Any) -> Answered:
    body = {"status": "error", "message": message, "correlationId": "c0ffee", "category": category}
    return as_json(body | more, status)


@dataclass
class HubSpotFake(HttpFake):
    """Counts every call, in any ten seconds and in a day of its clock. `timeline` has items of changes in any order,
    `scopes` are those of the token's app."""

    rolling: Rolling = field(default_factory=lambda: Rolling(Rate(100, 10.0)))
    daily: OfTheClock = field(default_factory=lambda: OfTheClock(Rate(250_000, 86_400.0)))
    most_inputs: int = 100
    fails_with: int = 502
    scopes: frozenset[str] = frozenset({"content"})
    timeline: list[dict[str, Any]] = field(default_factory=list)
    sends: dict[str, dict[str, Any]] = field(default_factory=dict)
    """The state of each send, by its `sendId`."""
    contacts: dict[str, dict[str, str]] = field(default_factory=dict)

    def take(self, asked: Asked) -> Answered:
        if asked.headers.get("Authorization") != f"Bearer {KEY}":
            return self.expired(asked)
        limited = self._limited()
        if limited:
            return limited
        for count in (self.rolling, self.daily):
            count.take(self.clock.time())
        if asked.path == SEND:
            return self._with_rates(self._send(asked.json))
        if asked.path == UPSERT:
            return self._with_rates(self._upsert(asked.json["inputs"]))
        if asked.path == TIMELINE:
            return self._with_rates(self._changes(asked))
        return as_json({"status": "error", "message": "resource not found", "correlationId": "c0ffee"}, 404)

    def _limited(self) -> Answered | None:
        if self.daily.wait(self.clock.time()):
            return self.too_many("DAILY", "You have reached your daily limit.")
        if self.rolling.wait(self.clock.time()):
            return self.too_many("TEN_SECONDLY_ROLLING", "You have reached your ten_secondly_rolling limit.")
        return None

    def too_many(self, policy: str, message: str) -> Answered:
        body = {"status": "error", "message": message, "errorType": "RATE_LIMIT", "correlationId": "c0ffee"}
        return as_json(body | {"policyName": policy}, 429)

    def _with_rates(self, answered: Answered) -> Answered:
        status, headers, body = answered
        allowed = self.rolling.rate
        rates = {
            "X-HubSpot-RateLimit-Max": str(allowed.calls),
            "X-HubSpot-RateLimit-Remaining": str(allowed.calls - self.rolling.taken(self.clock.time())),
            "X-HubSpot-RateLimit-Interval-Milliseconds": str(int(allowed.seconds * 1_000)),
            "X-HubSpot-RateLimit-Daily": str(self.daily.rate.calls),
        }
        return status, {**headers, **rates}, body

    def _send(self, content: dict[str, Any]) -> Answered:
        message, custom = content["message"], content.get("customProperties", {})
        address, send_id = message["to"], message["sendId"]
        if address.startswith("refused-"):
            return as_error(f"Invalid recipient {address}", "VALIDATION_ERROR")
        state = {"requestedAt": self._now(), "statusId": f"status-{len(self.sends) + 1}"}
        if content["emailId"] != EMAIL_ID:
            return as_json(state | {"status": "COMPLETE", "sendResult": "MISSING_CONTENT"})
        if send_id in self.sends:
            known = {"statusId": self.sends[send_id]["statusId"], "sendResult": "IDEMPOTENT_IGNORE"}
            return as_json(state | known | {"status": "COMPLETE"})
        if address.startswith("bounced-"):
            return as_json(state | {"status": "COMPLETE", "sendResult": "PREVIOUSLY_BOUNCED"})
        self.sends[send_id] = state | {"status": "PENDING"}
        parts = (custom.get(name, "") for name in ("subject", "html", "text"))
        self.book.entries.append(Entry(send_id, address, *parts))
        return as_json(self.sends[send_id])

    def _upsert(self, inputs: list[dict[str, Any]]) -> Answered:
        traces = [one.get("objectWriteTraceId") for one in inputs]
        ids = [one["id"].lower() for one in inputs]
        if len(inputs) > self.most_inputs:
            message = f"The maximum number of inputs supported in a batch request is {self.most_inputs}."
            return as_error(message, "VALIDATION_ERROR")
        if len(set(ids)) < len(ids):
            return as_error("Duplicate IDs found in batch input", "VALIDATION_ERROR")
        errors, results = [], []
        for one in inputs:
            problem = self._problem(one["properties"])
            if problem:
                context = {"objectWriteTraceId": [one["objectWriteTraceId"]]} if None not in traces else {}
                errors.append({
                    "status": "error", "category": "VALIDATION_ERROR", "message": problem, "context": context,
                })  # fmt: skip
            else:
                results.append(one)
        if errors and (None in traces or len(set(traces)) < len(traces)):
            return as_error(errors[0]["message"], "VALIDATION_ERROR")
        written = [self._write(one) for one in results]
        body = {"status": "COMPLETE", "results": written, "startedAt": self._now(), "completedAt": self._now()}
        return as_json(body | {"numErrors": len(errors), "errors": errors}, 207) if errors else as_json(body)

    def _problem(self, properties: dict[str, Any]) -> str | None:
        for name, value in properties.items():
            if name.startswith("unknown_"):
                return f'Property "{name}" does not exist (contact {properties.get("email")})'
            if not isinstance(value, str):
                return f'Property "{name}" is no text'
        return None

    def _write(self, one: dict[str, Any]) -> dict[str, Any]:
        is_new = one["id"] not in self.contacts
        contact = self.contacts.setdefault(one["id"], {})
        contact |= one["properties"]
        for name in [name for name, value in contact.items() if value == ""]:
            del contact[name]
        number = [*self.contacts].index(one["id"]) + 1
        told = {"objectWriteTraceId": one["objectWriteTraceId"]} if "objectWriteTraceId" in one else {}
        return {
            "id": str(number), "new": is_new, "properties": one["properties"], "createdAt": self._now(),
            "updatedAt": self._now(), "archived": False, **told,
        }  # fmt: skip

    def _changes(self, asked: Asked) -> Answered:
        if "content" not in self.scopes:
            message = "This app hasn't been granted all required scopes to make this call."
            return as_error(message, "MISSING_SCOPES", 403)
        within = range(int(asked.query["startTimestamp"]), int(asked.query["endTimestamp"]) + 1)
        items = sorted((one for one in self.timeline if one["timestamp"] in within), key=lambda one: -one["timestamp"])
        start = int(asked.query.get("offset", "at-0").removeprefix("at-"))  # to others a token that says nothing
        end = start + int(asked.query["limit"])
        return as_json({"hasMore": end < len(items), "offset": f"at-{end}", "timeline": items[start:end]})

    def _now(self) -> str:
        return datetime.fromtimestamp(self.clock.time(), UTC).isoformat()

    def throttled(self, seconds: int | None) -> Answered:
        status, headers, body = self.too_many("TEN_SECONDLY_ROLLING", "You have reached your limit.")
        return status, headers if seconds is None else {**headers, "Retry-After": str(seconds)}, body

    def failing(self) -> Answered:
        return as_error("internal error", "SERVER_ERROR", self.fails_with)

    def expired(self, _: Asked) -> Answered:
        return as_error("Authentication credentials not found.", "INVALID_AUTHENTICATION", 401)

    def empty(self, asked: Asked) -> Answered:
        return as_json({} if asked.path == SEND else {"status": "COMPLETE", "results": [], "errors": []})
