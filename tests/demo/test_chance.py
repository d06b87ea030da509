"""Draws, wordings and tiles: the small parts that the demo's files are made of."""

from io import BytesIO

import numpy as np
import pytest

pytest.importorskip("PIL", reason="the demo's images are drawn with Pillow")

from PIL import Image

from demo.canvas import SIZE
from demo.chance import between, chances, dealt, identifiers
from demo.departments import DEPARTMENTS
from demo.images import tiles
from demo.wording import readable, readable_size


def test_a_draw_depends_on_its_own_key_alone():
    keys = np.arange(1_000)

    alone = chances(7, "browsing", keys[500:], keys[500:] + 1)

    assert (chances(7, "browsing", keys, keys + 1)[500:] == alone).all()
    assert not (chances(8, "browsing", keys[500:], keys[500:] + 1) == alone).any()
    assert not (chances(7, "mail", keys[500:], keys[500:] + 1) == alone).any()


def test_draws_are_spread_evenly():
    drawn = between(0, 9, chances(7, "spread", np.arange(100_000)))

    assert np.bincount(drawn) == pytest.approx(np.full(10, 10_000), rel=0.05)


def test_identifiers_do_not_repeat():
    assert len(set(identifiers(7, "message", np.arange(100_000)))) == 100_000


def test_kinds_are_dealt_in_exact_shares_to_different_keys_and_each_at_least_once():
    keys = [str(key) for key in range(200)]

    many, few = (
        dealt(7, "fault", keys, {"typo": 0.05, "missing": 0.02}),
        dealt(7, "fault", keys[:3], {"a": 0.01, "b": 0.01}),
    )

    assert sorted(many.values()) == ["missing"] * 4 + ["typo"] * 10
    assert sorted(few.values()) == ["a", "b"]


@pytest.mark.parametrize(
    ("till", "words"),
    [
        ("APPLE SAUCE", "Apple Sauce"),
        ("FRZN MEAT/MEAT DINNERS", "Frozen Meat / Meat Dinners"),
        ("BREAD:ITALIAN/FRENCH", "Bread, Italian / French"),
        ("CANDY BARS (SINGLES)(INCLUDING", "Candy Bars"),
        ("DAIRY CASE 100% PURE JUICE - O", "Dairy Case 100% Pure Juice"),
    ],
)
def test_till_abbreviations_become_words(till, words):
    assert readable(till) == words


@pytest.mark.parametrize(
    ("till", "size"),
    [("50 OZ", "50 oz"), (".7 OZ", "0.7 oz"), ("1.00 OZ", "1 oz"), ("1/2 GAL", "1/2 gal"), ("971150  PK", None)],
)
def test_sizes_are_readable_or_left_out(till, size):
    assert readable_size(till) == size


def test_every_department_has_a_tile_of_its_own_name_and_size():
    drawn = tiles({department.name for department in DEPARTMENTS.values()})

    assert set(drawn) == {f"{department.slug}.png" for department in DEPARTMENTS.values()}
    assert {Image.open(BytesIO(content)).size for content in drawn.values()} == {(SIZE, SIZE)}
    assert max(len(content) for content in drawn.values()) < 40_000
