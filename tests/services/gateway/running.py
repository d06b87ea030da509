"""The gateway as a process of its own, started as a user starts it."""

import json
import os
import re
import subprocess
import sys
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from lettermill.services.gateway.keyring import new_key
from lettermill.settings import PACKAGED, read_yaml


@dataclass
class Process:
    url: str
    running: subprocess.Popen
    log: Path

    def kill(self):
        self.running.kill()
        self.running.wait()


@dataclass
class Site:
    """A folder with conf, keys, spool and landing of its own."""

    folder: Path
    write_key: str

    @property
    def landing(self):
        return self.folder / "landing" / "events"

    def landed(self, source="gateway"):
        files = sorted((self.landing / source).glob("*.jsonl"))
        return [json.loads(line) for file in files for line in file.read_bytes().splitlines()]

    @contextmanager
    def gateway(self):
        """Start `lettermill gateway` at a free port and wait until it listens; it ends with the block."""
        log = self.folder / "gateway.log"
        # The command's own part alone: the whole of `lettermill` takes seconds to load what the gateway does not need.
        start = "from lettermill.cli.gateway import gateway; gateway()"
        command = [sys.executable, "-c", start, "--port", "0", "--conf", str(self.folder), "--env", "site"]
        environment = os.environ | {"LETTERMILL_SECRET_LETTERMILL_UNSUBSCRIBE": "a key of the tests"}
        with (
            log.open("wb") as written,
            subprocess.Popen(command, stderr=written, stdout=written, env=environment) as process,
        ):
            try:
                yield Process(_url(process, log), process, log)
            finally:
                if process.poll() is None:
                    process.terminate()
                process.wait(timeout=60)


def site(folder: Path, **gateway) -> Site:
    """Write conf below `folder`; `gateway` are settings of the block of that name."""
    own = {
        "landing": str(folder / "landing"),
        "lake": {"catalog": None, "root": str(folder / "lake"), "checkpoints": str(folder / "checkpoints")},
        "gateway": {"keys": str(folder / "keys.json"), "files": {"spool": str(folder / "spool")}, **gateway},
    }
    (folder / "base.yml").write_text((PACKAGED / "base.yml").read_text())
    (folder / "site.yml").write_text(json.dumps(read_yaml(PACKAGED / "local.yml") | own))
    key = new_key(folder / "keys.json", name="site", right="write", source=None, now=datetime.now(UTC))
    return Site(folder, key)


def _url(process, log):
    while process.poll() is None:
        found = re.search(r"running on (http://\S+)", log.read_text())
        if found:
            return found[1]
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=0.1)
    raise AssertionError(f"the gateway ended: {log.read_text()}")
