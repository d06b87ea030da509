"""Types: what does not fit its operator, filter or loop is told before a message faults by it."""

import pytest

PERCENT = "{% if coupon %}{{ coupon.percent + '1' }}{% endif %}"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{% if points == '3' %}{% endif %}", ["LM201 1:7 points == '3' compares a number with a text: they are never equal"]),
        ("{% if points > '3' %}{% endif %}", ["LM201 1:7 points > '3' compares a number with a text: which is a fault"]),
        ("{% if points is gt('3') %}{% endif %}", ["LM201 1:7 points > '3' compares a number with a text: which is a fault"]),
        ("{% if born_on < seen_at %}{% endif %}", ["LM201 1:7 born_on < seen_at compares a date with an instant: which is a fault"]),
        ("{% if 3 in tags %}{% endif %}", ["LM201 1:7 3 in tags looks for a number in a list, each item of which is a text"]),
        ("{% if points in city %}{% endif %}", ["LM201 1:7 points in city looks for a number in a text, which is a fault"]),
        ("{% if points in ['a', 2] %}{% endif %}", ["LM201 1:7 points == 'a' compares a number with a text: they are never equal"]),
        (PERCENT, ["LM202 1:19 coupon.percent + '1' computes with a number and a text"]),
        ("{{ balance * 1.5 }}", ["LM202 1:4 balance * 1.5 mixes a decimal with a float, which is a fault"]),
        ("{{ points / 0 }}", ["LM202 1:4 points / 0 divides by zero"]),
        ("{{ -city }}", ["LM202 1:5 city is a text, and has no sign"]),
        ("{{ city | money('USD', locale) }}", ["LM203 1:4 the filter money takes a number, and city is a text"]),
        ("{{ points | date('long', locale) }}", ["LM203 1:4 the filter date takes a date or an instant, and points is a number"]),
        ("{{ born_on | datetime('long', locale, 'UTC') }}", ["LM203 1:4 the filter datetime takes an instant, and born_on is a date"]),
        ("{{ picks | upper }}", ["LM203 1:4 the filter upper takes a text, and picks is a list"]),
        ("{{ points | upper }}", ["LM203 1:4 the filter upper is for a text; points is a number"]),
        ("{{ picks | sum }}", ["LM203 1:4 sum adds numbers, and the items of picks are a struct", "LM206 1:4 picks | sum is a struct, which prints as Python writes it"]),
        ("{% if city is even %}{% endif %}", ["LM203 1:7 the test even takes a number, and city is a text"]),
        ("{% for p in city %}{{ p }}{% endfor %}", ["LM204 1:13 city is a text, and a loop needs a list"]),
        ("{% for p in points %}{% endfor %}", ["LM204 1:13 points is a number, and a loop needs a list"]),
        ("{% for p in links %}{{ p }}{% endfor %}", ["LM204 1:13 links is a struct, and a loop needs a list"]),
        ("{{ balance | money }}", ["LM205 1:14 filter 'money' takes (currency, locale)"]),
        ("{{ balance | money(points, locale) }}", ["LM205 1:20 the argument currency of money takes a text, and points is a number"]),
        ("{{ born_on | date('lnog', locale) }}", ["LM205 1:19 'lnog' is no style of dates: the letters would be read as a pattern"]),
        ("{{ points | plural(locale, one='a') }}", ["LM205 1:13 plural needs the form other"]),
        ("{{ member }}{{ tags }}{{ links }}", ["LM206 1:4 member is true or false, which prints as Python writes it", "LM206 1:16 tags is a list, which prints as Python writes it", "LM206 1:26 links is a struct, which prints as Python writes it"]),
        ("{{ born_on }}{{ balance }}", ["LM207 1:4 born_on is a date, printed as 2024-12-31 is", "LM207 1:17 balance is a decimal, printed as 1234.50 is"]),
        ("{% for p in picks %}\n  {% if p.price > '3' %}{% endif %}{{ p | upper }}{% endfor %}", ["LM201 2:9 p.price > '3' compares a number with a text: which is a fault", "LM203 2:39 the filter upper takes a text, and p is a struct"]),
    ],
)  # fmt: skip
def test_a_clash_is_told(told, text, expected):
    assert told(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "{% if points > score and points >= 1.5 and balance < 3.5 %}{% endif %}",
        "{% if city == 'a' or city in ['a', 'b'] or 'a' in city or city in tags %}{% endif %}",
        "{% if born_on.year > 2020 %}{% endif %}",
        "{{ points + 1 }}{{ score * 2.5 }}{{ 'a' + city }}{{ 'a' ~ points }}{{ points // 2 }}{{ -points }}",
        "{{ balance | money('USD', locale) }}{{ (balance * 2) | money('USD', locale) }}{{ (balance | float * 1.5) | number(locale) }}",
        "{{ picks | map(attribute='price') | sum | money('USD', locale) }}{{ picks | sum(attribute='price') | money('USD', locale) }}",
        "{{ born_on | date('EEEE', locale) }}{{ seen_at | date('short', locale, 'UTC') }}{{ seen_at | datetime('full', locale, 'UTC') }}",
        "{{ tags | join(', ') }}{{ tags | sort | join }}{{ picks | map(attribute='name') | join(', ') | upper }}{{ tags | length }}",
        "{% for p in picks | sort(attribute='price') %}{{ p.name }}{% endfor %}{% for n in range(3) %}{{ n + 1 }}{% endfor %}",
        "{{ points | plural(locale, one='day', other='days') }}{% if points is divisibleby 3 %}{% endif %}",
        "{% set total = points * 2 %}{{ total + 1 }}{{ points | string }}{{ city | int + 1 }}",
    ],
)
def test_what_fits_is_not_told(told, text):
    assert told(text) == []
