"""One request and its answer: paced, retried, and refused with the source and the path named."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NoReturn

import httpx2

from lettermill.errors import InputError
from lettermill.http_times import wait_in
from lettermill.ingest.pull.tokens import Proof
from lettermill.patience import Chance, Clock, Patience, Rate, TokenBucket

PASSING = {408, 423, 425, 429}
"""Refusals that may pass by themselves, beside every 5xx: time-outs, locks, too many calls."""


@dataclass(frozen=True)
class Answer:
    """A JSON document and the headers it came with."""

    document: Any
    headers: Mapping[str, str]
    at: datetime


@dataclass
class Asker:
    """Asks one source. `counts` tells of calls and of waits."""

    source: str
    client: httpx2.Client
    credential: Proof
    clock: Clock
    chance: Chance
    patience: Patience = field(default_factory=Patience)
    rate: Rate = field(default_factory=Rate)
    final_words: tuple[str, ...] = ()
    timeout: float = 60.0
    counts: dict[str, int] = field(default_factory=lambda: {"calls": 0, "waits": 0})
    _bucket: TokenBucket = field(init=False)

    def __post_init__(self) -> None:
        self._bucket = TokenBucket(self.rate, self.clock)

    def ask(self, request: httpx2.Request) -> Answer:
        """Send `request` until it is answered with JSON. Raises InputError that names source, path and mend; neither
        query nor headers, which may hold tokens and addresses, are ever told."""
        renewed = False
        for attempt in range(1, self.patience.attempts + 1):
            response, failure = self._sent(request)
            if response is not None and response.status_code == 401 and self.credential.can_renew and not renewed:
                renewed = True
                self.credential.renew()
                response, failure = self._sent(request)
            if response is not None and response.is_success:
                return Answer(self._document(response), response.headers, self._now())
            if response is not None and not self._passes(response):
                self._refuse(response)
            if attempt < self.patience.attempts:
                self.counts["waits"] += 1
                self.clock.sleep(self._wait(response, attempt))
        raise InputError(
            f"source {self.source}: {failure}, {self.patience.attempts} times in a row",
            place=request.url.path,
            mend="run again later: the job goes on where it stopped; raise patience.attempts if this is usual",
        )

    def _sent(self, request: httpx2.Request) -> tuple[httpx2.Response | None, str]:
        self._bucket.take()
        self.counts["calls"] += 1
        request.headers.update(self.credential.headers())
        try:
            response = self.client.send(request, follow_redirects=False)
        except httpx2.TransportError as error:
            return None, f"no answer ({type(error).__name__})"
        return response, f"answered {response.status_code}{_shown(response)}"

    def _passes(self, response: httpx2.Response) -> bool:
        status = response.status_code
        hopeless = any(word in response.text for word in self.final_words)
        return not hopeless and (status in PASSING or status >= 500)

    def _wait(self, response: httpx2.Response | None, attempt: int) -> float:
        header = response.headers.get("Retry-After") if response is not None else None
        asked = wait_in(header, now=self.clock.time())
        if asked is None:
            throttled = response is not None and response.status_code == 429
            least = self.patience.throttled_seconds if throttled else 0.0
            return least + self.patience.backoff(attempt, self.chance)
        if asked > self.patience.longest_seconds and response is not None:
            raise InputError(
                f"source {self.source}: answered {response.status_code} and asks to wait {asked:.0f} s",
                place=response.url.path,
                mend="run again after that: the job goes on where it stopped",
            )
        return asked

    def _document(self, response: httpx2.Response) -> Any:
        try:
            return json.loads(response.content, parse_constant=_no_number)
        except (ValueError, RecursionError):
            kind = response.headers.get("Content-Type", "no content type").partition(";")[0]
            raise InputError(
                f"source {self.source}: answered {response.status_code} with what is no JSON ({kind:.60})",
                place=response.url.path,
                mend="look at the url of the source: a login or error page may stand in front of the interface",
            ) from None

    def _refuse(self, response: httpx2.Response) -> NoReturn:
        mend = {
            401: "check the secrets under authentication of the source; a token may have been revoked",
            403: "give the app the scopes it needs, or wait for the new day where a quota is used up",
            404: "check the url of the source: versions of interfaces end",
            429: "a quota that does not come back soon is used up; run again tomorrow, or ask for less",
        }.get(response.status_code, "compare params, body and paging of the source with the interface's documentation")
        if response.is_redirect:
            mend = "write the url that the interface redirects to; credentials are never sent after a redirect"
        raise InputError(
            f"source {self.source}: answered {response.status_code}{_shown(response)}",
            place=response.url.path,
            mend=mend,
        )

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self.clock.time(), UTC)


def _shown(response: httpx2.Response) -> str:
    """The error's own name, where the body holds one: code words only, never its prose, which may quote data."""
    try:
        document = response.json()
    except (ValueError, RecursionError):
        return ""
    document = document[0] if isinstance(document, list) and document else document
    if not isinstance(document, dict):
        return ""
    named = (document.get(key) for key in ("policyName", "errorCode", "category", "errorType", "error", "code"))
    words = [str(name) for name in named if isinstance(name, str) and name.replace("_", "").isalnum()]
    return f" {words[0]:.60}" if words else ""


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")
