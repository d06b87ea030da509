"""Lists of a provider are read at its pace, and again where a refusal passes; whichever provider's they are."""

from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest

from lettermill.delivery.credentials import Credential
from lettermill.delivery.exchange import CutOff, Exchange
from lettermill.delivery.page_reading import PageReader
from lettermill.delivery.providers.braze import account as braze_account
from lettermill.delivery.providers.braze import statements as braze
from lettermill.delivery.providers.hubspot import account as hubspot_account
from lettermill.delivery.providers.hubspot import statements as hubspot
from lettermill.delivery.providers.klaviyo import account as klaviyo_account
from lettermill.delivery.providers.klaviyo import statements as klaviyo
from lettermill.delivery.providers.sendgrid import account as sendgrid_account
from lettermill.delivery.providers.sendgrid import statements as sendgrid
from lettermill.delivery.refusals import retry_after
from lettermill.patience import Rate
from tests.ingest.serving import TestClock, as_json, served

AT = datetime(2024, 5, 1, 12, tzinfo=UTC)
KEY = "secret://esp/key"
THROTTLED = as_json({"message": "too many"}, 429, Retry_After="30")
# Of a server that tells the rates with every answer: the reset is no wait that a fault of its own asks for.
FAILING = as_json({"message": "try again"}, 503, X_RateLimit_Reset=str(int(AT.timestamp()) + 3_000))
SUPPRESSED = {"reason": "HARD_BOUNCE", "timestamp": AT.isoformat()}
PROVIDERS = {
    "braze": (braze, braze_account, {}, {"emails": [{"email": "a@x.example", "hard_bounced_at": AT.isoformat()}]}),
    "hubspot": (
        hubspot,
        hubspot_account,
        {},
        {
            "hasMore": True,
            "offset": "CK_PuKu3KBXr8LqG",
            "timeline": [
                {
                    "timestamp": int(AT.timestamp() * 1000),
                    "recipient": "a@x.example",
                    "changes": [{"changeType": "PORTAL_BOUNCE", "change": "BOUNCED"}],
                }
            ],
        },
    ),
    "klaviyo": (
        klaviyo,
        klaviyo_account,
        {},
        {
            "data": [
                {
                    "attributes": {
                        "email": "a@x.example",
                        "subscriptions": {"email": {"marketing": {"suppression": [SUPPRESSED]}}},
                    }
                }
            ]
        },
    ),
    "sendgrid": (
        sendgrid,
        sendgrid_account,
        {"sender": "Shop", "sender_address": "shop@x.example"},
        [{"email": "a@x.example", "created": int(AT.timestamp())}],
    ),
}
EMPTY = {
    "braze": {"emails": []},
    "hubspot": {"hasMore": False, "timeline": []},
    "klaviyo": {"data": []},
    "sendgrid": [],
}


@contextmanager
def answering(*answers):
    """A server that gives these answers, one a call, and the last one from then on."""
    left = list(answers)
    with served(lambda _: left.pop(0) if len(left) > 1 else left[0]) as url:
        yield url


def reader(url, clock, *rates):
    return PageReader(Exchange(url), clock, rates, retry_after)


@pytest.mark.parametrize("name", PROVIDERS)
def test_a_provider_that_throttles_once_and_fails_once_is_asked_again_and_tells(name):
    kind, accounts, needed, page = PROVIDERS[name]
    clock = TestClock(AT.timestamp())
    with answering(THROTTLED, FAILING, as_json(page), as_json(EMPTY[name])) as url:
        account = accounts.Account(base_url=url, key=KEY, **needed)
        source = kind.statement_source(account, name=name, secret=lambda of: Credential(of, b"k"), clock=clock)
        told = [(one.address, one.kind, one.at) for one in source.statements(since=AT, until=AT + timedelta(hours=1))]

    assert told == [("a@x.example", "bounced", AT)]
    assert clock.slept == [30.0, 2.0]


def test_pages_are_read_no_faster_than_the_rate():
    clock = TestClock()
    with answering(as_json([])) as url:
        reading = reader(url, clock, Rate(2, 10.0))
        statuses = [reading.read("/list").status for _ in range(3)]

    assert (statuses, clock.slept) == ([200] * 3, [10.0, 10.0])


@pytest.mark.parametrize(
    ("refusal", "slept"),
    [
        (as_json({}, 403), []),
        (as_json({}, 429, Retry_After="901"), []),
        (as_json({}, 429, Retry_After="0"), [1.0, 2.0, 4.0, 8.0, 16.0]),
        (as_json({}, 429), [11.0, 12.0, 14.0, 18.0, 26.0]),
        (as_json({}, 500), [1.0, 2.0, 4.0, 8.0, 16.0]),
    ],
)
def test_a_refusal_that_does_not_pass_is_the_answer(refusal, slept):
    clock = TestClock()
    with answering(refusal) as url:
        assert reader(url, clock).read("/list").status == refusal[0]

    assert clock.slept == slept


def test_a_list_without_an_answer_is_asked_for_again_and_then_given_up():
    clock = TestClock()
    with answering(None, None, as_json([])) as url:
        answered = reader(url, clock).read("/list").status
    with answering(None) as url, pytest.raises(CutOff):
        reader(url, TestClock()).read("/list")

    assert (answered, clock.slept) == (200, [1.0, 2.0])
