"""Places of files on this machine: moto's S3, an S3 that only refuses, and a server that speaks SFTP."""

import asyncio
import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncssh
import boto3
from moto.server import ThreadedMotoServer

from tests.ingest.serving import served

USER, PASSWORD, BUCKET = "lettermill", "a password of the tests", "payloads"


@contextmanager
def s3() -> Iterator[tuple[str, Any]]:
    """The endpoint of a server of its own with an empty bucket, and a client of it."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    _, port = server.get_host_and_port()
    endpoint = f"http://127.0.0.1:{port}"
    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
    client = boto3.client("s3", region_name="us-east-1", endpoint_url=endpoint, **keys)
    client.create_bucket(Bucket=BUCKET)
    try:
        yield endpoint, client
    finally:
        server.stop()


@contextmanager
def refusing_s3(status: int | None, code: str = "") -> Iterator[str]:
    """The endpoint of an S3 that answers every request with one error; null cuts it off once it was taken."""
    content = f"<Error><Code>{code}</Code><Message>no</Message></Error>".encode()
    refusal = None if status is None else (status, {"Content-Type": "application/xml"}, content)
    with served(lambda _: refusal) as endpoint:
        yield endpoint


@dataclass
class Sftp:
    """A server below `folder`. `cut` is when the next rename is cut off: before it is done, or after it."""

    folder: Path
    port: int = 0
    host_key: str = ""
    private_key: bytes = b""
    cut: str | None = None
    renamed: list[tuple[str, str]] = field(default_factory=list)

    def took(self, old: bytes, new: bytes, *, rename: Callable[[], Any], abort: Callable[[], None]) -> None:
        cut, self.cut = self.cut, None
        if cut == "before":
            abort()
            return
        rename()
        self.renamed.append((old.decode(), new.decode()))
        if cut == "after":
            abort()


@contextmanager
def sftp(folder: Path) -> Iterator[Sftp]:
    """A server that knows one user, by password and by key."""
    folder.mkdir(parents=True, exist_ok=True)
    at = Sftp(folder)
    host, user = (asyncssh.generate_private_key("ssh-ed25519") for _ in range(2))
    at.host_key = host.export_public_key().decode().strip()
    at.private_key = user.export_private_key()

    class Server(asyncssh.SSHServer):
        def password_auth_supported(self) -> bool:
            return True

        def validate_password(self, username: str, password: str) -> bool:
            return (username, password) == (USER, PASSWORD)

        def public_key_auth_supported(self) -> bool:
            return True

        def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
            return username == USER and key.public_data == user.public_data

    class Files(asyncssh.SFTPServer):
        def __init__(self, chan: Any) -> None:
            super().__init__(chan, chroot=str(folder).encode())

        def rename(self, oldpath: bytes, newpath: bytes) -> None:
            abort = self.channel.get_connection().abort
            at.took(oldpath, newpath, rename=lambda: super(Files, self).rename(oldpath, newpath), abort=abort)

    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    async def start() -> asyncssh.SSHAcceptor:
        return await asyncssh.create_server(
            Server, "127.0.0.1", 0, server_host_keys=[host], sftp_factory=Files, allow_scp=False
        )

    async def stop(acceptor: asyncssh.SSHAcceptor) -> None:
        acceptor.close()
        await acceptor.wait_closed()
        left = asyncio.all_tasks() - {asyncio.current_task()}
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    logging.getLogger("asyncssh").setLevel(logging.CRITICAL)
    logging.getLogger("paramiko").setLevel(logging.CRITICAL)
    acceptor = asyncio.run_coroutine_threadsafe(start(), loop).result()
    at.port = acceptor.get_port()
    try:
        yield at
    finally:
        asyncio.run_coroutine_threadsafe(stop(acceptor), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
