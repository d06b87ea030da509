"""Files in a bucket: each part sent with its SHA-256, which S3 checks, and the name given only where none has it.

Source: Amazon S3, "Checking object integrity" and "Conditional writes" (If-None-Match, also of a multipart upload).
"""

from base64 import b64encode
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from typing import Any, TypeVar

import boto3
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    HTTPClientError,
    NoCredentialsError,
    ParamValidationError,
    PartialCredentialsError,
)

from lettermill.delivery.credentials import Credential
from lettermill.delivery.exchange import CutOff
from lettermill.delivery.provider import Signal
from lettermill.delivery.providers.files.stores.store import NotStored, Put, sha256_of

T = TypeVar("T")

PART_BYTES = 8 << 20
"""Of a multipart upload; S3 takes no part but the last below 5 MiB."""
DIGEST = "sha256"
"""The object's metadata with the hash of the whole, which the checksum of a multipart upload is not."""
TAKEN = {"PreconditionFailed", "ConditionalRequestConflict"}
MISSING = {"NoSuchKey", "404"}
SIGNALS = {
    **dict.fromkeys(("SlowDown", "ServiceUnavailable", "RequestLimitExceeded", "Throttling", "429"), Signal.THROTTLED),
    **dict.fromkeys(("ExpiredToken", "TokenRefreshRequired"), Signal.EXPIRED),
    **dict.fromkeys(
        ("AccessDenied", "403", "InvalidAccessKeyId", "SignatureDoesNotMatch", "NoSuchBucket", "AccountProblem"),
        Signal.BLOCKED,
    ),
}
"""What an error code says of the account; any other is a fault of theirs."""


@dataclass
class S3Store:
    """A Store below `prefix` of a bucket. Without keys, boto3 finds the machine's own."""

    bucket: str
    prefix: str = ""
    endpoint: str | None = None
    region: str | None = None
    access_key: Credential | None = None
    secret_key: Credential | None = None
    timeout_seconds: float = 60.0
    part_bytes: int = PART_BYTES

    @cached_property
    def _client(self) -> Any:
        config = Config(
            retries={"total_max_attempts": 1},  # how often to try again is the sender's to say
            connect_timeout=self.timeout_seconds,
            read_timeout=self.timeout_seconds,
        )
        keys = {}
        if self.access_key and self.secret_key:
            keys = {"aws_access_key_id": self.access_key.text, "aws_secret_access_key": self.secret_key.text}
        return boto3.client("s3", endpoint_url=self.endpoint, region_name=self.region, config=config, **keys)

    def put(self, name: str, content: bytes) -> Put:
        """One request, or a multipart upload above `part_bytes`; what gives the name is one request either way."""
        object_ = self._object(name)
        about = {"Metadata": {DIGEST: sha256_of(content)}}
        try:
            if len(content) <= self.part_bytes:
                give = {"Body": content, "ChecksumSHA256": _checksum(content), **about}
                self._giving(lambda: self._client.put_object(**object_, **give, IfNoneMatch="*"))
            else:
                self._upload(object_, content, about)
        except FileExistsError:
            there = self.checksum(name)
            if there is None:
                raise NotStored("another upload of the name is under way") from None
            return Put.SAME if there == about["Metadata"][DIGEST] else Put.OTHER
        return Put.WRITTEN

    def get(self, name: str) -> bytes | None:
        try:
            return bytes(
                self._asked(lambda: self._client.get_object(Bucket=self.bucket, Key=self._key(name)))["Body"].read()
            )
        except FileNotFoundError:
            return None

    def checksum(self, name: str) -> str | None:
        """As the object's metadata has it; of an object that others put, of its content."""
        try:
            head = self._asked(lambda: self._client.head_object(**self._object(name)))
        except FileNotFoundError:
            return None
        told = head["Metadata"].get(DIGEST)
        content = None if told else self.get(name)
        return told or (None if content is None else sha256_of(content))

    def names(self, prefix: str = "") -> Sequence[str]:
        return sorted(key.removeprefix(self._key("")) for key in self._asked(lambda: list(self._listed(prefix))))

    def close(self) -> None:
        if "_client" in vars(self):
            self._client.close()

    def _key(self, name: str) -> str:
        return f"{self.prefix}/{name}" if self.prefix else name

    def _object(self, name: str) -> dict[str, str]:
        return {"Bucket": self.bucket, "Key": self._key(name)}

    def _listed(self, prefix: str) -> Iterator[str]:
        pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=self._key(prefix))
        for page in pages:
            yield from (one["Key"] for one in page.get("Contents", []))

    def _upload(self, object_: dict[str, str], content: bytes, about: dict[str, Any]) -> None:
        """Send the parts, then put them together under the name. Raises FileExistsError."""
        begun = self._asked(
            lambda: self._client.create_multipart_upload(**object_, **about, ChecksumAlgorithm="SHA256")
        )
        upload = {**object_, "UploadId": begun["UploadId"]}
        try:
            parts = [self._part(upload, number, piece) for number, piece in enumerate(self._pieces(content), start=1)]
            together = {"MultipartUpload": {"Parts": parts}, "IfNoneMatch": "*"}
            self._giving(lambda: self._client.complete_multipart_upload(**upload, **together))
        except (NotStored, FileExistsError):
            with suppress(ClientError, BotoCoreError):
                self._client.abort_multipart_upload(**upload)
            raise

    def _part(self, upload: dict[str, str], number: int, piece: bytes) -> dict[str, Any]:
        checksum = {"ChecksumSHA256": _checksum(piece)}
        sent = self._asked(lambda: self._client.upload_part(**upload, PartNumber=number, Body=piece, **checksum))
        return {"PartNumber": number, "ETag": sent["ETag"], **checksum}

    def _pieces(self, content: bytes) -> Iterator[bytes]:
        return (content[at : at + self.part_bytes] for at in range(0, len(content), self.part_bytes))

    def _asked(self, call: Callable[[], T]) -> T:
        """Make a request that gives no name. Raises FileNotFoundError, or NotStored."""
        try:
            return call()
        except ClientError as error:
            if _code(error) in MISSING:
                raise FileNotFoundError from None
            raise _refused(error) from None
        except BotoCoreError as error:
            raise _not_sent(error) from None

    def _giving(self, call: Callable[[], Any]) -> None:
        """Make the request that gives a name. Raises FileExistsError, NotStored, or CutOff where it may have worked."""
        try:
            call()
        except ClientError as error:
            if _code(error) in TAKEN:
                raise FileExistsError from None
            status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
            if status >= 500 and _code(error) not in SIGNALS:
                raise CutOff(f"S3 had a fault of its own while it gave the name: {_code(error)}") from None
            raise _refused(error) from None
        except HTTPClientError as error:
            raise CutOff(f"cut off: {type(error).__name__}") from None
        except BotoCoreError as error:
            raise _not_sent(error) from None


def _not_sent(error: BotoCoreError) -> NotStored:
    is_ours = isinstance(error, NoCredentialsError | PartialCredentialsError | ParamValidationError)
    return NotStored(f"no answer: {type(error).__name__}", signal=Signal.BLOCKED if is_ours else Signal.FAILING)


def _checksum(content: bytes) -> str:
    return b64encode(sha256(content).digest()).decode()


def _code(error: ClientError) -> str:
    return str(error.response["Error"].get("Code", ""))


def _refused(error: ClientError) -> NotStored:
    code = _code(error)
    return NotStored(f"S3 refused: {code}", signal=SIGNALS.get(code, Signal.FAILING))
