"""The journal: small marks outside the lake, each written once, by whoever comes first."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol


class Journal(Protocol):
    """A store of marks by key (`waves/spring/00001/003.started`). Holds ids and codes, never an address.

    Small, picklable, and sent to the workers. A mark is there whole or not at all, and stays after a crash.
    """

    def create(self, key: str, content: Mapping[str, Any]) -> bool:
        """Write a mark durably if there is none of that key; tell whether this call wrote it."""

    def read(self, key: str) -> dict[str, Any] | None:
        """A mark's content, or null where there is none."""

    def keys(self, prefix: str) -> Sequence[str]:
        """The keys that begin with `prefix`, sorted."""

    def remove(self, prefix: str) -> int:
        """Remove the marks below `prefix`; tell how many. Only for what nobody can still ask for."""
