"""Refused rows are mended and given back without doubles; at any time each row that arrived is accounted for."""

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from lettermill import mending
from lettermill.balances import balance
from lettermill.errors import ConfigError
from lettermill.job import Run
from lettermill.mending import mend, quarantine_row, reasons_if_mended, replay
from lettermill.quality.mending import row_id
from lettermill.settings import load
from lettermill.tables import ingest
from lettermill.tables.quality import EVENTS, ORDER_LINES, PEOPLE, PRODUCTS, QUARANTINE, SOCIAL_ENGAGEMENT

JUNE, MENDED = datetime(2017, 6, 1, 12), datetime(2017, 7, 1, tzinfo=UTC)
LINE = {"product_id": "7", "quantity": 1, "price": 2, "value": 2, "discount": 0}
ORDER = {
    "messageId": "o1",
    "type": "track",
    "event": "Order Completed",
    "userId": "9",
    "timestamp": "2017-06-01T11:00:00Z",
    "properties": {"order_id": "b1", "currency": "USD", "products": [LINE, LINE | {"quantity": 0}]},
}
TABLES = [EVENTS.name, ORDER_LINES.name, PEOPLE.name, PRODUCTS.name]


@pytest.fixture
def checked(lake, given, run_job):
    """One good order, one of the future, one without a time, which came twice, and one that is no JSON; checked."""
    properties = ORDER["properties"]
    raws = [
        ORDER,
        ORDER | {"messageId": "o2", "timestamp": "2017-06-01T12:10:00Z", "properties": properties | {"order_id": "b2"}},
        ORDER | {"messageId": "o3", "timestamp": "soon", "properties": properties | {"order_id": "b3"}},
        ORDER | {"messageId": "o3", "timestamp": "soon", "properties": properties | {"order_id": "b3"}},
        "{",
    ]
    texts = [raw if isinstance(raw, str) else json.dumps(raw) for raw in raws]
    same = {"source": "orders", "origin": "f", "received_at": JUNE}
    lake.add(
        given(ingest.EVENTS, *(same | {"raw": text, "position": n} for n, text in enumerate(texts, 1))),
        to=ingest.EVENTS,
    )
    run_job("check_events")
    return lake


@pytest.fixture
def balances(lake):
    """Count and assert the balance of events as it is: arrived, accepted, duplicate and refused."""

    def counted():
        run = Run(lake, load("local"), MENDED, "local", MENDED)
        balance(run, EVENTS, arrived=lake.read(ingest.EVENTS).count())
        return tuple(run.counts[f"events_{part}"] for part in ("arrived", "accepted", "duplicate", "refused"))

    return counted


def lines_of(run):
    return tuple(run.counts[f"order_lines_{part}"] for part in ("arrived", "accepted", "duplicate", "refused"))


def refused(lake, position):
    row = (
        lake.read(QUARANTINE)
        .where(f"refused_by = 'quality.events' AND position = {position}")
        .withColumn("id", row_id())
    )
    return row.collect()[0]


def again(lake, settings=None, **more):
    done = replay(
        lake,
        settings or load("local"),
        tables=TABLES,
        ids=more.pop("ids", []),
        at=MENDED,
        dry_run=more.pop("dry_run", False),
    )
    return [(one.table, one.asked, one.replayed, one.duplicates, one.refused) for one in done if one.asked]


def with_field(lake, position, name, value):
    raw = json.loads(bytes(refused(lake, position).raw))
    raw |= {name: value}
    return json.dumps(raw).encode()


@pytest.mark.acceptance
def test_a_mended_event_is_given_back_once_available_from_its_mending_and_its_lines_follow(
    checked, balances, versions, run_job
):
    assert balances() == (5, 1, 0, 4)
    row = quarantine_row(checked, refused(checked, 3).id[:8])
    raw = with_field(checked, 3, "timestamp", "2017-06-01T11:00:00Z")
    assert reasons_if_mended(checked, load("local"), row, raw=b"{}", at=MENDED)
    assert reasons_if_mended(checked, load("local"), row, raw=raw, at=MENDED) == []

    mend(checked, row, raw=raw, by="ann", at=MENDED, why="the till's clock was off")
    tried = versions(EVENTS, QUARANTINE)
    assert again(checked, dry_run=True) == [("quality.events", 4, 1, 0, 3), ("quality.order_lines", 1, 0, 0, 1)]
    assert versions(EVENTS, QUARANTINE) == tried
    assert balances() == (5, 1, 0, 4)

    assert again(checked)[0] == ("quality.events", 4, 1, 0, 3)
    assert balances() == (5, 2, 0, 3)
    done = versions(EVENTS)
    assert again(checked)[0] == ("quality.events", 3, 0, 0, 3)
    assert lines_of(run_job("check_events")) == (4, 2, 0, 2)

    assert versions(EVENTS) == done
    event = checked.read(EVENTS).where("event_id = 'o3'").collect()[0]
    assert (event.received_at, event.available_at) == (JUNE, MENDED.replace(tzinfo=None))
    kept = refused(checked, 3)
    assert (kept.disposition, kept.reasons, kept.mended_by, kept.mended_why) == (
        "replayed", ["no time at which it happened"], "ann", "the till's clock was off",
    )  # fmt: skip
    assert b"soon" in bytes(kept.raw)
    lines = checked.read(ORDER_LINES).where("order_id = 'b3'").collect()
    assert [line.available_at for line in lines] == [MENDED.replace(tzinfo=None)]


@pytest.mark.acceptance
def test_rows_that_a_mended_rule_lets_through_are_replayed_and_a_double_and_a_line_among_them_too(
    checked, balances, run_job
):
    settings = load("local")
    kept = [rule for rule in settings.quality.of(EVENTS) if rule.name != "happened after it was received"]
    for position in (3, 4):
        raw = with_field(checked, position, "timestamp", "2017-06-01T11:00:00Z")
        mend(checked, quarantine_row(checked, refused(checked, position).id), raw=raw, by="ann", at=MENDED, why="clock")
    row = checked.read(QUARANTINE).where("refused_by = 'quality.order_lines'").withColumn("id", row_id()).collect()[0]
    counted = json.dumps(LINE | {"quantity": 2}).encode()
    mend(checked, quarantine_row(checked, row.id), raw=counted, by="ann", at=MENDED, why="counted")
    rules = {**settings.quality.rules, EVENTS.name: tuple(kept)}

    assert again(checked, ids=[row.id]) == [("quality.order_lines", 1, 1, 0, 0)]
    done = again(checked, replace(settings, quality=replace(settings.quality, rules=rules)))

    assert done == [("quality.events", 4, 2, 1, 1)]
    assert balances() == (5, 3, 1, 1)
    assert refused(checked, 4).disposition == "duplicate"
    assert lines_of(run_job("check_events")) == (6, 4, 0, 2)
    line = checked.read(ORDER_LINES).where("order_id = 'b1' AND line = 2").collect()[0]
    assert (line.quantity, line.available_at) == (2, MENDED.replace(tzinfo=None))


@pytest.mark.acceptance
@pytest.mark.parametrize("stop", ["add", "merge"])
def test_a_replay_that_is_cut_off_leaves_a_balance_and_goes_on(checked, balances, monkeypatch, stop):
    raw = with_field(checked, 3, "timestamp", "2017-06-01T11:00:00Z")
    mend(checked, quarantine_row(checked, refused(checked, 3).id), raw=raw, by="ann", at=MENDED, why="clock")
    calls = []

    def cut_off(verb, number):
        real = getattr(type(checked), verb)

        def once(lake, rows, **where):
            calls.append(verb)
            if calls.count(verb) == number:
                raise KeyboardInterrupt
            return real(lake, rows, **where)

        monkeypatch.setattr(type(checked), verb, once)

    with monkeypatch.context() as patched:
        monkeypatch = patched
        cut_off(stop, {"add": 1, "merge": 2}[stop])
        with pytest.raises(KeyboardInterrupt):
            again(checked)

    stored = int(stop == "merge")
    assert balances() == (5, 1 + stored, 0, 4 - stored)
    assert again(checked)[0] == ("quality.events", 4, 1, 0, 3)
    assert balances() == (5, 2, 0, 3)


@pytest.mark.acceptance
def test_records_are_mended_and_given_back_too(lake, given, run_job):
    crm = {"record_id": None, "email": "a@example.com", "updated_at": "2017-05-01T00:00:00Z"}
    tea = {"product_id": "8", "name": "Tea", "price": "cheap", "currency": "USD"}
    lake.add(
        given(
            ingest.RECORDS,
            {"source": "crm", "origin": "f", "position": 1, "raw": json.dumps(crm), "extracted_at": JUNE},
            {"source": "products", "origin": "f", "position": 1, "raw": json.dumps(tea), "extracted_at": JUNE},
        ),
        to=ingest.RECORDS,
    )
    before = run_job("check_records").counts
    rows = lake.read(QUARANTINE).withColumn("id", row_id()).collect()
    good = {PEOPLE.name: crm | {"record_id": "r1"}, PRODUCTS.name: tea | {"price": "1.50"}}
    for row in rows:
        mend(
            lake,
            quarantine_row(lake, row.id),
            raw=json.dumps(good[row.refused_by]).encode(),
            by="ann",
            at=MENDED,
            why="asked them",
        )

    assert again(lake) == [("quality.people", 1, 1, 0, 0), ("quality.products", 1, 1, 0, 0)]
    after = run_job("check_records").counts

    assert [before[f"{noun}_refused"] for noun in ("people", "products")] == [1, 1]
    assert [after[f"{noun}_{part}"] for noun in ("people", "products") for part in ("accepted", "refused")] == [
        1,
        0,
        1,
        0,
    ]
    person = lake.read(PEOPLE).collect()[0]
    assert (person.record_id, person.available_at) == ("r1", MENDED.replace(tzinfo=None))
    assert mending.ACCEPTED.keys() == {*TABLES, SOCIAL_ENGAGEMENT.name}


@pytest.mark.parametrize("table", ["ingest.events", "ingest.records"])
def test_a_row_that_could_not_even_be_read_cannot_be_mended_and_it_is_said_what_to_do_instead(lake, given, table):
    lake.add(given(QUARANTINE, {"refused_by": table, "disposition": "refused"}), to=QUARANTINE)
    row = lake.read(QUARANTINE)

    with pytest.raises(ConfigError, match="could not be read(.|\\n)*have the source send them again"):
        reasons_if_mended(lake, load("local"), row, raw=b"{}", at=MENDED)
