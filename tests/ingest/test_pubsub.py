"""Pub/Sub messages are acknowledged once their rows are stored and not before; what comes again is known and counted."""

import json
import queue
from contextlib import contextmanager
from dataclasses import replace

import httpx2
import pytest

from lettermill.errors import ConfigError, InputError
from lettermill.ingest.pubsub.declaration import PubSub
from lettermill.ingest.pubsub.google_tokens import GoogleCredential
from lettermill.ingest.pubsub.reader import PubSubReader
from lettermill.ingest.pubsub.subscription import Subscription
from lettermill.ingest.pull.asking import Asker
from lettermill.ingest.sources import Source
from lettermill.settings import validate
from tests.ingest.fake_pubsub import NAME, PubSubServer
from tests.ingest.serving import TestClock, as_json, served


class Ticks:
    """The passing of a third of a lease, when a test says so."""

    def __init__(self):
        self.due = queue.SimpleQueue()

    def wait(self, ended, _):
        while not ended.is_set():
            try:
                self.due.get(timeout=0.01)
                return False
            except queue.Empty:
                continue
        return True


@pytest.fixture
def clock():
    return TestClock()


@pytest.fixture
def ticks():
    return Ticks()


@pytest.fixture
def server(clock):
    return PubSubServer(clock)


@pytest.fixture
def opened(server, clock, ticks):
    """Readers of the server's subscription, each as a run of its own."""
    with served(server.answer) as url, httpx2.Client() as client:
        declared = PubSub(
            subscription=NAME,
            authentication="service_account",
            key="secret://google/key",
            endpoint_url=url,
            metadata_url=url,
        )

        def reader(key=None, **changed):
            wanted = replace(declared, **changed)
            secrets = {"secret://google/key": key or server.key_file(url)}
            credential = GoogleCredential("orders", wanted, secrets.__getitem__, client, clock, lambda: 1.0)
            asker = Asker("orders", client, credential, clock, lambda: 1.0, patience=wanted.patience)
            return PubSubReader(Subscription(wanted, asker), clock, ticks.wait)

        yield reader


def stored(reader):
    """Take every portion in as a job would: store, then say so."""
    rows = []
    for portion in reader.portions(None):
        rows += portion.rows
        portion.stored()
    return [row.raw for row in rows]


def test_messages_are_acknowledged_after_they_are_stored_and_a_quiet_subscription_ends_the_run(server, opened):
    server.publish(b"a", b"\xff\x00", b"")
    portions = opened().portions(None)
    portion = next(portions)
    assert server.waiting == ["1", "2", "3"]

    portion.stored()
    rest = list(portions)

    assert [(row.origin, row.position, row.raw) for row in portion.rows] == [
        ("orders/1", None, b"a"),
        ("orders/2", None, b"\xff\x00"),
        ("orders/3", None, b""),
    ]
    assert portion.rows[0].received_at.timestamp() == pytest.approx(server.clock.time() - 60)
    assert (rest, server.waiting) == ([], [])


def test_what_a_killed_run_had_not_acknowledged_comes_again_to_the_next(server, opened, clock):
    server.publish(b"a", b"b")
    killed = opened().portions(None)
    next(killed)
    killed.close()
    clock.now += 61

    assert stored(opened()) == [b"a", b"b"]
    assert server.waiting == []
    assert server.delivered == {"1": 2, "2": 2}


def test_a_message_whose_acknowledgement_was_lost_is_acknowledged_again_and_stored_once(server, opened, clock):
    server.publish(b"a")
    reader = opened(lease_seconds=10)
    portions = reader.portions(None)
    first = next(portions)
    clock.now += 11  # the lease ends before the acknowledgement comes
    first.stored()
    assert server.waiting == ["1"]

    assert list(portions) == []
    assert server.waiting == []
    assert reader.counts["redelivered"] == 1


def test_leases_are_extended_while_a_commit_is_slow(server, opened, clock, ticks):
    server.publish(b"a")
    reader = opened(lease_seconds=30)
    portions = reader.portions(None)
    portion = next(portions)
    for _ in range(12):  # four leases long
        extensions = server.book.count("modifyAckDeadline")
        clock.now += 10
        ticks.due.put(None)
        while server.book.count("modifyAckDeadline") == extensions:
            pass

    portion.stored()

    assert (list(portions), server.waiting) == ([], [])
    assert server.delivered == {"1": 1}
    assert reader.counts["leases_extended"] == 12


def test_an_acknowledgement_that_google_does_not_take_is_counted_and_loses_nothing(server, opened):
    server.publish(b"a")
    server.lost_answers["acknowledge"] = 6
    reader = opened()

    assert stored(reader) == [b"a"]
    assert reader.counts["not_acknowledged"] == 1


def test_large_and_busy_subscriptions_are_taken_in_portions_up_to_what_there_was_at_the_start(server, opened, clock):
    server.publish(*[b"%d" % number for number in range(250)])
    reader = opened(messages_per_pull=40, rows_per_commit=100)
    sizes = []
    for portion in reader.portions(None):
        sizes.append(len(portion.rows))
        portion.stored()
        server.publish(*[b"new"] * 40, at=clock.time() + 1)

    assert sizes[:2] == [120, 120]
    assert sum(sizes) < 400
    assert {str(number) for number in range(1, 251)} <= set(server.acknowledged)


def test_a_message_may_be_kept_whole_with_its_attributes(server, opened):
    server.publish(b'{"n":1}', kind="order")

    [raw] = stored(opened(payload="message"))

    assert json.loads(raw)["data"] == '{"n":1}'
    assert json.loads(raw)["attributes"] == {"kind": "order"}


def test_a_token_that_ends_is_asked_for_anew_by_key_and_by_metadata_server(server, opened):
    server.token_lasts = 0.5  # shorter than it says
    for way in ("service_account", "metadata_server"):
        server.publish(b"a")
        reader = opened(authentication=way)
        portions = reader.portions(None)
        portion = next(portions)
        server.clock.now += 1
        portion.stored()
        list(portions)

        assert server.waiting == []
        assert reader.subscription.asker.credential.renewals >= 2


def test_a_key_that_is_none_names_the_reference_and_tells_nothing_of_it(opened):
    with pytest.raises(ConfigError, match=r"no JSON key of a service account(.|\n)*secret://google/key") as caught:
        stored(opened(key=b'{"private_key": "hidden"}'))

    assert "hidden" not in str(caught.value)


def test_an_answer_that_is_not_google_s_is_named(clock, ticks):
    @contextmanager
    def elsewhere():
        with served(lambda _: as_json([])) as url, httpx2.Client() as client:
            declared = PubSub(subscription=NAME, authentication="none", endpoint_url=url)
            credential = GoogleCredential("orders", declared, {}.__getitem__, client, clock, lambda: 1.0)
            asker = Asker("orders", client, credential, clock, lambda: 1.0)
            yield PubSubReader(Subscription(declared, asker), clock, ticks.wait)

    with (
        elsewhere() as reader,
        pytest.raises(InputError, match=r"no list of messages(.|\n)*orders:pull(.|\n)*endpoint_url"),
    ):
        stored(reader)


def test_a_look_takes_no_message(server, opened):
    server.publish(b"a")

    assert opened().outlook(None).startswith(f"{NAME} on projects/shop-1/topics/orders may be read")
    assert server.book == []


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"subscription": "orders"}, "must be projects/P/subscriptions/S"),
        ({"authentication": "service_account"}, "key must be a reference"),
        ({"lease_seconds": 5}, "from 10 to 600"),
        ({"endpoint_url": "http://pubsub.example"}, "must be https"),
    ],
)
def test_a_declaration_that_cannot_be_meant_is_refused(changed, message):
    content = {"kind": "events", "holds": "behaviour", "pubsub": {"subscription": NAME} | changed}
    with pytest.raises(ConfigError, match=message):
        validate(Source, content, place="conf")
