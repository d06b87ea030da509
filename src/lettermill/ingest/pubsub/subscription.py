"""The three calls to a subscription, and the leases that are kept until rows are stored."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx2

from lettermill.errors import InputError
from lettermill.ingest.pubsub.declaration import PubSub
from lettermill.ingest.pull.asking import Asker

IDS_PER_CALL = 1_000
"""Acknowledgement ids of one call; a call may have 512 KiB, and an id some 200 bytes."""
PULL_TIMEOUT = 120.0
"""Seconds to wait for a pull: Google holds it open until there is a message, for up to 90."""

Wait = Callable[[threading.Event, float], bool]
"""Waits for an event, or so many seconds; whether the event has come. A test hands in one that only it lets go."""


@dataclass(frozen=True)
class Subscription:
    """Calls to one subscription, https://cloud.google.com/pubsub/docs/reference/rest/v1/projects.subscriptions."""

    declared: PubSub
    asker: Asker

    def pull(self) -> list[dict[str, Any]]:
        """The messages that there are, with an `ackId` each."""
        answer = self._call("pull", {"maxMessages": self.declared.messages_per_pull}, timeout=PULL_TIMEOUT)
        messages = answer.get("receivedMessages", []) if isinstance(answer, dict) else None
        if not isinstance(messages, list) or not all(isinstance(each.get("message"), dict) for each in messages):
            raise InputError(
                f"source {self.asker.source}: a pull was answered with what is no list of messages",
                place=f"/v1/{self.declared.subscription}:pull",
                mend="check endpoint_url of the source",
            )
        return messages

    def acknowledge(self, ids: Sequence[str]) -> None:
        """Let Google forget the messages."""
        self._call_in_parts("acknowledge", ids, {})

    def extend(self, ids: Sequence[str]) -> None:
        """Lease the messages from now on for `lease_seconds`."""
        self._call_in_parts("modifyAckDeadline", ids, {"ackDeadlineSeconds": self.declared.lease_seconds})

    def look(self) -> dict[str, Any]:
        """The subscription's own description; takes no message."""
        request = self.asker.client.build_request(
            "GET", f"{self.declared.endpoint_url}/v1/{self.declared.subscription}"
        )
        found: dict[str, Any] = self.asker.ask(request).document
        return found

    def _call_in_parts(self, verb: str, ids: Sequence[str], more: dict[str, Any]) -> None:
        for start in range(0, len(ids), IDS_PER_CALL):
            self._call(verb, {"ackIds": list(ids[start : start + IDS_PER_CALL]), **more}, timeout=60.0)

    def _call(self, verb: str, body: dict[str, Any], *, timeout: float) -> Any:
        url = f"{self.declared.endpoint_url}/v1/{self.declared.subscription}:{verb}"
        request = self.asker.client.build_request("POST", url, json=body, timeout=httpx2.Timeout(timeout))
        return self.asker.ask(request).document


@dataclass
class Leases:
    """Keeps the leases of messages that are held, in a thread of its own, however long a commit takes.

    A lease that could not be kept is no fault: the message comes again and is counted then.
    """

    subscription: Subscription
    wait: Wait
    counts: dict[str, int] = field(default_factory=lambda: {"leases_extended": 0, "extensions_failed": 0})
    _held: dict[str, None] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _ended: threading.Event = field(default_factory=threading.Event)
    _keeper: threading.Thread | None = None

    def __enter__(self) -> "Leases":
        self._keeper = threading.Thread(target=self._keep, name="leases", daemon=True)
        self._keeper.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        assert self._keeper is not None
        self._keeper.join()

    def hold(self, ids: Sequence[str]) -> None:
        """Lease the messages for as long as we say, not as the subscription does, and keep it so."""
        with self._lock:
            self._held |= dict.fromkeys(ids)
        self.subscription.extend(ids)

    def let_go(self, ids: Sequence[str]) -> None:
        """No longer keep the leases."""
        with self._lock:
            for each in ids:
                self._held.pop(each, None)

    def _keep(self) -> None:
        while not self.wait(self._ended, self.subscription.declared.lease_seconds / 3):
            with self._lock:
                ids = list(self._held)
            if not ids:
                continue
            try:
                self.subscription.extend(ids)
                self.counts["leases_extended"] += len(ids)
            except InputError:
                self.counts["extensions_failed"] += len(ids)
