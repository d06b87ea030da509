"""Test mode: marked messages, to allowed addresses alone, whoever packs or sends them."""

import pickle
from datetime import UTC, datetime

import pytest

from lettermill.delivery.provider import Call, Outcome, Signal, Status, Unpackable
from lettermill.delivery.providers.files.account import Account
from lettermill.delivery.providers.files.mails import FileProvider
from lettermill.delivery.test_mode import OFF_THE_LIST, AllowListed, marked, require_allowed
from lettermill.errors import DeliveryError
from tests.delivery.contract import message

AT = datetime(2018, 1, 1, tzinfo=UTC)
CALL = Call("spring.2018-01-01.00001", 1, 1)
SEED, STRANGER = message(0, address="ana@seeds.example"), message(1, address="ben@shop.example")


@pytest.fixture
def files(tmp_path):
    return FileProvider(Account(str(tmp_path / "files")), "files")


@pytest.fixture
def provider(files):
    return AllowListed(files, ("@seeds.example",))


def test_a_marked_message_to_an_allowed_address_goes_as_the_provider_takes_it(files, provider):
    parcel = provider.pack(marked(SEED), at=AT)
    connection = pickle.loads(pickle.dumps(provider)).connect()

    answer = connection.send([parcel], call=CALL)

    assert (provider.name, provider.limits) == (files.name, files.limits)
    assert parcel == files.pack(marked(SEED), at=AT)
    assert [outcome.status for outcome in answer.outcomes] == [Status.HANDED_OVER]
    assert connection.lookup([SEED.message_id], call=CALL) == list(answer.outcomes)
    connection.close()


@pytest.mark.parametrize(
    ("one", "reason"),
    [
        (marked(STRANGER), "not on the allow-list"),
        (marked(message(0, address="ana@seeds.example, ben@shop.example")), "not on the allow-list"),
        (SEED, "not marked"),
        (message(0, address="ana@seeds.example", mode="test"), "not marked"),
        (message(0, address="ana@seeds.example", subject="[TEST] x"), "not marked"),
    ],
)
def test_anything_else_cannot_be_packed_and_is_told_without_the_address(provider, one, reason):
    with pytest.raises(Unpackable, match=reason) as refusal:
        provider.pack(one, at=AT)

    assert one.address not in str(refusal.value)


def test_a_parcel_that_was_packed_elsewhere_takes_its_whole_call_with_it(files, provider, tmp_path):
    parcels = [files.pack(marked(one), at=AT) for one in (SEED, STRANGER)]

    answer = provider.connect().send(parcels, call=CALL)

    assert answer.outcomes == (
        Outcome(SEED.message_id, Status.DEFERRED, reason=OFF_THE_LIST),
        Outcome(STRANGER.message_id, Status.REJECTED, reason=OFF_THE_LIST),
    )
    assert (answer.signal, answer.said) == (Signal.BLOCKED, OFF_THE_LIST)
    assert not (tmp_path / "files").exists()


def test_before_anything_is_written_the_addresses_off_the_list_are_named(provider):
    require_allowed([SEED], allowed=provider.allowed)
    with pytest.raises(DeliveryError, match="does not mail ben@shop.example"):
        require_allowed([SEED, STRANGER], allowed=provider.allowed)
