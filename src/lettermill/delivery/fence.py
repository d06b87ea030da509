"""The fence: what may leave now, asked again after planning and before anything leaves.

Each message is judged by itself first; the first rule that catches it decides, in this order:

1. erased: the person asked to be erased                              suppressed
2. replaced: the person became part of another, or is not known      suppressed
3. objecting: no consent to mail by now                               suppressed
4. late: the occurrence's last moment has passed                      suppressed
5. outdated: it shows a product that is gone, or another price        suppressed
6. elsewhere: in test mode, its address is not on the allow-list      later
7. closed: quiet hours, or outside the send window                    later

What passes is then rationed over all messages (`delivery.rations`): roll-out (later), frequency cap (suppressed),
warm-up (later). What is `later` stays planned, and is fenced again; the cap does not count it.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import reduce

import pyarrow as pa
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from lettermill.delivery.persons import erased, replaced, survivors
from lettermill.delivery.roll_out import place
from lettermill.delivery.stock import outdated
from lettermill.delivery.test_mode import is_allowed_address
from lettermill.delivery.windows import openings
from lettermill.delivery_rules import DeliveryRules

OTHERS = {"another": " by another person of this address", "address": " by this address itself"}
LEAVES, SUPPRESSED, LATER = "leaves", "suppressed", "later"


@dataclass(frozen=True)
class Facts:
    """What the fence looks at beside the planned messages.

    `contexts` are rows of the campaign's contexts; `permitted` says of each `message_id` what may be mailed to its
    person at its address now (`mail`, `mail_because`, `mail_by`); `people`, `changes` and `erasures` are rows of
    profiles.people, profiles.identity_changes and profiles.erasures; `products` of quality.products as known now, one
    per product, where the campaign watches its stock.
    """

    contexts: DataFrame
    permitted: DataFrame
    people: DataFrame
    changes: DataFrame
    erasures: DataFrame
    products: DataFrame | None = None


@dataclass(frozen=True)
class Terms:
    """At what `moment` and by which rules. `timezone` is the campaign's; from `last_moment` on nothing leaves;
    `allowed` are the addresses and `@domain`s of test mode, null outside of it."""

    moment: datetime
    rules: DeliveryRules
    timezone: str = "UTC"
    last_moment: datetime | None = None
    allowed: Collection[str] | None = None


def judged(planned: DataFrame, *, facts: Facts, terms: Terms) -> DataFrame:
    """Each planned message (rows of delivery.outbox) by itself, in the order of the waterfall.

    One row per message: `message_id`, `person_id`, its `place` in the roll-out, `verdict` (leaves, suppressed, later),
    `reason`, and `not_before`, the earliest moment of what is later; null where that is not known.
    """
    caught = [
        rows.select("message_id", F.struct(F.lit(rank).alias("rank"), *_caught(rows)).alias("caught"))
        for rank, rows in enumerate(_waterfall(planned, facts, terms))
    ]
    first = (
        reduce(DataFrame.unionByName, caught).groupBy("message_id").agg(F.min_by("caught", "caught.rank").alias("by"))
    )
    # right side: one row per message
    asked = planned.select("message_id", "person_id").join(first, on="message_id", how="left")
    return asked.select(
        "message_id",
        "person_id",
        place(F.col("message_id")).alias("place"),
        F.coalesce("by.verdict", F.lit(LEAVES)).alias("verdict"),
        F.col("by.reason").alias("reason"),
        F.col("by.not_before").alias("not_before"),
    )


def fenced(planned: DataFrame, *, permitted: DataFrame) -> DataFrame:
    """The planned messages (rows of delivery.outbox) whose people allow them no longer, with `fence_reason`.

    `permitted` has of each `message_id` what may be mailed to its person at its address now: `mail` (granted, or why
    not), the reason `mail_because`, and `mail_by`, whose word that is: person, another or address.
    """
    asked = planned.join(  # right side: one row per message
        permitted.select("message_id", "mail", "mail_because", "mail_by"), on="message_id", how="left"
    )
    others = F.create_map(*(F.lit(word) for pair in OTHERS.items() for word in pair))
    because = F.coalesce(F.concat(F.lit(": "), "mail_because"), F.lit(""))
    told = F.concat(F.lit("mail is "), "mail", F.coalesce(others[F.col("mail_by")], F.lit("")), because)
    is_silent = F.col("mail").isNull() | ((F.col("mail") == "unknown") & (F.col("mail_by") == "person"))
    reason = F.when(is_silent, "no consent to mail is known any more").when(F.col("mail") != "granted", told)
    return (
        asked.withColumn("fence_reason", reason)
        .where(F.col("fence_reason").isNotNull())
        .select(*planned.columns, "fence_reason")
    )


def objecting(planned: DataFrame, *, permitted: DataFrame) -> DataFrame:
    """`message_id` and `reason` of the messages whose people allow them no longer."""
    return fenced(planned, permitted=permitted).select("message_id", F.col("fence_reason").alias("reason"))


def late(planned: DataFrame, *, last_moment: datetime) -> DataFrame:
    """`message_id` and `reason` of all messages, once their last moment has passed."""
    return planned.select("message_id", F.lit(f"too late: not after {last_moment:%Y-%m-%d %H:%M %Z}").alias("reason"))


def elsewhere(contexts: DataFrame, *, allowed: Collection[str]) -> DataFrame:
    """`message_id`, `reason` and `not_before` of the messages whose address test mode does not mail.

    They wait, since a test must not take anything from the mailing itself.
    """
    listed = tuple(allowed)

    def refused(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            is_refused = [not is_allowed_address(one or "", allowed=listed) for one in batch["address"].to_pylist()]
            yield batch.select(["message_id"]).filter(pa.array(is_refused, pa.bool_()))

    found = contexts.select("message_id", "address").mapInArrow(refused, "message_id string")
    return _waiting(found, reason=F.lit("test mode mails addresses on its list alone"))


def closed(contexts: DataFrame, *, terms: Terms) -> DataFrame:
    """`message_id`, `reason` and `not_before` of the messages for which it is no hour for mail at their people's."""
    opened = openings(contexts, moment=terms.moment, week=terms.rules.week, otherwise=terms.timezone)
    shut = opened.where(F.col("opens_at").isNotNull()).withColumnRenamed("timezone", "zone")
    # right side: one row per time zone, one of which may be null
    found = contexts.join(F.broadcast(shut), on=F.col("timezone").eqNullSafe(F.col("zone")), how="inner")
    hours = F.concat(F.lit("outside the hours for mail in "), F.coalesce("timezone", F.lit(terms.timezone)))
    return _waiting(found, reason=hours, not_before=F.col("opens_at"))


def _waterfall(planned: DataFrame, facts: Facts, terms: Terms) -> Iterator[DataFrame]:
    """What each rule catches, in the order in which they are asked."""
    contexts = facts.contexts.join(planned.select("message_id"), on="message_id", how="left_semi")
    merged = survivors(facts.changes, people=facts.people)
    yield erased(planned, erasures=facts.erasures)
    yield replaced(planned, people=facts.people, survivors=merged)
    yield objecting(planned, permitted=facts.permitted)
    if terms.last_moment is not None and terms.moment >= terms.last_moment:
        yield late(planned, last_moment=terms.last_moment)
    if terms.rules.stock is not None:
        if facts.products is None:
            raise ValueError("the campaign watches its stock: hand in the products")
        yield outdated(contexts, products=facts.products, stock=terms.rules.stock)
    if terms.allowed is not None:
        yield elsewhere(contexts, allowed=terms.allowed)
    if not all(terms.rules.week):
        yield closed(contexts, terms=terms)


def _waiting(rows: DataFrame, *, reason: Column, not_before: Column | None = None) -> DataFrame:
    moment = F.lit(None) if not_before is None else not_before
    return rows.select("message_id", reason.alias("reason"), moment.cast("timestamp").alias("not_before"))


def _caught(rows: DataFrame) -> list[Column]:
    """Verdict, reason and moment of what a rule caught: rules that let wait say from when on mail may leave."""
    is_later = "not_before" in rows.columns
    return [
        F.lit(LATER if is_later else SUPPRESSED).alias("verdict"),
        F.col("reason"),
        (F.col("not_before") if is_later else F.lit(None).cast("timestamp")).alias("not_before"),
    ]
