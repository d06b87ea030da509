"""How long a provider asks to be left alone: seconds, or a date by its own clock, whatever it refuses with."""

import pytest

from lettermill.delivery.exchange import Reply
from lettermill.delivery.provider import Parcel, Signal
from lettermill.delivery.providers.braze.answers import Said
from lettermill.delivery.providers.braze.answers import refused as refused_by_braze
from lettermill.delivery.providers.hubspot.answers import refused as refused_by_hubspot
from lettermill.delivery.providers.sendgrid.answers import answer_of as answer_of_sendgrid
from lettermill.delivery.refusals import retry_after

DATE = {"date": "Wed, 01 May 2024 12:00:00 GMT"}
PARCELS = [Parcel("m1", "a@shop.example", b"{}")]


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "30"}, 30.0),
        ({"retry-after": "0"}, 0.0),
        ({"retry-after": "Wed, 01 May 2024 12:00:45 GMT", **DATE}, 45.0),
        ({"retry-after": "Wed, 01 May 2024 11:59:00 GMT", **DATE}, 0.0),
        ({"retry-after": "Wed, 01 May 2024 12:00:45 GMT"}, None),
        ({"retry-after": "Wed May  1 12:00:45 2024", **DATE}, 45.0),
        ({"retry-after": f"1 May {'9' * 30} 12:00:00 GMT", **DATE}, None),
        ({"retry-after": "soon", **DATE}, None),
        ({"retry-after": "-1"}, None),
        (DATE, None),
    ],
)
def test_retry_after_is_a_number_of_seconds_or_a_date_by_the_providers_clock(headers, seconds):
    assert retry_after(Reply(429, headers, b"")) == seconds


@pytest.mark.parametrize("status", [500, 503])
@pytest.mark.parametrize(
    "answer",
    [
        lambda reply: refused_by_braze(reply, PARCELS, said=Said("down", {}, ()), at=[("recipients", 0)]),
        lambda reply: refused_by_hubspot(reply, PARCELS, hidden=[]),
        lambda reply: answer_of_sendgrid(reply, PARCELS, hidden=[]),
    ],
    ids=["braze", "hubspot", "sendgrid"],
)
def test_a_provider_that_is_down_is_left_alone_for_as_long_as_it_asks(status, answer):
    found = answer(Reply(status, {"retry-after": "30"}, b""))

    assert (found.signal, found.wait) == (Signal.FAILING, 30.0)
