"""Telling a person how a wave goes, by what its marks say: outcomes, not tasks."""

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from lettermill.delivery.marks import call_marks, done_key, wave_folder
from lettermill.progress import LINE_EVERY, console
from lettermill.sending.claiming import Wave
from lettermill.sending.desk import Desk

LOOK_EVERY = 2.0


@contextmanager
def counted(desk: Desk, wave: Wave) -> Iterator[None]:
    """Tell outcomes while the block runs: in place where a person watches, else in a line every half minute."""
    desk.run.spark.sparkContext.setJobDescription(f"handing over wave {wave.id}")
    done = threading.Event()
    teller = threading.Thread(target=_tell, args=(desk, wave, done), name="outcomes", daemon=True)
    teller.start()
    try:
        yield
    finally:
        done.set()
        teller.join()
        desk.run.spark.sparkContext.setJobDescription(None)  # type: ignore[arg-type]


def words(outcomes: Counter[str], *, of: int, seconds: float) -> str:
    """`1,200 handed over, 3 rejected of 5,000, 400/s, 10 s left`."""
    told = outcomes.total()
    each = ", ".join(f"{number:,} {status.replace('_', ' ')}" for status, number in sorted(outcomes.items()))
    if not told or not seconds:
        return f"nothing yet of {of:,}"
    rate = told / seconds
    return f"{each} of {of:,}, {rate:,.0f}/s, {max(0, of - told) / rate:,.0f} s left"


def _tell(desk: Desk, wave: Wave, done: threading.Event) -> None:
    began, seen = desk.clock.time(), set[str]()
    outcomes: Counter[str] = Counter()
    every = LOOK_EVERY if console.is_terminal else LINE_EVERY
    while not done.wait(every):
        for batch, number, kind in call_marks(desk.journal.keys(wave_folder(wave.id))):
            key = done_key(wave.id, batch, number)
            if kind == "done" and key not in seen:
                seen.add(key)
                content = desk.journal.read(key) or {"outcomes": []}
                outcomes.update(status for status, _, _ in content["outcomes"] if status != "deferred")
        line = f"    wave {wave.id}: {words(outcomes, of=wave.messages, seconds=desk.clock.time() - began)}"
        console.print(line, end="\r" if console.is_terminal else "\n", markup=False)
