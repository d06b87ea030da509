"""A diff over a planned audience: of templates, of dates, and of what cannot be compared."""

import json
from dataclasses import replace
from datetime import timedelta
from io import StringIO

import pytest
from pyspark.errors import AnalysisException
from rich.console import Console
from typer.testing import CliRunner

from lettermill import tables
from lettermill.campaigns.trials import trial_rows
from lettermill.cli.diff_reports import as_json, write_text
from lettermill.cli.main import app
from lettermill.delivery.outbox import outbox_rows
from lettermill.diff_page import write_diff_page
from lettermill.diffing import diff_of
from lettermill.errors import ConfigError
from lettermill.lake import Batch
from lettermill.rendering.diff.causes import Cause
from lettermill.settings import load_campaign
from lettermill.tables.campaigns import stored_contexts, trials_table
from tests.jobs.spring_campaign import AS_OF, CAMPAIGN, consent, plan_contexts, run_of, settings_in

NEXT_DAY = AS_OF + timedelta(days=1)
WITH_ORDERS = f"""{CAMPAIGN}
  orders: {{type: bigint, value: orders_all, missing: default}}
  unsubscribe: {{type: string, value: links.unsubscribe}}
"""


@pytest.fixture
def spring(tmp_path):
    return settings_in(tmp_path)


def written(settings, name, text):
    """Change a file of the campaign; returns the campaign as it is now."""
    (settings.campaigns.folder / "spring" / name).write_text(text)
    return load_campaign("spring", folder=settings.campaigns.folder)


def test_a_changed_line_is_told_with_its_count_its_lines_and_an_example(lake, given, spring, tmp_path):
    planned, contexts = plan_contexts(lake, spring, given, names=["Ana", "Bo", None])
    posted = outbox_rows(
        contexts, provider="files", contexts_table=planned.contexts.name, address_key=b"k", as_of=AS_OF
    )
    lake.add(posted, to=tables.delivery.OUTBOX)
    run = run_of(lake, spring)
    unchanged = diff_of(run, written(spring, "subject.j2", "Spring, {{ first_name }}"), before=None, after=None)
    campaign = written(spring, "body.html.j2", "<p>{{ first_name }}{% if first_name == 'Bo' %}!{% endif %}</p>")

    found = diff_of(run, campaign, before=None, after=None)
    told = json.loads(as_json(found, allowed=0.5, show_personal=False))

    assert (unchanged.changed, unchanged.messages, unchanged.rendered) == (0, 3, 0)
    assert found.headline == "1 of 3 e-mails changes (33.33 %), in 1 pattern"
    (pattern,) = found.patterns
    assert (pattern.blocks, pattern.example) == (("html", "text"), "m2")
    assert pattern.causes == (Cause("html", "template"), Cause("text", "template"))
    example = found.examples["m2"]
    assert (example.blocks[0].name, example.blocks[0].before, example.blocks[0].after) == (
        "html",
        "<p>Bo</p>",
        "<p>Bo!</p>",
    )
    assert "-<p>{{ first_name }}</p>" in found.sources[0].lines
    assert told["passed"]
    console = Console(file=StringIO(), width=200)
    write_text(found, console, show_personal=True)
    assert "- <p>Bo</p>" in console.file.getvalue()
    page = write_diff_page(found, spring, to=tmp_path / "diff.html").read_text()
    assert "<ins>!</ins>" in page
    assert page.count("<iframe sandbox") == 2
    assert "Bo<" not in json.dumps(told["patterns"])


def known(lake, given, *, orders):
    """Three people, and how many orders each had as of two days; the third agreed to mail on the first of them."""
    people = [{"person_id": person, "email": f"{person}@shop.example"} for person in ("p1", "p2", "p3")]
    consents = [
        consent("p1", "granted", hours=-9),
        consent("p2", "granted", hours=-9),
        consent("p3", "granted", hours=5),
    ]
    features = [
        {"person_id": person, "as_of": as_of, "orders_all": count}
        for as_of, counts in zip((AS_OF, NEXT_DAY), orders, strict=True)
        for person, count in zip(("p1", "p2", "p3"), counts, strict=True)
    ]
    rows = {
        tables.profiles.PEOPLE: people,
        tables.profiles.CONSENTS: consents,
        tables.features.PEOPLE: features,
        tables.models.SCORES: [],
        tables.models.RECOMMENDATIONS: [],
        tables.quality.PRODUCTS: [],
    }
    writing = replace(lake, batch=Batch("given", 0))
    for table, partial in rows.items():
        writing.append(given(table, *partial), to=table)


@pytest.mark.acceptance
def test_two_dates_are_compared_by_trials_that_are_gone_afterwards_and_were_never_to_be_sent(lake, given, spring):
    known(lake, given, orders=((1, 5, 1), (2, 5, 1)))
    written(spring, "body.html.j2", "<p>{{ first_name or '' }}</p><a href='{{ unsubscribe }}'>no more</a>")
    written(spring, "subject.j2", "You ordered {{ orders }} times")
    campaign = written(spring, "campaign.yml", WITH_ORDERS)

    found = diff_of(run_of(lake, spring), campaign, before="2018-01-01", after="2018-01-02")

    assert {(one.blocks, one.causes, one.messages, one.example) for one in found.patterns} == {
        (("subject",), (Cause("orders", "value"),), 1, "p1"),
        ((), (Cause("audience", "joined", "no_consent", None),), 1, "p3"),
    }
    assert (found.messages, found.changed) == (3, 2)
    assert [(one.name, one.before, one.after) for one in found.examples["p1"].inputs] == [("orders", "1", "2")]
    assert [one.after for one in found.examples["p1"].blocks] == ["You ordered 2 times"]
    assert list((lake.checkpoints.parent / "trials").iterdir()) == []
    assert not lake.exists(tables.campaigns.ASSIGNMENTS), "a trial draws no arms"
    with pytest.raises(ConfigError, match="there are features as of 2018-01-02, 2018-01-01"):
        diff_of(run_of(lake, spring), campaign, before="2018-01-05", after="2018-01-01")


def test_trials_cannot_be_planned_or_read_as_messages(given):
    trials = trials_table("spring", inputs="struct<first_name: string>", fingerprint="12345678")
    rows = given(trials, {"verdict": "mailed"})

    assert {"address", "unsubscribe_token", "message_id"} & set(trials.column_names) == set()
    with pytest.raises(AnalysisException):
        outbox_rows(rows, provider="files", contexts_table=trials.name, address_key=b"k", as_of=AS_OF)
    with pytest.raises(ValueError, match="nobody's messages"):
        stored_contexts(trials.name)
    built = given(trials, {"verdict": "held_out", "inputs": ("Ana",)}).drop("side")
    assert [row["inputs"] for row in trial_rows(built, side="before").collect()] == [None]


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ("nonsense", None, "give working (the files as they are)"),
        ("2018-13-01", None, "write 2018-01-02"),
        ("working", "2018-01-01", "cannot be compared: one is a template"),
        ("abcdef", None, "no message is planned"),
    ],
)
def test_what_cannot_be_compared_is_told_with_what_there_is(lake, spring, before, after, words):
    campaign = load_campaign("spring", folder=spring.campaigns.folder)

    with pytest.raises(ConfigError) as told:
        diff_of(run_of(lake, spring), campaign, before=before, after=after)

    assert words in str(told.value)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (["weekly_pick"], "did you mean 'weekly_picks'?"),
        (["weekly_picks", "--from", "churn3"], "'churn3' names nothing to compare"),
        (["weekly_picks", "--from", "working", "--to", "churn@3"], "one is a template"),
    ],
)
def test_a_wrong_call_ends_with_code_2_so_that_ci_can_tell_it_from_a_change(call, words):
    ended = CliRunner().invoke(app, ["campaign", "diff", *call])

    assert ended.exit_code == 2
    assert words in ended.stderr
