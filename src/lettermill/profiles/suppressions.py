"""Addresses that get no mail, by keyed hash: what must outlive a person, their records and their merges."""

from collections.abc import Iterable

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from lettermill.keyed_hashes import with_hash
from lettermill.profiles.permissions import permissions
from lettermill.tables.profiles import EVERY_TOPIC


def suppressions(
    consents: DataFrame,
    *,
    identities: DataFrame,
    topics: Iterable[str],
    address_key: bytes,
    as_of: Column,
) -> DataFrame:
    """Rows for profiles.suppressions: of each person ever suppressed, every address, for each of `topics`
    and for all mail. A topic that a person took up again after leaving all mail is lifted by itself.

    An address that is not among the rows keeps the row it has: people who were erased have no statements any more.
    """
    addresses = identities.where(F.col("identifier_kind") == "email").select(
        "person_id", F.col("identifier").alias("address")
    )
    ever = consents.where((F.col("state") == "suppressed") & (F.col("purpose") == "mail")).select("person_id", "topic")
    rows: DataFrame | None = None
    for topic in sorted({*topics, EVERY_TOPIC}):
        of_topic = ever.where(F.col("topic").isin(topic, EVERY_TOPIC)).select("person_id").distinct()
        verdicts = permissions(consents, as_of=as_of, topic=topic).join(of_topic, on="person_id", how="left_semi")
        held = verdicts.join(addresses, on="person_id", how="inner").select("*", F.lit(topic).alias("topic"))
        rows = held if rows is None else rows.unionByName(held)
    assert rows is not None  # there is always the topic of all mail
    is_held = F.col("mail") == "suppressed"
    # Persons may share an address: what is suppressed for one of them is suppressed.
    latest = F.max(F.struct(is_held.alias("is_held"), "mail_since", "mail_because", "mail_known_at")).alias("latest")
    keyed = with_hash(rows, of="address", into="address_key", key=address_key)
    return (
        keyed.groupBy("address_key", "topic")
        .agg(latest)
        .select(
            "address_key",
            F.lit("email").alias("channel"),
            "topic",
            F.lit("mail").alias("purpose"),
            F.when(F.col("latest.is_held"), "suppressed").otherwise("lifted").alias("state"),
            F.col("latest.mail_because").alias("reason"),
            F.col("latest.mail_since").alias("changed_at"),
            F.col("latest.mail_known_at").alias("available_at"),
        )
    )
