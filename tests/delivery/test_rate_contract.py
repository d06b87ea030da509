"""What holds for every published rate: the sender uses nearly all of it and is never refused, and one more call is."""

import json
from contextlib import nullcontext
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from lettermill.delivery.handing import Batch, hand_over_batch
from lettermill.delivery.journals.local import LocalJournal
from lettermill.delivery.provider import Signal, Status
from lettermill.delivery.providers.braze import account as of_braze
from lettermill.delivery.providers.braze.statements import statement_source as braze_source
from lettermill.delivery.providers.hubspot import account as of_hubspot
from lettermill.delivery.providers.klaviyo import account as of_klaviyo
from lettermill.delivery.providers.klaviyo.statements import statement_source as klaviyo_source
from lettermill.delivery.providers.sendgrid import account as of_sendgrid
from lettermill.delivery.providers.sendgrid.statements import statement_source as sendgrid_source
from lettermill.delivery.providers.ses import account as of_ses
from lettermill.delivery.providers.sfmc import account as of_sfmc
from lettermill.patience import Rate
from tests.delivery import one_call, rated
from tests.delivery.contract import calls
from tests.delivery.fakes.braze import KEY, BrazeFake
from tests.delivery.fakes.counting import OfTheClock
from tests.delivery.fakes.hubspot import HubSpotFake
from tests.delivery.fakes.klaviyo import Klaviyo
from tests.delivery.fakes.sendgrid import SendGrid
from tests.delivery.fakes.ses import Ses
from tests.delivery.fakes.sfmc import Sfmc
from tests.delivery.scripted import terms

WINDOWS = 7
"""Enough for a fifth too much to be seen, where a provider gives a whole window in advance."""
SINCE = datetime(2024, 5, 1, tzinfo=UTC)
UNTIL = SINCE + timedelta(days=1)


@pytest.fixture
def way(name):
    with (rated.WAYS | rated.DAYS)[name]() as given:
        yield given


def refusal_of(fake, *, named):
    """The last answer: status, the headers of these names, and the document."""
    status, headers, content = fake.answers[-1][1]
    return status, {name: value for name, value in headers.items() if name in named}, json.loads(content)


def test_the_fakes_allow_what_the_accounts_say_is_published():
    braze, hubspot, klaviyo, sfmc, ses = BrazeFake(), HubSpotFake(), Klaviyo(), Sfmc(), Ses()
    allowed_by_hubspot = (hubspot.rolling.rate, hubspot.daily.rate)

    assert (braze.shared.rate,) == of_braze.MAILS.calls == of_braze.Account("", "").list_rates
    assert (braze.tracked_calls.rate,) == of_braze.OBJECTS.calls
    assert allowed_by_hubspot == of_hubspot.MAILS.calls == of_hubspot.CONTACTS.calls
    assert klaviyo.bulk == of_klaviyo.EVENTS.calls == of_klaviyo.PROFILES.calls
    assert klaviyo.listed == of_klaviyo.LISTED
    assert (SendGrid().reads.rate,) == of_sendgrid.LISTED
    assert (ses.rate.rate, ses.quota.rate) == of_ses.SANDBOX
    assert (sfmc.synchronous.rate,) == of_sfmc.MAILS.calls
    assert (sfmc.asynchronous.rate,) == of_sfmc.ROWS.calls


@pytest.mark.parametrize("name", rated.WAYS)
def test_the_sender_at_an_accounts_limits_uses_nine_tenths_of_them_and_is_never_refused(way, tmp_path):
    fake, limits = way.fake, way.callee.limits
    count = WINDOWS * way.rate.calls * limits.messages
    begun = fake.clock.time()
    of_task = terms(way.callee, LocalJournal(tmp_path), fake.clock, not_after=float("inf"))
    connection = way.callee.connect()

    tally = hand_over_batch(Batch(1, way.parcels(count)), lent=lambda: nullcontext(connection), terms=of_task)

    connection.close()
    assert (tally.outcomes, tally.throttled, tally.retries) == ({"handed_over": count}, 0, 0)
    assert fake.clock.time() - begun < WINDOWS * way.rate.seconds / 0.9


@pytest.mark.parametrize("name", rated.WAYS)
def test_a_call_above_a_rate_is_refused_in_the_providers_words_and_taken_when_its_time_is_over(way):
    each, numbered = way.callee.limits.messages, calls()
    parcels = way.parcels((way.burst + 1) * each)
    connection = way.callee.connect()
    taken = [connection.send(parcels[at * each :][:each], call=next(numbered)) for at in range(way.burst)]

    above = connection.send(parcels[-each:], call=next(numbered))
    refusal = refusal_of(way.fake, named=way.refusal[1])
    way.fake.clock.now += way.rate.seconds
    later = connection.send(parcels[-each:], call=next(numbered))

    connection.close()
    assert {status for answer in taken for status in one_call.statuses(answer)} == {Status.HANDED_OVER}
    assert (one_call.statuses(above), above.signal) == ([Status.DEFERRED] * each, Signal.THROTTLED)
    assert refusal == way.refusal
    assert one_call.statuses(later) == [Status.HANDED_OVER] * each


@pytest.mark.parametrize("name", rated.DAYS)
def test_a_day_that_is_used_up_is_told_as_the_provider_tells_it_and_is_over_a_day_later(way):
    each, numbered = way.callee.limits.messages, calls()
    parcels = way.parcels((way.burst + 1) * each)
    connection = way.callee.connect()
    for at in range(way.burst):
        assert connection.send(parcels[at * each :][:each], call=next(numbered)).signal == Signal.FINE
        way.fake.clock.now += 1.0

    above = connection.send(parcels[-each:], call=next(numbered))
    refusal = refusal_of(way.fake, named=way.refusal[1])
    way.fake.clock.now += way.rate.seconds
    later = connection.send(parcels[-each:], call=next(numbered))

    connection.close()
    assert (one_call.statuses(above), above.signal) == ([Status.DEFERRED] * each, way.above)
    assert refusal == way.refusal
    assert later.signal == Signal.FINE


def of_braze_lists(at):
    lists = {"/email/hard_bounces": [], "/email/unsubscribes": []}
    for n, when in enumerate(at):
        lists["/email/hard_bounces"].append({"email": f"{n}@mail.example", "hard_bounced_at": when.isoformat()})
    fake = BrazeFake(shared=OfTheClock(rated.MINUTE), lists=lists)
    account = of_braze.Account("", "secret://braze/key", page=1, list_rates=(rated.MINUTE,))
    return fake, account, KEY, braze_source


def of_sendgrid_lists(at):
    bounces = [{"email": f"{n}@mail.example", "created": int(when.timestamp())} for n, when in enumerate(at)]
    fake = SendGrid(reads=OfTheClock(rated.MINUTE), lists={"bounces": bounces, "spam_reports": [], "unsubscribes": []})
    account = of_sendgrid.Account("", "", "secret://sendgrid/key", page=1, list_rates=(rated.MINUTE,))
    return fake, account, fake.key, sendgrid_source


def of_klaviyo_profiles(at):
    suppressed = [
        {
            "type": "profile",
            "attributes": {
                "email": f"{n}@mail.example",
                "subscriptions": {
                    "email": {
                        "marketing": {
                            "suppression": [{"reason": "HARD_BOUNCE", "timestamp": when.isoformat()}],
                            "list_suppressions": [],
                        }
                    }
                },
            },
        }
        for n, when in enumerate(at)
    ]
    fake = Klaviyo(listed=(rated.BURST, rated.MINUTE), page=1, suppressed=suppressed)
    account = of_klaviyo.Account("secret://klaviyo/key", list_rates=(rated.BURST, rated.MINUTE))
    return fake, account, fake.key, klaviyo_source


@pytest.mark.parametrize("lists", [of_braze_lists, of_sendgrid_lists, of_klaviyo_profiles])
def test_the_lists_of_a_provider_are_read_to_their_end_at_the_accounts_pace_without_a_refusal(lists):
    fake, account, key, source_of = lists([SINCE + timedelta(minutes=n) for n in range(WINDOWS * 10)])
    with fake.serving() as url:
        secret = rated.secret_of(key)
        source = source_of(replace(account, base_url=url), name="asked", secret=secret, clock=fake.clock)
        told = [one.address for one in source.statements(since=SINCE, until=UNTIL)]

    assert sorted(told) == sorted(f"{n}@mail.example" for n in range(WINDOWS * 10))
    assert {status for _, (status, _, _) in fake.answers} == {200}


@pytest.mark.parametrize("lists", [of_braze_lists, of_sendgrid_lists, of_klaviyo_profiles])
def test_a_page_above_the_rate_of_a_list_is_refused(lists):
    fake, account, key, source_of = lists([SINCE + timedelta(minutes=n) for n in range(11)])
    with fake.serving() as url:
        hurried = replace(account, base_url=url, list_rates=(Rate(0),))
        source = source_of(hurried, name="asked", secret=rated.secret_of(key), clock=fake.clock)
        told = list(source.statements(since=SINCE, until=UNTIL))

    assert {status for _, (status, _, _) in fake.answers} == {200, 429}
    assert len(told) == 11
