"""A part in blocks: together they are the part, and each is known by what it writes."""

import pyarrow.compute as pc
import pytest

from lettermill.rendering.compiled import compile_template
from lettermill.rendering.diff.blocks import PartBlocks
from lettermill.rendering.diff.rendering import render_blocks
from lettermill.rendering.mail import Part
from tests.rendering.corpus import CASES, PEOPLE

LAYOUT = "<h1>{% block head %}Shop{% endblock %}</h1>{% block main %}{% endblock %}<p>bye</p>"


def in_blocks(template, partials=None):
    partials = partials or {}
    renderer = compile_template(
        template, language="jinja2", schema=PEOPLE.schema, autoescape=True, partials=partials, missing="missing"
    )
    return PartBlocks(Part("html", renderer), repr((template, partials)))


def names_of(template, partials=None):
    return [block.name for block in in_blocks(template, partials).blocks]


@pytest.mark.parametrize("name", CASES)
def test_the_blocks_of_a_part_one_after_the_other_are_the_part(name):
    part = in_blocks(CASES[name].template, CASES[name].partials)
    places = range(len(part.blocks))
    found = render_blocks(part, places, PEOPLE)
    alone = [render_blocks(part, [place], PEOPLE) for place in places]

    whole = part.part.renderer.render(PEOPLE).text
    texts = pc.binary_join_element_wise(*(found.texts[place] for place in places), "")
    for row in range(PEOPLE.num_rows):
        if not found.deferred[row]:
            assert texts[row] == whole[row]
            for place in places:
                assert alone[place].texts[place][row] == found.texts[place][row]


def test_includes_blocks_and_the_text_between_them_are_blocks():
    partials = {"a.j2": "A{{ name }}", "b.j2": "B{% include 'c.j2' %}", "c.j2": "C", "page.j2": LAYOUT}

    assert names_of("x{% include 'a.j2' %}y", partials) == ["html", "html:a.j2", "html"]
    assert names_of("{% if flag %}{% include 'a.j2' %}{% else %}{% include 'c.j2' %}{% endif %}", partials) == [
        "html:a.j2, html:c.j2"
    ]
    assert names_of("{% include 'b.j2' %}", partials) == ["html:b.j2", "html:c.j2"]
    assert names_of("{% extends 'page.j2' %}{% block main %}{% include 'a.j2' %}z{% endblock %}", partials) == [
        "html", "html:head", "html", "html:a.j2", "html:main", "html"
    ]  # fmt: skip


def test_a_block_is_known_by_what_it_writes_and_not_by_its_lines_names_or_neighbours():
    def digest(template):
        return in_blocks(template, {"a.j2": "A"}).blocks[-1].digest

    loop = "{% for p in picks %}{{ loop.index }}{{ p.stock }}{% endfor %}"
    first = digest("{% include 'a.j2' %}{% if n %}{{ n }}{% endif %}" + loop)

    assert first == digest("{% set m = k %}\n{{ m }}{% include 'a.j2' %}{% if n %}{{ n }}{% endif %}" + loop)
    other = "{% for q in picks %}{{ loop.index }}{{ q.stock }}{% endfor %}"
    assert first == digest("{% include 'a.j2' %}{% if n %}{{ n }}{% endif %}" + other)
    assert first != digest("{% include 'a.j2' %}{% if k %}{{ n }}{% endif %}" + loop)
    assert first != digest("{% include 'a.j2' %}{% if n %}{{ n }}{% endif %}" + loop.replace("index", "index0"))


def test_a_block_is_another_where_what_it_needs_is_bound_otherwise():
    def last(bound):
        return in_blocks("{% set m = " + bound + " %}{% include 'a.j2' %}{{ m }}", {"a.j2": "A"}).blocks[-1]

    assert last("n").digest == last("n").digest != last("k").digest
    assert last("n").reads == {"n"}
