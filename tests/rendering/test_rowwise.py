"""Rendering one message: right, deterministic, inert to hostile data, and refusing hostile templates."""

import json
import os
import subprocess
import sys
from datetime import date
from decimal import Decimal

import pytest

from lettermill.errors import TemplateError
from lettermill.rendering.rowwise import renderer
from tests.rendering.conftest import CORPORA


def test_parts_are_rendered_with_money_and_dates_of_the_locale(rendered):
    source = "{{ coupon.minimum | money('EUR', locale) }} bis {{ coupon.expires_on | date('long', locale) }}"
    coupon = {"minimum": Decimal("1234.50"), "expires_on": date(2018, 3, 1)}

    assert rendered(source, coupon=coupon, locale="de_DE").parts["html"] == "1.234,50\xa0€ bis 1. März 2018"
    assert rendered(source, coupon=coupon, locale="en-US").parts["html"] == "€1,234.50 bis March 1, 2018"


def test_html_is_escaped_and_text_is_not(template_of):
    name = "Ben & <b>"
    parts = renderer(template_of(html="{{ first_name }}", text="{{ first_name }}")).render({"first_name": name}).parts

    assert (parts["html"], parts["text"]) == ("Ben &amp; &lt;b&gt;", "Ben & <b>")


def test_branches_tell_which_way_a_message_came(template_of):
    source = (
        "{% if coupon %}a{% elif picks %}\n{% for p in picks %}{% include 'p.j2' %}{% endfor %}{% else %}c{% endif %}"
    )
    files = {"p.j2": "{% if p.url %}u{% else %}n{% endif %}"}
    picks = [{"name": "x", "url": None}, {"name": "y", "url": "https://y"}]

    mail = renderer(template_of(html=source, text="Hello", files=files))

    assert mail.render({"coupon": {}, "picks": picks}).branches == (
        "html:1.elif", "html:2.for", "html:p.j2", "html:p.j2:1.if", "html:p.j2:1.else"
    )  # fmt: skip
    assert mail.render({"coupon": {}, "picks": []}).branches == ("html:1.else",)


@pytest.mark.parametrize(
    ("source", "inputs", "fault"),
    [
        ("{{ first_name }}", {"first_name": None}, "first_name is null and was printed, at html:1"),
        ("{{ first_name }}", {}, "first_name is missing, at html:1"),
        ("{% if coupon %}{% endif %}", {}, "'coupon' is undefined, at html:1"),
        ("\n{{ picks[0].name | upper }}", {"picks": []}, "at html:2"),
        ("{{ coupon.minimum | money('USD', 'en') }}", {"coupon": {"minimum": None}}, "money of a null, at html:1"),
        ("{{ coupon.code | money('USD', 'en') }}", {"coupon": {"code": "Ana"}}, "money needs a number, at html:1"),
        ("{{ 1 | money('USD', first_name) }}", {"first_name": "xx_secret"}, "the locale is not known, at html:1"),
        ("{% if coupon.code > 1 %}{% endif %}", {"coupon": {"code": "Ana"}}, "TypeError while evaluating, at html:1"),
        ("{{ first_name * 9999999 }}", {"first_name": "Ana"}, "* needs two numbers, at html:1"),
        ("{{ '%99999999d' % 1 }}", {}, "% needs two numbers, at html:1"),
        ("{% for a in range(1000) %}{% for b in range(1000) %}{% endfor %}{% endfor %}", {}, "more than 20,000 steps"),
        ("{% for a in range(2000) %}{% endfor %}", {}, "a range of more than 1,000"),
        ("{% for a in range(999) %}" + "x" * 2_000 + "{% endfor %}", {}, "larger than 1,000,000 bytes"),
        ("{{ first_name | replace('a', 'b' * 1) }}", {"first_name": "a"}, "* needs two numbers"),
        ("{{ first_name | replace('', first_name) }}", {"first_name": "a" * 2_000}, "longer than 1,000,000 characters"),
        ("<a href='{{ coupon.code }}'>x</a>", {"coupon": {"code": " JavaScript:alert(1)"}}, "a link that is none of"),
        ("<a href='{{ coupon.code }}'>x</a>", {"coupon": {"code": "java\tscript:alert(1)"}}, "a link that is none of"),
    ],
)
def test_a_fault_is_a_value_that_names_the_place_and_no_data(rendered, source, inputs, fault):
    outcome = rendered(source, **inputs)

    assert fault in (outcome.fault or "")
    assert (outcome.parts, outcome.fault_part) == ({}, "html")
    assert "Ana" not in outcome.fault
    assert "secret" not in outcome.fault


@pytest.mark.parametrize("part", ["subject", "preheader"])
@pytest.mark.parametrize("broken", ["a\r\nBcc: x@example.com", "a\nb", "a\rb", "a\u2028b", "a\0b"])
def test_header_parts_refuse_line_breaks(rendered, part, broken):
    outcome = rendered("Hi {{ first_name }}", part=part, first_name=broken)

    assert (outcome.fault, outcome.fault_part) == (f"a line break in the {part}", part)


def test_a_missing_text_part_is_derived_from_the_html_when_the_template_is_loaded(template_of):
    html = (
        "<html><head><title>T</title><style>p{}</style></head><body><div style='display:none'>pre<br>header</div>"
        "<h1>Hello  {{ first_name }}</h1><p>One<br>two &amp; <a href='https://x.example/?a=1&amp;b=2'>three</a></p>"
        "<ul><li>first</li><li><a href='mailto:a@b.example'>a@b.example</a></li></ul>"
        "{% include 'pick.j2' %}</body></html>"
    )
    pick = "{% if picks %}<p>{% set pick = picks[0] %}{{ pick.name }}</p><a href='{{ pick.url }}'>Buy</a>{% endif %}"
    template = template_of(html=html, files={"pick.j2": pick})

    assert renderer(template).render({"first_name": "A & B", "picks": [{"name": "Pear", "url": "https://p"}]}).parts[
        "text"
    ] == (
        "Hello A & B\n\nOne\ntwo & three (https://x.example/?a=1&b=2)\n\nfirst\n\na@b.example\n\n"
        "Pear\n\nBuy (https://p)"
    )


def test_a_text_part_that_cannot_be_derived_is_asked_for(template_of):
    with pytest.raises(
        TemplateError, match=r"control tags do not stand around whole elements.*\n.*\n.*write a text part"
    ):
        template_of(html="{% if coupon %}<div style='display:none'>{% endif %}x</div>")


ELSEWHERE = """
import sys, json
from types import SimpleNamespace
from decimal import Decimal
from datetime import date
from pathlib import Path
from hashlib import sha256
from lettermill.rendering.templates import load_template
from lettermill.errors import TemplateError
from lettermill.rendering.rowwise import renderer
folder = Path(sys.argv[1])
inputs = {"names": SimpleNamespace(type="array<string>"), "on": SimpleNamespace(type="date")}
parts = {"subject": "s.j2", "html": "h.j2"}
written = {"link_parameters": {}, "whitespace": "as_written", "slots": {}, "language": "jinja2"}
campaign = SimpleNamespace(name="spring", parts=parts, inputs=inputs, **written)
template = load_template(campaign, folder=folder)
out = renderer(template).render({"names": ["b", "é", "A", "b"], "on": date(2018, 3, 25)})
hashes = [sha256(text.encode()).hexdigest() for _, text in sorted(out.parts.items())]
print(template.version, hashes, out.branches, out.fault)
"""


def test_hashes_are_the_same_in_another_process_zone_locale_and_hash_seed(tmp_path):
    folder = tmp_path / "spring"
    folder.mkdir()
    (folder / "s.j2").write_text("{{ names | unique | sort | join(', ') | upper }}")
    (folder / "h.j2").write_text(
        "<style>.a{color:red}.b{margin:0}</style><p class='b a'>{{ on | date('full', 'de') }} "
        "{{ 9.5 | money('USD', 'en') }}{{ 1234.5678 | round(2) }}{% for n in names if n != 'b' %}{{ loop.index }}{{ n }}{% endfor %}</p>"
    )
    answers = {
        subprocess.run(
            [sys.executable, "-c", ELSEWHERE, str(tmp_path)],
            env={
                **os.environ,
                "PYTHONPATH": os.pathsep.join(sys.path),
                "TZ": zone,
                "LANG": lang,
                "LC_ALL": lang,
                "PYTHONHASHSEED": seed,
            },
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for zone, lang, seed in (("UTC", "C", "0"), ("Pacific/Apia", "de_DE.UTF-8", "4711"))
    }

    assert len(answers) == 1
    assert answers.pop().strip().endswith("None")


def in_corpus(*path):
    file = CORPORA.joinpath(*path)
    if not file.is_file():
        pytest.skip(f"{file} is not here")
    return file


def test_the_known_escapes_from_the_sandbox_are_refused_or_give_what_is_harmless(template_of):
    cases = json.loads(in_corpus("jinja-security", "literals.json").read_text())[0]["tests"]
    sources = [text for case in cases for text in case["strings"] if "{{" in text or "{%" in text]
    outcomes = [attempt(template_of, source) for source in sources]

    assert len(sources) > 20
    assert not [text for text in outcomes if text and ("class" in text or "function" in text or "object at" in text)]


def test_template_injections_are_refused_as_templates_and_inert_as_data(template_of, rendered):
    page = in_corpus("payloads", "Server Side Template Injection", "Python.md").read_text()
    payloads = [line for line in page.splitlines() if "{{" in line or "{%" in line]
    outcomes = [attempt(template_of, payload) for payload in payloads]

    assert len(payloads) > 20
    assert not [text for text in outcomes if text and ("uid=" in text or "<class" in text or "root:" in text)]
    for payload in payloads:
        assert rendered("{{ first_name }}", part="text", first_name=payload).parts["text"] == payload


def attempt(template_of, source):
    try:
        rendered = renderer(template_of(text=source)).render({"first_name": "Ana", "picks": [], "locale": "en"})
    except TemplateError:
        return None
    return rendered.parts.get("text")


def test_scripts_in_data_are_inert_in_text_and_in_attributes(rendered):
    payloads = in_corpus("payloads", "XSS Injection", "Intruders", "IntrudersXSS.txt").read_text().splitlines()
    source = "<p title=\"{{ first_name }}\" class='{{ first_name }}'>{{ first_name }}</p>"
    for payload in payloads:
        html = rendered(source, first_name=payload).parts["html"]
        assert (html.count("<"), html.count(">"), html.count('"'), html.count("'")) == (2, 2, 2, 2), payload


def test_line_breaks_in_data_never_reach_a_header(rendered):
    lines = in_corpus("payloads", "CRLF Injection", "Files", "crlfinjection.txt").read_text().splitlines()
    for payload in (bytes(line, "utf-8").decode("unicode_escape", errors="replace") for line in lines):
        outcome = rendered("{{ first_name }}", part="subject", first_name=payload)
        assert outcome.fault or not set(outcome.parts["subject"]) & set("\r\n")


def test_filters_have_only_so_much_to_do_in_one_message(rendered):
    source = "{% set a %}" + "x" * 999_000 + "{% endset %}{% for i in range(600) %}{{ a | length }}{% endfor %}"

    assert rendered(source, part="html").fault.startswith("the filters have too much to do")
    assert rendered(source.replace("600", "60"), part="html").fault is None
