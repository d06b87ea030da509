"""Which block each slot shows a person, and with what probability: decided once, when the campaign is planned."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from lettermill.campaigns.arms import BUCKETS, bucket, number
from lettermill.campaigns.slots import Candidate, Slot

CHOICE = "struct<block: string, source: string, propensity: double>"
RATES = "map<string, double>"


@dataclass(frozen=True)
class Draw:
    """Where a bandit draws: `key` is the column of who is drawn for; campaign, slot and occurrence are the salt."""

    campaign: str
    slot: str
    occurrence: str
    key: str = "person_id"

    def salt(self, what: str) -> str:
        return "\0".join((self.campaign, self.slot, self.occurrence, what))


def with_choices(
    people: DataFrame, *, campaign: str, occurrence: str, slots: Mapping[str, Slot], states: DataFrame | None
) -> DataFrame:
    """Add to people, one row per person, the columns `slots` and `choices`.

    `slots` is a struct: slot -> block, null where it shows nothing. `choices` maps a slot to the block, its source
    (rules, score, bandit, otherwise) and the probability with which this person got this block. `states` are rows of
    campaigns.bandits, the newest of each arm, or None where there are none yet. The same people and states give the
    same choices, whoever else is among the people.
    """
    named = people.crossJoin(F.broadcast(_rates(states, campaign))) if states is not None else people
    rates = F.col("rates") if states is not None else F.lit(None).cast(RATES)
    choices = {
        name: _choice(slot, rates, Draw(campaign, name, occurrence)).cast(CHOICE) for name, slot in slots.items()
    }
    entries = [column for name, choice in choices.items() for column in (F.lit(name), choice)]
    chosen = named.withColumn("choices", F.create_map(*entries)).drop("rates")
    return chosen.withColumn("slots", F.struct(*(F.col("choices")[name]["block"].alias(name) for name in slots)))


def _choice(slot: Slot, rates: Column, draw: Draw) -> Column:
    """The choice among the eligible blocks, else `otherwise`."""
    eligible = F.array_compact(F.array(*_offered(slot, rates, draw.slot)))
    chosen = _drawn(eligible, slot, draw) if slot.choose == "bandit" else _best(eligible, slot)
    instead = F.struct(F.lit(slot.otherwise), F.lit("otherwise"), F.lit(1.0)).cast(CHOICE)
    return F.when(F.size(eligible) > 0, chosen.cast(CHOICE)).otherwise(instead)


def _offered(slot: Slot, rates: Column, name: str) -> Sequence[Column]:
    """For each block, its worth, its place and its name; null where it is not eligible. The largest is the best."""
    offered = []
    for place, one in enumerate(slot.blocks):
        worth = rates[F.lit(_arm(name, one.block))] if slot.choose == "bandit" else _score(one)
        is_eligible = F.expr(one.when) if one.when is not None else F.lit(True)
        if slot.choose == "score":
            is_eligible &= worth.isNotNull() & ~F.isnan(worth)
        fields = F.struct(worth.alias("worth"), F.lit(-place).alias("place"), F.lit(one.block).alias("block"))
        offered.append(F.when(is_eligible, fields))
    return offered


def _score(one: Candidate) -> Column:
    return F.expr(one.score or "0").cast("double")


def _best(eligible: Column, slot: Slot) -> Column:
    return F.struct(F.array_max(eligible)["block"], F.lit(slot.choose), F.lit(1.0))


def _drawn(eligible: Column, slot: Slot, draw: Draw) -> Column:
    """Epsilon-greedy: one in so many explores. Where no eligible arm has a rate yet, everybody does."""
    arms = F.greatest(F.size(eligible), F.lit(1))
    best = F.array_max(eligible)
    exploring = round(slot.exploration * BUCKETS)
    is_even = best["worth"].isNull()
    place = number(draw.key, salt=draw.salt("arm")) % arms
    explores = is_even | (bucket(draw.key, salt=draw.salt("explore")) < exploring)
    block = F.when(explores, F.get(eligible, place.cast("int"))["block"]).otherwise(best["block"])
    share = F.when(is_even, 1.0).otherwise(exploring / BUCKETS)
    propensity = share / arms + F.when(block == best["block"], 1 - share).otherwise(0.0)
    return F.struct(block, F.lit(slot.choose), propensity)


def _rates(states: DataFrame, campaign: str) -> DataFrame:
    """One row: arm -> rewards per trial, of the arms that were tried."""
    tried = states.where((F.col("campaign") == campaign) & (F.col("trials") > 0))
    entry = F.struct(F.concat_ws("/", "slot", "block"), F.col("rewards") / F.col("trials"))
    return tried.agg(F.map_from_entries(F.collect_list(entry)).cast(RATES).alias("rates"))


def _arm(slot: str, block: str) -> str:
    return f"{slot}/{block}"
