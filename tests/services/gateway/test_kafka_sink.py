"""Kafka: taken when every in-sync replica has it. The brokers are librdkafka's own mock cluster, the client is real."""

import asyncio

import pytest
from confluent_kafka import Consumer

from lettermill.gateway_settings import GatewayKafka
from lettermill.services.gateway.kafka_sink import KafkaTopics, producer_conf
from lettermill.services.gateway.refusals import Refusal
from lettermill.services.gateway.sink import Line


@pytest.fixture
def open_topics():
    opened = []

    def open_(brokers="127.0.0.1:1", **options):
        sink = KafkaTopics(GatewayKafka(brokers=brokers, topic="events.{source}", options=options))
        sink.start()
        opened.append(sink)
        return sink

    yield open_
    for sink in opened:
        sink.close()


def test_lines_are_in_their_topics_when_they_are_answered(open_topics):
    sink = open_topics(**{"test.mock.num.brokers": "3"})

    asyncio.run(sink.put([Line("web", b"{}", b"user"), Line("web", b"[]", b"user"), Line("email", b"1")]))

    brokers = ",".join(
        f"{broker.host}:{broker.port}" for broker in sink._producer.list_topics(timeout=10).brokers.values()
    )
    consumer = Consumer({"bootstrap.servers": brokers, "group.id": "t", "auto.offset.reset": "earliest"})
    consumer.subscribe(["events.web", "events.email"])
    read = []
    while len(read) < 3:
        read += consumer.consume(3, timeout=20) or pytest.fail("the broker has not got the lines")
    consumer.close()
    assert sorted((m.topic(), m.key(), m.value()) for m in read) == [
        ("events.email", None, b"1"), ("events.web", b"user", b"[]"), ("events.web", b"user", b"{}"),
    ]  # fmt: skip
    assert [m.value() for m in read if m.key()] == [b"{}", b"[]"]
    assert sink.fault() is None


def test_without_a_broker_nothing_is_acknowledged(open_topics):
    sink = open_topics(**{"delivery.timeout.ms": "300", "message.timeout.ms": "300"})

    with pytest.raises(Refusal, match="Kafka did not take it") as refused:
        asyncio.run(sink.put([Line("web", b"{}"), Line("web", b"[]")]))

    assert refused.value.status == 503
    assert "Kafka" in sink.fault()


def test_a_full_queue_is_an_answer_and_no_wait(open_topics):
    sink = open_topics(
        **{"delivery.timeout.ms": "300", "message.timeout.ms": "300", "queue.buffering.max.messages": "1"}
    )

    with pytest.raises(Refusal, match="_QUEUE_FULL"):
        asyncio.run(sink.put([Line("web", b"{}")] * 5))


def test_no_option_takes_the_durability_away():
    conf = producer_conf(
        GatewayKafka(brokers="b:1", options={"acks": "0", "enable.idempotence": "false", "linger.ms": "1"})
    )

    assert (conf["acks"], conf["enable.idempotence"], conf["linger.ms"]) == ("all", True, "1")
