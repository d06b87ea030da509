"""The context of each message to be: everything its template may see, typed, and where it came from."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from lettermill.campaigns.choosing import CHOICE, with_choices
from lettermill.campaigns.definition import Campaign, Input
from lettermill.campaigns.tokens import with_unsubscribe_token

LINKS = {
    "unsubscribe": "/mail/unsubscribe/{token}",
    "preferences": "/mail/preferences/{token}",
    "view_shop": "/?m={mark}",
}
"""Every message's links below the shop's address."""
MARK = 16
"""As many characters of the message's id tell in a link which message led to the shop."""


@dataclass(frozen=True)
class Plan:
    """What one planning of a campaign is made for and with; every knob of `build_contexts` that is no DataFrame."""

    campaign: Campaign
    occurrence: str
    as_of: datetime
    template_version: str
    shop: Mapping[str, str]
    versions: Mapping[str, str]
    token_key: bytes
    token_key_id: str = "1"


def slates(recommendations: DataFrame, *, products: DataFrame, campaign: Campaign) -> DataFrame:
    """One row per person: `picks`, an array of products in the order of their rank, with the reason for each.

    `recommendations` are one row per person and rank, `products` one row per product; what is not to be had is left
    out. The campaign's slate says how many products and how the reason reads.
    """
    catalogue = products.where("is_available").drop("valid_from", "source", "origin", "position")
    # right side: one row per product
    offered = recommendations.join(catalogue, on="product_id", how="inner")
    fields = (
        "product_id",
        "name",
        "brand",
        "category",
        "price",
        "list_price",
        "currency",
        "url",
        "image",
        "reason",
        "source",
    )
    ranked = F.sort_array(F.collect_list(F.struct("rank", *fields)))
    with_reason = offered.withColumn("reason", F.expr(campaign.slate.reason))
    picked = with_reason.groupBy("person_id").agg(F.slice(ranked, 1, campaign.slate.size).alias("ranked"))
    return picked.select(
        "person_id",
        F.transform("ranked", lambda pick: F.struct(*(pick[name].alias(name) for name in fields))).alias("picks"),
    )


def build_contexts(judged: DataFrame, *, slates: DataFrame, plan: Plan, states: DataFrame | None = None) -> DataFrame:
    """Build the contexts of the people in `judged` who are to be mailed, and judge what they lack.

    `judged` is one row per person with a verdict, `slates` one per person, `states` the newest of each bandit's arm.
    Returns one row per person of `judged` with the contexts' columns, `choices` (slot -> block and propensity) and
    `verdict`, which becomes `missing_input` with the inputs in `detail` where an input that must be there is null; a
    caller stores the contexts of those whose verdict is still `mailed`. Planning and diff call this one function, so
    that both see the same.
    """
    campaign = plan.campaign
    people = judged.join(slates, on="person_id", how="left")  # right side: one row per person
    for name, expression in _columns(plan).items():
        people = people.withColumn(name, expression)
    for name, sql in campaign.columns.items():
        people = people.withColumn(name, F.expr(sql))
    people = _with_choices(people, plan, states)
    values = {name: F.expr(declared.value).cast(declared.type) for name, declared in campaign.inputs.items()}
    people = people.select("*", *(value.alias(f"input_{name}") for name, value in values.items()))
    stopped = _null_inputs(campaign.inputs, policies=("skip_person", "fail"))
    is_stopped = (F.col("verdict") == "mailed") & (F.size(stopped) > 0)
    return people.select(
        "person_id",
        "message_id",
        F.lit(campaign.name).alias("campaign"),
        F.col("email").alias("address"),
        F.lit(plan.occurrence).alias("occurrence"),
        "arm",
        "propensity",
        F.col("message_locale").alias("locale"),
        F.col("message_timezone").alias("timezone"),
        F.lit(plan.template_version).alias("template_version"),
        "unsubscribe_token",
        _null_inputs(campaign.inputs, policies=("skip_block",)).alias("missing"),
        _ages(campaign.inputs).alias("inputs_at"),
        _map(plan.versions).alias("versions"),
        F.lit(plan.as_of).alias("created_at"),
        _inputs(campaign.inputs).alias("inputs"),
        "choices",
        F.when(is_stopped, "missing_input").otherwise(F.col("verdict")).alias("verdict"),
        F.when(is_stopped, F.concat_ws(", ", stopped)).otherwise(F.col("detail")).alias("detail"),
    )


def message_links(message_id: str, *, token: str, shop_url: str) -> dict[str, str]:
    """The links of one message."""
    return {name: shop_url + path.format(token=token, mark=message_id[:MARK]) for name, path in LINKS.items()}


def with_message_ids(people: DataFrame, *, plan: Plan) -> DataFrame:
    """Add `message_id`, the same for a person, campaign and occurrence for ever, and its unsubscribe token."""
    identity = F.concat_ws("\0", F.lit(plan.campaign.name), F.lit(plan.occurrence), "person_id")
    people = people.withColumn("message_id", F.sha2(identity, 256))
    return with_unsubscribe_token(people, key=plan.token_key, key_id=plan.token_key_id)


def _columns(plan: Plan) -> dict[str, Column]:
    """What every campaign's inputs may use beside the audience's columns."""
    shop = F.struct(*(F.lit(value).alias(name) for name, value in plan.shop.items()))
    mark = F.substring("message_id", 1, MARK)
    links = F.struct(
        *(
            F.replace(
                F.replace(F.lit(plan.shop["url"] + path), F.lit("{token}"), "unsubscribe_token"), F.lit("{mark}"), mark
            ).alias(name)
            for name, path in LINKS.items()
        )
    )
    return {
        "as_of": F.lit(plan.as_of),
        "shop": shop,
        "links": links,
        "message_locale": F.coalesce("locale", F.lit(plan.campaign.default_locale)),
        "message_timezone": F.coalesce("timezone", F.lit(plan.campaign.default_timezone)),
    }


def _with_choices(people: DataFrame, plan: Plan, states: DataFrame | None) -> DataFrame:
    if not plan.campaign.slots:
        return people.withColumn("choices", F.create_map().cast(f"map<string, {CHOICE}>"))
    return with_choices(
        people, campaign=plan.campaign.name, occurrence=plan.occurrence, slots=plan.campaign.slots, states=states
    )


def _inputs(inputs: Mapping[str, Input]) -> Column:
    """The struct of the declared inputs, defaults in place of nulls where the campaign says so."""
    fields = []
    for name, declared in inputs.items():
        value = F.col(f"input_{name}")
        if declared.missing == "default" and declared.default is not None:
            value = F.coalesce(value, F.lit(declared.default).cast(declared.type))
        fields.append(value.alias(name))
    return F.struct(*fields)


def _null_inputs(inputs: Mapping[str, Input], *, policies: tuple[str, ...]) -> Column:
    """Names of the inputs under one of `policies` that are null."""
    names = [F.when(F.col(f"input_{n}").isNull(), n) for n, declared in inputs.items() if declared.missing in policies]
    return F.array_compact(F.array(*names)) if names else F.array().cast("array<string>")


def _ages(inputs: Mapping[str, Input]) -> Column:
    pairs = [column for name, declared in inputs.items() for column in (F.lit(name), F.expr(declared.at))]
    return F.create_map(*pairs).cast("map<string, timestamp>")


def _map(values: Mapping[str, str]) -> Column:
    pairs = [F.lit(word) for pair in sorted(values.items()) for word in pair]
    return F.create_map(*pairs).cast("map<string, string>")
