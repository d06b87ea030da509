"""Secrets by reference: `secret://scope/key` becomes bytes where it is used, and is never written anywhere."""

import os
import re
from pathlib import Path

from lettermill.errors import ConfigError

REFERENCE = re.compile(r"secret://(?P<scope>[a-z0-9-]+)/(?P<key>[a-z0-9-]+)")
FOLDER = Path("var/secrets")


def resolve(reference: str) -> bytes:
    """Look a secret up: Databricks' scope, else LETTERMILL_SECRET_<SCOPE>_<KEY>, else the file var/secrets/scope/key.

    Raises ConfigError naming the reference, never a value.
    """
    match = REFERENCE.fullmatch(reference)
    if match is None:
        raise ConfigError("a secret must be a reference", place="secrets", mend="write secret://scope/key")
    scope, key = match["scope"], match["key"]
    variable = f"LETTERMILL_SECRET_{scope}_{key}".upper().replace("-", "_")
    file = FOLDER / scope / key
    value = _from_databricks(scope, key) or os.environ.get(variable, "").encode()
    if not value and file.is_file():
        value = file.read_bytes()
    if not value:
        raise ConfigError(f"no value for {reference}", place="secrets", mend=f"set {variable}, or write {file}")
    return value


def _from_databricks(scope: str, key: str) -> bytes:
    if "DATABRICKS_RUNTIME_VERSION" not in os.environ:
        return b""
    from databricks.sdk.runtime import dbutils

    return bytes(dbutils.secrets.get(scope=scope, key=key).encode())
