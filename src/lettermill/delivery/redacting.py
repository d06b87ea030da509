"""Taking people out of payload files that were handed over: their rows keep place and id, and nothing else.

A row's line is what the outbox refers to, so no row moves; the manifest gets the hashes of the files as they are now.
"""

import json
import os
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

from isal import igzip

from lettermill.delivery.payloads import COMPRESSION, ENCODINGS, HEADERS, payload_rows
from lettermill.delivery.provider import Message

KEPT = ("message_id", "campaign", "occurrence", "template_version", "mode")


def redact_payloads(folder: Path, message_ids: frozenset[str]) -> int:
    """Blank the rows of these messages in every payload file below `folder`; the number of rows blanked."""
    blanked = 0
    for manifest in sorted(folder.rglob("manifest*.json")):
        content = json.loads(manifest.read_text(encoding="utf-8"))
        changed = 0
        for entry in content["files"]:
            file = manifest.parent / entry["name"]
            rows = _redact(file, entry["format"], message_ids) if file.is_file() else 0
            if rows:
                entry |= {"bytes": file.stat().st_size, "sha256": sha256(file.read_bytes()).hexdigest()}
                changed += rows
        if changed:
            put(manifest, (json.dumps(content, indent=2, ensure_ascii=False) + "\n").encode())
            blanked += changed
    return blanked


def _redact(file: Path, format_: str, message_ids: frozenset[str]) -> int:
    if not any(row["message_id"] in message_ids and row["html"] for row in payload_rows(file, format_)):
        return 0
    count = 0

    def rows() -> Iterator[bytes]:
        nonlocal count
        for row in payload_rows(file, format_):
            if row["message_id"] in message_ids:
                count += 1
                row = {name: value if name in KEPT else type(value)() for name, value in row.items()}
            yield ENCODINGS[format_](Message(**row))

    put(file, igzip.compress(HEADERS[format_] + b"".join(rows()), compresslevel=COMPRESSION, mtime=0))
    return count


def put(file: Path, content: bytes) -> None:
    """Replace a file as a whole."""
    part = file.with_name(f".{file.name}.part")
    with part.open("wb") as opened:
        opened.write(content)
        opened.flush()
        os.fsync(opened.fileno())
    os.replace(part, file)
