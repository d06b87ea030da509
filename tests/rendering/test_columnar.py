"""The columnar engine writes what the library writes, row for row, and does so by itself."""

from datetime import date, timedelta
from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lettermill.errors import TemplateError
from lettermill.rendering.compiled import compile_template
from tests.rendering.conftest import CORPORA
from tests.rendering.corpus import CASES, PEOPLE
from tests.rendering.equality import differences, rows_of
from tests.rendering.invented import SCHEMA, Batches, Templates


@pytest.mark.parametrize("autoescape", [True, False], ids=["html", "text"])
@pytest.mark.parametrize("name", CASES)
def test_three_ways_to_render_write_the_same(name, autoescape):
    case = CASES[name]
    found, deferred = differences(case.template, PEOPLE, autoescape=autoescape, partials=case.partials)

    assert found == []
    assert deferred <= case.deferred, "rows that the columnar engine could do were left to the library"


@settings(max_examples=700, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.randoms(use_true_random=False), st.booleans())
def test_invented_templates_write_the_same_over_invented_batches(random, autoescape):
    template, batch = Templates(random).template(), Batches(random).batch()
    try:
        found, _ = differences(template, batch, autoescape=autoescape)
    except TemplateError:
        return

    assert found == [], template


SCALES = pa.schema([("d", pa.decimal128(20, 9)), ("f", pa.float32()), ("t", pa.timestamp("ns")), ("u", pa.uint64()),
                    ("s", pa.large_string()), ("c", pa.dictionary(pa.int8(), pa.string())), ("e", pa.list_(pa.struct([]))),
                    ("z", pa.null()), ("b", pa.binary()), ("m", pa.map_(pa.string(), pa.int32())),
                    ("v", pa.large_list(pa.large_string())), ("o", pa.time64("us"))])  # fmt: skip


def test_columns_of_any_type_print_as_the_library_prints_them():
    row = {"d": "0.000000001", "f": 0.1, "t": 1_700_000_000_123_456_789, "u": 2**64 - 1, "s": "<s>", "c": "x", "e": [{}],
           "z": None, "b": b"<b>", "m": [("a", 1)], "v": ["p", "q"], "o": 5}  # fmt: skip
    columns = [pa.array([row[f.name], None, row[f.name]]).cast(f.type) if f.name in "dsc" else
               pa.array([row[f.name], None, row[f.name]], f.type) for f in SCALES]  # fmt: skip
    batch = pa.RecordBatch.from_arrays(columns, schema=SCALES)
    template = "|".join(f"{{{{ {name} }}}}" for name in "dftuscezbmvo")

    found, deferred = differences(template, batch, autoescape=True)

    assert (found, deferred) == ([], 0)


def test_a_row_faults_alone_with_the_words_of_the_library(given_rows):
    rows = given_rows([{"n": n} for n in (1, 2, 0, 4)], n=pa.int64())
    renderer = compile_template("{{ 12 // n }}", language="jinja2", schema=rows.schema, autoescape=True)

    assert rows_of(renderer.render(rows)) == [
        ("12", None, []),
        ("6", None, []),
        (None, "ZeroDivisionError while evaluating, at html:1", []),
        ("3", None, []),
    ]


def test_a_missing_input_is_undefined_and_a_null_is_none(given_rows):
    rows = given_rows(
        [{"a": None, "m": []}, {"a": "x", "m": ["a"]}, {"a": "x", "m": ["b.c"]}, {"a": "x", "m": None}],
        a=pa.string(), m=pa.list_(pa.string()),
    )  # fmt: skip
    source = "{% if a is defined %}{{ a }}{% else %}gone{% endif %} {{ a | default('d') }}"
    renderer = compile_template(source, language="jinja2", schema=rows.schema, autoescape=True, missing="m")
    rendered = renderer.render(rows)

    assert rendered.deferred == 0
    assert rows_of(rendered) == [
        ("None None", None, ["html:1.if", "html:1.null(a)", "html:1.null(a | default)"]),
        ("gone d", None, ["html:1.else"]),
        ("x x", None, ["html:1.if"]),
        ("x x", None, ["html:1.if"]),
    ]


def test_only_distinct_inputs_reach_the_library(given_rows, monkeypatch):
    rows = given_rows([{"n": n % 3} for n in range(3_000)], n=pa.int64())
    renderer = compile_template("{{ n | money('EUR', 'de') }}", language="jinja2", schema=rows.schema, autoescape=True)
    calls = []
    plain = renderer.program.library.filter("money")
    monkeypatch.setattr(
        renderer.program.library, "filter", lambda _: lambda *given: calls.append(given) or plain(*given)
    )

    renderer.render(rows)
    renderer.render(rows)

    assert sorted(calls) == [(0, "EUR", "de"), (1, "EUR", "de"), (2, "EUR", "de")]


def test_what_a_plan_reads_and_what_has_no_kernel_is_told():
    schema = SCHEMA.remove(SCHEMA.get_field_index("missing"))
    source = "{% for p in picks %}\n{{ p.maker.city | wordcount }}{{ p.price }}{% endfor %}{{ day.year }}"
    renderer = compile_template(source, language="jinja2", schema=schema, autoescape=True)

    assert dict(renderer.inputs) == {
        "day.year": pa.int64(), "picks": schema.field("picks").type, "picks[].maker.city": pa.string(),
        "picks[].price": pa.decimal128(12, 2),
    }  # fmt: skip
    assert dict(renderer.vectorised.without) == {"html:2:19": "the filter wordcount"}
    assert 0.9 < renderer.vectorised.share < 1
    assert len(renderer.fingerprint) == 64


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        ("{{ nam }}", "'nam' is not declared"),
        ("{{ coupon.cod }}", "coupon.cod is not declared"),
        ("{{ name | safe }}", "safe works on a literal"),
        ("{{ tags | map('_shown') }}", "map must be given a filter"),
        ("{{ tags | map('safe') }}", "map must be given a filter"),
        ("{{ tags | map(name) }}", "map must be given a filter"),
        ("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", "macro 'm' calls itself"),
        ("{% macro m(a) %}{% endmacro %}{{ m(b=1) }}", "macro 'm' takes (a)"),
        ("{% include 'a.j2' %}", "includes itself"),
        ("{% extends name %}", "must name its file"),
        ("{% for a in tags recursive %}{% endfor %}", "cannot be recursive"),
        ("{{ name.__class__ }}", "name.__class__ is not declared"),
        ("{{ name['__class__'] }}", "name.__class__ is not declared"),
        ("{{ ''.join(tags) }}", "can be called"),
        ("{{ cycler('a') }}", "can be called"),
        ("{% autoescape false %}{{ name }}{% endautoescape %}", "autoescape is not part"),
        ("{{ {'a': 1} }}", "a dictionary is not part"),
        ("{{ 2 ** 9 }}", "the operator ** is not part"),
    ],
)
def test_what_is_outside_the_language_is_refused_before_any_data(source, problem):
    with pytest.raises(TemplateError) as refused:
        compile_template(
            source, language="jinja2", schema=SCHEMA, autoescape=True, partials={"a.j2": "{% include 'a.j2' %}"}
        )
    assert problem in str(refused.value)


HUGE = "{% for a in range(1000) %}{% for b in range(19) %}xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx{{ n }}{% endfor %}{% endfor %}"


@pytest.mark.parametrize(
    ("source", "fault"),
    [
        ("{% for a in range(1000) %}{% for b in range(1000) %}{% endfor %}{% endfor %}", "more than 20,000 steps"),
        ("{% for a in range(n * 2000) %}{% endfor %}", "a range of more than 1,000"),
        (HUGE, "larger than 1,000,000 bytes"),
        ("{% set a %}" + "x" * 999 + "{% endset %}" + "{% set a = a ~ a %}" * 12, "longer than 1,000,000 characters"),
        ("{% set a = n + 9 %}" + "{% set a = a * a %}" * 30, "a whole number is too large"),
        ("{{ '%9999d' | format(n) }}", "a format wider than 1,000"),
        ("{{ 1.5 | round(99999) }}", "round to more than"),
    ],
)
def test_limits_hold_in_both_back_ends(given_rows, source, fault):
    rows = given_rows([{"n": 1}, {"n": 2}], n=pa.int64())
    renderer = compile_template(source, language="jinja2", schema=rows.schema, autoescape=True)
    by_columns, by_rows = rows_of(renderer.render(rows)), rows_of(renderer.render_rowwise(rows))

    assert by_columns == by_rows
    assert all(fault in told for _, told, _ in by_columns)


@pytest.fixture
def given_rows():
    """A batch of rows, with the types of its columns."""
    return lambda rows, **types: pa.RecordBatch.from_pylist(rows, pa.schema(list(types.items())))


def test_long_batches_are_rendered_in_the_order_of_their_rows(given_rows):
    rows = given_rows([{"n": n} for n in range(20_000)], n=pa.int64())
    renderer = compile_template(
        "{% if n % 2 %}{{ n }}{% else %}-{{ n }}{% endif %}", language="jinja2", schema=rows.schema, autoescape=True
    )

    rendered = renderer.render(rows)

    assert rendered.text.to_pylist() == [f"{n}" if n % 2 else f"-{n}" for n in range(20_000)]
    assert rendered.deferred == 0


def test_real_mails_with_values_in_them_write_the_same():
    mails = sorted((CORPORA / "html-emails").rglob("*.html"))
    if not mails:
        pytest.skip("the corpus of e-mails is not here")
    for mail in mails:
        found, _ = differences(with_values(mail.read_text(encoding="utf-8", errors="replace")), PEOPLE, autoescape=True)
        assert found == [], mail


VALUES = ("{{ name }}", "{{ nick or 'friend' }}", "{% if flag %}{{ price }}{% else %}-{% endif %}",
          "{% for p in picks %}{{ p.name }} {{ p.price }}{% endfor %}", "{{ day }}", "{{ name | upper }}")  # fmt: skip


def with_values(html):
    """An e-mail with a value in the place of every fifth of its words, as far as these stand between tags."""
    html = html.replace("{{", "{ {").replace("{%", "{ %").replace("{#", "{ #")
    head, body_tag, body = html.partition("<body")
    words = body.split(" ")
    for place in range(0, len(words), 5):
        if words[place].isalpha():
            words[place] = VALUES[place // 5 % len(VALUES)]
    return head + body_tag + " ".join(words)


@pytest.mark.parametrize("spread", [50, 60_000, 10**9])
def test_numbers_and_dates_print_the_same_however_far_apart(given_rows, spread):
    numbers = [None if n % 7 == 0 else (n * 7_919) % spread - spread // 2 for n in range(2_000)]
    rows = given_rows(
        [{"n": n, "p": n and Decimal(n) / 100, "d": n and date(2024, 1, 1) + timedelta(n % 900)} for n in numbers],
        n=pa.int64(), p=pa.decimal128(18, 2), d=pa.date32(),
    )  # fmt: skip
    for batch in (rows, rows.slice(3, 1_500), rows.slice(7, 1), rows.slice(0, 0)):
        found, deferred = differences("<{{ n }} {{ p }}, {{ d }}>{{ n }}{{ p }}", batch, autoescape=True)
        assert (found, deferred) == ([], 0)
