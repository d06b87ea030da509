"""The engines that exports are tried in; those of npm where Node is present."""

import json
import os
import shutil
import subprocess
from hashlib import sha256
from pathlib import Path

import pytest

from tests.rendering.exports.engines import Engines

NODE = Path(__file__).parent / "node"


def installed(folder):
    """The packages of package.json, in a folder of the user's cache; raises CalledProcessError where npm cannot."""
    if not folder.exists():
        unfinished = folder.with_suffix(f".{os.getpid()}")
        shutil.copytree(NODE, unfinished)
        options = ["--no-audit", "--no-fund", "--no-package-lock", "--ignore-scripts", "--omit=optional"]
        subprocess.run(["npm", "install", *options], cwd=unfinished, check=True, capture_output=True, timeout=300)
        unfinished.rename(folder)
    return folder


@pytest.fixture(scope="session")
def node():
    """Renders a template by an engine of npm; None where Node or its packages are not to be had."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "lettermill"
    content = b"".join(path.read_bytes() for path in sorted(NODE.iterdir()))
    if shutil.which("node") is None or shutil.which("npm") is None:
        yield None
        return
    cache.mkdir(parents=True, exist_ok=True)
    try:
        folder = installed(cache / f"export-engines-{sha256(content).hexdigest()[:12]}")
    except (subprocess.SubprocessError, OSError):
        yield None
        return
    with subprocess.Popen(
        ["node", str(folder / "render.js"), str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:

        def render(engine, template, data):
            process.stdin.write(json.dumps({"engine": engine, "template": template, "data": data}) + "\n")
            process.stdin.flush()
            answer = json.loads(process.stdout.readline())
            assert "error" not in answer, answer["error"]
            return answer["text"]

        yield render
        process.stdin.close()


@pytest.fixture(scope="session")
def engines(node):
    return Engines(node)
