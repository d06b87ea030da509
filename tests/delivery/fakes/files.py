"""Whoever reads payload files from a folder: the book is what they find there, read by codecs of their own."""

import csv
import gzip
import io
import json
from dataclasses import dataclass, field
from pathlib import Path

from tests.delivery.fakes import Book, Entry, Switchboard


class FolderBook(Book):
    """What is in the payload files of a folder now, in the order of their names; of several formats, JSON Lines."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def entries(self) -> list[Entry]:
        files = sorted(path for path in self.folder.rglob("*.jsonl*"))
        return [entry(row) for file in files for row in rows(file)]


@dataclass
class FolderReader:
    """Somebody who looks into a folder."""

    folder: Path
    faults: Switchboard = field(default_factory=Switchboard)
    renewals: int = 0

    def __post_init__(self) -> None:
        self.book = FolderBook(self.folder)


def entry(row: dict[str, str]) -> Entry:
    return Entry(row["message_id"], row["address"], row["subject"], row["html"], row["text"])


def rows(file: Path) -> list[dict[str, str]]:
    content = file.read_bytes()
    text = (gzip.decompress(content) if file.suffix == ".gz" else content).decode()
    if ".csv" in file.suffixes:
        return list(csv.DictReader(io.StringIO(text, newline="")))
    return [json.loads(line) for line in text.split("\n")[:-1]]
