"""moto's S3 on this machine."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
from moto.server import ThreadedMotoServer

from lettermill.delivery.credentials import Credential
from lettermill.delivery.journals.s3 import S3Account

BUCKET = "journal"


class WritesOver:
    """A client of a store that ignores the condition of a write, as if `If-None-Match` had never been sent."""

    def __init__(self, client: Any) -> None:
        self.client = client

    def put_object(self, **asked: Any) -> Any:
        return self.client.put_object(**{name: value for name, value in asked.items() if name != "IfNoneMatch"})

    def __getattr__(self, name: str) -> Any:
        return getattr(self.client, name)


@contextmanager
def s3() -> Iterator[S3Account]:
    """The account of a server of its own, with an empty bucket."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    _, port = server.get_host_and_port()
    key, secret = (Credential(f"secret://s3/{name}", b"test") for name in ("key", "secret"))
    account = S3Account(endpoint_url=f"http://127.0.0.1:{port}", access_key=key, secret_key=secret)
    client = boto3.client(
        "s3",
        region_name="us-east-1",
        endpoint_url=account.endpoint_url,
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )
    client.create_bucket(Bucket=BUCKET)
    try:
        yield account
    finally:
        server.stop()
