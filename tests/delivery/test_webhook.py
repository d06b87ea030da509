"""Messages to a receiver of anybody's: signed, told of one by one, and offered again only where that is safe."""

import base64
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta

import pytest

from lettermill.delivery.credentials import Credential
from lettermill.delivery.provider import Outcome, Signal, Status
from lettermill.delivery.providers.webhook import Account, call_id, mail_provider
from lettermill.errors import ConfigError
from lettermill.services.gateway.refusals import Refusal
from lettermill.services.gateway.webhooks.provider import Call as Received
from lettermill.services.gateway.webhooks.standard import verify
from lettermill.webhook_signing import signed_headers, signing_key
from tests.delivery import one_call
from tests.delivery.contract import AT, message, messages, packed
from tests.delivery.fakes import Fault
from tests.delivery.fakes.webhook import SECRET, Receiver
from tests.delivery.one_call import statuses
from tests.ingest.serving import TestClock, as_json, served


def provider(url, *, clock=None, word=SECRET, **changes):
    return mail_provider(
        Account(f"{url}/mails", "secret://webhook/key", **changes),
        name="webhook",
        secret=lambda reference: Credential(reference, word.encode()),
        clock=clock or TestClock(),
    )


def sent(made, those):
    return one_call.sent(made, packed(made, those))


def test_a_call_holds_all_that_was_rendered_of_each_message():
    fake = Receiver()
    with fake.serving() as url:
        answer = sent(provider(url, clock=fake.clock), messages(2))

    (asked,) = fake.asked
    assert asked.path == "/mails"
    assert asked.json == {"type": "messages", "data": [asdict(one) for one in messages(2)]}
    assert answer.outcomes == tuple(
        Outcome(one.message_id, Status.HANDED_OVER, reference=fake.ids[0]) for one in messages(2)
    )


def test_the_gateways_reading_of_the_standard_takes_a_call_that_is_fresh_and_whole():
    now = datetime(2024, 5, 1, 12, tzinfo=UTC)
    body = b'{"type":"messages","data":[]}'
    headers = signed_headers(body, key=signing_key(SECRET, place="x"), call_id="msg_1", at=now.timestamp())
    received = Received(body, headers, now + timedelta(seconds=299))

    verify(received, keys=[SECRET.encode()], window=300)
    for forged in (
        replace(received, body=body + b" "),
        replace(received, headers=headers | {"webhook-id": "msg_2"}),
        replace(received, received_at=now + timedelta(seconds=301)),
    ):
        with pytest.raises(Refusal):
            verify(forged, keys=[SECRET.encode()], window=300)


def test_a_signature_is_the_standards_own():
    """The secret, id, time, body and signature that https://www.standardwebhooks.com shows."""
    key = signing_key("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", place="x")
    headers = signed_headers(b'{"test": 2432232314}', key=key, call_id="msg_p5jXN8AQM9LWM0D4loKWxJek", at=1614265330.9)

    assert headers == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


@pytest.mark.parametrize("word", ["", "whsec_", "whsec_not base64!", "whsec_ü"])
def test_a_secret_that_is_none_is_told_before_anything_is_sent_and_not_shown(word):
    with pytest.raises(ConfigError, match=r"(?s)no base64.*secret://webhook/key") as caught:
        provider("http://127.0.0.1:1", word=word)

    assert not word or word.removeprefix("whsec_") not in str(caught.value) or word == "whsec_"


def test_a_secret_may_come_without_its_prefix_and_padding():
    key = b"a key of 25 bytes exactly"
    text = base64.b64encode(key).decode().rstrip("=")

    assert signing_key(text, place="x") == signing_key(f"whsec_{text}\n", place="x") == key


def test_the_same_messages_have_the_same_id_in_any_order_and_others_another():
    made = provider("http://127.0.0.1:1")
    one, two, three = (made.pack(each, at=AT) for each in messages(3))

    assert call_id([one, two]) == call_id([two, one])
    assert len({call_id([one, two]), call_id([one, three]), call_id([one]), call_id([one, two, three])}) == 4


@pytest.mark.parametrize("fault", [Fault.LOST, Fault.CUT_OFF])
@pytest.mark.parametrize(("dedupes", "status"), [(True, Status.DEFERRED), (False, Status.UNKNOWN)])
def test_a_cut_is_offered_again_only_where_the_receiver_keeps_each_message_once(fault, dedupes, status):
    fake = Receiver()
    fake.faults.next(fault)
    with fake.serving() as url:
        answer = sent(provider(url, clock=fake.clock, dedupes=dedupes), messages(2))

    assert (statuses(answer), answer.signal) == ([status] * 2, Signal.FAILING)


@pytest.mark.parametrize(
    ("status", "dedupes", "count", "expected"),
    [
        (500, False, 2, (Status.UNKNOWN, Signal.FAILING)),
        (502, False, 2, (Status.UNKNOWN, Signal.FAILING)),
        (503, False, 2, (Status.DEFERRED, Signal.FAILING)),
        (500, True, 2, (Status.DEFERRED, Signal.FAILING)),
        (400, False, 2, (Status.REJECTED, Signal.FINE)),
        (422, False, 2, (Status.REJECTED, Signal.FINE)),
        (413, False, 1, (Status.REJECTED, Signal.FINE)),
        (413, False, 2, (Status.DEFERRED, Signal.BLOCKED)),
        (401, False, 2, (Status.DEFERRED, Signal.BLOCKED)),
        (404, False, 2, (Status.DEFERRED, Signal.BLOCKED)),
        (410, False, 2, (Status.DEFERRED, Signal.BLOCKED)),
        (302, False, 2, (Status.DEFERRED, Signal.BLOCKED)),
        (429, False, 2, (Status.DEFERRED, Signal.THROTTLED)),
        (200, False, 2, (Status.HANDED_OVER, Signal.FINE)),
        (204, False, 2, (Status.HANDED_OVER, Signal.FINE)),
    ],
)
def test_each_status_means_one_thing(status, dedupes, count, expected):
    with served(lambda _: (status, {}, b"")) as url:
        answer = sent(provider(url, dedupes=dedupes), messages(count))

    assert (statuses(answer), answer.signal) == ([expected[0]] * count, expected[1])


def test_each_message_is_what_the_receiver_says_of_it_in_any_order():
    ids = [one.message_id for one in messages(5)]
    told = [
        {"message_id": ids[3], "status": "whatever"},
        {"message_id": ids[2], "status": "deferred", "reason": "later"},
        {"message_id": ids[1], "status": "rejected", "reason": "no reader-1@mail.example here"},
        {"message_id": ids[0], "status": "accepted", "reference": "r-0"},
        "nonsense",
    ]
    fake = Receiver(results=told)
    with fake.serving() as url:
        answer = sent(provider(url, clock=fake.clock), messages(5))

    assert answer.outcomes == (
        Outcome(ids[0], Status.HANDED_OVER, reference="r-0"),
        Outcome(ids[1], Status.REJECTED, reason="rejected: no [hidden] here"),
        Outcome(ids[2], Status.DEFERRED, reason="deferred: later"),
        Outcome(ids[3], Status.UNKNOWN, reason="whatever:"),
        Outcome(ids[4], Status.UNKNOWN, reason="the receiver told nothing of it"),
    )
    assert answer.signal == Signal.FAILING


@pytest.mark.parametrize("body", [{}, {"results": None}, [], "fine"])
def test_a_receiver_that_tells_of_each_has_taken_nothing_for_certain_where_it_tells_nothing(body):
    with served(lambda _: as_json(body)) as url:
        answer = sent(provider(url, tells_results=True), messages(2))

    assert statuses(answer) == [Status.UNKNOWN] * 2
    assert answer.said == "200 without results"


def test_a_receiver_with_another_secret_or_another_time_blocks_the_account():
    fake = Receiver()
    with fake.serving() as url:
        other = sent(provider(url, clock=fake.clock, word="whsec_" + "A" * 32), [message(1)])
        late = sent(provider(url, clock=TestClock(now=fake.clock.now - 301)), [message(1)])

    assert (statuses(other), other.signal) == (statuses(late), late.signal) == ([Status.DEFERRED], Signal.BLOCKED)
    assert fake.book.entries == []
