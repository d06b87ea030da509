"""How rankings are measured: at the limits, between ties, and the same on every run."""

from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given as drawn
from hypothesis import strategies as st

from lettermill.models.ranking import K, mean_with_interval, ndcg, recall, top
from lettermill.models.windows import evaluation_window

ITEMS = np.arange(30)


def test_a_perfect_ranking_scores_one_and_a_useless_one_nothing():
    for relevant in (ITEMS[:1], ITEMS[:4], ITEMS[:25]):
        assert ndcg(ITEMS, relevant) == pytest.approx(1)
        assert ndcg(ITEMS[::-1], relevant[relevant < 20]) == 0
    assert recall(ITEMS, ITEMS[:4]) == 1
    assert recall(ITEMS, ITEMS[:20]) == 0.5
    assert np.isnan(ndcg(ITEMS, ITEMS[:0]))


def test_a_hit_counts_less_further_down():
    assert ndcg(np.array([7, 5, 3]), np.array([3])) == pytest.approx(1 / np.log2(4))
    assert ndcg(np.append(ITEMS[:K], 11), np.array([11])) == 0


@drawn(st.lists(st.lists(st.integers(0, 3), min_size=6, max_size=6), min_size=1, max_size=5), st.integers(1, 8))
def test_the_top_is_the_stable_sort_whatever_the_ties(rows, k):
    scores = np.array(rows, dtype=float)

    assert top(scores, k).tolist() == np.argsort(-scores, axis=1, kind="stable")[:, :k].tolist()


def test_what_must_not_be_ranked_is_not():
    assert top(np.array([[1.0, -np.inf, 2.0]]), 3).tolist() == [[2, 0, -1]]


def test_an_interval_holds_its_mean_and_repeats():
    values = np.random.default_rng(1).random(200)
    interval = mean_with_interval(values, seed=7)

    assert interval.low < interval.value < interval.high
    assert interval == mean_with_interval(values, seed=7)
    assert set(vars(mean_with_interval(np.ones(5), seed=7)).values()) == {1.0}


@pytest.mark.parametrize(
    ("as_of", "window"),
    [
        ((2018, 1, 1), ((2017, 12, 1), (2018, 1, 1))),
        ((2017, 12, 29), ((2017, 12, 1), (2017, 12, 29))),
        ((2017, 12, 28), ((2017, 11, 1), (2017, 12, 1))),
        ((2018, 3, 1), ((2018, 2, 1), (2018, 3, 1))),
    ],
)
def test_the_window_is_the_last_month_with_28_days_behind_it(as_of, window):
    start, until = (datetime(*day, tzinfo=UTC) for day in window)

    assert evaluation_window(datetime(*as_of, tzinfo=UTC)) == (start, until)
