"""Whoever reads payload files from a folder: the book is what they find there, read by codecs of their own."""

import csv
import gzip
import io
import json
from dataclasses import dataclass, field
from pathlib import Path

from tests.delivery.fakes import Book, Entry, Switchboard


@dataclass
class FolderReader:
    """Reads each payload file of a folder, in the order of their names; of several formats, JSON Lines."""

    folder: Path
    faults: Switchboard = field(default_factory=Switchboard)
    renewals: int = 0

    @property
    def book(self) -> Book:
        files = sorted(path for path in self.folder.rglob("*.jsonl*"))
        return Book([entry(row) for file in files for row in rows(file)])


def entry(row: dict[str, str]) -> Entry:
    return Entry(row["message_id"], row["address"], row["subject"], row["html"], row["text"])


def rows(file: Path) -> list[dict[str, str]]:
    content = file.read_bytes()
    text = (gzip.decompress(content) if file.suffix == ".gz" else content).decode()
    if ".csv" in file.suffixes:
        return list(csv.DictReader(io.StringIO(text, newline="")))
    return [json.loads(line) for line in text.split("\n")[:-1]]
