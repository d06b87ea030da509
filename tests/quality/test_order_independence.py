"""However the same rows arrive (shuffled, repeated, in other batches), the canonical tables come out the same.

Of copies that do not say the same, the first that is stored stays (docs/decisions/0019), so that two laws hold: where
copies differ by when they were received alone, as a sender's retries do, everything but that is the same in any order;
where batches come in the order of receipt, as they do from a topic or the gateway's files, everything is the same.
A hypothesis example is several worlds, each with ids of its own, which go through Spark together.
"""

import json
from datetime import datetime, timedelta
from itertools import product, zip_longest

from hypothesis import HealthCheck, Phase, settings
from hypothesis import given as invented
from hypothesis import strategies as st
from pyspark.sql import functions as F

from lettermill.quality.events import accepted_events, judged_events
from lettermill.quality.orders import LINE, accepted_lines, judged_lines, standing_lines
from lettermill.quality.people import accepted_people, judged_people
from lettermill.quality.products import VERSION, accepted_products, judged_products, standing_products
from lettermill.quality.quarantine import ORIGIN, mark_duplicates, quarantined
from lettermill.settings import load
from lettermill.tables import ingest
from lettermill.tables.quality import EVENTS, ORDER_LINES, PEOPLE, PRODUCTS

SETTINGS = load("local")
READ, RULES = SETTINGS.mappings_of, SETTINGS.quality
WORLDS = 10
NOON = datetime(2017, 6, 1, 12)
RECEIPT = ("received_at", "available_at")
PRODUCT = {"product_id": "7", "quantity": 2, "price": 1.5, "value": 3, "discount": 0}
SENT = {"timestamp": "2017-06-01T11:59:00.000Z", "anonymousId": "browser", "type": "track"}
MINUTES = st.integers(0, 50)
# Hypothesis tries the simplest example first, so the second is the one that matters: ten worlds at random.
slow = settings(
    max_examples=2,
    phases=[Phase.generate],  # each example takes a minute, so that a smaller one is not looked for
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def view(id_, browser="browser"):
    return SENT | {"messageId": f"v{id_}", "event": "Product Viewed", "userId": f"u{id_}", "anonymousId": browser}


def order(id_, browser="browser"):
    products = [PRODUCT, PRODUCT | {"quantity": id_ - 1}]
    properties = {"order_id": f"b{id_}", "currency": "USD", "products": products}
    return SENT | {
        "messageId": f"o{id_}", "event": "Order Completed", "anonymousId": browser, "properties": properties,
    }  # fmt: skip


IDS = st.integers(1, 3)
PAYLOADS = st.builds(view, IDS) | st.builds(order, IDS) | st.sampled_from(["{", "[1]", "\x00", SENT])
BROWSERS = st.sampled_from(["here", "there", "elsewhere"])
CHANGING = st.builds(view, IDS, BROWSERS) | st.builds(order, IDS, BROWSERS)


def cut(draw, rows):
    """Rows in batches, none of them empty."""
    cuts = sorted(draw(st.lists(st.integers(0, len(rows)), max_size=2)))
    return [batch for start, end in zip([0, *cuts], [*cuts, len(rows)], strict=True) if (batch := rows[start:end])]


def shuffled(draw, payloads):
    """Batches in which each payload comes once at least, in any order, each copy received in a minute of its own."""
    again = draw(st.lists(st.sampled_from(payloads), max_size=4))
    return cut(draw, [(one, draw(MINUTES)) for one in draw(st.permutations([*payloads, *again]))])


@st.composite
def repeated(draw):
    """The same payloads arriving in two ways."""
    payloads = draw(st.lists(PAYLOADS, min_size=1, max_size=5, unique_by=repr))
    return shuffled(draw, payloads), shuffled(draw, payloads)


@st.composite
def changing(draw):
    """The same copies, which differ in what they say, in two splits into batches that come in the order of receipt."""
    copies = draw(st.lists(st.tuples(CHANGING, MINUTES), min_size=2, max_size=8, unique_by=lambda copy: copy[1]))
    in_order = sorted(copies, key=lambda copy: copy[1])
    ways = [[draw(st.permutations(batch)) for batch in cut(draw, in_order)] for _ in range(2)]
    return ways[0], ways[1]


def together(worlds, way):
    """Batches of rows for ingest.events of all worlds by one of their two ways."""
    apart = [
        [[(number, *copy) for copy in batch] for batch in world[way]] for number, world in enumerate(worlds, start=1)
    ]
    batches = [[copy for part in parts for copy in part] for parts in zip_longest(*apart, fillvalue=[])]
    places = iter(range(10_000))
    return [[row_of(*copy, position=next(places)) for copy in batch] for batch in batches]


def row_of(world, payload, minute, *, position):
    if isinstance(payload, dict):
        payload = payload | {name: f"{world}-{payload[name]}" for name in ("messageId", "userId") if name in payload}
        if "properties" in payload:
            order_id = f"{world}-{payload['properties']['order_id']}"
            payload = payload | {"properties": payload["properties"] | {"order_id": order_id}}
    return {
        "raw": payload if isinstance(payload, str) else json.dumps(payload),
        "position": position,
        "source": "web",
        "origin": f"t/{world}",
        "received_at": NOON + timedelta(minutes=minute),
    }


@slow
@invented(worlds=st.lists(repeated(), min_size=WORLDS, max_size=WORLDS))
def test_retries_in_any_order_and_split_into_batches_give_the_same_events_and_lines_but_for_when_they_came(
    spark, given, worlds
):
    first, second = (canonical(spark, given, together(worlds, way), but=(*ORIGIN, *RECEIPT)) for way in (0, 1))

    assert first == second


@slow
@invented(worlds=st.lists(changing(), min_size=WORLDS, max_size=WORLDS))
def test_of_copies_that_say_different_things_the_first_stays_however_they_are_split_in_the_order_of_receipt(
    spark, given, worlds
):
    first, second = (canonical(spark, given, together(worlds, way), but=ORIGIN) for way in (0, 1))

    assert first == second


def canonical(spark, given, batches, *, but):
    """Rows of quality.events and order_lines without the columns `but`, and what was refused with its reasons."""
    events, lines, refused = [], [], set()
    for batch in batches:
        arrived = given(ingest.EVENTS, *batch)
        judged = mark_duplicates(
            judged_events(arrived, mappings=READ("behaviour"), rules=RULES.of(EVENTS)).localCheckpoint(),
            standing=spark.createDataFrame(events, EVENTS.ddl),
            key="event_id",
        ).localCheckpoint()
        accepted = accepted_events(judged)
        standing = standing_lines(spark.createDataFrame(lines, ORDER_LINES.ddl))
        judged_l = mark_duplicates(judged_lines(accepted, rules=RULES.of(ORDER_LINES)), standing=standing, key=LINE)
        aside = quarantined(judged, refused_by=EVENTS.name, raw=F.col("raw")).collect()
        fresh, fresh_lines = accepted.collect(), accepted_lines(judged_l).collect()
        assert len(batch) == len(fresh) + len(aside)
        refused |= {(row.origin, bytes(row.raw), *row.reasons) for row in aside if row.disposition == "refused"}
        events += fresh
        lines += fresh_lines
    return [told(rows, but=but) for rows in (events, lines)], refused


def told(rows, *, but):
    return sorted(repr({k: v for k, v in row.asDict(True).items() if k not in but}) for row in rows)


VERSIONS = list(product(["crm", "products"], [1, 2, 3], [1, 2, 3]))
"""Versions of records and products: source, id, day."""


@st.composite
def extracts(draw):
    """Every version, some of them again, arriving in two ways."""
    again = [draw(st.lists(st.sampled_from(VERSIONS), max_size=4)) for _ in range(2)]
    ways = [cut(draw, draw(st.permutations([*VERSIONS, *more]))) for more in again]
    return ways[0], ways[1]


@slow
@invented(ways=extracts())
def test_extracts_in_any_order_and_split_give_the_same_products_and_the_same_versions_of_people(spark, given, ways):
    first, second = (checked_records(spark, given, batches) for batches in ways)

    assert first == second


def checked_records(spark, given, batches):
    """Rows of quality.products, and the versions in quality.people, which keeps each row as it came, told twice or not."""
    people, products, places = [], [], iter(range(1_000))
    for batch in batches:
        arrived = given(ingest.RECORDS, *(extracted(*one, position=next(places)) for one in batch)).localCheckpoint()
        of_people, of_products = (arrived.where(F.col("source") == source) for source in ("crm", "products"))
        judged = judged_products(of_products, mappings=READ("products"), rules=RULES.of(PRODUCTS)).localCheckpoint()
        standing = standing_products(spark.createDataFrame(products, PRODUCTS.ddl))
        products += accepted_products(mark_duplicates(judged, standing=standing, key=VERSION)).collect()
        people += accepted_people(
            judged_people(of_people, mappings=READ("people"), rules=RULES.of(PEOPLE))
        ).collect()  # fmt: skip
    return told(products, but=ORIGIN), {*told(people, but=ORIGIN)}


def extracted(source, id_, day, *, position):
    of_person = {"record_id": f"r{id_}", "email": f"{day}@example.com", "updated_at": f"2017-05-0{day}T00:00:00Z"}
    of_product = {"product_id": f"{id_}", "name": "Jam", "price": f"{day}.50", "currency": "USD", "available": "true"}
    return {
        "source": source,
        "origin": "f",
        "position": position,
        "raw": json.dumps(of_person if source == "crm" else of_product),
        "extracted_at": NOON + timedelta(days=day),
    }
