"""Marks as objects of a bucket: S3 writes an object only if there is none of its key (`If-None-Match: *`)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from threading import Lock
from typing import Any
from uuid import uuid4

import boto3
import orjson
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from lettermill.delivery.credentials import Credential
from lettermill.delivery.journals.keys import checked_key, checked_prefix
from lettermill.errors import DeliveryError

TRIES = 4
"""S3 answers 409 while another write of the key is under way: which of the two came first shows a moment later."""
UNHEARD_OF = "NotImplemented"
"""What a store answers to a header that it does not know."""
MOST_REMOVED = 1_000
"""Objects that one request may remove."""


@dataclass(frozen=True)
class S3Account:
    """How to reach the bucket. Without keys or region, as the machine has them; `endpoint_url` for a store that speaks
    S3."""

    region: str | None = None
    endpoint_url: str | None = None
    access_key: Credential | None = None
    secret_key: Credential | None = None
    timeout_seconds: float = 10.0


@dataclass(frozen=True)
class S3Journal:
    """A Journal in `bucket`, below `prefix`. The store must honour conditional writes: see `require_conditional`."""

    bucket: str
    prefix: str = ""
    account: S3Account = S3Account()

    def create(self, key: str, content: Mapping[str, Any]) -> bool:
        """Write if there is none. A write whose answer was lost is known again by its own token."""
        token = uuid4().hex
        checked_key(key)
        body = orjson.dumps({"written_by": token, "content": content})
        for _ in range(TRIES):
            if (failure := self._put(key, body)) is None:
                return True
            written = self._written(key)
            if written is not None:
                return bool(written["written_by"] == token)
        raise self._failed(key, failure)

    def read(self, key: str) -> dict[str, Any] | None:
        written = self._written(checked_key(key))
        content: dict[str, Any] | None = written and written["content"]
        return content

    def keys(self, prefix: str) -> Sequence[str]:
        start = len(self._path(""))
        return sorted(path[start:] for path in self._paths(checked_prefix(prefix)))

    def remove(self, prefix: str) -> int:
        """Remove the mark of this key, or the marks below it."""
        key = checked_key(prefix.rstrip("/"))
        path = self._path(key)
        paths = [one for one in self._paths(key) if one == path or one.startswith(f"{path}/")]
        for start in range(0, len(paths), MOST_REMOVED):
            listed = [{"Key": one} for one in paths[start : start + MOST_REMOVED]]
            self._client.delete_objects(Bucket=self.bucket, Delete={"Objects": listed, "Quiet": True})
        return len(paths)

    def require_conditional(self) -> None:
        """Raise DeliveryError for a store that writes over what is there: no journal can be kept in it."""
        probe = f"probes/{uuid4().hex}"
        answers = [self.create(probe, {"number": number}) for number in (1, 2)]
        self.remove(probe)
        if answers != [True, False]:
            raise self._unconditional("ignores")

    def _put(self, key: str, body: bytes) -> Exception | None:
        """Ask for a conditional write; what came in place of a success, where the mark may or may not be there."""
        try:
            self._client.put_object(Bucket=self.bucket, Key=self._path(key), Body=body, IfNoneMatch="*")
        except ClientError as error:
            if error.response["Error"].get("Code") == UNHEARD_OF:
                raise self._unconditional("does not know") from None
            status = error.response["ResponseMetadata"]["HTTPStatusCode"]
            if status in (409, 412) or status >= 500:
                return error
            raise self._failed(key, error) from None
        except BotoCoreError as error:
            return error
        return None

    def _written(self, key: str) -> dict[str, Any] | None:
        try:
            body = self._client.get_object(Bucket=self.bucket, Key=self._path(key))["Body"].read()
        except self._client.exceptions.NoSuchKey:
            return None
        except (ClientError, BotoCoreError) as error:
            raise self._failed(key, error) from None
        written: dict[str, Any] = orjson.loads(body)
        return written

    def _paths(self, prefix: str) -> Iterator[str]:
        pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=self._path(prefix))
        try:
            for page in pages:
                yield from (one["Key"] for one in page.get("Contents", ()))
        except (ClientError, BotoCoreError) as error:
            raise self._failed(prefix, error) from None

    def _path(self, key: str) -> str:
        checked_prefix(key)
        return f"{self.prefix.strip('/')}/{key}" if self.prefix else key

    @property
    def _client(self) -> Any:
        with _LOCK:  # two threads at once would each make one
            return _client(self.account)

    def _unconditional(self, does: str) -> DeliveryError:
        """Two senders could each write one mark there, and mail everybody twice."""
        store = self.account.endpoint_url or "Amazon S3"
        mend = "let delivery.journal name a bucket of a store that honours If-None-Match, or a folder"
        return DeliveryError(f"the store {store} {does} If-None-Match", place=f"s3://{self.bucket}", mend=mend)

    def _failed(self, key: str, error: Exception | None) -> DeliveryError:
        code = error.response["Error"].get("Code", "") if isinstance(error, ClientError) else type(error).__name__
        mend = "see that the bucket is there and that this job may read, write, list and delete below the prefix"
        return DeliveryError(
            f"the journal does not answer: {code}", place=f"s3://{self.bucket}/{self._path(key)}", mend=mend
        )


_LOCK = Lock()


@cache
def _client(account: S3Account) -> Any:
    """One client for a process: it is thread-safe, and slow to make."""
    config = Config(
        connect_timeout=account.timeout_seconds,
        read_timeout=account.timeout_seconds,
        retries={"mode": "standard", "total_max_attempts": TRIES},
        max_pool_connections=50,
    )
    return boto3.session.Session().client(
        "s3",
        region_name=account.region,
        endpoint_url=account.endpoint_url,
        aws_access_key_id=account.access_key and account.access_key.text,
        aws_secret_access_key=account.secret_key and account.secret_key.text,
        config=config,
    )
