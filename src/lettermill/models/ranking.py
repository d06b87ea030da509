"""How good a ranking is: nDCG and recall over the first ten, with intervals over people.

Järvelin and Kekäläinen, "Cumulated gain-based evaluation of IR techniques", ACM TOIS 20(4), 2002, with binary gains;
intervals are percentiles of a bootstrap over people (Efron and Tibshirani, 1993).
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

K = 10
DISCOUNT = 1 / np.log2(np.arange(2, K + 2))
RESAMPLES = 1_000


@dataclass(frozen=True)
class Interval:
    """A mean with its 95 % bootstrap interval."""

    value: float
    low: float
    high: float


def top(scores: np.ndarray, k: int) -> np.ndarray:
    """Column numbers of the k highest scores of each row, best first; the lower number wins a tie.

    -inf means "not to be ranked": where fewer than k are left, the rest of the row is -1.
    """
    k = min(k, scores.shape[1])
    if k == 0:
        return np.empty((len(scores), 0), np.int64)
    least = np.partition(scores, -k, axis=1)[:, -k]
    best = np.full((len(scores), k), -1, np.int64)
    for row, (own, bound) in enumerate(zip(scores, least, strict=True)):
        reaching = np.flatnonzero((own >= bound) & (own > -np.inf))
        first = reaching[np.argsort(-own[reaching], kind="stable")][:k]
        best[row, : len(first)] = first
    return best


def ndcg(ranked: np.ndarray, relevant: np.ndarray) -> float:
    """Discounted gain of the first K of `ranked` over the best possible; nan where nothing is relevant."""
    if not len(relevant):
        return float("nan")
    hits = np.isin(ranked[:K], relevant)
    return float(DISCOUNT[: len(hits)] @ hits / DISCOUNT[: min(len(relevant), K)].sum())


def recall(ranked: np.ndarray, relevant: np.ndarray) -> float:
    """Share of `relevant` among the first K of `ranked`; nan where nothing is relevant."""
    if not len(relevant):
        return float("nan")
    return float(np.isin(ranked[:K], relevant).sum() / len(relevant))


def mean_with_interval(values: np.ndarray, *, seed: int, resamples: int = RESAMPLES) -> Interval:
    """Mean of one value per person, with the bootstrap interval; the same values and seed give the same interval."""
    drawn = np.random.default_rng(seed).integers(0, len(values), size=(resamples, len(values)))
    low, high = np.quantile(values[drawn].mean(axis=1), (0.025, 0.975))
    return Interval(float(values.mean()), float(low), float(high))


def summary(per_person: Mapping[str, tuple[np.ndarray, np.ndarray]], *, seed: int) -> dict[str, dict[str, object]]:
    """Sum up contender -> (nDCG, recall) of each person as plain values for a document."""
    return {
        contender: {
            "ndcg_at_10": vars(mean_with_interval(gains, seed=seed)),
            "recall_at_10": float(recalls.mean()),
        }
        for contender, (gains, recalls) in per_person.items()
    }
