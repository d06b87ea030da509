"""A wrong mapping is named by its path, the value and the nearest right word, before any row is read."""

from contextlib import suppress

import pytest
from hypothesis import given as for_any
from hypothesis import strategies as st

from lettermill.errors import ConfigError
from lettermill.quality.mapping.paths import Field, Index, Keyed, parsed_path
from lettermill.quality.mapping.reading import ANYWHERE, BESIDE, HEADS, mapping_of
from lettermill.quality.mapping.shape import shape_of
from lettermill.quality.mapping.targets import TARGETS

LEAST = {"event_id": "id", "kind": "name", "user_id": "user", "occurred_at": "at"}


def read(holds="behaviour", **fields):
    return mapping_of("shop", {"holds": holds, "fields": LEAST | fields}, place="mappings/shop.yml")


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        ("id", (Field("id"),)),
        ("a.b_c.$d", (Field("a"), Field("b_c"), Field("$d"))),
        ("items[2].id", (Field("items"), Index(2), Field("id"))),
        ("p[key=page_location].v", (Field("p"), Keyed("key", "page_location"), Field("v"))),
        ('a."Order Id".b', (Field("a"), Field("Order Id"), Field("b"))),
        ('p["the key"="a.b]"]', (Field("p"), Keyed("the key", "a.b]"))),
    ],
)
def test_a_path_is_read_step_by_step(text, steps):
    assert parsed_path(text).steps == steps


@pytest.mark.parametrize("text", ["", ".", "a.", "a..b", ".a", "a[", "a[x]", "a[-1]", "a b", "$.a[*]", "1a", 'a."b'])
def test_what_is_no_path_is_refused_with_examples(text):
    with pytest.raises(ConfigError, match="is no path"):
        parsed_path(text)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"occured_at": "at"}, "fields: unknown field 'occured_at', did you mean 'occurred_at'?"),
        ({"properties.total": {"path": "t", "cast": "numbr"}}, "properties.total.cast: unknown cast 'numbr', did you mean 'number'?"),
        ({"occurred_at": {"path": "t", "cast": "integer"}}, "occurred_at.cast: 'integer' gives no timestamp, did you mean 'iso'?"),
        ({"kind": {"pth": "name"}}, "fields.kind: unknown key 'pth', did you mean 'path'?"),
        ({"kind": {"path": "a", "constant": "b"}}, "fields.kind: has path and constant; exactly one"),
        ({"kind": {"path": "a", "lookupp": {}}}, "unknown key 'lookupp', did you mean 'lookup'?"),
        ({"kind": {"path": "a", "text": "snake_cas"}}, "fields.kind.text: unknown wording 'snake_cas', did you mean 'snake_case'?"),
        ({"kind": {"path": "a b"}}, "fields.kind.path: 'a b' is no path, from ' b' on"),
        ({"kind": 7}, r"fields.kind: is 7; write a path, a list of paths to try, or {constant: 7}"),
        ({"kind": {"cases": [{"wen": {}, "then": "a"}]}}, "kind.cases.0: unknown key 'wen', did you mean 'when'?"),
        ({"properties.products": {"list": "items", "fields": {"id": "x"}}}, "properties.products.list: unknown field 'id', use product_id"),
        ({"properties.url": {"list": "items", "fields": {}}}, "properties.url.list: gives a list, where string is needed"),
        ({"properties.total": {"path": "t", "lookup": {"a": "b"}}}, r"properties.total: text and lookup give words, where decimal\(12,2\) is needed"),
        ({"event_id": {"hash": []}}, r"event_id.hash: is \[\]; write a list"),
    ],
)  # fmt: skip
def test_a_wrong_field_is_named_by_path_value_and_suggestion(fields, message):
    with pytest.raises(ConfigError, match=message) as caught:
        read(**fields)

    assert "at: mappings/shop.yml" in str(caught.value)


def test_every_fault_of_a_file_is_told_at_once():
    with pytest.raises(ConfigError) as caught:
        mapping_of("shop", {"holds": "behaviour", "field": {}, "fields": {"kind": 7, "user": "u"}}, place="m.yml")

    told = caught.value.problem
    for words in ("'field', did you mean 'fields'?", "kind: is 7", "'user', did you mean", "event_id is not mapped"):
        assert words in told


def test_what_a_row_cannot_do_without_must_be_mapped_and_an_id_can_be_derived():
    with pytest.raises(ConfigError, match="event_id is not mapped; .*hash") as caught:
        mapping_of("shop", {"fields": {"kind": "name", "occurred_at": "at"}}, place="m.yml")

    assert "neither user_id nor anonymous_id is mapped" in str(caught.value)
    with pytest.raises(ConfigError, match="record_id is not mapped"):
        mapping_of("people", {"holds": "people", "fields": {"updated_at": "at"}}, place="m.yml")


def test_a_place_cannot_be_read_as_two_things():
    with pytest.raises(ConfigError, match="a is read as an object and as a value"):
        shape_of(read(kind="a", anonymous_id="a.b"))
    with pytest.raises(ConfigError, match="both 'user' and 'User' are read"):
        shape_of(read(anonymous_id="User"))


def test_a_payload_is_parsed_as_what_all_uses_of_a_place_agree_on_else_as_text():
    alike = read(**{"properties.price": "p", "properties.total": "p"})
    unlike = read(**{"properties.price": "p", "properties.url": "p"})

    assert [shape_of(one).children["p"].ddl for one in (alike, unlike)] == ["decimal(12,2)", "string"]


WORDS = (
    *HEADS,
    *ANYWHERE,
    *(key for keys in BESIDE.values() for key in keys),
    "when",
    "present",
    "then",
    "a.b",
    "a[0]",
)
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.sampled_from(WORDS),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(WORDS) | st.integers(), inner, max_size=3)
    ),
    max_leaves=12,
)
NAMES = [*TARGETS["behaviour"].fields]


@for_any(
    fields=st.dictionaries(st.sampled_from(NAMES) | st.text(max_size=3), ANYTHING, max_size=4) | ANYTHING,
    embedded=ANYTHING,
)
def test_whatever_stands_in_a_file_is_a_mapping_or_a_fault_that_is_named(fields, embedded):
    whole = LEAST | fields if isinstance(fields, dict) else fields

    with suppress(ConfigError):
        shape_of(mapping_of("shop", {"fields": whole, "embedded": embedded}, place="mappings/shop.yml"))
