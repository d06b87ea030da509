"""Payload files for bulk upload: JSON Lines and CSV, gzipped, the same bytes for the same messages.

A file is written as `.part`, flushed to the disk, and renamed; `manifest.json` comes last and lists what belongs
together, so whoever waits for the manifest never reads half a hand-over.
"""

import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from isal import igzip
from pyspark.sql import Column
from pyspark.sql import functions as F

from lettermill.delivery.payloads import INERT, QUOTED, Format, decoded, encoded, json_line
from lettermill.delivery.provider import Message, Outcome, Status
from lettermill.delivery.providers.files.layouts import FIELDS as COLUMNS
from lettermill.errors import DeliveryError

CSV_NOTE = f"{QUOTED}; {INERT}"
HEADERS = {"jsonl": b"", "csv": encoded([], "csv", columns=COLUMNS)}


def _line(message: Message) -> bytes:
    return json_line(vars(message))


def _cells(message: Message) -> bytes:
    return encoded([vars(message)], "csv", columns=COLUMNS).removeprefix(HEADERS["csv"])


ENCODINGS: Mapping[str, Callable[[Message], bytes]] = {"jsonl": _line, "csv": _cells}


def message_ids(path: Path, format_: Format) -> Iterator[str]:
    return (row["message_id"] for row in decoded(path.read_bytes(), format_))


class PayloadFile:
    """Written as `<name>.part`; gzip without name or time, so that the same rows are the same bytes."""

    def __init__(self, final: Path, format_: str) -> None:
        self.final, self.format = final, format_
        self.part = final.with_name(final.name + ".part")
        self.raw = self.part.open("wb")
        self.packed = igzip.IGzipFile(filename="", mode="wb", compresslevel=2, fileobj=self.raw, mtime=0)
        self.packed.write(HEADERS[format_])

    def add(self, message: Message) -> None:
        self.packed.write(ENCODINGS[self.format](message))

    def close(self) -> dict[str, Any]:
        """Finish the file on the disk; return its entry for the manifest."""
        self.packed.close()
        self.raw.flush()
        os.fsync(self.raw.fileno())
        self.raw.close()
        content = self.part.read_bytes()
        return {
            "name": self.final.name,
            "format": self.format,
            "bytes": len(content),
            "sha256": sha256(content).hexdigest(),
        }

    def discard(self) -> None:
        """Leave nothing behind of a file that was not finished."""
        self.raw.close()
        self.part.unlink(missing_ok=True)


def file_number(reference: Column) -> Column:
    """The number of the file in a message's reference, null where there is none."""
    return F.regexp_extract(reference, r"-(\d{5,})\.", 1).cast("int")


@dataclass
class Files:
    """The provider `files` for one campaign's slot. `first` is the number of the first file that it may write.

    `max_rows` and `max_bytes` (before compression, of either format) bound each file; a message larger than
    `max_bytes` has a file of its own. `stamps` go into the manifest, such as the engine that rendered.
    """

    folder: Path
    campaign: str
    occurrence: str
    formats: Sequence[str] = ("jsonl", "csv")
    max_rows: int = 100_000
    max_bytes: int = 50_000_000
    first: int = 1
    stamps: Mapping[str, Any] | None = None
    name: str = "files"

    @property
    def home(self) -> Path:
        return self.folder / self.campaign / self.occurrence

    @property
    def manifest(self) -> Path:
        """manifest.json; a later hand-over, of people planned afterwards, names its own by its first file."""
        return self.home / ("manifest.json" if self.first == 1 else f"manifest-{self.first:05d}.json")

    def send(self, messages: Iterable[Message]) -> Iterator[Outcome]:
        """Write the files; answers come file by file, and the manifest is there once all have been taken.

        `messages` come in ascending order of message_id. Raises DeliveryError, and changes nothing, where a file of
        the name is there with other content.
        """
        self.home.mkdir(parents=True, exist_ok=True)
        listed: list[dict[str, Any]] = []
        versions: set[str] = set()
        for number, batch in enumerate(self._batches(messages), start=self.first):
            lines = []
            written = self._open(number)
            try:
                for message in batch:
                    for file in written:
                        file.add(message)
                    lines.append(message.message_id)
                    versions.add(message.template_version)
                entries = [file.close() for file in written]
                for file in written:
                    self._publish(file.part, file.final)
            except BaseException:
                for file in written:
                    file.discard()
                raise
            listed += [entry | {"rows": len(lines)} for entry in entries]
            name = written[0].final.name
            yield from (Outcome(one, Status.HANDED_OVER, f"{name}:{line}") for line, one in enumerate(lines, start=1))
        if listed:
            self._write_manifest(listed, template_versions=sorted(versions))

    def recover(self) -> Iterator[Outcome]:
        """Answer for the messages of a hand-over whose manifest is there: those files may have been taken already.

        Raises DeliveryError where a file is not the one that the manifest lists.
        """
        if not self.manifest.is_file():
            return
        files = json.loads(self.manifest.read_text(encoding="utf-8"))["files"]
        format_ = files[0]["format"]
        for entry in files:
            path = self.home / entry["name"]
            if not path.is_file() or sha256(path.read_bytes()).hexdigest() != entry["sha256"]:
                mend = "bring the file back as it was handed over, or find out who changed it"
                raise DeliveryError(
                    f"{entry['name']} is not the file that was handed over", place=str(self.manifest), mend=mend
                )
            if entry["format"] == format_:
                for line, message_id in enumerate(message_ids(path, format_), start=1):
                    yield Outcome(message_id, Status.HANDED_OVER, f"{entry['name']}:{line}")

    def _batches(self, messages: Iterable[Message]) -> Iterator[Iterator[Message]]:
        """Cut the messages into runs that fit one file, holding one message at a time."""
        coming = iter(messages)
        waiting: list[Message] = [message for message in (next(coming, None),) if message]

        def run() -> Iterator[Message]:
            rows, sizes = 0, dict.fromkeys(self.formats, 0)
            while waiting:
                message = waiting[0]
                for format_ in self.formats:
                    sizes[format_] += len(ENCODINGS[format_](message))
                if rows and (rows == self.max_rows or max(sizes.values()) > self.max_bytes):
                    return
                rows += 1
                waiting[:] = [following for following in (next(coming, None),) if following]
                if waiting and waiting[0].message_id <= message.message_id:
                    mend = "sort the messages by message_id before they are handed over"
                    raise DeliveryError("messages are out of order", place=message.message_id, mend=mend)
                yield message

        while waiting:
            yield run()

    def _open(self, number: int) -> list[PayloadFile]:
        stem = f"{self.campaign}-{self.occurrence}-{number:05d}"
        return [PayloadFile(self.home / f"{stem}.{format_}.gz", format_) for format_ in self.formats]

    def _publish(self, part: Path, final: Path) -> None:
        """Give a complete file its name, unless the same is there; other content under the name is refused."""
        if not final.exists():
            part.rename(final)
            descriptor = os.open(self.home, os.O_RDONLY)
            os.fsync(descriptor)
            os.close(descriptor)
            return
        same = final.read_bytes() == part.read_bytes()
        part.unlink()
        if not same:
            cut_off = (
                ""
                if self.manifest.exists()
                else " (its hand-over was cut off before the manifest, so nobody has taken it)"
            )
            raise DeliveryError(
                f"{final.name} is there with other content{cut_off}",
                place=str(final),
                mend="make sure that it was not uploaded, move it away and run again",
            )

    def _write_manifest(self, files: list[dict[str, Any]], *, template_versions: list[str]) -> None:
        rows = sum(entry["rows"] for entry in files if entry["format"] == self.formats[0])
        content = {
            "campaign": self.campaign,
            "occurrence": self.occurrence,
            "rows": rows,
            "template_versions": template_versions,
            "columns": list(COLUMNS),
            "files": files,
            **({"csv": CSV_NOTE} if "csv" in self.formats else {}),
            **(self.stamps or {}),
        }
        part = self.manifest.with_name(self.manifest.name + ".part")
        with part.open("w", encoding="utf-8") as opened:
            opened.write(json.dumps(content, indent=2, ensure_ascii=False) + "\n")
            opened.flush()
            os.fsync(opened.fileno())
        self._publish(part, self.manifest)
