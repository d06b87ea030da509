"""Many batches at a time, within one task: a connection for each thread, and no more batches held than threads."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from threading import local

from lettermill.delivery.handing import Batch, Terms, hand_over_batch
from lettermill.delivery.provider import Connection
from lettermill.delivery.tally import Ending, Tally

ENDS_ALL = {Ending.FENCED, Ending.LATE, Ending.STOPPED}
"""What ends one batch of a wave in these ways would end the next."""


def hand_over_batches(batches: Iterable[Batch], *, terms: Terms, connections: int) -> Tally:
    """Hand over batches as they come, `connections` at a time.

    `batches` is read by the caller's thread, one batch ahead of what is under way; batches that are not begun when the
    wave has to end are not read. An exception of any batch is raised once the others have ended before their next call.
    """
    total = Tally()
    running: set[Future[Tally]] = set()
    with _opened(terms) as work, ThreadPoolExecutor(connections) as pool:
        try:
            for batch in batches:
                running.add(pool.submit(work, batch))
                if len(running) > connections:
                    finished, running = wait(running, return_when=FIRST_COMPLETED)
                    total = sum((one.result() for one in finished), total)
                if any(total.endings[ending] for ending in ENDS_ALL):
                    break
            return sum((one.result() for one in running), total)
        except BaseException:
            terms.stop.end_task()
            raise


@contextmanager
def _opened(terms: Terms) -> Iterator[_Work]:
    work = _Work(terms)
    try:
        yield work
    finally:
        for connection in work.connections:
            connection.close()


class _Work:
    def __init__(self, terms: Terms) -> None:
        self.terms, self.connections, self._own = terms, list[Connection](), local()

    def __call__(self, batch: Batch) -> Tally:
        if not hasattr(self._own, "connection"):
            self._own.connection = self.terms.provider.connect()
            self.connections.append(self._own.connection)
        return hand_over_batch(batch, connection=self._own.connection, terms=self.terms)
