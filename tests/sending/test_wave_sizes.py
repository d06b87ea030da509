"""A wave is as large as may be, and smaller where people's choices keep cutting waves off."""

from collections import Counter

import pytest

from lettermill.delivery.tally import Ending, Tally
from lettermill.sending.sender import LEAST, next_size

MOST = 100_000


@pytest.mark.parametrize(
    ("ending", "size", "ended", "then"),
    [
        pytest.param(Ending.DONE, MOST, MOST, MOST, id="nothing cut it off, and it is as large as may be"),
        pytest.param(Ending.DONE, 30_000, 30_000, 60_000, id="nothing cut it off: twice as large"),
        pytest.param(Ending.FENCED, MOST, 12_000, 24_000, id="cut off: twice what had passed"),
        pytest.param(Ending.FENCED, MOST, 0, 2 * LEAST, id="cut off at once"),
        pytest.param(Ending.FENCED, MOST, 90_000, MOST, id="cut off late"),
    ],
)
def test_the_next_wave_is_made_for_what_can_pass_before_somebody_chooses(ending, size, ended, then):
    tally = Tally(endings=Counter({ending: 1}))

    assert next_size(size, ended=ended, tally=tally, most=MOST) == then
