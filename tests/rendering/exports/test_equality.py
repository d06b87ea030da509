"""An exported template, run in the target's own engine on what is handed over, says what Jinja2 says here."""

import pytest

from tests.rendering.exports.engines import Tried
from tests.rendering.exports.people import PEOPLE, SCHEMA

TEMPLATES = [
    "Hello {{ name }}!",
    "{{ age }}{{ visits }}",
    "{% if vip %}{% set w = 1 %}{% elif age %}{% set w = 2 %}{% else %}{% set w = 3 %}{% endif %}{{ w }}",
    "{{ name }}{{ city }}% {{ '{{' }} {% raw %}{{ x }} {% y %} {# z #}{% endraw %} { %% %",
    "{% if name %}Hello {{ name }}{% else %}Hello{% endif %}",
    "{% if age %}a{% endif %}{% if vip %}b{% endif %}{% if price %}c{% endif %}{% if score %}d{% endif %}{% if born %}e{% endif %}",
    "{% if tags %}a{% endif %}{% if items %}b{% endif %}{% if owner %}c{% endif %}{% if name and items %}d{% endif %}",
    "{% if not name %}a{% endif %}{% if not vip %}b{% endif %}{% if not items %}c{% endif %}{% if not (name or city) %}d{% endif %}",
    "{% if name and (city or vip) %}a{% elif name and not city %}b{% elif name or city and vip %}c{% else %}d{% endif %}",
    "{% if (name or city) and (vip or tags) %}a{% else %}b{% endif %}",
    "{% if name == 'Ada' %}a{% elif name != 'ADA' %}b{% endif %}{% if name == '' %}c{% endif %}{% if name is none %}d{% endif %}",
    "{% if age == 36 %}a{% elif age != 0 %}b{% endif %}{% if age is none %}c{% endif %}{% if age is not none and age > 17 %}d{% endif %}",
    "{% if code == \"it's\" or code == 'say \"it\"' or code == 'both \" and \\'' or code == '%}' %}a{% else %}b{% endif %}",
    "{% if vip == true %}a{% endif %}{% if vip is none %}b{% endif %}{% if vip is sameas true %}c{% endif %}",
    "{% if 'new' in tags %}a{% endif %}{% if name in ['Ada', 'Bo'] %}b{% endif %}{% if tags | length > 1 %}c{% endif %}",
    "{{ name or 'friend' }} {{ name | default('friend', true) }} {{ name | default('x') }} {{ 'a' if vip else 'b' }}",
    "{{ vip }} {{ score }} {{ price }} {{ born }} {{ age }} {{ visits }}",
    "{{ age + 1 }} {{ age * 2 - 1 }} {{ visits // 2 }} {{ visits % 2 }} {{ -age }} {{ price * 2 }} {{ score / 4 }}",
    "{{ name | upper }} {{ name | lower }} {{ code | upper }}{% if name %} {{ name | upper }} {{ name | lower }}{% endif %}",
    "{{ name | capitalize }} {{ name | title }} {{ city | trim }} {{ name | replace('A', '<') }} {{ name | truncate(4) }} {{ name | length }}",
    "{{ tags | join(', ') }} {{ tags | first }} {{ tags | last }} {{ tags | length }} {{ tags[0] }} {{ name[:2] }}",
    "{{ price | money('EUR', locale) }} {{ born | date('long', locale) }} {{ score | percent(locale) }} {{ visits | number(locale) }}",
    "{{ visits | plural(locale, one='day', other='days') }} {{ name ~ ' & ' ~ city }} {{ '%s/%s' | format(name, age) }}",
    "{{ name | escape }} {{ name | e | upper }} {{ '<i>' ~ (name | escape) }} {{ ('<b>' | escape) }}",
    "{% if owner %}{{ owner.name }} of {{ owner.city }}{% endif %}{% if owner.name %}x{% endif %}",
    "{% for tag in tags %}{{ tag }},{% else %}none{% endfor %}",
    "{% for item in items %}{{ loop.index }}/{{ loop.length }} {{ item.name }}{% if not loop.last %}, {% endif %}{% endfor %}",
    "{% for item in items %}{% if loop.first %}[{% endif %}{{ loop.index0 }}{{ loop.revindex }}{% if loop.index == 2 %}*{% endif %}{% if loop.index is odd %}o{% endif %}{% if loop.last and loop.index > 1 %}]{% endif %}{% endfor %}",
    "{% for item in items %}{{ item.name | upper }} {{ item.price | money('USD', locale) }}{% if item.was is not none and item.was > item.price %} was {{ item.was }}{% endif %}{% if item.new %} new{% endif %} x{{ item.quantity }}{% endfor %}",
    "{% for item in items if item.new %}{{ loop.index }} {{ item.name }};{% else %}no news{% endfor %}",
    "{% for item in items[:2] %}{{ item.name }}{% endfor %} {% for item in items | sort(attribute='name') %}{{ item.name }}{% endfor %} {% for n in range(3) %}{{ n }}{% endfor %}",
    "{% for item in items %}{{ name }} {{ item.name }}:{% for tag in item.tags %}{{ loop.index }}{{ tag }}{{ item.name }}{{ name }}{% else %}-{% endfor %};{% endfor %}",
    "{% for item in items %}{% for size in item.sizes %}{{ item.name }} {{ size.label }}{% if size.stock %} {{ size.stock }}{% else %} none{% endif %}{% if item.new and size.stock %}!{% endif %}{% endfor %}{% endfor %}",
    "{% for a in items %}{% for tag in tags %}{{ a.name }}{{ tag }}{% if loop.first %}|{% endif %}{% endfor %}{% endfor %}",
    "{% for item in items %}{% set i = loop.index %}{% for tag in item.tags %}{{ i }}{{ tag }}{% endfor %}{% endfor %}",
    "{% for item in items %}{% if item.seller %}{{ item.seller.name }}{% endif %}{{ loop.cycle('odd', 'even') }}{% if name == 'Ada' %}{{ item.name }}{% endif %}{% endfor %}",
    "{% set who = name or 'friend' %}{{ who }} {{ who }}{% if who == 'friend' %}!{% endif %}{% set who = 'x' %}{{ who }}",
    "{% if vip %}{% set word = 'VIP' %}{% else %}{% set word = city %}{% endif %}{{ word }}{% if word %}!{% endif %}",
    "{% set block %}<p>{{ name }}</p>{% endset %}{{ block }}{{ block }}",
    "{% macro greet(who, word='Hi') %}{{ word }} {{ who }}{% endmacro %}{{ greet(name) }} {{ greet(city, 'Bye') }}",
    "{% with x = name %}{{ x }}{% endwith %}{% include 'part' %}",
    "a\n{% if name %}\nb\n{% endif %}\n\n  {% if city %}  c{% endif %}\n{% for tag in tags %}\n  {{ tag }}\n{% endfor %}\nd\n",
    "{% if name %}\n\n{% endif %}\n{% if vip %}\n{% else %}\n\n{% endif %}\n \n",
    "<style>.a { color: red }\n@media (min-width: 600px) {.b{width:100%}}</style><a href=\"{{ city }}\">100%</a>%{{ name }}%",
    "\\ {{ name }} \\{{ city }}\\",
    "{{ 'yes' if name and vip else 'no' }} {{ (name or city) if vip }}{% if true %}a{% endif %}{% if 0 %}b{% endif %}",
]  # fmt: skip
PARTIALS = {"part": "[{{ name }}{% for tag in tags %}{{ tag }}{% endfor %}]"}
OF_HUBL = {"hubl"}


@pytest.mark.parametrize("autoescape", [True, False], ids=["html", "text"])
@pytest.mark.parametrize("source", TEMPLATES)
def test_every_engine_prints_what_jinja2_prints(source, autoescape, engines):
    tried = Tried(source, schema=SCHEMA, autoescape=autoescape, partials=PARTIALS, engines=engines)
    wanted, printed = {}, {}

    for name, person in PEOPLE.items():
        if tried.expected(person) is not None:
            printed[name] = tried.printed(person, held_back=OF_HUBL if name == "code" else ())
            wanted[name] = tried.wanted(person, printed[name])

    assert printed == wanted
    assert "normal" in printed


def test_a_list_within_itself_is_told_apart_wherever_it_is_not_refused(engines):
    source = "{% for a in items %}{% for b in items %}{{ a.name }}{{ b.name }}{{ loop.index }}{% endfor %}{% endfor %}"
    tried = Tried(source, schema=SCHEMA, autoescape=True, engines=engines, but={"handlebars"})

    printed = tried.printed(PEOPLE["normal"])

    assert printed == tried.wanted(PEOPLE["normal"], printed)


def test_the_engines_of_npm_are_there(node):
    if node is None:
        pytest.skip("Node or npm is not present, or npm cannot fetch handlebars and liquidjs")

    assert node("handlebars", "{{a}}", {"a": "<"}) + node("liquidjs", "{{ a | escape }}", {"a": "<"}) == "&lt;&lt;"
