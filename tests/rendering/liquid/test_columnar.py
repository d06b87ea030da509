"""The columnar engine writes what python-liquid writes, row for row, and does so by itself."""

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lettermill.errors import TemplateError
from lettermill.rendering.compiled import compile_template
from tests.rendering.corpus import PEOPLE
from tests.rendering.invented import Batches
from tests.rendering.liquid.corpus import CASES
from tests.rendering.liquid.equality import differences, rows_of
from tests.rendering.liquid.invented import FILES, Templates


@pytest.mark.parametrize("autoescape", [True, False], ids=["html", "text"])
@pytest.mark.parametrize("name", CASES)
def test_three_ways_to_render_liquid_write_the_same(name, autoescape):
    case = CASES[name]
    found, deferred = differences(case.template, PEOPLE, autoescape=autoescape, partials=case.partials)

    assert found == []
    assert deferred <= case.deferred, "rows that the columnar engine could do were left to the library"


@settings(max_examples=1_200, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.randoms(use_true_random=False), st.booleans())
def test_invented_liquid_writes_the_same_over_invented_batches(random, autoescape):
    template, batch = Templates(random).template(), Batches(random).batch()
    try:
        found, _ = differences(template, batch, autoescape=autoescape, partials=FILES)
    except TemplateError:
        return

    assert found == [], template


def compiled(source, rows, *, autoescape=True, partials=None):
    missing = "missing" if "missing" in rows.schema.names else None
    return compile_template(
        source, language="liquid", schema=rows.schema, autoescape=autoescape, partials=partials, missing=missing
    )


def test_a_row_faults_alone_with_the_words_of_the_row_wise_renderer():
    rows = pa.RecordBatch.from_pydict({"n": [1, 2, 0, None]})
    renderer = compiled("{{ 12 | divided_by: n }}", rows)

    assert rows_of(renderer.render(rows)) == rows_of(renderer.render_rowwise(rows))
    assert rows_of(renderer.render(rows)) == [
        ("12", None, []),
        ("6", None, []),
        (None, "divided_by cannot work on this value, at html:1", []),
        (None, "divided_by cannot work on this value, at html:1", []),
    ]


def test_what_is_missing_is_a_fault_but_for_default():
    rows = pa.RecordBatch.from_pylist(
        [{"a": "x", "missing": []}, {"a": "x", "missing": ["a"]}, {"a": None, "missing": []}],
        pa.schema([("a", pa.string()), ("missing", pa.list_(pa.string()))]),
    )
    gone = (None, "a is missing, at html:1", [])

    assert rows_of(compiled("[{{ a }}]", rows).render(rows)) == [("[x]", None, []), gone, ("[]", None, [])]
    assert rows_of(compiled("{% if a == nil %}1{% else %}2{% endif %}", rows).render(rows)) == [
        ("2", None, ["html:1.else"]),
        gone,
        ("1", None, ["html:1.if"]),
    ]
    kept = compiled("{{ a | default: 'd' }}", rows).render(rows)
    assert (rows_of(kept), kept.deferred) == ([("x", None, []), ("d", None, []), ("d", None, [])], 0)


def test_a_literal_beside_data_stays_markup_and_data_is_escaped():
    rows = pa.RecordBatch.from_pydict({"name": ["<b>", None, ""]})
    source = "{% assign who = name | default: '<i>you</i>' %}{{ who }} {{ who | append: '&' }} {{ who | upcase }}"
    rendered = compiled(source, rows).render(rows)

    assert rendered.text.to_pylist() == [
        "&lt;b&gt; &lt;b&gt;& &lt;B&gt;",
        "<i>you</i> <i>you</i>& <I>YOU</I>",
        "<i>you</i> <i>you</i>& <I>YOU</I>",
    ]
    assert rendered.deferred == 0


def test_decimals_in_arithmetic_are_a_fault_and_never_zero():
    rows = pa.RecordBatch.from_pydict({"price": pa.array(["9.90"]).cast(pa.decimal128(12, 2))})

    assert rows_of(compiled("{{ price }} {{ price | times: 2 }}", rows).render(rows)) == [
        (None, "times cannot take a decimal: make the input a double, at html:1", [])
    ]


def test_branches_are_named_by_file_line_and_kind():
    rows = pa.RecordBatch.from_pydict({"n": [1, 2, 3]})
    source = "{% if n == 1 %}\n{% render 'a.html', n: n %}\n{% elsif n == 2 %}b\n{% else %}c{% endif %}\n{% for i in (1..n) %}{{ i }}{% endfor %}{% case n %}\n{% when 3 %}x{% else %}y{% endcase %}"
    renderer = compiled(source, rows, partials={"a.html": "{% unless n == 2 %}u{% endunless %}"})

    assert renderer.render(rows).branches.to_pylist() == [
        ["html:1.if", "html:5.else", "html:5.for", "html:a.html", "html:a.html:1.if"],
        ["html:3.elif", "html:5.else", "html:5.for"],
        ["html:1.else", "html:5.for", "html:6.if"],
    ]
    assert rows_of(renderer.render(rows)) == rows_of(renderer.render_rowwise(rows))


def test_a_plan_tells_what_it_reads_and_what_has_no_kernel():
    schema = pa.schema(
        [("picks", pa.list_(pa.struct([("name", pa.string()), ("price", pa.float64())]))), ("n", pa.int64())]
    )
    source = "{% for p in picks limit: n %}{{ p.name }}{% endfor %}\n{% assign a = 0 %}{% for p in picks %}{% assign a = a | plus: p.price %}{% endfor %}{{ a }}"
    renderer = compile_template(source, language="liquid", schema=schema, autoescape=True)

    assert list(renderer.inputs) == ["n", "picks", "picks[].price"]
    assert set(renderer.vectorised.without.values()) == {
        "a loop's limit or offset that is no number of the template",
        "the filter plus",
    }


@pytest.mark.parametrize(
    ("source", "fault"),
    [
        ("{% for a in (1..1000) %}{% for b in (1..1000) %}{% endfor %}{% endfor %}", "more than 20,000 steps"),
        ("{% for a in (0..n) %}{% endfor %}", "a range of more than 1,000"),
        ("{% for a in (1..900) %}{% for b in (1..20) %}" + "x" * 80 + "{{ n }}{% endfor %}{% endfor %}", "larger than 1,000,000 bytes"),
        ("{% assign a = '" + "x" * 999 + "' %}" + "{% assign a = a | append: a %}" * 12, "longer than 1,000,000 characters"),
        ("{% assign a = n %}" + "{% assign a = a | times: a %}" * 30, "a whole number is too large"),
        ("{% assign a = 'a,b' | split: ',' %}" + "{% assign a = a | concat: a %}" * 20, "a list of more than 10,000"),
        ("{{ 'x' | append: name | replace: 'x', name | replace: 'x', name }}", "longer than 1,000,000 characters"),
    ],
)  # fmt: skip
def test_limits_hold_in_both_back_ends(source, fault):
    rows = pa.RecordBatch.from_pydict({"n": [2_000, 3_000], "name": ["x" * 2_000, "x" * 3_000]})
    renderer = compiled(source, rows)
    by_columns, by_rows = rows_of(renderer.render(rows)), rows_of(renderer.render_rowwise(rows))

    assert by_columns == by_rows
    assert all(fault in str(told) for _, told, _ in by_columns)
