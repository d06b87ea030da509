"""Nulls: what may be null must be guarded, or have a default, on every way to the place that needs it."""

import pytest

NULL = "first_name may be null, and a printed null is a fault"
UPPER = "first_name may be null, and the filter upper of a null is a fault"


@pytest.mark.parametrize(
    "text",
    [
        "{{ city }}",
        "{% if first_name %}{{ first_name }}{% endif %}",
        "{% if first_name is not none %}{{ first_name | upper }}{% endif %}",
        "{% if first_name != none %}{{ first_name }}{% endif %}",
        "{% if first_name is none %}x{% else %}{{ first_name }}{% endif %}",
        "{% if not first_name %}x{% elif points > 3 %}{{ first_name }}{% else %}{{ first_name }}{% endif %}",
        "{% if first_name is not none and first_name | length > 3 %}{{ first_name }}{% endif %}",
        "{% if first_name is none or first_name | length > 3 %}x{% else %}{{ first_name }}{% endif %}",
        "{% if not (first_name is none or points > 3) %}{{ first_name }}{% endif %}",
        "{% if first_name == 'Ada' %}{{ first_name }}{% endif %}{% if first_name in ['Ada', 'Bob'] %}{{ first_name }}{% endif %}",
        "{% if first_name is string %}{{ first_name }}{% endif %}",
        "{{ first_name or 'friend' }}{{ first_name | default('friend', true) }}{{ first_name if first_name else 'friend' }}",
        "{% set name = first_name or 'you' %}{{ name | upper }}",
        "{% set name = first_name %}{% if name %}{{ first_name }}{{ name }}{% endif %}",
        "{% if first_name %}{% set n = first_name %}{% else %}{% set n = 'you' %}{% endif %}{{ n }}",
        "{% if points > 3 and first_name or points < 1 and first_name %}{{ first_name }}{% endif %}",
        "{% if coupon %}{{ coupon.percent }}{% for t in tags %}{{ coupon.code }}{% endfor %}{% endif %}",
        "{% if coupon and coupon.minimum is not none %}{{ coupon.minimum | money('USD', locale) }}{% endif %}",
        "{% if gift is defined %}{{ gift.name }}{% endif %}{{ gift.name if gift is defined else '' }}",
        "{% if picks %}{{ picks[0].name }}{{ (picks | first).name }}{{ picks[-1].name }}{% endif %}",
        "{% if picks | length > 2 %}{{ picks[2].name }}{% endif %}{% if picks | length is ge(2) %}{{ picks[1].name }}{% endif %}",
        "{% if not picks %}none{% else %}{{ picks[0].name }}{% endif %}",
        "{% for t in tags if t %}{{ t | upper }}{% endfor %}",
        "{% macro hi(n) %}{% if n %}{{ n }}{% endif %}{% endmacro %}{{ hi(first_name) }}",
    ],
)
def test_what_is_guarded_is_not_told(told, text):
    assert told(text) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{{ first_name }}", [f"LM301 1:4 {NULL}"]),
        ("{{ first_name | upper }}", [f"LM302 1:4 {UPPER}"]),
        ("{% if first_name %}x{% else %}{{ first_name }}{% endif %}", [f"LM301 1:34 {NULL}"]),
        ("{% if first_name is none %}{{ first_name }}{% endif %}", [f"LM301 1:31 {NULL}"]),
        ("{% if first_name is none or points > 1 %}{{ first_name | upper }}{% endif %}", [f"LM302 1:45 {UPPER}"]),
        ("{% if first_name or points > 1 %}{{ first_name | upper }}{% endif %}", [f"LM302 1:37 {UPPER}"]),
        ("{% if first_name %}x{% endif %}{{ first_name }}", [f"LM301 1:35 {NULL}"]),
        ("{{ first_name | default('friend') }}", ["LM301 1:4 first_name | default may be null, and a printed null is a fault"]),
        ("{{ 'Dear ' ~ first_name }}", ["LM301 1:14 first_name may be null, and prints as None"]),
        ("{% set n = first_name %}{{ n }}", ["LM301 1:28 n may be null, and a printed null is a fault"]),
        ("{% if first_name > 'a' %}{% endif %}", ["LM302 1:7 first_name may be null, and the comparison > of a null is a fault"]),
        (
            "{{ coupon.code }}\n{{ coupon.percent }}\n{{ coupon.percent + 1 }}",
            ["LM302 1:4 coupon may be null, and the field 'code' of a null is a fault (2 more below, to line 3)"],
        ),
        ("{{ gift.name }}", ["LM303 1:4 gift may be undefined: inputs.gift is left out where it is null (missing: skip_block)"]),
        ("{% if gift %}{% endif %}", ["LM303 1:7 gift may be undefined: inputs.gift is left out where it is null (missing: skip_block)"]),
        ("{{ 'x' if points > 3 }}", ["LM303 1:4 'x' if points > 3 may be undefined: it has no else"]),
        ("{% if points > 3 %}{% set n = city %}{% endif %}{{ n }}", ["LM303 1:52 n may be undefined: not every branch sets it"]),
        ("{{ picks[0].name }}", ["LM304 1:4 picks[0] may be undefined: picks may have fewer than 1 items"]),
        ("{% if picks %}{{ picks[1].name }}{% endif %}", ["LM304 1:18 picks[1] may be undefined: picks may have fewer than 2 items"]),
        ("{{ (picks | first).name }}", ["LM304 1:5 picks | first may be undefined: picks may be empty"]),
        (
            "{% for p in picks %}{% if p.brand %}{{ p.brand }}{% endif %}\n{{ p.brand }}{% endfor %}",
            ["LM305 2:4 p.brand is asked for at text.j2:1 as if it may be null, but not here, and a printed null is a fault"],
        ),
    ],
)  # fmt: skip
def test_what_may_be_null_is_told_where_it_is_needed(told, text, expected):
    assert told(text) == expected


def test_a_doubt_in_one_part_is_a_doubt_in_all(findings):
    html = "{% for p in picks %}{% if p.brand is not none %}{{ p.brand }}{% endif %}{% endfor %}"

    found = findings(
        files={"a.j2": html}, preheader="{% include 'a.j2' %}", text="{% for p in picks %}{{ p.brand }}{% endfor %}"
    )

    told = [(one.rule, one.severity, one.file, one.message) for one in found if one.severity != "note"]
    message = "p.brand is asked for at a.j2:1 as if it may be null, but not here, and a printed null is a fault"
    assert told == [("LM305", "warning", "text.j2", message)]


def test_the_mend_of_a_missing_default_names_the_declaration(findings):
    (printed,) = findings(text="{{ first_name }}")
    (undefined_only,) = findings(text="{{ first_name | default('you') }}")

    assert printed.suggestion == (
        "inputs.first_name has missing: default and no default: give it one, write first_name or '...', "
        "or guard it: {% if first_name is not none %}"
    )
    assert undefined_only.suggestion == (
        "write default(..., true): without true only what is undefined is replaced, a null stays"
    )
