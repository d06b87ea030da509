"""Landing files: durable before the answer, whole when the stream sees them, and nothing lost with a process."""

import asyncio
import resource
from datetime import UTC, datetime

import pytest

from lettermill.gateway_settings import GatewayFiles
from lettermill.services.gateway.landing_sink import LandingFiles
from lettermill.services.gateway.refusals import Refusal
from lettermill.services.gateway.sink import Line
from lettermill.services.gateway.spool import new_file

ONE, TWO, THREE = (Line("web", b'{"n":%d}' % n) for n in (1, 2, 3))


@pytest.fixture
def open_sink(tmp_path):
    """Open a sink on the test's folders; `max_bytes` and `max_seconds` as given."""
    opened = []

    def open_(**files):
        sink = LandingFiles(
            {name: tmp_path / "landing" / name for name in ("web", "email")},
            files=GatewayFiles(spool=tmp_path / "spool", **files),
            clock=lambda: datetime(2026, 5, 1, 12, tzinfo=UTC),
        )
        sink.start()
        opened.append(sink)
        return sink

    yield open_
    for sink in opened:
        sink.close()


def put(sink, *lines):
    asyncio.run(sink.put(lines))


def content(folder):
    return b"".join(file.read_bytes() for file in sorted(folder.rglob("*.jsonl")))


def until(holds):
    """Wait for what another thread does; the test's own time limit is the end of patience."""

    async def wait():
        async with asyncio.timeout(20):
            while not holds():
                await asyncio.sleep(0.01)

    asyncio.run(wait())


def test_lines_are_in_the_spool_when_they_are_answered_and_land_at_the_close(open_sink, tmp_path):
    sink = open_sink()

    put(sink, ONE, Line("email", b"{}"))
    put(sink, TWO)
    before = (content(tmp_path / "spool" / "web"), content(tmp_path / "landing"))
    sink.close()

    assert before == (b'{"n":1}\n{"n":2}\n', b"")
    assert content(tmp_path / "landing" / "web") == b'{"n":1}\n{"n":2}\n'
    assert content(tmp_path / "landing" / "email") == b"{}\n"
    assert [*(tmp_path / "spool").rglob("*.jsonl")] == []
    assert [file.name[:18] for file in (tmp_path / "landing" / "web").iterdir()] == ["2026-05-01-120000-"]


def test_a_large_file_and_an_old_file_land_at_once(open_sink, tmp_path):
    put(open_sink(max_bytes=1), ONE)
    until(lambda: content(tmp_path / "landing") == b'{"n":1}\n')

    put(open_sink(max_seconds=0.05), TWO)
    until(lambda: content(tmp_path / "landing").count(b"\n") == 2)


def test_what_waits_is_written_together_and_each_is_answered(open_sink, tmp_path):
    sink = open_sink()

    async def many():
        await asyncio.gather(*(sink.put([Line("web", b"%d" % n)]) for n in range(500)))

    asyncio.run(many())

    assert sorted(map(int, content(tmp_path / "spool").split())) == [*range(500)]


def test_a_file_that_a_process_left_comes_home_without_its_torn_end(open_sink, tmp_path):
    left = tmp_path / "spool" / "web"
    left.mkdir(parents=True)
    (left / "2026-04-30-torn.jsonl").write_bytes(b'{"n":1}\n{"n":2}\n{"n":')
    (left / "2026-04-30-zeros.jsonl").write_bytes(b'{"n":3}\n\0\0\0\n{"n":4}\n')
    (left / "2026-04-30-empty.jsonl").write_bytes(b"")

    open_sink()

    landed = {file.name: file.read_bytes() for file in (tmp_path / "landing" / "web").iterdir()}
    assert landed == {
        "2026-04-30-torn.jsonl": b'{"n":1}\n{"n":2}\n',
        "2026-04-30-zeros.jsonl": b'{"n":3}\n',
    }
    assert [*left.iterdir()] == []


def test_a_file_that_another_process_writes_to_is_left_to_it(open_sink, tmp_path):
    held = new_file(tmp_path / "spool" / "web", "2026-05-01-other.jsonl", now=0)
    held.append(b"{}\n")

    open_sink()
    held.append(b"{}\n")
    held.publish(tmp_path / "landing" / "web")

    assert content(tmp_path / "landing") == b"{}\n{}\n"


def test_what_the_disk_does_not_take_is_not_acknowledged_and_leaves_no_half_line(open_sink, tmp_path):
    sink = open_sink()
    put(sink, ONE)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (12, before[1]))  # the disk is full after half of the next line
    try:
        with pytest.raises(Refusal, match="the disk did not take it") as refused:
            put(sink, TWO)
        fault = sink.fault()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)

    put(sink, THREE)

    assert (refused.value.status, refused.value.headers["Retry-After"]) == (503, "5")
    assert "does not take it" in fault
    assert sink.fault() is None
    assert content(tmp_path / "spool") == b'{"n":1}\n{"n":3}\n'


def test_while_files_cannot_land_they_are_kept_and_the_gateway_says_so(open_sink, tmp_path, monkeypatch):
    monkeypatch.setattr("lettermill.services.gateway.landing_sink.SECONDS_BETWEEN_TRIES", 0.01)
    (tmp_path / "landing").write_text("a file where the folder should be")
    sink = open_sink(max_bytes=1)

    put(sink, ONE)
    until(lambda: sink.fault() is not None)
    kept = content(tmp_path / "spool")
    (tmp_path / "landing").unlink()
    until(lambda: sink.fault() is None)

    assert kept == b'{"n":1}\n'
    until(lambda: content(tmp_path / "landing") == b'{"n":1}\n')
