"""Check arrived events: the well-formed go to quality.events and quality.order_lines, the rest to quality.quarantine.

What `identify` events tell of people goes to quality.people. Prints and asserts the balance
`in = accepted + duplicates + quarantined` for events, for order lines and for these people.
"""

from collections.abc import Sequence
from functools import partial

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lettermill.balances import balance, balance_of_sources
from lettermill.blocking import without_erased
from lettermill.job import Run, job
from lettermill.lake import Lake
from lettermill.quality.events import accepted_events, judged_events
from lettermill.quality.mapping.applying import Mappings
from lettermill.quality.orders import LINE, accepted_lines, judged_lines, standing_lines
from lettermill.quality.people import accepted_people, identified, judged_people
from lettermill.quality.quarantine import quarantined
from lettermill.quality.rules import Rule
from lettermill.repetitions import duplicates_marked
from lettermill.tables import ingest
from lettermill.tables.quality import EVENTS, ORDER_LINES, PEOPLE, QUARANTINE


def check_events(arrived: DataFrame, lake: Lake, *, mappings: Mappings, rules: Sequence[Rule]) -> None:
    judged = judged_events(arrived, mappings=mappings, rules=rules)
    with duplicates_marked(judged, standing=lake.read(EVENTS), key="event_id") as marked:
        lake.add(quarantined(marked, refused_by=EVENTS.name, raw=F.col("raw")), to=QUARANTINE)
        lake.append(accepted_events(marked), to=EVENTS)


def check_lines(events: DataFrame, lake: Lake, *, rules: Sequence[Rule]) -> None:
    judged = judged_lines(events, rules=rules)
    with duplicates_marked(judged, standing=standing_lines(lake.read(ORDER_LINES)), key=LINE) as marked:
        lake.add(quarantined(marked, refused_by=ORDER_LINES.name, raw=F.to_json("product")), to=QUARANTINE)
        lake.append(accepted_lines(marked), to=ORDER_LINES)


def check_identified(events: DataFrame, lake: Lake, *, mappings: Mappings, rules: Sequence[Rule]) -> None:
    told = identified(events)
    if told.isEmpty():
        return
    judged = judged_people(told, mappings=mappings, rules=rules)
    lake.add(quarantined(judged, refused_by=PEOPLE.name, raw=F.col("raw")), to=QUARANTINE)
    lake.add(accepted_people(judged), to=PEOPLE)


@job()
def main(run: Run) -> None:
    for table in (EVENTS, ORDER_LINES, PEOPLE, QUARANTINE):
        run.lake.create(table)
    of_events, of_lines, of_people = (run.settings.quality.of(table) for table in (EVENTS, ORDER_LINES, PEOPLE))
    mappings, of_identify = run.settings.mappings_of("behaviour"), run.settings.identify_mapping
    # A rule that does not fit stops before any work.
    judged_events(run.lake.read(ingest.EVENTS), mappings=mappings, rules=of_events)
    judged_lines(run.lake.read(EVENTS), rules=of_lines)
    judged_people(identified(run.lake.read(EVENTS)), mappings=of_identify, rules=of_people)
    with run.doing("checking events"):
        checked = partial(check_events, mappings=mappings, rules=of_events)
        check = without_erased(run, checked, arriving=ingest.EVENTS, counted=lambda rows: {EVENTS: rows})
        run.lake.follow(ingest.EVENTS, check, as_name="check_events/events")
    with run.doing("checking order lines"):
        run.lake.follow(EVENTS, partial(check_lines, rules=of_lines), as_name="check_events/order_lines")
    with run.doing("checking identified people"):
        check = partial(check_identified, mappings=of_identify, rules=of_people)
        run.lake.follow(EVENTS, check, as_name="check_events/people")
    ordered = F.sum(F.size("properties.products")).alias("lines")
    orders = run.lake.read(EVENTS).where(F.col("kind") == "order_completed")
    balance(run, EVENTS, arrived=run.lake.read(ingest.EVENTS).count())
    balance(run, ORDER_LINES, arrived=orders.agg(ordered).first()["lines"] or 0)
    balance_of_sources(run, PEOPLE, identified(run.lake.read(EVENTS)))


if __name__ == "__main__":
    main()
