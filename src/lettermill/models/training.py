"""Train the classifiers: learn from all months before the holdout, judge on it once, beside the recency rule."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import lightgbm
import numpy as np
import pandas as pd
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from lettermill.errors import ModelError
from lettermill.models.classifier_evaluation import Estimate, Judged, curves, evaluate, roc_auc
from lettermill.models.classifiers import Boosting, fit_rows, importance
from lettermill.models.examples import CutOffs, Outcome
from lettermill.models.scoring import predict
from lettermill.tables.features import BROWSING, ENGAGEMENT, PURCHASE

INVENTED_GAIN_BOUND = 0.01
"""ROC-AUC that browsing and engagement may add on the validation month. The demo invents both from past purchases, so
more than this would mean that the invention knows of purchases to come."""


@dataclass(frozen=True)
class Trained:
    """A fitted classifier and all that its run keeps."""

    outcome: Outcome
    booster: lightgbm.Booster
    figures: Mapping[str, Mapping[str, Estimate]]
    metrics: Mapping[str, float]
    documents: Mapping[str, Any]
    input_example: pd.DataFrame

    def summary(self) -> str:
        auc = self.figures["roc_auc"]
        return f"{self.outcome.name}: ROC-AUC {auc['model']}, recency rule {auc['rule'].value:.3f}"


def first_known(purchases: DataFrame, *, as_of: datetime) -> datetime:
    """When the first purchase known at `as_of` happened. Raises ModelError where there is none."""
    known = purchases.where((F.col("occurred_at") < F.lit(as_of)) & (F.col("available_at") <= F.lit(as_of)))
    first = known.agg(F.unix_seconds(F.min("occurred_at")).alias("seconds")).collect()[0]["seconds"]
    if first is None:
        raise ModelError(f"no purchase is known at {as_of}", mend="load orders first, or train at a later --as-of")
    return datetime.fromtimestamp(first, UTC)


def collected(examples: DataFrame, *, labels: tuple[str, ...]) -> pd.DataFrame:
    """Bring the examples to the driver in one fixed order; `as_of` becomes seconds since 1970."""
    seconds = F.unix_seconds("as_of").alias("as_of")
    rows = examples.select("person_id", seconds, *labels, *PURCHASE, *BROWSING, *ENGAGEMENT)
    return rows.toPandas().sort_values(["as_of", "person_id"], ignore_index=True)


def train(
    spark: SparkSession, rows: pd.DataFrame, *, outcome: Outcome, cut_offs: CutOffs, boosting: Boosting
) -> Trained:
    """Fit on the training months of `rows` (as `collected`), evaluate on the holdout month."""
    learned = _at(rows, *cut_offs.learnable(outcome, before=cut_offs.holdout))
    _require_both(learned, outcome)
    booster = fit_rows(spark, learned, label=outcome.name, features=PURCHASE, boosting=boosting)
    held_out = _at(rows, cut_offs.holdout)
    _require_both(held_out, outcome)
    judged = Judged(held_out[outcome.name].to_numpy(), predict(booster, held_out), recency(held_out, outcome))
    figures = evaluate(judged, seed=boosting.seed)
    drawn = curves(judged, figures, cut_off=cut_offs.holdout.isoformat(), label=outcome.describe())
    gained = invented_features_gain(spark, rows, outcome=outcome, cut_offs=cut_offs, boosting=boosting)
    return Trained(
        outcome=outcome,
        booster=booster,
        figures=figures,
        metrics=_flat(figures) | {"invented_features_gain": gained},
        documents={"curves.json": drawn, "importance.json": dict(importance(booster))},
        input_example=learned[list(PURCHASE)].head(5).astype("float64"),
    )


def recency(rows: pd.DataFrame, outcome: Outcome) -> np.ndarray:
    """The rule to beat: the longer ago the last order, the likelier no other comes."""
    days = rows["days_since_order"].to_numpy(dtype="float64")
    return -days if outcome.is_purchase else days


def invented_features_gain(
    spark: SparkSession, rows: pd.DataFrame, *, outcome: Outcome, cut_offs: CutOffs, boosting: Boosting
) -> float:
    """ROC-AUC that browsing and engagement add to purchases on the validation month, learned from those before it."""
    learned = _at(rows, *cut_offs.learnable(outcome, before=cut_offs.validation))
    judged = _at(rows, cut_offs.validation)
    scores = []
    for features in (PURCHASE, (*PURCHASE, *BROWSING, *ENGAGEMENT)):
        booster = fit_rows(spark, learned, label=outcome.name, features=features, boosting=boosting)
        scores.append(roc_auc(judged[outcome.name].to_numpy(), predict(booster, judged)))
    return scores[1] - scores[0]


def _require_both(rows: pd.DataFrame, outcome: Outcome) -> None:
    if rows[outcome.name].nunique() < 2:
        raise ModelError(
            f"of {len(rows)} people, all or none had {outcome.describe()}: {outcome.name} cannot be learned or judged",
            mend="train on more people or months",
        )


def _at(rows: pd.DataFrame, *moments: Any) -> pd.DataFrame:
    return rows[rows["as_of"].isin([int(moment.timestamp()) for moment in moments])]


def _flat(figures: Mapping[str, Mapping[str, Estimate]]) -> dict[str, float]:
    """Metrics as MLflow takes them: roc_auc, roc_auc_low, roc_auc_high, rule_roc_auc, ..."""
    return {
        f"{'rule_' if who == 'rule' else ''}{metric}{suffix}": value
        for metric, by_who in figures.items()
        for who, one in by_who.items()
        for suffix, value in (("", one.value), ("_low", one.low), ("_high", one.high))
    }
