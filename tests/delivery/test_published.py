"""What holds requests against published files is itself held: each kind of fault is found, and nothing else."""

import json
from dataclasses import replace

import pytest

from tests.delivery.contract import message, packed
from tests.delivery.contract.klaviyo import harness
from tests.delivery.fakes.klaviyo import OF_EVENTS
from tests.delivery.published import Published
from tests.ingest.serving import Asked

pytestmark = OF_EVENTS.needed
SEND = Published("sfmc/sfmc-openapi-v2.json")
HEADERS = {"Content-Type": "application/vnd.api+json", "revision": "2026-07-15"}


@pytest.fixture(scope="module")
def valid():
    """A call of ours that has no fault."""
    with harness() as given_:
        connection = given_.made().connect()
        connection.send(packed(given_.made(), [message(0)]), call=None)
        connection.close()
        (asked,) = given_.fake.asked
    return Asked(asked.method, asked.path, {}, HEADERS, asked.body)


def changed(asked, *path, to):
    """The call with another value at a path of its body; without one, where `to` is the path's own end."""
    body = json.loads(asked.body)
    place = body
    for step in path[:-1]:
        place = place[step]
    if to is ...:
        del place[path[-1]]
    else:
        place[path[-1]] = to
    return replace(asked, body=json.dumps(body).encode())


EVENT = ("data", "attributes", "events-bulk-create", "data", 0, "attributes", "events", "data", 0)
AT_EVENT = "/data/attributes/events-bulk-create/data/0/attributes/events/data/0"


@pytest.mark.parametrize(
    ("path", "to", "fault"),
    [
        ((*EVENT, "type"), "events", f"{AT_EVENT}/type: events is none of ['event']"),
        ((*EVENT, "attributes", "metric"), ..., f"{AT_EVENT}/attributes/metric: missing"),
        ((*EVENT, "attributes", "uniqueId"), "1", f"{AT_EVENT}/attributes/uniqueId: unknown"),
        ((*EVENT, "attributes", "time"), "yesterday", f"{AT_EVENT}/attributes/time: yesterday is no moment"),
        ((*EVENT, "attributes", "value"), True, f"{AT_EVENT}/attributes/value: bool in place of number"),
        ((*EVENT, "attributes", "properties"), None, f"{AT_EVENT}/attributes/properties: null"),
        (("data", "attributes", "events-bulk-create", "data"), {}, "/data/attributes/events-bulk-create/data: dict in place of array"),
    ],
)  # fmt: skip
def test_a_fault_of_a_body_is_named_by_its_place(valid, path, to, fault):
    assert OF_EVENTS.faults_of(valid) == []
    assert OF_EVENTS.faults_of(changed(valid, *path, to=to)) == [fault]


def test_a_missing_header_another_content_type_and_an_unknown_query_are_faults(valid):
    asked = replace(valid, query={"page": "1"}, headers={"Content-Type": "text/plain"})

    assert OF_EVENTS.faults_of(asked) == [
        "header revision: missing",
        "query page: unknown",
        "Content-Type: text/plain in place of application/vnd.api+json",
    ]


def test_a_schema_by_reference_in_an_older_file_is_followed():
    body = {"definitionKey": "welcome", "recipients": [{"to": "a@mail.example"}]}
    asked = Asked(
        "POST", "/messaging/v1/email/messages", {}, {"Content-Type": "application/json"}, json.dumps(body).encode()
    )

    assert SEND.faults_of(asked) == ["/recipients/0/contactKey: missing"]


def test_what_the_file_does_not_have_is_not_judged(valid):
    assert OF_EVENTS.faults_of(replace(valid, path="/api/elsewhere")) == []
