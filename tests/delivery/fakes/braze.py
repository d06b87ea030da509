"""A fake of Braze, of one instance: triggered campaigns, /users/track and the lists of bounces and unsubscriptions.

Hand-written after Braze's documentation. Magic data: a recipient or an object whose id begins with `refused-` is refused
with an error that names its row, one that begins with `minor-` with one that names none.
"""

import json
import math
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from lettermill.patience import Rate
from tests.delivery.fakes import Entry, HttpFake
from tests.delivery.fakes.counting import OfTheClock
from tests.ingest.serving import Answered, Asked, as_json

KEY = "b7c1-rest-key"
CAMPAIGN = "campaign-0001"
SEND, TRACK = "/campaigns/trigger/send", "/users/track"
LISTS = {"/email/hard_bounces": "hard_bounced_at", "/email/unsubscribes": "unsubscribed_at"}
INVALID_ROWS = "Valid data must be provided in the 'attributes', 'events', or 'purchases' fields."


def _json(content: Any) -> bytes:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()


@dataclass(frozen=True)
class Tracked:
    """One object that /users/track took; Braze gives each event an id of its own."""

    array: str
    external_id: str
    content: dict[str, Any]


@dataclass
class BrazeFake(HttpFake):
    """Calls that send or read lists count as `shared`, by the hour of the clock, those that track by themselves.

    Over them, and under a fault, a 429 tells the reset as a moment, or, where `tells_seconds`, as seconds to wait and
    without the other headers.
    """

    shared: OfTheClock = field(default_factory=lambda: OfTheClock(Rate(250_000, 3_600.0)))
    tracked_calls: OfTheClock = field(default_factory=lambda: OfTheClock(Rate(3_000, 3.0)))
    most_bytes: int = 4_000_000
    most_recipients: int = 50
    most_objects: int = 75
    most_properties: int = 50_000
    is_under_maintenance: bool = False
    tells_seconds: bool = False
    fails_with: int = 503
    profiles: dict[str, dict[str, Any]] = field(default_factory=dict)
    tracked: list[Tracked] = field(default_factory=list)
    lists: dict[str, list[dict[str, str]]] = field(default_factory=lambda: {path: [] for path in LISTS})
    _dispatches: int = 0

    def take(self, asked: Asked) -> Answered:
        refusal = self._refusal(asked)
        if refusal:
            return refusal
        count = self._count(asked)
        count.take(self.clock.time())
        if asked.path in LISTS:
            return self._with_rates(self._listed(asked), count)
        return self._with_rates(self._send(asked.json) if asked.path == SEND else self._track(asked.json), count)

    def _count(self, asked: Asked) -> OfTheClock:
        return self.tracked_calls if asked.path == TRACK else self.shared

    def _refusal(self, asked: Asked) -> Answered | None:
        """What is looked at before the body is."""
        if asked.path not in (SEND, TRACK, *LISTS):
            return as_json({"message": "Invalid URL"}, 404)
        if asked.headers.get("Authorization") != f"Bearer {KEY}":
            return as_json({"message": "Invalid API Key"}, 401)
        if asked.method == "POST" and asked.headers.get("Content-Type") != "application/json":
            return as_json({"message": "Unsupported Media Type"}, 415)
        if len(asked.body) > self.most_bytes:
            return as_json({"message": "Request Entity Too Large"}, 413)
        wait = self._count(asked).wait(self.clock.time())
        return self.throttled(math.ceil(wait)) if wait else None

    def _send(self, content: dict[str, Any]) -> Answered:
        recipients = content.get("recipients") or []
        if content.get("campaign_id") != CAMPAIGN:
            return as_json({"message": "Invalid Campaign ID"}, 400)
        if not recipients and not content.get("broadcast"):
            return as_json({"message": "No Recipients"}, 400)
        if len(recipients) > self.most_recipients:
            message = "The max number of external_ids and aliases per request was exceeded"
            return as_json({"message": message}, 400)
        errors: list[Any] = []
        for index, recipient in enumerate(recipients):
            error = self._recipient_error(recipient, index)
            if error:
                errors.append(error)
            else:
                self._mail(recipient)
        if self.is_under_maintenance:
            return as_json({"message": "queued"}, 202)
        self._dispatches += 1
        dispatch = {"dispatch_id": f"dispatch-{self._dispatches:06d}", "message": "success"}
        return as_json(dispatch | ({"errors": errors} if errors else {}), 201)

    def _recipient_error(self, recipient: dict[str, Any], index: int) -> Any:
        address = recipient.get("attributes", {}).get("email", "")
        if len(_json(recipient["trigger_properties"])) > self.most_properties:
            return {"type": "'trigger_properties' is too large", "input_array": "recipients", "index": index}
        if recipient["external_user_id"].startswith("refused-"):
            return {"type": f"'email' {address} is not valid", "input_array": "recipients", "index": index}
        return f"{address} could not be mailed" if recipient["external_user_id"].startswith("minor-") else None

    def _mail(self, recipient: dict[str, Any]) -> None:
        person = recipient["external_user_id"]
        known = person in self.profiles
        if not known and recipient.get("send_to_existing_only", True) and "attributes" not in recipient:
            return
        profile = self.profiles.setdefault(person, {})
        profile |= recipient.get("attributes", {})
        parts = recipient["trigger_properties"]
        self.book.entries.append(
            Entry(parts["message_id"], profile.get("email", ""), parts["subject"], parts["html"], parts["text"])
        )

    def _track(self, content: dict[str, Any]) -> Answered:
        arrays = {name: content.get(name, []) for name in ("attributes", "events", "purchases")}
        if sum(map(len, arrays.values())) > self.most_objects:
            return as_json({"message": "Max Input Length Exceeded"}, 400)
        errors, done = [], {}
        for name, objects in arrays.items():
            for index, one in enumerate(objects):
                problem = self._object_problem(one)
                if name == "events":
                    problem = problem or self._event_problem(one.get("properties", {}))
                if problem:
                    errors.append({"type": problem, "input_array": name, "index": index})
                    continue
                done[f"{name}_processed"] = done.get(f"{name}_processed", 0) + 1
                self.tracked.append(Tracked(name, one["external_id"], one))
                if name == "attributes":
                    self._write(one)
        if not done:
            return as_json({"message": INVALID_ROWS, "errors": errors}, 400)
        return as_json({"message": "success", **done, **({"errors": errors} if errors else {})}, 201)

    def _object_problem(self, one: dict[str, Any]) -> str | None:
        if not one.get("external_id"):
            return "'external_id', 'braze_id', 'user_alias', 'email' or 'phone' is required"
        if one["external_id"].startswith("refused-"):
            return f"'external_id' {one['external_id']} is not valid"
        return None

    def _event_problem(self, properties: dict[str, Any]) -> str | None:
        texts = [*properties, *(value for value in properties.values() if isinstance(value, str))]
        if any(len(text) > 255 for text in texts):
            return "'properties' have a name or a text of more than 255 characters"
        taken = sorted({"time", "event_name"} & properties.keys())
        return f"'{taken[0]}' is a reserved key" if taken else None

    def _write(self, one: dict[str, Any]) -> None:
        person = self.profiles.setdefault(one["external_id"], {})
        for name, value in one.items():
            if name in ("external_id", "_update_existing_only"):
                continue
            person.pop(name, None)
            if value is not None:
                person[name] = value

    def _listed(self, asked: Asked) -> Answered:
        """Newest first, from midnight to midnight."""
        when, limit, offset = LISTS[asked.path], int(asked.query["limit"]), int(asked.query["offset"])
        if asked.query["start_date"] >= asked.query["end_date"] or limit > 500:
            return as_json({"message": "'start_date' must be before 'end_date'"}, 400)
        first, last = (
            datetime.fromisoformat(asked.query[name]).replace(tzinfo=UTC) for name in ("start_date", "end_date")
        )
        entries = [
            entry
            for entry in sorted(self.lists[asked.path], key=lambda entry: entry[when], reverse=True)
            if first <= datetime.fromisoformat(entry[when].replace(" +", "+")) < last
        ]
        return as_json({"emails": entries[offset : offset + limit], "message": "success"})

    def _with_rates(self, answered: Answered, count: OfTheClock) -> Answered:
        status, headers, body = answered
        now = self.clock.time()
        rates = {
            "x-ratelimit-limit": str(count.rate.calls),
            "x-ratelimit-remaining": str(count.rate.calls - count.taken(now)),
            "x-ratelimit-reset": str(int(count.ends(now))),
        }
        return status, {**headers, **rates}, body

    def throttled(self, seconds: int | None) -> Answered:
        status, headers, body = as_json({"message": "Rate limited"}, 429)
        if seconds is None:
            return status, headers, body
        if self.tells_seconds:
            return status, {**headers, "X-Ratelimit-Retry-After": str(seconds)}, body
        reset = str(int(self.clock.time()) + seconds)
        return status, {**headers, "x-ratelimit-remaining": "0", "x-ratelimit-reset": reset}, body

    def failing(self) -> Answered:
        return as_json({"message": "Internal Server Error"}, self.fails_with)

    def expired(self, _: Asked) -> Answered:
        return as_json({"message": "Invalid API Key"}, 401)

    def empty(self, _: Asked) -> Answered:
        return as_json({"message": "success"}, 201)
