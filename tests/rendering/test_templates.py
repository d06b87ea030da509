"""Loading a template: what is wrong is named by file, line and the nearest right thing, before any data is touched."""

import pyarrow as pa
import pytest

from lettermill.errors import TemplateError
from lettermill.rendering.declared import arrow_type
from lettermill.rendering.rowwise import renderer


@pytest.mark.parametrize(
    ("source", "problem", "place", "mend"),
    [
        ("Hi\n{% if first_name %}", "template syntax", "html.j2:2", "close every"),
        ("Hi\n{{ frist_name }}", "'frist_name' is not declared", "html.j2:2", "did you mean 'first_name'"),
        ("{% for p in picks %}\n{{ p.nmae }}{% endfor %}", "picks[].nmae is not declared", "html.j2:2", "'name'"),
        ("{{ coupon.cod }}", "coupon.cod is not declared", "html.j2:1", "'code'"),
        ("{{ first_name.upper() }}", "only range()", "html.j2:1", "| upper"),
        ("{{ first_name | lowr }}", "unknown filter 'lowr'", "html.j2:1", "'lower'"),
        ("{{ first_name | safe }}", "safe works on a literal of the template only", "html.j2:1", ""),
        ("{{ picks | random }}", "unknown filter 'random'", "html.j2:1", ""),
        ("{% macro a() %}{{ a() }}{% endmacro %}{{ a() }}", "macro 'a' calls itself", "html.j2:1", "write a loop"),
        ("{% autoescape false %}{{ first_name }}{% endautoescape %}", "autoescape is not part", "html.j2:1", ""),
        ("{% include 'blocks/none.j2' %}", "no file 'blocks/none.j2'", "html.j2:1", ""),
        ("{% include first_name %}", "must name its file", "html.j2:1", ""),
        ("{% include '../../secret' %}", "no file '../../secret'", "html.j2:1", ""),
        ("{% include '/etc/passwd' %}", "no file '/etc/passwd'", "html.j2:1", ""),
        ("{% include 'html.j2' %}", "html.j2 includes itself", "html.j2:1", ""),
        ("<a href={{ first_name }}>x</a>", "attribute without quotes", "html.j2:1", ""),
    ],
)
def test_a_wrong_template_is_refused_by_file_and_line(template_of, source, problem, place, mend):
    with pytest.raises(TemplateError) as refused:
        template_of(html=source)

    assert problem in refused.value.problem
    assert refused.value.place.endswith(place)
    assert mend in refused.value.mend


def test_a_fault_in_a_block_is_named_by_the_block(template_of):
    with pytest.raises(TemplateError, match=r"at: blocks/hero\.j2:3"):
        template_of(html="{% include 'blocks/hero.j2' %}", files={"blocks/hero.j2": "\n\n{{ frist_name }}"})


def test_the_inputs_are_the_paths_that_parts_and_blocks_read(template_of):
    template = template_of(
        html="{% set best = picks[0] %}{{ best.url }}{% for pick in picks %}{% include 'pick.j2' %}{% endfor %}",
        text="{% if coupon %}{{ coupon.expires_on | date('long', locale) }}{{ coupon.expires_on.year }}{% endif %}",
        files={"pick.j2": "{{ pick.name }}"},
    )

    assert template.inputs == (
        *("coupon", "coupon.expires_on", "coupon.expires_on.year", "locale", "picks", "picks[]"),
        *("picks[].name", "picks[].url"),
    )


def test_a_version_is_the_content_and_the_declared_types(template_of):
    first = template_of(html="Hi {{ first_name }}", files={"unused.j2": "a"})
    same = template_of(html="Hi {{ first_name }}", files={"unused.j2": "b"})
    other = template_of(html="Hi, {{ first_name }}")
    retyped = template_of(html="Hi {{ first_name }}", inputs={"first_name": "int"})

    assert first.version == same.version
    assert len({first.version, other.version, retyped.version}) == 3


@pytest.mark.parametrize("ddl", ["struct<a: int", "array<int", "struct<>", "int)"])
def test_a_malformed_type_is_refused(ddl):
    with pytest.raises(ValueError, match=r"ends too early|should|no fields|no type"):
        arrow_type(ddl)


def test_types_are_read_whatever_their_nesting():
    assert arrow_type("array<struct<a: decimal(12,2), `b`: map<string, array<int>>, c: struct<d: date>>>") == pa.list_(
        pa.struct(
            [
                ("a", pa.decimal128(12, 2)),
                ("b", pa.map_(pa.string(), pa.list_(pa.int32()))),
                ("c", pa.struct([("d", pa.date32())])),
            ]
        )
    )


CSS = """<html><head><style>
.a { color: red }
td .b { margin: 0 }
@media (max-width: 9px) { .a { color: blue !important } }
</style></head><body>
"""


def test_styles_go_into_tags_and_everything_else_stays_as_it_was_written(template_of):
    html = CSS + (
        "<!--[if mso]><p class='a'>{% if coupon and 1 > 0 %}x{% endif %}</p><![endif]-->\n"
        "<table><tr>{% for p in picks %}<td>{% include 'b.j2' %}</td>{% endfor %}</tr></table>\n"
        "<p class=\"a\" title='{{ \"}}\" }}' style='margin: {{ 1 }}px'>&nbsp;&copy; "
        "{% if 2 > 1 and 1 < 2 %}é{% endif %}</p>\n"
        '<p class="z {% if coupon %}a{% endif %}">y</p></body></html>\n'
    )
    template = template_of(html=html, files={"b.j2": "<b class=b style='top: 1px'>{{ p.name }}</b>"})

    assert template.partials == {"b.j2": '<b class=b style="margin: 0;top: 1px">{{ p.name }}</b>'}
    assert template.parts["html"] == (
        "<html><head><style>@media (max-width: 9px) { .a { color: blue !important } }</style>"
        "{#\n\n\n\n#}</head><body>\n"
        "<!--[if mso]><p class='a'>{% if coupon and 1 > 0 %}x{% endif %}</p><![endif]-->\n"
        "<table><tr>{% for p in picks %}<td>{% include 'b.j2' %}</td>{% endfor %}</tr></table>\n"
        '<p class="a" title=\'{{ "}}" }}\' style="color: red; margin: {{ 1 }}px">&nbsp;&copy; '
        "{% if 2 > 1 and 1 < 2 %}é{% endif %}</p>\n"
        '<p class="z {% if coupon %}a{% endif %}">y</p></body></html>\n'
    )


def test_a_block_that_would_be_styled_in_two_ways_is_refused(template_of):
    html = CSS + "<table><tr><td>{% include 'b.j2' %}</td></tr></table>{% include 'b.j2' %}</body></html>"
    with pytest.raises(TemplateError, match=r"b.j2 is included in two places"):
        template_of(html=html, files={"b.j2": "<b class=b>x</b>"})


def test_a_style_sheet_that_depends_on_data_is_refused(template_of):
    with pytest.raises(TemplateError, match="depends on data"):
        template_of(html="<style>.a { color: {{ first_name }} }</style><p class=a>x</p>")


def test_lines_keep_their_numbers_when_styles_are_inlined(template_of):
    html = CSS + "{% if coupon %}\n{{ coupon.code }}{% endif %}</body></html>"

    rendered = renderer(template_of(html=html)).render({"coupon": {"code": None}})

    assert rendered.fault == "coupon.code is null and was printed, at html:7"
    assert rendered.branches == ("html:6.if",)
