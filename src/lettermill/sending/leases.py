"""What is held while a block runs: a lease, renewed by a thread of its own, or a place among an account's senders."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread

from lettermill.delivery.account_sharing import account_of
from lettermill.delivery.lease import Lease
from lettermill.delivery.tasks import Line

SEEN_SECONDS = 2.0
"""By then, those who call already have looked again, and leave a newcomer its share."""


@contextmanager
def kept(lease: Lease, *, every: float) -> Iterator[None]:
    """Renew the lease every so many seconds, until the block ends or the lease is lost.

    Who loses it goes on for a moment, which does no harm: the marks of each call keep two from making it.
    """
    is_done = Event()

    def renew() -> None:
        while not is_done.wait(every) and lease.renew():
            pass

    thread = Thread(target=renew, name=f"lease of {lease.prefix}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        is_done.set()
        thread.join()


@contextmanager
def counted_among_senders(line: Line, *, lease_seconds: float) -> Iterator[None]:
    """Let others who call the line's account leave its wave a share of it while the block runs.

    Whoever is killed meanwhile is counted until the lease ends.
    """
    account = account_of(line.provider, line.journal)
    presence = account.presence(line.wave, seconds=lease_seconds, clock=line.clock)
    presence.acquire()
    try:
        with kept(presence, every=lease_seconds / 3):
            if account.present(line.clock.time()) - {line.wave}:
                line.clock.sleep(SEEN_SECONDS)
            yield
    finally:
        account.leave(line.wave)
