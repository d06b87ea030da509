"""Pulled sources are taken in with the position they lead to: killed anywhere and run again, no row is lost or doubled."""

import json
import runpy
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial

import httpx2
import pytest
from pyspark.sql import functions as F

from lettermill.errors import ConfigError, InputError, TableError
from lettermill.ingest.kinesis.declaration import Kinesis
from lettermill.ingest.portions import Portion, PulledRow
from lettermill.ingest.pubsub.declaration import PubSub
from lettermill.ingest.pubsub.google_tokens import GoogleCredential
from lettermill.ingest.pubsub.reader import PubSubReader
from lettermill.ingest.pubsub.subscription import Subscription
from lettermill.ingest.pull.asking import Asker
from lettermill.ingest.pull.authentication import Credential
from lettermill.ingest.pull.declaration import Pull
from lettermill.ingest.pull.reader import PullReader
from lettermill.ingest.sources import Source
from lettermill.job import Run
from lettermill.lake import Lake
from lettermill.pulling import take_pulled
from lettermill.settings import load
from lettermill.tables import quality
from lettermill.tables.ingest import CURSORS, EVENTS, RECORDS
from lettermill.tables.quality import QUARANTINE
from tests.ingest.fake_crm import HubSpot
from tests.ingest.fake_pubsub import NAME, PubSubServer
from tests.ingest.kinesis_server import kinesis
from tests.ingest.serving import TestClock, as_json, served

AS_OF = datetime(2018, 1, 2, tzinfo=UTC)
BOOKED = Source(kind="events", holds="behaviour", pull=Pull(url="https://log.example", key="id"))
HUBSPOT = load("local").sources["hubspot_contacts"]


class Killed(BaseException):
    """The process is gone."""


@dataclass
class LogReader:
    """A log of numbered rows, two a portion; it never hands a row out again before the position it is given."""

    rows: int
    killed_after: int | None = None
    repeats: str = "never"
    meanwhile: dict = field(default_factory=dict)
    notes: list = field(default_factory=list)
    counts: dict = field(default_factory=dict)

    def portions(self, position):
        for start in range((position or {}).get("next", 0), self.rows, 2):
            self.meanwhile.get(start, lambda: None)()
            numbers = range(start, min(start + 2, self.rows))
            rows = tuple(PulledRow("log/0", number, b'{"n":%d}' % number, AS_OF) for number in numbers)
            yield Portion(rows, {"next": numbers[-1] + 1}, stored=lambda start=start: self.die(start))

    def die(self, start):
        if start == self.killed_after:
            raise Killed

    def outlook(self, position):
        return f"{self.rows - (position or {}).get('next', 0)} rows"


@pytest.fixture
def new_run(lake):
    return lambda: Run(lake, load("local"), AS_OF, "local", AS_OF)


@pytest.fixture
def take(new_run):
    """Take the test's log in, as one run of its own."""

    def taken(reader, source=BOOKED, name="log"):
        @contextmanager
        def opened(*_):
            yield reader

        run = new_run()
        take_pulled(run, name, source, opened=opened)
        return run

    return taken


def numbers(lake):
    return sorted(row["position"] for row in lake.read(EVENTS).where("source = 'log'").select("position").collect())


def test_a_run_killed_after_a_commit_goes_on_behind_it_though_no_cursor_was_written(take, lake, versions):
    take(LogReader(rows=1))
    with pytest.raises(Killed):
        take(LogReader(rows=5, killed_after=1))
    assert lake.read(CURSORS).first()["position"] == '{"next": 1}'

    run = take(LogReader(rows=5))
    first = versions(EVENTS, CURSORS)
    take(LogReader(rows=5))

    assert numbers(lake) == list(range(5))
    assert run.counts == {"log_stored": 2, "log_known_already": 0}
    assert lake.read(CURSORS).first()["position"] == '{"next": 5}'
    assert versions(EVENTS, CURSORS) == first


def test_where_the_log_no_longer_tells_what_a_killed_run_committed_rows_are_known_by_their_key(take, lake, monkeypatch):
    take(LogReader(rows=1))
    with pytest.raises(Killed):
        take(LogReader(rows=5, killed_after=1))
    lost = lake.version(EVENTS)
    take(LogReader(rows=1), name="another")
    told = Lake.notes
    # Delta cleans the log from its old end.
    monkeypatch.setattr(Lake, "notes", lambda *a, **k: [note for note in told(*a, **k) if note[0] > lost])

    take(LogReader(rows=5))

    assert numbers(lake) == list(range(5))


def test_two_runs_of_one_source_at_a_time_store_nothing_twice_and_the_later_says_so(take, lake):
    other = {0: lambda: take(LogReader(rows=4))}

    with pytest.raises(TableError, match=r"another run takes source log in at the same time(.|\n)*one run at a time"):
        take(LogReader(rows=6, meanwhile=other))

    assert numbers(lake) == list(range(4))


@pytest.fixture
def crm(new_run, monkeypatch):
    """Take HubSpot's contacts in from a fake, as one run."""
    clock = TestClock()
    fake = HubSpot(clock)

    @contextmanager
    def opened(name, source):
        with httpx2.Client() as client:
            credential = Credential(
                name, source.pull.authentication, lambda _: b"pat-eu1-secret", client, clock, lambda: 1.0
            )
            yield PullReader(
                name, source.pull, Asker(name, client, credential, clock, lambda: 1.0, rate=source.pull.rate)
            )

    with served(fake.answer) as url:
        path = httpx2.URL(HUBSPOT.pull.url).path
        paging = replace(HUBSPOT.pull.paging, size=2)
        body = {**HUBSPOT.pull.body, "limit": 2}
        pull = replace(HUBSPOT.pull, url=url + path, body=body, paging=paging, rows_per_commit=2)

        def taken():
            run = new_run()
            take_pulled(run, "hubspot_contacts", replace(HUBSPOT, pull=pull), opened=opened)
            return run

        fake.take = taken
        yield fake


def versions_of_contacts(lake):
    rows = lake.read(RECORDS).where(F.col("source") == "hubspot_contacts").collect()
    return sorted(
        (row["origin"].rsplit("/", 1)[1], json.loads(row["raw"])["properties"].get("city", "")) for row in rows
    )


def test_contacts_stopped_between_two_pages_are_whole_after_the_next_run_and_keep_their_versions(crm, lake, versions):
    for number in range(1, 7):
        crm.change(number, at=f"2023-01-01T00:0{number}:00.000Z")
    page = []

    def broken_after_two_pages(query):
        page.append(query)
        return as_json({"results": None}) if len(page) == 3 else HubSpot._search(crm, query)

    crm._search = broken_after_two_pages
    with pytest.raises(InputError, match="has no list at 'results'"):
        crm.take()
    assert versions_of_contacts(lake) == [(str(number), "") for number in range(1, 5)]

    crm.take()
    crm.change(2, at="2023-01-01T00:06:30.000Z", city="Marlow")
    run = crm.take()
    first = versions(RECORDS, CURSORS)
    crm.take()

    assert versions_of_contacts(lake) == sorted([(str(number), "") for number in range(1, 7)] + [("2", "Marlow")])
    assert run.counts["hubspot_contacts_stored"] == 1
    assert json.loads(lake.read(CURSORS).first()["position"]) == {"since": "2023-01-01T00:06:30.000Z"}
    assert versions(RECORDS, CURSORS) == first


@pytest.fixture
def run_pulled(lake):
    """Run jobs/ingest_pulled.py on the given sources."""

    def run(sources, **arguments):
        job = runpy.run_path("jobs/ingest_pulled.py")["main"]
        given = [text for flag, value in arguments.items() for text in (f"--{flag.replace('_', '-')}", value)]
        settings = replace(load("local"), sources=sources)
        parsed = job.parser().parse_args([*given, "--as-of", AS_OF.isoformat()])
        started = Run(lake, settings, AS_OF, "local", AS_OF, arguments=parsed)
        job.work(started)
        return started

    return run


def test_the_job_stores_a_listing_where_it_differs_from_the_newest_version_and_one_failure_stops_no_other(
    run_pulled, lake, versions
):
    shops = [{"id": 1, "city": "Marlow"}, {"id": 2, "city": "Bath"}]
    with served(lambda asked: as_json(shops) if asked.path == "/shops" else as_json({}, 404)) as url:
        sources = {
            "gone": Source(kind="records", holds="people", pull=Pull(url=f"{url}/gone", key="id")),
            "shops": Source(kind="records", holds="people", pull=Pull(url=f"{url}/shops", key="id")),
            "off": Source(kind="records", holds="people", pull=Pull(url=f"{url}/off", key="id"), enabled=False),
        }
        dry = run_pulled(sources, source="shops", dry_run="yes")
        assert dry.notes[0] == "shops: 2 records on the first page"
        assert not lake.exists(RECORDS)

        with pytest.raises(InputError, match="source gone: answered 404"):
            run_pulled(sources)
        for city in ("Wells", "Bath"):
            shops[1] = {"id": 2, "city": city}
            run_pulled(sources, source="shops")
        first = versions(RECORDS, CURSORS)
        run = run_pulled(sources, source="shops")

    stored = lake.read(RECORDS).orderBy("position", "origin").select("origin", "position", "raw").collect()
    assert [(row["origin"], json.loads(row["raw"])["city"]) for row in stored] == [
        ("/shops/1", "Marlow"),
        ("/shops/2", "Bath"),
        ("/shops/2", "Wells"),
        ("/shops/2", "Bath"),
    ]
    assert run.counts == {"shops_stored": 0, "shops_known_already": 2}
    assert versions(RECORDS, CURSORS) == first


def test_an_unknown_source_names_those_there_are(run_pulled):
    with pytest.raises(ConfigError, match=r"no pulled source 'x'(.|\n)*use one of: log"):
        run_pulled({"log": BOOKED}, source="x")


EVENT = {"type": "track", "event": "Product Viewed", "userId": "9", "timestamp": "2017-06-01T11:00:00Z"}


def event(name):
    return json.dumps(EVENT | {"messageId": name}).encode()


def dying(_, rows, __):
    if rows:  # they are stored by now
        raise Killed


@pytest.fixture
def orders(new_run, lake):
    """Take a subscription in from a fake, as one run; `killed` dies between the commit and the acknowledgement."""
    clock = TestClock()
    server = PubSubServer(clock)

    with served(server.answer) as url, httpx2.Client() as client:
        declared = PubSub(subscription=NAME, endpoint_url=url, metadata_url=url)

        @contextmanager
        def opened(*_):
            credential = GoogleCredential("orders", declared, {}.__getitem__, client, clock, lambda: 1.0)
            asker = Asker("orders", client, credential, clock, lambda: 1.0)
            yield PubSubReader(Subscription(declared, asker), clock, threading.Event.wait)

        def take(*, killed=False):
            run = new_run()
            with pytest.MonkeyPatch.context() as patched:
                if killed:
                    patched.setattr(PubSubReader, "_acknowledge", dying)
                take_pulled(run, "orders", Source(kind="events", holds="behaviour", pubsub=declared), opened=opened)
            return run

        server.take = take
        yield server


def test_messages_that_come_again_after_a_kill_are_one_event_and_counted_as_duplicates(orders, lake, run_job, versions):
    orders.publish(event("e1"), event("e2"), b"\xff poison")
    with pytest.raises(Killed):
        orders.take(killed=True)
    orders.clock.now += 61

    run = orders.take()
    first = versions(EVENTS, CURSORS)
    orders.take()
    run_job("check_events")

    refused = lake.read(QUARANTINE).collect()
    assert orders.waiting == []
    assert run.counts == {"orders_stored": 3, "orders_known_already": 0}
    assert sorted(row["event_id"] for row in lake.read(quality.EVENTS).collect()) == ["e1", "e2"]
    assert sorted((row["disposition"], bytes(row["raw"])[:2]) for row in refused) == [
        ("duplicate", b'{"'),
        ("duplicate", b'{"'),
        ("refused", b"\xff "),
        ("refused", b"\xff "),
    ]
    assert versions(EVENTS, CURSORS) == first


def test_a_stream_that_is_split_between_two_runs_of_the_job_is_whole_and_keeps_its_poison(
    lake, run_pulled, monkeypatch, versions
):
    with kinesis(monkeypatch) as client:
        client.create_stream(StreamName="shop", ShardCount=1)
        declared = Kinesis(
            stream="shop", region="eu-west-1", endpoint_url=client.meta.endpoint_url, calls_per_second=1000
        )
        sources = {"shop": Source(kind="events", holds="behaviour", kinesis=declared)}
        put = partial(client.put_record, StreamName="shop", PartitionKey="p")
        put(Data=b"1")
        put(Data=b"\xff poison")
        run_pulled(sources)
        put(Data=b"3")
        client.split_shard(StreamName="shop", ShardToSplit="shardId-000000000000", NewStartingHashKey=str(2**127))
        put(Data=b"4", ExplicitHashKey="0")

        run_pulled(sources)
        first = versions(EVENTS, CURSORS)
        run = run_pulled(sources)

    raw = lake.read(EVENTS).select(F.col("raw").cast("binary")).collect()
    assert sorted(bytes(row["raw"]) for row in raw) == [b"1", b"3", b"4", b"\xff poison"]
    assert run.counts == {"shop_stored": 0, "shop_known_already": 0}
    assert versions(EVENTS, CURSORS) == first
