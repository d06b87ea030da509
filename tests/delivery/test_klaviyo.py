import json
import pickle
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lettermill.delivery.credentials import Credential
from lettermill.delivery.profile_provider import Profile, Statement
from lettermill.delivery.provider import Outcome, Signal, Status, Unpackable
from lettermill.delivery.providers.klaviyo.account import Account
from lettermill.delivery.providers.klaviyo.mails import mail_provider
from lettermill.delivery.providers.klaviyo.profiles import profile_provider
from lettermill.delivery.providers.klaviyo.statements import statement_source
from lettermill.errors import ConfigError, DeliveryError
from lettermill.patience import Rate, TokenBucket
from tests.delivery import one_call
from tests.delivery.contract import AT, message, messages, packed
from tests.delivery.contract.klaviyo import faults_published
from tests.delivery.fakes import Fault
from tests.delivery.fakes.klaviyo import BAD, IMPORTS, LOOSELY_REFUSED, OF_EVENTS, OF_PROFILES, REFUSED, Klaviyo
from tests.delivery.one_call import CALL, statuses
from tests.ingest.serving import as_json

SECRET = "secret://klaviyo/key"
NUMBERS = count()


@pytest.fixture
def klaviyo():
    """A fake at work, and an account there."""
    fake = Klaviyo()
    with fake.serving() as url:
        yield fake, Account(key=SECRET, base_url=url)
    assert faults_published(fake) == []


@pytest.fixture
def fake(klaviyo):
    return klaviyo[0]


@pytest.fixture
def account(klaviyo):
    return klaviyo[1]


@pytest.fixture
def imports(fake, account):
    """A fake, the provider of profiles, and a connection of it."""
    provider = profiles(fake, account)
    connection = provider.connect()
    yield fake, provider, connection
    connection.close()


def secret(fake):
    return lambda reference: Credential(reference, fake.key.encode())


def mails(fake, account):
    return mail_provider(account, name="klaviyo", secret=secret(fake))


def profiles(fake, account):
    return profile_provider(account, name="klaviyo", secret=secret(fake), clock=fake.clock)


def sent(fake, account, those):
    provider = mails(fake, account)
    return one_call.sent(provider, packed(provider, those))


def person(number, **attributes):
    return Profile(f"person-{number}", f"reader-{number}@mail.example", attributes)


def imported(fake, account, people):
    provider = profiles(fake, account)
    return one_call.sent(provider, [provider.pack(one, at=AT) for one in people])


def told(answer):
    return [(outcome.status, outcome.reason) for outcome in answer.outcomes]


# --- the account


def rates(operation):
    """The rates of an operation, as published: `10/s` and `150/m`."""
    seconds = {"s": 1.0, "m": 60.0}
    pairs = (operation["x-klaviyo-ratelimit"][name].split("/") for name in ("burst", "steady"))
    return tuple(Rate(int(calls), seconds[unit]) for calls, unit in pairs)


@OF_EVENTS.needed
def test_rates_are_those_published():
    account = Account(key=SECRET)
    jobs = f"{IMPORTS}/{{job_id}}"

    assert account.limits.calls == rates(OF_EVENTS.operation("POST", "/api/event-bulk-create-jobs"))
    assert account.profile_limits.calls == rates(OF_PROFILES.operation("POST", IMPORTS))
    assert account.profile_limits.calls == rates(OF_PROFILES.operation("GET", jobs))
    assert account.profile_limits.calls == rates(OF_PROFILES.operation("GET", f"{IMPORTS}/{{id}}/import-errors"))
    assert account.list_rates == rates(OF_PROFILES.operation("GET", "/api/profiles"))


@OF_EVENTS.needed
def test_counts_and_bytes_are_those_published():
    account = Account(key=SECRET)
    events = OF_EVENTS.operation("POST", "/api/event-bulk-create-jobs")["description"]
    imports = OF_PROFILES.operation("POST", IMPORTS)["description"]

    assert f"up to {account.limits.messages:,} events per request" in events
    assert f"payload size is {account.limits.bytes // 1_000_000}MB" in events
    assert f"string cannot exceed {account.string_bytes // 1_000}KB" in events
    assert f"up to {account.profile_limits.messages:,} profiles per request" in imports
    assert f"payload size is {account.profile_limits.bytes // 1_000_000}MB" in imports
    assert f"size per-profile is {account.profile_bytes // 1_000}KB" in imports


@pytest.mark.parametrize("metric", ["", "m" * 128])
def test_the_name_of_a_metric_is_not_missing_and_has_less_than_128_characters(metric):
    with pytest.raises(ConfigError, match=f"metric has {len(metric)} characters"):
        Account(key=SECRET, metric=metric)


def test_a_call_says_who_asks_and_which_revision(fake, account):
    sent(fake, replace(account, revision="2026-04-15"), [message(0)])

    headers = fake.asked[0].headers
    assert (headers["Authorization"], headers["revision"]) == (f"Klaviyo-API-Key {fake.key}", "2026-04-15")


def test_a_pace_of_the_published_rates_is_never_throttled(fake, account):
    provider = mails(fake, account)
    connection = provider.connect()
    paces = [TokenBucket(rate, fake.clock) for rate in provider.limits.calls]
    signals = set()

    for number in range(200):
        for pace in paces:
            pace.take()
        signals.add(connection.send(packed(provider, [message(number)]), call=CALL).signal)

    connection.close()
    assert signals == {Signal.FINE}


@pytest.mark.parametrize(("call_seconds", "calls", "wait"), [(0.0, 10, 1.0), (0.2, 150, 30.0)])
def test_a_full_window_throttles_until_it_is_over(fake, account, call_seconds, calls, wait):
    fake.clock.now = 1_700_000_040.0  # where a minute begins
    fake.call_seconds = call_seconds
    provider = mails(fake, account)
    connection = provider.connect()
    for number in range(calls):
        assert connection.send(packed(provider, [message(number)]), call=CALL).signal == Signal.FINE
    fake.call_seconds = 0.0

    answer = connection.send(packed(provider, [message(calls)]), call=CALL)
    fake.clock.now += answer.wait
    later = connection.send(packed(provider, [message(calls)]), call=CALL)

    connection.close()
    assert (statuses(answer), answer.signal, answer.wait) == (
        [Status.DEFERRED],
        Signal.THROTTLED,
        pytest.approx(wait, abs=1),
    )
    assert statuses(later) == [Status.HANDED_OVER]


# --- mails


def test_a_message_is_an_event_of_the_metric_with_its_bodies_out_of_the_way_of_segments(fake, account):
    parcel = mails(fake, replace(account, metric="Spring mail")).pack(message(0), at=AT)

    event = json.loads(parcel.body)["attributes"]
    (inner,) = event["events"]["data"]
    assert event["profile"]["data"]["attributes"] == {"email": "reader-0@mail.example", "external_id": "person-0"}
    assert inner["attributes"]["metric"]["data"]["attributes"] == {"name": "Spring mail"}
    assert inner["attributes"]["unique_id"] == message(0).message_id
    assert inner["attributes"]["time"] == "2024-05-01T12:00:00+00:00"
    assert inner["attributes"]["properties"]["$extra"] == {"html": message(0).html, "text": message(0).text}
    assert inner["attributes"]["properties"]["subject"] == message(0).subject


def test_a_string_of_an_event_has_100_kb_and_no_byte_more(fake, account):
    fits = message(0, html="ä" * 50_000)

    assert statuses(sent(fake, account, [fits])) == [Status.HANDED_OVER]
    with pytest.raises(Unpackable, match="its html is 100,001 bytes, a string of an event takes 100,000"):
        mails(fake, account).pack(message(0, html="ä" * 50_000 + "x"), at=AT)


def test_rows_that_an_error_points_to_are_refused_and_the_others_may_be_offered_again(fake, account):
    those = messages(4)
    those[1], those[3] = (replace(one, address=f"{REFUSED}{one.address}") for one in (those[1], those[3]))

    answer = sent(fake, account, those)

    untaken = (Status.DEFERRED, "not taken: another row of the call was refused")
    refused = (Status.REJECTED, "invalid: Invalid email address [address]")
    assert told(answer) == [untaken, refused, untaken, refused]
    assert answer.signal == Signal.FINE
    assert fake.book.entries == []


def test_events_taken_before_are_handed_over_and_the_others_may_be_offered_again(fake, account):
    sent(fake, account, [message(0), message(2)])

    answer = sent(fake, account, messages(3))
    rest = sent(fake, account, [message(1)])

    taken = (Status.HANDED_OVER, "duplicate_event: An event of [address] with this unique_id exists.")
    assert told(answer) == [taken, (Status.DEFERRED, "not taken: another row of the call was refused"), taken]
    assert statuses(rest) == [Status.HANDED_OVER]
    assert fake.book.message_ids == [message(n).message_id for n in (0, 2, 1)]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(kinds=st.lists(st.sampled_from(["new", "taken", "refused"]), min_size=1, max_size=6))
def test_offering_what_was_deferred_again_ends_with_each_message_refused_or_mailed_once(fake, account, kinds):
    fake.call_seconds = 1.0
    those = [message(next(NUMBERS)) for _ in kinds]
    those = [
        replace(m, address=f"{REFUSED}{m.address}") if k == "refused" else m for m, k in zip(those, kinds, strict=True)
    ]
    taken = [m for m, kind in zip(those, kinds, strict=True) if kind == "taken"]
    provider = mails(fake, account)
    connection = provider.connect()
    if taken:
        connection.send(packed(provider, taken), call=CALL)

    waiting, last = those, {}
    for _ in range(4):
        answer = connection.send(packed(provider, waiting), call=CALL) if waiting else None
        last |= {one.message_id: one.status for one in answer.outcomes} if answer else {}
        waiting = [one for one in waiting if last[one.message_id] == Status.DEFERRED]

    connection.close()
    mailed = {m.message_id: kind != "refused" for m, kind in zip(those, kinds, strict=True)}
    assert last == {i: Status.HANDED_OVER if is_mailed else Status.REJECTED for i, is_mailed in mailed.items()}
    assert {i: fake.book.message_ids.count(i) for i in mailed} == {i: int(is_mailed) for i, is_mailed in mailed.items()}


def errors(status, *rows, **headers):
    return as_json({"errors": [{"id": "0b1c", "status": status, **row} for row in rows]}, status, **headers)


@pytest.mark.parametrize(
    ("answered", "status", "signal", "wait"),
    [
        (errors(429, {"code": "throttled"}, Retry_After="23"), Status.DEFERRED, Signal.THROTTLED, 23.0),
        (errors(503, {"code": "error"}), Status.DEFERRED, Signal.FAILING, None),
        ((502, {}, b"<html>"), Status.DEFERRED, Signal.FAILING, None),
        (errors(401, {"code": "not_authenticated"}), Status.DEFERRED, Signal.BLOCKED, None),
        (errors(403, {"code": "permission_denied"}), Status.DEFERRED, Signal.BLOCKED, None),
        (errors(410, {"code": "gone"}), Status.DEFERRED, Signal.BLOCKED, None),
        ((302, {"Location": "https://elsewhere.example"}, b""), Status.DEFERRED, Signal.BLOCKED, None),
        (errors(400, {"code": "invalid", "source": {"pointer": "/data/attributes"}}), Status.REJECTED, Signal.FINE, None),
        (errors(400, {"code": "invalid", "source": {"pointer": "/data/attributes/profiles/data/99/id"}}), Status.REJECTED, Signal.FINE, None),
        (errors(413, {"code": "payload_too_large"}), Status.REJECTED, Signal.FINE, None),
        (errors(409, {"code": "duplicate"}), Status.UNKNOWN, Signal.FINE, None),
        ((200, {}, b""), Status.UNKNOWN, Signal.FINE, None),
        ((204, {}, b""), Status.UNKNOWN, Signal.FINE, None),
    ],
)  # fmt: skip
def test_a_refused_call_is_told_by_its_status_and_errors(fake, account, answered, status, signal, wait):
    fake.canned.append(answered)

    answer = sent(fake, account, messages(2))

    assert (statuses(answer), answer.signal, answer.wait) == ([status] * 2, signal, wait)
    assert fake.book.entries == []


def test_a_call_that_is_refused_without_a_pointer_refuses_each_of_its_messages(fake, account):
    answer = sent(fake, account, [message(0), message(1, address=f"{LOOSELY_REFUSED}else@mail.example")])

    assert told(answer) == [(Status.REJECTED, "400 invalid: [address] cannot be taken.")] * 2


def test_a_duplicate_without_a_pointer_was_taken_where_the_call_had_one_message(fake, account):
    fake.canned.append(errors(409, {"code": "duplicate", "detail": "exists"}))

    assert told(sent(fake, account, [message(0)])) == [(Status.HANDED_OVER, "409 duplicate: exists")]


# --- profiles


def test_attributes_go_to_the_places_that_klaviyo_has_and_null_clears_one(fake, account):
    first = imported(fake, account, [person(0, first_name="Ada", tier="gold", brands=["a", "b"], score=0.5)])
    second = imported(fake, account, [person(0, tier=None, is_new=True)])

    assert first.outcomes == (Outcome("person-0", Status.HANDED_OVER, "job0000"),)
    assert second.outcomes == (Outcome("person-0", Status.HANDED_OVER, "job0001"),)
    held = {"external_id": "person-0", "email": "reader-0@mail.example", "first_name": "Ada", "brands": ["a", "b"]}
    assert fake.profiles == {"person-0": held | {"score": 0.5, "is_new": True}}


def test_a_profile_without_address_or_attributes_keeps_what_it_had(fake, account):
    parcel = profiles(fake, account).pack(Profile("p", None, {}), at=AT)

    assert json.loads(parcel.body) == {"type": "profile", "attributes": {"external_id": "p"}}


def test_an_import_is_looked_at_until_it_is_complete(fake, account):
    imported(fake, account, [person(0, tier="gold")])

    assert fake.clock.slept == [5.0, 5.0]
    assert [asked.path for asked in fake.asked] == [IMPORTS, *[f"{IMPORTS}/job0000"] * 3]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    kinds=st.lists(st.sampled_from(["gold", BAD]), min_size=1, max_size=9),
    page=st.integers(1, 4),
    without_pointers=st.booleans(),
    counts_failed=st.booleans(),
)
def test_errors_of_an_import_find_their_rows(imports, kinds, page, without_pointers, counts_failed):
    fake, provider, connection = imports
    fake.call_seconds, fake.page = 1.0, page
    fake.without_pointers, fake.counts_failed_as_completed = without_pointers, counts_failed
    people = [person(next(NUMBERS), tier=kind) for kind in kinds]

    answer = connection.send([provider.pack(one, at=AT) for one in people], call=CALL)

    assert [one.message_id for one in answer.outcomes] == [one.person_id for one in people]
    handed, refused = (Status.HANDED_OVER, None), (Status.REJECTED, "invalid: a property of [address] is no value")
    assert told(answer) == [handed if kind == "gold" else refused for kind in kinds]
    assert [one.person_id in fake.profiles for one in people] == [kind == "gold" for kind in kinds]


def test_where_fewer_errors_are_told_than_failures_counted_the_rest_is_unknown(fake, account):
    fake.lost_errors = 1

    answer = imported(fake, account, [person(0, tier=BAD), person(1, tier="gold"), person(2, tier=BAD)])

    gap = "of 3 rows 3 were counted, 1 completed, 2 failed, 1 errors told"
    assert statuses(answer) == [Status.REJECTED, Status.UNKNOWN, Status.UNKNOWN]
    assert (answer.outcomes[1].reason, answer.said) == (gap, gap)


@pytest.mark.parametrize(
    ("changes", "status", "reason", "signal"),
    [
        ({"is_cancelled": True}, Status.DEFERRED, "the import was cancelled", Signal.FINE),
        ({"pending_seconds": 1e6}, Status.DEFERRED, "the import is queued after 900 s", Signal.FAILING),
    ],
)
def test_an_import_that_does_not_complete_may_be_made_again(fake, account, changes, status, reason, signal):
    for name, value in changes.items():
        setattr(fake, name, value)

    answer = imported(fake, replace(account, poll_seconds=30.0), [person(0, tier="gold")])

    assert (told(answer), answer.signal) == ([(status, reason)], signal)


def test_a_look_at_an_import_waits_as_it_is_told_and_outlives_faults(fake, account):
    accepted = as_json({"data": {"type": "profile-bulk-import-job", "id": "job0000", "attributes": {}}}, 202)
    imported(fake, account, [person(0, tier=BAD)])
    fake.clock.slept.clear()
    complete = as_json({"data": {"attributes": {"status": "complete", "total_count": 1, "failed_count": 1}}})
    fake.canned.extend([accepted, errors(429, {}, Retry_After="30"), None, errors(500, {}), complete, errors(500, {})])

    answer = imported(fake, account, [person(0, tier=BAD)])

    assert statuses(answer) == [Status.REJECTED]
    assert fake.clock.slept == [30.0, 5.0, 5.0, 5.0]


def test_a_look_that_is_refused_ends_the_waiting(fake, account):
    fake.canned.extend([as_json({"data": {"id": "j"}}, 202), errors(403, {"code": "permission_denied"})])

    answer = imported(fake, account, [person(0, tier="gold")])

    assert (statuses(answer), answer.signal, fake.clock.slept) == ([Status.DEFERRED], Signal.BLOCKED, [])


@pytest.mark.parametrize(
    ("fault", "status", "signal"),
    [*one_call.MAY_BE_MADE_AGAIN, (Fault.EXPIRED, Status.DEFERRED, Signal.BLOCKED)],
)
def test_profiles_whose_call_failed_may_be_imported_again(fake, account, fault, status, signal):
    fake.faults.next(fault)

    answer = imported(fake, account, [person(0, tier="gold"), person(1, tier="gold")])

    assert (statuses(answer), answer.signal) == ([status] * 2, signal)


def test_an_accepted_import_without_an_id_is_not_taken_for_one(fake, account):
    fake.canned.append(as_json({"data": {}}, 202))

    answer = imported(fake, account, [person(0, tier="gold")])

    assert told(answer) == [(Status.UNKNOWN, "answered 202 without the id of an import")]


def test_a_profile_has_100_kb_and_an_import_as_many_as_published(fake, account):
    provider = profiles(fake, account)
    connection = provider.connect()
    parcels = [provider.pack(Profile(f"{n}", None, {}), at=AT) for n in range(10_001)]
    spare = 100_000 - len(provider.pack(person(0, story=""), at=AT).body)

    full = connection.send(parcels[:-1], call=CALL)
    above = connection.send(parcels, call=CALL)
    large = connection.send([provider.pack(person(0, story="x" * spare), at=AT)], call=CALL)

    connection.close()
    assert (set(statuses(full)), set(statuses(above))) == ({Status.HANDED_OVER}, {Status.REJECTED})
    assert statuses(large) == [Status.HANDED_OVER]
    with pytest.raises(Unpackable, match="it is 100,001 bytes, a profile takes 100,000"):
        provider.pack(person(0, story="x" * (spare + 1)), at=AT)


def test_the_providers_survive_pickling_and_show_no_key(fake, account):
    source = statement_source(account, name="klaviyo", secret=secret(fake), clock=fake.clock)

    for provider in (profiles(fake, account), source):
        assert pickle.loads(pickle.dumps(provider)) == provider
        assert fake.key not in repr(provider)
    with pytest.raises(DeliveryError, match="there is no other"):
        profiles(fake, account).connect().renew()


# --- statements


def suppressed(email, *rows, lists=()):
    """A profile as Klaviyo lists it; `rows` are reasons and moments, `lists` have the id of a list before them."""
    marketing = {
        "can_receive_email_marketing": not rows,
        "consent": "SUBSCRIBED",
        "suppression": [{"reason": reason, "timestamp": at.isoformat()} for reason, at in rows],
        "list_suppressions": [
            {"list_id": one, "reason": reason, "timestamp": at.isoformat()} for one, reason, at in lists
        ],
    }
    attributes = {"email": email, "subscriptions": {"email": {"marketing": marketing}}}
    links = {"self": "https://a.klaviyo.com/api/profiles/01"}
    return {"type": "profile", "id": f"01{email}", "attributes": attributes, "links": links}


def at(minutes):
    return datetime(2024, 5, 1, 12, tzinfo=UTC) + timedelta(minutes=minutes)


def asked(fake, account):
    source = statement_source(account, name="klaviyo", secret=secret(fake), clock=fake.clock)
    return list(source.statements(since=at(0), until=at(60)))


def test_suppressions_of_the_time_are_told_once_each_by_what_they_mean(fake, account):
    fake.suppressed = [
        suppressed("a@mail.example", ("HARD_BOUNCE", at(0)), ("UNSUBSCRIBE", at(-1))),
        suppressed("b@mail.example", ("SPAM_COMPLAINT", at(59)), lists=[("Y6nRLr", "UNSUBSCRIBE", at(5))]),
        suppressed("c@mail.example", ("UNSUBSCRIBE", at(60))),
        suppressed("d@mail.example", ("USER_SUPPRESSED", at(3)), ("INVALID_EMAIL", at(2))),
        suppressed("e@mail.example", ("SOMETHING_NEW", at(30))),
        suppressed(None, ("UNSUBSCRIBE", at(7))),
    ]

    assert asked(fake, account) == [
        Statement("a@mail.example", "bounced", at(0), "HARD_BOUNCE"),
        Statement("d@mail.example", "unsubscribed", at(3), "USER_SUPPRESSED"),
        Statement("d@mail.example", "bounced", at(2), "INVALID_EMAIL"),
        Statement("e@mail.example", "unsubscribed", at(30), "SOMETHING_NEW"),
        Statement("b@mail.example", "complained", at(59), "SPAM_COMPLAINT"),
        Statement("b@mail.example", "unsubscribed", at(5), "UNSUBSCRIBE", topic="Y6nRLr"),
    ]


def test_a_list_that_conf_calls_a_topic_is_left_by_that_name(fake, account):
    fake.suppressed = [suppressed("b@mail.example", lists=[("Y6nRLr", "UNSUBSCRIBE", at(5))])]

    assert asked(fake, replace(account, topics={"Y6nRLr": "offers"})) == [
        Statement("b@mail.example", "unsubscribed", at(5), "UNSUBSCRIBE", topic="offers")
    ]


def test_pages_of_suppressions_wait_as_they_are_told(fake, account):
    fake.suppressed = [suppressed(f"{n}@mail.example", ("UNSUBSCRIBE", at(n))) for n in range(5)]
    fake.canned.extend([errors(429, {}, Retry_After="30"), None, errors(500, {})])

    assert [one.address for one in asked(fake, account)] == [f"{n}@mail.example" for n in range(5)]
    assert fake.clock.slept == [30.0, 2.0, 4.0]


@pytest.mark.parametrize(
    ("answered", "words"),
    [
        (errors(403, {"code": "permission_denied"}), "answered 403"),
        (errors(400, {"code": "invalid"}), "answered 400"),
        (as_json({"data": None}), "answered 200 without profiles"),
        (as_json({"data": [{"attributes": {"email": "a@mail.example", "subscriptions": 7}}]}), "answered with"),
    ],
)
def test_suppressions_that_cannot_be_had_are_an_error_that_shows_no_key(fake, account, answered, words):
    fake.canned.append(answered)

    with pytest.raises(DeliveryError, match=f"provider klaviyo: /api/profiles {words}") as refusal:
        asked(fake, account)

    assert fake.key not in str(refusal.value)


def test_suppressions_are_given_up_after_as_many_calls_as_patience_has(fake, account):
    fake.canned.extend([errors(500, {})] * 6)

    with pytest.raises(DeliveryError, match="answered 500"):
        asked(fake, account)

    assert (len(fake.asked), fake.clock.slept) == (6, [1.0, 2.0, 4.0, 8.0, 16.0])


def test_a_next_page_is_asked_of_the_same_host_whatever_the_link_says(fake, account):
    link = "https://elsewhere.example/api/profiles?page%5Bcursor%5D=c9"
    fake.canned.append(as_json({"data": [], "links": {"self": link, "next": link}}))
    fake.canned.append(as_json({"data": [], "links": {"self": link}}))

    assert asked(fake, account) == []
    assert [(one.path, one.query.get("page[cursor]")) for one in fake.asked[:2]] == [
        ("/api/profiles", None),
        ("/api/profiles", "c9"),
    ]


# --- the fake itself


@OF_EVENTS.needed
def test_every_answer_of_the_fake_is_as_published(fake, account):
    fake.suppressed = [
        suppressed(f"{n}@mail.example", ("UNSUBSCRIBE", at(n)), lists=[("l", "UNSUBSCRIBE", at(n))]) for n in range(3)
    ]
    sent(fake, account, messages(2))
    sent(fake, account, messages(2))
    sent(fake, account, [message(9, address=f"{REFUSED}x@mail.example")])
    imported(fake, account, [person(0, tier="gold"), person(1, tier=BAD)])
    asked(fake, account)
    wrong = mail_provider(
        account, name="klaviyo", secret=lambda reference: Credential(reference, b"pk_wrong")
    ).connect()
    wrong.send(packed(mails(fake, account), [message(7)]), call=CALL)
    wrong.close()
    while sent(fake, account, [message(0)]).signal != Signal.THROTTLED:
        pass

    kinds = {(one.method, status) for one, (status, _, _) in fake.answers}
    faults = {
        fault
        for one, (status, _, content) in fake.answers
        for file in (OF_EVENTS, OF_PROFILES)
        for fault in file.answer_faults(one, status, content)
    }
    assert kinds == {("POST", 202), ("POST", 409), ("POST", 400), ("POST", 401), ("POST", 429), ("GET", 200)}
    assert faults <= NEWER_NAMES


NEWER_NAMES = {
    "/errors/0/status: unknown",
    "/errors/0/meta: unknown",
    "/errors/1/status: unknown",
    "/errors/1/meta: unknown",
}
"""What Klaviyo's errors have, and its published schema of them has not."""


RECORDED = {"id", "status", "code", "title", "detail", "source", "meta"}
"""The names of an error as it was recorded."""


def test_the_fake_refuses_in_the_shape_that_was_recorded(fake, account):
    sent(fake, account, [message(0, address=f"{REFUSED}x@mail.example")])
    _, (status, headers, content) = fake.answers[-1]

    (error,) = json.loads(content)["errors"]
    assert (status, headers["Content-Type"], error.keys()) == (400, "application/vnd.api+json", RECORDED)
    assert error["source"] == {"pointer": "/data/attributes/events-bulk-create/data/0/attributes"}
