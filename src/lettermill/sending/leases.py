"""Keeping a lease while a block runs: renewed by a thread of its own, and given up at the end."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread

from lettermill.delivery.lease import Lease


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
        lease.release()
