"""A request that is not taken: why, in words for its sender and in one word for the counters."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(eq=False)
class Refusal(Exception):  # noqa: N818 (it says what happened)
    """`status` is the HTTP status, `cause` a word for metrics, `reason` a sentence without any of the sender's data."""

    status: int
    cause: str
    reason: str
    headers: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.status} {self.cause}: {self.reason}"


def unavailable(reason: str) -> Refusal:
    """What was sent is not durable; the sender should send it again."""
    return Refusal(503, "not_durable", reason, {"Retry-After": "5"})
