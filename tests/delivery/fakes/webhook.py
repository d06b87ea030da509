"""A receiver of webhooks, written by the standard's text: it checks the signature over the raw body and how old it is,
keeps each message once, and tells of each."""

import base64
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from tests.delivery.fakes import Entry, HttpFake
from tests.ingest.serving import Answered, Asked, as_json

SECRET = "whsec_" + base64.b64encode(b"a secret of the tests, 32 bytes!").decode()
TOLERANCE = 300
MAGIC = "unsendable"
"""A message whose subject has this word is refused."""


@dataclass
class Receiver(HttpFake):
    secret: str = SECRET
    dedupes: bool = True
    tells_results: bool = True
    most_messages: int = 100
    most_bytes: int = 5_000_000
    failing_status: int = 503
    ids: list[str] = field(default_factory=list)
    results: list[dict[str, Any]] | None = None
    """What to tell in place of the truth."""

    def take(self, asked: Asked) -> Answered:
        if not self.is_signed(asked.headers, asked.body):
            return as_json({"error": "signature"}, 401)
        if len(asked.body) > self.most_bytes:
            return as_json({"error": "too large"}, 413)
        messages = asked.json["data"]
        if len(messages) > self.most_messages:
            return as_json({"error": "too many messages"}, 400)
        self.ids.append(asked.headers["webhook-id"])
        results = [self._kept(message) for message in messages]
        if not self.tells_results:
            return 204, {}, b""
        return as_json({"results": results if self.results is None else self.results})

    def _kept(self, message: dict[str, str]) -> dict[str, str]:
        if MAGIC in message["subject"]:
            return {"message_id": message["message_id"], "status": "rejected", "reason": f"no {message['address']}"}
        if not (self.dedupes and message["message_id"] in self.book.message_ids):
            kept = {name: message[name] for name in ("message_id", "address", "subject", "html", "text")}
            self.book.entries.append(Entry(**kept))
        return {"message_id": message["message_id"], "status": "accepted"}

    def is_signed(self, headers: Mapping[str, str], body: bytes) -> bool:
        name, told = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "0")
        key = base64.b64decode(self.secret.removeprefix("whsec_"))
        expected = base64.b64encode(hmac.new(key, f"{name}.{told}.".encode() + body, sha256).digest()).decode()
        is_fresh = abs(self.clock.time() - int(told)) <= TOLERANCE
        return is_fresh and f"v1,{expected}" in headers.get("webhook-signature", "").split()

    def throttled(self, seconds: int | None) -> Answered:
        headers = {} if seconds is None else {"Retry_After": str(seconds)}
        return as_json({"error": "slow down"}, 429, **headers)

    def failing(self) -> Answered:
        return as_json({"error": "out of order"}, self.failing_status)

    def expired(self, asked: Asked) -> Answered:  # noqa: ARG002 (every fake's)
        return as_json({"error": "signature"}, 401)

    def empty(self, asked: Asked) -> Answered:  # noqa: ARG002 (every fake's)
        return as_json({})
