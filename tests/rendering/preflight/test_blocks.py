"""Empty blocks: told where a message came through an include or block that shows nothing, and nowhere else."""

import pytest
from pyspark.sql.pandas.types import to_arrow_type

from lettermill.rendering.declared import arrow_type
from lettermill.rendering.messages import render_messages
from lettermill.rendering.preflight.blocks import empty_blocks, with_empty_blocks
from lettermill.rendering.preflight.counting import paths
from lettermill.rendering.preview.branches import plans_of
from tests.rendering.conftest import INPUTS
from tests.rendering.preflight.slots import judged
from tests.rendering.test_messages import CONTEXTS, context

COUPON = "\n{% if coupon %}Use {{ coupon.code }}{% endif %}\n"
PICKS = "{% for pick in picks %}{{ pick.name }}{% endfor %}"


@pytest.mark.parametrize(
    ("html", "taken", "empty"),
    [
        ("{% include 'coupon.j2' %}", [], ["html:coupon.j2"]),
        ("{% include 'coupon.j2' %}", ["html:coupon.j2:2.if"], []),
        ("{% include 'coupon.j2' %}{% include 'coupon.j2' %}", [], ["html:coupon.j2"]),
        ("{% if locale %}{% include 'coupon.j2' %}{% endif %}", [], []),
        ("{% if locale %}{% include 'coupon.j2' %}{% endif %}", ["html:1.if"], ["html:coupon.j2"]),
        ("{% if locale %}a{% else %}{% include 'coupon.j2' %}{% endif %}", ["html:1.else"], ["html:coupon.j2"]),
        ("{% include 'picks.j2' %}", [], ["html:picks.j2"]),
        ("{% include 'picks.j2' %}", ["html:picks.j2:1.for"], []),
        ("{% block offer %}{% include 'coupon.j2' %}{% endblock %}", [], ["html:offer"]),
        ("{% block offer %}Hi{% include 'coupon.j2' %}{% endblock %}", [], ["html:coupon.j2"]),
        ("{% block offer %} {% endblock %}", [], []),
        ("{% block offer %}{% set a = 1 %} {% endblock %}", [], []),
    ],
)  # fmt: skip
def test_a_block_is_empty_where_it_was_reached_and_shows_nothing(template_of, html, taken, empty):
    template = template_of(html=html, text="Hi", files={"coupon.j2": COUPON, "picks.j2": PICKS})
    plans = plans_of(template, types={name: arrow_type(ddl) for name, ddl in INPUTS.items()})

    assert empty_blocks({"html": plans["html"]}, taken=frozenset(taken)) == empty


def test_ways_through_rendered_messages_name_their_empty_blocks(given, template_of):
    html = "{{ first_name }}{% include 'coupon.j2' %}"
    inputs = {**INPUTS, "at": "timestamp"}
    template = template_of(html=html, text="Hi", files={"coupon.j2": COUPON}, inputs=inputs)
    some = {"template_version": template.version}
    contexts = given(
        CONTEXTS,
        context("a", **some),
        context("b", coupon=None, **some),
        context("c", coupon=None, **some),
        context("d", template_version="another"),
    )
    messages = render_messages(contexts, templates={template.version: template}, engine="e")
    ways = paths(judged(given, *(row.asDict() for row in messages.collect())))
    told = with_empty_blocks(
        ways, templates={template.version: template}, inputs=to_arrow_type(contexts.schema["inputs"].dataType)
    )

    assert sorted((row["branches"], row["messages"], row["example"], row["blocks"]) for row in told.collect()) == [
        (["html:coupon.j2"], 2, "b", ["html:coupon.j2"]),
        (["html:coupon.j2", "html:coupon.j2:2.if"], 1, "a", []),
    ]
