"""What is used of a day and of a quota: messages of an account that left or are on their way, of all campaigns."""

from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lettermill.campaigns.definition import Campaign
from lettermill.sending.desk import Desk
from lettermill.tables.delivery import LEDGER, OUTBOX

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Used(NamedTuple):
    """Messages that left in some time or are on their way, and when the first of them did; null for none that left."""

    messages: int
    first_at: datetime | None


def used_today(desk: Desk, moment: datetime) -> int:
    """How many messages of the warm-up's day are used by a moment; none where the campaign has no warm-up."""
    lake, campaign = desk.run.lake, desk.slot.campaign
    if campaign.delivery.warm_up is None:
        return 0
    lake.create(LEDGER)
    return left_today(lake.read(OUTBOX), lake.read(LEDGER), campaign, moment)


def used_since(desk: Desk, since: datetime) -> Used:
    """What the account has taken since a moment, and what is on its way to it."""
    lake = desk.run.lake
    lake.create(LEDGER)
    return left_since(lake.read(OUTBOX), lake.read(LEDGER), desk.slot.campaign, since)


def left_today(outbox: DataFrame, ledger: DataFrame, campaign: Campaign, moment: datetime) -> int:
    """Messages of the campaign's provider that left on the day of the moment, or are on their way."""
    day = F.to_date(F.from_utc_timestamp("left_at", campaign.default_timezone))
    today = F.to_date(F.from_utc_timestamp(F.lit(moment), campaign.default_timezone))
    rows = _left(outbox, ledger, campaign.provider).where((day == today) | F.col("left_at").isNull())
    return rows.select("message_id").distinct().count()


def left_since(outbox: DataFrame, ledger: DataFrame, campaign: Campaign, since: datetime) -> Used:
    """Messages of the campaign's provider that left since a moment, or are on their way."""
    rows = _left(outbox, ledger, campaign.provider).where((F.col("left_at") >= since) | F.col("left_at").isNull())
    first_at = F.unix_micros(F.min("left_at")).alias("first_at")
    counted = rows.agg(F.count_distinct("message_id").alias("messages"), first_at).first()
    assert counted is not None  # an aggregate without groups is one row
    micros = counted["first_at"]
    return Used(counted["messages"], None if micros is None else EPOCH + timedelta(microseconds=micros))


def _left(outbox: DataFrame, ledger: DataFrame, provider: str) -> DataFrame:
    """Each time that a message of an account left: `message_id` and `left_at`, null while it is on its way.

    When one left, the ledger tells: what is reported of it on another day changes the outbox too.
    """
    of_provider = outbox.where(F.col("provider") == provider)
    left = ledger.where((F.col("state_before") == "claimed") & F.col("state").isin("handed_over", "unknown"))
    # right side: one row per message
    gone = left.join(of_provider.select("message_id"), on="message_id", how="left_semi")
    on_their_way = of_provider.where("state = 'claimed'")
    return gone.select("message_id", F.col("changed_at").alias("left_at")).union(
        on_their_way.select("message_id", F.lit(None).cast("timestamp"))
    )
