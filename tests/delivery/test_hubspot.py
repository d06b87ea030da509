"""HubSpot: what each of its answers leaves of each mail and contact, and the fake beside its documentation."""

import json

import pytest

from lettermill.delivery.credentials import Credential
from lettermill.delivery.profile_provider import Profile
from lettermill.delivery.provider import Limits, Outcome, Signal, Status, Unpackable
from lettermill.delivery.providers.hubspot.account import Account
from lettermill.delivery.providers.hubspot.mails import mail_provider
from lettermill.delivery.providers.hubspot.profiles import profile_provider
from lettermill.errors import ConfigError
from lettermill.patience import Rate
from tests.delivery.answering import one_answer, shape_of
from tests.delivery.contract import AT, message, packed
from tests.delivery.fakes import Fault
from tests.delivery.fakes.hubspot import EMAIL_ID, KEY, SEND, UPSERT, HubSpotFake
from tests.delivery.one_call import CALL, sent, statuses
from tests.ingest.serving import as_json

DONE, REJECTED, DEFERRED, UNKNOWN = Status.HANDED_OVER, Status.REJECTED, Status.DEFERRED, Status.UNKNOWN
PENDING = {"status": "PENDING", "statusId": "s-1"}
COMPLETE = {"status": "COMPLETE", "statusId": "s-1"}


def secret(reference):
    return Credential(reference, KEY.encode())


def account(url, **changes):
    return Account(**{"base_url": url, "key": "secret://hubspot/key", "email_id": EMAIL_ID} | changes)


@pytest.fixture
def fake():
    return HubSpotFake()


@pytest.fixture
def url(fake):
    with fake.serving() as address:
        yield address


@pytest.fixture(scope="module")
def server():
    with one_answer() as given:
        yield given


@pytest.fixture
def mails(url):
    return mail_provider(account(url), name="hubspot", secret=secret)


@pytest.fixture
def profiles(url):
    return profile_provider(account(url), name="hubspot", secret=secret)


def limited(policy):
    return {
        "status": "error",
        "message": "You have reached your limit.",
        "errorType": "RATE_LIMIT",
        "policyName": policy,
    }


@pytest.mark.parametrize(
    ("status", "body", "headers", "left", "signal", "wait"),
    [
        (200, PENDING, {}, DONE, Signal.FINE, None),
        (200, {**PENDING, "status": "PROCESSING"}, {}, DONE, Signal.FINE, None),
        (200, {**COMPLETE, "sendResult": "SENT"}, {}, DONE, Signal.FINE, None),
        (200, {**COMPLETE, "sendResult": "IDEMPOTENT_IGNORE"}, {}, DONE, Signal.FINE, None),
        (200, {**COMPLETE, "sendResult": "IDEMPOTENT_FAIL"}, {}, DONE, Signal.FINE, None),
        (200, {**COMPLETE, "sendResult": "PREVIOUSLY_BOUNCED"}, {}, REJECTED, Signal.FINE, None),
        (200, {**COMPLETE, "sendResult": "PREVIOUSLY_UNSUBSCRIBED_BUSINESS_UNIT"}, {}, REJECTED, Signal.FINE, None),
        (200, {**COMPLETE, "sendResult": "HUBL_LIMIT_EXCEEDED"}, {}, REJECTED, Signal.FINE, None),
        (200, {"status": "CANCELED", "statusId": "s-1"}, {}, REJECTED, Signal.FINE, None),
        (200, {**COMPLETE, "sendResult": "THROTTLED"}, {}, DEFERRED, Signal.THROTTLED, 10.0),
        (200, {**COMPLETE, "sendResult": "PORTAL_SUSPENDED"}, {}, DEFERRED, Signal.BLOCKED, None),
        (200, {**COMPLETE, "sendResult": "MISSING_CONTENT"}, {}, DEFERRED, Signal.BLOCKED, None),
        (200, {"status": "PENDING"}, {}, UNKNOWN, Signal.FINE, None),
        (200, [], {}, UNKNOWN, Signal.FINE, None),
        (204, {}, {}, UNKNOWN, Signal.FINE, None),
        (400, {"message": "bad", "category": "VALIDATION_ERROR"}, {}, REJECTED, Signal.FINE, None),
        (409, {"message": "conflict"}, {}, REJECTED, Signal.FINE, None),
        (413, {}, {}, REJECTED, Signal.FINE, None),
        (401, {"message": "no"}, {}, DEFERRED, Signal.BLOCKED, None),
        (403, {"message": "scope"}, {}, DEFERRED, Signal.BLOCKED, None),
        (404, {"message": "resource not found"}, {}, DEFERRED, Signal.BLOCKED, None),
        (414, {}, {}, DEFERRED, Signal.BLOCKED, None),
        (423, {"message": "locked"}, {}, DEFERRED, Signal.THROTTLED, 2.0),
        (423, {"message": "locked"}, {"Retry-After": "1"}, DEFERRED, Signal.THROTTLED, 2.0),
        (477, {"message": "migrating"}, {"Retry-After": "7200"}, DEFERRED, Signal.THROTTLED, 7200.0),
        (429, limited("DAILY"), {}, DEFERRED, Signal.BLOCKED, None),
        (429, limited("DAILY"), {"Retry-After": "1"}, DEFERRED, Signal.BLOCKED, None),
        (429, limited("TEN_SECONDLY_ROLLING"), {}, DEFERRED, Signal.THROTTLED, 10.0),
        (429, limited("SECONDLY"), {}, DEFERRED, Signal.THROTTLED, 1.0),
        (429, limited("SECONDLY"), {"Retry-After": "4"}, DEFERRED, Signal.THROTTLED, 4.0),
        (429, "no JSON of an object", {}, DEFERRED, Signal.THROTTLED, 10.0),
        (500, {}, {}, DEFERRED, Signal.FAILING, None),
        (503, {}, {"Retry-After": "30"}, DEFERRED, Signal.FAILING, 30.0),
        (502, {}, {}, DEFERRED, Signal.FAILING, None),
        (504, {}, {}, DEFERRED, Signal.FAILING, None),
        (523, {}, {}, DEFERRED, Signal.FAILING, None),
    ],
)
def test_each_answer_leaves_of_a_mail_what_it_says_and_nothing_better(
    server, status, body, headers, left, signal, wait
):
    code, given, content = as_json(body, status)
    server.says = code, {**given, **headers}, content if status != 204 else b""
    provider = mail_provider(account(server.url), name="hubspot", secret=secret)

    answer = sent(provider, packed(provider, [message(1)]))

    assert (statuses(answer), answer.signal, answer.wait) == ([left], signal, wait)
    assert all(outcome.reason for outcome in answer.outcomes if outcome.status != DONE)


def test_a_call_has_the_mail_its_sendid_and_its_parts_at_the_path_of_the_version_in_conf(server):
    server.says = as_json(PENDING)
    provider = mail_provider(
        account(server.url, version="2026-09", sender="Shop <a@shop.example>"), name="h", secret=secret
    )
    one = message(1)

    answer = sent(provider, packed(provider, [one]))

    parts = ("message_id", "subject", "preheader", "html", "text", "unsubscribe_url")
    assert server.asked[-1].path == "/marketing/transactional/2026-09/single-email/send"
    assert server.asked[-1].headers["Authorization"] == f"Bearer {KEY}"
    assert server.asked[-1].json == {
        "emailId": EMAIL_ID,
        "message": {"to": one.address, "sendId": one.message_id, "from": "Shop <a@shop.example>"},
        "customProperties": {name: getattr(one, name) for name in parts},
    }
    assert answer.outcomes == (Outcome(one.message_id, DONE, "s-1"),)


def test_several_mails_in_a_call_are_deferred_without_one(fake, mails):
    answer = sent(mails, packed(mails, [message(1), message(2)]))

    assert (statuses(answer), answer.signal) == ([DEFERRED, DEFERRED], Signal.BLOCKED)
    assert fake.asked == []


def test_calls_of_ten_seconds_roll_and_those_of_a_day_end_the_run(fake, url, mails):
    fake.rolling.rate, fake.daily.rate = Rate(2, 10.0), Rate(3, 86_400.0)
    parcels = packed(mails, [message(number) for number in range(5)])
    connection = mails.connect()

    signals = [connection.send([parcels[0]], call=CALL).signal]
    fake.clock.sleep(6)
    signals += [connection.send([one], call=CALL).signal for one in parcels[1:3]]
    fake.clock.sleep(4)  # the first call is ten seconds old, the second is not
    signals += [connection.send([one], call=CALL).signal for one in parcels[2:4]]

    connection.close()
    assert signals == [Signal.FINE, Signal.FINE, Signal.THROTTLED, Signal.FINE, Signal.BLOCKED]
    assert len(fake.book.entries) == 3


def test_without_an_e_mail_there_is_no_provider_of_mails():
    with pytest.raises(ConfigError, match="shop has no email_id\n  at: delivery.providers.shop"):
        mail_provider(Account(key="secret://hubspot/key"), name="shop", secret=secret)


def contact(number, **properties):
    return Profile(f"person-{number}", f"reader-{number}@mail.example", properties or {"visits": number})


def test_properties_are_texts_a_null_clears_one_and_several_values_stand_side_by_side(fake, profiles):
    values = {"name": "Zoë", "visits": 3, "share": 0.5, "vip": True, "likes": ["tea", "milk"], "town": "Ulm"}
    first = [profiles.pack(contact(1, **values), at=AT)]
    second = [profiles.pack(contact(1, town=None, vip=False), at=AT)]

    answers = [sent(profiles, first), sent(profiles, second)]

    assert [answer.outcomes for answer in answers] == [(Outcome("person-1", DONE, "1"),)] * 2
    assert fake.contacts == {
        "reader-1@mail.example": {
            "email": "reader-1@mail.example", "name": "Zoë", "visits": "3", "share": "0.5", "vip": "false",
            "likes": "tea;milk",
        }
    }  # fmt: skip


def test_a_bad_contact_is_refused_alone(fake, profiles):
    parcels = [profiles.pack(contact(n, **({"unknown_x": "1"} if n == 1 else {})), at=AT) for n in range(3)]

    answer = sent(profiles, parcels)

    assert answer.outcomes == (
        Outcome("person-0", DONE, "1"),
        Outcome("person-1", REJECTED, reason='Property "unknown_x" does not exist (contact [hidden])'),
        Outcome("person-2", DONE, "2"),
    )
    assert len(fake.contacts) == 2


def test_a_contact_that_is_twice_in_a_call_is_written_once_and_offered_again_later(fake, profiles):
    twin = Profile("person-9", "Reader-1@mail.example", {"visits": 9})

    answer = sent(profiles, [profiles.pack(one, at=AT) for one in (contact(1), twin, contact(2))])

    assert statuses(answer) == [DONE, DEFERRED, DONE]
    assert [one.message_id for one in answer.outcomes] == ["person-1", "person-9", "person-2"]
    assert fake.contacts["reader-1@mail.example"]["visits"] == "1"


@pytest.mark.parametrize(
    ("status", "body", "left"),
    [
        (200, {"status": "COMPLETE", "results": [], "errors": []}, [UNKNOWN, UNKNOWN]),
        (207, {"status": "COMPLETE", "results": [], "errors": []}, [UNKNOWN, UNKNOWN]),
        (200, [], [UNKNOWN, UNKNOWN]),
        (200, {"results": [{"id": "7", "objectWriteTraceId": "person-1"}]}, [DONE, UNKNOWN]),
        (200, {"results": [{"id": "7"}, {"id": "8"}]}, [UNKNOWN, UNKNOWN]),
        (207, {"results": [], "errors": [{"message": "no", "context": {"objectWriteTraceId": ["person-2"]}}]},
         [UNKNOWN, REJECTED]),
        (207, {"results": [], "errors": [{"message": "no", "context": {}}, "words"]}, [UNKNOWN, UNKNOWN]),
        (400, {"message": "no", "errors": [{"message": "no", "context": {"objectWriteTraceId": ["person-2"]}}]},
         [DEFERRED, REJECTED]),
        (400, {"message": "no", "category": "VALIDATION_ERROR"}, [REJECTED, REJECTED]),
        (413, {}, [DEFERRED, DEFERRED]),
    ],
)  # fmt: skip
def test_a_contact_is_written_refused_or_unknown_by_its_own_id(server, status, body, left):
    server.says = as_json(body, status)
    provider = profile_provider(account(server.url), name="hubspot", secret=secret)

    answer = sent(provider, [provider.pack(contact(number), at=AT) for number in (1, 2)])

    assert statuses(answer) == left
    assert all(outcome.reason for outcome in answer.outcomes if outcome.status != DONE)


def test_after_a_cut_properties_may_be_written_again(fake, profiles):
    fake.faults.next(Fault.CUT_OFF)
    parcels = [profiles.pack(contact(n), at=AT) for n in range(2)]

    answers = [sent(profiles, parcels), sent(profiles, parcels)]

    assert [statuses(answer) for answer in answers] == [[DEFERRED] * 2, [DONE] * 2]
    assert len(fake.contacts) == 2


def test_a_call_holds_as_many_contacts_as_hubspot_takes_and_no_more(profiles):
    most = profiles.limits.messages

    answers = [sent(profiles, [profiles.pack(contact(n), at=AT) for n in range(count)]) for count in (most, most + 1)]

    assert [set(statuses(answer)) for answer in answers] == [{DONE}, {REJECTED}]


def test_a_contact_may_be_known_by_our_own_id(server):
    server.says = as_json({"results": [{"id": "7", "objectWriteTraceId": "person-1"}]})
    provider = profile_provider(account(server.url, id_property="shop_id"), name="hubspot", secret=secret)

    answer = sent(provider, [provider.pack(Profile("person-1", None, {"a": "b"}), at=AT)])

    assert server.asked[-1].path == UPSERT
    assert server.asked[-1].json == {
        "inputs": [
            {"id": "person-1", "idProperty": "shop_id", "objectWriteTraceId": "person-1", "properties": {"a": "b"}}
        ]
    }
    assert statuses(answer) == [DONE]


@pytest.mark.parametrize(
    ("make", "one", "reason"),
    [
        (profile_provider, Profile("p", None, {}), "it has no address, by which HubSpot knows a contact"),
        (profile_provider, contact(1, likes=["a;b"]), "a value of likes has a ;"),
        (profile_provider, contact(1, a="half \ud800"), "a part of it is no valid text"),
        (profile_provider, contact(1, a="x" * 2_000), r"it is 2,1\d\d bytes, a call may have 1,900"),
        (mail_provider, message(1, html="x" * 2_000), r"it is 2,\d{3} bytes, a call may have 1,900"),
        (mail_provider, message(1, subject="half \ud800"), "a part of it is no valid text"),
    ],
)
def test_what_hubspot_can_never_take_is_refused_uncalled(make, one, reason):
    small = account("http://nowhere.example", mails=Limits(1, 2_000, 100), contacts=Limits(100, 2_000, 100))

    with pytest.raises(Unpackable, match=reason):
        make(small, name="hubspot", secret=secret).pack(one, at=AT)


RESULT = {"id": str, "new": bool, "properties": dict, "createdAt": str, "updatedAt": str, "archived": bool}
RECORDED = [
    # as HubSpot's documentation and recorded integrations have them: path, body, status, keys and texts of the answer
    (SEND, {"emailId": EMAIL_ID, "message": {"to": "a@b.example", "sendId": "6"}}, 200,
     {"requestedAt": str, "statusId": str, "status": "PENDING"}),
    (UPSERT, {"inputs": [{"id": "a@b.example", "idProperty": "email", "properties": {}, "objectWriteTraceId": "t"}]}, 200,
     {"status": "COMPLETE", "results": [{**RESULT, "objectWriteTraceId": "t"}], "startedAt": str, "completedAt": str}),
    (UPSERT, {"inputs": [{"id": "a", "properties": {"unknown_x": "1"}, "objectWriteTraceId": "t"}]}, 207,
     {"status": "COMPLETE", "results": [], "startedAt": str, "completedAt": str, "numErrors": 1,
      "errors": [{"status": "error", "category": "VALIDATION_ERROR", "message": str,
                  "context": {"objectWriteTraceId": ["t"]}}]}),
    (UPSERT, {"inputs": [{"id": "a", "properties": {"unknown_x": "1"}}]}, 400,
     {"status": "error", "message": str, "correlationId": str, "category": "VALIDATION_ERROR"}),
    (UPSERT, {"inputs": [{"id": "a", "properties": {}}] * 2}, 400,
     {"status": "error", "message": str, "correlationId": str, "category": "VALIDATION_ERROR"}),
]  # fmt: skip


@pytest.mark.parametrize(("path", "body", "status", "shape"), RECORDED)
def test_the_fake_answers_in_the_recorded_shapes(mails, path, body, status, shape):
    exchange = mails.connect().exchange

    reply = exchange.post_json(path, json.dumps(body).encode())

    exchange.close()
    assert (reply.status, shape_of(reply.json(), like=shape)) == (status, shape)


@pytest.mark.parametrize(
    ("spent", "policy", "message"),
    [
        ("rolling", "TEN_SECONDLY_ROLLING", "You have reached your ten_secondly_rolling limit."),
        ("daily", "DAILY", "You have reached your daily limit."),
    ],
)
def test_the_fake_refuses_too_many_calls_in_the_recorded_shape(fake, mails, spent, policy, message):
    getattr(fake, spent).rate = Rate(0)
    exchange = mails.connect().exchange

    reply = exchange.post_json(SEND, b"{}")

    exchange.close()
    assert (reply.status, reply.json()) == (
        429,
        {
            "status": "error",
            "message": message,
            "errorType": "RATE_LIMIT",
            "correlationId": "c0ffee",
            "policyName": policy,
        },
    )
