"""Liquid templates are untrusted: nothing but keys and positions is reached, and nothing grows without bounds."""

import os
import time
from datetime import UTC, date, datetime

import pytest

from lettermill.rendering.liquid.library import LiquidLibrary
from tests.rendering.conftest import CORPORA


def rendered(source, *, autoescape=True, partials=None, **inputs):
    return LiquidLibrary(source, name="html", partials=partials or {}, autoescape=autoescape).render(inputs)


class Secretive:
    """A thing with attributes, as no input is."""

    secret = "s3cret"

    def __str__(self):
        return "a thing"


@pytest.mark.parametrize(
    "path",
    ["x.secret", "x['secret']", "x.__class__", "x.__dict__", "text.__class__", "text.upper", "text.format", "list.append",
     "list.__len__", "day.year", "number.real", "forloop", "struct.keys", "struct.items", "struct.get"],
)  # fmt: skip
def test_attributes_are_out_of_reach(path):
    inputs = {"x": Secretive(), "text": "t", "list": [1], "day": date(2024, 1, 1), "number": 1, "struct": {"a": 1}}
    outcome = rendered("{{ " + path + " }}", **inputs)

    assert (outcome.text, outcome.fault) == (None, path.replace("['secret']", ".secret") + " is missing, at html:1")


def test_what_loops_know_has_nothing_behind_it():
    outcome = rendered("{% for i in list %}{{ forloop.it }}{% endfor %}", list=[1])

    assert outcome.fault == "forloop.it is missing, at html:1"


@pytest.mark.parametrize(
    ("source", "fault"),
    [
        ("{% for a in (1..1000) %}{% for b in (1..1000) %}{% endfor %}{% endfor %}", "loops take more than 20,000 steps"),
        ("{% tablerow a in (1..1000) %}{% for b in (1..1000) %}{% endfor %}{% endtablerow %}", "more than 20,000 steps"),
        ("{% for a in (1..1000) %}{% render 'a.html' for many as m %}{% endfor %}", "more than 20,000 steps"),
        ("{% for a in (1..99999999999) %}{% endfor %}", "a range of more than 1,000"),
        ("{{ (1..99999999999) | join }}", "a range of more than 1,000"),
        ("{{ text | replace: 'x', text }}", "longer than 1,000,000 characters"),
        ("{{ many | join: text }}", "longer than 1,000,000 characters"),
        ("{% assign a = text %}" + "{% assign a = a | append: a %}" * 12, "longer than 1,000,000 characters"),
        ("{% assign a = many %}" + "{% assign a = a | concat: a %}" * 12, "a list of more than 10,000 items"),
        ("{% assign a = 9 %}" + "{% assign a = a | times: a %}" * 20, "a whole number is too large"),
        ("{% for a in (1..900) %}{{ text }}{% endfor %}", "the part is larger than 1,000,000 bytes"),
        ("{% capture a %}{% for a in (1..900) %}{{ text }}{% endfor %}{% endcapture %}", "larger than 1,000,000 bytes"),
        ("{{ day | date: '%999999999Y' }}", "date with a directive wider than 99"),
        ("{{ many | concat: many | concat: many | uniq }}", "a list of more than 1,000 items"),
    ],
)  # fmt: skip
def test_nothing_grows_without_bounds(source, fault):
    outcome = rendered(source, partials={"a.html": ""}, text="x" * 2_000, many=list(range(600)), day=date(2024, 1, 1))

    assert outcome.text is None
    assert fault in outcome.fault


def test_the_names_of_a_template_hold_so_much_and_no_more():
    source = "".join(f"{{% assign a{number} = text | append: '{number}' %}}" for number in range(40))

    assert rendered(source, text="x" * 900_000).fault == "what the template assigns is too large, at html:1"


def test_faults_say_the_cause_and_the_place_and_no_value_of_the_data():
    secret = "anna@example.org"
    sources = {
        "\n{{ secret | divided_by: 0 }}": "divided_by cannot work on this value, at html:2",
        "{{ list | map: 'x' }}": "map cannot work on this value, at html:1",
        "{% if list < secret %}{% endif %}": "LiquidTypeError while evaluating, at html:1",
        "{{ struct[secret].b.c }}": "struct[secret].b.c is missing, at html:1",
        "{% render 'a.html', given: secret %}": "given.a is missing, at a.html:3",
        "{{ list | sort: secret }}": "sort cannot work on this value, at html:1",
    }
    told = {
        source: rendered(
            source, partials={"a.html": "\n\n{{ given.a }}"}, secret=secret, list=[1, secret], struct={}
        ).fault
        for source in sources
    }

    assert told == sources


def test_dates_read_no_clock_no_zone_and_no_locale(monkeypatch):
    source = (
        "{{ a | date: '%Y-%m-%d %H:%M' }} {{ b | date: '%d %B %Y %Z' }} {{ c | date: '%H:%M %z' }} {{ d | date: '%A' }}"
    )
    inputs = {
        "a": 1_700_000_000,
        "b": "2024-02-29",
        "c": "2024-02-29T10:00+02:00",
        "d": datetime(2024, 2, 29, tzinfo=UTC),
    }
    written = []
    for zone in ("UTC", "America/New_York", "Asia/Tokyo"):
        monkeypatch.setenv("TZ", zone)
        time.tzset()
        written.append(rendered(source, **inputs).text)
    monkeypatch.undo()
    os.environ.setdefault("TZ", "UTC")
    time.tzset()

    assert written == ["2023-11-14 22:13 29 February 2024  10:00 +0200 Thursday"] * 3


@pytest.mark.parametrize(
    ("value", "fmt", "fault"),
    [
        ("now", "%Y", "date of the clock: no template reads it, at html:1"),
        ("today", "%Y", "date of the clock: no template reads it, at html:1"),
        ("5 May", "%Y", "date of a text that is no whole date, at html:1"),
        ("10:30", "%H", "date of a text that is no whole date, at html:1"),
        (date(2024, 1, 1), "%s", "date with %s reads the machine's time zone, at html:1"),
    ],
)
def test_dates_that_would_need_the_machine_are_faults(value, fmt, fault):
    assert rendered("{{ value | date: fmt }}", value=value, fmt=fmt).fault == fault


def test_names_of_the_clock_are_inputs_like_any_other():
    assert rendered("{{ now }}", now="given").text == "given"
    assert rendered("{{ now }}").fault == "now is missing, at html:1"


def test_data_is_never_a_template_and_markup_in_it_is_escaped():
    assert rendered("{{ text }}{{ text | upcase }}", text="{{ secret }}<b>", secret="s").text == (
        "{{ secret }}&lt;b&gt;{{ SECRET }}&lt;B&gt;"
    )
    launders = (
        "| newline_to_br",
        "| strip_newlines",
        "| url_decode",
        "| escape_once",
        "| default: 'x'",
        "| append: '<i>'",
    )
    texts = [rendered("{{ text " + filter_ + " }}", text="<script>%3Cb%3E").text for filter_ in launders]
    assert not any("<script" in text or "<b" in text for text in texts)


@pytest.mark.skipif(not (CORPORA / "payloads").is_dir(), reason="the corpora are not here")
def test_hostile_strings_stay_text():
    hostile = [
        line
        for file in sorted((CORPORA / "payloads").rglob("*.txt"))[:20]
        for line in file.read_text(encoding="utf-8", errors="replace").splitlines()[:200]
    ]
    library = LiquidLibrary("<p>{{ text }}</p>", name="html", partials={}, autoescape=True)
    texts = [library.render({"text": line}).text for line in hostile]

    assert hostile
    assert all(text.count("<") == 2 and text.count(">") == 2 for text in texts)
