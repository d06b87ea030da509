"""Rows for Braze's Cloud Data Ingestion: each is taken once by a reader with Braze's rule of the last moment."""

from datetime import UTC, datetime, timedelta, timezone

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lettermill.delivery.profile_provider import Profile
from lettermill.delivery.provider import Outcome, Status
from lettermill.delivery.providers.braze.account import RowLimits
from lettermill.delivery.providers.braze.cdi import CdiRow, cdi_rows, first_moments
from tests.delivery.fakes.braze_cdi import CdiReader, TableRow

AT = datetime(2024, 5, 1, 12, tzinfo=UTC)
TICK = timedelta(microseconds=1)


def profile(number, **attributes):
    return Profile(f"person-{number}", f"reader-{number}@mail.example", attributes or {"visits": number})


def table_rows(rows):
    return [TableRow(row.external_id, row.updated_at, row.payload) for row in rows]


def test_a_row_has_the_id_its_own_moment_in_utc_and_the_attributes_as_a_text_of_json():
    berlin = timezone(timedelta(hours=2))

    rows = list(
        cdi_rows([profile(1, name="Zoë", visits=3), profile(2, name=None)], at=AT.astimezone(berlin), after=None)
    )

    assert rows == [
        CdiRow("person-1", AT, '{"email":"reader-1@mail.example","name":"Zoë","visits":3}'),
        CdiRow("person-2", AT + TICK, '{"email":"reader-2@mail.example","name":null}'),
    ]
    assert {row.updated_at.tzinfo for row in rows} == {UTC}
    assert "Zoë" not in repr(rows)


def test_a_row_begins_after_the_last_one_there_ever_was_though_a_clock_goes_back():
    (row,) = cdi_rows([profile(1)], at=AT, after=AT + timedelta(seconds=3))

    assert row.updated_at == AT + timedelta(seconds=3) + TICK


@given(
    hand_overs=st.lists(
        st.tuples(st.integers(0, 4), st.integers(-3, 3), st.booleans()), min_size=1, max_size=8
    )  # profiles, microseconds by which the clock moved, whether the reader comes afterwards
)
def test_a_reader_takes_every_row_once_and_in_order_however_clocks_and_syncs_fall(hand_overs):
    reader, table, at = CdiReader(), [], AT

    for count, moved, is_read in hand_overs:
        at += moved * TICK
        after = table[-1].updated_at if table else None
        table += table_rows(cdi_rows([profile(number) for number in range(count)], at=at, after=after))
        if is_read:
            reader.sync(table)
    reader.sync(table)
    reader.sync(table)

    moments = [row.updated_at for row in table]
    assert moments == sorted(set(moments))
    assert reader.taken == table


def test_rows_of_one_moment_would_be_taken_again_which_is_why_there_are_none():
    reader = CdiReader()
    first, late = TableRow("a", AT, "{}"), TableRow("b", AT, "{}")

    reader.sync([first])
    reader.sync([first, late])

    assert reader.taken == [first, first, late]


def test_a_null_takes_an_attribute_away_and_the_rest_stays():
    reader = CdiReader()
    first = table_rows(cdi_rows([profile(1, name="Zoë", visits=3)], at=AT, after=None))
    second = table_rows(cdi_rows([profile(1, name=None)], at=AT, after=AT))

    reader.sync(first)
    reader.sync(first + second)

    assert reader.profiles == {"person-1": {"email": "reader-1@mail.example", "visits": 3}}


@pytest.mark.parametrize(
    ("attributes", "reason"),
    [
        ({f"a{number}": 1 for number in range(250)}, "it has 251 attributes, Braze takes 250 in a row"),
        ({"story": "x" * 1_000_000}, "it is 1,000,044 bytes, Braze takes 1,000,000 in a row"),
        ({"external_id": "another"}, "Braze keeps the name external_id for itself"),
        ({"name": "half \ud800"}, "a part of it is no valid text"),
    ],
)
def test_what_braze_would_never_take_is_refused_with_the_reason_and_takes_no_moment(attributes, reason):
    made = list(cdi_rows([profile(1, **attributes), profile(2)], at=AT, after=None))

    assert made[0] == Outcome("person-1", Status.REJECTED, reason=reason)
    assert made[1].updated_at == AT


@given(size=st.integers(0, 60))
def test_no_row_is_above_its_limits(size):
    limits = RowLimits(attributes=3, bytes=60)

    (made,) = cdi_rows([Profile("p", None, {"a": "é" * size})], at=AT, after=None, limits=limits)

    assert isinstance(made, CdiRow) == (len(orjson.dumps({"a": "é" * size})) <= 60)


@given(sizes=st.lists(st.integers(0, 4), max_size=6), moved=st.integers(-9, 9), is_first=st.booleans())
def test_batches_share_no_moment_and_begin_after_the_last_row_there_is(sizes, moved, is_first):
    after = None if is_first else AT + moved * TICK
    numbered = dict(enumerate(sizes, start=1))

    moments = first_moments(numbered, at=AT, after=after)

    rows = [
        row.updated_at
        for batch, size in numbered.items()
        for row in cdi_rows([profile(number) for number in range(size)], at=moments[batch], after=None)
    ]
    start = AT if after is None else max(AT, after + TICK)
    assert rows == [start + number * TICK for number in range(sum(sizes))]
