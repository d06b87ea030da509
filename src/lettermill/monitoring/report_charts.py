"""The charts of the run report: from what a part holds to a picture with a title and a description in words."""

from collections.abc import Sequence

from lettermill.monitoring.charts import Bar, Dot, Interval, Line, bar_chart, interval_chart, line_chart, share_bar
from lettermill.monitoring.report import Flow, JobCost
from lettermill.monitoring.report_campaigns import Campaign
from lettermill.monitoring.report_models import Curves, Pair, Recommender, height_at
from lettermill.monitoring.wording import count, decimal, percent, seconds

SLATE_SOURCES = {
    "personal": ("Bought before by this person", "model"),
    "als": ("Liked by people with like baskets", "rule"),
    "popular": ("Popular with everybody", "plain"),
}
"""Where a product of a slate comes from -> (in words, style)."""


def flow(part: Flow) -> str:
    bars = [
        Bar(
            label=stage.label, value=stage.rows or 0, shown="not there yet" if stage.rows is None else count(stage.rows)
        )
        for stage in part.stages
    ]
    words = "; ".join(f"{bar.label}: {bar.shown}" for bar in bars)
    return bar_chart(bars, whole=part.widest, title=part.title, description=words)


def calibration(curves: Curves) -> str:
    most = max((one.people for one in curves.calibration), default=1) or 1
    dots = [
        Dot(
            one.predicted,
            one.observed,
            one.people / most,
            f"predicted {percent(one.predicted)}, happened to {percent(one.observed)} of {one.people:,} people",
        )
        for one in curves.calibration
    ]
    line = Line("Model", [(one.predicted, one.observed) for one in curves.calibration])
    return line_chart(
        [line],
        dots=dots,
        upto=curves.calibration_upto,
        diagonal="Perfect calibration",
        title="Calibration",
        description="; ".join(dot.words for dot in dots),
        x_label="Predicted probability",
        y_label="Share it happened to",
    )


def gain(curves: Curves) -> str:
    return _against_rule(
        curves.gain,
        diagonal="Contacting people at random",
        title="Gain",
        x_label="Share of people contacted, best first",
        y_label="Share found",
    )


def precision_recall(curves: Curves) -> str:
    return _against_rule(
        curves.precision_recall,
        diagonal="",
        title="Precision and recall",
        x_label="Recall: share of all found",
        y_label="Precision: share that is right",
    )


def _against_rule(pair: Pair, *, diagonal: str, title: str, x_label: str, y_label: str) -> str:
    lines = [Line("Rule", pair.rule, style="rule"), Line("Model", pair.model)]
    told = [
        f"at {percent(x, 0)}: model {percent(height_at(pair.model, x), 0)}, rule {percent(height_at(pair.rule, x), 0)}"
        for x in (0.1, 0.2, 0.5)
    ]
    return line_chart(
        lines, diagonal=diagonal, title=title, description="; ".join(told), x_label=x_label, y_label=y_label
    )


def areas(curves: Curves) -> str:
    """ROC-AUC of model and rule."""
    figures = [("Model", curves.roc_auc.model, "model"), ("Recency rule", curves.roc_auc.rule, "rule")]
    intervals = [Interval(label, one.value, one.low, one.high, one.shown, style) for label, one, style in figures]
    words = "; ".join(f"{one.label} {one.shown}" for one in intervals)
    return interval_chart(intervals, title="ROC-AUC with 95 % intervals", description=words)


def recommenders(compared: Sequence[Recommender], *, title: str) -> str:
    best = max(one.ndcg.value for one in compared)
    intervals = [
        Interval(
            one.title,
            one.ndcg.value,
            one.ndcg.low,
            one.ndcg.high,
            decimal(one.ndcg.value, 4),
            "model" if one.name == "mixed_slate" or one.ndcg.value == best else "plain",
        )
        for one in compared
    ]
    words = "; ".join(f"{one.title} {one.ndcg.shown}" for one in compared)
    return interval_chart(intervals, title=title, description=words, base=0)


def waterfall(campaign: Campaign) -> str:
    whole = campaign.audience
    bars = [Bar("Audience", whole, count(whole), style="plain")]
    for label, lost, left in campaign.losses:
        bars.append(Bar(label, lost, f"−{lost:,}" if lost else "0", start=left, style="out"))
    bars.append(Bar("Mailed", campaign.mailed, count(campaign.mailed), style="model"))
    words = "; ".join(f"{bar.label}: {bar.shown}" for bar in bars)
    return bar_chart(bars, whole=whole, title=f"Who gets {campaign.title}, and who does not", description=words)


def slate_parts(campaign: Campaign) -> tuple[Bar, ...]:
    """One bar per source of products, its value the share of all items shown."""
    whole = sum(campaign.sources.values()) or 1
    known = [name for name in SLATE_SOURCES if name in campaign.sources]
    parts = []
    for name in [*known, *sorted(set(campaign.sources) - set(SLATE_SOURCES))]:
        label, style = SLATE_SOURCES.get(name, (name, "plain"))
        items = campaign.sources[name]
        parts.append(Bar(label, items / whole, f"{percent(items / whole)} ({items:,})", style=style))
    return tuple(parts)


def slate(campaign: Campaign) -> str:
    parts = slate_parts(campaign)
    words = "; ".join(f"{part.label}: {part.shown}" for part in parts)
    return share_bar(parts, title="Products shown, by where they come from", description=words)


def costs(jobs: Sequence[JobCost]) -> str:
    bars = [
        Bar(job.job, job.core_seconds, seconds(job.core_seconds), style="out" if job.failed else "model")
        for job in jobs
    ]
    words = "; ".join(f"{bar.label}: {bar.shown}" for bar in bars)
    whole = max((job.core_seconds for job in jobs), default=0)
    return bar_chart(bars, whole=whole, title="Core-seconds by job", description=words)
