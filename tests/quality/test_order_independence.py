"""However the same events arrive (shuffled, repeated, in other batches), the canonical tables come out the same."""

import json
from datetime import datetime

from hypothesis import HealthCheck, settings
from hypothesis import given as invented
from hypothesis import strategies as st
from pyspark.sql import functions as F

from lettermill.quality.events import accepted_events, judged_events
from lettermill.quality.orders import LINE, accepted_lines, judged_lines, standing_lines
from lettermill.quality.quarantine import ORIGIN, mark_duplicates, quarantined
from lettermill.settings import load
from lettermill.tables import ingest
from lettermill.tables.quality import EVENTS, ORDER_LINES

SETTINGS = load("local")
READ, RULES = SETTINGS.mappings_of("behaviour"), SETTINGS.quality
PRODUCT = {"product_id": "7", "quantity": 2, "price": 1.5, "value": 3, "discount": 0}
SENT = {"timestamp": "2017-06-01T11:59:00.000Z", "anonymousId": "browser", "type": "track"}
VIEWS = st.builds(
    lambda id_, user: SENT | {"messageId": f"v{id_}", "event": "Product Viewed", "userId": user and f"u{id_}"},
    st.integers(1, 5),
    st.just("u"),
)
ORDERS = st.builds(
    lambda id_: (
        SENT
        | {
            "messageId": f"o{id_}",
            "event": "Order Completed",
            "properties": {
                "order_id": f"b{id_}",
                "currency": "USD",
                "products": [PRODUCT, PRODUCT | {"quantity": id_ - 1}],
            },
        }
    ),
    st.integers(1, 3),
)
PAYLOADS = st.one_of(VIEWS, ORDERS).map(json.dumps) | st.sampled_from(["{", "[1]", "\x00", json.dumps(SENT)])


@st.composite
def arrivals(draw):
    """The same payloads arriving in two ways: each a list of batches; every payload comes at least once in both."""
    payloads = draw(st.lists(PAYLOADS, min_size=1, max_size=6, unique=True))

    def way():
        again = draw(st.lists(st.sampled_from(payloads), max_size=4))
        order = draw(st.permutations([*payloads, *again]))
        cuts = sorted(draw(st.lists(st.integers(0, len(order)), max_size=2)))
        return [
            batch for start, end in zip([0, *cuts], [*cuts, len(order)], strict=True) if (batch := order[start:end])
        ]

    return way(), way()


@settings(max_examples=3, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@invented(ways=arrivals())
def test_any_order_repetition_and_split_into_batches_gives_the_same_tables(spark, given, ways):
    first, second = (canonical(spark, given, batches) for batches in ways)

    assert first == second


def canonical(spark, given, batches):
    """Rows of quality.events and order_lines without where they came from, and what was refused with its reasons."""
    events, lines, refused, position = [], [], set(), 0
    for batch in batches:
        rows = [
            {
                "raw": raw,
                "position": position + n,
                "source": "web",
                "origin": "t/0",
                "received_at": datetime(2017, 6, 1, 12),
            }
            for n, raw in enumerate(batch)
        ]
        position += len(rows)
        judged = mark_duplicates(
            judged_events(given(ingest.EVENTS, *rows), mappings=READ, rules=RULES.of(EVENTS)).localCheckpoint(),
            standing=spark.createDataFrame(events, EVENTS.ddl),
            key="event_id",
        ).localCheckpoint()
        accepted = accepted_events(judged)
        standing = standing_lines(spark.createDataFrame(lines, ORDER_LINES.ddl))
        judged_l = mark_duplicates(judged_lines(accepted, rules=RULES.of(ORDER_LINES)), standing=standing, key=LINE)
        aside = quarantined(judged, refused_by=EVENTS.name, raw=F.col("raw")).collect()
        fresh, fresh_lines = accepted.collect(), accepted_lines(judged_l).collect()
        assert len(batch) == len(fresh) + len(aside)
        refused |= {(bytes(row.raw), *row.reasons) for row in aside if row.disposition == "refused"}
        events += fresh
        lines += fresh_lines
    return [
        sorted(repr({k: v for k, v in row.asDict(True).items() if k not in ORIGIN}) for row in t)
        for t in (events, lines)
    ], refused
