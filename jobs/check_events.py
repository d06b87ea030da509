"""Check arrived events: the well-formed go to quality.events and quality.order_lines, the rest to quality.quarantine.

Prints and asserts the balance `in = accepted + duplicates + quarantined` for events and for order lines.
"""

from collections.abc import Sequence
from functools import partial

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lettermill.balances import balance
from lettermill.job import Run, job
from lettermill.lake import Lake
from lettermill.quality.events import accepted_events, judged_events
from lettermill.quality.orders import LINE, accepted_lines, judged_lines, standing_lines
from lettermill.quality.quarantine import mark_duplicates, quarantined
from lettermill.quality.rules import Rule
from lettermill.tables import ingest
from lettermill.tables.quality import EVENTS, ORDER_LINES, QUARANTINE


def check_events(arrived: DataFrame, lake: Lake, *, rules: Sequence[Rule]) -> None:
    judged = judged_events(arrived, rules=rules).persist()
    marked = mark_duplicates(judged, standing=lake.read(EVENTS), key="event_id")
    lake.add(quarantined(marked, refused_by=EVENTS.name, raw=F.col("raw")), to=QUARANTINE)
    lake.append(accepted_events(marked), to=EVENTS)
    judged.unpersist()


def check_lines(events: DataFrame, lake: Lake, *, rules: Sequence[Rule]) -> None:
    judged = judged_lines(events, rules=rules).persist()
    marked = mark_duplicates(judged, standing=standing_lines(lake.read(ORDER_LINES)), key=LINE)
    lake.add(quarantined(marked, refused_by=ORDER_LINES.name, raw=F.to_json("product")), to=QUARANTINE)
    lake.append(accepted_lines(marked), to=ORDER_LINES)
    judged.unpersist()


@job()
def main(run: Run) -> None:
    for table in (EVENTS, ORDER_LINES, QUARANTINE):
        run.lake.create(table)
    of_events, of_lines = run.settings.quality.of(EVENTS), run.settings.quality.of(ORDER_LINES)
    judged_events(run.lake.read(ingest.EVENTS), rules=of_events)  # a rule that does not fit stops before any work
    judged_lines(run.lake.read(EVENTS), rules=of_lines)
    with run.doing("checking events"):
        run.lake.follow(ingest.EVENTS, partial(check_events, rules=of_events), as_name="check_events/events")
    with run.doing("checking order lines"):
        run.lake.follow(EVENTS, partial(check_lines, rules=of_lines), as_name="check_events/order_lines")
    ordered = F.sum(F.size("properties.products")).alias("lines")
    orders = run.lake.read(EVENTS).where(F.col("kind") == "order_completed")
    balance(run, EVENTS, arrived=run.lake.read(ingest.EVENTS).count())
    balance(run, ORDER_LINES, arrived=orders.agg(ordered).first()["lines"] or 0)


if __name__ == "__main__":
    main()
