"""A balance that does not add up stops the job."""

import pytest

from lettermill.errors import BalanceError
from lettermill.quality.balance import Balance


def test_a_balance_that_adds_up_reads_as_a_sum():
    balance = Balance(table="quality.events", arrived=1_006, accepted=1_000, duplicates=4, refused=2)

    assert str(balance.require()) == "1,006 in = 1,000 accepted + 4 duplicates + 2 quarantined"


@pytest.mark.parametrize(("arrived", "words"), [(8, "1 unaccounted for"), (6, "1 too many")])
def test_a_balance_that_does_not_add_up_says_by_how_much(arrived, words):
    with pytest.raises(BalanceError, match=words):
        Balance(table="quality.events", arrived=arrived, accepted=4, duplicates=2, refused=1).require()
