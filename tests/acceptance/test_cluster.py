"""Jobs from the built wheel, by spark-submit, on a real standalone cluster: one master, two workers."""

import socket
import subprocess
import sys
from pathlib import Path

import pyspark
import pytest

from lettermill import tables
from tests.acceptance.conftest import AS_OF, ROOT, finish, kill, lake_of, start

pytestmark = pytest.mark.acceptance

BIN = Path(pyspark.__file__).parent / "bin"


def free_port():
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        return bound.getsockname()[1]


def started(command, home, *, until):
    """Start a server and read its log until it says that it is ready."""
    server = start(command, home)
    for line in server.stdout:
        if until in line:
            return server
    pytest.fail(f"{command[1]} ended before it said {until!r}")


@pytest.fixture
def cluster(tmp_path):
    """The address of a master with two workers of one core and a gigabyte each."""
    port, home = free_port(), tmp_path
    deploy = [str(BIN / "spark-class"), "org.apache.spark.deploy"]
    address = ["--host", "127.0.0.1", "--webui-port", "0"]
    servers = [
        started(
            [deploy[0], f"{deploy[1]}.master.Master", *address, "--port", str(port)],
            home,
            until="I have been elected leader",
        )
    ]
    for number in (1, 2):
        work = [
            "--cores",
            "1",
            "--memory",
            "1g",
            "--work-dir",
            str(home / f"worker{number}"),
            f"spark://127.0.0.1:{port}",
        ]
        servers.append(
            started(
                [deploy[0], f"{deploy[1]}.worker.Worker", *address, *work],
                home,
                until="Successfully registered with master",
            )
        )
    yield f"spark://127.0.0.1:{port}"
    for server in reversed(servers):
        kill(server)


def test_two_jobs_of_the_wheel_run_on_two_workers(cluster, workplace, spark, tmp_path):
    subprocess.run(
        [
            sys.executable,
            "-m",
            "pip",
            "wheel",
            "-q",
            "--no-deps",
            "--no-build-isolation",
            "-w",
            tmp_path / "dist",
            ROOT,
        ],
        check=True,
    )
    (wheel,) = (tmp_path / "dist").glob("lettermill-*.whl")
    home = workplace("cluster")
    properties = finish([sys.executable, "-m", "lettermill.cli.main", "spark-conf"], home)
    kept = [
        line for line in properties.splitlines() if line.startswith("spark.") and not line.startswith("spark.master ")
    ]
    (home / "spark.conf").write_text(
        "\n".join([*kept, "spark.executor.memory 768m", f"spark.pyspark.python {sys.executable}"])
    )

    for job in ("ingest_records", "check_records"):
        submit = [
            str(BIN / "spark-submit"),
            "--master",
            cluster,
            "--properties-file",
            "spark.conf",
            "--py-files",
            str(wheel),
        ]
        finish([*submit, f"jobs/{job}.py", "--as-of", AS_OF], home)

    lake = lake_of(home, spark)
    taken, kept_aside = lake.read(tables.ingest.RECORDS).count(), lake.read(tables.quality.QUARANTINE).count()
    checked = lake.read(tables.quality.PEOPLE).count() + lake.read(tables.quality.PRODUCTS).count()
    assert taken == checked + kept_aside > 0
    executors = {path.parent.parent.name for path in tmp_path.glob("worker*/app-*/*/stderr")}
    assert len(executors) == 2  # one application a job
    assert all((tmp_path / f"worker{number}").glob("app-*") for number in (1, 2))
