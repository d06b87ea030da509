"""Events into Kafka: taken when every in-sync replica has them (acks=all)."""

import asyncio
import logging
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from lettermill.gateway_settings import GatewayKafka
from lettermill.services.gateway.refusals import unavailable
from lettermill.services.gateway.sink import Line

logger = logging.getLogger(__name__)
DURABLE = {"acks": "all", "enable.idempotence": True}
DEFAULTS = {"linger.ms": 5, "delivery.timeout.ms": 30_000, "compression.type": "zstd"}
CLOSE_SECONDS = 60.0
FAULT_SECONDS = 15.0  # librdkafka tells again while brokers stay away, and nothing when they are back


class _Delivery:
    """Counts the reports on the lines of one put; done with the last one."""

    def __init__(self, lines: int) -> None:
        self.done: Future[None] = Future()
        self._left = lines
        self._error: KafkaError | None = None

    def report(self, error: KafkaError | None, _: Message | None = None) -> None:
        self._left -= 1
        self._error = self._error or error
        if self._left == 0 and self.done.set_running_or_notify_cancel():
            if self._error:
                self.done.set_exception(KafkaException(self._error))
            else:
                self.done.set_result(None)


@dataclass
class KafkaTopics:
    """`settings.options` have had their secrets looked up; what makes an answer durable cannot be set otherwise."""

    settings: GatewayKafka = field(repr=False)
    _producer: Producer | None = None
    _fault: str | None = None
    _fault_at: float = 0.0
    _closing: threading.Event = field(default_factory=threading.Event)
    _poller: threading.Thread | None = None

    def start(self) -> None:
        self._producer = Producer({**producer_conf(self.settings), "logger": logger, "error_cb": self._told})
        self._poller = threading.Thread(target=self._poll, name="kafka-reports", daemon=True)
        self._poller.start()

    async def put(self, lines: Sequence[Line]) -> None:
        if not lines:
            return
        assert self._producer is not None, "start comes first"
        delivery = _Delivery(len(lines))
        for place, line in enumerate(lines):
            topic = self.settings.topic.format(source=line.source)
            try:
                self._producer.produce(topic, line.value, key=line.key, on_delivery=delivery.report)
            except (BufferError, KafkaException) as error:
                for _ in lines[place:]:
                    delivery.report(_error_of(error))
                break
        try:
            await asyncio.wrap_future(delivery.done)
        except KafkaException as error:
            raise unavailable(f"Kafka did not take it ({error.args[0].name()})") from None
        self._fault = None

    def fault(self) -> str | None:
        if self._producer is None:
            return "the producer is not running"
        return self._fault if monotonic() - self._fault_at < FAULT_SECONDS else None

    def close(self) -> None:
        if self._producer is None or self._poller is None:
            return
        left = self._producer.flush(CLOSE_SECONDS)
        if left:
            logger.error("kafka: %d lines were not taken; none of them was acknowledged", left)
        self._closing.set()
        self._poller.join()
        self._producer = None

    def _poll(self) -> None:
        while not self._closing.is_set():
            assert self._producer is not None
            self._producer.poll(0.1)

    def _told(self, error: KafkaError) -> None:
        if error.code() == KafkaError._ALL_BROKERS_DOWN or error.fatal():
            self._fault, self._fault_at = f"Kafka cannot be reached ({error.name()})", monotonic()


def producer_conf(settings: GatewayKafka) -> Mapping[str, Any]:
    """librdkafka's configuration; nothing in `options` can take the durability away."""
    return {**DEFAULTS, **settings.options, "bootstrap.servers": settings.brokers, **DURABLE}


def _error_of(error: BufferError | KafkaException) -> KafkaError:
    if isinstance(error, KafkaException):
        found: KafkaError = error.args[0]
        return found
    return KafkaError(KafkaError._QUEUE_FULL)
