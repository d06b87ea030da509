"""What providers report about messages, in our words: each event once, with machines set apart from people."""

from collections.abc import Mapping

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from lettermill.delivery.machine_rules import MachineRules
from lettermill.delivery.machines import ACTS, behaves_so, names_itself
from lettermill.keyed_hashes import with_hash
from lettermill.tables.delivery import EVENTS

KINDS: Mapping[str, str] = {
    "email_sent": "sent",
    "email_delivered": "delivered",
    "email_deferred": "deferred",
    "email_bounced": "bounced",
    "email_dropped": "dropped",
    "email_opened": "opened",
    "email_link_clicked": "clicked",
    "email_marked_as_spam": "complained",
    "unsubscribed": "unsubscribed",
}
"""Kind of an event of quality.events -> its kind in delivery.events."""


def reported(events: DataFrame, *, address_key: bytes) -> DataFrame:
    """The events of quality.events that report something of a mail, in the words of delivery.events.

    They have `message_id` where they name our message, else null and the provider's `reference`; `user_agent` and
    `said_machine`, which delivery.events does not keep.
    """
    words = F.create_map(*(F.lit(word) for pair in KINDS.items() for word in pair))
    of_mails = events.where(F.col("kind").isin(*KINDS)).select(
        F.nullif(F.trim("properties.email_id"), F.lit("")).alias("message_id"),
        words[F.col("kind")].alias("kind"),
        "occurred_at",
        "received_at",
        # What a reader does on our own pages is reported by their source.
        F.coalesce("properties.provider", "source").alias("provider"),
        F.coalesce("properties.provider_event_id", "event_id").alias("provider_event_id"),
        F.when(F.col("kind") == "email_link_clicked", F.col("properties.link_url")).alias("link_url"),
        F.when(
            F.col("kind") == "email_bounced",
            F.when(F.col("properties.bounce_type") == "soft", "soft").otherwise("hard"),
        ).alias("bounce_type"),
        F.col("properties.reference").alias("reference"),
        F.col("properties.user_agent").alias("user_agent"),
        F.coalesce("properties.by_machine", F.lit(False)).alias("said_machine"),
        F.col("properties.email").alias("address"),
    )
    return with_hash(of_mails, of="address", into="address_key", key=address_key).drop("address")


def with_messages(events: DataFrame, *, outbox: DataFrame) -> DataFrame:
    """Rows of `reported` with the message that each is about; those about none that is known are left out.

    A provider's reference may stand for a whole call, so the address has to fit too.
    """
    handed_over = outbox.where(F.col("provider_reference").isNotNull()).select(
        F.col("provider_reference").alias("reference"), "address_key", F.col("message_id").alias("found")
    )
    # right side: few rows per reference and address, of which the first by id
    by_reference = handed_over.groupBy("reference", "address_key").agg(F.min("found").alias("found"))
    return (
        events.join(by_reference, on=["reference", "address_key"], how="left")
        .withColumn("message_id", F.coalesce("message_id", "found"))
        .where(F.col("message_id").isNotNull())
        .drop("found")
    )


def provider_events(about: DataFrame, *, standing: DataFrame, rules: MachineRules) -> DataFrame:
    """Rows for delivery.events, for a caller to merge: every event of the messages that `about` tells of, once.

    `about` are rows of `with_messages`, `standing` those of delivery.events. An event is the same if message, kind,
    address, instant and link are, whatever its provider calls it; of what is told twice, what came first is kept.
    """
    machine = F.col("said_machine") | names_itself(F.col("user_agent"), rules=rules)
    told = about.withColumn("by_machine", machine)
    known = standing.join(about.select("message_id").distinct(), on="message_id", how="left_semi")
    whole = known.select(*EVENTS.column_names).unionByName(told.select(*EVENTS.column_names))
    once = whole.groupBy(*EVENTS.key).agg(
        F.coalesce(F.bool_or("by_machine"), F.lit(False)).alias("known_machine"),
        F.min("received_at").alias("received_at"),
        F.min("provider").alias("provider"),
        F.min("provider_event_id").alias("provider_event_id"),
        F.min("bounce_type").alias("bounce_type"),  # hard before soft
    )
    by_machine = F.when(_is_act(), F.col("known_machine") | behaves_so(rules=rules))
    return once.withColumn("by_machine", by_machine).select(*EVENTS.column_names)


def _is_act() -> Column:
    return F.col("kind").isin(*ACTS)
