import json
import pickle
from dataclasses import replace
from itertools import count
from threading import Barrier, Thread

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lettermill.delivery.credentials import Credential
from lettermill.delivery.profile_provider import Profile
from lettermill.delivery.provider import Outcome, Parcel, Signal, Status, Unpackable
from lettermill.delivery.providers.sfmc.account import Account
from lettermill.delivery.providers.sfmc.mails import mail_provider
from lettermill.delivery.providers.sfmc.profiles import profile_provider
from lettermill.errors import ConfigError, DeliveryError
from lettermill.patience import Rate
from tests.delivery import one_call
from tests.delivery.contract import AT, message, messages, packed
from tests.delivery.contract.sfmc import PUBLISHED
from tests.delivery.fakes import Fault
from tests.delivery.fakes.sfmc import DEADLOCK, TOO_LONG, Sfmc
from tests.delivery.one_call import CALL, statuses
from tests.ingest.serving import as_json

SECRET = "secret://sfmc/client"
NUMBERS = count()


@pytest.fixture
def sfmc():
    """A fake at work, and an account there."""
    fake = Sfmc()
    with fake.serving() as url:
        account = Account(
            subdomain="mc-test",
            client_id=fake.client_id,
            client_secret=SECRET,
            definition_key="welcome",
            data_extension_key="People/1",
            address_column="email",
            base_url=url,
            auth_url=url,
        )
        yield fake, account
    if PUBLISHED.is_here:
        assert [fault for asked in fake.asked for fault in PUBLISHED.faults_of(asked)] == []


@pytest.fixture
def fake(sfmc):
    return sfmc[0]


@pytest.fixture
def account(sfmc):
    return sfmc[1]


@pytest.fixture
def rows(fake, account):
    """A fake, the provider of rows, and a connection of it."""
    provider = profiles(fake, account)
    connection = provider.connect()
    yield fake, provider, connection
    connection.close()


def mails(fake, account, *, secret=None):
    held = Credential(SECRET, (secret or fake.client_secret).encode())
    return mail_provider(account, name="sfmc", secret=lambda _: held, clock=fake.clock)


def profiles(fake, account):
    held = Credential(SECRET, fake.client_secret.encode())
    return profile_provider(account, name="sfmc", secret=lambda _: held, clock=fake.clock)


def sent(fake, account, count=2, **how):
    provider = mails(fake, account, **how)
    return one_call.sent(provider, packed(provider, messages(count)))


def person(number, **attributes):
    return Profile(f"person-{number}", f"reader-{number}@mail.example", attributes)


def written(fake, account, people):
    provider = profiles(fake, account)
    return one_call.sent(provider, [provider.pack(one, at=AT) for one in people])


def paths(fake):
    return [asked.path for asked in fake.asked]


# --- the account


@pytest.mark.parametrize(
    "subdomain", ["", "a.b", "evil.example/x", "evil.example#", "-a", "a-", "x" * 64, "a\n", "ä", "a@b"]
)
def test_a_subdomain_is_one_dns_label_since_the_secret_is_sent_to_a_host_made_of_it(subdomain):
    with pytest.raises(ConfigError, match="is not one DNS label"):
        Account(subdomain=subdomain, client_id="c", client_secret=SECRET)


def test_the_hosts_of_an_account_are_made_of_its_subdomain():
    account = Account(subdomain="mc563885gzs27c5t9-63k636ttgm", client_id="c", client_secret=SECRET)

    assert (account.auth_host, account.rest_host) == (
        "https://mc563885gzs27c5t9-63k636ttgm.auth.marketingcloudapis.com",
        "https://mc563885gzs27c5t9-63k636ttgm.rest.marketingcloudapis.com",
    )


def test_limits_are_those_published_and_more_recipients_than_a_call_takes_are_refused(account):
    mail, rows = account.limits, account.row_limits

    assert (mail.messages, mail.bytes, mail.calls) == (500, 4_000_000, (Rate(2_500, 60.0),))
    assert (rows.messages, rows.bytes, rows.calls) == (28_000, 5_000_000, (Rate(50_000_000, 86_400.0),))
    with pytest.raises(ConfigError, match=r"limits\.messages is 2,001, a call takes 2,000"):
        replace(account, limits=replace(mail, messages=2_001))


@pytest.mark.parametrize(("made", "key"), [(mails, "definition_key"), (profiles, "data_extension_key")])
def test_an_account_names_where_mails_and_rows_go(fake, account, made, key):
    with pytest.raises(ConfigError, match=f"{key} is missing"):
        made(fake, replace(account, **{key: ""}))


# --- tokens


def test_a_token_is_kept_until_a_minute_before_its_end(fake, account):
    sent(fake, account)
    fake.clock.now += 1079 - 60 - 1
    sent(fake, account)
    assert fake.granted == 1

    fake.clock.now += 1
    sent(fake, account)

    assert fake.granted == 2


def test_the_threads_of_a_process_share_one_token_and_renew_it_once(fake, account):
    together = Barrier(6)

    def work():
        provider = mails(fake, account)
        connection = provider.connect()
        together.wait()
        first = connection.send(packed(provider, [message(0)]), call=CALL)
        together.wait()
        fake.tokens.clear()
        together.wait()
        second = connection.send(packed(provider, [message(0)]), call=CALL)
        together.wait()
        connection.renew()
        third = connection.send(packed(provider, [message(0)]), call=CALL)
        connection.close()
        seen.append((statuses(first), second.signal, statuses(third)))

    seen = []
    threads = [Thread(target=work) for _ in range(together.parties)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert seen == [([Status.HANDED_OVER], Signal.EXPIRED, [Status.HANDED_OVER])] * together.parties
    assert fake.granted == 2


def test_a_token_is_asked_for_by_client_credentials_for_the_business_unit(fake, account):
    sent(fake, replace(account, account_id="7281698"))

    assert fake.asked[0].json == {
        "grant_type": "client_credentials",
        "client_id": fake.client_id,
        "client_secret": fake.client_secret,
        "account_id": "7281698",
    }


def test_a_wrong_secret_blocks_the_account_refuses_no_message_and_is_told_nobody(fake, account):
    provider = mails(fake, account, secret="another-secret-9")
    connection = provider.connect()

    answer = connection.send(packed(provider, messages(2)), call=CALL)

    assert (statuses(answer), answer.signal) == ([Status.DEFERRED] * 2, Signal.BLOCKED)
    with pytest.raises(DeliveryError) as refusal:
        connection.renew()
    assert "another-secret-9" not in f"{refusal.value}{answer}{provider}{connection}"
    connection.close()


@pytest.mark.parametrize(
    ("answered", "signal", "wait"),
    [
        (as_json({}, 429, Retry_After="60"), Signal.THROTTLED, 60.0),
        (as_json({}, 503), Signal.FAILING, None),
        (as_json({}, 503, Retry_After="30"), Signal.FAILING, 30.0),
        (None, Signal.FAILING, None),
        (as_json({"access_token": ""}), Signal.BLOCKED, None),
        (as_json({"error": "invalid_grant"}, 400), Signal.BLOCKED, None),
    ],
)
def test_where_no_token_is_to_be_had_nothing_was_sent(fake, account, answered, signal, wait):
    fake.token_answers.append(answered)

    answer = sent(fake, account)

    assert (statuses(answer), answer.signal, answer.wait) == ([Status.DEFERRED] * 2, signal, wait)
    assert fake.book.entries == []


@pytest.mark.parametrize(("status", "signal"), [(429, Signal.THROTTLED), (503, Signal.FAILING)])
def test_while_the_token_endpoint_wants_to_be_left_alone_no_connection_of_the_process_asks_it(
    fake, account, status, signal
):
    fake.token_answers.append(as_json({}, status, Retry_After="30"))
    first = sent(fake, account)
    fake.clock.now += 12.0
    second = sent(fake, account)
    asked = len(fake.asked)
    fake.clock.now += 18.0
    third = sent(fake, account)

    assert [(one.signal, one.wait) for one in (first, second)] == [(signal, 30.0), (signal, 18.0)]
    assert first.said == second.said == f"the token endpoint answered {status} and no token"
    assert (asked, statuses(third)) == (1, [Status.HANDED_OVER] * 2)


@pytest.mark.parametrize("answered", [as_json({}, 503, Retry_After="30"), as_json({}, 429, Retry_After="30")])
def test_a_renewal_that_may_come_later_leaves_it_to_the_next_call_to_tell_how_long_to_wait(fake, account, answered):
    provider = mails(fake, account)
    connection = provider.connect()
    parcels = packed(provider, messages(2))
    fake.canned.append(as_json({"message": "Not Authorized"}, 401))
    expired = connection.send(parcels, call=CALL)
    fake.token_answers.append(answered)

    connection.renew()
    waiting = connection.send(parcels, call=CALL)
    fake.clock.now += waiting.wait
    later = connection.send(parcels, call=CALL)

    connection.close()
    assert (expired.signal, waiting.wait, statuses(waiting)) == (Signal.EXPIRED, 30.0, [Status.DEFERRED] * 2)
    assert (statuses(later), fake.granted) == ([Status.HANDED_OVER] * 2, 2)


# --- mails


@pytest.mark.parametrize(
    ("answered", "status", "signal", "wait"),
    [
        (as_json({"message": "Rate limit exceeded", "errorcode": 50100}, 429, Retry_After="5"), Status.DEFERRED, Signal.THROTTLED, 5.0),
        (as_json({"message": "Your requests are temporarily blocked.", "errorcode": 50200}, 429, Retry_After="5"), Status.DEFERRED, Signal.BLOCKED, 5.0),
        (as_json({"message": "Service unavailable", "errorcode": 50300}, 503, Retry_After="5"), Status.DEFERRED, Signal.FAILING, 5.0),
        (as_json({"message": "Internal error"}, 500), Status.DEFERRED, Signal.FAILING, None),
        (as_json({"message": "Unable to save rows for data extension ID", "errorcode": 10006}, 400), Status.DEFERRED, Signal.FAILING, None),
        (as_json({"message": "Unable to save rows", "errorcode": 10006, "additionalErrors": [{"message": "m"}]}, 400), Status.REJECTED, Signal.FINE, None),
        (as_json({"message": "Insufficient privileges to complete this action."}, 403), Status.DEFERRED, Signal.BLOCKED, None),
        (as_json({"message": "Not Authorized"}, 403), Status.DEFERRED, Signal.BLOCKED, None),
        (as_json({"message": "Not Authorized"}, 401), Status.DEFERRED, Signal.EXPIRED, None),
        (as_json({"message": "no definition", "errorCode": 109111}, 400), Status.DEFERRED, Signal.BLOCKED, None),
        (as_json({"message": "bad", "errorcode": 10003}, 400), Status.REJECTED, Signal.FINE, None),
        ((502, {"Content-Type": "text/html"}, b"<html>"), Status.DEFERRED, Signal.FAILING, None),
        ((302, {"Location": "https://elsewhere.example"}, b""), Status.DEFERRED, Signal.BLOCKED, None),
    ],
)  # fmt: skip
def test_a_refused_call_is_told_by_its_status_and_code(fake, account, answered, status, signal, wait):
    fake.canned.append(answered)

    answer = sent(fake, account)

    assert (statuses(answer), answer.signal, answer.wait) == ([status] * 2, signal, wait)
    assert fake.book.entries == []


def test_the_words_of_a_refused_recipient_are_kept_without_the_address(fake, account):
    provider = mails(fake, account)
    connection = provider.connect()
    refused = message(1, address="no-such-reader@mail.example")

    answer = connection.send(packed(provider, [message(0), refused]), call=CALL)

    connection.close()
    assert answer.outcomes[1] == Outcome(
        refused.message_id,
        Status.REJECTED,
        "5e2a3a5e-0c1b-4f7a-a4a1-0d1f7f3c9a01",
        "109121 MCMS_UTM_Validation_InvalidValue_to: [address] is invalid",
    )
    assert answer.said == "109001 MCMS_UTM_ResponsesHasErrors: 1 subscribers failed to queue out of 2"


def test_a_recipient_that_the_answer_does_not_name_is_unknown(fake, account):
    fake.canned.append(
        as_json({"requestId": "r", "errorcode": 0, "responses": [{"messageKey": message(1).message_id}]}, 202)
    )

    answer = sent(fake, account)

    assert answer.outcomes == (
        Outcome(message(0).message_id, Status.UNKNOWN, "r", "the answer does not name it"),
        Outcome(message(1).message_id, Status.HANDED_OVER, "r"),
    )


def test_a_refusal_that_names_every_recipient_is_an_outcome_for_each(fake, account):
    rows = [{"messageKey": message(n).message_id, "errorcode": 109106, "message": "no address"} for n in (1, 0)]
    fake.canned.append(as_json({"message": "no valid ones", "errorcode": 109103, "responses": rows}, 400))

    answer = sent(fake, account)

    assert [(one.status, one.reason) for one in answer.outcomes] == [(Status.REJECTED, "109106 no address")] * 2
    assert answer.signal == Signal.FINE


def test_a_message_that_was_taken_before_is_handed_over_and_mailed_once(fake, account):
    sent(fake, account, count=1)

    answer = sent(fake, account, count=2)

    assert [(one.status, one.reason) for one in answer.outcomes] == [
        (Status.HANDED_OVER, "its messageKey was taken by an earlier call"),
        (Status.HANDED_OVER, None),
    ]
    assert fake.book.message_ids == [message(0).message_id, message(1).message_id]


def test_what_no_call_can_take_is_told_before_any(fake, account):
    provider = mails(fake, account)

    with pytest.raises(Unpackable, match="longer than a messageKey, 100 characters"):
        provider.pack(message(0, message_id="m" * 101), at=AT)
    with pytest.raises(Unpackable, match="bytes, a call takes 4,000,000"):
        provider.pack(message(0, html="x" * 4_000_000), at=AT)
    assert provider.pack(message(0, message_id="m" * 100), at=AT).message_id == "m" * 100


def test_a_look_up_tells_sent_from_not_sent_and_renews_the_token_once(fake, account):
    sent(fake, account, count=2)
    fake.unsent = frozenset({message(1).message_id})
    connection = mails(fake, account).connect()
    fake.tokens.clear()

    found = connection.lookup([one.message_id for one in messages(3)], call=CALL)

    connection.close()
    assert [(one.status, one.reason) for one in found] == [
        (Status.HANDED_OVER, "EmailSent"),
        (Status.REJECTED, "EmailNotSent Held: [address]"),
        (Status.DEFERRED, "the account does not know its messageKey"),
    ]
    assert fake.granted == 2


@pytest.mark.parametrize("answered", [None, as_json({}, 429), as_json([]), as_json({"eventCategoryType": "X.Else"})])
def test_a_look_up_that_is_not_answered_leaves_a_message_unknown(fake, account, answered):
    sent(fake, account, count=1)
    fake.canned.append(answered)
    connection = mails(fake, account).connect()

    (found,) = connection.lookup([message(0).message_id], call=CALL)

    connection.close()
    assert found.status == Status.UNKNOWN


# --- rows


def test_rows_are_written_with_key_and_address_and_what_is_a_list_is_text(fake, account):
    people = [person(0, tier="gold", brands=["a", "b"], score=0.5), person(1, tier=None, is_new=True)]

    answer = written(fake, account, people)

    request = answer.outcomes[0].reference
    assert answer.outcomes == tuple(Outcome(one.person_id, Status.HANDED_OVER, request) for one in people)
    assert fake.rows == {
        "person-0": {
            "person_id": "person-0",
            "email": "reader-0@mail.example",
            "tier": "gold",
            "brands": '["a","b"]',
            "score": 0.5,
        },
        "person-1": {"person_id": "person-1", "email": "reader-1@mail.example", "tier": None, "is_new": True},
    }


def test_a_request_is_looked_at_while_its_status_is_missing_and_until_it_is_done(fake, account):
    written(fake, account, [person(0, tier="gold")])

    assert fake.clock.slept == [5.0, 5.0]
    assert [path.rpartition("/")[2] for path in paths(fake)] == ["token", "rows", "status", "status", "status"]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(kinds=st.lists(st.sampled_from(["gold", TOO_LONG, DEADLOCK]), min_size=1, max_size=9), page=st.integers(1, 4))
def test_results_are_those_of_the_rows_in_their_order_whatever_the_pages(rows, kinds, page):
    told = {"gold": Status.HANDED_OVER, TOO_LONG: Status.REJECTED, DEADLOCK: Status.DEFERRED}
    fake, provider, connection = rows
    fake.page = page
    people = [person(next(NUMBERS), tier=kind) for kind in kinds]
    parcels = [provider.pack(one, at=AT) for one in people]

    answer = connection.send(parcels, call=CALL)

    assert [one.message_id for one in answer.outcomes] == [one.person_id for one in people]
    assert statuses(answer) == [told[kind] for kind in kinds]
    assert [one.person_id in fake.rows for one in people] == [kind == "gold" for kind in kinds]
    deferred = [one for one, kind in zip(parcels, kinds, strict=True) if kind == DEADLOCK]
    assert not deferred or set(statuses(connection.send(deferred, call=CALL))) == {Status.HANDED_OVER}


def test_a_refused_row_is_told_without_the_address(fake, account):
    answer = written(fake, account, [person(0, tier=TOO_LONG)])

    assert answer.outcomes[0].reason == "2 Value of [address] is too long for the column"


def test_fewer_results_than_rows_leave_every_row_unknown(fake, account):
    fake.lost_results = 1

    answer = written(fake, account, [person(0, tier=TOO_LONG), person(1, tier="gold"), person(2, tier="gold")])

    assert statuses(answer) == [Status.UNKNOWN] * 3
    assert {one.reason for one in answer.outcomes} == {"2 results came for 3 rows"}


def test_a_request_that_does_not_end_is_left_and_its_rows_may_be_written_again(fake, account):
    fake.pending_seconds = 10_000.0

    answer = written(fake, replace(account, poll_seconds=60.0), [person(0, tier="gold")])

    assert (statuses(answer), answer.signal) == ([Status.DEFERRED], Signal.FAILING)
    assert answer.outcomes[0].reason == "the request is not picked up after 900 s"
    assert sum(fake.clock.slept) == 900.0


def test_a_look_at_a_request_waits_as_it_is_told_and_outlives_faults_and_tokens(fake, account):
    fake.pending_seconds = 100.0
    provider = profiles(fake, account)
    connection = provider.connect()
    connection.send([provider.pack(person(0, tier="gold"), at=AT)], call=CALL)
    fake.clock.slept.clear()
    accepted = as_json({"requestId": "7f0e00000000-6d0a-4e57", "resultMessages": []}, 202)
    throttled = as_json({"errorcode": 50100}, 429, Retry_After="30")
    fake.canned.extend([accepted, throttled, None, as_json({}, 500), as_json({}, 401)])

    answer = connection.send([provider.pack(person(0, tier="gold"), at=AT)], call=CALL)

    connection.close()
    assert statuses(answer) == [Status.HANDED_OVER]
    assert fake.clock.slept == [30.0, 5.0, 5.0]
    assert fake.granted == 2


def test_a_result_that_is_neither_ok_nor_an_error_leaves_its_row_unknown(fake, account):
    status = {"requestStatus": "Complete", "resultStatus": "Has Errors", "hasErrors": True}
    results = {"items": [{"status": "OK", "message": ""}, {"message": "?"}]}
    fake.canned.extend(
        as_json(one, 202 if "requestId" in one else 200) for one in ({"requestId": "r"}, {"status": status}, results)
    )

    answer = written(fake, account, [person(0, tier="gold"), person(1, tier="gold")])

    unknown = Outcome("person-1", Status.UNKNOWN, "r", "its result says neither OK nor Error")
    assert answer.outcomes == (Outcome("person-0", Status.HANDED_OVER, "r"), unknown)


def test_a_client_that_is_refused_while_it_waits_asks_no_more(fake, account):
    fake.canned.extend([as_json({"requestId": "r", "resultMessages": []}, 202), as_json({}, 401)])
    fake.token_answers.extend(
        [as_json({"access_token": "t", "expires_in": 1079}), as_json({"error": "invalid_client"}, 401)]
    )
    fake.tokens["t"] = float("inf")

    answer = written(fake, account, [person(0, tier="gold")])

    assert (statuses(answer), answer.signal, fake.clock.slept) == ([Status.DEFERRED], Signal.BLOCKED, [])


@pytest.mark.parametrize("answered", [as_json({"message": "Not Authorized"}, 403), as_json({"errorcode": 50200}, 429)])
def test_a_look_that_is_blocked_ends_the_waiting(fake, account, answered):
    fake.canned.extend([as_json({"requestId": "r", "resultMessages": []}, 202), answered])

    answer = written(fake, account, [person(0, tier="gold")])

    assert (statuses(answer), answer.signal, fake.clock.slept) == ([Status.DEFERRED], Signal.BLOCKED, [])


@pytest.mark.parametrize(
    ("fault", "status", "signal"),
    [*one_call.MAY_BE_MADE_AGAIN, (Fault.EXPIRED, Status.DEFERRED, Signal.EXPIRED)],
)
def test_rows_whose_call_failed_may_be_written_again(fake, account, fault, status, signal):
    fake.faults.next(fault)

    answer = written(fake, account, [person(0, tier="gold"), person(1, tier="gold")])

    assert (statuses(answer), answer.signal) == ([status] * 2, signal)


def test_the_data_extension_is_a_part_of_the_path_whatever_its_key(fake, account):
    answer = written(fake, replace(account, data_extension_key="../../x?y"), [person(0, tier="gold")])

    assert paths(fake)[-1] == "/data/v1/async/dataextensions/key:..%2F..%2Fx%3Fy/rows"
    assert answer.signal == Signal.BLOCKED


def test_a_row_has_its_own_key_and_no_more_bytes_than_a_call(fake, account):
    provider = profiles(fake, account)

    parcel = provider.pack(Profile("p", None, {"person_id": "somebody else"}), at=AT)

    assert parcel == Parcel("p", "", b'{"person_id":"p","email":null}')
    with pytest.raises(Unpackable, match="bytes, a call takes 5,000,000"):
        provider.pack(person(0, story="x" * 5_000_000), at=AT)


def test_calls_as_full_as_the_limits_allow_are_taken(fake, account):
    provider = profiles(fake, account)
    limits = provider.limits
    parcels = [provider.pack(Profile(f"{n}", None, {}), at=AT) for n in range(limits.messages)]
    connection = provider.connect()
    spare = limits.bytes - limits.envelope - sum(len(one.body) + 1 for one in parcels)  # and a comma for each
    large = provider.pack(Profile("0", None, {"x": "x" * (spare + len(parcels[0].body) - 39)}), at=AT)

    answer = connection.send([large, *parcels[1:]], call=CALL)

    assert set(statuses(answer)) == {Status.HANDED_OVER}
    assert statuses(connection.send([*parcels, parcels[0]], call=CALL))[0] == Status.REJECTED
    connection.close()


def test_the_provider_of_rows_survives_pickling_and_shows_no_secret(fake, account):
    provider = profiles(fake, account)

    assert pickle.loads(pickle.dumps(provider)) == provider
    assert fake.client_secret not in repr(provider)


# --- the fake itself


def keys(document):
    """The names of a document, at every depth; those of the first item of a list."""
    if isinstance(document, dict):
        return {name: keys(value) for name, value in document.items()}
    return [keys(document[0])] if isinstance(document, list) and document else None


RECORDED = {
    "token": {"access_token": None, "token_type": None, "expires_in": None, "scope": None, "rest_instance_url": None, "soap_instance_url": None},
    "messages": {"requestId": None, "errorcode": None, "responses": [{"messageKey": None, "errorcode": None, "message": None}], "message": None},
    "rows": {"requestId": None, "resultMessages": None},
    "status": {
        "status": dict.fromkeys(["callDateTime", "pickupDateTime", "completionDateTime", "hasErrors", "requestStatus", "resultStatus", "requestId"]),
        "requestId": None,
        "resultMessages": None,
    },
    "results": {"page": None, "pageSize": None, "count": None, "items": [{"errorCode": None, "message": None, "status": None}], "requestId": None, "resultMessages": None},
}  # fmt: skip
"""The shapes of answers that were recorded, by the end of the path."""


def test_the_fake_answers_in_the_shapes_that_were_recorded(fake, account):
    provider = mails(fake, account)
    connection = provider.connect()
    connection.send(packed(provider, [message(0, address="no-such-one@mail.example"), message(1)]), call=CALL)
    written(fake, account, [person(0, tier=TOO_LONG), person(1, tier="gold")])
    connection.close()

    answers = [(asked.path.rpartition("/")[2], keys(json.loads(content))) for asked, (_, _, content) in fake.answers]
    assert dict(answers) == RECORDED
    assert next(shape for end, shape in answers if end == "status") == RECORDED["rows"]  # not picked up yet


@PUBLISHED.needed
def test_the_fakes_answers_to_sends_are_as_published_but_for_the_spelling_of_a_code(fake, account):
    sent(fake, account, count=2)
    mails(fake, account).connect().lookup([message(0).message_id], call=CALL)
    fake.faults.next(Fault.FAILING)
    sent(fake, account, count=1)

    faults = [
        fault
        for asked, (status, _, content) in fake.answers
        for fault in PUBLISHED.answer_faults(asked, status, content)
    ]

    assert set(faults) <= {"/errorcode: unknown"}
