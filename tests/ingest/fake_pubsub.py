"""A fake of Google Pub/Sub, written from its published behaviour and apart from the reader: what is not acknowledged in
time is delivered again, tokens are checked and end, and it keeps a book."""

import base64
import json
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.ingest.serving import Answered, Asked, TestClock, as_json

NAME = "projects/shop-1/subscriptions/orders"


@dataclass
class PubSubServer:
    """One subscription, and Google's token endpoint and metadata server beside it."""

    clock: TestClock
    deadline: float = 10.0
    token_lasts: float = 3600.0
    messages: dict[str, dict[str, Any]] = field(default_factory=dict)
    delivered: Counter = field(default_factory=Counter)
    acknowledged: list[str] = field(default_factory=list)
    book: list[str] = field(default_factory=list)
    lost_answers: Counter = field(default_factory=Counter)
    _leases: dict[str, tuple[str, float]] = field(default_factory=dict)
    _tokens: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)

    def key_file(self, url: str) -> bytes:
        pem = self._key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
        key = {
            "type": "service_account",
            "private_key_id": "k1",
            "private_key": pem,
            "client_email": "r@shop-1.example",
        }
        return json.dumps(key | {"token_uri": f"{url}/token"}).encode()

    def publish(self, *datas: bytes, at: float | None = None, **attributes: str) -> None:
        for data in datas:
            name = str(len(self.messages) + 1)
            published = datetime.fromtimestamp(self.clock.time() - 60 if at is None else at, UTC)
            time = published.strftime("%Y-%m-%dT%H:%M:%S.%f") + "789Z"
            encoded = base64.b64encode(data).decode()
            self.messages[name] = {"data": encoded, "messageId": name, "publishTime": time, "attributes": attributes}

    @property
    def waiting(self) -> list[str]:
        return [name for name in self.messages if name not in self.acknowledged]

    def answer(self, asked: Asked) -> Answered | None:
        if asked.path == "/token":
            return self._granted_by_signature(asked)
        if asked.path.startswith("/computeMetadata/"):
            is_ours = asked.headers.get("Metadata-Flavor") == "Google"
            return self._granted() if is_ours else as_json({}, 403)
        if self._tokens.get(asked.headers.get("Authorization", "")[7:], 0) <= self.clock.time():
            return as_json({"error": {"code": 401, "status": "UNAUTHENTICATED"}}, 401)
        if asked.path == f"/v1/{NAME}":
            return as_json({"name": NAME, "topic": "projects/shop-1/topics/orders"})
        verb = asked.path.removeprefix(f"/v1/{NAME}:")
        self.book.append(verb)
        answered = {"pull": self._pull, "acknowledge": self._acknowledge, "modifyAckDeadline": self._extend}[verb](
            asked.json
        )
        if self.lost_answers[verb]:
            self.lost_answers[verb] -= 1
            return as_json({"error": {"code": 503, "status": "UNAVAILABLE"}}, 503)
        return answered

    def _pull(self, body: dict[str, Any]) -> Answered:
        now = self.clock.time()
        leased = {name for name, until in self._leases.values() if until > now}
        due = [name for name in self.waiting if name not in leased][: body["maxMessages"]]
        received = []
        for name in due:
            self.delivered[name] += 1
            ack = f"ack-{name}-{self.delivered[name]}"
            self._leases[ack] = (name, now + self.deadline)
            received.append({"ackId": ack, "message": self.messages[name]})
        return as_json({"receivedMessages": received} if received else {})

    def _acknowledge(self, body: dict[str, Any]) -> Answered:
        for ack in body["ackIds"]:
            name, until = self._leases[ack]
            if until > self.clock.time() and name not in self.acknowledged:
                self.acknowledged.append(name)
        return as_json({})

    def _extend(self, body: dict[str, Any]) -> Answered:
        now = self.clock.time()
        for ack in body["ackIds"]:
            name, until = self._leases[ack]
            if until > now:
                self._leases[ack] = (name, now + body["ackDeadlineSeconds"])
        return as_json({})

    def _granted_by_signature(self, asked: Asked) -> Answered:
        assert asked.form["grant_type"] == "urn:ietf:params:oauth:grant-type:jwt-bearer"
        head, claims, signature = asked.form["assertion"].split(".")
        self._key.public_key().verify(_decoded(signature), f"{head}.{claims}".encode(), PKCS1v15(), SHA256())
        assert json.loads(_decoded(head)) == {"alg": "RS256", "typ": "JWT", "kid": "k1"}
        said = json.loads(_decoded(claims))
        is_right = said["iss"] == "r@shop-1.example" and said["scope"].endswith("/auth/pubsub")
        is_timely = said["iat"] <= self.clock.time() <= said["exp"] <= said["iat"] + 3600
        return self._granted() if is_right and is_timely else as_json({"error": "invalid_grant"}, 400)

    def _granted(self) -> Answered:
        token = f"ya29.{len(self._tokens)}"
        self._tokens[token] = self.clock.time() + self.token_lasts
        return as_json({"access_token": token, "expires_in": 3599, "token_type": "Bearer"})


def _decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
