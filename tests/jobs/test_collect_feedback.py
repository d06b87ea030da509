"""Feedback: what providers report counts within the batch in which it is read, once, and in any order of arrival."""

from datetime import timedelta

import pytest
from pyspark.sql import functions as F

from lettermill.consenting import build_consents
from lettermill.keyed_hashes import hash_address
from lettermill.permitting import permitted
from lettermill.profiles.identity import known_records
from lettermill.tables import quality
from lettermill.tables.delivery import EVENTS, LEDGER, OUTBOX
from lettermill.tables.profiles import CONSENTS, IDENTITIES, SUPPRESSIONS
from tests.jobs.conftest import AS_OF

KEY = b"a key of the tests"
HOUR = AS_OF - timedelta(hours=1)
ADDRESSES = {"ada": "ada@x.example", "ben": "ben@x.example", "eve": "eve@x.example"}


def event(id_, kind, *, at=HOUR, **properties):
    told = {
        "event_id": id_,
        "kind": kind,
        "occurred_at": at,
        "received_at": at,
        "available_at": at,
        "position": len(id_),
    }
    return told | {"origin": id_, "source": "email", "user_id": None, "anonymous_id": None,
                   "properties": {"provider": "sendgrid", **properties}}  # fmt: skip


@pytest.fixture
def persons(lake, given):
    """Ada, Ben and Eve, as the last build knows them; name -> person id."""
    lake.add(
        given(
            IDENTITIES,
            *({"identifier_kind": "email", "identifier": to, "person_id": f"p-{who}"} for who, to in ADDRESSES.items()),
        ),
        to=IDENTITIES,
    )
    return {who: f"p-{who}" for who in ADDRESSES}


@pytest.fixture
def outbox(lake, given, persons):
    def put(*rows):
        whole = ({"person_id": persons[one["to"]], "address_key": hash_address(ADDRESSES[one["to"]], key=KEY), **one}
                 for one in rows)  # fmt: skip
        lake.merge(given(OUTBOX, *({k: v for k, v in one.items() if k != "to"} for one in whole)), into=OUTBOX)

    return put


def states(lake):
    return {row.message_id: (row.state, row.reason) for row in lake.read(OUTBOX).collect()}


def test_feedback_suppresses_at_once_moves_messages_and_waits_for_those_that_are_not_out_yet(
    lake, given, run_job, persons, outbox, versions
):
    outbox(
        {"message_id": "m1", "to": "ada", "state": "handed_over"},
        {"message_id": "m2", "to": "ben", "state": "unknown"},
        {"message_id": "m3", "to": "ada", "state": "claimed"},
    )
    told = [
        event("e1", "email_delivered", email_id="m1", email=ADDRESSES["ada"]),
        event("e2", "email_bounced", email_id="m2", email=ADDRESSES["ben"], bounce_type="hard"),
        event("e3", "email_marked_as_spam", email=ADDRESSES["eve"]),
        event("e4", "email_delivered", email_id="m3", email=ADDRESSES["ada"]),
        event("e5", "unsubscribed", email_id="m1", at=AS_OF + timedelta(hours=1)),
        event("e6", "email_opened", reference="d9", email=ADDRESSES["ben"]),
        event("e7", "email_delivered", email_id="m1", email=ADDRESSES["ada"], provider_event_id="told again"),
    ]
    lake.add(given(quality.EVENTS, *told), to=quality.EVENTS)

    run = run_job("collect_feedback", now=lambda: AS_OF + timedelta(hours=1, seconds=9))

    assert run.counts == {
        "events_of_consent": 3, "messages_confirmed": 1, "messages_rejected": 1, "events_parked": 1,
        "events_of_mails": 4,
    }  # fmt: skip
    assert run.notes == ["from receipt to suppression: median 7,209.0 s, 95 % 7,209.0 s, longest 7,209.0 s"]
    assert states(lake) == {"m1": ("confirmed", None), "m2": ("rejected", "bounced"), "m3": ("claimed", None)}
    moved = lake.read(LEDGER).where("state_before IS NOT NULL").select("message_id", "state_before", "state").collect()
    assert sorted(map(tuple, moved)) == [("m1", "handed_over", "confirmed"), ("m2", "unknown", "rejected")]
    said = lake.read(CONSENTS).where("state = 'suppressed'").select("person_id", "reason").collect()
    assert sorted(map(tuple, said)) == sorted(
        [(persons["ben"], "bounced"), (persons["eve"], "complained"), (persons["ada"], "unsubscribed")]
    )
    barred = {row.address_key: row.reason for row in lake.read(SUPPRESSIONS).where("state = 'suppressed'").collect()}
    reasons = {"ada": "unsubscribed", "ben": "bounced", "eve": "complained"}
    assert barred == {hash_address(ADDRESSES[name], key=KEY): reason for name, reason in reasons.items()}
    later = run_job("collect_feedback", as_of=AS_OF + timedelta(hours=2))
    assert {row.mail for row in permitted(later).collect()} == {"suppressed"}

    everything = versions(EVENTS, OUTBOX, LEDGER, CONSENTS, SUPPRESSIONS)
    run_job("collect_feedback", as_of=AS_OF + timedelta(hours=2))
    no_records = known_records(given(quality.PEOPLE), as_of=F.lit(AS_OF))
    build_consents(later, no_records, events=lake.read(quality.EVENTS))  # the next build has nothing to add
    assert versions(EVENTS, OUTBOX, LEDGER, CONSENTS, SUPPRESSIONS) == everything

    lake.merge(lake.read(OUTBOX).where("message_id = 'm3'").withColumn("state", F.lit("handed_over")), into=OUTBOX)
    outbox({"message_id": "m9", "to": "ben", "state": "handed_over", "provider_reference": "d9"})
    settled = run_job("collect_feedback", as_of=AS_OF + timedelta(hours=2)).counts

    assert settled == {"messages_confirmed": 2, "messages_rejected": 0, "events_parked": 0, "events_of_mails": 5}
    assert states(lake)["m3"] == states(lake)["m9"] == ("confirmed", None)


@pytest.mark.acceptance
def test_soft_bounces_are_counted_over_batches_and_one_that_comes_late_counts_as_well(lake, given, run_job, persons):
    def bounce(n, day):
        at = AS_OF - timedelta(days=20 - day)
        return event(f"b{n}", "email_bounced", at=at, email=ADDRESSES["ben"], bounce_type="soft")

    for batch in ([bounce(n, n) for n in (0, 1, 3)], [bounce(4, 4)], [bounce(2, 2)]):
        lake.add(given(quality.EVENTS, *batch), to=quality.EVENTS)
        run_job("collect_feedback")

    said = lake.read(CONSENTS).where("state = 'suppressed'").collect()
    assert [(row.person_id, row.reason, row.evidence) for row in said] == [(persons["ben"], "bounced softly", "b4:2")]


def test_with_nothing_there_yet_nothing_is_done(run_job):
    assert run_job("collect_feedback").counts == {
        "messages_confirmed": 0, "messages_rejected": 0, "events_parked": 0, "events_of_mails": 0,
    }  # fmt: skip
