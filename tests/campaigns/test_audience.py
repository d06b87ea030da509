"""Whom a campaign reaches, and of everybody else the first reason why not."""

from datetime import datetime, timedelta

from lettermill.campaigns.audience import judged_audience
from lettermill.tables.campaigns import ASSIGNMENTS
from lettermill.tables.profiles import PEOPLE

DAY = datetime(2018, 1, 1)


def test_everybody_gets_the_first_reason_that_holds(spark, given):
    cases = {
        "fine": ("f@e.com", "granted", "treatment"),
        "silent": ("s@e.com", "unknown", "treatment"),
        "refusing": ("r@e.com", "denied", "holdout"),
        "suppressed": ("u@e.com", "suppressed", "holdout"),
        "held": ("h@e.com", "granted", "holdout"),
        "nowhere": (None, "granted", "treatment"),
        "elder": ("both@e.com", "granted", "treatment"),
        "younger": ("both@e.com", "granted", "treatment"),
        "doubtful": ("j@e.com", "granted", "treatment"),
        "doubtful and refusing": ("k@e.com", "denied", "treatment"),
    }
    people = given(
        PEOPLE,
        *(
            {"person_id": p, "email": e, "created_at": DAY - timedelta(days=p == "elder")}
            for p, (e, _, _) in cases.items()
        ),
    )
    told = spark.createDataFrame([(p, mail) for p, (_, mail, _) in cases.items()], "person_id string, mail string")
    arms = given(ASSIGNMENTS, *({"person_id": p, "arm": arm} for p, (_, _, arm) in cases.items()))

    held = spark.createDataFrame([("doubtful",), ("doubtful and refusing",)], "person_id string")

    judged = judged_audience(people.join(told, on="person_id"), arms=arms, held=held)

    assert {row.person_id: row.verdict for row in judged.collect()} == {
        "fine": "mailed",
        "silent": "no_consent",
        "refusing": "no_consent",
        "suppressed": "suppressed",
        "held": "held_out",
        "nowhere": "no_address",
        "elder": "mailed",
        "younger": "shared_address",
        "doubtful": "under_review",
        "doubtful and refusing": "no_consent",
    }
