"""Liquid templates as people write them, over the readable people of the Jinja2 corpus. Each says what the columnar
engine must do alone."""

from tests.rendering.corpus import Case

CARD = "<b>{{ pick.name }}</b>{% if pick.stock > 2 %} in stock{% endif %}"


def case(template, *, deferred=0, **partials):
    return Case(template, {f"{name}.html": source for name, source in partials.items()}, deferred)


CASES = {
    "text alone": case(
        "Hello\n  {% comment %} note {% endcomment %}{# kept #}\n{{ 'a<b' }} {{ 1 }} {{ nil }} {{ true }} {{ 1.50 }}"
    ),
    "scalars of all types": case(
        "{{ name }}|{{ nick }}|{{ n }}|{{ k }}|{{ x }}|{{ price }}|{{ flag }}|{{ day }}|{{ at }}"
    ),
    "lists and structs": case("{{ tags }} {{ nums }} {{ coupon }} {{ picks }}"),
    "whitespace control": case(
        "a  {{- name -}}  b\n{%- if flag -%}  c  {%- endif %}\n  {% if n %}\n d\n  {% endif %}\ne"
    ),
    "a block of white space writes nothing": case(
        "[{% if true %} \n {% assign a = 1 %} {% endif %}][{% for t in tags %} {% endfor %}]"
    ),
    "raw, echo and liquid": case(
        "{% raw %}{{ name }}{% endraw %}{% echo name | upcase %}{% liquid\n  assign a = n | plus: 1\n  if flag\n    echo a\n  endif %}"
    ),
    "default": case(
        "{{ nick | default: 'friend' }} {{ n | default: 5 }} {{ flag | default: 'no' }} {{ flag | default: true, allow_false: true }}"
    ),
    "default and then more": case(
        "{% assign who = nick | default: '<i>you</i>' %}{{ who }} {{ who | upcase }} {{ who | append: '!' }} {{ who | size }}"
    ),
    "conditions": case(
        "{% if n > 3 %}many{% elsif n == 0 %}zero{% elsif name == 'Null' %}null{% else %}few{% endif %}{% unless flag %}off{% else %}on{% endunless %}"
    ),
    "and and or from the right": case(
        "{% if flag and n < 0 or name != blank %}a{% endif %}{% if n or flag and nick contains 'n' %}b{% endif %}"
    ),
    "only nil and false are false": case(
        "{% if n %}n{% endif %}{% if name %}name{% endif %}{% if tags %}tags{% endif %}{% if flag %}flag{% endif %}{% if x %}x{% endif %}"
    ),
    "blank and empty": case(
        "{% if nick == blank %}blank{% endif %}{% if name == empty %}empty{% endif %}{% if tags != empty %}tags{% endif %}{% if n == blank %}n{% endif %}"
    ),
    "comparisons with nil": case(
        "{% if n < 3 %}a{% endif %}{% if n >= 0 %}b{% endif %}{% if nick == nil %}c{% endif %}{% if flag != true %}d{% endif %}{% if n <> 7 %}e{% endif %}"
    ),
    "contains": case(
        "{% if name contains 'n' %}a{% endif %}{% if tags contains 'red' %}b{% endif %}{% if nums contains 3 %}c{% endif %}"
    ),
    "case": case(
        "{% case n %}{% when 7, 8 %}seven{% when 0 or -5 %}other{% else %}else{% endcase %}{% case name %}{% when 'Ana' %}A{% endcase %}"
    ),
    "a case that fits twice": case("{% case n %}{% when 7, 7 %}x{% when 7 %}y{% else %}z{% when n %}w{% endcase %}"),
    "a case of values": case("{% case k %}{% when n %}same{% when 2 %}two{% endcase %}"),
    "a loop": case(
        "{% for p in picks %}{{ forloop.index }}/{{ forloop.length }} {{ p.name }}{% unless forloop.last %}, {% endunless %}{% else %}none{% endfor %}"
    ),
    "a loop's stretch": case(
        "{% for t in tags limit: 1 offset: 1 %}{{ t }}{% endfor %}{% for t in tags limit: 0 %}{{ t }}{% endfor %}{% for t in tags reversed %}{{ forloop.rindex0 }}{{ t }}{% endfor %}"
    ),
    "loops in loops": case(
        "{% for p in picks %}{% for t in p.tags %}{{ forloop.parentloop.index0 }}{{ t }}{{ forloop.first }}{% endfor %}{% endfor %}",
        deferred=1,
    ),
    "ranges": case(
        "{% for i in (1..3) %}{{ i }}{% endfor %}{% for i in (k..n) %}{{ i }}{% else %}none{% endfor %}{{ (1..4) | join: '-' }}{% for i in (3..1) %}x{% endfor %}",
        deferred=1,
    ),
    "assignments within a loop": case(
        "{% for p in picks %}{% assign label = p.name | upcase %}{% if p.stock == 0 %}{% assign label = 'gone' %}{% endif %}{{ label }} {% endfor %}"
    ),
    "what a loop leaves behind": case(
        "{% assign last = 'none' %}{% for p in picks %}{% assign last = p.name %}{% endfor %}{{ name }}",
        deferred=1,
    ),
    "a running total": case(
        "{% assign total = 0 %}{% for p in picks %}{% assign total = total | plus: p.stock %}{% endfor %}{{ total }}",
        deferred=1,
    ),
    "what a loop finds": case(
        "{% assign found = false %}{% for p in picks %}{% if p.stock == 0 %}{% assign found = true %}{% assign which = p.name %}{% endif %}{% endfor %}{% if found %}{{ which }} is gone{% endif %}",
        deferred=1,
    ),
    "names from step to step": case(
        "{% assign before = '<none>' %}{% for t in tags %}{{ before }}{{ t }}{% assign before = t %}{% assign n = n | plus: 1 %}{% else %}{% assign before = 'no tags' %}{% endfor %}{{ before }}{{ n }}",
        deferred=1,
    ),
    "totals of loops in loops": case(
        "{% assign c = 0 %}{% for p in picks %}{% for t in p.tags %}{% assign c = c | plus: 1 %}{% endfor %}{{ c }};{% endfor %}{{ c }}",
        deferred=1,
    ),
    "a file that counts its items": case(
        "{% assign c = 0 %}{% include 'count.html' with tags as t %}{{ c }}{% render 'count.html' for tags as t, c: 5 %}",
        count="{% assign c = c | plus: 1 %}{{ c }}{{ t }}",
        deferred=1,
    ),
    "break and continue": case(
        "{% for p in picks %}{% if p.stock == 0 %}{% continue %}{% endif %}{{ p.name }}{% if forloop.index == 2 %}{% break %}never{% endif %};{% endfor %}",
        deferred=1,
    ),
    "the first that fits": case(
        "{% for p in picks %}{% if p.stock > 2 %}{% assign first = p.name %}{% break %}{% endif %}{% endfor %}{{ first | default: 'none' }}",
        deferred=2,
    ),
    "stops in loops in loops": case(
        "{% for p in picks %}{% for t in p.tags %}{% if t == 'bio' %}{% break %}{% endif %}{{ t }}{% else %}{% continue %}{% endfor %}{{ p.name }}{% case p.stock %}{% when 7 %}{% break %}{% endcase %}{% endfor %}",
        deferred=1,
    ),
    "lists of markup": case("{{ tags | join: '<br>' | sort }}{{ '<i>,<b>' | split: ',' }}", deferred=1),
    "captures": case(
        "{% capture greeting %}<p>{{ name }}</p>{% endcapture %}{{ greeting }}{{ greeting | size }}{% capture a %}{% if flag %}yes{% endif %}{% endcapture %}[{{ a }}]"
    ),
    "assignments in branches": case(
        "{% assign tone = 'Dear' %}{% if flag %}{% assign tone = 'Hey' %}{% elsif nick %}{% assign tone = nick %}{% endif %}{{ tone }} {{ tone | upcase }}"
    ),
    "render": case(
        "{% render 'card.html', pick: picks[0] %}{% render 'card.html' for picks as pick %}{% render 'card.html' with picks.last as pick %}",
        card=CARD,
        deferred=1,
    ),
    "render sees the inputs alone": case(
        "{% assign own = 'x' %}{% render 'a.html', own: 'given' %}{% render 'b.html' %}",
        a="{{ own }}{{ name }}{% assign own = 1 %}",
        b="{{ nick }}",
    ),
    "include sees and leaves names": case(
        "{% assign own = 'x' %}{% include 'a.html', word: nick %}{{ left }}{{ own }}",
        a="{{ own }}{{ word }}{% assign left = name %}{% assign word = 'y' %}{{ word }}",
    ),
    "include for a list": case("{% include 'card.html' with picks as pick %}", card=CARD, deferred=1),
    "tablerow": case(
        "{% tablerow t in tags cols: 2 %}{{ t }}{{ tablerowloop.col }}{{ tablerowloop.row }}{{ tablerowloop.col_last }}{% endtablerow %}{% tablerow i in (1..5) cols: 3 limit: 4 %}{{ i }}{% endtablerow %}{% tablerow t in tags %}{{ t }}{% endtablerow %}"
    ),
    "cycle": case(
        "{% for t in tags %}{% cycle 'odd', '<even>' %}{{ t }}{% endfor %}{% for t in tags %}{% cycle 'g': 1, 2, 3 %}{% endfor %}"
    ),
    "counters": case("{% increment a %}{% increment a %}{% decrement b %}{{ name }}", deferred=5),
    "positions and sizes": case(
        "{{ tags.size }}{{ name.size }}{% if picks.size > 1 %}{{ picks[0].name }}{{ picks[-1].name }}{{ picks.first.name }}{{ picks.last.stock }}{{ tags[1] }}{% endif %}",
        deferred=1,
    ),
    "case of letters": case(
        "{{ name | upcase }} {{ name | downcase }} {{ nick | capitalize }} {{ name | strip }}{{ name | lstrip }}{{ name | rstrip }}"
    ),
    "texts put together": case(
        "{{ name | append: '<br>' }}{{ name | prepend: 'Dear ' }}{{ nick | append: name | upcase }}{{ name | append: n }}"
    ),
    "texts replaced": case(
        "{{ name | replace: 'n', 'm' }}{{ name | replace: 'b', '<' }}{{ name | replace_first: 'n', '' }}{{ name | remove: 'n' }}{{ name | remove_first: 'a' }}"
    ),
    "texts cut": case(
        "{{ name | truncate: 4 }}|{{ name | truncate: 6, '' }}|{{ name | truncatewords: 1 }}|{{ name | slice: 0 }}|{{ name | slice: -3, 2 }}|{{ nick | truncate }}"
    ),
    "escapes": case(
        "{{ name | escape }}{{ name | escape_once }}{{ name | url_encode }}{{ '<i>' | escape }}{{ name | strip_html }}{{ nick | newline_to_br }}{{ name | strip_newlines }}"
    ),
    "whole numbers": case(
        "{{ n | plus: 1 }} {{ n | minus: k }} {{ n | times: 3 }} {{ n | divided_by: 2 }} {{ n | modulo: 3 }} {{ n | abs }} {{ n | at_least: 2 }} {{ n | at_most: 2 }} {{ n | round }}"
    ),
    "floats": case(
        "{{ x | plus: 1 }} {{ x | times: 0.1 }} {{ x | ceil }} {{ x | floor }} {{ x | round }} {{ x | round: 1 }} {{ n | divided_by: 2.0 }} {{ x | abs }}",
        deferred=1,
    ),
    "texts as numbers": case("{{ '3' | plus: '4' }} {{ '2.5' | times: 2 }} {{ nick | plus: 1 }} {{ 'x' | abs }}"),
    "lists": case(
        "{{ tags | join: ', ' }}|{{ tags | first }}|{{ tags | last }}|{{ tags | size }}|{{ nums | join: '-' }}",
        deferred=1,
    ),
    "lists in order": case(
        "{% assign s = tags | sort %}{{ s | join }}{% assign r = nums | reverse %}{{ r | join: ',' }}{{ tags | sort_natural | first }}{{ nums | sort | last }}",
        deferred=1,
    ),
    "lists made": case(
        "{{ name | split: '' | join: '.' }}{{ nums | uniq | size }}{{ nums | sum }}{{ tags | concat: tags | size }}{{ nums | compact | size }}",
        deferred=1,
    ),
    "structs by a field": case(
        "{% assign names = picks | map: 'name' %}{{ names | join: ', ' }}{% assign few = picks | where: 'stock', 7 %}{% for p in few %}{{ p.name }}{% endfor %}{{ picks | sort: 'name' | map: 'name' | first }}",
        deferred=1,
    ),
    "dates": case(
        "{{ day | date: '%d.%m.%Y' }} {{ at | date: '%Y-%m-%d %H:%M' }} {{ '2024-02-29' | date: '%j' }} {{ coupon.until | date: '%b <b>' }}",
        deferred=1,
    ),
    "formats of a locale": case(
        "{% if price %}{{ price | money: 'EUR', 'de_AT' }} {{ n | number: 'en_US' }} {{ day | local_date: 'long', 'en_GB' }} {{ n | plural: 'en', one: 'day', other: 'days' }}{% endif %}"
    ),
    "a mail": case(
        "<p>Hi {{ name | default: 'friend' | capitalize }}</p>{% if coupon %}{{ coupon.percent }} % off: {{ coupon.code }}{% endif %}{% for p in picks limit: 2 %}{% render 'card.html', pick: p %}{% endfor %}",
        card=CARD,
        deferred=0,
    ),
}
