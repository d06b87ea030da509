"""`lettermill quality`, `quarantine` and `reviews`: look, decide, and nothing changes without being told."""

import json
from datetime import UTC, datetime

import check_events
import pytest
from typer.testing import CliRunner

from lettermill.cli import quality_lake
from lettermill.cli.main import app
from lettermill.errors import ConfigError
from lettermill.job import Run
from lettermill.settings import load
from lettermill.tables import ingest
from lettermill.tables.quality import EVENTS, QUARANTINE, REVIEWS

JUNE = datetime(2017, 6, 1, 12, tzinfo=UTC)
VIEW = {"messageId": "v1", "type": "track", "event": "Product Viewed", "userId": "canary", "timestamp": "soon"}


@pytest.fixture
def run(lake, monkeypatch):
    """Run a command on the test's lake; returns exit code, text and error."""
    settings = load("local")
    for module in ("quality", "quarantine", "reviews"):
        monkeypatch.setattr(f"lettermill.cli.{module}.opened", lambda *_: (lake, settings))
    monkeypatch.setattr(quality_lake.console, "_width", 240)

    def command(*arguments):
        ran = CliRunner().invoke(app, [*arguments])
        return ran.exit_code, ran.stdout, ran.exception

    return command


def test_the_packaged_rules_are_right_and_listed(run):
    code, told, _ = run("quality", "check")
    assert code == 0
    assert told.startswith("quality.yml is right: 42 rules and")

    _, listed, _ = run("quality", "rules")
    assert "is_not_null_and_not_empty(column=event_id, trim_strings=True)" in listed
    assert "event ids are unique" in listed


def test_a_wrong_rule_file_is_told(run, tmp_path):
    (tmp_path / "quality.yml").write_text("rules: {quality.events: [{check: {function: is_nul}}]}")

    code, _, error = run("quality", "check", "--conf", str(tmp_path))

    assert code == 1
    assert isinstance(error, ConfigError)
    assert "rules.quality.events.0" in str(error)
    assert "no check function 'is_nul'" in str(error)


def test_a_refused_row_is_listed_shown_mended_and_replayed(run, lake, given):
    row = {"source": "web", "origin": "f", "position": 1, "received_at": JUNE, "raw": json.dumps(VIEW)}
    lake.add(given(ingest.EVENTS, row), to=ingest.EVENTS)
    check_events.main.work(Run(lake, load("local"), JUNE, "local", JUNE))

    _, listed, _ = run("quarantine", "list")
    name = next(line.split()[0] for line in listed.splitlines() if "f:1" in line)
    _, hidden, _ = run("quarantine", "show", name)
    _, shown, _ = run("quarantine", "show", name, "--show-personal")
    fix = (
        "quarantine",
        "mend",
        name[:6],
        "--why",
        "clock",
        "--by",
        "ann",
        "--set",
        "timestamp=2017-06-01T11:00:00Z",
        "--at",
        "2017-07-01",
    )
    tried = run(*fix, "--dry-run")
    untouched = lake.read(QUARANTINE).collect()[0].mended
    mended = run(*fix)
    dry = run("quarantine", "replay", "--dry-run", "--at", "2017-07-02")
    done = run("quarantine", "replay", "--at", "2017-07-02")
    over = run("quarantine", "replay")

    assert "no time at which it happened" in listed
    assert "canary" not in hidden
    assert '"userId": "str"' in hidden
    assert "canary" in shown
    assert (tried[0], untouched) == (0, None)
    assert f"lettermill quarantine replay --id {name}" in mended[1]
    outcome = "quality.events: 1 refused rows = 1 replayed + 0 duplicates + 0 still refused"
    assert outcome in dry[1]
    assert "nothing was changed" in dry[1]
    assert outcome in done[1]
    assert "no refused rows" in over[1]
    assert lake.read(EVENTS).count() == 1


def test_a_mend_that_does_not_help_says_so(run, lake, given):
    row = {"source": "web", "origin": "f", "position": 1, "received_at": JUNE, "raw": "{"}
    lake.add(given(ingest.EVENTS, row), to=ingest.EVENTS)
    check_events.main.work(Run(lake, load("local"), JUNE, "local", JUNE))

    code, _, error = run("quarantine", "mend", "", "--why", "x", "--set", "a=1")
    assert (code, "no JSON object" in str(error)) == (1, True)
    assert "no row of quality.quarantine" in str(run("quarantine", "show", "zzz")[2])
    assert "did you mean 'quality.events'" in str(run("quarantine", "replay", "--table", "quality.event")[2])


def test_decisions_are_made_and_kept(run, lake, given):
    same = {"kind": "outlier", "state": "open", "holds": True, "history": []}
    lake.add(
        given(REVIEWS, same | {"review_id": "a1", "detail": "far"}, same | {"review_id": "b1", "detail": "wide"}),
        to=REVIEWS,
    )

    dry = run("reviews", "accept", "a", "--reason", "a wedding", "--by", "ann", "--dry-run")
    open_ones = run("reviews", "list")[1]
    run("reviews", "exclude", "a1", "b1", "--reason", "a till error", "--by", "ann", "--at", "2018-01-02")
    run("reviews", "accept", "a1", "--reason", "a wedding", "--by", "ben", "--at", "2018-01-03")
    shown = run("reviews", "show", "a1")[1]

    assert "a1  open -> accepted  far" in dry[1]
    assert open_ones.count("open") == 2
    assert {row.review_id: row.state for row in lake.read(REVIEWS).collect()} == {"a1": "accepted", "b1": "excluded"}
    assert "2018-01-02 00:00 excluded by ann: a till error" in shown
    assert "2018-01-03 00:00 accepted by ben: a wedding" in shown
    assert "no review has an id that begins with 'c'" in str(run("reviews", "accept", "c", "--reason", "x")[2])
    assert "a decision needs a reason" in str(run("reviews", "accept", "a1", "--reason", " ")[2])
