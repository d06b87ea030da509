"""`lettermill message`: a message again, byte for byte, checked against what was kept; and everything that made it so."""

import gzip
import json
import re
import shutil
from dataclasses import replace
from datetime import timedelta

import pytest
import render_campaign
import send_campaign
from typer.testing import CliRunner

from lettermill.cli.main import app
from lettermill.lake import Batch, Folder
from lettermill.rendering.templates import load_template
from lettermill.replaying import find_message
from lettermill.settings import load_campaign
from lettermill.tables.campaigns import ASSIGNMENTS, AUDIENCES, EXPOSURES
from lettermill.tables.models import RECOMMENDATIONS, SCORES
from lettermill.tables.rendering import MESSAGES, TEMPLATES
from tests.jobs.spring_campaign import AS_OF, FILES, SLOT, plan, run_of, settings_in

PICKS = """
  picks:
    type: "array<struct<product_id: string, name: string, source: string, reason: string>>"
    value: picks
    missing: default
  coupon: {type: string, value: "null", missing: skip_block}
"""
BODY = """<p>{{ first_name }}</p>
{% if picks %}{% for pick in picks %}<p>{{ pick.name }}</p>{% endfor %}
{% else %}<p>Nothing new</p>{% endif %}
{% if coupon is defined %}<b>{{ coupon }}</b>{% endif %}"""
DEFINITION = re.sub("preflight: .*", "preflight: {max_faulty_share: 0.25}", FILES["campaign.yml"]) + PICKS.lstrip("\n")
CAMPAIGN = FILES | {"campaign.yml": DEFINITION, "body.html.j2": BODY}
PLANNED = ([("c1", "Green tea", "personal", "You buy this")], None)
NAMES = ["Ana", "Ben", None, "Eve", *["Fay"] * 6]
SPRING = {"experiment": "spring", "assigned_at": AS_OF - timedelta(days=7), "arm": "treatment", "propensity": 0.9}


@pytest.fixture
def lake(lake, given, tmp_path, tmp_path_factory, keys):
    """A lake in which ten messages were planned, pre-flighted and sent, once for all tests; and its settings, `shop`."""
    sent = tmp_path_factory.getbasetemp() / "sent"
    if not sent.exists():
        standing = replace(lake, place=Folder(sent / "lake"), batch=Batch("given", 0))
        settings = settings_in(sent, files=CAMPAIGN)
        of_p1 = {"person_id": "p1", "as_of": AS_OF}
        churn = {**of_p1, "model": "churn", "score": 0.25, "model_version": "3"}
        standing.append(given(SCORES, churn, {**churn, "person_id": "p2", "score": 0.5}), to=SCORES)
        pick = {"rank": 1, "product_id": "c1", "source": "personal", "score": 2.5, "times_bought": 4}
        standing.append(given(RECOMMENDATIONS, {**of_p1, **pick, "model_version": "7"}), to=RECOMMENDATIONS)
        standing.append(given(ASSIGNMENTS, {**SPRING, "person_id": "p1"}), to=ASSIGNMENTS)
        mailed = {**SLOT, "person_id": "p1", "verdict": "mailed", "planned_as_of": AS_OF}
        standing.append(given(AUDIENCES, mailed), to=AUDIENCES)
        block = {"message_id": "m1", "kind": "block", "slot": "hero", "position": 1, "shown": "hero_loyal"}
        item = {"message_id": "m1", "kind": "item", "slot": "picks", "position": 1, "shown": "c1"}
        drawn = block | {"source": "bandit", "propensity": 0.95}
        standing.append(given(EXPOSURES, drawn, item, block | {"message_id": "m2"}), to=EXPOSURES)
        versions = {table.name: str(standing.version(table)) for table in (SCORES, RECOMMENDATIONS)}
        shown = {"arm": "treatment", "propensity": 0.9, "locale": "de_AT", "timezone": "Europe/Vienna"}
        made = {"versions": versions, "inputs_at": {"first_name": AS_OF - timedelta(hours=36)}, "created_at": AS_OF}
        plan(standing, settings, given, names=NAMES, more=PLANNED, missing=["coupon"], **shown, **made)
        standing.append(given(SCORES, {**churn, "model": "later than the plan"}), to=SCORES)
        render_campaign.main.work(run_of(standing, settings))
        send_campaign.main.work(run_of(standing, settings))
    shutil.copytree(sent, tmp_path, dirs_exist_ok=True)
    return lake


@pytest.fixture
def message(lake, tmp_path):
    """Run `lettermill message` with arguments on the lake."""
    conf = tmp_path / "conf"
    shutil.copytree("src/lettermill/conf", conf)
    (conf / "tests.yml").write_text(
        f"lake: {{catalog: null, root: {lake.place.root}, checkpoints: {tmp_path / 'checkpoints'}}}\n"
        f"campaigns: {{folder: {tmp_path / 'campaigns'}}}\nfiles: {{folder: {tmp_path / 'payloads'}}}\n"
    )

    def run(command, message_id, *arguments):
        return CliRunner().invoke(
            app, ["message", command, message_id, *arguments, "--env", "tests", "--conf", str(conf)]
        )

    return run


def payload(tmp_path, number):
    """The row of the payload file that was handed over."""
    rows = [
        line
        for file in sorted(tmp_path.rglob("*.jsonl.gz"))
        for line in gzip.decompress(file.read_bytes()).splitlines()
    ]
    return next(row for row in map(json.loads, rows) if row["message_id"] == f"m{number}")


def written_anew(lake, table, rows):
    """Put other rows in the place of a table's, which itself lets nobody change a row."""
    shutil.rmtree(lake.place.path(table))
    lake.add(rows, to=table)


def test_a_message_comes_again_as_it_was_handed_over_and_its_address_is_told_only_when_asked_for(message, tmp_path):
    told = message("show", "m1", "--mime", "--out", str(tmp_path / "out"))
    handed_over = payload(tmp_path, 1)

    assert told.exit_code == 0, told.output
    assert "byte-equal to what was kept of it" in told.output
    assert "spring-2018-01-01-00001-00001-002.jsonl.gz:1: the file says the same" in told.output
    assert "Spring, Ana" in told.output
    assert "p1@shop.example" not in told.output
    assert (tmp_path / "out" / "mail.html").read_bytes() == handed_over["html"].encode()
    assert (tmp_path / "out" / "mail.txt").read_bytes() == handed_over["text"].encode()
    dated = rb"Date: Mon, 01 Jan 2018 00:\d\d:\d\d \+0000\r\nMessage-ID: <m1@"  # a send goes on from its as-of
    assert re.match(dated, (tmp_path / "out" / "mail.eml").read_bytes())
    assert message("show", "m1", "--part", "html").stdout_bytes == handed_over["html"].encode()
    assert "p1@shop.example" in message("show", "m1", "--show-personal", "--out", str(tmp_path / "out")).output


def test_what_a_changed_template_or_context_does_to_a_message_is_told_by_part(lake, given, message, tmp_path):
    campaign = load_campaign("spring", folder=tmp_path / "campaigns")
    template = load_template(campaign, folder=tmp_path / "campaigns")
    (context,) = lake.read(campaign.contexts).where("message_id = 'm1'").collect()
    parts = {**template.parts, "html": template.parts["html"].replace("<p>{{ first_name", "<p> {{ first_name")}
    row = {"template_version": template.version, "campaign": "spring", "partials": {}, "inputs": []}

    written_anew(lake, TEMPLATES, given(TEMPLATES, {**row, "parts": parts}))
    other_template = message("show", "m1", "--out", str(tmp_path / "out"))
    written_anew(lake, TEMPLATES, given(TEMPLATES, {**row, "parts": dict(template.parts)}))
    other_name = context.asDict() | {"inputs": ("Anna", *PLANNED)}
    written_anew(lake, campaign.contexts, given(campaign.contexts, other_name))
    other_context = message("show", "m1", "--out", str(tmp_path / "out"))
    lost = message("show", "m2")

    assert [one.exit_code for one in (other_template, other_context, lost)] == [1, 1, 1]
    assert "not what was kept of it: html\n" in other_template.output
    assert "the file differs in html\n" in other_template.output
    assert "not what was kept of it: html, subject, text" in other_context.output
    assert "the file differs in subject, html, text" in other_context.output
    assert "1 of 1 messages have no context, such as m2" in str(lost.exception)


def test_a_faulty_message_and_one_never_pre_flighted_are_not_byte_equal(lake, message, tmp_path):
    faulty = message("show", "m3")
    shutil.rmtree(lake.place.path(MESSAGES))
    unseen = message("show", "m1", "--out", str(tmp_path / "out"))

    assert (faulty.exit_code, unseen.exit_code) == (1, 1)
    assert "faulty, as it was then: first_name is null and was printed, at subject:1" in faulty.output
    assert "rejected" in faulty.output
    assert "wrote" not in faulty.output
    assert "never pre-flighted" in unseen.output


def test_a_message_is_named_by_its_id_or_a_beginning_that_only_it_has(lake, message):
    unknown, several = message("why", "x1"), message("show", "m")

    assert (unknown.exit_code, several.exit_code) == (2, 2)
    assert "no message begins with 'x1'" in unknown.output
    assert "'m' begins several messages, such as m1 and m2" in several.output
    assert message("show", "m1", "--part", "footer").exit_code == 2
    assert find_message(lake, "m1")["message_id"] == "m1"  # m10 begins so too


def test_why_tells_everything_that_made_a_message_so_and_hides_personal_values(message):
    told = message("why", "m1", "--format", "json")
    document = json.loads(told.stdout)
    engine, template = document.pop("engine"), document.pop("template")

    assert "Ana" not in told.output
    assert document == {
        "message": {
            "message_id": "m1",
            "campaign": "spring",
            "occurrence": "2018-01-01",
            "person_id": "p1",
            "locale": "de_AT",
            "timezone": "Europe/Vienna",
            "address": "hidden: give --show-personal",
            "planned_at": "2018-01-01T00:00:00+00:00",
        },
        "audience": {
            "rule": "true",
            "verdict": "mailed",
            "detail": None,
            "planned_as_of": "2018-01-01T00:00:00+00:00",
        },
        "experiment": {
            "name": "spring",
            "arm": "treatment",
            "propensity": 0.9,
            "assigned_at": "2017-12-25T00:00:00+00:00",
        },
        "models": [{"model": "churn", "score": 0.25, "model_version": "3"}],
        "blocks": [{"slot": "hero", "block": "hero_loyal", "source": "bandit", "propensity": 0.95}],
        "items": [
            {
                "input": "picks[0]",
                "product_id": "c1",
                "name": "Green tea",
                "source": "personal",
                "reason": "You buy this",
                "rank": 1,
                "score": 2.5,
                "times_bought": 4,
                "model_version": "7",
            }
        ],
        "inputs": [
            {
                "input": "first_name",
                "is": "given",
                "value": "hidden: give --show-personal",
                "made_from": "2017-12-30T12:00:00+00:00",
                "age_hours": 36.0,
            },
            {
                "input": "picks",
                "is": "given",
                "value": "hidden: give --show-personal",
                "made_from": None,
                "age_hours": None,
            },
            {"input": "coupon", "is": "missing", "value": None, "made_from": None, "age_hours": None},
        ],
        "versions": {"models.recommendations": "1", "models.scores": "1"},
        "delivery": document["delivery"],
    }
    assert engine["is_byte_equal"]
    assert engine["then"] == engine["now"]
    assert sorted(template["parts"]) == ["html", "subject", "text"]
    assert [one for one in template["branches"] if one["branch"].startswith("html")] == [
        {"branch": "html:2.if", "line": "{% if picks %}"},
        {"branch": "html:2.for", "line": "{% for pick in picks %}"},
    ]
    assert [(one["state_before"], one["state"]) for one in document["delivery"]["history"]] == [
        (None, "planned"),
        ("planned", "claimed"),
        ("claimed", "handed_over"),
    ]
    assert document["delivery"]["provider_reference"] == "spring-2018-01-01-00001-00001-002.jsonl.gz:1"


def test_why_is_told_in_words_too_with_personal_values_where_asked_for(message):
    told = message("why", "m1", "--show-personal")

    assert told.exit_code == 0
    for words in (
        "treatment",
        "churn",
        "0.25",
        "Green tea",
        "personal",
        "{% if picks %}",
        "36",
        "handed_over",
        "missing",
    ):
        assert words in told.output
    assert "p1@shop.example" in told.output
    assert "Ana" in told.output
