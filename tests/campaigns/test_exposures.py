"""Exposures say of each message which block and which items it shows, where they came from, and how likely."""

from dataclasses import replace
from datetime import UTC, datetime

from pyspark.sql import functions as F

from lettermill.campaigns.choosing import CHOICE
from lettermill.campaigns.definition import Campaign, Experiment, Input, Slate
from lettermill.campaigns.exposures import exposures
from lettermill.campaigns.slots import Candidate, Slot

AS_OF = datetime(2018, 1, 1, tzinfo=UTC)
CAMPAIGN = Campaign(
    name="spring",
    description="",
    audience="true",
    experiment=Experiment("spring"),
    slate=Slate(size=2, reason="source"),
    parts={},
    inputs={
        "picks": Input("array<struct<product_id: string, source: string>>", "picks"),
        "names": Input("array<string>", "names"),
    },
    slots={name: Slot((Candidate("a"), Candidate("b")), choose="bandit") for name in ("hero", "foot")},
)
KEPT = "message_id string, campaign string, occurrence string, person_id string"
INPUTS = "picks: array<struct<product_id: string, source: string>>, names: array<string>"


def told(rows):
    names = ("message_id", "slot", "position", "shown", "source", "propensity")
    return sorted(tuple(row[name] for name in names) for row in rows.collect())


def test_every_block_and_item_of_a_stored_context_is_told_and_what_a_slot_does_not_show_is_not(spark):
    stored = [
        ("m1", "spring", "d", "p1", ([("x", "als"), ("y", None)], ["n"], ("a", None))),
        ("m2", "spring", "d", "p2", ([], [], ("b", "b"))),
    ]
    contexts = spark.createDataFrame(
        stored, f"{KEPT}, inputs struct<{INPUTS}, slots: struct<hero: string, foot: string>>"
    )
    drawn = [
        ("m1", {"hero": ("a", "bandit", 0.95), "foot": (None, "otherwise", 1.0)}),
        ("m2", {"hero": ("a", "bandit", 0.95), "foot": ("b", "bandit", 0.05)}),
    ]
    choices = spark.createDataFrame(drawn, f"message_id string, choices map<string, {CHOICE}>")

    rows = exposures(contexts, choices=choices, campaign=CAMPAIGN, as_of=F.lit(AS_OF))

    assert told(rows) == [
        ("m1", "hero", 1, "a", "bandit", 0.95),
        ("m1", "picks", 1, "x", "als", 1.0),
        ("m1", "picks", 2, "y", "unknown", 1.0),
        ("m2", "foot", 1, "b", "bandit", 0.05),
        ("m2", "hero", 1, "b", "bandit", None),  # stored when the arms stood otherwise: how likely it was is not known
    ]


def test_a_campaign_without_slots_or_items_tells_nothing(spark):
    bare = replace(CAMPAIGN, slots={}, inputs={"names": Input("array<string>", "names")})
    contexts = spark.createDataFrame(
        [("m", "spring", "d", "p", (["n"],))], f"{KEPT}, inputs struct<names: array<string>>"
    )

    assert told(exposures(contexts, choices=contexts, campaign=bare, as_of=F.lit(AS_OF))) == []
