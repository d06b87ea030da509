"""A Kinesis stream is read whole through resharding, restarts, expired iterators and throttling; rows keep their bytes."""

import hashlib
import json
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from hypothesis import given as invented
from hypothesis import strategies as st

from lettermill.errors import ConfigError, InputError
from lettermill.ingest.kinesis.aggregated import MAGIC, taken_apart
from lettermill.ingest.kinesis.calls import Calls
from lettermill.ingest.kinesis.declaration import Kinesis
from lettermill.ingest.kinesis.frames import lines_of_records, platform_options
from lettermill.ingest.kinesis.reader import KinesisReader
from lettermill.ingest.sources import Source
from lettermill.readers import platform_reads
from lettermill.settings import validate
from tests.ingest.kinesis_server import kinesis
from tests.ingest.serving import TestClock

DECLARED = Kinesis(stream="shop", region="eu-west-1")
FIRST, SECOND = "shardId-000000000000", "shardId-000000000001"
HALF = 2**127


@pytest.fixture(scope="module")
def aws():
    with pytest.MonkeyPatch.context() as patched, kinesis(patched) as client:
        yield client


@pytest.fixture
def stream(aws):
    """A stream of one shard, new for each test."""
    aws.create_stream(StreamName="shop", ShardCount=1)
    yield aws
    aws.delete_stream(StreamName="shop")


@pytest.fixture
def clock():
    return TestClock(datetime.now(UTC).timestamp() + 60)  # the run begins once all that a test puts has arrived


@pytest.fixture
def reading(clock):
    def opened(client, declared=DECLARED):
        return KinesisReader(Calls("shop", declared, client, clock, lambda: 1.0))

    return opened


def put(client, *texts, hash_key=0):
    for text in texts:
        data = text if isinstance(text, bytes) else text.encode()
        client.put_record(StreamName="shop", Data=data, PartitionKey="p", ExplicitHashKey=str(hash_key))


def read_on(reader, position=None):
    """What was read, and the position that it led to, as the log would give it back."""
    rows, reached = [], position
    for portion in reader.portions(position):
        rows += portion.rows
        reached = json.loads(json.dumps(portion.position))
    return [row.raw.decode() for row in rows], reached


def test_a_row_is_named_by_stream_shard_and_sequence_number_and_its_bytes_are_kept(stream, reading):
    put(stream, "a", b"\xff\x00poison")

    [portion] = reading(stream).portions(None)

    names = [row.origin.split("/") for row in portion.rows]
    assert [name[:2] for name in names] == [["shop", FIRST]] * 2
    assert [len(name[2]) for name in names] == [56, 56]
    assert [(row.position, row.raw) for row in portion.rows] == [(1, b"a"), (1, b"\xff\x00poison")]


def test_a_split_while_nobody_read_loses_and_doubles_nothing_and_parents_come_first(stream, reading):
    put(stream, "1", "2")
    first, position = read_on(reading(stream))
    put(stream, "3")
    stream.split_shard(StreamName="shop", ShardToSplit=FIRST, NewStartingHashKey=str(HALF))
    put(stream, "low")
    put(stream, "high", hash_key=HALF)

    second, position = read_on(reading(stream), position)
    third, again = read_on(reading(stream), position)

    assert (first, second, third) == (["1", "2"], ["3", "low", "high"], [])
    assert again == position
    assert position["shards"][FIRST]["done"]


def test_a_merge_after_a_split_is_read_through_in_one_run_generation_after_generation(stream, reading):
    put(stream, "1")
    stream.split_shard(StreamName="shop", ShardToSplit=FIRST, NewStartingHashKey=str(HALF))
    put(stream, "high", hash_key=HALF)
    stream.merge_shards(StreamName="shop", ShardToMerge=SECOND, AdjacentShardToMerge="shardId-000000000002")
    put(stream, "whole")

    assert read_on(reading(stream))[0] == ["1", "high", "whole"]


def test_a_run_killed_between_portions_goes_on_inside_a_parent_and_then_in_its_children(stream, reading):
    put(stream, *"12345")
    stream.split_shard(StreamName="shop", ShardToSplit=FIRST, NewStartingHashKey=str(HALF))
    put(stream, "low")
    small = replace(DECLARED, records_per_call=2, rows_per_commit=2)

    portions = reading(stream, small).portions(None)
    kept = next(portions)
    portions.close()
    rest, _ = read_on(reading(stream, small), json.loads(json.dumps(kept.position)))

    assert [row.raw.decode() for row in kept.rows] + rest == ["1", "2", "3", "4", "5", "low"]


def test_starting_at_the_latest_loses_nothing_of_the_time_before_the_first_record(stream, reading, clock):
    put(stream, "before")
    latest = replace(DECLARED, start="latest")
    nothing, position = read_on(reading(stream, latest))
    assert (nothing, position["shards"]) == ([], {FIRST: {"from": datetime.fromtimestamp(clock.now, UTC).isoformat()}})

    position["shards"][FIRST] = {"from": datetime.fromtimestamp(clock.now - 120, UTC).isoformat()}
    stream.split_shard(StreamName="shop", ShardToSplit=FIRST, NewStartingHashKey=str(HALF))
    put(stream, "in the child")

    assert read_on(reading(stream, latest), position)[0] == ["before", "in the child"]


@dataclass
class Faulty:
    """The real client, but for what it refuses when its turn comes."""

    client: object
    faults: dict[str, list] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)

    def __getattr__(self, verb):
        def call(**asked):
            self.calls.append(verb)
            fault = self.faults[verb].pop(0) if self.faults.get(verb) else None
            if fault:
                raise fault
            return getattr(self.client, verb)(**asked)

        return call


def refusal(code, status=400):
    return ClientError({"Error": {"Code": code, "Message": ""}, "ResponseMetadata": {"HTTPStatusCode": status}}, "x")


def test_an_expired_iterator_is_asked_for_anew_from_the_last_record(stream, reading):
    put(stream, *"12345")
    faulty = Faulty(stream, {"get_records": [None, refusal("ExpiredIteratorException"), None]})
    reader = reading(faulty, replace(DECLARED, records_per_call=2))

    assert read_on(reader)[0] == ["1", "2", "3", "4", "5"]
    assert reader.counts["expired_iterators"] == 1


def test_throttling_and_lost_connections_are_waited_out_with_longer_and_longer_waits(stream, reading, clock):
    put(stream, "1")
    throttled = refusal("ProvisionedThroughputExceededException")
    faulty = Faulty(stream, {"get_records": [throttled, EndpointConnectionError(endpoint_url="x"), throttled]})
    reader = reading(faulty)

    assert read_on(reader)[0] == ["1"]
    assert [wait for wait in clock.slept if wait >= 1] == [1, 2, 4]
    assert reader.counts["throttled"] == 2


def test_throttling_that_does_not_end_stops_with_the_mend(stream, reading):
    throttled = refusal("ProvisionedThroughputExceededException")

    with pytest.raises(InputError, match=r"Exceeded.*6 times in a row(.|\n)*goes on where it stopped"):
        read_on(reading(Faulty(stream, {"get_records": [throttled] * 6})))


def test_a_shard_is_asked_no_more_often_than_declared(stream, reading, clock):
    put(stream, *"12345")
    began = clock.now

    read_on(reading(stream, replace(DECLARED, records_per_call=1)))

    assert clock.now - began >= 4 * 0.25


def test_a_stream_that_is_not_there_and_one_that_may_not_be_read_name_the_mend(aws, reading):
    with pytest.raises(
        InputError, match=r"source shop: Kinesis answered ResourceNotFound(.|\n)*shop in eu-west-1(.|\n)*check stream"
    ):
        read_on(reading(aws))
    with pytest.raises(InputError, match=r"AccessDenied(.|\n)*give the role"):
        read_on(reading(Faulty(aws, {"describe_stream_summary": [refusal("AccessDeniedException")]})))


def test_what_the_stream_no_longer_keeps_is_told(stream, reading, clock):
    _, position = read_on(reading(stream))
    position["shards"]["shardId-000000000009"] = {"from": "earliest"}
    clock.now += 30 * 3600
    reader = reading(stream)
    read_on(reader, position)

    assert [note.split(":")[0] for note in reader.notes] == [
        "last read 30 h ago, but the stream keeps records for 24 h",
        "shardId-000000000009 has left the stream before its end was read",
    ]


def test_a_stream_made_anew_is_read_from_its_beginning(stream, reading):
    put(stream, "1")
    _, position = read_on(reading(stream))
    position["made"] = "2001-01-01T00:00:00+00:00"
    reader = reading(stream)

    assert read_on(reader, position)[0] == ["1"]
    assert "made anew" in reader.notes[0]


def test_a_look_ahead_tells_each_shard_and_reads_nothing(stream, reading):
    put(stream, "1")

    assert reading(stream).outlook(None) == f"1 shards to read: {FIRST} 0 s behind"


def varint(number):
    low, high = number & 0x7F, number >> 7
    return bytes([low | 0x80]) + varint(high) if high else bytes([low])


def of_bytes(field_number, content):
    return varint(field_number << 3 | 2) + varint(len(content)) + content


def aggregated(datas):
    records = [of_bytes(3, varint(1 << 3) + varint(0) + of_bytes(3, data)) for data in datas]
    message = of_bytes(1, b"partition key") + b"".join(records)
    return MAGIC + message + hashlib.md5(message).digest()


@invented(st.lists(st.binary(max_size=300), min_size=1, max_size=9))
def test_records_that_a_producer_put_together_are_taken_apart(datas):
    assert taken_apart(aggregated(datas)) == datas


@invented(st.binary(max_size=60))
def test_what_only_looks_like_them_is_kept_whole(data):
    damaged = MAGIC + data + bytes(16)

    assert taken_apart(damaged) == [damaged]


@invented(st.binary(max_size=60))
def test_any_bytes_with_the_right_digest_come_back_whole_or_in_parts(data):
    parts = taken_apart(MAGIC + data + hashlib.md5(data).digest())

    assert parts
    assert all(part in MAGIC + data + hashlib.md5(data).digest() for part in parts)


def test_the_records_of_one_sequence_number_have_places_of_their_own(stream, reading):
    put(stream, aggregated([b"a", b"b"]))

    [portion] = reading(stream).portions(None)

    assert [(row.position, row.raw) for row in portion.rows] == [(1, b"a"), (2, b"b")]
    assert len({row.origin for row in portion.rows}) == 1


def test_the_platform_reads_where_it_is_declared_or_where_it_is_databricks(monkeypatch):
    assert not platform_reads(DECLARED)
    assert platform_reads(replace(DECLARED, read_by="platform"))

    monkeypatch.setenv("DATABRICKS_RUNTIME_VERSION", "15.4")
    assert platform_reads(DECLARED)
    assert not platform_reads(replace(DECLARED, read_by="aws"))


def test_the_platform_is_told_stream_region_and_start():
    declared = replace(DECLARED, start="2026-01-02T03:04:05+00:00", service_credential="shop-reader")

    assert platform_options(declared) == {
        "streamName": "shop",
        "region": "eu-west-1",
        "initialPosition": '{"at_timestamp": "01/02/2026 03:04:05 UTC", "format": "MM/dd/yyyy HH:mm:ss ZZZ"}',
        "serviceCredential": "shop-reader",
    }


def test_the_platform_s_rows_are_named_as_ours(spark):
    columns = "partitionKey string, data binary, stream string, shardId string, sequenceNumber string, approximateArrivalTimestamp timestamp"
    at = datetime(2026, 1, 2, 3, 4, 5)
    records = spark.createDataFrame([("p", b"{}", "shop", FIRST, "4959", at)], columns)

    assert [tuple(row) for row in lines_of_records(records, source="s").collect()] == [
        ("s", f"shop/{FIRST}/4959", 1, "{}", at)
    ]


def test_a_start_that_is_no_instant_is_refused():
    content = {"kind": "events", "holds": "behaviour", "kinesis": {"stream": "s", "region": "r", "start": "noon"}}
    with pytest.raises(ConfigError, match="start must be earliest, latest or an instant with a zone"):
        validate(Source, content, place="conf")
