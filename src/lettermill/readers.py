"""Opening pulled sources: the real clock, HTTP client and secrets, handed to the readers of `lettermill.ingest`."""

import os
import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import boto3
import httpx2
from botocore.config import Config

from lettermill.ingest.kinesis.calls import Calls
from lettermill.ingest.kinesis.declaration import Kinesis
from lettermill.ingest.kinesis.reader import KinesisReader
from lettermill.ingest.portions import Reader
from lettermill.ingest.pubsub.declaration import PubSub
from lettermill.ingest.pubsub.google_tokens import GoogleCredential
from lettermill.ingest.pubsub.reader import PubSubReader
from lettermill.ingest.pubsub.subscription import Subscription
from lettermill.ingest.pull.asking import Asker
from lettermill.ingest.pull.authentication import Credential
from lettermill.ingest.pull.declaration import Pull
from lettermill.ingest.pull.reader import PullReader
from lettermill.ingest.sources import Source
from lettermill.secrets import resolve


@dataclass(frozen=True)
class SystemClock:
    """The machine's clock."""

    def time(self) -> float:
        return time.time()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


@contextmanager
def opened(name: str, source: Source) -> Iterator[Reader]:
    """The reader of a pulled source, with its connections; closed at the end."""
    if source.kinesis:
        yield _kinesis(name, source.kinesis)
        return
    with httpx2.Client(headers={"User-Agent": "lettermill", "Accept": "application/json"}) as client:
        if source.pubsub:
            yield _pubsub(name, source.pubsub, client)
            return
        assert source.pull is not None  # a source has one way to be read
        yield _pull(name, source.pull, client)


def platform_reads(declared: Kinesis) -> bool:
    """Whether Spark's own source for Kinesis reads the stream: as declared, or where the platform is Databricks."""
    on_databricks = "DATABRICKS_RUNTIME_VERSION" in os.environ
    return declared.read_by == "platform" or (declared.read_by == "auto" and on_databricks)


def _kinesis(name: str, declared: Kinesis) -> KinesisReader:
    client = boto3.client(
        "kinesis",
        region_name=declared.region,
        endpoint_url=declared.endpoint_url or None,
        config=Config(retries={"total_max_attempts": 1}),
    )
    return KinesisReader(Calls(name, declared, client, SystemClock(), random.random))


def _pull(name: str, declared: Pull, client: httpx2.Client) -> PullReader:
    clock, chance = SystemClock(), random.random
    credential = Credential(name, declared.authentication, resolve, client, clock, chance, patience=declared.patience)
    asker = Asker(
        name, client, credential, clock, chance,
        patience=declared.patience, rate=declared.rate, final_words=declared.final_words,
    )  # fmt: skip
    return PullReader(name, declared, asker)


def _pubsub(name: str, declared: PubSub, client: httpx2.Client) -> PubSubReader:
    clock, chance = SystemClock(), random.random
    credential = GoogleCredential(name, declared, resolve, client, clock, chance)
    asker = Asker(name, client, credential, clock, chance, patience=declared.patience)
    return PubSubReader(Subscription(declared, asker), clock, threading.Event.wait)
