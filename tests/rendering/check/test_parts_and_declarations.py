"""Headers, parts and declarations."""

import pytest

from tests.rendering.check.conftest import HTML, INPUTS, PARTS, campaign_of, yml_of

BREAK = "a line break stands in the subject: every message that gets it is a fault"
ONE_LINE = "may hold a line break, and a message with one in the subject is a fault"


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        ("x" * 79, ["LM603 warning 1:1 the subject has 79 characters beside its data; phones show about 40, desks about 60"]),
        ("x" * 61, ["LM603 note 1:1 the subject has 61 characters beside its data; phones show about 40, desks about 60"]),
        ("{% if member %}" + "x" * 79 + "{% endif %}", ["LM603 warning 1:16 the subject has 79 characters beside its data; phones show about 40, desks about 60"]),
        ("{% if member %}\nHi\n{% endif %}", [f"LM604 error 2:1 {BREAK}"]),
        ("Hi\n{{ points }}", [f"LM604 error 1:1 {BREAK}"]),
        ("{{ city }} {{ city }}", [f"LM605 note 1:4 city {ONE_LINE}"]),
        ("x" * 60, []),
        ("{% if member -%}\nHi\n{%- endif %}\n", []),
        ("{{ segment }} {{ city | striptags }} {{ points }} {{ balance | money('USD', locale) }}", []),
    ],
)  # fmt: skip
def test_a_subject_is_short_and_one_line(findings, subject, expected):
    found = findings(subject=subject)

    assert [f"{one.rule} {one.severity} {one.line}:{one.column} {one.message}" for one in found] == expected


def test_parts_that_are_absent_misnamed_or_without_a_file_are_told(findings):
    parts = {"subject": "subjct.j2", "htm": "html.j2"}
    files = {"campaign.yml": yml_of(parts=parts)}

    found = findings(campaign=campaign_of(parts=parts, inputs={}), files=files)

    assert [(one.rule, one.severity, one.line, one.column, one.message, one.suggestion) for one in found] == [
        ("LM407", "error", 1, 1, "a mail needs the part 'html'", "add html: html.j2 to parts"),
        ("LM601", "note", 1, 1, "there is no text part: it is derived from the html", "write one where the order of reading matters"),
        ("LM602", "note", 1, 1, "there is no preheader: inboxes show the first words of the mail behind the subject", "add a part preheader of 40 to 90 characters"),
        ("LM107", "error", 2, 3, "the file 'subjct.j2' of part 'subject' is not there", "did you mean 'subject.j2'?"),
        ("LM407", "error", 3, 3, "unknown part 'htm'", "did you mean 'html'?"),
    ]  # fmt: skip


def test_declarations_that_are_wrong_or_not_read_are_told_at_their_line(findings):
    more = {"extra": ("int", "default", "three"), "bad": ("strng", "fail", None), "worse": ("array<", "fail", None)}
    inputs = {**INPUTS, **more, "spare": ("map<string, int>", "default", None)}

    found = findings(
        campaign=campaign_of(inputs=inputs),
        files={"campaign.yml": yml_of(inputs)},
        text="{{ extra }}{{ bad }}{{ worse }}",
    )

    assert [(one.rule, one.line, one.message, one.suggestion) for one in found] == [
        ("LM407", 22, "inputs.extra.default is 'three', which is no int", "write a default of the declared type"),
        ("LM407", 23, "inputs.bad.type: 'strng' is no type", "did you mean 'string'?"),
        ("LM407", 24, "inputs.worse.type is no type: 'array<'", "write Spark DDL, such as array<struct<name: string>>"),
        ("LM405", 25, "no part reads spare", "take it out of inputs, or use it"),
    ]


def test_a_file_that_no_part_uses_is_noted_and_a_macro_file_is_not(findings):
    files = {"unused.j2": "x", "macros.j2": "{% macro hi(n) %}{{ n }}{% endmacro %}", "notes.md": "{{ x"}

    found = findings(text="{% from 'macros.j2' import hi %}{{ hi(city) }}", files=files)

    assert [(one.rule, one.severity, one.file) for one in found] == [("LM406", "note", "unused.j2")]


def test_a_mail_without_an_input_for_unsubscribing_is_told(findings):
    html = HTML.replace("{{ links.unsubscribe }}", "https://a.example")
    inputs = {name: one for name, one in INPUTS.items() if name != "links"}

    (found,) = findings(campaign=campaign_of(inputs=inputs), html=html)

    assert (found.rule, found.message) == ("LM503", "no input holds an unsubscribe link")


def test_values_of_a_case_are_an_enumeration_and_other_sql_is_none(findings):
    open_ended = campaign_of(columns={"segment": "CASE WHEN a THEN 'new' ELSE tier END"})

    assert [one.rule for one in findings(text="{% if segment == 'gold' %}x{% endif %}")] == ["LM403"]
    assert findings(text="{% if segment == 'gold' %}x{% endif %}", campaign=open_ended) == ()


def test_a_comment_allows_a_rule_in_its_line_and_the_next(findings):
    allowed = "{# lettermill: allow LM301, LM302 #}\n{{ first_name }}\n{{ first_name }}"
    another = "{# lettermill: allow LM302 #}{{ first_name }}"

    assert findings(text=allowed.removesuffix("\n{{ first_name }}")) == ()
    assert [one.rule for one in findings(text=another)] == ["LM301"]


def test_a_campaign_in_order_has_no_findings(findings):
    assert findings() == ()
    assert set(PARTS) == {"subject", "preheader", "html", "text"}
