"""A fake of Salesforce Marketing Cloud Engagement: tokens, transactional sends and asynchronous rows.

Written from its published pages: error codes of transactional sends (109xxx) and of rate limiting (50100), the states
of an asynchronous request, tokens of 20 minutes that say they last 1,079 seconds.
"""

import json
import re
from collections import deque
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from lettermill.patience import Rate
from tests.delivery.fakes import Entry, HttpFake
from tests.delivery.fakes.counting import Rolling
from tests.ingest.serving import Answered, Asked, as_json

SEND = "/messaging/v1/email/messages"
KEY_LASTS = 72 * 3600.0
TOKEN_LASTS = 1_200.0
RETRY_SECONDS = 5
"""What a refusal for too many calls tells, however full the minute or the day is."""
MOST_RECIPIENTS, MOST_WITH_ATTRIBUTES = 2_000, 500
MOST_SEND_BYTES = 4_000_000
MOST_ROWS, MOST_ROW_BYTES = 28_000, 5_000_000
REFUSED = "no-such-"
"""An address that begins with it is refused by itself."""
TOO_LONG, DEADLOCK = "toolong", "deadlock"
"""Values of a row: refused for good, and refused the first time."""
PICKED_UP_AFTER, DONE_AFTER = 4.0, 9.0

_CLIENTS = count()


@dataclass
class Request:
    """An asynchronous request: its results, in the order of its rows."""

    at: float
    results: list[dict[str, Any]]


@dataclass
class Sfmc(HttpFake):
    """One business unit, with the send definition `welcome` and the data extension `People/1`, keyed by person_id."""

    client_id: str = field(default_factory=lambda: f"client-{next(_CLIENTS)}")
    client_secret: str = "very-secret-of-the-client-1"
    synchronous: Rolling = field(default_factory=lambda: Rolling(Rate(2_500, 60.0)))
    asynchronous: Rolling = field(default_factory=lambda: Rolling(Rate(50_000_000, 86_400.0)))
    """Calls to /data/v1/async, which is all that asks for rows or looks after them."""
    page: int = 2
    pending_seconds: float = 0.0
    """How much longer than usual a request takes."""
    canned: deque[Answered | None] = field(default_factory=deque)
    """Answers to the next calls with a token, in place of the right ones."""
    token_answers: deque[Answered | None] = field(default_factory=deque)
    """Answers to the next calls for a token, in place of one."""
    lost_results: int = 0
    """How many results of a request are missing at its end."""
    unsent: frozenset[str] = frozenset()
    """The messageKeys that were taken, and then not sent."""
    tokens: dict[str, float] = field(default_factory=dict)
    granted: int = 0
    rows: dict[str, dict[str, Any]] = field(default_factory=dict)
    _keys: dict[str, float] = field(default_factory=dict)
    _requests: dict[str, Request] = field(default_factory=dict)
    _deadlocked: set[str] = field(default_factory=set)

    def hands_over(self, asked: Asked) -> bool:
        return (asked.method, asked.path) == ("POST", SEND) or asked.method == "PUT"

    def take(self, asked: Asked) -> Answered | None:
        return self._token(asked) if asked.path == "/v2/token" else self._with_token(asked)

    def throttled(self, seconds: int | None) -> Answered:
        headers = {} if seconds is None else {"Retry_After": str(seconds)}
        return as_json({"message": "Rate limit exceeded", "errorcode": 50100, "documentation": ""}, 429, **headers)

    def failing(self) -> Answered:
        return as_json({"message": "Internal server error", "errorcode": 0, "documentation": ""}, 500)

    def expired(self, asked: Asked) -> Answered:  # noqa: ARG002 (every token ends)
        self.tokens.clear()
        return self._not_authorized()

    def empty(self, asked: Asked) -> Answered:  # noqa: ARG002 (the same for every call)
        return as_json({}, 202)

    def _not_authorized(self) -> Answered:
        return as_json({"message": "Not Authorized", "errorcode": 0, "documentation": ""}, 401)

    def _token(self, asked: Asked) -> Answered | None:
        if self.token_answers:
            return self.token_answers.popleft()
        body = asked.json
        if (body["client_id"], body["client_secret"]) != (self.client_id, self.client_secret):
            error = "Invalid client ID. Use the client ID in Marketing Cloud Installed Packages."
            return as_json({"error": "invalid_client", "error_description": error, "error_uri": ""}, 401)
        assert body["grant_type"] == "client_credentials"
        self.granted += 1
        self.renewals = self.granted - 1
        token = f"token-of-a-client-{self.granted:010d}"
        self.tokens[token] = self.clock.time() + TOKEN_LASTS
        hosts = {"rest_instance_url": "https://mc.rest.example/", "soap_instance_url": "https://mc.soap.example/"}
        granted = {"access_token": token, "token_type": "Bearer", "expires_in": 1079, "scope": "email_send", **hosts}
        return as_json(granted)

    def _with_token(self, asked: Asked) -> Answered | None:
        token = asked.headers.get("Authorization", "").removeprefix("Bearer ")
        if self.tokens.get(token, 0.0) <= self.clock.time():
            return self._not_authorized()
        if self.canned:
            return self.canned.popleft()
        count = self.asynchronous if asked.path.startswith("/data/v1/async") else self.synchronous
        if count.wait(self.clock.time()):
            return self.throttled(RETRY_SECONDS)
        count.take(self.clock.time())
        if (asked.method, asked.path) == ("POST", SEND):
            return self._send(asked)
        if asked.method == "GET" and asked.path.startswith(f"{SEND}/"):
            return self._message(asked.path.removeprefix(f"{SEND}/"))
        if (asked.method, asked.path) == ("PUT", "/data/v1/async/dataextensions/key:People%2F1/rows"):
            return self._write(asked)
        found = re.fullmatch(r"/data/v1/async/([^/]+)/(status|results)", asked.path)
        if found and asked.method == "GET":
            return self._status(found[1]) if found[2] == "status" else self._results(found[1], asked.query)
        return as_json({"message": "Not Found", "errorcode": 404, "documentation": ""}, 404)

    def _send(self, asked: Asked) -> Answered:
        body = asked.json
        if body.get("definitionKey") != "welcome":
            return self._invalid(109111, "MCMS_UTM_Validation_InvalidValue_definitionKey")
        recipients = body["recipients"]
        most = MOST_WITH_ATTRIBUTES if any("attributes" in one for one in recipients) else MOST_RECIPIENTS
        if len(recipients) > most:
            return self._invalid(109101, "MCMS_UTM_Validation_TooManySubscribers")
        if len(asked.body) > MOST_SEND_BYTES:
            return as_json({"message": "Request Entity Too Large"}, 413)
        responses = [self._recipient(one) for one in recipients]
        failures = sum("errorcode" in one for one in responses)
        answer: dict[str, Any] = {"requestId": "5e2a3a5e-0c1b-4f7a-a4a1-0d1f7f3c9a01", "errorcode": 0}
        if failures:
            words = f"MCMS_UTM_ResponsesHasErrors: {failures} subscribers failed to queue out of {len(responses)}"
            answer |= {"errorcode": 109001, "message": words}
        return as_json(answer | {"responses": responses}, 202)

    def _recipient(self, one: dict[str, Any]) -> dict[str, Any]:
        key, to = one["messageKey"], one.get("to", "")
        if not to or to.startswith(REFUSED):
            code = 109121 if to else 109106
            name = "InvalidValue_to" if to else "MissingRequiredField_to"
            return {"messageKey": key, "errorcode": code, "message": f"MCMS_UTM_Validation_{name}: {to} is invalid"}
        if self._keys.get(key, float("-inf")) > self.clock.time() - KEY_LASTS:
            words = "MCMS_UTM_Validation_DuplicateMessageKey: the key is in use"
            return {"messageKey": key, "errorcode": 109110, "message": words}
        self._keys[key] = self.clock.time()
        attributes = one["attributes"]
        self.book.entries.append(Entry(key, to, attributes["subject"], attributes["html"], attributes["text"]))
        return {"messageKey": key}

    def _invalid(self, code: int, message: str) -> Answered:
        return as_json({"message": message, "errorcode": code, "documentation": ""}, 400)

    def _message(self, key: str) -> Answered:
        if key not in self._keys:
            return as_json({"message": "MCMS_UTM_Runtime_ObjectNotFound", "errorcode": 30003, "documentation": ""}, 404)
        info: dict[str, Any] = {"messageKey": key, "contactKey": "c", "to": "somebody@mail.example"}
        event = "EmailSent"
        if key in self.unsent:
            event = "EmailNotSent"
            info |= {"statusCode": 2, "statusMessage": "Held: somebody@mail.example"}
        return as_json(
            {
                "requestId": "5e2a3a5e-0c1b-4f7a-a4a1-0d1f7f3c9a02",
                "eventCategoryType": f"TransactionalSendEvents.{event}",
                "timestamp": "2024-05-01T12:00:00.000Z",
                "compositeId": "1.2.3.4.5",
                "info": info,
            }
        )

    def _write(self, asked: Asked) -> Answered:
        items = json.loads(asked.body)["items"]
        if len(items) > MOST_ROWS:
            return self._invalid(10001, "too many rows")
        if len(asked.body) > MOST_ROW_BYTES:
            return as_json({"message": "Request Entity Too Large"}, 413)
        request = f"7f0e{len(self._requests):08d}-6d0a-4e57"
        self._requests[request] = Request(self.clock.time() + self.pending_seconds, [self._row(row) for row in items])
        return as_json({"requestId": request, "resultMessages": []}, 202)

    def _row(self, row: dict[str, Any]) -> dict[str, Any]:
        key = row["person_id"]
        if any(isinstance(value, dict | list) for value in row.values()):
            return {"errorCode": 2, "message": "a value is no scalar", "status": "Error"}
        if TOO_LONG in row.values():
            return {
                "errorCode": 2,
                "message": f"Value of {row.get('email')} is too long for the column",
                "status": "Error",
            }
        if DEADLOCK in row.values() and key not in self._deadlocked:
            self._deadlocked.add(key)
            words = "Transaction (Process ID 87) was deadlocked and has been chosen as the deadlock victim."
            return {"errorCode": 2, "message": f"{words} Rerun the transaction.", "status": "Error"}
        self.rows[key] = self.rows.get(key, {}) | row
        return {"message": "", "status": "OK"}

    def _status(self, request: str) -> Answered:
        made = self._requests.get(request)
        told: dict[str, Any] = {"requestId": request, "resultMessages": []}
        if made is None or self.clock.time() < made.at + PICKED_UP_AFTER:
            return as_json(told)
        is_done = self.clock.time() >= made.at + DONE_AFTER
        has_errors = is_done and any(result["status"] == "Error" for result in made.results)
        status = {
            "callDateTime": "2024-05-01T12:00:00.000",
            "pickupDateTime": "2024-05-01T12:00:04.000",
            "completionDateTime": "2024-05-01T12:00:09.000" if is_done else "",
            "hasErrors": has_errors,
            "requestStatus": "Complete" if is_done else "Executing",
            "resultStatus": "Has Errors" if has_errors else "OK",
            "requestId": request,
        }
        return as_json({"status": status, **told})

    def _results(self, request: str, query: dict[str, str]) -> Answered:
        results = self._requests[request].results
        told = results[: len(results) - self.lost_results]
        page = int(query.get("$page", 1))
        items = told[(page - 1) * self.page : page * self.page]
        counts = {"page": page, "pageSize": self.page, "count": len(results)}
        return as_json({**counts, "items": items, "requestId": request, "resultMessages": []})
