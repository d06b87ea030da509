"""Minified white space: the reader sees the same mail, lines keep their numbers."""

import re

import jinja2
import pytest
from hypothesis import example, given, strategies

from lettermill.rendering.jinja.parsing import OPTIONS
from lettermill.rendering.whitespace import minified

PIECES = [
    " ", "\n", "\n\n   ", "\t", "a", "b c", "<b>", "</b>", "<i\n  id='x  y'>", "{{ x }}", "{{- x -}}", "{% if x %}",
    "{% endif %}", "{# note #}", "{% for i in y %}", "{% endfor %}", "<pre>\n  p  \n</pre>", "<!-- a\n\n b -->",
]  # fmt: skip


def seen(source):
    """What a reader sees of a template's text: white space is a space, wherever it stands."""
    text = jinja2.Environment(**OPTIONS).from_string(source).render(x=" v\n", y=[1, 2])
    kept = re.findall(r"<pre>.*?</pre>|<!--.*?-->|<[^>]*>", text, re.DOTALL)
    return re.sub(r"\s+", " ", text), kept


@given(strategies.lists(strategies.sampled_from(PIECES), max_size=9).map("".join))
@example("a{% if x %}\n b{% endif %}")
@example(" \n")
@example("{% if x %}{% endif %} \n ")
@example("\n ")
@example("a{# n #}\n\n{% if x %}b{% endif %}")
def test_the_reader_sees_the_same_and_lines_keep_their_numbers(source):
    try:
        wanted = seen(source)
    except jinja2.TemplateSyntaxError:
        return
    short = minified(source, file="f")

    assert seen(short) == wanted
    assert short.count("\n") == source.count("\n")
    assert minified(short, file="f") == short


def test_runs_become_one_line_break_or_one_space():
    source = "<table>\n    <tr>\n\n\n      <td>a    b</td>\n   {{ c }}   d</tr></table>"

    assert minified(source, file="f") == "<table>\n<tr>\n{#\n\n#}<td>a b</td>\n{{ c }} d</tr></table>"


@pytest.mark.parametrize("whitespace", ["as_written", "minified"])
def test_a_campaign_chooses(template_of, whitespace):
    template = template_of(
        html="<p>\n    Hi</p>{% include 'a.j2' %}", files={"a.j2": "<i>  </i>"}, whitespace=whitespace
    )

    kept = whitespace == "as_written"
    assert template.parts["html"] == f"<p>\n{'    ' if kept else ''}Hi</p>{{% include 'a.j2' %}}"
    assert template.partials["a.j2"] == f"<i>{'  ' if kept else ' '}</i>"


def test_files_with_raw_blocks_stay_as_they_are():
    assert minified("{% raw %}\n\n  {{ x }}{% endraw %}", file="f") == "{% raw %}\n\n  {{ x }}{% endraw %}"
