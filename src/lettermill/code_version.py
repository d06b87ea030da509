"""Which code is running: the git commit, and a fingerprint of the package's own files."""

import subprocess
from functools import lru_cache
from hashlib import sha256
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
    """sha256 over the Python files of the named packages below lettermill, by path and content."""
    digest = sha256()
    for package in packages:
        for file in sorted((PACKAGE / package).rglob("*.py")):
            digest.update(f"{file.relative_to(PACKAGE)}\0".encode() + file.read_bytes() + b"\0")
    return digest.hexdigest()
