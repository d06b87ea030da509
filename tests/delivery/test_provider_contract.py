"""What holds for every mail provider: each message answered once, and nothing claimed that the provider did not say."""

import pickle
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lettermill.delivery.provider import Outcome, Signal, Status, Unpackable
from lettermill.delivery.splitting import calls_of
from lettermill.errors import DeliveryError
from tests.delivery.contract import AT, calls, message, messages, modules, nowhere, packed, with_trait
from tests.delivery.fakes import Fault
from tests.delivery.one_call import statuses

ALL = sorted(modules())
A_FEW = 5
NUMBERS, SENT_BY_LAW = count(), 1_000_000
CALLS_BY_LAW = calls()
"""Each call once, over all that a law invents: a call never names other messages."""
HOSTILE = "Hello\r\nBcc: everybody@mail.example\r\n\r\n<p>another body</p>"


def having(fault):
    return with_trait(lambda traits: fault in traits.faults)


@pytest.fixture
def traits(name):
    return modules()[name].TRAITS


@pytest.fixture
def harness(name):
    with modules()[name].harness() as given_:
        yield given_


@pytest.fixture
def provider(harness):
    return harness.made()


@pytest.fixture
def connection(provider):
    opened = provider.connect()
    yield opened
    opened.close()


@pytest.fixture
def few(provider):
    """As many messages as one call takes, of a few."""
    return messages(min(A_FEW, provider.limits.messages))


def ids(those):
    return [one.message_id for one in those]


def handed_over(answer):
    return [outcome.message_id for outcome in answer.outcomes if outcome.status == Status.HANDED_OVER]


def packed_or_refused(provider, one):
    """The parcel of a message, or none and the words of its refusal."""
    try:
        return packed(provider, [one]), ""
    except Unpackable as refusal:
        return [], str(refusal)


@pytest.mark.parametrize("name", ALL)
def test_every_message_is_answered_once_and_in_order_and_the_book_has_those_handed_over(
    harness, provider, connection, few
):
    answer = connection.send(packed(provider, few), call=next(calls()))

    assert ids(answer.outcomes) == ids(few)
    assert statuses(answer) == [Status.HANDED_OVER] * len(few)
    assert (answer.signal, answer.wait) == (Signal.FINE, None)
    assert harness.fake.book.message_ids == ids(few)


@pytest.mark.parametrize("name", ALL)
def test_what_is_handed_over_goes_to_its_own_address_with_its_own_subject_and_bodies(
    harness, provider, connection, few
):
    connection.send(packed(provider, few), call=next(calls()))

    taken = [(e.message_id, e.address, e.subject, e.html.strip(), e.text.strip()) for e in harness.fake.book.entries]
    assert taken == [(m.message_id, m.address, m.subject, m.html, m.text) for m in few]


@pytest.mark.parametrize("name", with_trait(lambda traits: traits.refuses_rows))
def test_a_refused_message_does_not_take_the_others_with_it(harness, provider, connection):
    those = messages(min(A_FEW, provider.limits.messages))
    refused = those[len(those) // 2] = harness.refused(those[len(those) // 2])

    answer = connection.send(packed(provider, those), call=next(calls()))

    others = [one.message_id for one in those if one is not refused]
    assert ids(answer.outcomes) == ids(those)
    assert handed_over(answer) == harness.fake.book.message_ids == others
    (refusal,) = [outcome for outcome in answer.outcomes if outcome.message_id == refused.message_id]
    assert refusal.status == Status.REJECTED
    assert refusal.reason
    assert answer.signal == Signal.FINE


@pytest.mark.parametrize("name", with_trait(lambda traits: not traits.refuses_rows))
def test_where_a_call_is_refused_as_a_whole_none_is_handed_over_and_the_one_to_blame_is_refused_for_good(
    harness, provider, connection
):
    those = [harness.refused(message(0)), *messages(min(A_FEW, provider.limits.messages))[1:]]

    answer = connection.send(packed(provider, those), call=next(calls()))

    assert ids(answer.outcomes) == ids(those)
    assert answer.outcomes[0].status == Status.REJECTED
    assert set(statuses(answer)) <= {Status.REJECTED, Status.DEFERRED}
    assert harness.fake.book.message_ids == []


@pytest.mark.parametrize("name", having(Fault.THROTTLED))
def test_a_throttled_call_is_deferred_and_tells_for_how_long(harness, traits, provider, connection, few):
    harness.fake.faults.next(Fault.THROTTLED)
    parcels, numbered = packed(provider, few), calls()

    answer = connection.send(parcels, call=next(numbered))

    assert ids(answer.outcomes) == ids(few)
    assert set(statuses(answer)) == {Status.DEFERRED}
    assert answer.signal == Signal.THROTTLED
    assert answer.wait is None if traits.wait is None else traits.wait[0] <= answer.wait <= traits.wait[1]
    assert harness.fake.book.message_ids == []
    assert handed_over(connection.send(parcels, call=next(numbered))) == ids(few)


@pytest.mark.parametrize("name", having(Fault.THROTTLED_UNTOLD))
def test_a_throttled_call_is_deferred_also_where_nobody_says_for_how_long(harness, provider, connection, few):
    harness.fake.faults.next(Fault.THROTTLED_UNTOLD)

    answer = connection.send(packed(provider, few), call=next(calls()))

    assert set(statuses(answer)) == {Status.DEFERRED}
    assert answer.signal == Signal.THROTTLED
    assert harness.fake.book.message_ids == []


@pytest.mark.parametrize("name", having(Fault.FAILING))
def test_a_fault_of_theirs_is_deferred_or_unknown_as_the_provider_promises(harness, traits, provider, connection, few):
    harness.fake.faults.next(Fault.FAILING)

    answer = connection.send(packed(provider, few), call=next(calls()))

    assert ids(answer.outcomes) == ids(few)
    assert set(statuses(answer)) == {traits.failed}
    assert answer.signal == Signal.FAILING
    assert harness.fake.book.message_ids == []


@pytest.mark.parametrize("name", with_trait(lambda traits: traits.is_remote))
def test_a_call_for_which_no_connection_stands_is_deferred(harness, few):
    provider = harness.provider(url=nowhere(), timeout=60.0)
    connection = provider.connect()

    answer = connection.send(packed(provider, few), call=next(calls()))

    connection.close()
    assert ids(answer.outcomes) == ids(few)
    assert set(statuses(answer)) == {Status.DEFERRED}
    assert answer.signal == Signal.FAILING
    assert harness.fake.book.message_ids == []


@pytest.mark.parametrize(
    ("name", "fault"), [(name, fault) for fault in (Fault.LOST, Fault.CUT_OFF) for name in having(fault)]
)
def test_a_call_cut_off_after_it_was_sent_is_unknown_unless_it_may_be_made_again(
    harness, traits, provider, connection, few, fault
):
    harness.fake.faults.next(fault)

    answer = connection.send(packed(provider, few), call=next(calls()))

    assert ids(answer.outcomes) == ids(few)
    assert set(statuses(answer)) == {Status.DEFERRED if traits.is_keyed else Status.UNKNOWN}
    assert answer.signal == Signal.FAILING


@pytest.mark.parametrize("name", having(Fault.SLOW))
def test_a_call_that_is_not_answered_in_time_is_unknown_unless_it_may_be_made_again(harness, traits, few):
    harness.fake.faults.next(Fault.SLOW)
    provider = harness.made(timeout=1.0)
    connection = provider.connect()

    answer = connection.send(packed(provider, few), call=next(calls()))

    connection.close()
    assert ids(answer.outcomes) == ids(few)
    assert set(statuses(answer)) == {Status.DEFERRED if traits.is_keyed else Status.UNKNOWN}


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        (name, fault)
        for fault in (Fault.LOST, Fault.CUT_OFF)
        for name in having(fault)
        if modules()[name].TRAITS.is_keyed
    ],
)
def test_where_a_call_may_be_made_again_nobody_is_mailed_twice(harness, provider, connection, few, fault):
    harness.fake.faults.next(fault)
    parcels, numbered = packed(provider, few), calls()
    connection.send(parcels, call=next(numbered))

    answer = connection.send(parcels, call=next(numbered))

    assert handed_over(answer) == harness.fake.book.message_ids == ids(few)


@pytest.mark.parametrize(
    ("name", "fault"), [(name, fault) for fault in (Fault.LOST, Fault.CUT_OFF) for name in having(fault)]
)
def test_a_look_up_after_a_cut_says_what_became_of_each_or_that_nobody_knows(
    harness, traits, provider, connection, few, fault
):
    harness.fake.faults.next(fault)
    numbered = calls()
    made = next(numbered)
    connection.send(packed(provider, few), call=made)

    found = connection.lookup(ids(few), call=made)

    told = Status.HANDED_OVER if fault == Fault.CUT_OFF else Status.DEFERRED
    assert ids(found) == ids(few)
    assert {outcome.status for outcome in found} == {told if traits.looks_up else Status.UNKNOWN}


@pytest.mark.parametrize("name", [n for n in having(Fault.EXPIRED) if modules()[n].TRAITS.renews])
def test_an_expired_credential_is_renewed_once_and_the_call_then_goes_through(harness, provider, connection, few):
    harness.fake.faults.next(Fault.EXPIRED)
    parcels, numbered = packed(provider, few), calls()

    answer = connection.send(parcels, call=next(numbered))
    assert set(statuses(answer)) == {Status.DEFERRED}
    assert answer.signal == Signal.EXPIRED
    assert harness.fake.book.message_ids == []

    connection.renew()
    assert handed_over(connection.send(parcels, call=next(numbered))) == harness.fake.book.message_ids == ids(few)
    assert harness.fake.renewals == 1


@pytest.mark.parametrize("name", [n for n in having(Fault.EXPIRED) if not modules()[n].TRAITS.renews])
def test_a_key_that_cannot_be_renewed_blocks_the_account_and_refuses_no_message(harness, provider, connection, few):
    harness.fake.faults.next(Fault.EXPIRED)

    answer = connection.send(packed(provider, few), call=next(calls()))

    assert set(statuses(answer)) == {Status.DEFERRED}
    assert answer.signal == Signal.BLOCKED
    assert harness.fake.book.message_ids == []
    with pytest.raises(DeliveryError):
        connection.renew()


@pytest.mark.parametrize("name", having(Fault.EMPTY))
def test_a_success_that_names_nothing_is_not_taken_for_one(harness, provider, connection, few):
    harness.fake.faults.next(Fault.EMPTY)

    answer = connection.send(packed(provider, few), call=next(calls()))

    assert ids(answer.outcomes) == ids(few)
    assert set(statuses(answer)) == {Status.UNKNOWN}
    assert all(outcome.reason for outcome in answer.outcomes)


@pytest.mark.parametrize("name", ALL)
def test_the_fake_refuses_one_message_more_than_was_published(harness, provider, connection):
    parcels = packed(provider, messages(provider.limits.messages + 1))

    answer = connection.send(parcels, call=next(calls()))

    assert ids(answer.outcomes) == ids(parcels)
    assert handed_over(answer) == harness.fake.book.message_ids == []


@pytest.mark.parametrize("name", ALL)
def test_no_message_above_the_published_bytes_can_be_handed_over(harness, provider, connection):
    large = message(0, html="<p>" + "x" * provider.limits.bytes + "</p>")

    parcels, refusal = packed_or_refused(provider, large)

    answer = connection.send(parcels, call=next(calls())) if parcels else None
    assert large.address not in refusal
    assert answer is None or statuses(answer) != [Status.HANDED_OVER]
    assert harness.fake.book.message_ids == []


@pytest.mark.parametrize("name", ALL)
def test_calls_as_full_as_the_limits_allow_are_never_refused(harness, provider, connection):
    """Of as many messages as fill a call by their number, and of as large ones as fill it by its bytes."""
    limits, numbered = provider.limits, calls()
    many = packed(provider, messages(limits.messages + 1))
    size = (limits.bytes - limits.envelope) // min(limits.messages, 4)
    large = [
        parcel for parcel in map(packable(provider, size), range(limits.messages + 1, limits.messages + 6)) if parcel
    ]

    for batch in [*calls_of(many, limits), *calls_of(large, limits)]:
        assert handed_over(connection.send(batch, call=next(numbered))) == ids(batch)

    assert harness.fake.book.message_ids == ids([*many, *large])


def packable(provider, size):
    """Makes a parcel of nearly `size` bytes, or null where the provider takes none so large."""

    def made(number):
        spare = len(provider.pack(message(number), at=AT).body)
        filler = "0123456789abcdef " * (max(0, size - spare) // 18)  # breaks of lines in a mail, or none, fit in it
        parcels, _ = packed_or_refused(provider, message(number, html=filler))
        return parcels[0] if parcels else None

    return made


@pytest.mark.parametrize("name", ALL)
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(parts=st.lists(st.text(max_size=40), min_size=1, max_size=4))
def test_whatever_the_bodies_hold_a_message_is_handed_over_or_refused_before_any_call(
    harness, provider, connection, parts
):
    book = harness.fake.book
    those = [message(SENT_BY_LAW + next(NUMBERS), html=f"<p>{part}</p>") for part in parts]

    for one, made in zip(those, CALLS_BY_LAW, strict=False):
        parcels, _ = packed_or_refused(provider, one)
        if parcels:
            before = len(book.entries)
            answer = connection.send(parcels, call=made)
            assert statuses(answer) == [Status.HANDED_OVER]
            assert book.message_ids[before:] == handed_over(answer) == [one.message_id]


@pytest.mark.parametrize("name", ALL)
def test_no_key_address_or_body_is_in_what_may_be_logged(harness, traits, provider, connection, few):
    kept = [*harness.secrets, "@mail.example", "Für dich", "Grüße", "token-"]
    refused = [harness.refused(message(99))]
    numbered = calls()
    seen = [repr(provider), str(provider), repr(connection), str(connection), repr(packed(provider, few))]

    for fault in sorted(traits.faults - {Fault.SLOW}):
        harness.fake.faults.next(fault)
        seen.append(repr(connection.send(packed(provider, few), call=next(numbered))))
    for those in (refused, few):
        with_it = provider.connect()
        answer = with_it.send(packed(provider, those), call=next(numbered))
        with_it.close()
        seen += [repr(answer), answer.said, *(outcome.reason or "" for outcome in answer.outcomes)]

    assert [(word, text) for text in seen for word in kept if word in text] == []


@pytest.mark.parametrize("name", ALL)
def test_a_provider_survives_pickling_and_hands_over_the_same(harness, provider, few):
    revived = pickle.loads(pickle.dumps(provider))
    connection = revived.connect()

    answer = connection.send(packed(provider, few), call=next(calls()))

    connection.close()
    assert (revived, revived.limits, packed(revived, few)) == (provider, provider.limits, packed(provider, few))
    assert handed_over(answer) == harness.fake.book.message_ids == ids(few)


@pytest.mark.parametrize("name", with_trait(lambda traits: traits.has_headers))
def test_a_subject_of_several_lines_adds_no_header(harness, provider, connection):
    hostile = message(1, subject=HOSTILE)
    connection.send(packed(provider, [message(0)]), call=next(calls()))
    (plain,) = harness.fake.book.entries

    parcels, refusal = packed_or_refused(provider, hostile)
    if parcels:
        connection.send(parcels, call=next(calls()))

    assert "everybody" not in refusal
    assert harness.fake.book.entries[-1].headers == plain.headers


@pytest.mark.parametrize("name", ALL)
def test_a_look_up_of_nothing_and_a_second_closing_do_no_harm(provider):
    connection = provider.connect()

    found = connection.lookup([], call=next(calls()))
    connection.close()
    connection.close()

    assert list(found) == []
    assert isinstance(provider.name, str)
    assert not isinstance(found, Outcome)
