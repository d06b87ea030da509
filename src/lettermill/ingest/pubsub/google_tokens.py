"""Google's access tokens: by a service account's signature (RFC 7523), or from the machine's metadata server."""

import base64
import json
from dataclasses import dataclass, field
from typing import Any

import httpx2
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from lettermill.errors import ConfigError
from lettermill.ingest.pubsub.declaration import PubSub
from lettermill.ingest.pull.authentication import Secrets
from lettermill.ingest.pull.declaration import refuse_unsafe
from lettermill.ingest.pull.tokens import Tokens
from lettermill.patience import Chance, Clock

SCOPE = "https://www.googleapis.com/auth/pubsub"
GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
METADATA_PATH = "/computeMetadata/v1/instance/service-accounts/default/token"
SIGNED_FOR_SECONDS = 3600


@dataclass
class GoogleCredential:
    """The header that each call carries."""

    source: str
    declared: PubSub
    secrets: Secrets
    client: httpx2.Client
    clock: Clock
    chance: Chance
    _tokens: Tokens = field(init=False)

    def __post_init__(self) -> None:
        by_key = self.declared.authentication == "service_account"
        self._tokens = Tokens(
            self.source,
            place="token_uri of the service account's key" if by_key else METADATA_PATH,
            mend="check the key of the source, and that it is not disabled"
            if by_key
            else "run on a machine of Google's with a service account, or declare authentication: service_account",
            ask=self._ask_by_key if by_key else self._ask_metadata_server,
            clock=self.clock,
            chance=self.chance,
            patience=self.declared.patience,
        )

    @property
    def can_renew(self) -> bool:
        return self.declared.authentication != "none"

    @property
    def renewals(self) -> int:
        return self._tokens.renewals

    def headers(self) -> dict[str, str]:
        if self.declared.authentication == "none":
            return {}
        return {"Authorization": f"Bearer {self._tokens.token()}"}

    def renew(self) -> None:
        self._tokens.renew()

    def _ask_by_key(self) -> httpx2.Response:
        email, token_uri, key_id, key = self._key()
        now = int(self.clock.time())
        header = {"alg": "RS256", "typ": "JWT", "kid": key_id}
        claims = {"iss": email, "scope": SCOPE, "aud": token_uri, "iat": now, "exp": now + SIGNED_FOR_SECONDS}
        signed = f"{_encoded(json.dumps(header))}.{_encoded(json.dumps(claims))}"
        signature = key.sign(signed.encode(), PKCS1v15(), SHA256())
        asked = {"grant_type": GRANT, "assertion": f"{signed}.{_encoded(signature)}"}
        return self.client.post(token_uri, data=asked, timeout=30.0)

    def _key(self) -> tuple[str, str, str, RSAPrivateKey]:
        """The parts of the JSON key. Raises ConfigError that tells nothing of what it holds."""
        try:
            content: dict[str, Any] = json.loads(self.secrets(self.declared.key))
            key = load_pem_private_key(content["private_key"].encode(), password=None)
            email, token_uri, key_id = (str(content[name]) for name in ("client_email", "token_uri", "private_key_id"))
            refuse_unsafe(token_uri)
        except (ValueError, KeyError, TypeError, AttributeError):
            key = None  # type: ignore[assignment]
        if not isinstance(key, RSAPrivateKey):
            raise ConfigError(
                f"source {self.source}: the secret is no JSON key of a service account",
                place=self.declared.key,
                mend="store the whole file that Google hands out for the key, as it is",
            )
        return email, token_uri, key_id, key

    def _ask_metadata_server(self) -> httpx2.Response:
        url = f"{self.declared.metadata_url}{METADATA_PATH}"
        return self.client.get(url, headers={"Metadata-Flavor": "Google"}, timeout=5.0)


def _encoded(content: str | bytes) -> str:
    """URL-safe base64 without padding, RFC 7515."""
    raw = content.encode() if isinstance(content, str) else content
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
