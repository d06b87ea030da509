"""Marks as objects of a bucket: S3 writes an object only if there is none of its key (`If-None-Match: *`)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import orjson
from botocore.exceptions import BotoCoreError, ClientError

from lettermill.delivery.credentials import Credential
from lettermill.delivery.journals.keys import checked_key, checked_prefix

TRIES = 4
"""S3 answers 409 while another write of the key is under way: which of the two came first shows a moment later."""
MOST_REMOVED = 1_000
"""Objects that one request may remove."""


@dataclass(frozen=True)
class S3Account:
    """How to reach the bucket. Without keys, as the machine's role; `endpoint_url` for a store that speaks S3."""

    region: str = "us-east-1"
    endpoint_url: str | None = None
    access_key: Credential | None = None
    secret_key: Credential | None = None
    timeout_seconds: float = 10.0


@dataclass(frozen=True)
class S3Journal:
    """A Journal in `bucket`, below `prefix`. The store must honour conditional writes; `require_conditional` asks it."""

    bucket: str
    prefix: str = ""
    account: S3Account = S3Account()

    def create(self, key: str, content: Mapping[str, Any]) -> bool:
        """Write if there is none. A write whose answer was lost is known again by its own token."""
        token = uuid4().hex
        body = orjson.dumps({"written_by": token, "content": content})
        for _ in range(TRIES):
            try:
                self._client.put_object(Bucket=self.bucket, Key=self._path(key), Body=body, IfNoneMatch="*")
            except ClientError as error:
                if error.response["ResponseMetadata"]["HTTPStatusCode"] not in (409, 412):
                    raise self._failed(key, error) from None
            except BotoCoreError as error:
                last: Exception = error
            else:
                return True
            written = self._written(key)
            if written is not None:
                return bool(written["written_by"] == token)
        raise self._failed(key, last)

    def read(self, key: str) -> dict[str, Any] | None:
        written = self._written(key)
        content: dict[str, Any] | None = written and written["content"]
        return content

    def keys(self, prefix: str) -> Sequence[str]:
        start = len(self._path(""))
        return sorted(path[start:] for path in self._paths(checked_prefix(prefix)))

    def remove(self, prefix: str) -> int:
        """Remove the mark of this key, or the marks below it."""
        key = checked_key(prefix.rstrip("/"))
        paths = [self._path(key), *self._paths(f"{key}/")] if self._written(key) else list(self._paths(f"{key}/"))
        for start in range(0, len(paths), MOST_REMOVED):
            listed = [{"Key": path} for path in paths[start : start + MOST_REMOVED]]
            self._client.delete_objects(Bucket=self.bucket, Delete={"Objects": listed, "Quiet": True})
        return len(paths)
