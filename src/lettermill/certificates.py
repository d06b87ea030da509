"""Certificates of erasure: numbered files of JSON, each with the hash of the one before, so that none can be changed
or left out afterwards without it being seen. What has none after it is held against the hash that its requests keep."""

import json
import os
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

from lettermill.errors import ErasureError

FIRST = "0" * 64


def write_certificate(folder: Path, content: Mapping[str, Any]) -> tuple[Path, str]:
    """Add a certificate to the chain; its file and the sha256 of its bytes. Raises ErasureError where it is broken."""
    folder.mkdir(parents=True, exist_ok=True)
    chain = check_chain(folder)
    number = len(chain) + 1
    document = {"number": number, "previous_sha256": chain[-1] if chain else FIRST, **content}
    text = json.dumps(document, indent=2, ensure_ascii=False, sort_keys=True) + "\n"
    file = folder / f"{number:06d}.json"
    with file.open("x", encoding="utf-8") as opened:  # never over another
        opened.write(text)
        opened.flush()
        os.fsync(opened.fileno())
    return file, sha256(text.encode()).hexdigest()


def check_chain(folder: Path) -> list[str]:
    """The sha256 of every certificate in order. Raises ErasureError naming the first that does not follow."""
    hashes: list[str] = []
    for number, file in enumerate(_files(folder), start=1):
        content = _content(file)
        if content.get("number") != number or content.get("previous_sha256") != (hashes[-1] if hashes else FIRST):
            raise _broken("the chain of certificates is broken: this one does not follow the one before", place=file)
        hashes.append(sha256(file.read_bytes()).hexdigest())
    return hashes


def require_certificates(folder: Path, certified: Mapping[str, str]) -> None:
    """Raise ErasureError unless the chain is whole and holds, unchanged, what requests (id -> sha256) were given."""
    kept = {*check_chain(folder)}
    lost = {request: digest for request, digest in certified.items() if digest not in kept}
    for request, digest in sorted(lost.items()):
        for file in _files(folder):
            if request.encode() in file.read_bytes():
                raise _broken(f"this certificate was changed: request {request} has sha256 {digest}", place=file)
        raise _broken(f"the certificate of request {request} is missing (sha256 {digest})", place=folder)


def _files(folder: Path) -> list[Path]:
    return sorted(folder.glob("[0-9]*.json"))


def _content(file: Path) -> dict[str, Any]:
    """What a certificate says; nothing where it is none any more."""
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}


def _broken(problem: str, *, place: Path) -> ErasureError:
    mend = "find out who changed or removed a certificate, and bring it back"
    return ErasureError(problem, place=str(place), mend=mend)
