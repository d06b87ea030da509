"""People who opt out before and during a send, and whether any call for them starts after their word was committed.

A campaign is sent by the composers of `jobs/send_campaign.py` to a fake of Braze in a process of its own. One in a
hundred opted out before; one in a hundred opts out during the send: whenever a further tenth of the messages has come
to the fake, a thread commits the next of them to profiles.consents, or by turns to profiles.suppressions, of the same
lake. The moment of a commit is when its file in the table's log was put there, by the file system. A call has started
when its mark says so, in the journal; each message that came is looked up there by the newest call before it came.

    .venv/bin/python benchmarks/opt_out.py [--messages 5000] [--keep]

The last line is JSON: opted_out, mailed_after (calls started after the commit, and mails to those who opted out
before), caught_under_way (calls that had started when the commit came), waves, waves_fenced_again, seconds of waiting
between a call that was given back and the next one, seconds from an unsubscribe event's commit to its suppression.
"""

import argparse
import json
import os
import platform
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from time import perf_counter
from typing import Any

import orjson
import pyspark

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "jobs"))

import collect_feedback

from benchmarks.delivery import emptied
from benchmarks.large_campaign import AS_OF, KEY, SECRETS, planned, run_of
from benchmarks.lean_braze import Served, served
from benchmarks.rendering import say
from lettermill.delivery.handing import FENCE_REASON
from lettermill.delivery.journal import Journal
from lettermill.delivery.marks import begun_waves, call_marks, done_key, started_key, wave_folder
from lettermill.keyed_hashes import hash_address
from lettermill.lake import Lake
from lettermill.sending.desk import open_desk
from lettermill.sending.sender import send
from lettermill.sending.slot import open_slot
from lettermill.settings import Settings, load
from lettermill.spark import session
from lettermill.tables import Table
from lettermill.tables.profiles import CONSENTS, SUPPRESSIONS
from lettermill.tables.quality import EVENTS
from tests.conftest import rows_of_tables

SCRATCH = Path("var/bench/opt_out")
COMMITS = 8
SHARE = 0.01
PER_CALL = 5


def person(number: int) -> str:
    return f"person-{number:08d}"


@dataclass
class OptOuts:
    """Who opts out, and when each commit was made, in seconds since 1970."""

    lake: Lake
    at: dict[str, float] = field(default_factory=dict)

    def commit(self, numbers: list[int], *, to: Table) -> None:
        """One commit of these people's word."""
        told = {"channel": "email", "topic": "all", "purpose": "mail", "state": "suppressed", "reason": "unsubscribed",
                "changed_at": AS_OF - timedelta(minutes=1), "available_at": AS_OF - timedelta(minutes=1)}  # fmt: skip
        named = [
            {"person_id": person(n), "said_by": "person", "evidence": f"left {n}"}
            if to is CONSENTS
            else {"address_key": hash_address(f"person-{n}@shop.example", key=KEY.encode())}
            for n in numbers
        ]
        self.lake.add(rows_of_tables(self.lake.spark)(to, *(told | one for one in named)), to=to)
        commit = Path(str(self.lake.place.folder(to))) / "_delta_log" / f"{self.lake.version(to):020d}.json"
        self.at |= dict.fromkeys(map(person, numbers), commit.stat().st_ctime)


@contextmanager
def opting_out(opt_outs: OptOuts, numbers: list[int], fake: Served, *, messages: int) -> Iterator[None]:
    """Commit opt-outs while the block runs, each time a further part of the messages has come."""
    is_over, raised = threading.Event(), list[BaseException]()

    def commit_all() -> None:
        for turn in range(COMMITS):
            due = messages * (turn + 1) // (COMMITS + 2)
            while sum(fake.book()["by_second"].values()) * PER_CALL < due:
                if is_over.wait(0.2):
                    return
            opt_outs.commit(numbers[turn::COMMITS], to=(CONSENTS, SUPPRESSIONS)[turn % 2])
            say(f"commit {turn + 1} after {due:,} messages")

    def guarded() -> None:
        try:
            commit_all()
        except BaseException as error:
            raised.append(error)

    thread = threading.Thread(target=guarded, name="opt-outs")
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()
    if raised:
        raise raised[0]


def came(folder: Path) -> dict[str, tuple[str, float]]:
    """Of each message that came: its person, and when; every one came once."""
    found: dict[str, tuple[str, float]] = {}
    for file in sorted(folder.iterdir()):
        at = int(file.name.split("-")[0]) / 1e6
        for one in orjson.loads(file.read_bytes())["recipients"]:
            message = one["trigger_properties"]["message_id"]
            assert message not in found, f"{message} came twice"
            found[message] = (one["external_user_id"], at)
    return found


@dataclass
class Told:
    """What the journal tells: when the calls for each message started, and how long the send waited for its fence."""

    starts: dict[str, list[float]] = field(default_factory=dict)
    waves: int = 0
    given_back: int = 0
    waited: list[float] = field(default_factory=list)


def told_by(journal: Journal) -> Told:
    """Read every mark of the send."""
    told, fenced_at = Told(), None
    for wave in sorted(begun_waves(journal)):
        begins, back = [], []
        for batch, number, kind in call_marks(journal.keys(wave_folder(wave))):
            if kind == "started":
                start = journal.read(started_key(wave, batch, number)) or {}
                begins.append(start["at"])
                for message in start.get("messages", ()):
                    told.starts.setdefault(message, []).append(start["at"])
            else:
                end = journal.read(done_key(wave, batch, number)) or {"outcomes": []}
                back += [end["at"] for _, _, reason in end["outcomes"][:1] if reason == FENCE_REASON]
        told.waves += 1
        told.given_back += bool(back)
        if fenced_at is not None and begins:
            told.waited.append(min(begins) - fenced_at)
        fenced_at = min(back) if back else None
    return told


def blocked_after(lake: Lake, settings: Settings, message: str) -> float:
    """Seconds from the commit of an unsubscribe event to that of its row in profiles.suppressions."""
    at = AS_OF - timedelta(seconds=1)
    event = {"event_id": "left", "kind": "unsubscribed", "occurred_at": at, "received_at": at, "available_at": at,
             "position": 1, "origin": "left", "source": "email", "user_id": None, "anonymous_id": None,
             "properties": {"provider": "braze", "email_id": message}}  # fmt: skip
    before = lake.read(SUPPRESSIONS).count()
    lake.add(rows_of_tables(lake.spark)(EVENTS, event), to=EVENTS)
    began = perf_counter()
    collect_feedback.main.work(run_of(lake, settings))
    seconds = perf_counter() - began
    assert lake.read(SUPPRESSIONS).count() == before + 1
    return seconds


def main() -> None:
    """Print the figures; exit code 1 where anybody was mailed after their word."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--messages", type=int, default=5_000)
    parser.add_argument("--keep", action="store_true", help="use again what an earlier run has planned")
    given = parser.parse_args()
    os.environ.update(SECRETS)
    SCRATCH.mkdir(parents=True, exist_ok=True)
    figures = figures_of(messages=given.messages, keep=given.keep)
    say(json.dumps(figures))
    sys.exit(1 if figures["mailed_after"] else 0)


def figures_of(*, messages: int, keep: bool) -> dict[str, Any]:
    """Send, with people who leave meanwhile, and see who was mailed when."""
    spark = session(load("local").spark, application="benchmark of opt-outs")
    many = planned(spark, SCRATCH / f"planned-{messages}", messages=messages, keep=keep)
    leaving = max(COMMITS, round(messages * SHARE))
    numbers = list(range(0, messages, messages // (2 * leaving)))[: 2 * leaving]
    before, during = numbers[::2], numbers[1::2]
    with served(latency=100.0) as fake:
        mails = {"messages": PER_CALL, "bytes": 4_000_000, "connections": 4, "calls": [{"calls": 40, "seconds": 1.0}]}
        lake, settings = many.copied("sent", braze={"base_url": fake.url, "mails": mails}, tasks=1)
        opt_outs = OptOuts(lake)
        opt_outs.commit(before, to=CONSENTS)
        desk = open_desk(open_slot(run_of(lake, settings)))
        with opting_out(opt_outs, during, fake, messages=messages):
            sent = send(desk)
        fake.dump(emptied(SCRATCH / "bodies"))
    told, mailed = told_by(desk.journal), came(SCRATCH / "bodies")
    late = under_way = 0
    for message, (one, at) in mailed.items():
        if one in opt_outs.at:
            started = max(start for start in told.starts[message] if start <= at)
            late += started > opt_outs.at[one]
            under_way += started <= opt_outs.at[one] < at
    assert len(mailed) == sent.states["handed_over"], (len(mailed), sent.states)
    return {
        "messages": messages,
        "opted_out": len(opt_outs.at),
        "opted_out_during": len(opt_outs.at) - len(before),
        "mailed_after": late,
        "caught_under_way": under_way,
        "handed_over": sent.states["handed_over"],
        "suppressed": sent.states["suppressed"],
        "waves": told.waves,
        "waves_fenced_again": told.given_back,
        "seconds_waited": [round(one, 1) for one in told.waited],
        "seconds_from_event_to_suppression": round(blocked_after(lake, settings, next(iter(mailed))), 1),
        "environment": {"python": platform.python_version(), "spark": pyspark.__version__, "master": "local[2]"},
    }


if __name__ == "__main__":
    main()
