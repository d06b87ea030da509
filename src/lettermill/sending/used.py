"""What of a day is used: messages of an account that left, or are on their way, whichever campaign they are of."""

from datetime import datetime

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lettermill.campaigns.definition import Campaign
from lettermill.sending.desk import Desk
from lettermill.tables.delivery import LEDGER, OUTBOX


def used_today(desk: Desk, moment: datetime) -> int:
    """How many messages of the warm-up's day are used by a moment; none where the campaign has no warm-up."""
    lake, campaign = desk.run.lake, desk.slot.campaign
    if campaign.delivery.warm_up is None:
        return 0
    lake.create(LEDGER)
    return left_today(lake.read(OUTBOX), lake.read(LEDGER), campaign, moment)


def left_today(outbox: DataFrame, ledger: DataFrame, campaign: Campaign, moment: datetime) -> int:
    """Messages of the campaign's provider that left on the day of the moment, or are on their way.

    When one left, the ledger tells: what is reported of it on another day changes the outbox too.
    """
    day = F.to_date(F.from_utc_timestamp("changed_at", campaign.default_timezone))
    today = F.to_date(F.from_utc_timestamp(F.lit(moment), campaign.default_timezone))
    left = ledger.where((F.col("state_before") == "claimed") & F.col("state").isin("handed_over", "unknown"))
    of_provider = outbox.where(F.col("provider") == campaign.provider)
    gone = left.where(day == today).select("message_id").distinct()
    on_their_way = of_provider.where("state = 'claimed'").select("message_id")
    # right side: one row per message
    return (
        gone.join(of_provider.select("message_id"), on="message_id", how="left_semi")
        .union(on_their_way)
        .distinct()
        .count()
    )
