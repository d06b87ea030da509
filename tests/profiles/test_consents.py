"""Consent changes come from records and from what people did with mails."""

from datetime import datetime, timedelta

from pyspark.sql import functions as F

from lettermill.profiles.consents import consent_changes, permissions
from lettermill.profiles.identity import known_records
from lettermill.tables import quality
from lettermill.tables.profiles import CONSENTS, IDENTITIES

DAY = datetime(2017, 6, 1)


def test_each_statement_is_a_row_and_unsubscribes_bounces_and_complaints_suppress(given):
    record = {"source": "crm", "record_id": "a", "origin": "f", "position": 1, "available_at": DAY, "updated_at": DAY}
    records = known_records(
        given(
            quality.PEOPLE,
            record | {"email_consent": "granted", "profiling_consent": "denied", "consent_at": DAY - timedelta(days=9)},
        ),
        as_of=F.lit(DAY),
    )
    kinds = ("unsubscribed", "email_bounced", "email_marked_as_spam", "email_opened")
    events = given(
        quality.EVENTS,
        *({"user_id": "1", "kind": kind, "occurred_at": DAY, "available_at": DAY} for kind in kinds),
        {"user_id": "1", "kind": "unsubscribed", "occurred_at": DAY, "available_at": DAY + timedelta(days=5)},
    )
    known = given(
        IDENTITIES,
        {"identifier_kind": "record", "identifier": "crm/a", "person_id": "p"},
        {"identifier_kind": "customer_id", "identifier": "1", "person_id": "p"},
    )

    changes = consent_changes(records, events=events, identities=known, as_of=F.lit(DAY + timedelta(days=1)))

    rows = sorted((row.purpose, row.state, row.reason, row.changed_at) for row in changes.collect())
    assert rows == [
        ("mail", "granted", "crm record", DAY - timedelta(days=9)),
        ("mail", "suppressed", "bounced", DAY),
        ("mail", "suppressed", "complained", DAY),
        ("mail", "suppressed", "unsubscribed", DAY),
        ("profiling", "denied", "crm record", DAY - timedelta(days=9)),
    ]


def consent(person, state, days=10, **more):
    at = DAY - timedelta(days=days)
    return {
        "person_id": person,
        "purpose": "mail",
        "state": state,
        "reason": "said so",
        "changed_at": at,
        "available_at": at,
        "evidence": f"{person}{days}{state}",
    } | more


def test_the_latest_statement_counts_but_a_suppression_is_never_lifted_and_the_future_is_unknown(given):
    consents = given(
        CONSENTS,
        consent("changed", "denied", 9),
        consent("changed", "denied", 7, purpose="profiling"),
        consent("changed", "granted", 8),
        consent("tied", "granted", 9),
        consent("tied", "denied", 9),
        consent("left", "suppressed", 9),
        consent("left", "granted", 1),
        consent("later", "granted", 9),
        consent("later", "denied", 9, available_at=DAY + timedelta(days=1), changed_at=DAY - timedelta(days=1)),
    )

    found = {row.person_id: row[1:] for row in permissions(consents, as_of=F.lit(DAY)).collect()}

    assert found == {
        "changed": ("granted", "said so", "denied"),
        "tied": ("denied", "said so", None),
        "left": ("suppressed", "said so", None),
        "later": ("granted", "said so", None),
    }
