"""A person is found by any identifier, a telephone number in any spelling."""

import pytest

from lettermill.cli.person_found import identifiers_of, unknown_to_profiles
from lettermill.errors import ConfigError
from lettermill.tables.profiles import IDENTITIES


@pytest.fixture
def people(lake, given):
    hers = [("email", "ana@x.example"), ("phone", "+12125550123"), ("record", "hubspot_contacts/501")]
    rows = [{"person_id": "ana", "identifier_kind": kind, "identifier": value} for kind, value in hers]
    his = {"person_id": "ben", "identifier_kind": "phone", "identifier": "+436601234567"}
    lake.add(given(IDENTITIES, *rows, his), to=IDENTITIES)
    return hers


@pytest.mark.parametrize(
    "named", ["(212) 555-0123", "+1 212 555 0123", "hubspot_contacts/501", " Ana@X.example", "ana"]
)
def test_a_person_is_found_by_every_spelling_with_all_their_identifiers(named, people, lake):
    assert identifiers_of(lake, named, region="US") == ("ana", people)


def test_a_number_that_nobody_has_is_nobodys(people, lake):
    with pytest.raises(ConfigError, match="nobody has this identifier"):
        identifiers_of(lake, "0660 1234567", region="US")


def test_a_number_that_profiles_do_not_know_is_blocked_as_a_profile_would_have_it():
    assert unknown_to_profiles("phone", "(212) 555-0199", region="US") == [("phone", "+12125550199")]
    assert unknown_to_profiles("phone", "555", region="US") == [("phone", "555")]
    assert unknown_to_profiles("email", "ana@x.example", region="US") == [("email", "ana@x.example")]
