"""Erasing people from files: landing files, payload files, previews and reports, and what MLflow keeps of rows."""

import csv
import gzip
import io
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from lettermill.delivery.redacting import put, redact_payloads
from lettermill.erasing import Erasing
from lettermill.identifiers import identifiers_in
from lettermill.ingest.sources import Source
from lettermill.keyed_hashes import Hasher
from lettermill.scanning import Finder, contents, files_below
from lettermill.settings import Settings

MARK = 16
"""As many characters of a message's id stand in its links."""
Names = Callable[[str, str], bool]
"""Whether a row of a source names somebody."""


def erase_files(settings: Settings, erasing: Erasing, *, is_rehearsal: bool = False) -> dict[str, int]:
    """Take people out of every file that the settings name; what was found, in words and numbers.

    Files of an object store or a server are not reached: the certificate says which were.
    """
    hasher = Hasher(erasing.key)

    def names(raw: str, source: str) -> bool:
        return any(hasher(one) in erasing.hashes for one in identifiers_in(raw, source=source))

    write = _look if is_rehearsal else put
    payloads = 0 if is_rehearsal else redact_payloads(settings.files.folder, erasing.message_ids)
    return {
        "landing rows": sum(erase_landing(settings.landing, settings.sources, names, write=write)),
        "payload rows": payloads,
        "derived files": _erase_derived(settings, erasing, is_rehearsal=is_rehearsal),
        "rows in MLflow artefacts": sum(_erase_examples(settings, erasing, write=write)),
    }


def _look(file: Path, content: bytes) -> None:
    """What a rehearsal writes."""


def erase_landing(
    landing: Path, sources: Mapping[str, Source], names: Names, *, write: Callable[[Path, bytes], None]
) -> Iterator[int]:
    """Blank the lines of landing files that name somebody, file by file; each keeps its place, to which rows refer."""
    for name, source in sources.items():
        for file in files_below([landing / source.path]):
            content = file.read_bytes()
            is_packed = content.startswith(b"\x1f\x8b")
            if content.startswith(b"PAR1"):
                yield _erase_parquet(file, name, names, write=write)
                continue
            try:
                text = (gzip.decompress(content) if is_packed else content).decode("utf-8-sig")
            except (OSError, EOFError, UnicodeDecodeError):
                yield 0  # not what a source declares: never taken in, and set aside by name
                continue
            lines = text.split("\n")
            named = _named_csv(text, name, names) if source.format == "csv" else _named_lines(lines, name, names)
            if named:
                for line in {line for span in named for line in span}:
                    lines[line] = ""
                told = "\n".join(lines).encode()
                write(file, gzip.compress(told, mtime=0) if is_packed else told)
            yield len(named)


def _named_lines(lines: list[str], source: str, names: Names) -> list[range]:
    return [range(n, n + 1) for n, line in enumerate(lines) if line.strip() and names(line, source)]


def _named_csv(text: str, source: str, names: Names) -> list[range]:
    """The lines of each row that names somebody, its header aside."""
    reader = csv.reader(io.StringIO(text))
    header, before, found = next(reader, []), 1, list[range]()
    before = reader.line_num
    for row in reader:
        if names(orjson.dumps(dict(zip(header, row, strict=False))).decode(), source):
            found.append(range(before, reader.line_num))
        before = reader.line_num
    return found


def _erase_parquet(file: Path, source: str, names: Names, *, write: Callable[[Path, bytes], None]) -> int:
    table = pq.read_table(file)
    kept = [not names(json.dumps(row, default=str), source) for row in table.to_pylist()]
    if all(kept):
        return 0
    sink = pa.BufferOutputStream()
    pq.write_table(table.filter(pa.array(kept)), sink)
    write(file, sink.getvalue().to_pybytes())
    return kept.count(False)


def _erase_derived(settings: Settings, erasing: Erasing, *, is_rehearsal: bool) -> int:
    """Remove previews and reports that show them: each can be made again, without them."""
    texts = [one[:MARK].encode() for one in sorted(erasing.message_ids)]
    shows = Finder(erasing.hashes, key=erasing.key, texts=texts)
    hit = [file for file in files_below(settings.derived_files) if any(shows(piece) for piece in contents(file))]
    for file in hit:
        if not is_rehearsal:
            file.unlink()
    return len(hit)


def _erase_examples(settings: Settings, erasing: Erasing, *, write: Callable[[Path, bytes], None]) -> Iterator[int]:
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
