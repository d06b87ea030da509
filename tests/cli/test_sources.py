"""`lettermill sources`: the audit in exit codes and figures, mappings tried on samples, and changes of shape."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import get_args

import pytest
from rich.console import Console
from typer.testing import CliRunner

from lettermill.cli.main import app
from lettermill.cli.source_text import span, write_audit
from lettermill.errors import ConfigError
from lettermill.ingest.arrivals import Arrivals, held_against
from lettermill.ingest.expected import Expected
from lettermill.ingest.sources import Source
from lettermill.quality.mapping.targets import Holds
from lettermill.settings import PACKAGED
from lettermill.source_audit import as_data, audited_sources
from lettermill.source_trial import JUDGES
from lettermill.tables import ingest
from lettermill.tables.quality import QUARANTINE
from tests.quality.mapping.payloads import GA4_PURCHASE, GA4_VIEW, VIEWED

AS_OF = datetime(2017, 6, 2, tzinfo=UTC)
SHOP = Source(kind="events", holds="behaviour", path="shop", owner="shop", expected=Expected("2 days", (2, 3)))


@pytest.fixture
def run(tmp_path):
    """Run the command over the packaged conf with an addition to its local.yml."""

    def command(*arguments, local=""):
        for file in PACKAGED.glob("*.yml"):
            text = file.read_text().replace("root: var/lake", f"root: {tmp_path}/lake")
            (tmp_path / file.name).write_text(text + local if file.stem == "local" else text)
        ran = CliRunner().invoke(app, ["sources", *arguments, "--conf", str(tmp_path)])
        return ran.exit_code, ran.stdout, ran.exception

    return command


def state(came, source=SHOP):
    return held_against("shop", source, came, as_of=AS_OF, refusals={}).state


@pytest.mark.parametrize(
    ("hours", "recent", "expected"),
    [(1, 2, "fresh"), (48, 2, "fresh"), (49, 0, "late"), (1, 1, "few"), (1, 4, "many")],
)
def test_a_source_is_late_after_the_time_it_is_expected_in_and_watched_for_its_rows(hours, recent, expected):
    assert state(Arrivals(last=AS_OF - timedelta(hours=hours), rows=9, recent=recent)) == expected


def test_a_source_that_never_came_is_silent_and_one_without_expectation_unwatched():
    assert state(Arrivals()) == "silent"
    assert state(Arrivals(last=AS_OF, rows=1), Source(kind="events", holds="behaviour", path="p")) == "unwatched"


def test_the_audit_counts_what_came_what_claims_the_future_and_what_was_refused(given, lake):
    lake.add(
        given(
            ingest.EVENTS,
            {"source": "shop", "received_at": AS_OF - timedelta(days=9)},
            {"source": "shop", "received_at": AS_OF - timedelta(hours=30)},
            {"source": "shop", "received_at": AS_OF - timedelta(hours=3)},
            {"source": "shop", "received_at": AS_OF + timedelta(hours=3)},
            {"source": "till", "received_at": AS_OF - timedelta(days=9)},
        ),
        to=ingest.EVENTS,
    )
    aside = {"refused_by": "quality.events", "source": "shop", "disposition": "refused"}
    lake.add(
        given(
            QUARANTINE,
            aside | {"reasons": ["no event id", "no kind of event"]},
            aside | {"reasons": ["no event id"]},
            aside | {"reasons": ["taken"], "disposition": "duplicate"},
            aside | {"reasons": ["no product"], "refused_by": "quality.order_lines"},
        ),
        to=QUARANTINE,
    )
    till = Source(kind="events", holds="behaviour", path="till", expected=Expected("2 days"))

    shop, late, silent = (
        as_data(one) for one in audited_sources(lake, {"shop": SHOP, "till": till, "web": SHOP}, as_of=AS_OF)
    )

    figures = ("state", "lag_seconds", "rows", "rows_today", "rows_recent", "rows_ahead", "refused", "duplicates")
    assert [shop[name] for name in figures] == ["fresh", 3 * 3600, 3, 1, 2, 1, 2, 1]
    assert (shop["refused_share"], shop["reasons"]) == (0.666667, {"no event id": 2, "no kind of event": 1})
    assert [late["state"], silent["state"], silent["last_arrival"]] == ["late", "silent", None]


def test_the_audit_fits_80_columns_and_names_what_needs_a_look():
    came = Arrivals(last=AS_OF - timedelta(days=3), rows=1_234_567_890, today=12_345_678)
    refusals = {("refused", ""): 5, ("refused", "no event id"): 5}
    late = held_against("a_source_with_a_rather_long_name", SHOP, came, as_of=AS_OF, refusals=refusals)
    console = Console(width=80, record=True, highlight=False)

    write_audit([late], console)

    lines = console.export_text().splitlines()
    assert max(map(len, lines)) <= 80
    told = " ".join(lines)
    assert "is late: expected within 2 days, 2 to 3 rows" in told
    assert "refused 5 (0.00%): no event id" in told
    assert "1 late or silent" in told


@pytest.mark.parametrize(
    ("lag", "told"),
    [
        (None, "-"),
        (timedelta(minutes=40), "40 min"),
        (timedelta(hours=26), "26 h"),
        (timedelta(days=12), "12 d"),
    ],
)
def test_a_lag_is_told_in_one_unit(lag, told):
    assert span(lag) == told


def test_an_empty_lake_fails_in_ci_with_every_source_silent(run, spark):
    code, told, _ = run("--as-of", "2017-06-02", "--format", "json")

    assert code == 1
    assert {one["state"] for one in json.loads(told)} == {"silent"}


def test_checking_tells_which_mapping_reads_which_source_or_what_is_wrong(run):
    code, told, _ = run("check")
    _, _, wrong = run("check", local="sources: {web: {mapping: ga}}\n")
    _, _, other = run("check", local="sources: {web: {mapping: crm}}\n")
    _, _, inside = run("check", local="mappings: {ga4: {fields: {occurred_at: {path: at, cast: microns}}}}\n")

    assert (code, "web: events that hold behaviour, read by segment" in told) == (0, True)
    assert isinstance(wrong, ConfigError)
    assert "sources.web.mapping: no mapping 'ga'" in str(wrong)
    assert "did you mean 'ga4'?" in str(wrong)
    assert "sources.web holds behaviour, but its mapping 'crm' gives people" in str(other)
    assert "fields.occurred_at.cast: unknown cast 'microns', did you mean 'micros'?" in str(inside)
    assert "ga4.yml" in str(inside)


def test_a_sample_shows_what_comes_out_what_is_refused_and_what_is_not_read(run, spark, tmp_path):
    sample = tmp_path / "sample.jsonl"
    sample.write_text("\n".join(json.dumps(row) for row in (GA4_PURCHASE, GA4_VIEW, {"event_name": "x"})))

    code, told, _ = run(
        "try", "web", str(sample), "--as-of", "2017-06-01", "--format", "json",
        local="sources: {web: {mapping: ga4}}\n",
    )  # fmt: skip

    tried = json.loads(told)
    assert code == 1
    assert [row["kind"] for row in tried["rows"]] == ["order_completed", "product_viewed", "x"]
    assert tried["rows"][0]["properties"]["products"][0] == {
        "product_id": "7", "quantity": 2, "price": "1.50", "value": "3.00", "discount": "0.00",
    }  # fmt: skip
    assert tried["reasons"] == {"neither user nor browser is named": 1, "no time at which it happened": 1}
    assert tried["unread"] == {"event_date": 1, "event_params[].value.int_value": 1}


def test_a_changed_shape_is_seen_in_the_raw_rows_that_keep_it(run, spark, tmp_path, lake, given):
    old, new = VIEWED, VIEWED | {"messageId": "s9", "properties": {"product_id": "7", "size": {"eu": 42}}}
    rows = given(ingest.EVENTS, *({"source": "web", "raw": json.dumps(row)} for row in (old, new)))
    lake.add(rows, to=ingest.EVENTS)

    code, told, _ = run("drift", "web")

    assert code == 0
    assert "properties.colour  (1 of 2 rows)" in told
    assert "properties.size  (1 of 2 rows)" in told


def test_an_unknown_source_gets_the_nearest_name(run):
    _, _, error = run("drift", "wep")

    assert "no source 'wep'" in str(error)
    assert "did you mean 'web'?" in str(error)


def test_every_shipped_mapping_has_a_comment_on_what_it_reads():
    files = sorted(Path(str(PACKAGED)).glob("mappings/*.yml"))

    assert {file.name for file in files if not file.read_text().startswith("# ")} == set()


def test_a_sample_of_social_engagement_is_judged_with_the_trust_and_the_basis_of_its_source(run, spark, tmp_path):
    sample = tmp_path / "sample.jsonl"
    like = {"platform": "Mastodon", "action": "Favourite", "handle": "@zoe", "occurred_at": "2017-05-01T10:00:00Z"}
    sample.write_text("\n".join(json.dumps(row) for row in (like, like | {"action": "poke"})))

    code, told, _ = run("try", "social", str(sample), "--as-of", "2017-06-01", "--format", "json")

    tried = json.loads(told)
    named = ("action", "trust", "consent_basis", "may_be_used", "reasons")
    assert code == 1
    assert [tuple(row[name] for name in named) for row in tried["rows"]] == [
        ("like", 0.4, "legitimate_interest", True, []),
        ("poke", 0.4, "legitimate_interest", True, ["no known action"]),
    ]


def test_whatever_a_source_may_hold_can_be_tried():
    assert {*JUDGES} == {*get_args(Holds)}
