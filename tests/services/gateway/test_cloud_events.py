"""CloudEvents 1.0 over HTTP: structured, binary and batched are kept alike, in the structured form."""

import orjson
import pytest
import yaml

from tests.services.gateway.test_webhooks import CORPORA

EVENT = {
    "specversion": "1.0",
    "type": "com.example.someevent",
    "time": "2018-04-05T03:56:24Z",
    "id": "1234-1234-1234",
    "source": "/mycontext/subcontext",
}
KEPT = {"receivedAt": "2026-05-01T12:00:00.000Z"}
DATA = {"message": "Hello World!"}


def send(caller, body, kind, **headers):
    return caller.post("/cloudevents", body, headers={"Content-Type": kind} | headers)


def as_headers(event):
    return {f"ce-{name}": value for name, value in event.items()}


@pytest.mark.parametrize("charset", ["", "; charset=utf-8"])
def test_the_three_modes_are_kept_alike(caller, charset):
    whole = EVENT | {"datacontenttype": "application/json" + charset, "data": DATA}

    answers = [
        send(caller, whole, "application/cloudevents+json" + charset),
        send(caller, DATA, "application/json" + charset, **as_headers(EVENT)),
        send(caller, [whole, whole], "application/cloudevents-batch+json" + charset),
    ]

    assert [answer.status_code for answer in answers] == [204] * 3
    assert caller.events("cloudevents") == [whole | KEPT] * 4


def test_data_is_kept_as_it_was_written(caller):
    body = b'{"n":\n 123456789012345678901234567890, "n": 1}'

    send(caller, body, "application/json", **as_headers(EVENT))

    assert body.replace(b"\n", b" ") in caller.lines("cloudevents")[0]


def test_text_and_bytes_and_no_data_are_data_too(caller):
    send(caller, "Hello, 🌎!\n".encode(), "text/plain; charset=utf-8", **as_headers(EVENT))
    send(caller, b"\xff\x00", "image/png", **as_headers(EVENT))
    caller.client.post("/cloudevents", headers=as_headers(EVENT), auth=(caller.write_key, ""))

    kept = [
        (event.get("datacontenttype"), event.get("data"), event.get("data_base64"))
        for event in caller.events("cloudevents")
    ]
    assert kept == [
        ("text/plain; charset=utf-8", "Hello, 🌎!\n", None),
        ("image/png", None, "/wA="),
        (None, None, None),
    ]


def test_attributes_in_headers_are_percent_decoded(caller):
    send(
        caller,
        DATA,
        "application/json",
        **as_headers(EVENT | {"subject": "Euro%20%E2%82%AC%20%F0%9F%98%80", "myext": '"value"'}),
    )

    assert [(event["subject"], event["myext"]) for event in caller.events("cloudevents")] == [("Euro € 😀", "value")]


def test_the_senders_own_word_of_when_it_came_is_not_believed(caller):
    send(caller, EVENT | {"receivedAt": "1970-01-01T00:00:00Z"}, "application/cloudevents+json")

    assert caller.events("cloudevents") == [EVENT | KEPT]


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (EVENT | {"specversion": "0.3"}, "application/cloudevents+json", 400),
        (EVENT | {"id": ""}, "application/cloudevents+json", 400),
        (EVENT | {"id": 7}, "application/cloudevents+json", 400),
        (EVENT | {"time": "yesterday"}, "application/cloudevents+json", 400),
        (EVENT | {"data": 1, "data_base64": "AA=="}, "application/cloudevents+json", 400),
        (EVENT | {"data": "x" * 40_000}, "application/cloudevents+json", 400),
        ([], "application/cloudevents+json", 400),
        (b"{", "application/cloudevents+json", 400),
        (EVENT, "application/cloudevents-batch+json", 400),
        ([EVENT, EVENT | {"type": None}], "application/cloudevents-batch+json", 400),
        (b"[" * 100_000, "application/cloudevents-batch+json", 400),
        (EVENT, "application/cloudevents+avro", 415),
        (EVENT, "application/json", 400),
    ],
)
def test_what_is_no_event_of_the_standard_is_refused_whole(caller, body, kind, status):
    answer = send(caller, body, kind)

    assert (answer.status_code, bool(answer.json()["message"]), caller.lines("cloudevents")) == (status, True, [])


def test_headers_that_are_no_attributes_are_refused(caller):
    for name, value in (("ce-My_Ext", "x"), ("ce-subject", "%ff"), ("ce-specversion", "2.0")):
        assert send(caller, DATA, "application/json", **(as_headers(EVENT) | {name: value})).status_code == 400


def test_a_key_is_needed(caller):
    assert caller.post("/cloudevents", EVENT, auth=None).status_code == 401


@pytest.mark.skipif(not CORPORA.is_dir(), reason="no corpora on this machine")
def test_the_conformance_events_are_received_as_they_are(caller):
    found = [
        event
        for file in ("v1.yaml", "v1.0/v1_minimum.yaml")
        for event in yaml.safe_load_all((CORPORA / "cloudevents" / "yaml" / file).read_text())
    ]
    for number, sent in enumerate(found):
        attributes = {
            name.lower(): str(value) for name, value in sent["ContextAttributes"].items() if name != "Extensions"
        }
        attributes |= {
            name: str(value).strip() for name, value in sent["ContextAttributes"].get("Extensions", {}).items()
        }
        kind = attributes.pop("datacontenttype", "application/json")
        headers = as_headers(attributes | {"specversion": "1.0"})
        answer = caller.post("/cloudevents", sent["Data"].encode(), headers=headers | {"Content-Type": kind})

        kept = caller.events("cloudevents")[number]
        assert (answer.status_code, kept["id"], kept["datacontenttype"]) == (204, attributes["id"], kind)
        assert kept["data"] == (orjson.loads(sent["Data"]) if "json" in kind else sent["Data"])
    assert len(found) == 8
