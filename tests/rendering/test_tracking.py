"""Link parameters: every link of the html to the web has them once, before its fragment, and no other address."""

from urllib.parse import parse_qsl, urlsplit

import pyarrow as pa
import pytest
from hypothesis import given, strategies

from lettermill.errors import TemplateError
from lettermill.rendering.compiled import compile_template
from lettermill.rendering.filters import with_query
from lettermill.rendering.tracking import with_parameters
from tests.rendering.equality import differences

UTM = {"utm_source": "shop & co", "utm_medium": "email"}
QUERY = "utm_source=shop+%26+co&utm_medium=email"
IN_HTML = QUERY.replace("&", "&amp;")


@pytest.mark.parametrize(
    ("written", "rendered"),
    [
        ("https://shop.example/", f"https://shop.example/?{IN_HTML}"),
        ("https://shop.example/?a=1#top", f"https://shop.example/?a=1&amp;{IN_HTML}#top"),
        ("HTTP://shop.example", f"HTTP://shop.example?{IN_HTML}"),
        ("https://shop.example/?utm_source=own", "https://shop.example/?utm_source=own&amp;utm_medium=email"),
        ("https://shop.example/p/{{ id }}", f"https://shop.example/p/7?{IN_HTML}"),
        ("{{ shop }}/p/{{ id }}", f"https://shop.example/p/7?{IN_HTML}"),
        ("{{ url }}", f"https://shop.example/p?a=1&amp;{IN_HTML}#b"),
        ("{{ url if id else shop }}", f"https://shop.example/p?a=1&amp;{IN_HTML}#b"),
        ("{{- shop -}}", f"https://shop.example?{IN_HTML}"),
        ("mailto:care@shop.example", "mailto:care@shop.example"),
        ("#top", "#top"),
        ("{{ mail }}", "mailto:care@shop.example"),
    ],
)
def test_an_address_of_the_web_gets_the_parameters_and_no_other(written, rendered):
    data = {"url": "https://shop.example/p?a=1#b", "shop": "https://shop.example", "id": 7}
    batch = pa.RecordBatch.from_pylist([data | {"mail": "mailto:care@shop.example"}])
    source = with_parameters(f'<a class="b" href="{written}">Go</a>', UTM, file="body.html.j2")

    renderer = compile_template(source, language="jinja2", schema=batch.schema, autoescape=True)

    assert renderer.render(batch).text.to_pylist() == [f'<a class="b" href="{rendered}">Go</a>']
    assert differences(source, batch, autoescape=True)[0] == []


def test_a_link_that_says_so_is_left_alone_and_other_tags_are_no_links():
    source = "<a data-parameters='off' href='https://a.example'>x</a><img src='https://b.example'>"

    assert with_parameters(source, UTM, file="f") == source.replace(" data-parameters='off'", "")


def test_a_campaign_without_parameters_keeps_its_links():
    source = "<a data-parameters='off' href='https://a.example'>x</a><a href='{{ b }}'>y</a>"

    assert with_parameters(source, {}, file="f") == source.replace(" data-parameters='off'", "")


def test_control_tags_in_an_address_are_refused_by_file():
    with pytest.raises(TemplateError, match="control tags in it(.|\n)*body.html.j2(.|\n)*data-parameters"):
        with_parameters('<a href="https://a.example/{% if x %}b{% endif %}">x</a>', UTM, file="body.html.j2")


ADDRESSES = strategies.from_regex(
    r"https?://[a-z]{1,5}(/[a-z?&=]{0,6}){0,2}(\?[a-z&=]{0,6})?(#[a-z]{0,3})?", fullmatch=True
)


@given(strategies.lists(ADDRESSES | strategies.text(max_size=5) | strategies.none(), min_size=1, max_size=8))
def test_columns_add_what_the_filter_adds_and_nothing_of_the_address_is_lost(addresses):
    batch = pa.RecordBatch.from_pydict({"url": pa.array(addresses, pa.string())})

    assert differences("{{ url | with_query('" + QUERY + "') }}", batch, autoescape=False)[0] == []
    for address in addresses:
        added = with_query(address, QUERY)
        if address and address.startswith("http"):
            before, after = urlsplit(address), urlsplit(added)
            assert (after.fragment, after.path) == (before.fragment, before.path)
            own = parse_qsl(before.query, keep_blank_values=True)
            assert parse_qsl(after.query, keep_blank_values=True) == [*own, *parse_qsl(QUERY)]
            assert with_query(added, QUERY) == added


def test_a_campaign_s_parameters_are_in_its_template_and_its_version(template_of):
    html = "<a href='{{ url }}'>a</a>{% include 'foot.j2' %}"
    how = {"html": html, "files": {"foot.j2": "<a href='https://a.example'>b</a>"}, "inputs": {"url": "string"}}

    plain, tracked = template_of(**how), template_of(**how, link_parameters={"utm_medium": "email"})

    assert (
        tracked.parts["html"] == "<a href='{{ (url) | with_query('utm_medium=email') }}'>a</a>{% include 'foot.j2' %}"
    )
    assert tracked.partials["foot.j2"] == "<a href='https://a.example?utm_medium=email'>b</a>"
    assert "with_query" in tracked.parts["text"]
    assert plain.version != tracked.version
