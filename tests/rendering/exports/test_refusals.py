"""What a language cannot say is refused by construct, file, line and target, all of a template together."""

import pytest

from lettermill.errors import TemplateError
from lettermill.rendering.exports.export import DIALECTS, export_parts, export_plan
from lettermill.rendering.exports.problems import ExportError
from lettermill.rendering.jinja.frontend import plan_of
from lettermill.rendering.liquid.frontend import plan_of as liquid_plan_of
from tests.rendering.exports.people import SCHEMA

TYPES = {field.name: field.type for field in SCHEMA}
EVERY = list(DIALECTS)


def plan(source, *, name="html", partials=None):
    return plan_of(source, name=name, schema=TYPES, autoescape=True, partials=partials or {})


@pytest.mark.parametrize(
    ("source", "targets", "construct", "place"),
    [
        ("a\n{% for i in items %}{% if loop.changed(i.name) %}x{% endif %}{% endfor %}", EVERY, "loop.changed remembers earlier steps", "html:2"),
        ("{% for k, v in items %}{{ k }}{% endfor %}", EVERY, "a loop that takes its items apart", "html:1"),
        ("{% macro m() %}<b>{% endmacro %}\n{{ m() | upper }}", EVERY, "a macro within an expression", "html:2"),
        ("{% filter upper %}{{ name }}{% endfilter %}", EVERY, "a macro within an expression", "html:1"),
        ("{{ name ~ ('<b>' | safe) }}", EVERY, "markup within an expression", "html:1"),
        ("{% include 'part' %}", EVERY, "loop.changed remembers earlier steps", "part:3"),
        ("{% for i in items %}{% for t in tags %}{% if i.name == t %}x{% endif %}{% endfor %}{% endfor %}", ["ampscript", "braze", "handlebars"], "a value of two loops over lists of their own", "html:1"),
        ("{% for i in items %}\n{% for j in items %}{{ i.name }}{% endfor %}{% endfor %}", ["handlebars"], "a loop over a list within a loop over the same list", "html:2"),
        ("x\n{ {{ name }} {{ '{' }}{{ name }}", ["handlebars"], "a brace right before a value or tag", "html:2"),
        (r"\{{ '{{ x' }}", ["handlebars"], "a backslash before two braces", "html:1"),
    ],
)  # fmt: skip
def test_what_cannot_be_said_is_named_with_its_line_and_target(source, targets, construct, place):
    partials = {"part": "\n\n{% for i in items %}{% if loop.changed(i.name) %}x{% endif %}{% endfor %}"}
    told = {}

    for target in DIALECTS:
        try:
            export_plan(plan(source, partials=partials), to=target, schema=SCHEMA)
        except ExportError as refused:
            told[target] = [(one.problem, one.place) for one in refused.problems if one.mend]

    title = {target: DIALECTS[target].title for target in targets}
    assert told == {target: [(f"{construct} cannot be exported to {title[target]}", place)] for target in targets}


def test_all_problems_of_all_parts_are_told_together():
    twice = "{{ name ~ ('<b>' | safe) }}\n{{ name }}\n{% filter upper %}{{ name }}{% endfilter %}"

    with pytest.raises(TemplateError) as refused:
        export_parts(
            {"html": plan(twice), "text": plan("{{ name ~ ('<b>' | safe) }}", name="text")}, to="braze", schema=SCHEMA
        )

    assert [one.place for one in refused.value.problems] == ["html:1", "html:3", "text:1"]
    assert str(refused.value).count("mend:") == 3


def test_what_stands_within_a_refused_condition_is_told_too():
    source = "{% macro m() %}{% endmacro %}{% if m() | upper %}\n{{ name ~ ('<b>' | safe) }}{% endif %}"

    with pytest.raises(ExportError) as refused:
        export_plan(plan(source), to="hubl", schema=SCHEMA)

    assert [one.place for one in refused.value.problems] == ["html:1", "html:2"]


def test_an_assignment_that_doubles_itself_is_refused_before_it_is_written_out():
    doubling = "{% set x = name %}" + "{% set x = x ~ x %}" * 60 + "{{ x }}"
    doubled_text = "{% set x %}text{% endset %}" + "{% set x %}{{ x }}{{ x }}{% endset %}" * 60 + "{{ x }}"

    for source in (doubling, doubled_text):
        with pytest.raises(ExportError, match="an assignment this long"):
            export_plan(plan(source), to="braze", schema=SCHEMA)


def test_a_template_in_liquid_is_refused():
    written = liquid_plan_of("Hi\n{{ name }}", name="html", schema=TYPES, autoescape=True, partials={})

    with pytest.raises(ExportError, match="a template in liquid cannot be exported to HubL"):
        export_plan(written, to="hubl", schema=SCHEMA)
