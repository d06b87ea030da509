"""What each message shows: the block of each slot and every item of its slate, and how likely each was chosen."""

from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import ArrayType, StructType

from lettermill.campaigns.definition import CHOSEN, Campaign

KEPT = ("message_id", "campaign", "occurrence", "person_id")
SLATE = "picks"
ITEM = "product_id"


def exposures(contexts: DataFrame, *, choices: DataFrame, campaign: Campaign, as_of: Column) -> DataFrame:
    """Rows for campaigns.exposures: one per message and block or item that it shows.

    `contexts` are stored; `choices` has `choices` by `message_id`, as `build_contexts` gives it. What is shown is what
    the context says; a choice that came out otherwise than it does has no propensity.
    """
    kinds = [_items(contexts, name) for name in _slates(contexts, campaign)]
    if campaign.slots:
        kinds.append(_blocks(contexts, choices, campaign))
    none = contexts.limit(0).select(*KEPT, *_nothing())
    return reduce(DataFrame.unionByName, kinds, none).withColumn("planned_as_of", as_of)


def _blocks(contexts: DataFrame, choices: DataFrame, campaign: Campaign) -> DataFrame:
    shown = F.array(
        *(F.struct(F.lit(n).alias("slot"), F.col(f"inputs.{CHOSEN}.{n}").alias("block")) for n in campaign.slots)
    )
    # right side: one row per message
    rows = contexts.join(choices.select("message_id", "choices"), on="message_id", how="left")
    rows = rows.select(*KEPT, "choices", F.explode(shown).alias("told")).where(F.col("told.block").isNotNull())
    slot, block = F.col("told.slot"), F.col("told.block")
    choice = F.col("choices")[slot]
    propensity = F.when(choice["block"] == block, choice["propensity"])
    source = F.coalesce(choice["source"], F.lit("unknown"))
    told = _shown("block", slot=slot, position=F.lit(1), shown=block, source=source, propensity=propensity)
    return rows.select(*KEPT, *told)


def _items(contexts: DataFrame, name: str) -> DataFrame:
    """Items are ranked, not drawn: what is shown was certain to be."""
    rows = contexts.select(*KEPT, F.posexplode(f"inputs.{name}").alias("place", "told"))
    position, item = F.col("place") + 1, F.col(f"told.{ITEM}")
    source = F.coalesce(F.col("told.source"), F.lit("unknown"))
    told = _shown("item", slot=F.lit(name), position=position, shown=item, source=source, propensity=F.lit(1.0))
    return rows.select(*KEPT, *told)


def _nothing() -> tuple[Column, ...]:
    text = F.lit("")
    return _shown("", slot=text, position=F.lit(0), shown=text, source=text, propensity=F.lit(0.0))


def _slates(contexts: DataFrame, campaign: Campaign) -> list[str]:
    """The inputs that are the slate and say which products it has, and where each came from."""
    inputs = contexts.schema["inputs"].dataType
    assert isinstance(inputs, StructType)
    slates = []
    for name, declared in campaign.inputs.items():
        type_ = inputs[name].dataType
        item = type_.elementType if isinstance(type_, ArrayType) else None
        if declared.value.strip() == SLATE and isinstance(item, StructType) and {ITEM, "source"} <= {*item.names}:
            slates.append(name)
    return slates


def _shown(
    kind: str, *, slot: Column, position: Column, shown: Column, source: Column, propensity: Column
) -> tuple[Column, ...]:
    return (
        F.lit(kind).alias("kind"),
        slot.alias("slot"),
        position.alias("position"),
        shown.alias("shown"),
        source.alias("source"),
        propensity.alias("propensity"),
    )
