"""Proving who asks: headers for each request, by what the source declares."""

import base64
from collections.abc import Callable
from dataclasses import dataclass, field

import httpx2

from lettermill.ingest.pull.declaration import Authentication
from lettermill.ingest.pull.tokens import Tokens
from lettermill.patience import Chance, Clock, Patience

Secrets = Callable[[str], bytes]
"""Looks a reference `secret://scope/key` up."""


@dataclass
class Credential:
    """The headers of one source's requests. Secrets are looked up when they are sent and kept nowhere else.

    A token endpoint may hand out a new refresh token with each answer (RFC 6749, 6); it holds for this run only.
    """

    source: str
    declared: Authentication
    secrets: Secrets
    client: httpx2.Client
    clock: Clock
    chance: Chance
    patience: Patience = field(default_factory=Patience)
    _tokens: Tokens = field(init=False)

    def __post_init__(self) -> None:
        self._tokens = Tokens(
            self.source,
            place=httpx2.URL(self.declared.token_url).path,
            mend="check client_id, client_secret, refresh_token and scope of the source, and that the app may ask",
            ask=self._ask,
            clock=self.clock,
            chance=self.chance,
            patience=self.patience,
        )

    @property
    def can_renew(self) -> bool:
        return self.declared.by.startswith("oauth2")

    @property
    def renewals(self) -> int:
        return self._tokens.renewals

    def headers(self) -> dict[str, str]:
        declared = self.declared
        if declared.by == "none":
            return {}
        if declared.by == "bearer":
            return {"Authorization": f"Bearer {self._secret(declared.token)}"}
        if declared.by == "header":
            return {declared.header: self._secret(declared.token)}
        if declared.by == "basic":
            pair = f"{self._secret(declared.user)}:{self._secret(declared.password)}"
            return {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}
        return {"Authorization": f"Bearer {self._tokens.token()}"}

    def renew(self) -> None:
        self._tokens.renew()

    def _ask(self) -> httpx2.Response:
        declared = self.declared
        asked = {
            "client_id": self._secret(declared.client_id),
            "client_secret": self._secret(declared.client_secret),
            "grant_type": declared.by.removeprefix("oauth2_"),
        }
        if declared.by == "oauth2_refresh_token":
            asked["refresh_token"] = self._tokens.granted.get("refresh_token") or self._secret(declared.refresh_token)
        if declared.scope:
            asked["scope"] = declared.scope
        return self.client.post(declared.token_url, data=asked, timeout=30.0)

    def _secret(self, reference: str) -> str:
        return self.secrets(reference).decode().strip()
