"""Many batches at a time, within one task: a few more than connections, so that none is idle while others write."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import closing, contextmanager
from queue import LifoQueue

from lettermill.delivery.handing import Batch, Terms, hand_over_batch
from lettermill.delivery.provider import Callee, Connection
from lettermill.delivery.tally import Ending, Tally

ENDS_ALL = {Ending.FENCED, Ending.LATE, Ending.STOPPED}
"""What ends one batch of a wave in these ways would end the next."""
THREADS = 1.5
"""For each connection: what came of a call is written down, and the next one is made ready, while another has it."""


def hand_over_batches(batches: Iterable[Batch], *, terms: Terms, connections: int) -> Tally:
    """Hand over batches as they come, over at most so many connections.

    `batches` is read by the caller's thread, one batch ahead of what is under way; batches that are not begun when the
    wave has to end are not read. An exception of any batch is raised once the others have ended before their next call.
    """
    threads = math.ceil(THREADS * connections)
    total = Tally()
    running: set[Future[Tally]] = set()
    with closing(_Connections(terms.provider, connections)) as pool, ThreadPoolExecutor(threads) as executor:
        try:
            for batch in batches:
                running.add(executor.submit(hand_over_batch, batch, lent=pool.lent, terms=terms))
                if len(running) > threads:
                    finished, running = wait(running, return_when=FIRST_COMPLETED)
                    total = sum((one.result() for one in finished), total)
                if any(total.endings[ending] for ending in ENDS_ALL):
                    break
            return sum((one.result() for one in running), total)
        except BaseException:
            terms.stop.end_task()
            raise


class _Connections:
    """At most `number` connections, opened as they are needed; the one that was used last is lent first."""

    def __init__(self, provider: Callee, number: int) -> None:
        self.provider = provider
        self.opened: list[Connection] = []
        self._free: LifoQueue[Connection | None] = LifoQueue()
        for _ in range(number):
            self._free.put(None)

    @contextmanager
    def lent(self) -> Iterator[Connection]:
        """A connection, once one is free."""
        connection = self._free.get()
        try:
            if connection is None:
                connection = self.provider.connect()
                self.opened.append(connection)
            yield connection
        finally:
            self._free.put(connection)

    def close(self) -> None:
        for connection in self.opened:
            connection.close()
