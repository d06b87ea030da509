"""A plan's expressions written as Jinja2 are read as the same plan: an attribute stands for what it says."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lettermill.rendering.exports.attributes import named
from lettermill.rendering.exports.lowering import lowered
from lettermill.rendering.exports.problems import Problems
from lettermill.rendering.exports.wording import Wording
from lettermill.rendering.jinja.frontend import plan_of
from lettermill.rendering.jinja.rowwise import run
from lettermill.rendering.jinja.sandbox import Sandbox
from lettermill.rendering.plan.nodes import Branch
from tests.rendering.exports.people import NORMAL, SCHEMA

TYPES = {field.name: field.type for field in SCHEMA}
LEAVES = st.one_of(
    st.sampled_from(
        ["name", "age", "owner.city", "items", "tags[0]", "tags[1:]", "tags[:2]", "name[::2]", "none", "true"]
    ),
    st.sampled_from(["1", "2.5", "range(3)", "[1, 'a']", "items[0].price"]),
    st.text(st.sampled_from("a'\"\\\né{}%"), max_size=4).map(repr),
)
SHAPES = [
    "({} and {})", "({} or {})", "(not {})", "({} == {})", "({} < {})", "({} in {})", "({} not in {})", "({} + {})",
    "({} * {})", "({} // {})", "(-{})", "({} ~ {})", "({} if {} else {})", "({} if {})", "({} | upper)", "({} is none)",
    "({} is not none)", "({} is gt({}))", "({} | default({}, true))", "({} | round(precision={}))", "({})[0]", "({} | first).name",
]  # fmt: skip
EXPRESSIONS = st.recursive(
    LEAVES,
    lambda inner: st.sampled_from(SHAPES).flatmap(
        lambda shape: st.tuples(*[inner] * shape.count("{}")).map(lambda parts: shape.format(*parts))
    ),
    max_leaves=6,
)


def value_of(expression):
    """The plan of an expression, as a branch's condition, where literals stay what they are."""
    source = f"{{% if ({expression}) %}}x{{% endif %}}"
    branch = plan_of(source, name="html", schema=TYPES, autoescape=False, partials={}).body[0]
    assert isinstance(branch, Branch)
    return branch.arms[0].test


@settings(max_examples=400, deadline=None)
@given(EXPRESSIONS)
def test_what_is_written_is_read_as_the_same_plan(expression):
    plan = value_of(expression)

    written = Wording().expression(plan)

    assert value_of(written) == plan, written


@pytest.mark.parametrize(
    ("expression", "written"),
    [
        ("price|money('EUR',locale)", "price | money('EUR', locale)"),
        ("not (name is none)", "name is not none"),
        ("(a.b if true else 1) if vip", "('x' if true else 1) if vip"),
        ("(name is none) if vip else (age > 1)", "(name is none) if vip else age > 1"),
        ("items|map(attribute='name')|join(', ')", "items | map(attribute='name') | join(', ')"),
    ],
)
def test_it_is_written_as_a_person_would(expression, written):
    assert Wording().expression(value_of(expression.replace("a.b", "'x'"))) == written


@pytest.mark.parametrize(
    "source",
    [
        "{% for item in items %}\n {{ loop.index }}{{ '{' }}{{ item.name }}\n{% for t in item.tags %}{{ loop.index }}{{ t }}{% endfor %}\n{% else %}x{% endfor %}",
        "{% for item in items if item.new %}{% if loop.first %}\n\n{% elif name %}\n b{% else %}{% endif %}{% endfor %}",
        "{% for item in items %}{% if (item.new if name else vip) %}{{ loop.cycle('a', 'b') }}{% endif %}{% endfor %}",
        "{% for item in items %}{% for item in item.sizes %}{{ item.label }}{% endfor %}{{ item.name }}{% endfor %}",
    ],
)  # fmt: skip
def test_statements_written_again_render_the_same_whatever_the_white_space(source):
    plan = plan_of(source, name="html", schema=TYPES, autoescape=False, partials={})

    written = Wording().statements(lowered(plan, Problems("Jinja2")))

    def text(template):
        return run(Sandbox("html", source=template, partials={}, autoescape=False).get_template("html"), NORMAL).text

    assert text(written) == text(source)


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ("first_name", "first_name"),
        ("coupon.percent", "coupon_percent"),
        ("segment == 'loyal'", "segment_is_loyal"),
        ("pick.list_price > pick.price", "pick_list_price_over_pick_price"),
        ("price | money('EUR', locale)", "price_money_eur_locale"),
        ("Straße", "strae"),
        ("10 * 2", "value_10_times_2"),
        ("if", "value_if"),
        ("'💌'", "value"),
        ("coupon.minimum | money(coupon.currency, locale)", "coupon_minimum_money_coupon_cur_9e6a6ff3"),
    ],
)
def test_a_name_is_made_of_the_words_it_stands_for(words, name):
    assert named(words) == name
