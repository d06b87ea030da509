"""write_report: a page of what is there, in words where something is not, and the same page when run again."""

import argparse
import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import write_report
from pyspark.sql import functions as F

from lettermill import tables
from lettermill.job import Run
from lettermill.rendering.templates import load_template, template_rows
from lettermill.settings import load, load_campaign

AS_OF = datetime(2018, 1, 1, tzinfo=UTC)
CAMPAIGN = """
description: Four products picked for each customer, every week.
audience: "true"
experiment: {name: weekly_picks}
parts: {subject: subject.j2, html: body.html.j2}
slate: {size: 1, reason: "''"}
inputs:
  segment: {type: string, value: segment}
  first_name: {type: string, value: first_name, missing: default}
  picks: {type: "array<struct<image: string, source: string>>", value: picks}
"""
SUBJECT = "{% if first_name %}{{ first_name }}{% else %}you{% endif %}, a mail for the {{ segment }}"
BODY = """<!DOCTYPE html><html><head><title>t</title></head><body>
{% for pick in picks %}<p><img src="{{ pick.image }}" alt=""></p>{% endfor %}
</body></html>
"""
CONTEXT = {"occurrence": "2018-01-01", "created_at": AS_OF, "campaign": "weekly_picks"}
RUN = {"campaign": "weekly_picks", "occurrence": "2018-01-01"}
PICK = ("https://images.shop.example/fruit.png", "als")


@pytest.fixture(scope="module")
def mlflow_uri(tmp_path_factory):
    return f"sqlite:///{tmp_path_factory.mktemp('mlflow')}/mlflow.db"


@pytest.fixture
def settings(tmp_path, mlflow_uri):
    campaign = tmp_path / "campaigns" / "weekly_picks"
    campaign.mkdir(parents=True)
    for name, content in {"campaign.yml": CAMPAIGN, "subject.j2": SUBJECT, "body.html.j2": BODY}.items():
        (campaign / name).write_text(content)
    local = load("local")
    return replace(
        local,
        landing=tmp_path / "landing",
        mlflow=replace(local.mlflow, tracking_uri=mlflow_uri, registry_uri=mlflow_uri, artifacts=str(tmp_path)),
        campaigns=replace(local.campaigns, folder=campaign.parent),
        files=replace(local.files, folder=tmp_path / "payloads"),
    )


@pytest.fixture
def written(lake, settings, tmp_path):
    def write(run_id):
        out = tmp_path / "out" / "report.html"
        run = Run(lake, settings, AS_OF, "local", AS_OF + timedelta(days=1), run_id=run_id)
        run.arguments = argparse.Namespace(out=str(out), prefix="")
        write_report.main.work(run)
        assert [file.name for file in out.parent.iterdir()] == ["report.html"]
        return out.read_text()

    return write


def heading(page):
    return re.search(r"<h1>(.*?)</h1>", page)[1]


def test_of_an_empty_lake_the_page_says_what_is_not_there(written):
    page = written("r1")

    assert heading(page) == "No campaign is planned for this moment yet."
    for words in (
        "No version of this model is registered",
        "No recommender is registered",
        "This campaign is not planned",
    ):
        assert words in page


def test_the_page_tells_of_one_campaign_and_is_the_same_when_written_again(spark, lake, given, settings, written):
    events = settings.landing / "events" / "orders"
    events.mkdir(parents=True)
    (events / "2017-12-31.jsonl").write_text('{"a": "one\u2028line"}\n\n{"b": 2}\n')
    (settings.landing / "images").mkdir()
    (settings.landing / "images" / "fruit.png").write_bytes(b"png")
    lake.add(
        given(
            tables.quality.QUARANTINE,
            {"refused_by": "quality.events", "disposition": "refused", "reasons": ["no event id"]},
            {"refused_by": "quality.events", "disposition": "refused", "reasons": ["no event id"]},
        ),
        to=tables.quality.QUARANTINE,
    )
    people = [("a", "mailed"), ("b", "mailed"), ("c", "held_out"), ("d", "no_consent")]
    lake.add(
        given(
            tables.campaigns.AUDIENCES,
            *({**RUN, "person_id": person, "verdict": verdict, "planned_as_of": AS_OF} for person, verdict in people),
        ),
        to=tables.campaigns.AUDIENCES,
    )
    campaign = load_campaign("weekly_picks", folder=settings.campaigns.folder)
    template = load_template(campaign, folder=settings.campaigns.folder)
    lake.add(template_rows(template, spark=spark, as_of=F.lit(AS_OF)), to=tables.rendering.TEMPLATES)
    known = CONTEXT | {"template_version": template.version}
    lake.add(
        given(
            campaign.contexts,
            known | {"person_id": "b", "message_id": "1", "inputs": ("loyal", None, [PICK])},
            known | {"person_id": "a", "message_id": "2", "inputs": ("loyal", "Ada & Co", [PICK, PICK])},
        ),
        to=campaign.contexts,
    )
    passed = RUN | {"verdict": "passed", "messages": 2, "faulty": 0, "checked_as_of": AS_OF}
    lake.add(given(tables.rendering.PREFLIGHTS, passed), to=tables.rendering.PREFLIGHTS)
    states = [RUN | {"message_id": m, "state": "handed_over", "address_key": m} for m in ("1", "2")]
    lake.add(given(tables.delivery.OUTBOX, *states), to=tables.delivery.OUTBOX)

    home = settings.files.folder / "weekly_picks" / "2018-01-01"
    home.mkdir(parents=True)
    handed_over = {"name": "weekly_picks-00001.csv.gz", "rows": 2, "bytes": 1234, "sha256": "ab" * 32}
    (home / "manifest.json").write_text(json.dumps({"files": [handed_over]}))

    first, second = written("r1"), written("r2")

    assert heading(first) == "2 e-mails handed over, 0 faults, 1 held out."
    assert first.count('<p class="subject">') == 1
    assert '<p class="subject">Ada &amp; Co, a mail for the loyal</p>' in first
    assert "data:image/png;base64,cG5n" in first
    assert "images.shop.example" not in first
    for words in (
        "refused by quality.events",
        "Lines in landing files: 2; Taken in: not there yet",
        "100.0\u202f% (3)",
        "sha256 abab",
    ):
        assert words in first
    assert second == first.replace("r1", "r2")
