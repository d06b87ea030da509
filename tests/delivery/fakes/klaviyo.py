"""A fake of Klaviyo: bulk events, bulk imports of profiles, and the list of profiles with their suppressions.

Written from the descriptions in its published OpenAPI files. Windows of a rate are fixed, one burst and one steady window
for each operation.
"""

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from lettermill.patience import Rate
from tests.delivery.fakes import Entry, HttpFake
from tests.delivery.fakes.counting import OfTheClock
from tests.delivery.published import Published
from tests.ingest.serving import Answered, Asked, as_json

EVENTS, IMPORTS, PROFILES = "/api/event-bulk-create-jobs", "/api/profile-bulk-import-jobs", "/api/profiles"
OF_EVENTS, OF_PROFILES = Published("klaviyo/events.json"), Published("klaviyo/profiles.json")
JSON_API = "application/vnd.api+json"
MOST_EVENTS, MOST_PROFILES, MOST_BYTES = 1_000, 10_000, 5_000_000
LONGEST_STRING = LARGEST_PROFILE = 100_000
REFUSED, LOOSELY_REFUSED, BAD = "no-such-", "nowhere-", "bad"
"""Addresses that an event is refused for, with and without a pointer to it; and a value that an import fails for."""
PROCESSING_AFTER, COMPLETE_AFTER = 4.0, 9.0


@dataclass
class Import:
    at: float
    rows: int
    errors: list[dict[str, Any]]


@dataclass
class Klaviyo(HttpFake):
    """One account. `call_seconds` is how long each call takes on its clock.

    `bulk` is the rate of each operation but the list of profiles, which has that of `listed`: burst and steady.
    """

    key: str = "pk_0123456789abcdef0123456789abcdef01"
    bulk: Sequence[Rate] = (Rate(10, 1.0), Rate(150, 60.0))
    listed: Sequence[Rate] = (Rate(75, 1.0), Rate(750, 60.0))
    call_seconds: float = 0.0
    page: int = 2
    pending_seconds: float = 0.0
    is_cancelled: bool = False
    lost_errors: int = 0
    """How many errors of an import are missing at the end of their list."""
    without_pointers: bool = False
    counts_failed_as_completed: bool = False
    suppressed: list[dict[str, Any]] = field(default_factory=list)
    """The profiles of the account, as its list gives them."""
    profiles: dict[str, dict[str, Any]] = field(default_factory=dict)
    canned: list[Answered | None] = field(default_factory=list)
    """Answers to the next calls with the key, in place of the right ones."""
    _taken: set[tuple[str, str, str]] = field(default_factory=set)
    _imports: dict[str, Import] = field(default_factory=dict)
    _counts: dict[tuple[str, str], list[OfTheClock]] = field(default_factory=dict)

    def hands_over(self, asked: Asked) -> bool:
        return asked.path in (EVENTS, IMPORTS) and asked.method == "POST"

    def take(self, asked: Asked) -> Answered | None:
        self.clock.now += self.call_seconds
        return self._answered(asked)

    def throttled(self, seconds: int | None) -> Answered:
        error = {"code": "throttled", "title": "Request was throttled.", "detail": "Too many requests."}
        return self._errors(429, error, **({} if seconds is None else {"Retry_After": str(seconds)}))

    def failing(self) -> Answered:
        return self._errors(503, {"code": "error", "title": "A server error occurred.", "detail": "Try again."})

    def expired(self, asked: Asked) -> Answered:  # noqa: ARG002 (the same for every call)
        words = "Missing or invalid private key."
        pointer = {"source": {"pointer": "/data/"}}
        title = "Authentication credentials were not provided."
        return self._errors(401, {"code": "not_authenticated", "title": title, "detail": words} | pointer)

    def empty(self, asked: Asked) -> Answered:  # noqa: ARG002 (the same for every call)
        return as_json({}, 200)

    def _errors(self, status: int, *errors: Mapping[str, Any], **headers: str) -> Answered:
        told = [{"id": f"0b1c-{at}", "status": status, "meta": {}, **error} for at, error in enumerate(errors)]
        answered = as_json({"errors": told}, status, **headers)
        return answered[0], {**answered[1], "Content-Type": JSON_API}, answered[2]

    def _invalid(self, detail: str, pointer: str = "/data", *, status: int = 400, code: str = "invalid") -> Answered:
        error = {"code": code, "title": "Invalid input.", "detail": detail, "source": {"pointer": pointer}}
        return self._errors(status, error)

    def _answered(self, asked: Asked) -> Answered | None:
        if asked.headers.get("Authorization") != f"Klaviyo-API-Key {self.key}":
            return self.expired(asked)
        if not re.fullmatch(r"\d{4}-\d\d-\d\d(\.\w+)?", asked.headers.get("revision", "")):
            return self._invalid("The revision header is missing or no date.")
        if self.canned:
            return self.canned.pop(0)
        wait = self._wait(asked)
        if wait is not None:
            return self.throttled(wait)
        if asked.method == "POST" and asked.headers.get("Content-Type") != JSON_API:
            return self._invalid("Unsupported media type.", status=415)
        if len(asked.body) > MOST_BYTES:
            return self._invalid("The payload is above 5MB.", status=413, code="payload_too_large")
        match asked.method, asked.path:
            case "POST", path if path == EVENTS:
                return self._events(asked.json)
            case "POST", path if path == IMPORTS:
                return self._import(asked.json)
            case "GET", path if path == PROFILES:
                return self._listed(asked.query)
            case "GET", path if found := re.fullmatch(rf"{IMPORTS}/([^/]+)(/import-errors)?", path):
                return self._import_errors(found[1], asked) if found[2] else self._job(found[1])
        return self._invalid("Not found.", status=404, code="not_found")

    def _wait(self, asked: Asked) -> int | None:
        """Seconds until the operation's full window is over; null where there is room, which is then taken."""
        operation = asked.method, re.sub(r"/job\d+", "/{job_id}", asked.path)
        rates = self.listed if asked.path == PROFILES else self.bulk
        counts = self._counts.setdefault(operation, [OfTheClock(rate) for rate in rates])
        now = self.clock.time()
        wait = max(count.wait(now) for count in counts)
        if wait:
            return math.ceil(wait)
        for count in counts:
            count.take(now)
        return None

    def _events(self, body: Mapping[str, Any]) -> Answered:
        rows = body["data"]["attributes"]["events-bulk-create"]["data"]
        if sum(len(row["attributes"]["events"]["data"]) for row in rows) > MOST_EVENTS:
            return self._invalid("More than 1000 events.")
        refusals, duplicates, taken = [], [], []
        for at, row in enumerate(rows):
            pointer = {"source": {"pointer": f"/data/attributes/events-bulk-create/data/{at}/attributes"}}
            profile = row["attributes"]["profile"]["data"]["attributes"]
            (event,) = (one["attributes"] for one in row["attributes"]["events"]["data"])
            key = (profile["email"], event["metric"]["data"]["attributes"]["name"], event["unique_id"])
            if profile["email"].startswith(LOOSELY_REFUSED):
                return self._invalid(f"{profile['email']} cannot be taken.")
            if profile["email"].startswith(REFUSED) or _longest(event["properties"]) > LONGEST_STRING:
                detail = f"Invalid email address {profile['email']}"
                refusals.append({"code": "invalid", "title": "Invalid input.", "detail": detail, **pointer})
            elif key in self._taken:
                detail = f"An event of {profile['email']} with this unique_id exists."
                duplicates.append({"code": "duplicate_event", "title": "Conflict.", "detail": detail, **pointer})
            taken.append((key, event))
        if refusals or duplicates:
            return self._errors(400 if refusals else 409, *refusals, *duplicates)
        for key, event in taken:
            self._taken.add(key)
            shown = event["properties"]
            extra = shown["$extra"]
            self.book.entries.append(Entry(key[2], key[0], shown["subject"], extra["html"], extra["text"]))
        return 202, {}, b""

    def _import(self, body: Mapping[str, Any]) -> Answered:
        rows = body["data"]["attributes"]["profiles"]["data"]
        if len(rows) > MOST_PROFILES:
            return self._invalid("More than 10000 profiles.")
        refusals, errors = [], []
        for at, row in enumerate(rows):
            pointer = f"/data/attributes/profiles/data/{at}/attributes"
            attributes = row["attributes"]
            if len(json.dumps(row, ensure_ascii=False, separators=(",", ":")).encode()) > LARGEST_PROFILE:
                refusals.append({"code": "invalid", "title": "Invalid input.", "detail": "above 100KB", "source": {"pointer": pointer}})  # fmt: skip
            elif BAD in attributes.get("properties", {}).values():
                errors.append(self._import_error(row, "" if self.without_pointers else f"{pointer}/properties"))
            else:
                self._merge(attributes)
        if refusals:
            return self._errors(400, *refusals)
        job = f"job{len(self._imports):04d}"
        self._imports[job] = Import(self.clock.time() + self.pending_seconds, len(rows), errors)
        return self._told({"data": self._job_resource(job)}, 202)

    def _import_error(self, row: Mapping[str, Any], pointer: str) -> dict[str, Any]:
        attributes = {
            "code": "invalid",
            "title": "Invalid input",
            "detail": f"a property of {row['attributes'].get('email')} is no value",
            "source": {"pointer": pointer or "/data"},
            "original_payload": row["attributes"],
        }
        return {"type": "import-error", "id": f"error-{row['attributes']['external_id']}", "attributes": attributes}

    def _merge(self, attributes: Mapping[str, Any]) -> None:
        """What is absent stays as it is; what is null is cleared."""
        held = self.profiles.setdefault(attributes["external_id"], {})
        flat = {**attributes, **attributes.get("properties", {})}
        held.update({name: value for name, value in flat.items() if name != "properties"})
        self.profiles[attributes["external_id"]] = {name: value for name, value in held.items() if value is not None}

    def _job_resource(self, job: str) -> dict[str, Any]:
        made = self._imports[job]
        since = self.clock.time() - made.at
        is_complete = since >= COMPLETE_AFTER
        status = "complete" if is_complete else "processing" if since >= PROCESSING_AFTER else "queued"
        failures = len(made.errors)
        attributes = {
            "status": "cancelled" if self.is_cancelled else status,
            "created_at": "2024-05-01T12:00:00+00:00",
            "total_count": made.rows,
            "completed_count": (made.rows - failures * (not self.counts_failed_as_completed)) if is_complete else 0,
            "failed_count": failures if is_complete else 0,
            "completed_at": "2024-05-01T12:00:09+00:00" if is_complete else None,
            "expires_at": "2024-05-08T12:00:00+00:00",
            "started_at": None,
        }
        link = {"self": f"https://a.klaviyo.com{IMPORTS}/{job}/"}
        return {"type": "profile-bulk-import-job", "id": job, "attributes": attributes, "links": link}

    def _job(self, job: str) -> Answered:
        if job not in self._imports:
            return self._invalid("Not found.", status=404, code="not_found")
        return self._told({"data": self._job_resource(job)})

    def _import_errors(self, job: str, asked: Asked) -> Answered:
        errors = self._imports[job].errors
        return self._paged(errors[: len(errors) - self.lost_errors], asked.path, asked.query)

    def _listed(self, query: Mapping[str, str]) -> Answered:
        found = re.fullmatch(
            r"greater-or-equal\(subscriptions\.email\.marketing\.(\w+)\.timestamp,([^)]+)\),"
            r"less-than\(subscriptions\.email\.marketing\.\1\.timestamp,([^)]+)\)",
            query["filter"],
        )
        if found is None or query.get("sort") != f"subscriptions.email.marketing.{found[1]}.timestamp":
            return self._invalid("Invalid filter.", "filter")
        since, until = (datetime.fromisoformat(found[place]) for place in (2, 3))

        def moments(profile: Mapping[str, Any]) -> list[datetime]:
            marketing = profile["attributes"]["subscriptions"]["email"]["marketing"]
            stamps = [datetime.fromisoformat(row["timestamp"]) for row in marketing.get(found[1]) or []]
            return sorted(at for at in stamps if since <= at < until)

        matching = sorted((profile for profile in self.suppressed if moments(profile)), key=moments)
        return self._paged(matching, PROFILES, query)

    def _paged(self, rows: list[dict[str, Any]], path: str, query: Mapping[str, str]) -> Answered:
        start = int(query.get("page[cursor]", "c0").removeprefix("c"))
        size = min(self.page, int(query.get("page[size]", 20)))
        links = {"self": f"https://a.klaviyo.com{path}"}
        if start + size < len(rows):
            links["next"] = f"https://a.klaviyo.com{path}?{urlencode({**query, 'page[cursor]': f'c{start + size}'})}"
        return self._told({"data": rows[start : start + size], "links": links})

    def _told(self, document: Mapping[str, Any], status: int = 200) -> Answered:
        limits = {"RateLimit-Limit": "150, 10;w=1, 150;w=60", "RateLimit-Remaining": "149", "RateLimit-Reset": "42"}
        return status, {"Content-Type": JSON_API, **limits}, json.dumps(document).encode()


def _longest(properties: Mapping[str, Any]) -> int:
    texts = [*properties.values(), *properties.get("$extra", {}).values()]
    return max(len(text.encode()) for text in texts if isinstance(text, str))
