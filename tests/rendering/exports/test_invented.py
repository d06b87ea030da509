"""Templates and persons that hypothesis invents, within what can be exported: every engine agrees with Jinja2."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.rendering.exports.engines import Tried
from tests.rendering.exports.people import CODE, EMPTY, HOSTILE, NORMAL, NULL, SCHEMA, item

TEXTS = st.text(st.sampled_from("aZ 0é'\"<&>`=%$\\\n\t💌ß"), max_size=6)
WORDS = st.text(st.sampled_from("ab <>&\"'%\n \\="), max_size=5)
SCALARS = st.sampled_from(
    [
        "name", "city", "code", "owner.name", "age", "visits", "price", "vip", "born", "(age + 1)", "(name ~ city)",
        "(city if vip else 'no')", "(name or city)", "tags | join('-')", "price | money('EUR', locale)", "(visits, 2)[1]",
    ]
)  # fmt: skip
STATES = st.sampled_from(["loop.index", "loop.index0", "loop.length", "loop.revindex", "item.name", "item.quantity"])
FILTERS = st.sampled_from(
    [
        "| upper",
        "| lower",
        "| trim",
        "| default('x', true)",
        "| default('x')",
        "| length",
        "| e",
        "| replace('a', '<')",
        "",
    ]
)
COMPARED = st.sampled_from(
    [
        "name == 'Ada'", "city != 'a'", "age == 36", "age is none", "visits is not none and visits > 2", "vip", "items",
        "tags", "owner", "born", "name", "'new' in tags", "price == 0", "not vip", "age is not none",
    ]
)  # fmt: skip
OF_LOOPS = st.sampled_from(
    [
        "loop.first",
        "loop.last",
        "loop.index == 2",
        "loop.index is even",
        "item.new",
        "item.name == 'Tea'",
        "item.seller",
        "name",
    ]
)


def combined(atoms):
    return st.recursive(
        atoms,
        lambda inner: st.one_of(
            st.builds("({} and {})".format, inner, inner),
            st.builds("({} or {})".format, inner, inner),
            st.builds("(not {})".format, inner),
        ),
        max_leaves=4,
    )


def shown(values):
    return st.builds("{{{{ {} {} }}}}".format, values, FILTERS)


def written(leaves, conditions, wraps):
    return st.recursive(
        leaves,
        lambda inner: st.one_of(
            st.builds("{}{}".format, inner, inner),
            st.builds("{{% if {} %}}{}{{% endif %}}".format, conditions, inner),
            st.builds("{{% if {} %}}{}{{% elif {} %}}{}{{% else %}}{}{{% endif %}}".format, conditions, inner, conditions, inner, inner),
            *wraps(inner),
        ),
        max_leaves=6,
    )  # fmt: skip


PLAIN = st.one_of(WORDS, shown(SCALARS))
IN_A_LOOP = written(
    st.one_of(WORDS, shown(st.one_of(SCALARS, STATES))),
    combined(st.one_of(COMPARED, OF_LOOPS)),
    lambda _: [
        st.builds("{{% for tag in item.tags %}}{}{{{{ tag }}}}{{{{ loop.index }}}}{{% endfor %}}".format, WORDS)
    ],
)
LISTS = st.sampled_from(["items", "items[:2]", "items if item.new", "items | reverse"])
SOURCES = written(
    PLAIN,
    combined(COMPARED),
    lambda inner: [
        st.builds("{{% for item in {} %}}{}{{% else %}}{}{{% endfor %}}".format, LISTS, IN_A_LOOP, inner),
        st.builds("{{% set s = {} %}}{{{{ s }}}}{}{{% if s %}}!{{% endif %}}".format, SCALARS, inner),
        st.builds("{{% set c %}}{}{{% endset %}}{{{{ c }}}}".format, inner),
    ],
)
ITEMS = st.lists(
    st.builds(
        lambda name, quantity, new, tags: item(name, quantity=quantity, new=new, tags=tags),
        TEXTS, st.integers(-5, 5), st.booleans(), st.lists(TEXTS, max_size=3),
    ),
    max_size=3,
)  # fmt: skip
PERSONS = st.builds(
    lambda base, changed: base | changed,
    st.sampled_from([NORMAL, EMPTY, NULL, HOSTILE]),
    st.fixed_dictionaries(
        {},
        optional={
            "name": st.none() | TEXTS, "city": TEXTS, "age": st.none() | st.integers(-3, 50), "vip": st.none() | st.booleans(),
            "visits": st.none() | st.integers(-(2**53) + 1, 2**53 - 1), "tags": st.lists(TEXTS, max_size=3), "items": ITEMS,
        },
    ),
)  # fmt: skip


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(source=SOURCES, person=PERSONS, autoescape=st.booleans())
def test_whatever_is_written_every_engine_prints_what_jinja2_prints(engines, source, person, autoescape):
    tried = Tried(source, schema=SCHEMA, autoescape=autoescape, engines=engines)

    for one in (person, NORMAL):
        if tried.expected(one) is not None:
            printed = tried.printed(one)
            assert printed == tried.wanted(one, printed)


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(source=SOURCES)
def test_nobody_whose_values_hold_code_is_handed_over_to_a_language_that_would_run_it(engines, source):
    tried = Tried(source, schema=SCHEMA, autoescape=True, engines=engines)

    if tried.expected(CODE) is not None:
        printed = tried.printed(CODE, held_back={"hubl"})
        assert printed == tried.wanted(CODE, printed)
