"""The page of a pre-flight: the verdict in a sentence, everything escaped, and nothing that loads or runs."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser

import pytest

from lettermill.monitoring import wording
from lettermill.monitoring.page import page_sources
from lettermill.rendering.pages import render_page
from lettermill.rendering.preflight.page import (
    Example,
    Group,
    Limit,
    Report,
    Sheet,
    Shown,
    Stale,
    Tag,
    Way,
    age,
    page_context,
    page_source,
)  # fmt: skip

NOW = datetime(2018, 1, 8, tzinfo=UTC)
HOSTILE = "\"><script>alert('{{ 1 }}')</script><img src=http://x>"
ONE = Example(HOSTILE, HOSTILE)
MAIL = Shown("The longest", ONE, HOSTILE, 900, 80, f"<p>{HOSTILE}</p>")
GONE = replace(MAIL, title="The shortest", subject="", html_bytes=0, visible_bytes=None, page=None)
FULL = Sheet(
    template_version="v" * 64, verdict="blocked", messages=40, faulty=4,
    limits=(Limit("max_faulty_share", 0.05, 0.1, True, HOSTILE), Limit("max_stale_share", 0.1, 0.0, False, "kept")),
    causes=(Group(HOSTILE, "missing", 4, (ONE, ONE)),), warnings=(Group(HOSTILE, "clip", 1, (ONE,)),),
    stale=(Stale(HOSTILE, "7 days", "block", 3, "9 days", (ONE,)), Stale("picks", "7 days", "warn", 3, "unknown", (ONE,))),
    sizes="<svg></svg>", lengths="<svg></svg>", extremes=(MAIL, GONE),
    ways=(Way((Tag(HOSTILE, HOSTILE, True), Tag("html:3.if", "", False)), 9, MAIL),) * 8, paths=60,
)  # fmt: skip
BLOCKED = Report(
    "spring", "2018-01-01", HOSTILE, NOW, "e" * 64, (FULL,), "<svg></svg>", (("Audience", 0, 50), ("Faulty", 4, 46))
)
EMPTY = replace(
    FULL,
    verdict="passed",
    faulty=0,
    limits=(),
    causes=(),
    warnings=(),
    stale=(),
    sizes="",
    extremes=(),
    ways=(),
    paths=0,
)
PASSED = replace(BLOCKED, shop="Shop", sheets=(EMPTY,), waterfall="", losses=())


def written(report):
    return render_page(page_source(), partials=page_sources()[1], context=page_context(report, words=wording))


class Tags(HTMLParser):
    def __init__(self, page):
        super().__init__()
        self.tags, self.frames = [], []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        if tag == "iframe":
            self.frames.append(dict(attrs))


def test_hostile_data_is_shown_as_text_and_mails_stand_in_sandboxed_frames():
    found = Tags(written(BLOCKED))

    assert not {"script", "img", "link"} & {*found.tags}
    assert len(found.frames) == 7
    assert all(frame["sandbox"] is None and frame["srcdoc"] == MAIL.page for frame in found.frames)


def test_what_was_not_found_is_said_in_words():
    page = written(PASSED)

    for words in (
        "No message is faulty.",
        "There is nothing to warn of.",
        "every input is as fresh",
        "No message could be rendered to its end",
        "left no audience",
    ):
        assert words in page
    for words in (
        "60 distinct ways, of which the 8 most frequent",
        "2 more ways",
        "nobody knows how old",
        "Its context is not there",
    ):
        assert words in written(BLOCKED)


def test_each_template_version_has_its_own_places_to_jump_to():
    page = written(replace(BLOCKED, sheets=(FULL, EMPTY)))

    assert [page.count(f'id="{place}"') for place in ("limits", "2-limits", "faults", "2-faults")] == [1, 1, 1, 1]


@pytest.mark.parametrize(
    ("sheets", "verdict"),
    [
        ((FULL, EMPTY), "Blocked: none of 80 messages may leave"),
        ((replace(FULL, verdict="passed"),), "Passed: 36 of 40 messages may leave"),
        ((EMPTY,), "Passed: all 40 messages may leave"),
    ],
)
def test_the_verdict_is_one_sentence(sheets, verdict):
    assert replace(BLOCKED, sheets=sheets).verdict == verdict


@pytest.mark.parametrize(
    ("old", "words"),
    [
        (timedelta(days=9, hours=3), "9 days"),
        (timedelta(hours=47), "47 hours"),
        (timedelta(minutes=90), "90 minutes"),
        (None, "unknown"),
    ],
)
def test_an_age_is_told_in_the_largest_unit_that_says_enough(old, words):
    assert age(old and NOW - old, at=NOW) == words
