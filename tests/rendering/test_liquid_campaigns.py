"""A campaign in Liquid: loaded, styled, with a text part, rendered in columns as python-liquid does it row by row."""

from datetime import date
from decimal import Decimal
from hashlib import sha256
from types import SimpleNamespace

import pytest
from pyspark.sql import functions as F

from lettermill import tables
from lettermill.campaigns.definition import Campaign, Experiment, Slate
from lettermill.errors import TemplateError
from lettermill.lake import conform
from lettermill.rendering.declared import arrow_type
from lettermill.rendering.messages import render_messages
from lettermill.rendering.preview.branches import branches_of, plans_of
from lettermill.rendering.rowwise import renderer
from lettermill.rendering.templates import stored_template, template_rows
from tests.rendering.conftest import INPUTS

DDL = "first_name: string, picks: array<struct<name: string, price: decimal(12,2), url: string>>, coupon: struct<code: string, minimum: decimal(12,2), expires_on: date>, locale: string, slots: struct<hero: string>"
SLOTTED = INPUTS | {"slots": "struct<hero: string>"}
HERO = {"hero": SimpleNamespace(shown=("old", "new"))}
HTML = """<style>
.p { color: red; }
</style>
<p class="p">Hello {{ first_name | default: 'you' }}</p>
{% include 'slots/hero.html.liquid' %}
<ul>{% for pick in picks %}<li><a href="{{ pick.url }}">{{ pick.name }}</a>: {{ pick.price | money: 'USD', locale }}</li>{% endfor %}</ul>
"""
FILES = {
    "../_blocks/old/html.liquid": "<b class='p'>Again{% if coupon %}: {{ coupon.code }}{% endif %}</b>\n",
    "../_blocks/new/html.liquid": "<b>Welcome</b>\n",
}
PEOPLE = [
    {
        "first_name": "Zoë <3",
        "picks": [{"name": "Jam & Co", "price": Decimal("1234.50"), "url": "https://s.example/?a=1&b=2"}],
        "coupon": {"code": "X1", "minimum": None, "expires_on": date(2018, 1, 2)},
        "locale": "de_DE",
        "slots": {"hero": "old"},
    },
    {"first_name": None, "picks": [], "coupon": None, "locale": "en_US", "slots": {"hero": "new"}},
    {
        "first_name": "Eve",
        "picks": [{"name": "x", "price": Decimal("1.00"), "url": "javascript:alert(1)"}],
        "coupon": None,
        "locale": "en_US",
        "slots": {"hero": None},
    },
]


@pytest.fixture
def liquid_of(template_of):
    """Load a campaign in Liquid with the slot `hero`."""

    def load(html=HTML, *, files=FILES, slots=HERO, inputs=SLOTTED, **sources):
        sources = {"subject": "For {{ first_name | default: 'you' }}\n", **sources}
        return template_of(html=html, files=files, slots=slots, inputs=inputs, language="liquid", **sources)

    return load


def test_messages_in_columns_are_those_of_python_liquid_row_by_row(liquid_of, spark):
    template = liquid_of()
    contexts = spark.createDataFrame(
        [(f"m{place}", "spring", "d", template.version, [], person) for place, person in enumerate(PEOPLE)],
        f"message_id string, campaign string, occurrence string, template_version string, missing array<string>, inputs struct<{DDL}>",
    )

    rows = render_messages(contexts, templates={template.version: template}, engine="e").orderBy("message_id").collect()

    wanted = [renderer(template).render(person) for person in PEOPLE]
    assert [{part: one.sha256 for part, one in row.parts.items()} for row in rows] == [
        {part: sha256(text.encode()).hexdigest() for part, text in one.parts.items()} for one in wanted
    ]
    assert [(row.fault, row.fault_part, tuple(row.branches)) for row in rows] == [
        (one.fault, one.fault_part, one.branches) for one in wanted
    ]
    assert [row.fault for row in rows] == [None, None, "a link that is none of http, https, mailto, tel and cid"]


def test_a_mail_in_liquid_has_its_styles_its_blocks_and_a_text_part(liquid_of):
    parts = renderer(liquid_of()).render(PEOPLE[0]).parts

    assert parts["subject"] == "For Zoë <3"
    assert '<p class="p" style="color: red;">' in parts["html"]
    assert "Again: X1</b>" in parts["html"]
    assert "{" not in parts["html"]
    assert "Jam &amp; Co" in parts["html"]
    assert parts["text"].split()[:4] == ["Hello", "Zoë", "<3", "Again:"]


def test_lines_keep_their_numbers_and_every_block_is_a_branch(liquid_of):
    template = liquid_of(HTML + "{% if coupon %}x{% endif %}")

    branches = branches_of(plans_of(template, types={name: arrow_type(ddl) for name, ddl in SLOTTED.items()}))

    assert "html:7.if" in branches
    assert [one for one in branches if one.startswith("html:slots/")][1:] == [
        "html:slots/hero.html.liquid:1.if",
        "html:slots/hero.html.liquid:2.elif",
    ]


def test_links_get_their_parameters(liquid_of):
    template = liquid_of(link_parameters={"utm_source": "mail"})

    assert "https://s.example/?a=1&amp;b=2&amp;utm_source=mail" in renderer(template).render(PEOPLE[0]).parts["html"]


def test_the_language_is_stored_with_the_template_and_part_of_its_version(liquid_of, template_of, spark):
    plain = {"html": "<p>x</p>", "text": "x", "subject": "x"}
    template = liquid_of(**plain, slots={})
    row = template_rows(template, spark=spark, as_of=F.lit("2018-01-01").cast("timestamp"))

    assert stored_template(conform(row, tables.rendering.TEMPLATES).first()) == template
    assert template.version != template_of(**plain, inputs=SLOTTED).version


@pytest.mark.parametrize(
    ("html", "problem"),
    [
        ("{% if first_name %}", "template syntax"),
        ("<p>\n{{ frist_name }}</p>", "frist_name"),
        ("{% include 'gone.liquid' %}", "no file 'gone.liquid'"),
        ("{% render 'card.liquid' %}", "a text part cannot be derived from files that are given values"),
        ("{% include 'card.liquid' with first_name %}", "a text part cannot be derived from files"),
        ("<a href={{ first_name }}>x</a>", "without quotes"),
    ],
)
def test_what_is_wrong_with_a_template_in_liquid_is_refused_when_it_is_loaded(liquid_of, html, problem):
    with pytest.raises(TemplateError, match=problem):
        liquid_of(html, files=FILES | {"card.liquid": "<b>x</b>"}, slots={})


def test_minified_is_not_for_liquid():
    with pytest.raises(ValueError, match="minified is for templates in Jinja2"):
        Campaign(
            "spring", "", "true", Experiment("s"), Slate(1, "''"), {}, {}, whitespace="minified", language="liquid"
        )
