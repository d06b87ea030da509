"""One call over HTTP, and which of three things it came to: an answer, surely nothing, or perhaps.

The difference matters more than the error: what never left may be offered again, what was cut off may have arrived.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx2
import orjson

KEEPALIVE_SECONDS = 5.0
"""Shorter than the idle limit of any server known: a call on a connection that the other side has just closed would be
cut off, so ambiguous."""


@dataclass(frozen=True)
class Reply:
    """A whole answer; names of headers in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)

    def json(self) -> Any:
        """The body as JSON; null where it is none."""
        try:
            return orjson.loads(self.body)
        except orjson.JSONDecodeError:
            return None


class NotSent(Exception):  # noqa: N818 (it says what happened)
    """No connection could be made: the provider cannot have the request."""


class CutOff(Exception):  # noqa: N818 (it says what happened)
    """The connection broke, or no whole answer came in time: the provider may have the request."""


@dataclass
class Exchange:
    """Calls to one base URL, over connections that are kept; for one thread."""

    base_url: str
    timeout: float = 30.0
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    _client: httpx2.Client = field(init=False, repr=False)

    def __post_init__(self) -> None:
        limits = httpx2.Limits(max_connections=1, keepalive_expiry=KEEPALIVE_SECONDS)
        self._client = httpx2.Client(
            base_url=self.base_url,
            timeout=self.timeout,
            headers=dict(self.headers),
            limits=limits,
            follow_redirects=False,
        )

    def call(
        self,
        method: str,
        path: str,
        *,
        content: bytes = b"",
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """Make one call. Raises NotSent or CutOff; neither says anything of the request's content."""
        try:
            response = self._client.request(method, path, content=content, headers=dict(headers or {}))
        except (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout) as error:
            raise NotSent(f"no connection: {type(error).__name__}") from None
        except httpx2.RequestError as error:
            raise CutOff(f"cut off: {type(error).__name__}") from None
        named = {name.lower(): value for name, value in response.headers.items()}
        return Reply(response.status_code, named, response.content)

    def post_json(self, path: str, content: bytes, *, headers: Mapping[str, str] | None = None) -> Reply:
        """POST a body of JSON that is encoded already."""
        return self.call("POST", path, content=content, headers={"content-type": "application/json", **(headers or {})})

    def close(self) -> None:
        self._client.close()
