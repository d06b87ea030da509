"""Charts: well-formed pictures that keep their place, and say in words what they show."""

from itertools import pairwise
from xml.etree import ElementTree

import pytest
from hypothesis import given as given_any
from hypothesis import strategies as st

from lettermill.monitoring.charts import (
    Bar,
    Dot,
    Interval,
    Line,
    bar_chart,
    interval_chart,
    line_chart,
    nice_ticks,
    share_bar,
    thinned,
)  # fmt: skip

HOSTILE = """Fish & <Chips> "today's" """
SHARES = st.floats(0, 1)


def parsed(svg):
    return ElementTree.fromstring(svg)


def percents(root, tag, attribute):
    return [float(one.get(attribute).rstrip("%")) for one in root.iter(tag) if one.get("class", "").startswith("bar")]


def test_words_are_escaped_and_the_picture_is_named_for_who_cannot_see_it():
    pictures = [
        bar_chart([Bar(HOSTILE, 1, HOSTILE)], whole=1, title=HOSTILE, description=HOSTILE),
        share_bar([Bar(HOSTILE, 1, HOSTILE)], title=HOSTILE, description=HOSTILE),
        interval_chart([Interval(HOSTILE, 0.5, None, None, HOSTILE)], title=HOSTILE, description=HOSTILE),
        line_chart([Line(HOSTILE, [(0, 0), (1, 1)])], dots=[Dot(0.5, 0.5, 1, HOSTILE)], diagonal=HOSTILE,
                   title=HOSTILE, description=HOSTILE, x_label=HOSTILE, y_label=HOSTILE),
    ]  # fmt: skip

    for root in map(parsed, pictures):
        assert root.get("role") == "img"
        assert root.get("aria-label") == f"{HOSTILE}. {HOSTILE}"


@given_any(st.lists(SHARES, min_size=1, max_size=6), st.floats(0.001, 1e6))
def test_bars_stay_within_the_width_whatever_their_values(values, whole):
    bars = [Bar("a", value * whole, "", start=(1 - value) * whole) for value in values]

    root = parsed(bar_chart(bars, whole=whole, title="", description=""))

    for start, length in zip(percents(root, "rect", "x"), percents(root, "rect", "width"), strict=True):
        assert start >= 0
        assert start + length <= 100.02


def test_a_bar_that_is_not_nothing_can_be_seen_and_one_of_nothing_cannot():
    root = parsed(bar_chart([Bar("one", 1, "1"), Bar("none", 0, "0")], whole=1e9, title="", description=""))

    assert [width > 0 for width in percents(root, "rect", "width")] == [True, False]


def test_bars_of_nothing_at_all_are_drawn_empty():
    root = parsed(bar_chart([Bar("none", 0, "0")], whole=0, title="", description=""))

    assert percents(root, "rect", "width") == [0]


@given_any(st.floats(0, 1e6), st.floats(0, 1e6))
def test_ticks_enclose_what_is_shown_evenly_and_are_few(one, other):
    low, high = sorted((one, other))
    ticks = nice_ticks(low, high)
    steps = [after - before for before, after in pairwise(ticks)]

    assert 2 <= len(ticks) <= 7
    assert ticks[0] <= low + 1e-6
    assert ticks[-1] >= high - 1e-6
    assert max(steps) == pytest.approx(min(steps), abs=1e-6)


@given_any(st.lists(st.tuples(SHARES, SHARES), min_size=1, max_size=2000))
def test_a_thinned_line_keeps_its_ends(points):
    kept = thinned(points)

    assert (kept[0], kept[-1]) == (points[0], points[-1])
    assert len(kept) <= 481
