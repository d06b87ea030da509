"""One number, however it is written, is one identifier."""

import pytest

from lettermill.telephone_numbers import e164


@pytest.mark.parametrize(
    ("written", "region", "number"),
    [
        ("(212) 555-0123", "US", "+12125550123"),
        ("+1 212 555 0123", "AT", "+12125550123"),
        ("001 212 555 0123", "AT", "+12125550123"),
        ("0660 1234567", "AT", "+436601234567"),
        ("555-0123", "US", None),
        ("call me", "US", None),
        ("0660 1234567", "no country", None),
    ],
)
def test_a_number_is_read_as_its_country_writes_it(written, region, number):
    assert e164(written, region) == number
