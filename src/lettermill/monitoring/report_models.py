"""What the report shows of models: of the documents that training leaves with a registered version.

`curves.json` holds label, cut_off, people, positives, roc_auc, pr_auc and brier ({model, rule}: {value, low,
high}; brier of the model alone),
calibration [{predicted, observed, people}], gain and precision_recall ({model, rule}: [[x, y], ...]).
`ranking.json` holds cut_off, until, people, candidates, all_items and new_items: source -> {ndcg_at_10, recall_at_10},
each a number or {value, low, high}.
"""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

SOURCES = {
    "mixed_slate": "Mixed slate, as mailed",
    "personal_frequency": "What the person buys most",
    "als": "ALS: people with like baskets",
    "recent_popularity": "Popular with everybody lately",
    "popularity": "Popular with everybody",
}
"""Recommenders that are compared, the suite's own first."""


@dataclass(frozen=True)
class Estimate:
    """A figure with the ends of its interval, which may be unknown."""

    value: float
    low: float | None = None
    high: float | None = None

    @property
    def shown(self) -> str:
        if self.low is None or self.high is None:
            return f"{self.value:.3f}"
        return f"{self.value:.3f} ({self.low:.3f} to {self.high:.3f})"


def apart(one: Estimate, other: Estimate) -> bool:
    """Whether two intervals are known and do not touch."""
    if one.low is None or one.high is None or other.low is None or other.high is None:
        return False
    return one.low > other.high or one.high < other.low


@dataclass(frozen=True)
class Contrast:
    """One figure of the model beside that of the simple rule it must beat."""

    model: Estimate
    rule: Estimate

    @property
    def standing(self) -> int:
        """1 where the model's interval lies above the rule's, -1 where below, 0 where they overlap or are unknown."""
        if not apart(self.model, self.rule):
            return 0
        return 1 if self.model.value > self.rule.value else -1

    @property
    def verdict(self) -> str:
        """The standing in words, which follow `the model`."""
        if self.standing:
            return f"{'beats' if self.standing > 0 else 'loses to'} the rule: the intervals do not touch"
        if self.model.value > self.rule.value:
            return "does better than the rule, but the intervals overlap"
        return "does no better than the rule"


Points = tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class Pair:
    """The same curve for the model and for the rule."""

    model: Points
    rule: Points


@dataclass(frozen=True)
class CalibrationBin:
    """People whose predicted probabilities are alike, and how many of them it happened to, as a share."""

    predicted: float
    observed: float
    people: int


@dataclass(frozen=True)
class Curves:
    """How well a model of probabilities did on people it had not seen."""

    label: str
    cut_off: str
    people: int
    positives: int
    roc_auc: Contrast
    pr_auc: Contrast
    brier: Estimate | None
    calibration: tuple[CalibrationBin, ...]
    gain: Pair
    precision_recall: Pair

    @property
    def base_rate(self) -> float:
        return self.positives / self.people if self.people else 0.0

    @property
    def calibration_upto(self) -> float:
        """The end of the calibration plot's axes: the next round share above all bins."""
        highest = max((max(one.predicted, one.observed) for one in self.calibration), default=1.0)
        return next((edge for edge in (0.05, 0.1, 0.2, 0.4, 0.6, 0.8) if highest <= edge), 1.0)


@dataclass(frozen=True)
class Recommender:
    """One way to pick ten products, and how well it foresaw what was bought next."""

    name: str
    title: str
    ndcg: Estimate
    recall: Estimate | None


@dataclass(frozen=True)
class Ranking:
    """Recommenders compared on all products, and on products new to the person."""

    version: str
    cut_off: str
    until: str
    people: int
    candidates: int | None
    all_items: tuple[Recommender, ...]
    new_items: tuple[Recommender, ...]

    @property
    def finding(self) -> str:
        """How the slate that is mailed stands beside the best of the others, on all products; empty if not measured."""
        slate = next((one for one in self.all_items if one.name == "mixed_slate"), None)
        others = [one for one in self.all_items if one is not slate]
        if slate is None or not others:
            return ""
        best = max(others, key=lambda one: one.ndcg.value)
        told = f"the best of the others, “{best.title}”, {best.ndcg.value:.3f}"
        touch = "do not touch" if apart(slate.ndcg, best.ndcg) else "overlap"
        return f"The mixed slate reaches {slate.ndcg.value:.3f}; {told}, and the intervals {touch}."


def curves(document: Mapping[str, Any]) -> Curves:
    """Of `curves.json`."""
    return Curves(
        label=str(document["label"]),
        cut_off=str(document["cut_off"]),
        people=int(document["people"]),
        positives=int(document["positives"]),
        roc_auc=_contrast(document["roc_auc"]),
        pr_auc=_contrast(document["pr_auc"]),
        brier=_estimate(document["brier"]["model"]) if "brier" in document else None,
        calibration=tuple(
            CalibrationBin(float(one["predicted"]), float(one["observed"]), int(one["people"]))
            for one in document["calibration"]
        ),
        gain=_pair(document["gain"]),
        precision_recall=_pair(document["precision_recall"]),
    )


def ranking(document: Mapping[str, Any], *, version: str) -> Ranking:
    """Of `ranking.json`; recommenders stand in the order of SOURCES, unknown ones after them."""
    candidates = document.get("candidates")
    return Ranking(
        version=version,
        cut_off=str(document["cut_off"]),
        until=str(document["until"]),
        people=int(document["people"]),
        candidates=candidates if isinstance(candidates, int) else None,
        all_items=_recommenders(document["all_items"]),
        new_items=_recommenders(document["new_items"]),
    )


def height_at(points: Sequence[tuple[float, float]], x: float) -> float | None:
    """The height of a curve at `x`, between points on a straight line; None without points."""
    if not points:
        return None
    place = bisect_left([point[0] for point in points], x)
    if place == 0:
        return points[0][1]
    if place == len(points):
        return points[-1][1]
    (x1, y1), (x2, y2) = points[place - 1], points[place]
    return y1 + (y2 - y1) * (x - x1) / (x2 - x1)


def _recommenders(figures: Mapping[str, Mapping[str, Any]]) -> tuple[Recommender, ...]:
    order = [name for name in SOURCES if name in figures] + sorted(set(figures) - set(SOURCES))
    return tuple(
        Recommender(
            name=name,
            title=SOURCES.get(name, name.replace("_", " ")),
            ndcg=_estimate(figures[name]["ndcg_at_10"]),
            recall=_estimate(figures[name]["recall_at_10"]) if "recall_at_10" in figures[name] else None,
        )
        for name in order
    )


def _estimate(figure: Any) -> Estimate:
    if isinstance(figure, Mapping):
        return Estimate(float(figure["value"]), figure.get("low"), figure.get("high"))
    return Estimate(float(figure))


def _contrast(figures: Mapping[str, Any]) -> Contrast:
    return Contrast(model=_estimate(figures["model"]), rule=_estimate(figures["rule"]))


def _pair(lines: Mapping[str, Sequence[Sequence[float]]]) -> Pair:
    model, rule = (
        tuple(sorted(((float(x), float(y)) for x, y in lines[name]), key=itemgetter(0))) for name in ("model", "rule")
    )
    return Pair(model=model, rule=rule)
