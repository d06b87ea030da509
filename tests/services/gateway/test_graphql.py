"""GraphQL: events in as by Segment's calls, people out for keys that may read, and no query too large."""

from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lettermill.gateway_settings import GatewayGraphql, GatewayLimits
from lettermill.services.gateway.people import Snapshot

TRACK = "mutation T($input: TrackInput!) { track(input: $input) { messageId } }"
IDENTIFY = 'mutation { identify(input: {userId: "9", traits: {plan: "gold"}}) { messageId } }'
PERSON = "query P($by: PersonBy!) { person(by: $by) { personId firstName email updatedAt } }"
ADA = {
    "person_id": "p1",
    "first_name": "Ada",
    "email": "ada@example.com",
    "updated_at": datetime(2026, 4, 1, tzinfo=UTC),
}


def ask(caller, query, *, key=None, **variables):
    return caller.post("/graphql", {"query": query, "variables": variables}, auth=(key or caller.write_key, ""))


def test_track_and_identify_become_events_like_segments(caller):
    sent = {
        "event": "Product Viewed",
        "userId": "9",
        "messageId": "m1",
        "timestamp": "2026-05-01T10:00:00Z",
        "properties": {"product_id": "7"},
    }

    tracked = ask(caller, TRACK, input=sent)
    identified = ask(caller, IDENTIFY)

    assert tracked.json() == {"data": {"track": {"messageId": "m1"}}}
    first, second = caller.events()
    assert first == sent | {
        "type": "track",
        "receivedAt": "2026-05-01T12:00:00.000Z",
        "originalTimestamp": sent["timestamp"],
    }
    assert identified.json()["data"]["identify"]["messageId"] == second["messageId"]
    assert (second["type"], second["traits"]) == ("identify", {"plan": "gold"})


def test_a_person_is_found_by_one_identifier_and_only_with_a_key_that_may_read(open_gateway):
    asked = []
    caller = open_gateway(
        reader=lambda kind, identifier: (
            asked.append((kind, identifier)) or (ADA if identifier == "ada@example.com" else None)
        )
    )

    found = ask(caller, PERSON, key=caller.read_key, by={"email": " Ada@Example.com"})
    nobody = ask(caller, PERSON, key=caller.read_key, by={"userId": "9"})
    refused = ask(caller, PERSON, by={"userId": "9"})
    writing = ask(caller, IDENTIFY, key=caller.read_key)

    assert found.json()["data"]["person"] == {
        "personId": "p1",
        "firstName": "Ada",
        "email": "ada@example.com",
        "updatedAt": "2026-04-01T00:00:00+00:00",
    }
    assert nobody.json() == {"data": {"person": None}}
    assert asked == [("email", "ada@example.com"), ("customer_id", "9")]
    assert (refused.status_code, writing.status_code, caller.lines()) == (403, 403, [])
    assert ask(caller, PERSON, key=caller.read_key, by={"userId": "9", "email": "x"}).status_code == 400
    assert ask(caller, PERSON, key="nobody", by={"userId": "9"}).status_code == 401


def test_without_published_people_the_question_is_refused(caller):
    assert ask(caller, PERSON, key=caller.read_key, by={"userId": "9"}).json()["cause"] == "no_people"


def test_the_newest_snapshot_answers(tmp_path):
    def publish(name, first_name):
        (tmp_path / name).mkdir()
        row = {
            "identifier_kind": ["email"],
            "identifier": ["ada@example.com"],
            "person_id": ["p1"],
            "first_name": [first_name],
        }
        pq.write_table(pa.table(row), tmp_path / name / "part-0.parquet")
        (tmp_path / "current.json").write_text(f'{{"snapshot": "{name}"}}')

    reader = Snapshot(tmp_path)
    before = reader("email", "ada@example.com")
    publish("a", "Ada")
    first = reader("email", "ada@example.com")
    publish("b", "Augusta")
    second = reader("email", "ada@example.com")

    assert (before, first["first_name"], second["first_name"]) == (None, "Ada", "Augusta")
    assert reader("customer_id", "ada@example.com") is None


TOO_MUCH = {
    "deep": "{" + 'person(by: {userId: "1"}) {' * 8 + "personId" + "}" * 9,
    "endless": "{" * 5_000,
    "brackets": "query { person(by: " + "[" * 5_000,
    "tokens": "{ " + "person " * 1_200 + "}",
    "aliases": "mutation { "
    + " ".join(f'a{n}: track(input: {{event: "x"}}) {{ messageId }}' for n in range(11))
    + " }",
    "introspection": "{ __schema { types { name } } }",
    "syntax": "{ person(",
    "no field": "{ people }",
    "unknown argument": "mutation { track(input: {event: 1}) { messageId } }",
}


@pytest.mark.parametrize("query", TOO_MUCH.values(), ids=TOO_MUCH)
def test_a_query_that_asks_too_much_or_wrongly_is_refused_with_a_reason_and_not_logged(caller, query, caplog):
    answer = ask(caller, query)

    assert [record.name for record in caplog.records if "strawberry" in record.name] == []

    assert (answer.status_code, caller.lines()) == (400, [])
    assert answer.json().get("message") or answer.json()["errors"][0]["message"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{}",
        b'{"query": 1}',
        b'{"query": "{a}", "variables": []}',
        b'{"query":"{a}","variables":' + b"[" * 3000,
    ],
)
def test_a_body_that_is_no_query_is_refused(caller, body):
    assert caller.post("/graphql", body).status_code == 400


def test_introspection_can_be_allowed(open_gateway):
    caller = open_gateway(graphql=GatewayGraphql(introspection=True))

    assert ask(caller, "{ __schema { queryType { name } } }").json()["data"]["__schema"]["queryType"]["name"] == "Query"


def test_sizes_and_pace_are_those_of_segments_calls(open_gateway):
    caller = open_gateway(limits=GatewayLimits(event_bytes=300, burst=1, events_per_second=0.5))

    assert ask(caller, TRACK, input={"event": "x" * 300}).json()["cause"] == "event_too_large"
    assert ask(caller, TRACK, input={"event": "x" * 600}).status_code == 413
    assert [ask(caller, TRACK, input={"event": "x"}).status_code for _ in range(2)] == [200, 429]
