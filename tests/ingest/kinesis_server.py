"""moto's Kinesis on this machine, with what it does otherwise than Amazon put right: a shard that is split or merged
keeps its records, and sequence numbers have 56 digits."""

import logging
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
import pytest
from botocore.config import Config
from moto.kinesis.models import Record, Shard, Stream
from moto.server import ThreadedMotoServer

BEFORE_FIRST = 49590338271490256608559692538361571095921575989136588898


@contextmanager
def kinesis(patched: pytest.MonkeyPatch) -> Iterator[Any]:
    """A client of a server of its own."""
    for name, value in {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}.items():
        patched.setenv(name, value)
    patched.setattr(Shard, "put_record", _put_record)
    patched.setattr(Stream, "split_shard", _keeping_records(Stream.split_shard))
    patched.setattr(Stream, "merge_shards", _keeping_records(Stream.merge_shards))
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    _, port = server.get_host_and_port()
    client = boto3.client(
        "kinesis",
        region_name="eu-west-1",
        endpoint_url=f"http://127.0.0.1:{port}",
        config=Config(retries={"total_max_attempts": 1}),
    )
    try:
        yield client
    finally:
        server.stop()


def _put_record(shard: Shard, partition_key: str, data: str, explicit_hash_key: str) -> str:
    number = (next(reversed(shard.records)) if shard.records else BEFORE_FIRST) + 1
    shard.records[number] = Record(partition_key, data, number, explicit_hash_key)
    return str(number)


def _keeping_records(change: Any) -> Any:
    def changed(stream: Stream, *shards: str) -> None:
        named = [stream.shards[name] for name in shards if name in stream.shards]
        kept = [(shard, shard.records) for shard in named]
        for shard in named:
            shard.records = OrderedDict()
        change(stream, *shards)
        for shard, records in kept:
            shard.records = records

    return changed
