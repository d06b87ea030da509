"""What a Kafka source may say in conf, and what Spark's source is given of it."""

from pathlib import Path

import pytest

from lettermill.errors import ConfigError
from lettermill.ingest.kafka import Kafka, reader_options
from lettermill.settings import load, validate

SECRETS = {"secret://kafka/password": b'pass "word" \\', "secret://kafka/key": b"-----BEGIN PRIVATE KEY-----"}
PLAIN = {"bootstrap_servers": "k:9092", "topics": ["orders", "views"]}
SASL = {"security.protocol": "SASL_SSL", "sasl.mechanism": "SCRAM-SHA-512"}


def declared(**options):
    return validate(Kafka, PLAIN | options, place="conf")


def given(**options):
    return reader_options(declared(**options), resolve=SECRETS.__getitem__)


def test_a_plain_source_reads_every_topic_from_the_earliest_record():
    assert given() == {
        "kafka.bootstrap.servers": "k:9092",
        "subscribe": "orders,views",
        "startingOffsets": "earliest",
        "maxOffsetsPerTrigger": "500000",
        "includeHeaders": "true",
        "failOnDataLoss": "true",
    }


def test_offsets_the_rate_and_kafkas_own_options_are_passed_through():
    found = given(
        starting_offsets={"orders": {0: 23, 1: -2}}, records_per_batch=10, options={"fetch.max.bytes": "1000000"}
    )

    assert found["startingOffsets"] == '{"orders": {"0": 23, "1": -2}}'
    assert (found["maxOffsetsPerTrigger"], found["kafka.fetch.max.bytes"]) == ("10", "1000000")


def test_secrets_are_resolved_when_the_stream_starts_and_quoted_for_jaas():
    found = given(
        username="me", password="secret://kafka/password", options=SASL | {"ssl.keystore.key": "secret://kafka/key"}
    )

    assert found["kafka.sasl.jaas.config"] == (
        "org.apache.kafka.common.security.scram.ScramLoginModule required "
        r'username="me" password="pass \"word\" \\";'
    )
    assert found["kafka.ssl.keystore.key"] == "-----BEGIN PRIVATE KEY-----"
    assert "pass" not in repr(declared(username="me", password="secret://kafka/password", options=SASL)).replace(
        "password", ""
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"topics": []}, "name at least one topic"),
        ({"records_per_batch": 0}, "records_per_batch must be 1 or more, is 0"),
        ({"value": "avro"}, "a registry belongs to `value: avro`"),
        ({"registry": {"url": "http://r"}}, "a registry belongs to `value: avro`"),
        ({"username": "me"}, "username and password go together"),
        ({"username": "me", "password": "secret://kafka/p"}, "sasl.mechanism to one of PLAIN, SCRAM-SHA-256"),
        ({"username": "me", "password": "hunter2", "options": SASL}, "password must be a reference"),
        ({"options": {"ssl.keystore.password": "x"}}, "ssl.keystore.password must be a reference"),
        ({"options": {"sasl.jaas.config": "x"}}, "sasl.jaas.config must be a reference"),
        ({"value": "avro", "registry": {"url": "http://r", "password": "x"}}, "password must be a reference"),
        ({"starting_ofsets": "latest"}, "did you mean 'starting_offsets'"),
    ],
)
def test_what_cannot_work_or_would_write_a_secret_down_is_refused(options, message):
    with pytest.raises(ConfigError, match=message) as caught:
        declared(**options)

    assert "hunter2" not in str(caught.value)


def test_a_source_has_a_folder_or_topics_not_both(tmp_path):
    for name in ("base.yml", "local.yml"):
        (tmp_path / name).write_text((Path("src/lettermill/conf") / name).read_text())
    both = "sources: {orders: {kind: events, holds: behaviour, path: x, kafka: {bootstrap_servers: k, topics: [t]}}}"
    (tmp_path / "kafka.yml").write_text(both)

    with pytest.raises(ConfigError, match="one way to read it .*; it says path and kafka"):
        load("kafka", conf=tmp_path)
