"""Erasing people from files: landing files, payload files, previews and reports, and what MLflow keeps of rows."""

import csv
import gzip
import io
import json
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from lettermill.delivery.redacting import Write, look, put, redact_payloads
from lettermill.erasing import Erasing
from lettermill.ingest.sources import Source
from lettermill.keyed_hashes import Hasher
from lettermill.payload_places import file_accounts
from lettermill.scanning import Finder, contents, files_below
from lettermill.settings import Settings

MARK = 16
"""As many characters of a message's id stand in its links."""


class Names(Protocol):
    """Whether a row of a source names somebody."""

    def __call__(self, raw: str, source: str) -> bool: ...


def erase_files(settings: Settings, erasing: Erasing, *, is_rehearsal: bool = False) -> dict[str, int]:
    """Take people out of every file that the settings name; what was found, in words and numbers.

    Files of an object store or a server are not reached: the certificate names where they lie (`out_of_reach`).
    """
    hasher = Hasher(erasing.key)

    def names(raw: str, source: str) -> bool:
        return any(hasher(one) in erasing.hashes for one in erasing.reads(raw, source=source))

    write = look if is_rehearsal else put
    return {
        "landing rows": sum(erase_landing(settings.landing, settings.sources, names, write=write)),
        "payload rows": redact_accounts(settings, erasing.message_ids, write=write),
        "derived files": _erase_derived(settings, erasing, write=write),
        "rows in MLflow artefacts": sum(_erase_examples(settings, erasing, write=write)),
    }


def redact_accounts(settings: Settings, message_ids: frozenset[str], *, write: Write = put) -> int:
    """Blank the rows of these messages in the payload files of every account that files into a folder; how many."""
    return sum(
        redact_payloads(
            Path(account.destination),
            message_ids,
            layout=account.looks,
            manifests=Path(account.manifests) if account.manifests else None,
            write=write,
        )
        for account in file_accounts(settings)
        if account.is_folder
    )


def erase_landing(landing: Path, sources: Mapping[str, Source], names: Names, *, write: Write) -> Iterator[int]:
    """Blank the lines of landing files that name somebody, file by file; each keeps its place, to which rows refer."""
    for name, source in sources.items():
        for file in files_below([landing / source.path]) if source.path else ():
            content = file.read_bytes()
            if content.startswith(b"PAR1"):
                yield _erase_parquet(file, name, names, write=write)
            else:
                yield _erase_text(file, content, partial(names, source=name), source.format, write=write)


def _erase_text(file: Path, content: bytes, names: Callable[[str], bool], form: str, *, write: Write) -> int:
    is_packed = content.startswith(b"\x1f\x8b")
    try:
        text = (gzip.decompress(content) if is_packed else content).decode("utf-8-sig")
        found, told = {"csv": _without_cells, "json": _without_objects}.get(form, _without_lines)(text, names)
    except (OSError, EOFError, ValueError, csv.Error):
        return 0  # not what a source declares: never taken in, and set aside by name
    if found:
        write(file, gzip.compress(told.encode(), mtime=0) if is_packed else told.encode())
    return found


def _without_lines(text: str, names: Callable[[str], bool]) -> tuple[int, str]:
    lines = text.split("\n")
    kept = ["" if line.strip() and names(line) else line for line in lines]
    return sum(line != old for line, old in zip(kept, lines, strict=True)), "\n".join(kept)


def _without_cells(text: str, names: Callable[[str], bool]) -> tuple[int, str]:
    """The text without the rows of a CSV that name somebody; a row may be several lines."""
    lines = text.split("\n")
    reader = csv.reader(io.StringIO(text))
    header, found = next(reader, []), 0
    before = reader.line_num
    for row in reader:
        if names(orjson.dumps(dict(zip(header, row, strict=False))).decode()):
            lines[before : reader.line_num] = [""] * (reader.line_num - before)
            found += 1
        before = reader.line_num
    return found, "\n".join(lines)


def _without_objects(text: str, names: Callable[[str], bool]) -> tuple[int, str]:
    """The text of a document, an array of objects or one object, with empty ones for those that name somebody."""
    document = orjson.loads(text)
    rows = document if isinstance(document, list) else [document]
    kept = [{} if names(orjson.dumps(row).decode()) else row for row in rows]
    found = sum(row != old for row, old in zip(kept, rows, strict=True))
    return found, orjson.dumps(kept if isinstance(document, list) else kept[0]).decode()


def _erase_parquet(file: Path, source: str, names: Names, *, write: Write) -> int:
    table = pq.read_table(file)
    kept = [not names(json.dumps(row, default=str), source) for row in table.to_pylist()]
    if all(kept):
        return 0
    sink = pa.BufferOutputStream()
    pq.write_table(table.filter(pa.array(kept)), sink)
    write(file, sink.getvalue().to_pybytes())
    return kept.count(False)


def _erase_derived(settings: Settings, erasing: Erasing, *, write: Write) -> int:
    """Remove previews and reports that show them: each can be made again, without them."""
    texts = [one[:MARK].encode() for one in sorted(erasing.message_ids)]
    shows = Finder(erasing.hashes, key=erasing.key, reads=erasing.reads, texts=texts)
    hit = [file for file in files_below(settings.derived_files) if any(shows(piece) for piece in contents(file))]
    for file in hit:
        write(file, None)
    return len(hit)


def _erase_examples(settings: Settings, erasing: Erasing, *, write: Write) -> Iterator[int]:
    """Take rows of theirs out of the examples that models are kept with (JSON, a list of rows under `data`)."""
    folder = settings.mlflow.artifacts
    for file in files_below([Path(folder)] if folder else []):
        if file.suffix != ".json":
            continue
        content = file.read_bytes()
        if not any(person.encode() in content for person in erasing.persons):
            continue
        document = json.loads(content)
        removed = _without(document, {*erasing.persons})
        if removed:
            write(file, json.dumps(document).encode())
        yield removed


def _without(document: Any, persons: set[str]) -> int:
    """Remove, in place, the rows under any key `data` that hold one of these; how many."""
    removed = 0
    for key, value in document.items() if isinstance(document, dict) else ():
        if key == "data" and isinstance(value, list):
            kept = [row for row in value if not (isinstance(row, list) and persons & {str(cell) for cell in row})]
            removed += len(value) - len(kept)
            document[key] = kept
        else:
            removed += _without(value, persons)
    return removed
