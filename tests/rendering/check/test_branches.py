"""Branches: a condition that is the same in every message is told, with why."""

import pytest

SEGMENTS = "it is one of 'lapsing', 'loyal', 'new'"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{% if points is none %}x{% endif %}", ["LM401 1:7 points is none never holds: points is declared as never null"]),
        ("{% if points is not none %}x{% endif %}", ["LM402 1:7 points is not none always holds: points is declared as never null"]),
        ("{% if city is defined %}x{% endif %}", ["LM402 1:7 city is defined always holds: only an input with missing: skip_block can be undefined"]),
        ("{% if links %}x{% endif %}", ["LM402 1:7 links always holds: links is declared as never null, and a struct is never empty"]),
        ("{% if true %}x{% endif %}", ["LM402 1:7 True always holds"]),
        ("{% if false %}x{% endif %}", ["LM401 1:7 False never holds"]),
        ("{% if city and not city %}x{% endif %}", ["LM401 1:20 not city never holds, since line 1 asked already"]),
        (
            "{% if segment == 'new' %}\n{% if segment == 'loyal' %}x{% elif segment == 'new' %}y{% endif %}{% endif %}",
            [
                "LM401 2:7 segment == 'loyal' never holds, since line 1 asked already",
                "LM402 2:37 segment == 'new' always holds, since line 1 asked already",
            ],
        ),
        (
            "{% if segment != 'new' %}{% if segment in ['new'] %}x{% endif %}{% endif %}",
            ["LM401 1:32 segment in ['new'] never holds, since line 1 asked already"],
        ),
        (
            "{% if not first_name %}{% if first_name is not none and first_name %}x{% endif %}{% endif %}",
            ["LM401 1:57 first_name never holds, since line 1 asked already"],
        ),
        (
            "{% if segment == 'lojal' %}x{% elif segment in ['new', 'gold'] %}y{% endif %}",
            [f"LM403 1:7 segment is never 'lojal': {SEGMENTS}", f"LM403 1:37 segment is never 'gold': {SEGMENTS}"],
        ),
        ("{{ 'x' if segment != 'gold' else 'y' }}", [f"LM403 1:11 segment is never 'gold': {SEGMENTS}"]),
        (
            "{% if points > 3 %}x{% elif member %}y{% elif points > 3 %}z{% endif %}",
            ["LM404 1:47 points > 3 was asked at line 1 already, so that this branch is never taken"],
        ),
    ],
)  # fmt: skip
def test_a_constant_condition_is_told(told, text, expected):
    assert told(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "{% if segment == 'new' %}a{% elif segment == 'loyal' %}b{% elif segment == 'lapsing' %}c{% else %}d{% endif %}",
        "{% if segment in ['new', 'loyal'] %}{% if segment == 'new' %}a{% endif %}{% endif %}",
        "{% if picks %}a{% endif %}{% if city %}b{% endif %}{% if coupon is none %}c{% endif %}{% if points %}d{% endif %}",
        "{% if gift is defined %}a{% endif %}",
        "{% macro m(n) %}{% if n %}a{% endif %}{% endmacro %}{{ m(true) }}{{ m(false) }}",
        "{% for t in tags %}{% if t == 'a' %}x{% endif %}{% if t == 'b' %}y{% endif %}{% endfor %}",
        "{% if points > 3 %}{% if points > 5 %}x{% endif %}{% endif %}",
    ],
)
def test_an_open_condition_is_not_told(told, text):
    assert told(text) == []


def test_a_block_is_told_of_a_constant_condition_only_if_all_that_include_it_make_it_so(findings):
    block = {"a.j2": "{% if member %}x{% endif %}"}
    guarded = "{% if member %}{% include 'a.j2' %}{% endif %}"

    told = [(one.rule, one.file, one.line, one.column) for one in findings(text=guarded, files=block)]
    quiet = findings(text=guarded + "{% include 'a.j2' %}", files=block)

    assert told == [("LM402", "a.j2", 1, 7)]
    assert quiet == ()
