"""What the gateway lands is read by ingest and well formed to quality; a choice of a reader names its mail and nobody."""

from datetime import timedelta

import pytest
from pyspark.sql import functions as F

from lettermill.gateway_settings import GatewayKafka
from lettermill.ingest.kafka import Kafka
from lettermill.ingest.sources import Source
from lettermill.services.gateway.kafka_sink import KafkaTopics
from lettermill.services.gateway.segment_events import iso
from lettermill.tables import ingest
from lettermill.tables.quality import EVENTS, QUARANTINE
from tests.jobs.conftest import run_job as run_job  # the fixture
from tests.services.gateway.conftest import NOW
from tests.services.gateway.test_readers import MESSAGE, ONE_CLICK, TOKEN
from tests.services.gateway.test_webhooks import BOUNCE, call, standard_headers


@pytest.mark.acceptance
def test_events_of_every_door_reach_quality_and_what_says_too_little_is_set_aside(caller, run_job, lake):
    order = {
        "order_id": "b1",
        "currency": "USD",
        "products": [{"product_id": "7", "quantity": 1, "price": 2, "value": 2}],
    }
    caller.post("/v1/track", {"event": "Order Completed", "userId": "9", "messageId": "o1", "properties": order})
    caller.post(
        "/v1/batch",
        {
            "batch": [
                {"type": "page", "anonymousId": "a\u0000b", "messageId": "p1"},
                {"type": "track", "event": "Viewed", "messageId": "x1"},
            ]
        },
    )
    caller.client.post(f"/mail/unsubscribe/{TOKEN}", data=ONE_CLICK)
    caller.client.post(f"/mail/preferences/{TOKEN}", data={"topic.offers": "no"})
    for at in (0, 60):
        call(caller, "resend", BOUNCE, standard_headers(BOUNCE, at=int(NOW.timestamp()) + at))
    caller.gateway.sink.close()

    run_job("ingest_events", as_of=NOW + timedelta(days=1))
    counts = run_job("check_events", as_of=NOW + timedelta(days=1)).counts

    kept = lake.read(EVENTS).select("kind", "user_id", "properties.email_id", "source").collect()
    assert sorted(tuple(map(str, row)) for row in kept) == [
        ("email_bounced", "None", "m1", "email"),
        ("order_completed", "9", "None", "gateway"),
        ("preferences_changed", "None", MESSAGE, "gateway"),
        ("unsubscribed", "None", MESSAGE, "gateway"),
    ]
    refused = lake.read(QUARANTINE).where("disposition = 'refused'").select(F.explode("reasons")).collect()
    assert sorted(row[0] for row in refused) == [
        "a text holds a NUL or half a character",
        "neither user nor browser is named",
    ]
    assert (counts["events_arrived"], counts["events_duplicate"]) == (7, 1)


def test_what_is_answered_through_kafka_is_in_the_raw_table_once(open_gateway, broker, run_job, lake):
    sink = KafkaTopics(GatewayKafka(brokers=broker.bootstrap, topic="gateway-{source}"))
    topic = broker.create("gateway-gateway", partitions=2)
    sink.start()
    caller = open_gateway(sink=sink)
    events = [{"event": "Viewed", "userId": f"u{n}", "messageId": f"m{n}"} for n in range(5)]
    answers = [caller.post("/v1/track", event).status_code for event in events]
    sink.close()

    source = Source(kind="events", holds="behaviour", kafka=Kafka(bootstrap_servers=broker.bootstrap, topics=(topic,)))
    for _ in "twice":
        run_job("ingest_events", as_of=NOW + timedelta(days=1), settings={"sources": {"gateway": source}})

    assert answers == [200] * 5
    claims = ("get_json_object(raw, '$.messageId')", "get_json_object(raw, '$.receivedAt')")
    rows = lake.read(ingest.EVENTS).selectExpr(*claims).collect()
    assert sorted(map(tuple, rows)) == [(f"m{n}", iso(NOW)) for n in range(5)]
