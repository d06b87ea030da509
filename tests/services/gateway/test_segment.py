"""Segment's libraries work against the gateway: paths, keys, answers, sizes, and what is kept of an event."""

import gzip
import json
import zlib
from functools import partial

import pytest

from lettermill.gateway_settings import GatewayLimits
from tests.services.gateway.test_webhooks import CORPORA

packed = partial(gzip.compress, mtime=0)  # the clock would name a case otherwise in each process
TRACK = {"event": "Product Viewed", "userId": "9", "messageId": "m1", "properties": {"product_id": "7"}}


def test_an_event_is_kept_as_it_was_sent_with_what_the_gateway_adds(caller):
    sent = b'{ "userId": "9",\n "messageId":"m1", "event" : "Viewed", "properties": {"n": 123456789012345678901234567890.10, "n": "\\u00e9\\u0000"} }'

    answer = caller.post("/v1/track", sent)

    assert (answer.status_code, answer.json()) == (200, {"success": True})
    assert caller.lines() == [
        b'{"messageId":"m1","type":"track","receivedAt":"2026-05-01T12:00:00.000Z","timestamp":"2026-05-01T12:00:00.000Z",'
        b'"userId":"9","event":"Viewed","properties":{"n": 123456789012345678901234567890.10, "n": "\\u00e9\\u0000"}}'
    ]


@pytest.mark.parametrize("kind", ["track", "identify", "page", "screen", "group", "alias"])
def test_every_call_has_its_path_and_the_letter_that_browsers_use(caller, kind):
    answers = [caller.post(f"/v1/{path}", TRACK).json() for path in (kind, kind[0])]

    assert answers == [{"success": True}] * 2
    assert [event["type"] for event in caller.events()] == [kind] * 2


def test_a_batch_gives_each_event_what_it_says_of_all(caller):
    batch = {
        "batch": [
            {"type": "track", "messageId": "a", "userId": "1", "context": {"locale": "de", "ip": "own"}},
            {"type": "page", "messageId": "b", "userId": "1"},
        ],
        "context": {"locale": "en", "app": {"name": "shop"}},
        "sentAt": "2026-05-01T11:00:00Z",
    }

    for path in ("/v1/batch", "/v1/import", "/v1/b"):
        assert caller.post(path, batch).json() == {"success": True}

    first, second = caller.events()[:2]
    assert first["context"] == {"locale": "de", "app": {"name": "shop"}, "ip": "own"}
    assert second["context"] == {"locale": "en", "app": {"name": "shop"}}
    assert [event["sentAt"] for event in caller.events()] == ["2026-05-01T11:00:00Z"] * 6
    assert "batch" not in first


def test_a_wrong_clock_is_corrected_by_when_the_sender_says_it_sent(caller):
    hour_late = TRACK | {"timestamp": "2026-05-01T09:59:00+00:00", "sentAt": "2026-05-01T10:00:00.000Z"}
    without_sent = TRACK | {"timestamp": "2026-04-30T00:00:00Z"}
    unreadable = TRACK | {"timestamp": "yesterday", "sentAt": "2026-05-01T10:00:00.000Z"}
    endless = TRACK | {"timestamp": "9999-12-31T23:59:59Z", "sentAt": "0001-01-01T00:00:00Z"}

    for event in (hour_late, without_sent, unreadable, endless):
        assert caller.post("/v1/track", event).status_code == 200

    kept = [(event["timestamp"], event["originalTimestamp"]) for event in caller.events()]
    assert kept == [
        ("2026-05-01T11:59:00.000Z", "2026-05-01T09:59:00+00:00"),
        ("2026-04-30T00:00:00Z", "2026-04-30T00:00:00Z"),
        ("yesterday", "yesterday"),
        ("9999-12-31T23:59:59Z", "9999-12-31T23:59:59Z"),
    ]


def test_an_event_without_an_id_is_given_one_and_its_sender_is_told(caller):
    answer = caller.post("/v1/track", {"event": "Viewed", "userId": "9", "messageId": None})
    batch = caller.post("/v1/batch", {"batch": [TRACK, {"type": "track"}, {"type": "track", "messageId": ""}]})

    ids = [event["messageId"] for event in caller.events()]
    assert answer.headers["X-Message-Id"] == ids[0]
    assert batch.headers["X-Message-Id"].split(", ") == ids[2:]
    assert (batch.headers["X-Message-Ids-Made"], batch.json()) == ("2", {"success": True})
    assert len({*ids}) == 4


def test_the_key_may_stand_in_the_body_as_browsers_send_it_and_is_never_kept(caller):
    for path, body in (
        ("/v1/t", TRACK | {"writeKey": caller.write_key}),
        ("/v1/batch", {"batch": [TRACK], "writeKey": caller.write_key}),
        ("/v1/batch", {"batch": [TRACK | {"writeKey": caller.write_key}]}),
    ):
        answer = caller.post(path, body, auth=None, headers={"Content-Type": "text/plain"})
        assert answer.status_code == 200

    assert all(caller.write_key.encode() not in line for line in caller.lines())


def test_bearer_keys_are_taken_too(caller):
    answer = caller.post("/v1/track", TRACK, auth=None, headers={"Authorization": f"Bearer {caller.write_key}"})

    assert answer.status_code == 200


@pytest.mark.parametrize(
    "headers",
    [{}, {"Authorization": "Basic !"}, {"Authorization": "Digest x"}, {"Authorization": "Bearer lm_0_x"},
     {"Authorization": "Basic //8="}],
)  # fmt: skip
def test_without_a_known_key_nothing_is_taken(caller, headers):
    answer = caller.post("/v1/track", TRACK, auth=None, headers=headers)

    assert (answer.status_code, answer.json()["cause"], caller.lines()) == (401, "unknown_key", [])
    assert answer.headers["WWW-Authenticate"] == "Basic"


def test_a_key_for_reading_does_not_write(caller):
    assert caller.post("/v1/track", TRACK, auth=(caller.read_key, "")).status_code == 403


def test_packed_bodies_are_unpacked(caller):
    body = json.dumps({"batch": [{"type": "track", "messageId": "a"}]}).encode()
    raw = zlib.compressobj(wbits=-15)
    compressed = [
        ("gzip", packed(body)),
        ("gzip", packed(body[:10]) + packed(body[10:]) + b"\0\0"),
        ("deflate", zlib.compress(body)),
        ("deflate", raw.compress(body) + raw.flush()),
        ("identity", body),
    ]

    answers = [caller.post("/v1/batch", content, headers={"Content-Encoding": name}) for name, content in compressed]

    assert [answer.status_code for answer in answers] == [200] * 5
    assert len(caller.events()) == 5


@pytest.mark.parametrize(
    ("packing", "content", "status"),
    [
        ("gzip", packed(b"[" * 10_000_000), 413),
        ("gzip", packed(b"[" * 10_000_000) * 2, 413),
        ("gzip", packed(b"") * 40, 400),
        ("gzip", packed(b'{"a":1}')[:-9], 400),
        ("gzip", b"{}", 400),
        ("br", b"{}", 415),
        ("gzip, gzip", packed(packed(b"{}")), 415),
        ("", b" " * 600_000, 400),
    ],
)
def test_what_is_packed_too_large_or_badly_is_refused(caller, packing, content, status):
    answer = caller.post("/v1/track", content, headers={"Content-Encoding": packing} if packing else {})

    assert (answer.status_code, caller.lines()) == (status, [])
    assert answer.json()["message"]


BAD = {
    "nothing": b"",
    "no json": b"{",
    "nan": b'{"a": NaN}',
    "infinity": b'{"a": -Infinity}',
    "too large a number": b'{"a": 1e999}',
    "lone surrogate": b'{"a": "\\ud800"}',
    "no utf-8": b'{"a": "\xff"}',
    "control character": b'{"a": "\x00"}',
    "brackets": b"[" * 100_000,
    "nested": b'{"a":' * 65 + b"1" + b"}" * 65,
    "list": b"[]",
    "string": b'"x"',
}


@pytest.mark.parametrize("body", BAD.values(), ids=BAD)
def test_what_is_no_event_is_refused_with_a_reason_that_quotes_nothing(caller, body):
    alone, inside = caller.post("/v1/track", body), caller.post("/v1/batch", b'{"batch":[' + body + b"]}")

    assert alone.status_code == 400
    assert inside.status_code == (200 if body == b"" else 400)
    assert alone.json().keys() == {"success", "message", "cause", "requestId"}
    assert caller.lines() == []


@pytest.mark.parametrize("body", [b"{}", b'{"batch": {}}', b'{"batch": [1]}', b'{"batch": [{}, []]}'])
def test_a_batch_with_one_thing_that_is_no_event_is_refused_whole(caller, body):
    assert caller.post("/v1/batch", body).status_code == 400
    assert caller.lines() == []


def test_sizes_are_segments(caller):
    def event(size):
        empty = len(json.dumps({"type": "track", "messageId": "m", "event": ""}))
        return json.dumps({"type": "track", "messageId": "m", "event": "x" * (size - empty)}).encode()

    assert [len(event(n)) for n in (32_768, 32_769)] == [32_768, 32_769]
    assert caller.post("/v1/track", event(32_768)).status_code == 200
    assert caller.post("/v1/track", event(32_769)).status_code == 400
    refused = caller.post("/v1/batch", b'{"batch":[' + event(100) + b"," + event(32_769) + b"]}")
    assert refused.json()["message"] == "batch[1] is larger than 32768 bytes"
    assert caller.post("/v1/batch", b'{"batch":[' + b",".join([event(30_000)] * 18) + b"]}").status_code == 400
    assert caller.post("/v1/batch", {"batch": [{}] * 2_501}).json()["cause"] == "too_many"
    assert len(caller.lines()) == 1


def test_a_key_that_sends_too_much_is_told_when_to_try_again(open_gateway):
    caller = open_gateway(limits=GatewayLimits(events_per_second=2, burst=4))
    other = open_gateway(limits=GatewayLimits(events_per_second=2, burst=4)).write_key

    whole = caller.post("/v1/batch", {"batch": [TRACK] * 9})
    refused = caller.post("/v1/track", TRACK)
    caller.hour.seconds += 2.5
    still = caller.post("/v1/track", TRACK)
    caller.hour.seconds += float(refused.headers["Retry-After"]) - 2.5
    later = caller.post("/v1/track", TRACK)

    assert [answer.status_code for answer in (whole, refused, still, later)] == [200, 429, 429, 200]
    assert refused.headers["Retry-After"] == "3"
    assert caller.post("/v1/track", TRACK, auth=(other, "")).status_code == 200


def test_browsers_of_other_sites_may_call(caller):
    asked = {"Origin": "https://shop.example", "Access-Control-Request-Method": "POST"}

    before = caller.client.options("/v1/t", headers=asked | {"Access-Control-Request-Headers": "content-type"})
    answer = caller.post("/v1/t", TRACK, headers={"Origin": "https://shop.example"})
    elsewhere = caller.client.get("/metrics", headers={"Origin": "https://shop.example"})

    assert before.status_code == 200
    assert before.headers["Access-Control-Allow-Origin"] == answer.headers["Access-Control-Allow-Origin"] == "*"
    assert "Access-Control-Allow-Origin" not in elsewhere.headers


def test_the_callers_address_is_kept_only_where_conf_says_so_and_never_over_the_events_own(open_gateway):
    open_gateway().post("/v1/track", TRACK)
    keeping = open_gateway(keep_address=True)
    keeping.post("/v1/track", TRACK | {"messageId": "m2"})
    keeping.post("/v1/track", TRACK | {"messageId": "m3", "context": {"ip": "own", "locale": "de"}})

    assert {event["messageId"]: event.get("context") for event in keeping.events()} == {
        "m1": None,
        "m2": {"ip": "testclient"},
        "m3": {"ip": "own", "locale": "de"},
    }


@pytest.mark.skipif(not CORPORA.is_dir(), reason="no corpora on this machine")
def test_json_is_read_as_the_foreign_suite_says(caller):
    files = sorted((CORPORA / "json-test-suite" / "test_parsing").glob("*.json"))
    causes = {file.name: caller.post("/v1/track", file.read_bytes()).json().get("cause", "taken") for file in files}
    inside = {
        file.name: caller.post("/v1/track", b'{"properties":{"p":' + file.read_bytes() + b"}}").status_code
        for file in files
        if not file.name.startswith("n_")
    }

    assert {name: cause for name, cause in causes.items() if name[0] == "n" and cause != "not_json"} == {}
    assert {
        name: cause for name, cause in causes.items() if name[0] == "y" and cause not in ("taken", "no_object")
    } == {}
    assert {name: status for name, status in inside.items() if name[0] == "y" and status != 200} == {}
    assert {*inside.values()} == {200, 400}
