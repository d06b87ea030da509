"""The provider of payload files: a call is one file in each declared format, and a file is never unknown for long.

A call's files have names of their own, so a call that is made again finds them there. The file of the first format is
written last: it is there, or nothing was handed over. A look-up that does not find it takes its name with a file of no
rows, so that a writer who was only asleep can hand over nothing any more.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import orjson

from lettermill.delivery.credentials import Credential
from lettermill.delivery.exchange import CutOff
from lettermill.delivery.payloads import UNREADABLE, Format, Row, decoded, encoded, json_line, packed, suffix
from lettermill.delivery.provider import (
    Answer,
    Call,
    Connection,
    Limits,
    Message,
    Outcome,
    Parcel,
    Signal,
    Status,
    Unpackable,
    answered,
)
from lettermill.delivery.providers.files.account import Account
from lettermill.delivery.providers.files.layouts import PAYLOAD
from lettermill.delivery.providers.files.naming import Wave, beside, stem_of
from lettermill.delivery.providers.files.stores.store import NotStored, Put, Store
from lettermill.errors import DeliveryError


def mail_provider(account: Account, *, name: str, secret: Callable[[str], Credential]) -> "FileProvider":
    """Payload files as a provider of mails. Raises PlatformError where a library for its place is missing."""
    credentials = account.credentials(secret)
    account.store(credentials).close()  # a worker would find it out too late
    return FileProvider(account, name, credentials)


@dataclass(frozen=True)
class FileProvider:
    """Payload files of one account."""

    account: Account
    name: str
    credentials: Mapping[str, Credential] = field(default_factory=dict, repr=False)

    @property
    def limits(self) -> Limits:
        return self.account.bounds

    def pack(self, message: Message, *, at: datetime) -> Parcel:  # noqa: ARG002 (a row tells no time)
        """The message's row of JSON Lines; a file of another format is made of it."""
        looks = self.account.looks
        try:
            row = looks.row(message)
            body = json_line(row)
        except TypeError:
            raise Unpackable("a part has characters that UTF-8 cannot have") from None
        size = len(row[PAYLOAD].encode() if PAYLOAD in row else body)
        if looks.row_bytes and size > looks.row_bytes:
            raise Unpackable(f"the row has {size:,} bytes, and {looks.name} takes {looks.row_bytes:,}")
        return Parcel(message.message_id, message.address, body)

    def connect(self) -> Connection:
        return FileConnection(self.account, self.account.store(self.credentials))


@dataclass(frozen=True)
class FileConnection:
    """A way to the store."""

    account: Account
    store: Store = field(repr=False)

    def send(self, parcels: Sequence[Parcel], *, call: Call) -> Answer:
        """Write the files of a call. References are the first file's name and the line."""
        if not parcels:
            return Answer(())
        if excess := self._excess(parcels):
            return answered(parcels, Status.REJECTED, reason=excess)
        try:
            for format_ in reversed(self.account.forms):
                content = self._file(parcels, format_)
                if self.store.put(self._name(call, format_), content) == Put.OTHER:
                    return self._taken(parcels, call, format_)
        except NotStored as error:
            return answered(parcels, Status.DEFERRED, reason=str(error), signal=error.signal, wait=error.wait)
        except CutOff as error:
            return answered(parcels, Status.UNKNOWN, reason=str(error), signal=Signal.FAILING)
        return Answer(tuple(self._handed_over((parcel.message_id for parcel in parcels), call)))

    def renew(self) -> None:
        mend = "write the new key where its reference says, and start again"
        raise DeliveryError("a key of a store is not renewed by asking", place=self.account.destination, mend=mend)

    def lookup(self, message_ids: Sequence[str], *, call: Call) -> Sequence[Outcome]:
        """What of the messages is in the call's file; where there is none, there never will be one."""
        if not message_ids:
            return ()
        format_ = self.account.forms[0]
        name = self._name(call, format_)
        try:
            content = self.store.get(name)
            if content is None and self.store.put(name, self._file([], format_)) == Put.OTHER:
                content = self.store.get(name)
        except (NotStored, CutOff) as error:
            return [Outcome(one, Status.UNKNOWN, reason=str(error)) for one in message_ids]
        there = {one.message_id: one for one in self._handed_over(self._ids(content or b"", format_), call)}
        return [there.get(one) or Outcome(one, Status.DEFERRED, reason="in no file") for one in message_ids]

    def close(self) -> None:
        self.store.close()

    def _excess(self, parcels: Sequence[Parcel]) -> str:
        limits = self.account.bounds
        size = limits.envelope + sum(len(parcel.body) for parcel in parcels)
        if len(parcels) > limits.messages:
            return f"a file has {limits.messages:,} rows at the most, not {len(parcels):,}"
        return f"a file has {limits.bytes:,} bytes at the most, not {size:,}" if size > limits.bytes else ""

    def _file(self, parcels: Sequence[Parcel], format_: Format) -> bytes:
        """A file's content. Rows of JSON Lines are taken as they were packed."""
        looks, is_packed = self.account.looks, self.account.is_packed
        if format_ == "jsonl":
            content = b"".join(parcel.body for parcel in parcels)
            return packed(content) if is_packed else content
        rows: Iterable[Row] = map(orjson.loads, (parcel.body for parcel in parcels))
        return encoded(rows, format_, columns=looks.headers, is_packed=is_packed, is_inert=looks.is_inert)

    def _name(self, call: Call, format_: Format) -> str:
        home = Wave.of(call.wave).home(self.account.home)
        return beside(home, stem_of(call) + suffix(format_, is_packed=self.account.is_packed))

    def _handed_over(self, message_ids: Iterable[str], call: Call) -> list[Outcome]:
        file = stem_of(call) + suffix(self.account.forms[0], is_packed=self.account.is_packed)
        named = enumerate(message_ids, start=1)
        return [Outcome(one, Status.HANDED_OVER, f"{file}:{line}") for line, one in named]

    def _ids(self, content: bytes, format_: Format) -> list[str]:
        """The messages of a file, by line; of a file that is none of ours, none."""
        try:
            return [self.account.looks.message_id(row) for row in decoded(content, format_)] if content else []
        except UNREADABLE:
            return []

    def _taken(self, parcels: Sequence[Parcel], call: Call, format_: Format) -> Answer:
        """What another file under the call's name means: of no rows, a look-up closed it; else somebody must look."""
        name = self._name(call, format_)
        content = self.store.get(name) or b""
        there = {*self._ids(content, format_)}
        if content == self._file([], format_):
            return answered(parcels, Status.DEFERRED, reason="the call was given up before its file was written")
        reason = f"{name.rpartition('/')[2]} is there with other content: find out who wrote it"
        outcomes = (
            Outcome(one.message_id, Status.UNKNOWN if one.message_id in there else Status.DEFERRED, reason=reason)
            for one in parcels
        )
        return Answer(tuple(outcomes), signal=Signal.BLOCKED, said=reason)
