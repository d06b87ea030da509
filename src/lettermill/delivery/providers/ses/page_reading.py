"""Reading SES's lists page by page: at the pace it allows, and again where a refusal may pass by itself."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as NoConnection

from lettermill.patience import Clock, Patience, Rate, TokenBucket

NEXT = "NextToken"


@dataclass
class Lists:
    """Reads lists by a client of boto3, which makes each call once."""

    client: Any = field(repr=False)
    clock: Clock
    rates: Sequence[Rate]
    patience: Patience = field(default_factory=Patience)
    _paces: list[TokenBucket] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._paces = [TokenBucket(rate, self.clock) for rate in self.rates]

    def rows(self, operation: str, under: str, **asked: Any) -> Iterator[dict[str, Any]]:
        """Every row of a list, which stand under a name in each page.

        Raises ClientError or BotoCoreError where a refusal does not pass in as many calls.
        """
        while True:
            page = self._page(operation, asked)
            yield from page.get(under, [])
            if not page.get(NEXT):
                return
            asked[NEXT] = page[NEXT]

    def _page(self, operation: str, asked: dict[str, Any]) -> dict[str, Any]:
        for attempt in range(1, self.patience.attempts):
            try:
                return self._called(operation, asked)
            except (ClientError, BotoCoreError) as error:
                wait = self._wait(error, attempt)
                if wait is None:
                    raise
            self.clock.sleep(wait)
        return self._called(operation, asked)

    def _called(self, operation: str, asked: dict[str, Any]) -> dict[str, Any]:
        for pace in self._paces:
            pace.take()
        page: dict[str, Any] = getattr(self.client, operation)(**asked)
        return page

    def _wait(self, error: ClientError | BotoCoreError, attempt: int) -> float | None:
        """Seconds until the call is made again; null where it would be refused again."""
        backoff = self.patience.backoff(attempt, lambda: 1.0)  # one reader alone: nobody else's retries fall together
        if not isinstance(error, ClientError):
            return backoff if isinstance(error, HTTPClientError | NoConnection) else None
        status, code = error.response["ResponseMetadata"]["HTTPStatusCode"], error.response["Error"].get("Code", "")
        if status == 429 or "Throttling" in code:
            return self.patience.throttled_seconds + backoff
        return backoff if status >= 500 else None
