"""moto's S3 on this machine."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import boto3
from moto.server import ThreadedMotoServer

from lettermill.delivery.credentials import Credential
from lettermill.delivery.journals.s3 import S3Account

BUCKET = "journal"


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
        region_name=account.region,
        endpoint_url=account.endpoint_url,
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )
    client.create_bucket(Bucket=BUCKET)
    try:
        yield account
    finally:
        server.stop()
