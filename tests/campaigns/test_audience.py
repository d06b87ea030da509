"""Whom a campaign reaches, and of everybody else the first reason why not."""

from datetime import datetime, timedelta

from pyspark.sql import functions as F

from lettermill.campaigns.audience import judged_audience, permissions
from lettermill.tables.campaigns import ASSIGNMENTS
from lettermill.tables.profiles import CONSENTS, PEOPLE

DAY = datetime(2018, 1, 1)


def consent(person, state, days=10, **more):
    at = DAY - timedelta(days=days)
    return {
        "person_id": person,
        "purpose": "mail",
        "state": state,
        "changed_at": at,
        "available_at": at,
        "evidence": f"{person}{days}{state}",
    } | more


def test_the_latest_statement_counts_but_a_suppression_is_never_lifted_and_the_future_is_unknown(given):
    consents = given(
        CONSENTS,
        consent("changed", "denied", 9),
        consent("changed", "granted", 8),
        consent("tied", "granted", 9),
        consent("tied", "denied", 9),
        consent("left", "suppressed", 9),
        consent("left", "granted", 1),
        consent("later", "granted", 9),
        consent("later", "denied", 9, available_at=DAY + timedelta(days=1), changed_at=DAY - timedelta(days=1)),
    )

    found = {row.person_id: row.mail for row in permissions(consents, as_of=F.lit(DAY)).collect()}

    assert found == {"changed": "granted", "tied": "denied", "left": "suppressed", "later": "granted"}


def test_everybody_gets_the_first_reason_that_holds(spark, given):
    cases = {
        "fine": ("f@e.com", "granted", "treatment"),
        "silent": ("s@e.com", None, "treatment"),
        "refusing": ("r@e.com", "denied", "holdout"),
        "suppressed": ("u@e.com", "suppressed", "holdout"),
        "held": ("h@e.com", "granted", "holdout"),
        "nowhere": (None, "granted", "treatment"),
        "elder": ("both@e.com", "granted", "treatment"),
        "younger": ("both@e.com", "granted", "treatment"),
        "willing": ("strict@e.com", "granted", "treatment"),
        "unwilling": ("strict@e.com", "suppressed", "treatment"),
    }
    people = given(
        PEOPLE,
        *(
            {"person_id": p, "email": e, "created_at": DAY - timedelta(days=p == "elder")}
            for p, (e, _, _) in cases.items()
        ),
    )
    allowed = spark.createDataFrame(
        [(p, mail, None) for p, (_, mail, _) in cases.items()], "person_id string, mail string, profiling string"
    )
    arms = given(ASSIGNMENTS, *({"person_id": p, "arm": arm} for p, (_, _, arm) in cases.items()))

    judged = judged_audience(people, consents=allowed, arms=arms)

    assert {row.person_id: row.verdict for row in judged.collect()} == {
        "fine": "mailed",
        "silent": "no_consent",
        "refusing": "no_consent",
        "suppressed": "suppressed",
        "held": "held_out",
        "nowhere": "no_address",
        "elder": "mailed",
        "younger": "shared_address",
        "willing": "suppressed",
        "unwilling": "suppressed",
    }
