"""Templates as people write them, over one batch of readable rows. Each says what the columnar engine must do alone.

`PEOPLE` are five customers: one complete, one with nulls, one with empty values, one with markup and unicode, one whose
source lacked a coupon and a field of a product.
"""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal

import pyarrow as pa

from tests.rendering.invented import SCHEMA


def pick(name, price, stock=3, tags=("new",), maker="Acme", city="Graz"):
    return {
        "name": name,
        "price": price and Decimal(price),
        "stock": stock,
        "tags": tags and list(tags),
        "maker": maker and {"name": maker, "city": city},
    }


ANA = {
    "name": "Ana", "nick": "Annie", "n": 7, "k": 2, "x": 0.5, "price": Decimal("1234.50"), "flag": True,
    "day": date(2024, 2, 29), "at": datetime(2024, 3, 31, 0, 30, tzinfo=UTC), "tags": ["red", "blue"], "nums": [3, 1, 2],
    "coupon": {"code": "SAVE10", "minimum": Decimal("30.00"), "percent": 10, "until": date(2024, 12, 24)},
    "picks": [pick("Pear", "1.20"), pick("fig", "2.00", 0, ()), pick("Apple", "0.99", 7, ("new", "bio"), None)],
    "missing": [],
}  # fmt: skip
NULLS = dict.fromkeys(ANA) | {"name": "Null", "picks": [pick("Tea", None, None, None)]}
EMPTY = ANA | {"name": "", "nick": " ", "n": 0, "k": 0, "x": 0.0, "flag": False, "tags": [], "nums": [], "picks": []}
ODD = ANA | {
    "name": "<b>Ben & 'Söhne'</b>", "nick": "ǆ ß İ", "n": -5, "x": 1e16, "tags": ["a&b", "", "日本"],
    "picks": [pick("Ben's \"jam\"", "3.10", city="<Linz>")],
}  # fmt: skip
LACKING = ANA | {"name": "Lea", "missing": ["coupon", "picks.1.name"]}
PEOPLE = pa.RecordBatch.from_pylist([ANA, NULLS, EMPTY, ODD, LACKING], SCHEMA)


@dataclass(frozen=True)
class Case:
    """A template, its partials, and how many of the rows without a fault are left to the library."""

    template: str
    partials: dict = field(default_factory=dict)
    deferred: int = 0


def case(template, *, deferred=0, **partials):
    return Case(template, {f"{name}.j2": source for name, source in partials.items()}, deferred)


CASES = {
    "text alone": case("Hello\n  {# note #}\n{{ 'a<b' }} {{ 1 }} {{ none }} {{ true }}"),
    "scalars of all types": case("{{ name }}|{{ nick }}|{{ n }}|{{ k }}|{{ x }}|{{ price }}|{{ flag }}|{{ day }}|{{ at }}"),
    "lists and structs": case("{{ tags }} {{ nums }} {{ coupon }} {{ picks }}", deferred=1),
    "whitespace control": case("a  {{- name -}}  b\n{%- if flag -%}  c  {%- endif %}\n  {% if n %}\n d\n  {% endif %}\ne"),
    "if, elif, else": case("{% if n > 5 %}many{% elif n == 0 %}none{% elif n is none %}null{% else %}{{ n }}{% endif %}"),
    "and, or, not": case("{{ name and nick }}|{{ name or nick }}|{{ not name }}|{{ nick or 'friend' }}|{{ n and 1 or 2 }}"),
    "a guarded field": case("{% if coupon and coupon.percent > 5 %}{{ coupon.code }}{% endif %}", deferred=1),
    "conditions in an expression": case("{{ 'yes' if flag else 'no' }} {{ name if n }} {{ n if flag else name }}"),
    "comparisons": case("{{ n < 3 if n is not none }} {{ n == 7 }} {{ n != none }} {{ name == 'Ana' }} {{ x == n }} {{ day == none }}"),
    "a chain of comparisons": case("{% if n is not none %}{{ 0 < n <= 7 }}{{ 1 < 2 < n }}{% endif %}"),
    "dates and decimals compared": case("{% if price %}{{ price > 3 }} {{ price == 1234.5 }} {{ price >= coupon.minimum }}{% endif %}", deferred=1),
    "membership": case("{{ n in [1, 7] }} {{ name in ['Ana', 'Lea'] }} {{ 'a' in name }} {{ 'red' in (tags or []) }} {{ name not in 'xAna' }}"),
    "arithmetic": case("{% if n is not none %}{{ n + 1 }} {{ n - k }} {{ n * 2 }} {{ n / 2 }} {{ n // 2 }} {{ n % 3 }} {{ -n }} {{ n + x }}{% endif %}"),
    "arithmetic of decimals": case("{% if price %}{{ price * 2 }} {{ price + 1 }} {{ price / 4 }}{% endif %}"),
    "a zero with a sign": case("{% if price %}{{ -(price - price) }} {{ 0 * -price }}{% endif %}", deferred=4),
    "overflow": case("{% if n %}{{ n * 9223372036854775807 }}{% endif %}", deferred=3),
    "concatenation": case("{{ name ~ '&' ~ n ~ x }} {{ 'a' ~ 1 }} {{ name ~ nick }}"),
    "tests": case("{{ (n is odd) if n is not none }} {{ name is string }} {{ tags is sequence }} {{ coupon is mapping }} {{ flag is true }} {{ n is number }}"),
    "defined and default": case("{% if coupon is defined %}c{% endif %}{{ coupon is undefined }} {{ name | default('x') }} {{ nick | default('d', true) }}"),
    "fields of a null": case("{{ coupon.code | default('no code') if coupon is defined }}", deferred=0),
    "a loop": case("{% for p in picks %}{{ loop.index }}/{{ loop.length }} {{ p.stock }}{% if not loop.last %}, {% endif %}{% endfor %}", deferred=1),
    "a loop with else": case("{% for t in tags or [] %}{{ t }} {% else %}none{% endfor %}"),
    "a loop with a condition": case("{% for i in nums or [] if i > 1 %}{{ loop.index }}:{{ i }}{{ loop.last }} {% else %}none{% endfor %}"),
    "loop variables": case("{% for t in tags or [] %}{{ loop.index0 }}{{ loop.revindex }}{{ loop.revindex0 }}{{ loop.first }}{{ loop.depth }}{{ loop.cycle('o', 'e') }}{% endfor %}"),
    "a loop whose body sets what its condition reads": case("{% for i in nums or [] if name %}{% set name = 'x' %}{{ name }}{% else %}none{% endfor %}"),
    "neighbours in a loop": case("{% for t in tags or [] %}{{ loop.previtem if not loop.first }}<{{ t }}>{{ loop.nextitem if not loop.last }}{% endfor %}"),
    "nested loops": case("{% for p in picks %}{% for t in p.tags or [] %}{{ loop.index }}{{ t }}{{ p.price }}{{ name }}{% endfor %};{% endfor %}", deferred=1),
    "outer loop in an inner one": case("{% for a in nums or [] %}{% set o = loop %}{% endfor %}{% for a in nums or [] %}{% set i = loop.index %}{% for b in tags %}{{ i }}{{ loop.index }}{{ a }}{{ b }} {% endfor %}{% endfor %}", deferred=4),
    "a range": case("{% for i in range(3) %}{{ i }}{% endfor %}{% for i in range(1, 8, 3) %}{{ i }}{% endfor %}{% for i in range(k or 0) %}{{ i }}{% endfor %}"),
    "a list of the template": case("{% for s in ['a', '<b>'] %}{{ s }}{% endfor %}{{ ['x', name] | join('-') }}"),
    "slices and positions": case("{{ name[:2] }} {% for p in picks[:2] %}{{ p.price }} {% endfor %}{{ (tags or ['none'])[0] if tags }} {{ nums[-1] if nums }}", deferred=1),
    "set": case("{% set a = n %}{% set b = a or 1 %}{{ a }}{{ b }}{% set a = name %}{{ a }}"),
    "set in branches": case("{% set a = 'none' %}{% if n %}{% set a = 'some' %}{% elif flag %}{% set a = name %}{% endif %}{{ a }}"),
    "set of two types": case("{% if n %}{% set a = 1 %}{% else %}{% set a = 'x' %}{% endif %}{{ a }}", deferred=5),
    "set within a loop": case("{% set a = 0 %}{% for i in nums or [] %}{% set a = a + i %}{{ a }}{% endfor %}={{ a }}"),
    "a set block": case("{% set a %}<b>{{ name }}</b>{% endset %}{{ a }}{{ a | upper }}{{ a ~ name }}{% set b | upper %}x{{ nick }}{% endset %}{{ b }}"),
    "with": case("{% with a = n, b = name %}{{ a }}{{ b }}{% with a = 1 %}{{ a }}{% endwith %}{{ a }}{% endwith %}"),
    "a filter block": case("{% filter upper %}<b>{{ name }}</b>{% endfilter %}"),
    "a macro": case("{% macro m(a, b='<') %}[{{ a }}{{ b }}{% if a %}!{% endif %}]{% endmacro %}{{ m(name) }}{{ m(n, b=name) }}{{ m('<') | upper }}"),
    "a macro that sees outer names": case("{% set g = 1 %}{% macro m() %}{{ g }}{{ name }}{% endmacro %}{% set g = 2 %}{{ m() }}{% for i in tags or [] %}{{ m() }}{% endfor %}"),
    "a name that is read inside before it is set": case("{% filter upper %}{{ name }}{% endfilter %}{% for t in tags or [] %}{{ n }}{% endfor %}{% set name = 1 %}{% if flag %}{% set n = 2 %}{% endif %}{{ name }}{{ n }}"),
    "a call block": case("{% macro box(t) %}<{{ t }}>{{ caller() }}</>{% endmacro %}{% call box(n) %}{{ name }}{% endcall %}"),
    "an include": case("{% include 'a.j2' %}{% for p in picks %}{% include 'b.j2' %}{% endfor %}", a="{% if flag %}{{ name }}{% endif %}", b="{{ p.price }}{% set name = 'x' %}{{ name }}", deferred=1),
    "an include without context": case("{% set v = 1 %}{% include 'a.j2' without context %}{% include 'none.j2' ignore missing %}", a="plain"),
    "an import": case("{% from 'm.j2' import b, c as d %}{% import 'm.j2' as m %}{{ b(name) }}{{ d() }}{{ m.b(n) }}{{ m.v }}", m="{% set v = '&' %}{% macro b(x) %}<{{ x }}{{ v }}>{% endmacro %}{% macro c() %}c{% endmacro %}\n"),
    "inheritance": case("{% extends 'base.j2' %}{% set t = name %}{% block a %}A{{ t }}{{ super() }}{% endblock %}", base="<{% block a %}base {{ n }}{% endblock %}|{% block b %}{{ nick }}{% endblock %}>"),
    "inheritance twice": case("{% extends 'mid.j2' %}{% block a %}3{{ super() }}{% endblock %}", mid="{% extends 'base.j2' %}{% block a %}2{{ super() }}{% endblock %}", base="{% block a %}1{{ name }}{% endblock %}"),
    "case filters": case("{{ name | upper }} {{ nick | lower }} {{ name | capitalize }} {{ name | title }} {{ n | upper }}"),
    "text filters": case("{{ name | trim }}|{{ name | truncate(3, true, '…') }}|{{ name | replace('n', 'm') }}|{{ name | urlencode }}|{{ name | striptags }}|{{ name | wordcount }}"),
    "escape": case("{{ name | escape }} {{ name | e | upper }} {{ '<i>' | safe }}"),
    "length": case("{{ name | length }} {{ tags | length if tags is not none }} {{ picks | length }}", deferred=1),
    "first and last": case("{{ tags | first if tags }} {{ tags | last if tags }} {{ name | first if name }}"),
    "join": case("{{ (tags or []) | join(', ') }} {{ (nums or []) | join }} {{ picks | map(attribute='price') | join(' ') }}", deferred=1),
    "sort": case("{{ (nums or []) | sort | join }} {% for p in picks | sort(attribute='price') %}{{ p.price }} {% endfor %}{{ (tags or []) | sort(reverse=true) | join }}", deferred=1),
    "select": case("{% for p in picks | selectattr('stock') %}{{ p.price }}{% endfor %}{{ picks | rejectattr('stock', 'none') | list | length }}", deferred=1),
    "sums": case("{{ (nums or []) | sum }} {{ (nums or [1]) | max }} {{ (nums or [1]) | min }}"),
    "numbers": case("{{ x | round(1) if x is not none }} {{ n | int }} {{ name | int }} {{ x | default(0, true) | float }} {{ n | abs if n is not none }}"),
    "format": case("{{ '%s of %s' | format(name, n) }} {{ '%.2f' | format(x or 0) }}"),
    "locales": case("{% if price %}{{ price | money('EUR', 'de_AT') }} {{ price | number('fr') }} {{ x | percent('de') }} {{ n | plural('en', one='day', other='days') }}{% endif %}"),
    "dates": case("{% if day %}{{ day | date('long', 'de') }} {{ day.year }} {{ at | date('short', 'en_US', 'America/New_York') }} {{ at | datetime('short', 'de', 'Europe/Vienna') }}{% endif %}"),
    "a fault in one row": case("{{ coupon.code }} {{ picks[1].name | upper if picks | length > 1 }}", deferred=0),
    "the same expression often": case("{{ name | upper }}{{ name | upper }}{% if n %}{{ name | upper }}{% endif %}{% for t in tags or [] %}{{ name | upper }}{% endfor %}"),
}  # fmt: skip
