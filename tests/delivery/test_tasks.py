"""Tasks: each message of a wave is offered once, what may not leave is rejected uncalled, and only counts come back."""

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import pytest

from lettermill.clocks import SystemChance, SystemClock
from lettermill.delivery.journals.local import LocalJournal
from lettermill.delivery.load import Load
from lettermill.delivery.provider import Answer, Limits, Outcome, Parcel, Status, Unpackable
from lettermill.delivery.recovery import settled_wave
from lettermill.delivery.tasks import Line, Packing, hand_over, totals, weigh, whole_load
from lettermill.patience import Patience

SCHEMA = (
    "message_id string, person_id string, address string, campaign string, occurrence string, locale string, "
    "unsubscribe_token string, template_version string, batch int, bodies map<string,string>, fault string, "
    "expected array<string>, expected_fault string"
)
BODIES = {"subject": "Hi", "html": "<1>", "text": "1"}
EXPECTED = [f"{part}={sha256(text.encode()).hexdigest()}" for part, text in BODIES.items()]


@dataclass(frozen=True)
class Books:
    """A provider that writes down in a folder what it takes, a file a call; workers have no other way to tell."""

    folder: Path
    name: str = "books"
    limits: Limits = Limits(messages=3, bytes=10_000, connections=2)  # noqa: RUF009 (frozen)

    def pack(self, message, *, at):  # noqa: ARG002
        if message.address == "too@long.example":
            raise Unpackable("its address is too long")
        return Parcel(message.message_id, message.address, f"{message.html}{message.unsubscribe_url}".encode())

    def connect(self):
        return self

    def send(self, parcels, *, call):
        lines = [f"{one.message_id} {one.body.decode()}" for one in parcels]
        (self.folder / call.key.replace("/", "-")).write_text("\n".join(lines))
        return Answer(tuple(Outcome(one.message_id, Status.HANDED_OVER, call.key) for one in parcels))

    def close(self):
        pass


def row(number, *, batch, **changes):
    whole = {
        "message_id": f"m{number:02d}", "person_id": "p", "address": f"a{number}@x.example", "campaign": "spring",
        "occurrence": "2018-01-01", "locale": "en_US", "unsubscribe_token": f"t{number}", "template_version": "v",
        "batch": batch, "bodies": BODIES, "fault": None, "expected": EXPECTED, "expected_fault": None, **changes,
    }  # fmt: skip
    return tuple(whole.values())


@pytest.fixture
def provider(tmp_path):
    (tmp_path / "book").mkdir()
    return Books(tmp_path / "book")


def line_to(provider, tmp_path, *, fence=bool):
    clock = SystemClock()
    return Line("spring.w.00001", provider, LocalJournal(tmp_path / "journal"), fence, float("inf"), clock,
                SystemChance(), Patience(), tasks=2)  # fmt: skip


def always():
    return True


def sent(rows, line, spark):
    packing = Packing(line.provider, unsubscribe="https://u/", at=datetime(2018, 1, 1, tzinfo=UTC))
    due = spark.createDataFrame(rows, SCHEMA)
    return totals(hand_over(due, order=["message_id"], made=iter, pack=packing, line=line).collect())


def booked(provider):
    return sorted(entry for file in provider.folder.iterdir() for entry in file.read_text().split("\n"))


def test_a_wave_is_handed_over_batch_by_batch_and_what_may_not_leave_is_rejected_uncalled(spark, provider, tmp_path):
    rows = [row(n, batch=1 + n // 4) for n in range(8)]
    rows[2] = row(2, batch=1, bodies={**BODIES, "html": "<2>"})
    rows[5] = row(5, batch=2, expected_fault="held back by the pre-flight")
    rows[6] = row(6, batch=2, address="too@long.example")
    rows[7] = row(7, batch=2, expected=None)
    line = line_to(provider, tmp_path, fence=always)
    tally = sent(rows, line, spark)
    settled = settled_wave(
        line.journal, line.wave, [(1, ["m00", "m01", "m02", "m03"]), (2, ["m04", "m05", "m06", "m07"])], by="t", at=0
    )

    assert booked(provider) == [f"m0{n} <1>https://u/t{n}" for n in (0, 1, 3, 4)]
    assert {one.message_id: (one.state, one.reason) for one in settled} == {
        **{f"m0{n}": ("handed_over", None) for n in (0, 1, 3, 4)},
        "m02": ("rejected", "html rendered differently from the pre-flight"),
        "m05": ("rejected", "faulty: held back by the pre-flight"),
        "m06": ("rejected", "its address is too long"),
        "m07": ("rejected", "html, subject, text rendered differently from the pre-flight"),
    }
    assert (dict(tally.outcomes), tally.messages, tally.calls) == ({"handed_over": 4, "rejected": 4}, 8, 2)


def test_what_is_weighed_is_what_is_then_handed_over_and_calls_nobody(spark, provider, tmp_path):
    rows = [row(n, batch=1 + n // 4) for n in range(9)]
    rows[2] = row(2, batch=1, bodies={**BODIES, "html": "<2>"})
    rows[5] = row(5, batch=2, address="too@long.example")
    rows[7] = row(7, batch=2, expected_fault="held back by the pre-flight")
    packing = Packing(provider, unsubscribe="https://u/", at=datetime(2018, 1, 1, tzinfo=UTC))
    due = spark.createDataFrame(rows, SCHEMA)
    weighed = weigh(due, order=["message_id"], made=iter, pack=packing, limits=provider.limits, tasks=2)
    load = whole_load(weighed.collect())
    unbooked = booked(provider)
    line = line_to(provider, tmp_path, fence=always)
    tally = sent(rows, line, spark)

    assert unbooked == []
    assert load == Load(
        messages=6,
        calls=3,
        bytes=tally.bytes,
        rejected=Counter(
            {
                "html rendered differently from the pre-flight": 1,
                "its address is too long": 1,
                "faulty: held back by the pre-flight": 1,
            }
        ),
    )
    assert (tally.calls, dict(tally.outcomes)) == (load.calls, {"handed_over": 6, "rejected": 3})


def test_a_task_that_runs_again_calls_nothing(spark, provider, tmp_path):
    line = line_to(provider, tmp_path, fence=always)
    rows = [row(n, batch=1) for n in range(4)]
    sent(rows, line, spark)
    before = booked(provider)
    again = sent(rows, line, spark)

    assert booked(provider) == before
    assert (again.calls, dict(again.endings)) == (0, {"left": 1})


def test_a_batch_whose_people_changed_their_mind_is_given_back_uncalled(spark, provider, tmp_path):
    tally = sent([row(1, batch=1), row(2, batch=2)], line_to(provider, tmp_path), spark)  # bool() is false

    assert booked(provider) == []
    assert (tally.calls, tally.endings["fenced"]) == (0, 2)
