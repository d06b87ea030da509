"""Plots of a classifier's curves, from the same document that the report draws from."""

from collections.abc import Mapping
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

MODEL, RULE, CHANCE = "#2a6f97", "#c8553d", "#9aa0a6"
COLOURS = {"model": MODEL, "rule": RULE}
NAMES = {"model": "model", "rule": "recency rule"}


def figures(curves: Mapping[str, Any]) -> dict[str, Figure]:
    """`calibration`, `gain` and `precision_recall`, by name."""
    return {"calibration": _calibration(curves), "gain": _gain(curves), "precision_recall": _precision_recall(curves)}


def _calibration(curves: Mapping[str, Any]) -> Figure:
    figure, axes = _axes(curves, across="predicted probability", up="observed share")
    axes.plot([0, 1], [0, 1], color=CHANCE, linestyle="--", linewidth=1, label="perfect")
    groups = curves["calibration"]
    predicted, observed = ([group[name] for group in groups] for name in ("predicted", "observed"))
    axes.plot(predicted, observed, color=MODEL, marker="o", label=f"{len(groups)} groups of equal size")
    axes.legend(frameon=False, loc="upper left")
    return figure


def _gain(curves: Mapping[str, Any]) -> Figure:
    figure, axes = _axes(curves, across="share of people contacted, best first", up="share of them found")
    axes.plot([0, 1], [0, 1], color=CHANCE, linestyle="--", linewidth=1, label="at random")
    _both(axes, curves, "gain", figure_of="roc_auc", title="ROC-AUC")
    axes.legend(frameon=False, loc="lower right")
    return figure


def _precision_recall(curves: Mapping[str, Any]) -> Figure:
    figure, axes = _axes(curves, across="recall", up="precision")
    share = curves["positives"] / max(curves["people"], 1)
    axes.axhline(share, color=CHANCE, linestyle="--", linewidth=1, label=f"at random {share:.2f}")
    _both(axes, curves, "precision_recall", figure_of="pr_auc", title="PR-AUC")
    axes.legend(frameon=False, loc="lower left")
    return figure


def _both(axes: Axes, curves: Mapping[str, Any], curve: str, *, figure_of: str, title: str) -> None:
    for who, points in curves[curve].items():
        across, up = zip(*points, strict=True)
        name = f"{NAMES[who]}, {title} {curves[figure_of][who]['value']:.3f}"
        axes.plot(across, up, color=COLOURS[who], linewidth=2, label=name)


def _axes(curves: Mapping[str, Any], *, across: str, up: str) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(6, 4.8), layout="constrained")
    axes = figure.subplots()
    axes.set_xlabel(across)
    axes.set_ylabel(up)
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1.02)
    axes.grid(color="#e8eaed", linewidth=0.8)
    axes.spines[["top", "right"]].set_visible(False)
    day = curves["cut_off"][:10]
    axes.set_title(f"{curves['label'].capitalize()}: {curves['people']:,} people at {day}", loc="left", fontsize=11)
    return figure, axes
