"""Measures: visible bytes are what a plain reading counts, leftovers say where they come from, and what is empty is told."""

import pyarrow as pa
import pytest
from hypothesis import example
from hypothesis import given as invent
from hypothesis import strategies as some

from lettermill.rendering.compiled import compile_template
from lettermill.rendering.measures import Foreknown, foreknown, may_leave_syntax, measured, solid_bytes, visible_bytes

PIECES = some.sampled_from(
    [
        "<",
        ">",
        "<style",
        "<STYLE>",
        "</style>",
        "<p>",
        "</p>",
        "<img src='a>b'>",
        "<!-- < -->",
        "s",
        "tyle",
        "é",
        " ",
        "\n",
        "\t",
        "a",
    ]
)
HTML = some.none() | some.lists(PIECES).map("".join)


def plainly(html):
    """Byte after byte: what stands outside tags, and outside a style up to the tag that ends it."""
    if html is None:
        return None
    text, seen, at = html.encode(), 0, 0
    while at < len(text):
        if text[at : at + 1] != b"<":
            seen += text[at] > 32
            at += 1
        elif text[at + 1 : at + 6].lower() == b"style":
            at = (text + b"<").index(b"<", at + 1)
        else:
            at = (text + b">").index(b">", at) + 1
    return seen


@invent(some.lists(HTML), some.integers(0, 3))
def test_visible_bytes_are_those_that_a_plain_reading_counts(rows, start):
    html = pa.array(rows, pa.string()).slice(start)

    assert visible_bytes(html).to_pylist() == [plainly(one) for one in rows[start:]]


def test_visible_bytes_of_more_rows_than_are_looked_at_together():
    rows = ["<p>Grüße</p><style>p { color: red }</style>", None, ""] * 1_000

    assert visible_bytes(pa.array(rows)).to_pylist() == [7, None, 0] * 1_000


def told(*, data=(), **parts):
    """What is left over, row by row; `data` are the texts of an input that lies deep."""
    size = len(next(iter(parts.values())))
    inputs = pa.array([{"picks": [{"name": name}]} for name in data or [""] * size])
    return measured({name: pa.array(texts) for name, texts in parts.items()}, inputs=inputs).leftovers.to_pylist()


@pytest.mark.parametrize(
    ("text", "sign"),
    [
        ("Hi {{ name }}", "{{"),
        ("{% if a %}", "{%"),
        ("Hi %%first_name%%", "%%"),
        ("%%=v(@name)=%%", "%%"),
        ("Hi *|FNAME|*", "*|"),
        ("<%= name %>", "<%"),
        ("&lt;%= name %&gt;", "<%"),
        ("Hi ${name}", "${"),
        ("https://shop.example/%7B%7Bid%7d%7d", "%7B%7B"),
    ],
)
def test_template_syntax_that_is_left_over_is_told_by_its_sign_and_part(text, sign):
    assert told(html=["fine", text], text=["fine"] * 2) == [[], [f"template syntax {sign} is left over in the html"]]


@pytest.mark.parametrize("text", ["100%% wool", "5 { 6 }", "$5 {a}", "a * | b", "50% {off}", "p { a: { b } }"])
def test_what_only_resembles_template_syntax_is_none(text):
    assert told(html=[text]) == [[]]


def test_syntax_that_came_with_the_data_is_told_apart_row_by_row():
    shown = ["Hi {{ Ana }}", "Hi {{ name }}", None]

    assert told(subject=shown, data=["{{ Ana }}", "Ben", "{{"]) == [
        ["data with template syntax {{ stands in the subject"],
        ["template syntax {{ is left over in the subject"],
        [],
    ]
    assert told(html=["?a=%7B%7Bx%7D%7D"], data=["{{x}}"]) == [["data with template syntax %7B%7B stands in the html"]]


def test_parts_that_show_nothing_are_told():
    parts = {
        "subject": ["Hi", " \u00a0", None, "Hi"],
        "preheader": ["", "", None, ""],
        "html": ["<p> </p>", "<p>a</p>", None, "<p><img src='a.png'></p>"],
        "text": ["", "a", None, "\n"],
    }
    found = measured({name: pa.array(texts) for name, texts in parts.items()}, inputs=pa.array([{"a": ""}] * 4))

    assert found.empty.to_pylist() == [
        ["the text is empty", "the html shows nothing"],
        ["the subject is empty"],
        [],
        ["the text is empty"],
    ]
    assert found.visible_bytes.to_pylist() == [0, 1, None, 0]


def test_messages_without_any_part_have_no_measures():
    found = measured({}, inputs=pa.array([{"a": ""}] * 2))

    assert (found.visible_bytes.to_pylist(), found.leftovers.to_pylist(), found.empty.to_pylist()) == (
        [None] * 2,
        [[], []],
        [[], []],
    )


WRITTEN = some.sampled_from(["a", "%", "*", "|", "$", "<b>", "NAME", "%%", " ", "{{ x }}", "{% if y %}", "{% endif %}"])
DATA = some.lists(some.sampled_from(["a", "{", "%", "|", "NAME", "$", "*"]), max_size=3).map("".join)


@invent(some.lists(WRITTEN, max_size=6), some.lists(DATA, min_size=1, max_size=4))
@example(["*", "|", "{{ x }}"], ["NAME"])
@example(["%", "{% if y %}", "%", "NAME", "%%"], ["a"])
@example(["$", "{{ x }}"], ["{a"])
def test_a_template_that_leaves_nothing_over_by_itself_is_searched_for_what_data_leaves_over(pieces, data):
    inputs = pa.array([{"x": one} for one in data])
    texts = pa.array(["".join("" if "{% " in p else p.replace("{{ x }}", one) for p in pieces) for one in data])
    might = may_leave_syntax(["".join(pieces)])

    found, wanted = (
        measured({"text": texts}, inputs=inputs, known=Foreknown(may_leave_syntax=one)) for one in (might, True)
    )

    assert found.leftovers.to_pylist() == wanted.leftovers.to_pylist()


@invent(some.lists(some.none() | some.text("a é\t\n", max_size=4)), some.integers(0, 2))
def test_what_is_seen_of_a_text_is_its_bytes_without_white_space(rows, start):
    texts = pa.array(rows, pa.string()).slice(start)

    wanted = [one if one is None else len("".join(one.split()).encode()) for one in rows[start:]]
    assert solid_bytes(texts).to_pylist() == wanted
    assert (
        measured({"text": texts}, inputs=pa.array([{}] * len(texts), pa.struct([]))).visible_bytes.to_pylist() == wanted
    )


@pytest.mark.parametrize(
    ("source", "shows"),
    [
        ("<p>Hi {{ name }}</p>", True),
        ("<title>Hi</title><style>p { }</style><p alt='a'>{{ name }}</p><!-- a -->", False),
        ("{% if name %}<p>Hi</p>{% endif %}", False),
        ("{% include 'a.j2' %}", True),
    ],
)
def test_an_html_with_text_that_is_always_written_always_shows_something(source, shows):
    schema = pa.schema([("name", pa.string())])
    partials = {"a.j2": "Hi"}
    plan = compile_template(source, language="jinja2", schema=schema, autoescape=True, partials=partials).plan

    assert foreknown([], plan.body).always_shows is shows
