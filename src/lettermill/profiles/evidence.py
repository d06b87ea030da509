"""What speaks for who is who: which record, or customer of events, states which identifier, and since when.

A statement is a row `holder, customer, identifier_kind, identifier, is_event, available_at, origin, position`: the
first source row by which the holder (a record, or a customer id that events name) states the identifier. `customer` is
whom the holder counts as where an identifier's customers are counted.
"""

from collections.abc import Mapping, Sequence
from functools import reduce

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from lettermill.profiles.policy import Kind
from lettermill.tables.quality import NAMED_IN_EVENTS

IDENTIFIER = ("identifier_kind", "identifier")
FIRST = ("available_at", "origin", "position")
PROBABLE = "probable"
"""The kind of evidence that is a likeness of two records: it links them, and is nobody's identifier."""
COMPONENT = "component"
"""The kind of a flag that is about a whole component; its identifier is the component's oldest record."""


CUSTOMER = "customer/"
"""Begins the name of a holder that is a customer of events; a record's begins with its source."""


def statements(records: DataFrame, *, heard: DataFrame, introduced: DataFrame) -> DataFrame:
    """Statements of records (with `record` and a phone in E.164) and of the events that were heard.

    `introduced` are those among the events by which a customer gave an address or a phone: `user_id, email, phone` as
    records have them, and where they stand.
    """
    aliases = heard.where((F.col("kind") == "alias") & F.col("user_id").isNotNull() & F.col("previous_id").isNotNull())
    given = _of_customers(introduced, {"email": "email", "phone": "phone"})
    of_events = (_of_users(heard), given, _of_aliases(aliases, heard=heard))
    stated = reduce(DataFrame.unionByName, of_events, _of_records(records))
    first = stated.groupBy("holder", "customer", *IDENTIFIER, "is_event").agg(F.min(F.struct(*FIRST)).alias("first"))
    return _one_customer_each(first, aliases).select(
        "holder", "customer", *IDENTIFIER, "is_event", *(f"first.{name}" for name in FIRST)
    )


def shared_identifiers(stated: DataFrame, *, at_most: Mapping[Kind, int]) -> DataFrame:
    """Identifiers that more customers share than `at_most` says for their kind: `how_many` and `allowed`."""
    if not at_most:
        return stated.select(*IDENTIFIER, F.lit(0).alias("how_many"), F.lit(0).alias("allowed")).where(F.lit(False))
    limits = F.create_map(*(F.lit(part) for pair in sorted(at_most.items()) for part in pair))
    record = F.when(~F.col("is_event"), F.col("holder"))
    customer = F.when(F.col("identifier_kind") == "customer_id", record).otherwise(F.col("customer"))
    counted = stated.groupBy(*IDENTIFIER).agg(F.countDistinct(customer).alias("how_many"))
    return counted.withColumn("allowed", limits[F.col("identifier_kind")]).where(F.col("how_many") > F.col("allowed"))


def without(stated: DataFrame, identifiers: DataFrame) -> DataFrame:
    """The statements of other identifiers."""
    return stated.join(identifiers.select(*IDENTIFIER), on=list(IDENTIFIER), how="left_anti")


def links(stated: DataFrame) -> DataFrame:
    """Pairs `one, other` of holders that state the same identifier, each holder with the smallest of them."""
    # right side: one row per identifier
    return stated.join(_linking(stated), on=list(IDENTIFIER), how="inner").select(
        F.col("holder").alias("one"), F.col("smallest").alias("other")
    )


def rooted(stated: DataFrame, edges: DataFrame) -> DataFrame:
    """The statements with `root`, which names the holder's component, from settled edges."""
    roots = edges.select(F.col("node").alias("holder"), "root")
    # right side: one row per holder
    return stated.join(roots, on="holder", how="left").withColumn("root", F.coalesce("root", "holder"))


def oversize(stated: DataFrame, *, at_most: int) -> DataFrame:
    """Components of more identifiers than `at_most`: `root, how_many` and the oldest holder's name as `oldest`."""
    sizes = stated.groupBy("root").agg(F.countDistinct(*IDENTIFIER).alias("how_many"), oldest().alias("oldest"))
    return sizes.where(F.col("how_many") > at_most).withColumn("oldest", F.col("oldest.name"))


def narrowed(stated: DataFrame, large: DataFrame, *, trusting: Sequence[str]) -> DataFrame:
    """The statements without those that link holders of `large` components by another kind than the trusted ones."""
    weak = stated.join(large.select("root"), on="root", how="left_semi").where(
        ~F.col("identifier_kind").isin(*trusting)
    )
    return without(stated, _linking(weak))


def oldest() -> Column:
    """The holder seen first, records before customers of events: `{is_event, first_seen_at, name}`."""
    name = F.regexp_replace(F.regexp_replace("holder", "^record:", ""), "^customer_id:", CUSTOMER)
    return F.min(F.struct("is_event", F.col("available_at").alias("first_seen_at"), name.alias("name")))


def _linking(stated: DataFrame) -> DataFrame:
    held = stated.groupBy(*IDENTIFIER).agg(F.min("holder").alias("smallest"), F.max("holder").alias("largest"))
    return held.where(F.col("smallest") != F.col("largest")).drop("largest")


def _of_records(records: DataFrame) -> DataFrame:
    holder = F.concat(F.lit("record:"), "record")
    known_as = F.min("customer_id").over(Window.partitionBy("record"))
    customer = F.coalesce(F.concat(F.lit("customer_id:"), known_as), holder)
    kinds = {kind: kind for kind in ("record", "customer_id", "email", "phone")}
    return _stated(records.withColumns({"holder": holder, "customer": customer}), kinds, is_event=False)


def _of_users(heard: DataFrame) -> DataFrame:
    """Customers that events name, and the browsers and devices they used while logged in."""
    named = heard.where(F.col("user_id").isNotNull()).withColumns({k: F.col(at) for k, at in NAMED_IN_EVENTS.items()})
    used = named.groupBy("user_id", *NAMED_IN_EVENTS).agg(F.min(F.struct(*FIRST)).alias("first"))
    first = used.select("user_id", *NAMED_IN_EVENTS, "first.*")
    return _of_customers(first, {kind: kind for kind in NAMED_IN_EVENTS})


def _of_aliases(aliases: DataFrame, *, heard: DataFrame) -> DataFrame:
    """A user says to have been known as `previous_id`: a browser's id where events know it as one, or a customer id."""
    earlier = aliases.select(F.col("previous_id").alias("anonymous_id")).distinct()
    browsers = heard.select("anonymous_id").join(F.broadcast(earlier), on="anonymous_id", how="left_semi").distinct()
    as_browser = browsers.select(F.col("anonymous_id").alias("previous_id"), F.lit(True).alias("is_browser"))
    # right side: one row per browser
    named = aliases.join(as_browser, on="previous_id", how="left").withColumns(
        {
            "as_browser": F.when(F.col("is_browser"), F.col("previous_id")),
            "as_customer": F.when(F.col("is_browser").isNull(), F.col("previous_id")),
        }
    )
    return _of_customers(named, {"customer_id": "as_customer", "anonymous_id": "as_browser"})


def _of_customers(events: DataFrame, kinds: Mapping[str, str]) -> DataFrame:
    """What events state of the customer they name, `user_id`; `kinds` is identifier kind -> column."""
    holder = F.concat(F.lit("customer_id:"), "user_id")
    return _stated(events.withColumns({"holder": holder, "customer": holder}), kinds, is_event=True)


def _stated(rows: DataFrame, kinds: Mapping[str, str], *, is_event: bool) -> DataFrame:
    """One row per identifier that a row names; `kinds` is identifier kind -> column."""
    named = F.array(
        *(
            F.struct(F.lit(kind).alias("identifier_kind"), F.col(name).alias("identifier"))
            for kind, name in kinds.items()
        )
    )
    return (
        rows.select("holder", "customer", F.inline(named), F.lit(is_event).alias("is_event"), *FIRST)
        .where(F.col("identifier").isNotNull())
    )  # fmt: skip


def _one_customer_each(stated: DataFrame, aliases: DataFrame) -> DataFrame:
    """Count a customer under the id that an alias gave them, so that their own browser is not a shared one."""
    renamed = aliases.groupBy("previous_id").agg(F.min("user_id").alias("now"))
    by_old_id = renamed.select(
        F.concat(F.lit("customer_id:"), "previous_id").alias("customer"),
        F.concat(F.lit("customer_id:"), "now").alias("now"),
    )
    # right side: one row per former id
    joined = stated.join(by_old_id, on="customer", how="left")
    return joined.withColumn("customer", F.coalesce("now", "customer"))
