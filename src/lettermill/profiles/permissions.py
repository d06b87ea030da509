"""What people allow at a moment: the one place where the rule of consent stands.

A mailbox's word (a bounce, a complaint) is never lifted. A person's own refusal is lifted by that person alone, not by
a record, however new. Otherwise the latest statement counts, and of two at one time the stricter. Everybody who is
known at an address must agree, and what is suppressed there stays so, whoever turns up under it.
"""

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from lettermill.keyed_hashes import with_hash
from lettermill.profiles.consents import CHANNEL, DAY, PURPOSES
from lettermill.tables.profiles import EVERY_TOPIC

STRICTNESS = {"granted": 0, "unknown": 1, "pending": 2, "denied": 3, "suppressed": 4}


def permissions(
    consents: DataFrame,
    *,
    as_of: Column,
    topic: str = EVERY_TOPIC,
    channel: str = CHANNEL,
    confirm_within_days: int = 30,
) -> DataFrame:
    """What each person allows at `as_of` on a channel for a topic, from rows of profiles.consents: one row per person.

    `mail` and `profiling` are granted, pending, denied, suppressed or null; `<purpose>_because` is the reason given and
    `<purpose>_since` when it was said. What was said about every topic counts for each.
    """
    relevant = (F.col("channel") == channel) & F.col("topic").isin(topic, EVERY_TOPIC)
    known = consents.where(relevant & (F.col("changed_at") < as_of) & (F.col("available_at") <= as_of))
    said = _counted(known, confirm_within_days=confirm_within_days)
    strictness = _strictness(F.col("state")).alias("strictness")
    statement = F.struct("changed_at", strictness, "evidence", "state", "reason", "available_at")

    def newest(purpose: str, condition: Column) -> Column:
        return F.max(F.when((F.col("purpose") == purpose) & condition, statement))

    counts = F.col("state") != "pending"
    speakers = {
        "mailbox": F.col("said_by") == "mailbox",
        "person": counts & (F.col("said_by") == "person"),
        "record": counts & (F.col("said_by") == "record"),
        "pending": ~counts,
    }
    latest = said.groupBy("person_id").agg(
        *(
            newest(purpose, condition).alias(f"{purpose}_{who}")
            for purpose in PURPOSES
            for who, condition in speakers.items()
        )
    )
    columns = []
    for purpose in PURPOSES:
        verdict = _verdict(purpose)
        columns += [
            verdict["state"].alias(purpose),
            verdict["reason"].alias(f"{purpose}_because"),
            verdict["changed_at"].alias(f"{purpose}_since"),
            verdict["available_at"].alias(f"{purpose}_known_at"),
        ]
    return latest.select("person_id", *columns)


def objectors(permitted: DataFrame) -> DataFrame:
    """`person_id` of those who object to being profiled, from rows of `permissions`."""
    return permitted.where(F.col("profiling").isin("denied", "suppressed")).select("person_id")


def with_permission(
    rows: DataFrame, *, address: str, people: DataFrame, permitted: DataFrame, suppressed: DataFrame, address_key: bytes
) -> DataFrame:
    """Add `mail`, `mail_because` and `mail_by`: what may be mailed to the `person_id` of each row at its `address`.

    `people` are rows of profiles.people, `permitted` of `permissions`, `suppressed` of `standing_suppressions`. `mail`
    is granted, unknown, pending, denied or suppressed, the strictest of what the person, anybody else who is known at
    the address and the address itself have; `mail_by` says whose word that is: person, another or address.
    """
    own = permitted.select("person_id", "mail", F.col("mail_because").alias("because"))
    # right side: one row per person
    shared = (
        people.select("person_id", _mailbox("email"))
        .where(F.col("mailbox").isNotNull())
        .join(own, on="person_id", how="left")
        .select("mailbox", _word("another").alias("word"))
        .groupBy("mailbox")
        .agg(F.max("word").alias("shared"))
    )
    asked = rows.select("*", _mailbox(address))
    mailboxes = asked.select("mailbox").where(F.col("mailbox").isNotNull()).distinct()
    barred = (
        with_hash(mailboxes, of="mailbox", into="address_key", key=address_key)
        .join(suppressed, on="address_key", how="inner")  # right side: one row per address
        .select("mailbox", F.lit("suppressed").alias("mail"), "because")
        .select("mailbox", _word("address").alias("barred"))
    )
    # right sides: one row per person, mailbox and mailbox
    joined = (
        asked.join(own.select("person_id", _word("person").alias("own")), on="person_id", how="left")
        .join(shared, on="mailbox", how="left")
        .join(barred, on="mailbox", how="left")
    )
    silent = F.struct(
        F.lit(STRICTNESS["unknown"]).alias("strictness"), F.lit("person").alias("by"), F.lit("unknown").alias("mail"),
        F.lit(None).cast("string").alias("because"),
    )  # fmt: skip
    word = F.greatest(F.coalesce("own", silent), "shared", "barred")
    return joined.withColumn("word", word).select(
        *(F.col(name) for name in rows.columns),
        F.col("word.mail").alias("mail"),
        F.col("word.because").alias("mail_because"),
        F.col("word.by").alias("mail_by"),
    )


def standing_suppressions(suppressions: DataFrame, *, as_of: Column, topic: str, channel: str = CHANNEL) -> DataFrame:
    """`address_key` and `because` of the addresses that get no mail for a topic, from rows of profiles.suppressions.

    A row of the topic itself counts before the one of all mail.
    """
    relevant = (F.col("channel") == channel) & F.col("topic").isin(topic, EVERY_TOPIC) & (F.col("purpose") == "mail")
    known = (F.col("changed_at") < as_of) & (F.col("available_at") <= as_of)
    deciding = F.max(F.struct((F.col("topic") == topic).alias("is_own"), "state", "reason")).alias("deciding")
    decided = suppressions.where(relevant & known).groupBy("address_key").agg(deciding)
    held = decided.where(F.col("deciding.state") == "suppressed")
    return held.select("address_key", F.col("deciding.reason").alias("because"))


def _counted(known: DataFrame, *, confirm_within_days: int) -> DataFrame:
    """Statements with every confirmation turned into a grant, or left out where nothing was waiting for it."""
    scope = Window.partitionBy("person_id", "channel", "topic", "purpose").orderBy(F.unix_micros("changed_at"))
    before = scope.rangeBetween(Window.unboundedPreceding, 0)
    asked_at = F.max(F.when(F.col("state") == "pending", F.col("changed_at"))).over(before)
    in_time = F.unix_seconds("changed_at") - F.unix_seconds("asked_at") <= confirm_within_days * DAY
    # Whatever is asked of a person's statements next finds them together.
    return (
        known.repartition("person_id")
        .withColumn("asked_at", asked_at)
        .where((F.col("state") != "confirmed") | F.coalesce(in_time, F.lit(False)))
        .withColumn("state", F.when(F.col("state") == "confirmed", "granted").otherwise(F.col("state")))
        .drop("asked_at")
    )


def _verdict(purpose: str) -> Column:
    by = {who: F.col(f"{purpose}_{who}") for who in ("mailbox", "person", "record", "pending")}
    refused = F.when(by["person"]["strictness"] > STRICTNESS["granted"], by["person"])
    return F.coalesce(by["mailbox"], refused, F.greatest(by["person"], by["record"]), by["pending"])


def _word(by: str) -> Column:
    """A verdict that can be compared: the stricter is greater, and of equals the person's own."""
    mail = F.coalesce("mail", F.lit("unknown"))
    return F.struct(
        _strictness(mail).alias("strictness"),
        F.lit(by).alias("by"),
        mail.alias("mail"),
        F.col("because").alias("because"),
    )


def _strictness(state: Column) -> Column:
    ranks = F.create_map(*(F.lit(one) for pair in STRICTNESS.items() for one in pair))
    return ranks[state]


def _mailbox(address: str) -> Column:
    return F.lower(F.trim(address)).alias("mailbox")
