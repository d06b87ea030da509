"""Outbox, fence and ledger: one message per address, nobody who objects, and each change written down once."""

from pyspark.sql import functions as F

from lettermill.delivery.fence import objecting
from lettermill.delivery.ledger import ledger_entries
from lettermill.delivery.outbox import outbox_rows
from lettermill.keyed_hashes import hash_address
from lettermill.tables.campaigns import contexts_table
from lettermill.tables.delivery import LEDGER, OUTBOX
from tests.conftest import NOON

CONTEXTS = contexts_table("spring", inputs="struct<a: string>", fingerprint="00000000")
SLOT = {"campaign": "spring", "occurrence": "2018-01-01"}
KEY = b"a key of the test"


def rows_for(contexts, **more):
    return outbox_rows(
        contexts, provider="files", contexts_table=CONTEXTS.name, address_key=KEY, as_of=F.lit(NOON), **more
    )


def test_an_address_gets_one_message_a_slot_however_it_is_written(given):
    contexts = given(
        CONTEXTS,
        {**SLOT, "message_id": "m2", "address": " Ana@Example.com "},
        {**SLOT, "message_id": "m1", "address": "ana@example.com"},
        {**SLOT, "message_id": "m3", "address": "ben@example.com"},
        {**SLOT, "message_id": "m4", "address": "ana@example.com", "occurrence": "2018-01-08"},
    )
    rows = rows_for(contexts)
    states = {row["message_id"]: row["state"] for row in rows.collect()}

    assert states == {"m1": "planned", "m2": "suppressed", "m3": "planned", "m4": "planned"}
    assert rows.columns == list(OUTBOX.column_names)


def test_a_message_that_stands_keeps_its_address_when_persons_are_merged_later(given):
    standing = given(
        OUTBOX,
        {**SLOT, "message_id": "m5", "address_key": hash_address("ana@example.com", key=KEY), "state": "handed_over"},
        {**SLOT, "message_id": "m6", "address_key": hash_address("ben@example.com", key=KEY), "state": "suppressed"},
    )
    contexts = given(
        CONTEXTS,
        *({**SLOT, "message_id": i, "address": "ana@example.com"} for i in ("m1", "m5")),
        {**SLOT, "message_id": "m2", "address": "ben@example.com"},
    )
    states = {
        row["message_id"]: (row["state"], row["reason"]) for row in rows_for(contexts, standing=standing).collect()
    }

    assert states == {
        "m1": ("suppressed", "its address gets another message of this slot"),
        "m5": ("planned", None),
        "m2": ("planned", None),
    }


def test_the_key_of_addresses_stands_in_no_plan(given):
    rows = rows_for(given(CONTEXTS, {**SLOT, "message_id": "m", "address": "a@b.example"}))
    plan = rows._jdf.queryExecution().toString()

    assert KEY.decode() not in plan
    assert KEY.hex() not in plan.lower()


def test_the_fence_holds_back_whoever_objected_after_planning(spark):
    permitted = spark.createDataFrame(
        [
            ("m0", "a@b.example", "granted", "crm record", "person"),
            ("m1", "a@b.example", "suppressed", "unsubscribed", "person"),
            ("m2", "a@b.example", "denied", "crm record", "another"),
            ("m3", "a@b.example", "suppressed", "bounced", "address"),
            ("m4", "a@b.example", "unknown", None, "person"),
            ("m5", "a@b.example", None, None, None),
            ("m6", None, "granted", "crm record", "person"),
        ],
        "message_id string, address string, mail string, mail_because string, mail_by string",
    )

    asked = objecting(permitted)

    assert {row["message_id"]: row["objecting"] for row in asked.where("objecting IS NOT NULL").collect()} == {
        "m1": "mail is suppressed: unsubscribed",
        "m2": "mail is denied by another person of this address: crm record",
        "m3": "mail is suppressed by this address itself: bounced",
        "m4": "no consent to mail is known any more",
        "m5": "no consent to mail is known any more",
        "m6": "no consent to mail is known any more",
    }


def test_the_ledger_has_each_change_of_state_once(lake, given):
    one = {**SLOT, "message_id": "a", "attempt": 0, "changed_at": NOON}
    two = {**SLOT, "message_id": "b", "attempt": 0, "changed_at": NOON}
    lake.add(given(OUTBOX, {**one, "state": "planned"}, {**two, "state": "planned"}), to=OUTBOX)
    lake.add(ledger_entries(lake.changes(OUTBOX, after=-1)), to=LEDGER)
    handed_over = {**one, "state": "handed_over", "provider_reference": "f:1"}
    lake.merge(given(OUTBOX, handed_over, {**two, "state": "planned", "wave": "w"}), into=OUTBOX)
    lake.add(ledger_entries(lake.changes(OUTBOX, after=-1)), to=LEDGER)
    entries = [
        (r["message_id"], r["state_before"], r["state"], r["provider_reference"]) for r in lake.read(LEDGER).collect()
    ]

    assert sorted(entries, key=str) == [
        ("a", "planned", "handed_over", "f:1"),
        ("a", None, "planned", None),
        ("b", None, "planned", None),
    ]
