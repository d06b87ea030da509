"""Names and syntax: every mistake of a template is named at once, by line, column and the nearest right thing."""

import pytest

from tests.rendering.check.conftest import HTML


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "{{ frist_name | uper }}{% if points is evn %}{% endif %}",
            [
                "LM102 1:4 'frist_name' is not declared as an input of the campaign",
                "LM104 1:17 unknown filter 'uper'",
                "LM105 1:40 unknown test 'evn'",
            ],
        ),
        (
            "{% for p in picks %}\n{{ p.nmae }}{{ born_on.yer }}\n{% endfor %}{{ tags.name }}",
            [
                "LM103 2:6 picks[].nmae is not declared: picks[] has no field 'nmae'",
                "LM103 2:24 born_on.yer is not declared: born_on has no field 'yer'",
                "LM103 3:21 tags.name is not declared: tags has no field 'name'",
            ],
        ),
        ("{{ picks | map(attribute='nme') | join }}", ["LM103 1:26 picks[] has no field 'nme'"]),
        ("{% set p = picks | last %}{% if picks %}{{ (picks | last).nme }}{% endif %}", ["LM103 1:58 picks[] has no field 'nme'"]),
        (
            "{% if points %}\n{{ points\na b }}\n{% endfor %}\n{{ a b }}\n{{ pionts }}",
            [
                "LM101 3:1 expected token 'end of print statement', got 'a'",
                "LM101 4:4 {% endfor %} closes nothing",
                "LM101 5:6 expected token 'end of print statement', got 'b'",
                "LM102 6:4 'pionts' is not declared as an input of the campaign",
            ],
        ),
        ("\n{% if points %}\n{% for t in tags %}x", ["LM101 2:1 {% if %} is never closed", "LM101 3:1 {% for %} is never closed"]),
        ("{% fro t in tags %}x{% endfor %}", ["LM106 1:4 unknown tag 'fro'", "LM101 1:24 {% endfor %} closes nothing"]),
        ("Hi\n{{ points", ["LM101 2:1 {{ is never closed"]),
        ("{{ points $ 3 }}{{ pionts }}", ["LM101 1:11 unexpected char '$'", "LM102 1:20 'pionts' is not declared as an input of the campaign"]),
        ("Hi\n{# never", ["LM101 2:1 {# is never closed"]),
        ("{% if points\n", ["LM101 1:1 {% is never closed"]),
        (
            "{% include 'nope.j2' %}{% include 'text.j2' %}",
            ["LM107 1:13 no file 'nope.j2' to include", "LM108 1:36 text.j2 includes itself"],
        ),
        (
            "{{ city.upper() }}{{ points ** 2 }}",
            [
                "LM109 1:14 only range(), loop.cycle() and loop.changed() can be called, and macros",
                "LM109 1:22 the operator ** is not part of the template language",
            ],
        ),
        ("{{ city | upper }}{% for t in tags %}{{ loop.index }}{{ t }}{% endfor %}{{ born_on.year }}", []),
        ("{% macro hi(n) %}{{ n }}{% endmacro %}{{ hi(city) }}{% with n = city %}{{ n }}{% endwith %}", []),
    ],
)  # fmt: skip
def test_every_mistake_is_named_with_its_place(told, text, expected):
    assert told(text) == expected


@pytest.mark.parametrize(
    ("text", "suggestion"),
    [
        ("{{ frist_name }}", "did you mean 'first_name'? Or declare 'frist_name' under inputs in campaign.yml"),
        ("{{ zebra }}", "declare 'zebra' under inputs in campaign.yml"),
        ("{{ city | uper }}", "did you mean 'upper'?"),
        ("{{ coupon.cod }}", "did you mean 'code'?"),
        ("{% esle %}", "did you mean 'else'?"),
        ("{% if points %}x", "add {% endif %}"),
        ("{% if points %}x{% endfor %}", "the open block is {% if %}: write {% endif %}"),
        ("{% include 'txt.j2' %}", "did you mean 'text.j2'?"),
    ],
)
def test_a_suggestion_says_what_to_write(findings, text, suggestion):
    assert [one.suggestion for one in findings(text=text)][-1] == suggestion


def test_a_circle_of_includes_and_a_block_that_is_not_closed_are_named_in_their_files(findings):
    files = {"a.j2": "{% include 'b.j2' %}", "b.j2": "{% include 'a.j2' %}", "c.j2": "\n  {% if points %}"}

    found = findings(text="{% include 'a.j2' %}{% include 'c.j2' %}", files=files)

    assert [(one.rule, one.file, one.line, one.column) for one in found] == [
        ("LM108", "b.j2", 1, 13),
        ("LM101", "c.j2", 2, 3),
    ]


def test_a_finding_holds_the_source_line_and_the_width_of_what_it_is_about(findings):
    (found,) = findings(text="Hello\n  dear {{ frist_name }},")

    assert (found.source_line, found.column, found.width) == ("  dear {{ frist_name }},", 11, 10)


def test_a_style_sheet_that_depends_on_data_is_told_before_the_engine_refuses_it(findings):
    (found,) = findings(html=HTML.replace("<p>", "<style>p { color: {{ city }} }</style><p>"))

    assert (found.rule, found.message) == ("LM110", "a style sheet that is inlined depends on data")
