"""Braze: what each of its answers leaves of each message, attribute and event, and the fake beside its documentation."""

import json
from contextlib import nullcontext
from dataclasses import replace
from datetime import timedelta

import pytest

from lettermill.delivery.credentials import Credential
from lettermill.delivery.handing import Batch, hand_over_batch
from lettermill.delivery.journals.local import LocalJournal
from lettermill.delivery.profile_provider import Profile, Statement
from lettermill.delivery.provider import Limits, Outcome, Signal, Status, Unpackable
from lettermill.delivery.providers.braze.account import OBJECTS, Account
from lettermill.delivery.providers.braze.mails import mail_provider
from lettermill.delivery.providers.braze.profiles import Event, profile_provider
from lettermill.delivery.providers.braze.statements import statement_source
from lettermill.errors import ConfigError, DeliveryError
from lettermill.patience import Rate
from tests.delivery.answering import one_answer, shape_of
from tests.delivery.contract import AT, message, messages, packed
from tests.delivery.fakes import Fault
from tests.delivery.fakes.braze import CAMPAIGN, KEY, BrazeFake
from tests.delivery.one_call import sent, statuses
from tests.delivery.scripted import terms
from tests.ingest.serving import TestClock, as_json

DONE, REJECTED, DEFERRED, UNKNOWN = Status.HANDED_OVER, Status.REJECTED, Status.DEFERRED, Status.UNKNOWN
DATED = {"Date": "Wed, 01 May 2024 12:00:00 GMT"}
SUCCESS = {"message": "success", "dispatch_id": "d-1"}


def secret(reference):
    return Credential(reference, KEY.encode())


def account(url, **changes):
    return Account(**{"base_url": url, "key": "secret://braze/key", "campaign_id": CAMPAIGN} | changes)


@pytest.fixture
def fake():
    return BrazeFake()


@pytest.fixture
def url(fake):
    with fake.serving() as address:
        yield address


@pytest.fixture(scope="module")
def server():
    with one_answer() as given:
        yield given


def row_error(index, array="recipients"):
    return {"type": "'email' is not valid", "input_array": array, "index": index}


@pytest.mark.parametrize(
    ("status", "body", "left", "signal"),
    [
        (201, SUCCESS, [DONE, DONE, DONE], Signal.FINE),
        (202, {"message": "queued"}, [DONE, DONE, DONE], Signal.FINE),
        (201, {**SUCCESS, "errors": [row_error(1)]}, [DONE, REJECTED, DONE], Signal.FINE),
        (201, {**SUCCESS, "errors": [row_error(1), "something minor"]}, [UNKNOWN, REJECTED, UNKNOWN], Signal.FINE),
        (201, {**SUCCESS, "errors": ["something minor"]}, [UNKNOWN] * 3, Signal.FINE),
        (201, {**SUCCESS, "errors": "something minor"}, [UNKNOWN] * 3, Signal.FINE),
        (201, {**SUCCESS, "errors": [row_error(7)]}, [UNKNOWN] * 3, Signal.FINE),
        (201, {**SUCCESS, "errors": [row_error(1, "events")]}, [UNKNOWN] * 3, Signal.FINE),
        (201, {"message": "fatal error message", "errors": ["minor error message"]}, [UNKNOWN] * 3, Signal.FINE),
        (201, {"message": "success"}, [UNKNOWN] * 3, Signal.FINE),
        (200, [], [UNKNOWN] * 3, Signal.FINE),
        (400, {"message": "Bad syntax", "errors": [row_error(0)]}, [REJECTED, DEFERRED, DEFERRED], Signal.FINE),
        (400, {"message": "Bad syntax"}, [REJECTED] * 3, Signal.FINE),
        (400, {"message": "Invalid Campaign ID"}, [DEFERRED] * 3, Signal.BLOCKED),
        (400, {"message": "The max number of ids per request was exceeded"}, [DEFERRED] * 3, Signal.BLOCKED),
        (401, {"message": "Invalid API Key"}, [DEFERRED] * 3, Signal.BLOCKED),
        (403, {"message": "Forbidden"}, [DEFERRED] * 3, Signal.BLOCKED),
        (404, {"message": "Invalid URL"}, [DEFERRED] * 3, Signal.BLOCKED),
        (413, {"message": "Too large"}, [DEFERRED] * 3, Signal.BLOCKED),
        (301, {"message": "Moved"}, [DEFERRED] * 3, Signal.BLOCKED),
        (429, {"message": "Rate limited"}, [DEFERRED] * 3, Signal.THROTTLED),
        (500, {"message": "Internal Server Error"}, [DEFERRED] * 3, Signal.FAILING),
        (503, "no JSON of an object", [DEFERRED] * 3, Signal.FAILING),
        (504, {"message": "Gateway Timeout"}, [UNKNOWN] * 3, Signal.FAILING),
    ],
)
def test_each_answer_leaves_of_each_message_what_it_says_and_nothing_better(server, status, body, left, signal):
    server.says = as_json(body, status)
    provider = mail_provider(account(server.url), name="braze", secret=secret)

    answer = sent(provider, packed(provider, messages(3)))

    assert (statuses(answer), answer.signal) == (left, signal)
    assert all(outcome.reason for outcome in answer.outcomes if outcome.status != DONE)


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({"x-ratelimit-reset": "1714564830"}, 30.0),  # a moment, half a minute after the Date of the answer
        ({"x-ratelimit-reset": "1714564000"}, 0.0),  # a moment that is over
        ({"x-ratelimit-reset": "42"}, 42.0),  # seconds
        ({"X-Ratelimit-Retry-After": "7", "x-ratelimit-reset": "1714564830"}, 7.0),
        ({"Retry-After": "Wed, 01 May 2024 12:01:10 GMT"}, 70.0),
        ({"x-ratelimit-reset": "soon"}, None),
        ({"x-ratelimit-reset": "nan"}, None),
        ({"x-ratelimit-reset": "1714564830", "Date": "yesterday"}, None),
        ({}, None),
    ],
)
def test_a_reset_is_read_as_a_moment_or_as_seconds_by_its_size(server, headers, wait):
    status, _, body = as_json({"message": "Rate limited"}, 429)
    server.says = status, {**DATED, **headers}, body
    provider = mail_provider(account(server.url), name="braze", secret=secret)

    assert sent(provider, packed(provider, messages(1))).wait == wait


def test_a_message_too_large_for_a_call_of_its_own_is_refused_for_good(server):
    server.says = as_json({"message": "Too large"}, 413)
    provider = mail_provider(account(server.url), name="braze", secret=secret)

    assert statuses(sent(provider, packed(provider, messages(1)))) == [REJECTED]


def test_words_are_kept_short_on_one_line_and_without_key_or_address(server):
    told = f"bad\nkey {KEY} of reader-0@mail.example, reader@other.example " + "x" * 400
    server.says = as_json({"message": told}, 400)
    provider = mail_provider(account(server.url), name="braze", secret=secret)

    (outcome,) = sent(provider, packed(provider, messages(1))).outcomes

    assert outcome.reason.startswith("400: bad key [hidden] of [hidden], [address] xxx")
    assert len(outcome.reason) <= 310


def test_a_call_names_the_campaign_and_says_outright_that_it_is_no_broadcast(server):
    server.says = as_json(SUCCESS, 201)
    provider = mail_provider(account(server.url), name="braze", secret=secret)

    answer = sent(provider, packed(provider, [message(1)]))

    one = message(1)
    parts = ("message_id", "subject", "preheader", "html", "text", "unsubscribe_url")
    assert server.asked[-1].path == "/campaigns/trigger/send"
    assert server.asked[-1].json == {
        "campaign_id": CAMPAIGN,
        "broadcast": False,
        "recipients": [
            {
                "external_user_id": one.person_id,
                "send_to_existing_only": True,
                "trigger_properties": {name: getattr(one, name) for name in parts},
                "attributes": {"email": one.address},
            }
        ],
    }
    assert answer.outcomes == (Outcome(one.message_id, DONE, "d-1"),)


def test_an_address_is_left_out_where_conf_says_that_braze_has_it(server):
    provider = mail_provider(account(server.url, writes_address=False), name="braze", secret=secret)

    (parcel,) = packed(provider, [message(1)])

    assert "attributes" not in json.loads(parcel.body)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"html": "x" * 50_000}, r"its parts are 50,\d{3} bytes, Braze takes 50,000 of a recipient"),
        ({"subject": "half \ud800"}, "a part of it is no valid text"),
    ],
)
def test_a_message_that_braze_can_never_take_is_refused_uncalled(changes, reason):
    provider = mail_provider(account("http://nowhere.example"), name="braze", secret=secret)

    with pytest.raises(Unpackable, match=reason):
        packed(provider, [message(1, **changes)])


def test_without_a_campaign_there_is_no_provider_of_mails():
    with pytest.raises(ConfigError, match="shop has no campaign_id\n  at: delivery.providers.shop"):
        mail_provider(account("http://nowhere.example", campaign_id=""), name="shop", secret=secret)


def test_calls_of_an_hour_are_counted_by_the_clock_and_told_apart_by_its_end(fake, url):
    fake.shared.rate = Rate(2, 3_600.0)
    provider = mail_provider(account(url), name="braze", secret=secret)
    ways = [sent(provider, packed(provider, [message(number)])) for number in range(3)]

    assert [answer.signal for answer in ways] == [Signal.FINE, Signal.FINE, Signal.THROTTLED]
    fake.clock.sleep(ways[-1].wait)
    assert statuses(sent(provider, packed(provider, [message(3)]))) == [DONE]


def test_calls_made_under_maintenance_are_queued_and_so_taken(fake, url):
    fake.is_under_maintenance = True
    provider = mail_provider(account(url), name="braze", secret=secret)

    answer = sent(provider, packed(provider, messages(2)))

    assert [(o.status, o.reason) for o in answer.outcomes] == [(DONE, "queued during maintenance")] * 2
    assert len(fake.book.entries) == 2


def test_an_error_that_names_no_row_leaves_every_message_of_the_call_unknown(fake, url):
    provider = mail_provider(account(url), name="braze", secret=secret)
    vague = message(1, person_id="minor-1")

    answer = sent(provider, packed(provider, [message(0), vague]))

    assert statuses(answer) == [UNKNOWN, UNKNOWN]
    assert answer.outcomes[0].reason == "accepted, but [hidden] could not be mailed"


def attributes(number, **values):
    return Profile(f"person-{number}", f"reader-{number}@mail.example", values)


def event(number, person=None):
    return Event(f"event-{number}", person or f"person-{number}", "Order Completed", AT, {"total": 9.5})


def test_attributes_are_written_and_null_clears_one(fake, url):
    provider = profile_provider(account(url, creates_people=True), name="braze", secret=secret)
    first = [provider.pack(attributes(n, name="Zoë", visits=n), at=AT) for n in range(2)]
    second = [provider.pack(attributes(0, name=None), at=AT)]

    answers = [sent(provider, first), sent(provider, second)]

    assert [statuses(answer) for answer in answers] == [[DONE, DONE], [DONE]]
    assert fake.profiles == {
        "person-0": {"email": "reader-0@mail.example", "visits": 0},
        "person-1": {"email": "reader-1@mail.example", "name": "Zoë", "visits": 1},
    }


def test_a_refused_row_is_found_by_its_array_and_its_place_therein(fake, url):
    provider = profile_provider(account(url), name="braze", secret=secret)
    parcels = [
        provider.pack(attributes(0, a=1), at=AT),
        provider.pack_event(event(1)),
        provider.pack(Profile("refused-2", None, {"a": 1}), at=AT),
        provider.pack_event(event(3, person="refused-3")),
        provider.pack_event(event(4)),
    ]

    answer = sent(provider, parcels)

    assert statuses(answer) == [DONE, DONE, REJECTED, REJECTED, DONE]
    assert [(one.array, one.external_id) for one in fake.tracked] == [
        ("attributes", "person-0"),
        ("events", "person-1"),
        ("events", "person-4"),
    ]


def test_a_call_whose_every_object_is_bad_is_refused_row_by_row(fake, url):
    provider = profile_provider(account(url), name="braze", secret=secret)

    answer = sent(provider, [provider.pack_event(event(n, person=f"refused-{n}")) for n in range(2)])

    assert statuses(answer) == [REJECTED, REJECTED]


@pytest.mark.parametrize(
    ("body", "left"),
    [
        ({"message": "success", "attributes_processed": 2, "events_processed": 1}, [DONE] * 3),
        ({"message": "success", "attributes_processed": 1, "events_processed": 1}, [UNKNOWN] * 3),
        ({"message": "success", "attributes_processed": 2}, [UNKNOWN] * 3),
        ({"message": "success"}, [UNKNOWN] * 3),
    ],
)
def test_objects_done_and_refused_must_be_those_sent(server, body, left):
    server.says = as_json(body, 201)
    provider = profile_provider(account(server.url), name="braze", secret=secret)
    parcels = [provider.pack(attributes(n, a=1), at=AT) for n in range(2)] + [provider.pack_event(event(1))]

    assert statuses(sent(provider, parcels)) == left


def test_after_a_cut_attributes_may_be_written_again_and_events_may_not(fake, url):
    provider = profile_provider(account(url), name="braze", secret=secret)
    fake.faults.next(Fault.CUT_OFF)

    answer = sent(provider, [provider.pack(attributes(0, a=1), at=AT), provider.pack_event(event(1))])

    assert statuses(answer) == [DEFERRED, UNKNOWN]


def test_an_event_as_large_as_braze_publishes_is_taken(fake, url):
    provider = profile_provider(account(url), name="braze", secret=secret)
    properties = {"a" * 255: "ü" * 255, "list": ["x" * 300], "at": AT.isoformat()}

    answer = sent(provider, [provider.pack_event(Event("e", "person-1", "n", AT, properties))])

    assert statuses(answer) == [DONE]
    assert [one.content["properties"] for one in fake.tracked] == [properties]


def test_events_are_handed_over_as_all_else_is_and_those_that_were_cut_off_are_never_told_again(fake, url, tmp_path):
    small = account(url, objects=replace(OBJECTS, messages=2))
    provider = profile_provider(small, name="braze", secret=secret)
    fake.faults.next(Fault.CUT_OFF, Fault.FAILING)
    batch = Batch(1, [provider.pack_event(event(number)) for number in range(4)])
    connection = provider.connect()

    tally = hand_over_batch(
        batch,
        lent=lambda: nullcontext(connection),
        terms=terms(provider, LocalJournal(tmp_path), TestClock(1_714_564_800.0)),
    )

    connection.close()
    assert tally.outcomes == {"unknown": 2, "handed_over": 2}
    assert [(one.array, one.external_id) for one in fake.tracked] == [("events", f"person-{n}") for n in range(4)]


def test_one_object_more_than_a_call_takes_is_refused_as_a_fault_of_conf(fake, url):
    provider = profile_provider(account(url), name="braze", secret=secret)

    answer = sent(provider, [provider.pack_event(event(n)) for n in range(provider.limits.messages + 1)])

    assert (set(statuses(answer)), answer.signal) == ({DEFERRED}, Signal.BLOCKED)
    assert fake.tracked == []


@pytest.mark.parametrize(
    ("packs", "reason"),
    [
        (lambda p: p.pack(attributes(1, external_id="another"), at=AT), "keeps the name external_id for itself"),
        (lambda p: p.pack(attributes(1, a="x" * 900), at=AT), r"it is 994 bytes, Braze takes 900 in a call"),
        (lambda p: p.pack_event(Event("e", "p", "n", AT, {"a": ["x"] * 200})), "Braze takes 500 of an event"),
        (
            lambda p: p.pack_event(Event("e", "p", "n", AT, {"a": "x" * 256})),
            "its a has 256 characters, Braze takes 255",
        ),
        (lambda p: p.pack_event(Event("e", "p", "n", AT, {"x" * 256: 1})), "name has 256 characters, Braze takes 1 to"),
        (lambda p: p.pack_event(Event("e", "p", "n", AT, {"": 1})), "name has 0 characters, Braze takes 1 to 255"),
        (lambda p: p.pack_event(Event("e", "p", "n", AT, {"time": 1})), "keeps the name time for itself"),
        (lambda p: p.pack_event(Event("e", "p", "n", AT, {"$a": 1})), r"keeps the name \$a for itself"),
    ],
)
def test_an_object_that_braze_can_never_take_is_refused_uncalled(packs, reason):
    small = account("http://nowhere.example", objects=Limits(75, 1_000, envelope=100), event_bytes=500)
    provider = profile_provider(small, name="braze", secret=secret)

    with pytest.raises(Unpackable, match=reason):
        packs(provider)


def test_bounces_and_unsubscriptions_of_a_time_are_told_once_each_over_pages(fake, url):
    moments = [AT + timedelta(hours=hours) for hours in range(-30, 30, 3)]
    fake.lists["/email/hard_bounces"] = [
        {"email": f"b{n}@mail.example", "hard_bounced_at": at.isoformat()} for n, at in enumerate(moments)
    ]
    fake.lists["/email/unsubscribes"] = [
        {"email": f"u{n}@mail.example", "unsubscribed_at": f"{at:%Y-%m-%d %H:%M:%S} +0000"}
        for n, at in enumerate(moments)
    ]
    source = statement_source(account(url, page=4), name="braze", secret=secret, clock=fake.clock)

    told = list(source.statements(since=AT - timedelta(hours=24), until=AT + timedelta(hours=24)))

    expected = [
        Statement(f"{letter}{n}@mail.example", kind, at)
        for letter, kind in (("b", "bounced"), ("u", "unsubscribed"))
        for n, at in reversed([*enumerate(moments)])
        if AT - timedelta(hours=24) <= at < AT + timedelta(hours=24)
    ]
    assert told == expected
    assert "mail.example" not in repr(told)
    offsets = [int(asked.query["offset"]) for asked in fake.asked if asked.path == "/email/hard_bounces"]
    assert offsets == [0, 4, 8, 12, 16, 20]


@pytest.mark.parametrize(
    ("says", "problem"),
    [
        (as_json({"message": "Invalid API Key"}, 401), "braze answered 401: Invalid API Key"),
        (as_json({"message": "success"}), "braze answered 200: success"),
        (as_json({"message": "Rate limited"}, 429, Retry_After="8"), "mend: ask again in 8 s"),
    ],
)
def test_a_list_that_is_not_to_be_had_is_an_error_and_never_an_empty_list(server, says, problem):
    server.says = says
    source = statement_source(account(server.url), name="braze", secret=secret, clock=TestClock())

    with pytest.raises(DeliveryError, match=problem):
        list(source.statements(since=AT, until=AT + timedelta(days=1)))


RECORDED = [
    # as Braze's documentation and recorded integrations have them: path, body, status, the keys and texts of the answer
    ("/users/track", {"events": [{"external_id": "p"}, {}]}, 201,
     {"message": "success", "events_processed": 1, "errors": [{"type": str, "input_array": "events", "index": 1}]}),
    ("/users/track", {"events": [{}]}, 400,
     {"message": "Valid data must be provided in the 'attributes', 'events', or 'purchases' fields.",
      "errors": [{"type": str, "input_array": "events", "index": 0}]}),
    ("/users/track", {"events": [{}] * 76}, 400, {"message": "Max Input Length Exceeded"}),
    ("/campaigns/trigger/send", {"campaign_id": "x"}, 400, {"message": "Invalid Campaign ID"}),
    ("/campaigns/trigger/send", {"campaign_id": CAMPAIGN}, 400, {"message": "No Recipients"}),
    ("/campaigns/trigger/send", {"campaign_id": CAMPAIGN, "recipients": [{}] * 51}, 400,
     {"message": "The max number of external_ids and aliases per request was exceeded"}),
    ("/users/unheard", {}, 404, {"message": "Invalid URL"}),
]  # fmt: skip


@pytest.mark.parametrize(("path", "body", "status", "shape"), RECORDED)
def test_the_fake_answers_in_the_recorded_shapes(fake, url, path, body, status, shape):
    provider = mail_provider(account(url), name="braze", secret=secret)
    exchange = provider.connect().exchange

    reply = exchange.post_json(path, json.dumps(body).encode())

    exchange.close()
    assert (reply.status, shape_of(reply.json(), like=shape)) == (status, shape)


def test_the_fake_tells_rates_on_every_answer_and_the_wrong_key_and_form_as_braze_does(fake, url):
    provider = mail_provider(account(url), name="braze", secret=secret)
    exchange = provider.connect().exchange
    body = json.dumps({"campaign_id": CAMPAIGN}).encode()

    rated = exchange.post_json("/campaigns/trigger/send", body)
    wrong = exchange.post_json("/campaigns/trigger/send", body, headers={"Authorization": "Bearer another"})
    formless = exchange.call("POST", "/campaigns/trigger/send", content=body)
    large = exchange.post_json("/users/track", b"x" * 4_000_001)

    exchange.close()
    assert {name for name in rated.headers if "ratelimit" in name} == {
        "x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset",
    }  # fmt: skip
    assert int(rated.headers["x-ratelimit-reset"]) % 3600 == 0
    assert (wrong.status, wrong.json()) == (401, {"message": "Invalid API Key"})
    assert (formless.status, large.status) == (415, 413)
