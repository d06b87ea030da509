"""Branch ids and their order."""

import re
from functools import lru_cache

BRANCH = re.compile(
    r"(?P<file>.*?)(?::(?P<line>\d+)\.(?P<kind>if|elif|else|for|null)(?:\((?P<words>.*)\))?)?", re.DOTALL
)
KINDS = ("", "if", "elif", "else", "for", "null")


@lru_cache(maxsize=65_536)
def branch_order(branch: str) -> tuple[str, int, int, str]:
    """Sorts branch ids by file, line and kind, whichever was taken first."""
    found = BRANCH.fullmatch(branch)
    assert found is not None
    return found["file"], int(found["line"] or 0), KINDS.index(found["kind"] or ""), found["words"] or ""


def null_printed(branch: str) -> tuple[str, str] | None:
    """What was null and printed, and at which file and line; None for any other branch."""
    found = BRANCH.fullmatch(branch)
    if found is None or found["kind"] != "null":
        return None
    return found["words"], f"{found['file'].split(':', 1)[-1]}:{found['line']}"
