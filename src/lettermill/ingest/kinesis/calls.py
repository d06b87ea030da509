"""Calls to Kinesis: paced and retried; a refusal that waiting does not mend names source, stream and mend."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from lettermill.errors import InputError
from lettermill.ingest.kinesis.declaration import Kinesis
from lettermill.patience import Chance, Clock

EXPIRED = "ExpiredIteratorException"
PASSING = {
    "ProvisionedThroughputExceededException",
    "LimitExceededException",
    "KMSThrottlingException",
    "InternalFailureException",
    "InternalFailure",
    "ServiceUnavailable",
    "ThrottlingException",
}
MENDS = {
    "ResourceNotFoundException": "check stream and region of the source",
    "AccessDeniedException": "give the role kinesis:ListShards, GetShardIterator, GetRecords and DescribeStreamSummary",
    "UnrecognizedClientException": "check the AWS credentials of this machine",
    "ExpiredTokenException": "renew the AWS credentials of this machine",
}


class Expired(Exception):  # noqa: N818 (it says what happened)
    """A shard iterator has passed its five minutes."""


@dataclass
class Calls:
    """What is asked of one stream. `client` is boto3's, with its own retries off, or its waits would hide ours."""

    source: str
    declared: Kinesis
    client: Any
    clock: Clock
    chance: Chance
    counts: dict[str, int] = field(default_factory=lambda: {"calls": 0, "throttled": 0, "expired_iterators": 0})
    _called_at: dict[str, float] = field(default_factory=dict)

    def shards(self) -> Iterator[dict[str, Any]]:
        """Every shard that the stream still knows, closed ones with their `EndingSequenceNumber`."""
        asked: dict[str, str] = {"StreamName": self.declared.stream}
        while True:
            answer = self._call("list_shards", asked)
            yield from answer["Shards"]
            if not answer.get("NextToken"):
                return
            asked = {"NextToken": answer["NextToken"]}

    def summary(self) -> dict[str, Any]:
        """The stream's retention and when it was made."""
        answer = self._call("describe_stream_summary", {"StreamName": self.declared.stream})
        found: dict[str, Any] = answer["StreamDescriptionSummary"]
        return found

    def iterator(self, shard: str, place: dict[str, Any]) -> str:
        """A shard iterator at a place: `{"ShardIteratorType": ..., ...}`."""
        answer = self._call("get_shard_iterator", {"StreamName": self.declared.stream, "ShardId": shard, **place})
        return str(answer["ShardIterator"])

    def records(self, shard: str, iterator: str) -> dict[str, Any]:
        """The next records of a shard. Raises Expired where the iterator has ended."""
        self._pace(shard)
        return self._call("get_records", {"ShardIterator": iterator, "Limit": self.declared.records_per_call})

    def _pace(self, shard: str) -> None:
        now = self.clock.time()
        next_call = self._called_at.get(shard, 0.0) + 1 / self.declared.calls_per_second
        if now < next_call:
            self.clock.sleep(next_call - now)
        self._called_at[shard] = self.clock.time()

    def _call(self, verb: str, asked: dict[str, Any]) -> dict[str, Any]:
        patience = self.declared.patience
        for attempt in range(1, patience.attempts + 1):
            self.counts["calls"] += 1
            try:
                answer: dict[str, Any] = getattr(self.client, verb)(**asked)
                return answer
            except ClientError as error:
                code = error.response.get("Error", {}).get("Code", "")
                status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 400)
                if code == EXPIRED:
                    self.counts["expired_iterators"] += 1
                    raise Expired from None
                if code not in PASSING and status < 500:
                    raise self._refused(code, MENDS.get(code, "look the code up in AWS's reference")) from None
            except BotoCoreError as error:
                code = type(error).__name__
            self.counts["throttled"] += code in PASSING
            if attempt < patience.attempts:
                self.clock.sleep(patience.backoff(attempt, self.chance))
        again = "run again later: the job goes on where it stopped; other readers may use the shards' calls up"
        raise self._refused(f"{code}, {patience.attempts} times in a row", again)

    def _refused(self, how: str, mend: str) -> InputError:
        return InputError(
            f"source {self.source}: Kinesis answered {how}",
            place=f"{self.declared.stream} in {self.declared.region}",
            mend=mend,
        )
