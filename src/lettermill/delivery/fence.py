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

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lettermill.delivery.persons import erased, replaced
from lettermill.delivery.roll_out import place
from lettermill.delivery.stock import outdated
from lettermill.delivery.test_mode import is_allowed_address
from lettermill.delivery.windows import openings
from lettermill.delivery_rules import DeliveryRules

OTHERS = {"another": " by another person of this address", "address": " by this address itself"}


@dataclass(frozen=True)
class Facts:
    """What the fence looks at beside the planned messages.

    `permitted` are the planned messages with what may be mailed to their person at their address now: `mail` (granted,
    or why not), the reason `mail_because`, and `mail_by`, whose word that is (person, another or address). `people` and
    `erasures` are rows of profiles.people and profiles.erasures, `survivors` of `persons.survivors`; `products` of
    quality.products as known now, one per product, where the campaign watches its stock.
    """

    permitted: DataFrame
    people: DataFrame
    survivors: DataFrame
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
    """Each planned message by itself, in the order of the waterfall.

    `planned` has `message_id` and `person_id`, and of the message's context `address`, `timezone` and, where the
    campaign watches its stock, `inputs`. One row per message: `message_id`, `person_id`, its `place` in the roll-out,
    `verdict` (leaves, suppressed, later), `reason`, and `not_before`, the earliest moment of what is later; null where
    that is not known.
    """
    rows = _asked(planned, facts, terms)
    suppressed = F.coalesce("erased", "replaced", "objecting", "late", "outdated")
    later = F.coalesce("elsewhere", "closed")
    is_closed = suppressed.isNull() & F.col("elsewhere").isNull()
    return rows.select(
        "message_id",
        "person_id",
        place(F.col("message_id")).alias("place"),
        F.when(suppressed.isNotNull(), "suppressed")
        .when(later.isNotNull(), "later")
        .otherwise("leaves")
        .alias("verdict"),
        F.coalesce(suppressed, later).alias("reason"),
        F.when(is_closed, F.col("opens_at")).alias("not_before"),
    )


def _asked(planned: DataFrame, facts: Facts, terms: Terms) -> DataFrame:
    """The messages with a column per rule, which says why it catches a message; a rule not asked catches none."""
    rows = facts.permitted.select("message_id", "person_id", "address", "timezone", "mail", "mail_because", "mail_by")
    rows = erased(rows, erasures=facts.erasures)
    rows = replaced(rows, people=facts.people, survivors=facts.survivors)
    rows = objecting(rows)
    rows = late(rows, terms=terms)
    if terms.rules.stock is not None:
        if facts.products is None:
            raise ValueError("the campaign watches its stock: hand in the products")
        rows = outdated(rows, contexts=planned, products=facts.products, stock=terms.rules.stock)
    if terms.allowed is not None:
        rows = elsewhere(rows, allowed=terms.allowed)
    if not all(terms.rules.week):
        rows = closed(rows, planned=planned, terms=terms)
    absent = {"outdated": "string", "elsewhere": "string", "closed": "string", "opens_at": "timestamp"}
    unasked = {name: F.lit(None).cast(type_) for name, type_ in absent.items() if name not in rows.columns}
    return rows.withColumns(unasked)


def objecting(rows: DataFrame) -> DataFrame:
    """Put `objecting`, why a message whose people allow it no longer must not leave, in the place of their words."""
    others = F.create_map(*(F.lit(word) for pair in OTHERS.items() for word in pair))
    because = F.coalesce(F.concat(F.lit(": "), "mail_because"), F.lit(""))
    told = F.concat(F.lit("mail is "), "mail", F.coalesce(others[F.col("mail_by")], F.lit("")), because)
    # Without an address nobody's word counts for anything.
    is_silent = (
        F.col("mail").isNull()
        | F.col("address").isNull()
        | ((F.col("mail") == "unknown") & (F.col("mail_by") == "person"))
    )
    reason = F.when(is_silent, "no consent to mail is known any more").when(F.col("mail") != "granted", told)
    return rows.withColumn("objecting", reason).drop("mail", "mail_because", "mail_by")


def late(rows: DataFrame, *, terms: Terms) -> DataFrame:
    """Add `late`, why no message leaves any more once the last moment has passed."""
    last = terms.last_moment
    is_late = last is not None and terms.moment >= last
    reason = F.lit(f"too late: not after {last:%Y-%m-%d %H:%M %Z}" if is_late else None)
    return rows.withColumn("late", reason.cast("string"))


def elsewhere(rows: DataFrame, *, allowed: Collection[str]) -> DataFrame:
    """Add `elsewhere`, why test mode does not mail a message's address.

    Such a message waits, since a test must not take anything from the mailing itself.
    """
    listed = tuple(allowed)

    @F.udf("boolean")
    def is_allowed(address: str | None) -> bool:
        return is_allowed_address(address or "", allowed=listed)

    refused = F.when(~is_allowed("address"), "test mode mails addresses on its list alone")
    return rows.withColumn("elsewhere", refused)


def closed(rows: DataFrame, *, planned: DataFrame, terms: Terms) -> DataFrame:
    """Add `closed`, why it is no hour for mail at a message's people, and `opens_at`, when it is one."""
    # The zones are those of `planned`: `rows` would be computed again.
    opened = openings(planned, moment=terms.moment, week=terms.rules.week, otherwise=terms.timezone)
    shut = opened.where(F.col("opens_at").isNotNull()).withColumnRenamed("timezone", "zone")
    # right side: one row per time zone, one of which may be null
    asked = rows.join(F.broadcast(shut), on=F.col("timezone").eqNullSafe(F.col("zone")), how="left").drop("zone")
    hours = F.concat(F.lit("outside the hours for mail in "), F.coalesce("timezone", F.lit(terms.timezone)))
    return asked.withColumn("closed", F.when(F.col("opens_at").isNotNull(), hours))
