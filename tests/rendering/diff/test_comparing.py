"""Two sides of a batch: the messages that differ are those whose whole mails do, told by blocks and causes."""

import json
from dataclasses import replace
from hashlib import sha256

import numpy as np
import pyarrow as pa
import pytest

from lettermill.rendering.diff import comparing
from lettermill.rendering.diff.causes import Cause, input_facets, is_read
from lettermill.rendering.diff.comparing import compare
from lettermill.rendering.diff.counting import Sides, count_changes
from lettermill.rendering.diff.pairs import mail_pair
from lettermill.rendering.templates import Template
from tests.rendering.corpus import CASES, PEOPLE

TYPE = pa.struct([field for field in PEOPLE.schema if field.name != "missing"])
INPUTS = pa.StructArray.from_arrays([PEOPLE.column(field.name) for field in TYPE], fields=list(TYPE))
MISSING = PEOPLE.column("missing")
IDS = pa.array(["ana", "null", "empty", "odd", "lea"])
PARTIALS = {
    "head.j2": "<h1>{{ name }}</h1>",
    "coupon.j2": "{% if coupon is defined and coupon %}{{ coupon.code }}{% endif %}",
}
PARTS = {"subject": "Hi", "html": "{% include 'head.j2' %} - {% include 'coupon.j2' %} bye"}


def template(partials=PARTIALS, **parts):
    parts = PARTS | parts
    return Template("spring", parts, partials, (), sha256(repr((parts, partials)).encode()).hexdigest())


def counted(before, after, *, changed=None, missing=MISSING):
    """The patterns between two templates, over the people, or over those and the people `changed`."""
    mails = mail_pair(before, after, TYPE, TYPE)
    first = mails.before.batch(INPUTS, MISSING)
    second = first if changed is None else mails.after.batch(changed, missing)
    rows = count_changes(mails, Sides(IDS, first, second)).to_pylist()
    return {
        (tuple(row["blocks"]), tuple(Cause(**cause) for cause in row["causes"])): (row["messages"], row["example"])
        for row in rows
        if row["blocks"]
    }


def with_values(**columns):
    arrays = [pa.array(columns[f.name], f.type) if f.name in columns else PEOPLE.column(f.name) for f in TYPE]
    return pa.StructArray.from_arrays(arrays, fields=list(TYPE))


def test_a_changed_line_is_told_for_those_who_get_the_block():
    shouting = PARTIALS | {"coupon.j2": PARTIALS["coupon.j2"].replace("coupon.code }}", "coupon.code }}!")}

    found = counted(template(), template(shouting))

    assert found == {(("html:coupon.j2",), (Cause("html:coupon.j2", "template"),)): (3, "ana")}


def test_nothing_is_rendered_where_nothing_changed(monkeypatch):
    monkeypatch.setattr(comparing, "render_blocks", None)
    monkeypatch.setattr(comparing, "render_whole", None)
    commented = template(html="{# a note #}{% include 'head.j2' %} - {% include 'coupon.j2' %} bye")

    assert counted(template(), commented) == {}
    assert counted(template(), template(), changed=with_values(n=[1, 2, 3, 4, 5])) == {}, "no part reads n"


def test_text_that_moves_into_an_include_changes_nobody():
    moved = template(
        PARTIALS | {"bye.j2": " bye"}, html="{% include 'head.j2' %} - {% include 'coupon.j2' %}{% include 'bye.j2' %}"
    )

    assert counted(template(), moved) == {}


def test_text_that_moves_is_not_told_beside_what_changes_in_another_part():
    moved = template(
        PARTIALS | {"bye.j2": " bye"},
        subject="Hello",
        html="{% include 'head.j2' %} - {% include 'coupon.j2' %}{% include 'bye.j2' %}",
    )

    (key,) = counted(template(), moved)

    assert key == (("subject",), (Cause("subject", "template"),))


def test_a_block_that_comes_or_goes_is_told_by_its_name():
    longer = template(
        PARTIALS | {"more.j2": "more"},
        html="{% include 'head.j2' %} - {% include 'more.j2' %}{% include 'coupon.j2' %} bye",
    )

    (key,) = counted(template(), longer)

    assert key == (("html:more.j2",), (Cause("html:more.j2", "template"),))


def test_an_input_that_changed_is_the_cause_where_a_block_that_changes_reads_it():
    other = with_values(name=["Ana", "Null", "Nobody", "<b>Ben & 'Söhne'</b>", "Lea"], n=[9] * 5)

    assert counted(template(), template(), changed=other) == {
        (("html:head.j2",), (Cause("name", "value", '""', '"Nobody"'),)): (1, "empty")
    }


def test_of_several_inputs_that_changed_those_are_causes_that_move_the_block():
    once = template({"own.j2": "{{ name }}{% if n == 7 %}{{ k }}{% endif %}"}, html="{% include 'own.j2' %}")
    other = with_values(name=["Anna", "Null", "", "Ben", "Lea"], k=[3, 1, 1, 1, 4])

    name, k = (lambda a, b: Cause("name", "value", a, b)), (lambda a, b: Cause("k", "value", a, b))
    odd = json.dumps("<b>Ben & 'Söhne'</b>", ensure_ascii=False)
    assert counted(once, once, changed=other) == {
        (("html:own.j2",), (k("2", "3"), name('"Ana"', '"Anna"'))): (1, "ana"),
        (("html:own.j2",), (name(odd, '"Ben"'),)): (1, "odd"),
        (("html:own.j2",), (k("2", "4"),)): (1, "lea"),
    }


def test_a_message_that_becomes_faulty_is_told_with_its_fault_and_one_that_stays_so_is_not():
    printing = template(subject="{{ nick }}")
    lea_lacks = template(subject="{{ coupon.code if coupon is not none }}")

    found = counted(template(), printing)
    unmended = counted(lea_lacks, template(subject="{{ coupon.code if coupon is not none }}{{ k }}"))

    fault = Cause("subject", "fault", None, "nick is null and was printed, at subject:1")
    assert found[("subject",), (fault,)] == (1, "null")
    assert "lea" not in {example for _, example in unmended.values()}
    assert sum(messages for messages, _ in unmended.values()) == 4


@pytest.mark.parametrize("name", [name for name in CASES if not CASES[name].partials])
def test_what_differs_is_what_differs_between_whole_mails(name):
    """Every template of the corpus within an include, against one with a change behind it and people who changed."""
    rng = np.random.default_rng(5)
    order = pa.array(rng.permutation(5))
    changed, missing = INPUTS.take(order), MISSING.take(order)
    before = template({"own.j2": CASES[name].template, "k.j2": "{{ k }}"}, html="a{% include 'own.j2' %}b")
    after = template(before.partials, html="a{% include 'own.j2' %}b{% include 'k.j2' %}")
    for old, new, inputs, gone in (
        (before, after, INPUTS, MISSING),
        (before, before, changed, missing),
        (before, after, changed, missing),
    ):
        mails = mail_pair(old, new, TYPE, TYPE)
        first = mails.before.batch(INPUTS, MISSING)
        second = first if inputs is INPUTS else mails.after.batch(inputs, gone)

        found = compare(mails, first, second)

        whole = [mails.before.render(INPUTS, MISSING), mails.after.render(inputs, gone)]
        sides = [
            [None if one.fault[row].is_valid else one.parts["html"][row].as_py() for row in range(5)] for one in whole
        ]
        assert found.rows[found.changed].tolist() == [row for row in range(5) if sides[0][row] != sides[1][row]]


def kinds(before, after, type_):
    return {facet.cause for facet in input_facets("x", pa.array([before], type_), pa.array([after], type_))}


def test_what_changed_of_an_input_is_told_by_its_kind():
    items = pa.list_(pa.struct([("id", pa.string()), ("price", pa.int64())]))
    one, dear, two = {"id": "1", "price": 1}, {"id": "1", "price": 9}, {"id": "2", "price": 2}

    assert kinds("a", None, pa.string()) == {Cause("x", "disappeared", '"a"', "null")}
    assert kinds("a" * 99, "b", pa.string()) == {Cause("x", "value", None, '"b"')}
    assert kinds(None, one, items.value_type) == {Cause("x", "appeared")}
    assert kinds(one, dear, items.value_type) == {Cause("x.price", "value", "1", "9")}
    assert kinds([one, two], [dear, two], items) == {Cause("x[].price", "value")}
    assert kinds([one, two], [two, one], items) == {Cause("x", "order")}
    assert kinds([one, one], [one, two], items) == {Cause("x", "items")}
    assert kinds([one], [one, two], items) == {Cause("x", "length", "1", "2")}
    assert kinds(None, [], items) == {Cause("x", "appeared")}
    assert kinds([1, 2], [2, 1], pa.list_(pa.int64())) == {Cause("x", "order")}
    assert kinds([("k", 1)], [("k", 2)], pa.map_(pa.string(), pa.int64())) == {Cause("x", "value")}


def test_a_field_is_read_where_it_is_or_where_all_that_it_is_in_is():
    told, whole = frozenset({"coupon", "coupon.code", "picks", "picks[].price"}), frozenset({"coupon"})

    assert is_read("coupon.code", told)
    assert is_read("coupon", told)
    assert is_read("picks", told)
    assert is_read("coupon.percent", whole)
    assert not is_read("coupon.percent", told)
    assert not is_read("picks[].reason", told)
    assert not is_read("couponer", whole)


def test_values_of_which_there_are_many_are_not_told():
    many = [str(number) for number in range(20)]
    facets = list(input_facets("x", pa.array(many), pa.array([*many[1:], None])))

    assert {facet.cause: int(facet.rows.sum()) for facet in facets} == {
        Cause("x", "value"): 19, Cause("x", "disappeared"): 1
    }  # fmt: skip


def test_a_template_keeps_its_version_as_the_key_of_its_compilation():
    assert mail_pair(template(), template(), TYPE, TYPE) is mail_pair(template(), replace(template()), TYPE, TYPE)
