"""Whatever a provider answers, each parcel has one outcome, and none is handed over but by a success."""

from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lettermill.delivery.credentials import Credential
from lettermill.delivery.profile_provider import Profile
from lettermill.delivery.provider import Call, Status
from lettermill.delivery.providers.braze import account as braze
from lettermill.delivery.providers.braze import mails as braze_mails
from lettermill.delivery.providers.braze import profiles as braze_profiles
from lettermill.delivery.providers.hubspot import account as hubspot
from lettermill.delivery.providers.hubspot import mails as hubspot_mails
from lettermill.delivery.providers.hubspot import profiles as hubspot_profiles
from tests.delivery.answering import one_answer
from tests.delivery.contract import message
from tests.ingest.serving import as_json

AT = datetime(2024, 5, 1, tzinfo=UTC)
OF_BRAZE = (
    "message",
    "errors",
    "dispatch_id",
    "attributes_processed",
    "events_processed",
    "type",
    "input_array",
    "index",
)
OF_HUBSPOT = ("status", "message", "errors", "results", "context", "objectWriteTraceId", "id", "statusId", "sendResult")
WORDS = ("success", "queued", "attributes", "recipients", "COMPLETE", "PENDING", "SENT", "p-0", "p-1", "", "x")
STATUSES = (200, 201, 202, 204, 207, 301, 400, 401, 403, 404, 408, 409, 413, 423, 429, 477, 500, 502, 504)
HEADERS = ("Retry-After", "x-ratelimit-reset", "x-ratelimit-retry-after", "Date")
VALUES = ("", "17", "-1", "nan", "inf", "1e400", "1714564830", "soon", "Wed, 01 May 2024 12:00:00 GMT")
PROFILES = [Profile(f"p-{number}", f"{number}@mail.example", {"a": 1}) for number in range(2)]


def secret(reference):
    return Credential(reference, b"key")


def of_braze(url):
    return braze.Account(base_url=url, key="secret://a/b", campaign_id="c")


def of_hubspot(url):
    return hubspot.Account(base_url=url, key="secret://a/b", email_id=1)


CASES = {
    "mails to Braze": (OF_BRAZE, of_braze, braze_mails.mail_provider, [message(0), message(1)]),
    "attributes to Braze": (OF_BRAZE, of_braze, braze_profiles.profile_provider, PROFILES),
    "a mail to HubSpot": (OF_HUBSPOT, of_hubspot, hubspot_mails.mail_provider, [message(0)]),
    "contacts to HubSpot": (OF_HUBSPOT, of_hubspot, hubspot_profiles.profile_provider, PROFILES),
}


def documents(keys):
    leaves = st.none() | st.booleans() | st.integers(-1, 3) | st.floats(allow_nan=False) | st.sampled_from(WORDS)
    return st.recursive(
        leaves,
        lambda below: st.lists(below, max_size=3) | st.dictionaries(st.sampled_from(keys), below, max_size=6),
        max_leaves=12,
    )


@pytest.fixture(scope="module")
def server():
    with one_answer() as given_:
        yield given_


@pytest.fixture
def line(server, case):
    """A connection for all the examples of a test, and the parcels that each of them sends."""
    _, account, make, content = CASES[case]
    provider = make(account(server.url), name="p", secret=secret)
    connection = provider.connect()
    yield connection, [provider.pack(one, at=AT) for one in content]
    connection.close()


@pytest.mark.parametrize("case", CASES)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_whatever_a_provider_answers_each_parcel_has_one_outcome(server, line, case, data):
    connection, parcels = line
    status = data.draw(st.sampled_from(STATUSES))
    code, standing, content = as_json(data.draw(documents(CASES[case][0])), status)
    headers = data.draw(st.dictionaries(st.sampled_from(HEADERS), st.sampled_from(VALUES), max_size=3))
    server.says = code, {**standing, **headers}, b"" if status == 204 else content

    answer = connection.send(parcels, call=Call("w", 1, 1))

    assert [outcome.message_id for outcome in answer.outcomes] == [parcel.message_id for parcel in parcels]
    assert all(outcome.reason for outcome in answer.outcomes if outcome.status != Status.HANDED_OVER)
    assert all(isinstance(outcome.reference, str | None) for outcome in answer.outcomes)
    assert status < 300 or Status.HANDED_OVER not in {outcome.status for outcome in answer.outcomes}
    assert answer.wait is None or 0 <= answer.wait < float("inf")
