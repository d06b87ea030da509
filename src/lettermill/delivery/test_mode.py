"""Test mode: what is handed over in it is marked, and goes to addresses on the allow-list alone."""

import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace

from lettermill.delivery.provider import Message, Outcome, Provider
from lettermill.errors import DeliveryError

MARK = "[TEST] "
TEST = "test"
PLAIN = re.compile(r"""[^\s@<>,;:"]+@[^\s@<>,;:"]+""")
"""One mailbox: no list, no name around it, nothing quoted."""


def marked(message: Message) -> Message:
    """The message as a test: told by its subject, and by its `mode` to whoever reads the payload."""
    return replace(message, subject=MARK + message.subject, mode=TEST)


def is_allowed_address(address: str, *, allowed: Collection[str]) -> bool:
    """Whether the allow-list has the address itself, or its domain as `@domain`."""
    mailbox = _normal(address)
    domain = mailbox[mailbox.find("@") :]
    return bool(PLAIN.fullmatch(mailbox)) and not {mailbox, domain}.isdisjoint(_normal(one) for one in allowed)


@dataclass
class AllowListed:
    """A provider that hands over marked messages to allowed addresses; one other message, and none leaves."""

    provider: Provider
    allowed: Collection[str]

    @property
    def name(self) -> str:
        return self.provider.name

    def send(self, messages: Iterable[Message]) -> Iterator[Outcome]:
        """Hand over, once every message has been looked at. Raises DeliveryError naming the addresses refused."""
        waiting = list(messages)
        strangers = sorted(
            {one.address for one in waiting if not is_allowed_address(one.address, allowed=self.allowed)}
        )
        if strangers:
            raise DeliveryError(
                f"test mode does not mail {', '.join(strangers)}",
                place="delivery.test_addresses",
                mend="put the address or its @domain on the list in conf, or correct the seed",
            )
        unmarked = [one.message_id for one in waiting if one.mode != TEST or not one.subject.startswith(MARK)]
        if unmarked:
            problem = f"{len(unmarked)} messages are not marked as a test"
            raise DeliveryError(problem, place=unmarked[0], mend="mark them before they are handed over")
        yield from self.provider.send(waiting)

    def recover(self) -> Iterator[Outcome]:
        """Nothing to recover: no state of a test message is kept."""
        return iter(())


def _normal(address: str) -> str:
    return unicodedata.normalize("NFC", address.strip()).lower()
