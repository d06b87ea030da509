"""Limits of a campaign: ages are read, unknown units refused, and what is too old or of unknown age is stale."""

from datetime import UTC, datetime, timedelta

import pytest
from pyspark.sql import functions as F

from lettermill.campaigns.definition import Input
from lettermill.campaigns.freshness import stale_inputs
from lettermill.durations import duration
from lettermill.errors import ConfigError
from lettermill.settings import load_campaign
from lettermill.tables.campaigns import contexts_table

AS_OF = datetime(2018, 1, 8, tzinfo=UTC)
CAMPAIGN = """
description: Spring is here
audience: "true"
experiment: {name: spring}
preflight: {max_stale_share: 0.02, max_html_bytes: 102400, leftovers: warn}
parts: {subject: subject.j2, html: body.html.j2}
slate: {size: 1, reason: "''"}
inputs:
  picks: {type: string, value: first_name, max_age: 7 days, stale: warn}
"""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("90 minutes", timedelta(minutes=90)),
        ("1 hour", timedelta(hours=1)),
        ("36hours", timedelta(hours=36)),
        ("7 days", timedelta(days=7)),
        ("2 weeks", timedelta(weeks=2)),
    ],
)
def test_a_duration_is_a_number_and_a_unit(text, expected):
    assert duration(text, of="max_age") == expected


@pytest.mark.parametrize("text", ["7", "days", "7 fortnights", "-7 days", "7 days ago", "", "1.5 days", "7 Days"])
def test_what_is_no_duration_is_refused_with_examples(text):
    with pytest.raises(ValueError, match="is no duration; write 90 minutes, 36 hours, 7 days or 2 weeks"):
        duration(text, of="max_age")


@pytest.mark.parametrize(
    ("was", "becomes", "problem"),
    [
        ("7 days", "7 fortnights", "inputs.picks: .*'7 fortnights' is no duration; write 90 minutes"),
        ("7 days", "7", r"inputs.picks.max_age: .*string.* \(is 7\)"),
        ("stale: warn", "stale: ignore", "inputs.picks.stale: .*'block' or 'warn'"),
        ("0.02", "2", "preflight: .*max_stale_share must be a share from 0 to 1, is 2"),
        ("102400", "0", "preflight: .*max_html_bytes must be 1 or more, is 0"),
        ("leftovers: warn", "leftovers: no", "preflight.leftovers: "),
        (
            "max_stale_share",
            "max_stale_sharing",
            "preflight.max_stale_sharing: unknown key, did you mean 'max_stale_share'",
        ),
    ],
)
def test_a_wrong_limit_stops_before_any_work_by_its_path(tmp_path, was, becomes, problem):
    file = tmp_path / "spring" / "campaign.yml"
    file.parent.mkdir()
    file.write_text(CAMPAIGN)
    limits = load_campaign("spring", folder=tmp_path).preflight
    file.write_text(CAMPAIGN.replace(was, becomes))

    assert (limits.max_faulty_share, limits.max_stale_share, limits.max_html_bytes) == (0.0, 0.02, 102_400)
    with pytest.raises(ConfigError, match=problem):
        load_campaign("spring", folder=tmp_path)


def test_an_input_is_stale_when_older_than_its_limit_or_of_unknown_age(given):
    inputs = {
        "picks": Input("string", "x", max_age="7 days"),
        "segment": Input("string", "x", max_age="1 hour", stale="warn"),
        "name": Input("string", "x"),
    }
    contexts = contexts_table("spring", inputs="struct<name: string>", fingerprint="00000000")
    week, hour = AS_OF - timedelta(days=7), AS_OF - timedelta(hours=1)
    long_ago = {"name": datetime(1999, 1, 1, tzinfo=UTC)}
    rows = given(
        contexts,
        {"message_id": "fresh", "inputs_at": {"picks": week, "segment": hour, **long_ago}},
        {"message_id": "stale", "inputs_at": {"picks": week - timedelta(seconds=1), "segment": AS_OF}},
        {"message_id": "unknown", "inputs_at": {"picks": None}},
    )
    stale = rows.select("message_id", stale_inputs(inputs, as_of=F.lit(AS_OF)).alias("stale")).collect()
    unlimited = rows.select(stale_inputs({"name": inputs["name"]}, as_of=F.lit(AS_OF)).alias("stale")).first()

    told = {row["message_id"]: [(one["input"], one["max_age"], one["policy"]) for one in row["stale"]] for row in stale}
    assert told == {
        "fresh": [],
        "stale": [("picks", "7 days", "block")],
        "unknown": [("picks", "7 days", "block"), ("segment", "1 hour", "warn")],
    }
    assert unlimited["stale"] == []
