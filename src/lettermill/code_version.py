"""Which code is running: the git commit, and a fingerprint of the package's own files."""

import subprocess
from collections.abc import Iterator
from functools import lru_cache
from hashlib import sha256
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

PACKAGE = Path(__file__).parent


@lru_cache
def git_commit() -> str | None:
    """The checkout's commit, with `+` where files differ from it; None where the code is installed without git."""
    try:
        commit = _git("rev-parse", "HEAD")
        return commit + ("+" if _git("status", "--porcelain", "--", ".") else "")
    except (OSError, subprocess.CalledProcessError):
        return None


def _git(*arguments: str) -> str:
    answer = subprocess.run(["git", "-C", str(PACKAGE), *arguments], capture_output=True, text=True, check=True)
    return answer.stdout.strip()


def fingerprint(*packages: str) -> str:
    """sha256 over the Python files of the named packages below lettermill, by path and content, zipped or not."""
    digest = sha256()
    for package in packages:
        for path, content in _sources(files("lettermill") / package, package):
            digest.update(f"{path}\0".encode() + content + b"\0")
    return digest.hexdigest()


def _sources(folder: Traversable, path: str) -> Iterator[tuple[str, bytes]]:
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if entry.is_dir():
            yield from _sources(entry, f"{path}/{entry.name}")
        elif entry.name.endswith(".py"):
            yield f"{path}/{entry.name}", entry.read_bytes()
