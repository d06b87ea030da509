"""The run report: what it makes of plain rows, and that its page holds together with everything and with nothing."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser

import pytest

from lettermill.errors import TemplateError
from lettermill.monitoring.invented import invented
from lettermill.monitoring.mails import data_uri, self_contained
from lettermill.monitoring.page import page_context, page_sources
from lettermill.monitoring.report import (
    Balance,
    Flow,
    JobCost,
    Model,
    Refusal,
    Report,
    Stage,
    balances,
    job_costs,
    refusals,
)  # fmt: skip
from lettermill.monitoring.report_campaigns import Campaign, PayloadFile, SampleMail, payload_files, preflight
from lettermill.monitoring.report_models import curves, height_at, ranking
from lettermill.rendering.pages import render_page

NOON = datetime(2018, 1, 1, 12, tzinfo=UTC)
VOID = {"area", "base", "br", "col", "hr", "img", "input", "link", "meta", "source", "wbr"}
CHURN = {
    "label": "no order in 28 days", "cut_off": "2017-10-01", "people": 1000, "positives": 200,
    "roc_auc": {"model": {"value": 0.84, "low": 0.82, "high": 0.86},
                "rule": {"value": 0.77, "low": 0.75, "high": 0.79}},
    "pr_auc": {"model": {"value": 0.6, "low": 0.5, "high": 0.7}, "rule": {"value": 0.5, "low": 0.4, "high": 0.6}},
    "calibration": [{"predicted": 0.1, "observed": 0.12, "people": 700},
                    {"predicted": 0.5, "observed": 0.48, "people": 300}],
    "gain": {"model": [[0, 0], [0.2, 0.6], [1, 1]], "rule": [[0, 0], [0.2, 0.4], [1, 1]]},
    "precision_recall": {"model": [[0, 1], [1, 0.2]], "rule": [[0, 0.9], [1, 0.2]]},
}  # fmt: skip
RANKING = {
    "cut_off": "2017-11-01", "until": "2017-12-01", "people": 900, "candidates": 5000,
    "all_items": {
        "popularity": {"ndcg_at_10": {"value": 0.07, "low": 0.06, "high": 0.08}, "recall_at_10": 0.03},
        "mixed_slate": {"ndcg_at_10": {"value": 0.2, "low": 0.19, "high": 0.21}, "recall_at_10": 0.09},
    },
    "new_items": {},
}  # fmt: skip
PASSED = {
    "verdict": "blocked", "messages": 80, "faulty": 3, "limit_share": 0.01, "largest_html_bytes": 48_000,
    "limits": [{"words": "3 of 80 messages are faulty", "is_exceeded": True}, {"words": "kept", "is_exceeded": False}],
    "causes": [{"fault": "coupon is missing, at subject.j2:3", "messages": 3, "examples": ["a" * 64, "b" * 64]}],
}  # fmt: skip
PICKS = Campaign(
    "weekly_picks", "Weekly picks", "Four products", "2018-01-01", {"mailed": 80, "held_out": 10, "no_consent": 5},
    preflight(PASSED), {"handed_over": 77, "planned": 3}, {"personal": 200, "als": 100},
)  # fmt: skip
UNPLANNED = Campaign("win_back", "Win back", "A coupon", None)
NOTHING = Report(
    shop="Marlow Market", as_of=NOON, run_id="r1", commit=None, environment="local", written_at=NOON,
    flows=(Flow("Events", (Stage("Taken in", "ingest.events", None),)),), balances=(), refusals=(),
    models=(Model("churn", "Churn", "Who leaves?"),), ranking=None, campaigns=(UNPLANNED,), mails=(),
    files=(), costs=(), invented=(), mlflow_uri="sqlite:///var/mlflow.db",
)  # fmt: skip
EVERYTHING = replace(
    NOTHING,
    commit="cc236f8c0ffee+",
    flows=(Flow("Events", (Stage("Taken in", "ingest.events", 1_204_122),)),),
    balances=(Balance("quality.events", 10, 7, 2, 1), Balance("quality.people", 10, 7, 2, 0)),
    refusals=(Refusal("quality.events", "refused", ("not a JSON object",), 1),),
    models=(Model("churn", "Churn", "Who leaves?", "3", curves(CHURN), 0.0041),),
    ranking=ranking(RANKING, version="2"),
    campaigns=(PICKS, UNPLANNED),
    mails=(
        SampleMail(
            "A loyal customer", "Weekly picks", "Marlow Market", "For <you> & yours", "Hi", '<p class="x">“Hi”</p>'
        ),
    ),
    files=(PayloadFile("weekly_picks/part-0.jsonl", 77, 123_456, "ab" * 32),),
    costs=(JobCost("check_events", 2, 1, 41.5, 30.0),),
    invented=("Names are invented.",),
)


class Reader(HTMLParser):
    """What a page's tags are: that they nest, which headings and identifiers there are, and the words between."""

    def __init__(self, page):
        super().__init__()
        self.open, self.headings, self.ids, self.links, self.frames, self.words = [], [], [], [], [], []
        self.feed(page)
        assert not self.open, self.open

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        self.ids += [found["id"]] if "id" in found else []
        self.links += [found["href"]] if "href" in found else []
        self.frames += [found] if tag == "iframe" else []
        self.headings += [int(tag[1])] if re.fullmatch("h[1-6]", tag) else []
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        pass

    def handle_endtag(self, tag):
        assert self.open.pop() == tag, (tag, self.getpos())

    def handle_data(self, words):
        if self.open and self.open[-1] not in ("style", "title", "desc"):
            self.words.append(words)

    @property
    def text(self):
        return re.sub(r"\s+", " ", " ".join(self.words))


def page(report):
    template, partials = page_sources()
    return render_page(template, partials=partials, context=page_context(report))


@pytest.mark.parametrize("report", [EVERYTHING, NOTHING], ids=["everything", "nothing"])
def test_the_page_is_well_formed_and_its_contents_lead_somewhere(report):
    read = Reader(page(report))

    assert len(read.ids) == len(set(read.ids))
    assert {link[1:] for link in read.links} <= set(read.ids)
    assert read.headings[0] == 1
    assert all(below - above <= 1 for above, below in zip(read.headings, read.headings[1:], strict=False))


@pytest.mark.parametrize("report", [EVERYTHING, NOTHING], ids=["everything", "nothing"])
def test_the_page_loads_nothing(report):
    written = page(report)

    assert "default-src 'none'" in written
    assert not re.findall(r"<(?:script|link)\b|@import|url\(|\b(?:src|href)=[\"']?(?:https?:)?//", written)


def test_what_is_absent_is_said_in_words():
    told = Reader(page(NOTHING)).text

    for words in (
        "No campaign is planned for this moment yet.", "not there yet", "No row was set aside.",
        "No version of this model is registered", "No recommender is registered", "This campaign is not planned",
        "No message is planned yet", "No file is handed over yet.", "No run is recorded", "this is no run of the demo",
    ):  # fmt: skip
        assert words in told, words


def test_the_page_tells_the_figures_a_reader_looks_for():
    told = Reader(page(EVERYTHING)).text

    for words in (
        "77 e-mails handed over, 3 faults, 10 held out; Weekly picks blocked before the send.",
        "10 in = 7 taken + 2 duplicates + 1 refused", "This does not add up.", "refused by quality.events",
        "hold 60 %", "beats the rule", "by +0.004", "0.840 (0.820 to 0.860)", "Not measured.",
        "coupon is missing, at subject.j2:3",
        "3 of 80 messages are faulty",
        "66.7 % (200)", "123.5 kB", "abababababababab", "41.5 s", "Names are invented.",
    ):  # fmt: skip
        assert words in told, words


def test_a_mail_stands_in_a_sandbox_byte_for_byte():
    frames = Reader(page(EVERYTHING)).frames

    assert [frame["srcdoc"] for frame in frames] == ['<p class="x">“Hi”</p>'] * 2
    assert [frame["sandbox"] for frame in frames] == [None] * 2


def test_the_waterfall_ends_with_those_who_are_mailed():
    assert [step for step in PICKS.losses if step[1]] == [
        ("No consent to mail", 5, 90),
        ("Held out, to measure the effect", 10, 80),
    ]
    assert PICKS.losses[-1][2] == PICKS.mailed


@pytest.mark.parametrize(
    ("campaigns", "verdict"),
    [
        ((UNPLANNED,), "No campaign is planned for this moment yet."),
        ((replace(PICKS, states={}, preflight=None),), "Nothing is handed over yet: 0 faults, 10 held out."),
        ((replace(PICKS, states={}),), "Weekly picks blocked before the send: 3 faults, 10 held out."),
        ((replace(PICKS, preflight=None, states={"confirmed": 1}),), "1 e-mail handed over, 0 faults, 10 held out."),
    ],
)
def test_the_verdict_is_one_sentence(campaigns, verdict):
    assert replace(NOTHING, campaigns=campaigns).verdict == verdict


def test_intervals_that_touch_are_no_victory():
    beaten = curves(CHURN).roc_auc

    assert beaten.standing == 1
    assert replace(beaten, rule=replace(beaten.rule, high=0.83)).standing == 0
    assert replace(beaten, model=beaten.rule, rule=beaten.model).standing == -1
    assert replace(beaten, model=replace(beaten.model, low=None)).standing == 0


def test_the_slate_is_set_beside_the_best_of_the_others():
    assert ranking(RANKING, version="2").finding == (
        "The mixed slate reaches 0.200; the best of the others, “Popular with everybody”, 0.070, "
        "and the intervals do not touch."
    )
    assert ranking(RANKING | {"all_items": {}}, version="2").finding == ""


def test_a_curve_is_read_between_its_points_and_at_its_ends():
    points = ((0.0, 0.0), (0.5, 0.8), (1.0, 1.0))

    assert [height_at(points, x) for x in (0, 0.25, 0.5, 0.75, 2)] == pytest.approx([0, 0.4, 0.8, 0.9, 1])
    assert height_at((), 0.5) is None


def test_runs_are_summed_by_job_and_the_newest_check_counts():
    def run(place, job, seconds, **counts):
        started = NOON + timedelta(minutes=place)
        return {
            "run_id": f"r{place}", "job": job, "status": "failed" if place == 1 else "succeeded", "counts": counts,
            "started_at": started, "ended_at": started + timedelta(seconds=seconds), "core_seconds": 2.0 * seconds,
        }  # fmt: skip

    new = {"events_arrived": 12, "events_accepted": 9, "events_duplicate": 2, "events_refused": 1}
    runs = [run(3, "check_events", 20, **new), run(1, "check_events", 10, events_arrived=5), run(2, "score", 4)]
    runs.append(run(4, "run_pipeline", 99))

    assert job_costs(runs) == (JobCost("check_events", 2, 1, 60.0, 30.0), JobCost("score", 1, 0, 8.0, 4.0))
    assert balances(runs) == (Balance("quality.events", 12, 9, 2, 1),)
    assert balances(runs)[0].holds


def test_refusals_and_files_come_in_an_order_of_their_own():
    rows = [
        {"refused_by": "quality.people", "disposition": "refused", "reasons": ["no name"], "rows": 1},
        {"refused_by": "quality.events", "disposition": "duplicate", "reasons": ["taken"], "rows": 2},
        {"refused_by": "quality.events", "disposition": "refused", "reasons": ["no id", "no time"], "rows": 5},
    ]
    files = [
        {"name": "b.csv", "rows": 1, "bytes": 2, "sha256": "x"},
        {"name": "a.csv", "rows": 3, "bytes": 4, "sha256": "y"},
    ]

    assert [(one.table, one.rows) for one in refusals(rows)] == [
        ("quality.events", 5), ("quality.events", 2), ("quality.people", 1),
    ]  # fmt: skip
    assert [file.name for file in payload_files(files)] == ["a.csv", "b.csv"]


def test_a_mail_shows_our_pictures_and_its_links_lead_nowhere():
    html = (
        "<html><head lang='en'><title>t</title></head><body><a href='https://shop.example/1'>x</a>"
        '<img src="https://images.shop.example/fruit.png?w=1" alt=""><img src=\'https://images.shop.example/odd.png\'></body></html>'
    )
    shown = self_contained(html, images={"fruit.png": data_uri("fruit.png", b"png")})

    assert '<img src="data:image/png;base64,cG5n" alt="">' in shown
    assert "src='https://images.shop.example/odd.png'" in shown
    assert "<head lang='en'><base target=\"_blank\"><title>" in shown


def test_what_is_invented_is_told_with_what_was_planted():
    told = " ".join(invented({"seed": 7, "orders": {"duplicates": 312, "junk": {"a": 1, "b": 2}}}, place="truth.json"))

    assert "from the seed 7" in told
    assert "312 orders delivered twice, 3 junk lines." in told
    assert invented(None, place="truth.json") == ()


def test_a_page_that_reads_what_is_not_there_is_an_error_with_its_place():
    with pytest.raises(TemplateError, match=r"'nothing' is undefined"):
        render_page("{% include 'part' %}", partials={"part": "\n{{ nothing }}"}, context={})
    with pytest.raises(TemplateError, match=r"the page:2"):
        render_page("\n{% if %}", partials={}, context={})
