"""How well a classifier tells who will from who will not, beside the recency rule that it must beat."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.stats import rankdata

Metric = Callable[[np.ndarray, np.ndarray], float]
RESAMPLES = 1000
BINS = 10
POINTS = 100


@dataclass(frozen=True)
class Estimate:
    """A figure with its 95 % interval."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"

    def as_document(self) -> dict[str, float]:
        return {"value": self.value, "low": self.low, "high": self.high}


@dataclass(frozen=True)
class Judged:
    """Outcomes (0/1) of the people of one cut-off, the model's probabilities, and the rule's ranking score."""

    outcomes: np.ndarray
    model: np.ndarray
    rule: np.ndarray


def roc_auc(outcomes: np.ndarray, scores: np.ndarray) -> float:
    """Probability that someone with the event has the higher score (Mann & Whitney); a tie counts half."""
    events = int(outcomes.sum())
    above = rankdata(scores)[outcomes == 1].sum() - events * (events + 1) / 2
    return float(above / (events * (len(outcomes) - events)))


def average_precision(outcomes: np.ndarray, scores: np.ndarray) -> float:
    """Area under precision and recall, as steps at each distinct score."""
    contacted, found = _found(outcomes, scores)
    return float((np.diff(found) * found[1:] / contacted[1:]).sum() / outcomes.sum())


def brier(outcomes: np.ndarray, probabilities: np.ndarray) -> float:
    """Mean squared error of the probabilities."""
    return float(np.square(probabilities - outcomes).mean())


def estimate(metric: Metric, outcomes: np.ndarray, scores: np.ndarray, *, seed: int) -> Estimate:
    """The metric with a percentile bootstrap over people (Efron & Tibshirani 1993, ch. 13)."""
    draws = np.random.default_rng(seed)
    resampled: list[float] = []
    while len(resampled) < RESAMPLES:
        rows = draws.integers(0, len(outcomes), len(outcomes))
        if 0 < outcomes[rows].sum() < len(rows):  # a resample of one class has no ROC
            resampled.append(metric(outcomes[rows], scores[rows]))
    low, high = np.quantile(resampled, [0.025, 0.975])
    return Estimate(float(metric(outcomes, scores)), float(low), float(high))


def evaluate(judged: Judged, *, seed: int) -> dict[str, dict[str, Estimate]]:
    """metric -> who (model, rule) -> estimate. The rule ranks and gives no probability, so it has no Brier score."""
    both = {"model": judged.model, "rule": judged.rule}
    ranking: dict[str, Metric] = {"roc_auc": roc_auc, "pr_auc": average_precision}
    figures = {
        name: {who: estimate(metric, judged.outcomes, scores, seed=seed) for who, scores in both.items()}
        for name, metric in ranking.items()
    }
    return figures | {"brier": {"model": estimate(brier, judged.outcomes, judged.model, seed=seed)}}


def curves(judged: Judged, figures: dict[str, dict[str, Estimate]], *, cut_off: str, label: str) -> dict[str, Any]:
    """The JSON document a report draws from."""
    both = {"model": judged.model, "rule": judged.rule}
    return {
        "label": label,
        "cut_off": cut_off,
        "people": len(judged.outcomes),
        "positives": int(judged.outcomes.sum()),
        **{name: {who: one.as_document() for who, one in by_who.items()} for name, by_who in figures.items()},
        "calibration": calibration(judged.outcomes, judged.model),
        "gain": {who: gain(judged.outcomes, scores) for who, scores in both.items()},
        "precision_recall": {who: precision_recall(judged.outcomes, scores) for who, scores in both.items()},
    }


def calibration(outcomes: np.ndarray, probabilities: np.ndarray) -> list[dict[str, float]]:
    """Mean prediction and observed share in ten groups of equal size, from the least probable to the most."""
    order = np.argsort(probabilities, kind="stable")
    return [
        {
            "predicted": float(probabilities[group].mean()),
            "observed": float(outcomes[group].mean()),
            "people": len(group),
        }
        for group in np.array_split(order, BINS)
        if len(group)
    ]


def gain(outcomes: np.ndarray, scores: np.ndarray) -> list[list[float]]:
    """[share of people contacted, share of events found], best scores first; tied people are found evenly."""
    contacted, found = _found(outcomes, scores)
    wanted = np.linspace(0, len(outcomes), POINTS + 1)
    shares = np.interp(wanted, contacted, found) / max(outcomes.sum(), 1)
    return [[float(people / len(outcomes)), float(share)] for people, share in zip(wanted, shares, strict=True)]


def precision_recall(outcomes: np.ndarray, scores: np.ndarray) -> list[list[float]]:
    """[recall, precision] at up to a hundred thresholds, from the highest score down."""
    contacted, found = (axis[1:] for axis in _found(outcomes, scores))
    some = np.unique(np.linspace(0, len(found) - 1, POINTS).round().astype(int))
    return [[float(found[at] / max(outcomes.sum(), 1)), float(found[at] / contacted[at])] for at in some]


def _found(outcomes: np.ndarray, scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """People contacted and events found at each distinct score from the highest down, from zero on."""
    order = np.argsort(-scores, kind="stable")
    ends = np.flatnonzero(np.append(np.diff(scores[order]) != 0, True))
    return np.append(0, ends + 1), np.append(0, np.cumsum(outcomes[order])[ends])
