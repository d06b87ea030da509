"""What decides the bytes of a message beside its template and context."""

import json
import platform
from functools import cache
from hashlib import sha256
from importlib.metadata import version

PACKAGES = ("jinja2", "markupsafe", "python-liquid", "python-dateutil", "babel", "css-inline", "tzdata")


def engine_fingerprint(code: str) -> str:
    """sha256 over `code` (the fingerprint of our rendering code), the libraries' versions and Python's minor version.

    Another fingerprint may mean other bytes: a hand-over under it asks for a new pre-flight.
    """
    return sha256(json.dumps({"code": code} | _versions(), sort_keys=True).encode()).hexdigest()


@cache
def _versions() -> dict[str, str]:
    python = ".".join(platform.python_version_tuple()[:2])
    return {"python": python} | {package: version(package) for package in PACKAGES}
