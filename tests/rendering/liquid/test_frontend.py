"""Liquid templates as plans: places, branch ids, inputs, and what is refused before any data."""

import pyarrow as pa
import pytest

from lettermill.errors import TemplateError
from lettermill.rendering.liquid.frontend import plan_of
from lettermill.rendering.plan.nodes import (
    Apply,
    Arm,
    Bind,
    Branch,
    Carry,
    Compare,
    Index,
    Input,
    Item,
    Literal,
    Local,
    Loop,
    LoopState,
    Merge,
    Not,
    Opaque,
    Or,
    Place,
    Range,
    Show,
    Slice,
    Test,
    Text,
)  # fmt: skip
from lettermill.rendering.plan.walking import live_carries, walk

SCHEMA = {
    "name": pa.string(),
    "n": pa.int64(),
    "tags": pa.list_(pa.string()),
    "day": pa.date32(),
    "coupon": pa.struct([("code", pa.string())]),
    "picks": pa.list_(pa.struct([("name", pa.string()), ("size", pa.string())])),
}


def plan(source, *, autoescape=True, **partials):
    files = {f"{name}.html": text for name, text in partials.items()}
    return plan_of(source, name="html", schema=SCHEMA, autoescape=autoescape, partials=files)


def shown(value, words, *, escape=True):
    return Show(value, escape, words, None)


def test_output_and_assignment_become_shown_values_and_slots():
    assert plan("Hi {{ name | default: 'you' | upcase }}{% assign m = n %}{{ m }}{{ 'a<b' }}").body == (
        Text("Hi "),
        shown(Apply(Apply(Input("name"), "default", (Literal("you", True),)), "upcase"), "name | default | upcase"),
        Bind(0, "m", Input("n")),
        shown(Local(0, "m"), "m"),
        Text("a<b"),
    )


def test_branches_have_ids_by_line_and_names_merge_behind_them():
    source = "{% if n == 1 %}{% assign a = 1 %}\n{% elsif n > 2 %}{% assign a = 2 %}{% else %}x{% endif %}{{ a }}"
    first = Arm(Compare(Input("n"), (("eq", Literal(1)),)), (Bind(0, "a", Literal(1)), Text("\n")), "html:1.if")
    second = Arm(Compare(Input("n"), (("gt", Literal(2)),)), (Bind(1, "a", Literal(2)),), "html:2.elif")
    merge = Merge(2, "a", (Local(0, "a"), Local(1, "a"), Local(-1, "a")))

    assert plan(source).body == (
        Branch((first, second), (Text("x"),), "html:1.else", (merge,)),
        shown(Local(2, "a"), "a"),
    )
    assert plan(source).branches == ("html:1.if", "html:1.else", "html:2.elif")


def test_unless_is_an_if_not_and_a_case_tells_its_whens_apart():
    assert plan("{% unless n %}a{% endunless %}").body == (
        Branch(
            (Arm(Not(Input("n")), (Text("a"),), "html:1.if"),),
        ),
    )
    one = Arm(Compare(Input("n"), (("eq", Literal(1)),)), (Text("a"),), "html:1.if")
    two, three = (Compare(Input("n"), (("eq", Literal(number)),)) for number in (2, 3))
    assert plan("{% case n %}{% when 1 %}a{% when 2, 3 %}b{% else %}c{% endcase %}").body == (
        Branch((one, Arm(Or(two, three), (Text("b"),), "html:1.elif")), (Text("c"),), "html:1.else"),
    )


def test_whens_that_may_fit_together_are_asked_one_by_one():
    body = plan("{% case n %}{% when 1 %}a{% when 1 %}b{% endcase %}").body

    assert [arm.branch for branch in body for arm in branch.arms] == ["html:1.if", "html:1.elif"]


def test_a_loop_has_its_stretch_its_state_and_its_else():
    source = "{% for t in tags reversed limit: 2 offset: 1 %}{{ forloop.rindex }}{{ t }}{% else %}none{% endfor %}"
    items = Slice(Slice(Input("tags"), Literal(1), Literal(3)), None, None, Literal(-1))
    body = (shown(LoopState(0, "revindex", 1), "forloop.rindex"), shown(Local(0, "t", 1), "t"))

    assert plan(source).body == (Loop(0, 0, "t", items, body, None, (Text("none"),), "html:1.for", "html:1.else"),)


def test_ranges_paths_and_properties():
    read = {source: plan("{{ " + source + " }}").body[0].value for source in (
        "picks[0].name", "picks.first", "picks.last.size", "tags.size", "tags[-1]", "tags[n]", "coupon['code']",
    )}  # fmt: skip

    assert read == {
        "picks[0].name": Item(Index(Input("picks"), Literal(0)), "name"),
        "picks.first": Index(Input("picks"), Literal(0)),
        "picks.last.size": Item(Index(Input("picks"), Literal(-1)), "size"),
        "tags.size": Item(Input("tags"), "size"),
        "tags[-1]": Index(Input("tags"), Literal(-1)),
        "tags[n]": Index(Input("tags"), Input("n")),
        "coupon['code']": Item(Input("coupon"), "code"),
    }
    assert plan("{% for i in (1..3) %}{% endfor %}").body[0].items == Range(Literal(1), Literal(4), Literal(1))


def test_blank_and_empty_are_tests_and_contains_looks_into_the_other_side():
    tests = [plan("{% if " + source + " %}{% endif %}").body[0].arms[0].test for source in (
        "name == blank", "tags != empty", "tags contains name",
    )]  # fmt: skip

    assert tests == [
        Test(Input("name"), "blank"),
        Not(Test(Input("tags"), "empty")),
        Compare(Input("name"), (("in", Input("tags")),)),
    ]


def test_a_block_of_white_space_alone_writes_nothing():
    assert plan("{% if n %} \n{% assign a = 1 %} {% endif %}").body[0].arms[0].body == (Bind(0, "a", Literal(1)),)
    assert plan("{% if n %} {% else %}x{% endif %}").body[0].arms[0].body == (Text(" "),)


def test_nodes_know_line_and_column():
    nodes = walk(*plan("a\n  {{ name }}{% if n %}\n{% endif %}").body)

    assert [(type(node).__name__, node.place) for node in nodes] == [
        ("Text", Place("html", 1, 1)),
        ("Show", Place("html", 2, 3)),
        ("Input", Place("html", 2, 6)),
        ("Branch", Place("html", 2, 16)),
        ("Input", Place("html", 2, 19)),
    ]


def test_what_counts_or_compares_with_before_is_opaque_and_says_why():
    source = "{% increment c %}{% ifchanged %}{{ n }}{% endifchanged %}{{ c }}{% break %}"
    whys = [node.why for node in walk(*plan(source).body) if hasattr(node, "why")]

    assert whys == ["the tag increment", "the tag ifchanged", "a counter as a value", "the tag break"]


def test_what_stands_behind_a_stop_is_written_where_it_was_not_met():
    (loop,) = plan("{% for t in tags %}{% if n %}a{% break %}b{% endif %}c{% endfor %}").body
    (going,) = loop.body
    condition, rest = going.arms[0].body

    assert (loop.carried[0].name, loop.carried[0].before) == ("break ", Literal(False))
    assert going.arms[0].test == Not(Local(loop.carried[0].inside, "break ", 1))
    assert [type(one) for one in condition.arms[0].body] == [Text, Bind, Bind, Branch]
    (skipped,) = (merge.slot for merge in condition.merges if merge.name == "continue ")
    assert rest == Branch((Arm(Not(Local(skipped, "continue ", 1)), (Text("c"),), None),))


def test_a_loop_takes_what_it_assigns_from_step_to_step():
    source = "{% assign a = 0 %}{% for t in tags %}{{ a }}{% assign a = t %}{% assign b = 1 %}{% endfor %}{{ a }}"
    body = plan(source).body

    assert body[1].carried == (
        Carry("a", 2, Local(0, "a"), Local(4, "a", 1), 6),
        Carry("b", 3, Local(-1, "b"), Local(5, "b", 1), 7),
    )
    assert body[1].body[0] == shown(Local(2, "a", 1), "a")
    assert body[2] == shown(Local(6, "a"), "a")
    assert live_carries(*body) == {2}


def test_what_is_rendered_sees_no_assignment_and_leaves_none():
    source = "{% assign own = 'x' %}{% render 'card.html', c: coupon %}{{ own }}"
    section = plan(source, card="{{ c.code }}{% assign own = 1 %}{{ own }}").body[1]

    assert [type(one) for one in section.body[1:]] == [Show, Bind, Show]
    assert section.body[1].value == Item(Input("coupon"), "code")
    assert plan(source, card="").body[-1].value == Local(0, "own")
    with pytest.raises(TemplateError, match="'own' is not declared"):
        plan(source, card="{{ own }}")


def test_a_cycle_in_a_plain_loop_goes_by_its_step_and_is_opaque_elsewhere():
    assert plan("{% for t in tags %}{% cycle 'a', 'b' %}{% endfor %}").body[0].body[0].value.values == (
        Literal("a", True),
        Literal("b", True),
    )
    opaque = [
        "{% cycle 'a', 'b' %}",
        "{% for t in tags %}{% if t %}{% cycle 'a', 'b' %}{% endif %}{% endfor %}",
        "{% for t in tags %}{% for p in picks %}{% cycle 'a', 'b' %}{% endfor %}{% endfor %}",
    ]
    assert all(any(isinstance(node, Opaque) for node in walk(*plan(source).body)) for source in opaque)


@pytest.mark.parametrize(
    ("source", "problem", "place"),
    [
        ("x\n{{ nmae }}", "'nmae' is not declared", "html:2"),
        ("{{ coupon.cod }}", "coupon.cod is not declared", "html:1"),
        ("{{ day.year }}", "day.year is not declared", "html:1"),
        ("{{ name | shout }}", "unknown filter 'shout'", "html:1"),
        ("{{ name | safe }}", "safe is not part", "html:1"),
        ("{{ name | escapejs }}", "unknown filter 'escapejs'", "html:1"),
        ("{{ name | truncate: 1, 2, 3 }}", "truncate: too many positional arguments", "html:1"),
        ("{{ name | replace }}", "replace: missing a required argument", "html:1"),
        ("{{ 'now' | date }}", "date: missing a required argument", "html:1"),
        ("{{ now }}", "'now' would read the clock", "html:1"),
        ("{{ today | date: '%Y' }}", "'today' would read the clock", "html:1"),
        ("{{ forloop.index }}", "'forloop' is not declared", "html:1"),
        ("{% for t in tags %}{{ forloop.nope }}{% endfor %}", "forloop.nope is not part", "html:1"),
        ("{% include name %}", "an include must name its file", "html:1"),
        ("{% render 'gone.html' %}", "no file 'gone.html' to render", "html:1"),
        ("{% render 'self.html' %}", "self.html includes itself", "self.html:1"),
        ("{% render 'includes.html' %}", "a file that is rendered cannot include", "includes.html:1"),
        ("a\n{% if name %}", "template syntax", "html:"),
        ("{% nonsense %}", "template syntax: unexpected tag 'nonsense'", "html:1"),
        ("{% extends 'a' %}", "template syntax: unexpected tag 'extends'", "html:1"),
        ("{{ name.upper() }}", "template syntax", "html:1"),
        ("{{ name if n }}", "template syntax", "html:1"),
        ("{% if not n %}{% endif %}", "template syntax", "html:1"),
    ],
)
def test_what_is_outside_the_language_is_refused_with_its_place(source, problem, place):
    with pytest.raises(TemplateError) as refused:
        plan(source, self="{% render 'self.html' %}", includes="{% include 'self.html' %}")

    assert problem in refused.value.problem
    assert refused.value.place.startswith(place)


def test_loops_nest_as_deep_as_python_liquid_lets_them():
    def nested(depth):
        return "{% for t in tags %}" * depth + "{% endfor %}" * depth

    plan(nested(25))
    with pytest.raises(TemplateError, match="nest too deep"):
        plan(nested(26))
