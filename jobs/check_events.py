"""Check arrived events: the well-formed go to quality.events and quality.order_lines, the rest to quality.quarantine.

Prints and asserts the balance `in = accepted + duplicates + quarantined` for events and for order lines.
"""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lettermill.balances import balance
from lettermill.blocking import without_erased
from lettermill.job import Run, job
from lettermill.lake import Lake
from lettermill.quality.events import accepted_events, judged_events
from lettermill.quality.orders import LINE, accepted_lines, judged_lines, standing_lines
from lettermill.quality.quarantine import mark_duplicates, quarantined
from lettermill.tables import ingest
from lettermill.tables.quality import EVENTS, ORDER_LINES, QUARANTINE


def check_events(arrived: DataFrame, lake: Lake) -> None:
    judged = judged_events(arrived).persist()
    marked = mark_duplicates(judged, standing=lake.read(EVENTS), key="event_id")
    lake.add(quarantined(marked, refused_by=EVENTS.name, raw=F.col("raw")), to=QUARANTINE)
    lake.append(accepted_events(marked), to=EVENTS)
    judged.unpersist()


def check_lines(events: DataFrame, lake: Lake) -> None:
    judged = judged_lines(events).persist()
    marked = mark_duplicates(judged, standing=standing_lines(lake.read(ORDER_LINES)), key=LINE)
    lake.add(quarantined(marked, refused_by=ORDER_LINES.name, raw=F.to_json("product")), to=QUARANTINE)
    lake.append(accepted_lines(marked), to=ORDER_LINES)
    judged.unpersist()


@job()
def main(run: Run) -> None:
    for table in (EVENTS, ORDER_LINES, QUARANTINE):
        run.lake.create(table)
    with run.doing("checking events"):
        check = without_erased(run, check_events, arriving=ingest.EVENTS, counted=lambda rows: {EVENTS: rows})
        run.lake.follow(ingest.EVENTS, check, as_name="check_events/events")
    with run.doing("checking order lines"):
        run.lake.follow(EVENTS, check_lines, as_name="check_events/order_lines")
    ordered = F.sum(F.size("properties.products")).alias("lines")
    orders = run.lake.read(EVENTS).where(F.col("kind") == "order_completed")
    balance(run, EVENTS, arrived=run.lake.read(ingest.EVENTS).count())
    balance(run, ORDER_LINES, arrived=orders.agg(ordered).first()["lines"] or 0)


if __name__ == "__main__":
    main()
