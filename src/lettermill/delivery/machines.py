"""Opens and clicks by machines: proxies that load every picture, and scanners that follow every link."""

from pyspark.sql import Column, Window
from pyspark.sql import functions as F

from lettermill.delivery.machine_rules import MachineRules

ACTS = ("opened", "clicked")
SECOND = 1_000_000  # in microseconds


def names_itself(user_agent: Column, *, rules: MachineRules) -> Column:
    """Whether a user agent is one of a machine; false where there is none."""
    return F.coalesce(F.greatest(F.lit(False), *(user_agent.rlike(one) for one in rules.user_agents)), F.lit(False))


def behaves_so(*, rules: MachineRules) -> Column:
    """Whether an event of delivery.events is a machine's by what else happened to its message.

    More events never make a machine a person: the same events say the same in whatever order they came.
    """
    instant = F.unix_micros("occurred_at")
    of_message = Window.partitionBy("message_id")
    delivered = F.max(F.when(F.col("kind") == "delivered", instant)).over(of_message)
    too_soon = F.coalesce(instant <= delivered + int(rules.seconds_after_delivery * SECOND), F.lit(False))
    reach = int(rules.within_seconds * SECOND)
    # All clicks of a scan count, so each looks as far back as it looks ahead.
    around = of_message.orderBy(instant).rangeBetween(-reach, reach)
    links = F.size(F.collect_set(F.when(F.col("kind") == "clicked", F.col("link_url"))).over(around))
    return (F.col("kind") == "clicked") & (too_soon | (links >= rules.links))
