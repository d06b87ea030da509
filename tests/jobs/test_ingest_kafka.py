"""Topics of a real broker become rows of ingest: each record once, poison set aside, the stream going on."""

import io
import json
import struct

import fastavro
import pytest
from pyspark.sql import functions as F

from lettermill import topics
from lettermill.errors import ConfigError, InputError
from lettermill.ingest.kafka import Kafka, Registry
from lettermill.ingest.sources import Source
from lettermill.tables import ingest
from lettermill.tables.quality import EVENTS, QUARANTINE
from tests.kafka_broker import PASSWORD, USER
from tests.schema_registry import running_registry

NOON = 1_496_318_400_000
VIEW = {"type": "track", "event": "Product Viewed", "userId": "9", "timestamp": "2017-06-01T11:00:00Z"}
SCHEMA = {
    "type": "record",
    "name": "View",
    "fields": [{"name": name, "type": "string"} for name in ("messageId", "type", "event", "userId")]
    + [{"name": "timestamp", "type": {"type": "long", "logicalType": "timestamp-micros"}}],
}
WIDER = SCHEMA | {"fields": [*SCHEMA["fields"], {"name": "anonymousId", "type": ["null", "string"], "default": None}]}


def view(id_, **more):
    return json.dumps(VIEW | {"messageId": id_} | more).encode()


def avro(schema_id, schema, **row):
    whole = {"type": "track", "event": "Product Viewed", "userId": "9", "timestamp": NOON * 1000} | row
    packed = io.BytesIO()
    fastavro.schemaless_writer(packed, fastavro.parse_schema(schema), whole)
    return struct.pack(">bI", 0, schema_id) + packed.getvalue()


@pytest.fixture
def topic(broker, request):
    return broker.create(request.node.name[:200], partitions=3)


@pytest.fixture
def ingest_from(run_job, broker, topic):
    """Run ingest_events with one source, `shop`, whose topic is the test's own."""

    def run(**options):
        given = {"bootstrap_servers": broker.bootstrap, "topics": (topic,)} | options
        shop = Source(kind="events", holds="behaviour", kafka=Kafka(**given))
        return run_job("ingest_events", settings={"sources": {"shop": shop}})

    return run


def stored(lake):
    rows = lake.read(ingest.EVENTS).selectExpr("get_json_object(raw, '$.messageId')", "origin", "position")
    return sorted(map(tuple, rows.collect()), key=lambda row: row[1:])


def set_aside(lake):
    rows = lake.read(QUARANTINE).select("origin", "position", "reasons", "raw").collect()
    return sorted((row.origin, row.position, row.reasons[0], bytes(row.raw)) for row in rows)


def test_every_partition_is_read_once_from_its_offset_on_and_new_partitions_join(ingest_from, broker, topic, lake):
    for partition in range(3):
        broker.send(topic, [view(f"{partition}{n}") for n in range(3)], partition=partition)

    ingest_from(starting_offsets={topic: {0: 2, 1: -2, 2: -1}}, records_per_batch=2)
    version = lake.version(ingest.EVENTS)
    first = stored(lake)
    ingest_from()
    rerun = lake.version(ingest.EVENTS)
    broker.widen(topic, partitions=4)
    broker.send(topic, [view("30")], partition=3, headers=[("ce_id", b"1"), ("ce_id", b"\xff"), ("none", None)])
    ingest_from()

    assert first == [("02", f"{topic}/0", 2), *((f"1{n}", f"{topic}/1", n) for n in range(3))]
    assert rerun == version
    assert stored(lake) == [*first, ("30", f"{topic}/3", 0)]
    newest = lake.read(ingest.EVENTS).where(F.col("origin") == f"{topic}/3").first()
    assert [tuple(header) for header in newest.headers] == [("ce_id", b"1"), ("ce_id", b"\xff"), ("none", None)]
    assert newest.received_at.year > 2017  # Kafka's time, where the event makes no claim


def test_poison_is_kept_with_its_bytes_and_the_stream_goes_on(ingest_from, run_job, broker, topic, lake):
    fine = [view(str(n), receivedAt="9999-12-31T23:59:59Z" if n == 3 else "2017-06-01T11:00:05Z") for n in range(4)]
    broker.send(topic, [fine[0], None, fine[1], b"\xff{}", fine[2], b"not json", fine[3]], partition=0)

    for _ in range(2):
        counts = ingest_from(records_per_batch=2).counts
    checked = run_job("check_events").counts

    assert [(id_, position) for id_, _, position in stored(lake)] == [
        ("0", 0), ("1", 2), ("2", 4), (None, 5), ("3", 6)
    ]  # fmt: skip
    assert counts == {"events_in_all": 5}
    assert set_aside(lake)[:2] == [
        (f"{topic}/0", 1, "a tombstone: the record has no value; what is kept is its key", b""),
        (f"{topic}/0", 3, "the value is not UTF-8", b"\xff{}"),
    ]
    assert (checked["events_arrived"], checked["events_accepted"], checked["events_refused"]) == (5, 4, 1)
    skewed = lake.read(EVENTS).where("event_id = '3'").selectExpr("year(received_at) AS year").first()
    assert skewed.year == 9999
    arrived = lake.read(ingest.EVENTS).selectExpr("year(received_at) AS year").distinct().collect()
    assert all(2017 < row.year < 9999 for row in arrived)  # Kafka's time; the check reads what the event claims


def test_poison_is_set_aside_though_the_first_try_ended_after_the_good_rows_were_stored(
    ingest_from, broker, topic, lake, monkeypatch
):
    def full_disk(*_, **__):
        raise OSError("no space left")

    monkeypatch.setattr(topics, "UNTOLD_AFTER", 1)
    broker.send(topic, [view("0"), None], partition=0)

    with monkeypatch.context() as first_try:
        first_try.setattr(topics, "set_aside", full_disk)
        with pytest.raises(OSError, match="no space left"):
            ingest_from()
    ingest_from()

    assert stored(lake) == [("0", f"{topic}/0", 0)]
    assert [(origin, position) for origin, position, _, _ in set_aside(lake)] == [(f"{topic}/0", 1)]


def test_avro_is_read_by_the_schema_of_each_record_and_what_is_not_is_set_aside(ingest_from, broker, topic, lake):
    huge = struct.pack(">bI", 0, 1) + b"\xfe\xff\xff\xff\x0f" + b"x" * 20  # a text of 2 GiB, it says
    with running_registry() as registry:
        registry.register(1, SCHEMA)
        registry.register(2, WIDER)
        registry.register(3, "string")
        good = [avro(1, SCHEMA, messageId="a"), avro(2, WIDER, messageId="b", anonymousId="c")]
        bad = [avro(1, SCHEMA, messageId="d")[:-4], avro(7, SCHEMA, messageId="e"), b'{"messageId": "f"}',
               avro(3, SCHEMA, messageId="g"), None, huge]  # fmt: skip
        broker.send(topic, [*good, *bad], partition=0)

        ingest_from(value="avro", registry=Registry(url=registry.url))

    raws = [json.loads(row.raw) for row in lake.read(ingest.EVENTS).orderBy("position").collect()]
    same = {"type": "track", "event": "Product Viewed", "userId": "9", "timestamp": "2017-06-01T12:00:00.000000Z"}
    assert raws == [{"messageId": "a"} | same, {"messageId": "b"} | same | {"anonymousId": "c"}]
    unread = "the value is not what its schema says"
    assert [(position, reason, raw) for _, position, reason, raw in set_aside(lake)] == [
        (2, unread, bad[0]),
        (3, "the registry has no Avro record of schema id 7", bad[1]),
        (4, "no zero byte and schema id before the value", bad[2]),
        (5, "the registry has no Avro record of schema id 3", bad[3]),
        (6, "a tombstone: the record has no value; what is kept is its key", b""),
        (7, unread, huge),
    ]


def test_a_registry_that_is_down_stops_the_stream_and_loses_nothing(ingest_from, broker, topic, lake):
    broker.send(topic, [avro(1, SCHEMA, messageId="a")], partition=0)
    with running_registry() as registry:
        registry.register(1, SCHEMA)
        registry.failing = 3
        with pytest.raises(InputError, match="no answer for schema id 1: HTTP 500"):
            ingest_from(value="avro", registry=Registry(url=registry.url))

        ingest_from(value="avro", registry=Registry(url=registry.url))

    assert ([id_ for id_, *_ in stored(lake)], set_aside(lake)) == (["a"], [])


@pytest.fixture
def secure(broker, monkeypatch):
    """Options for the listener that wants a password over TLS."""
    monkeypatch.setenv("LETTERMILL_SECRET_KAFKA_PASSWORD", PASSWORD)
    monkeypatch.setenv("LETTERMILL_SECRET_KAFKA_CA", broker.ca)
    tls = {"ssl.truststore.type": "PEM", "ssl.truststore.certificates": "secret://kafka/ca"}
    options = {"security.protocol": "SASL_SSL", "sasl.mechanism": "PLAIN"} | tls
    login = {"username": USER, "password": "secret://kafka/password"}
    return {"bootstrap_servers": broker.secure, "options": options} | login


def test_a_password_over_tls_comes_from_its_reference_and_is_written_nowhere(
    ingest_from, broker, topic, lake, secure, spark, tmp_path, capfd
):
    broker.send(topic, [view("a")], partition=0)

    run = ingest_from(**secure)

    assert [id_ for id_, *_ in stored(lake)] == ["a"]
    written = [
        file.read_bytes()
        for folder in (lake.checkpoints, lake.place.root)
        for file in folder.rglob("*")
        if file.is_file()
    ]
    told = "".join(capfd.readouterr()) + repr(run.settings) + repr(spark.sparkContext.getConf().getAll())
    assert PASSWORD.encode() not in b"".join(written)
    assert PASSWORD not in told


def test_a_wrong_password_and_an_absent_topic_are_named(ingest_from, secure, monkeypatch, broker):
    monkeypatch.setenv("LETTERMILL_SECRET_KAFKA_PASSWORD", "hunter2")

    with pytest.raises(ConfigError, match="shop: the broker refuses the user") as caught:
        ingest_from(**secure)
    with pytest.raises(ConfigError, match="shop: the broker has no such topic"):
        ingest_from(topics=("no-such-topic",))

    assert "hunter2" not in str(caught.value)
