"""Classifiers: examples and labels, curves, fitting twice, and the same numbers with and without Spark."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given as for_all
from hypothesis import settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, roc_auc_score
from synapse.ml.lightgbm import LightGBMClassificationModel

from lettermill.errors import ModelError
from lettermill.models.classifier_evaluation import (
    Judged,
    average_precision,
    calibration,
    curves,
    evaluate,
    gain,
    precision_recall,
    roc_auc,
)
from lettermill.models.classifiers import Boosting, _vectors, fit_rows
from lettermill.models.examples import CHURN, NEXT_PURCHASE, cut_offs, examples
from lettermill.models.plots import figures
from lettermill.models.scoring import predict, scores
from lettermill.tables import features as feature_tables

CUT_OFF = datetime(2017, 6, 1, tzinfo=UTC)
AS_OF = datetime(2017, 7, 1, tzinfo=UTC)
FEW = Boosting(rounds=10, least_rows_in_leaf=5)


def month(number: int) -> datetime:
    return datetime(2017, number, 1, tzinfo=UTC)


def test_cut_offs_are_months_whose_outcomes_are_complete_before_the_holdout():
    found = cut_offs(as_of=datetime(2018, 1, 1, tzinfo=UTC), first_order_at=datetime(2017, 1, 1, 12, tzinfo=UTC))

    assert found.training == tuple(month(number) for number in range(3, 12))
    assert (found.holdout, found.validation) == (month(12), month(11))
    assert found.learnable(CHURN, before=found.validation) == tuple(month(number) for number in range(3, 11))


def test_a_holdout_whose_outcome_is_not_over_is_not_used():
    day_before = datetime(2017, 12, 28, 23, tzinfo=UTC)

    assert cut_offs(as_of=day_before, first_order_at=month(1)).holdout == month(11)
    assert cut_offs(as_of=day_before + timedelta(hours=1), first_order_at=month(1)).holdout == month(12)


def test_too_few_months_are_refused():
    with pytest.raises(ModelError, match="hold 1 months to learn from"):
        cut_offs(as_of=month(5), first_order_at=month(1))


def test_labels_look_at_the_days_from_the_cut_off_on_and_at_nothing_that_arrived_later(spark, given):
    day = timedelta(days=1)
    bought = {
        "before": [CUT_OFF - timedelta(seconds=1)], "at once": [CUT_OFF], "last moment": [CUT_OFF + 7 * day - timedelta(seconds=1)],
        "day 7": [CUT_OFF + 7 * day], "day 28": [CUT_OFF + 28 * day], "twice": [CUT_OFF + 20 * day, CUT_OFF + 3 * day],
    }  # fmt: skip
    rows = [(person, when, when) for person, instants in bought.items() for when in instants]
    rows.append(("arrived too late", CUT_OFF + day, AS_OF + day))
    rows.append(("never bought before", CUT_OFF + day, CUT_OFF + day))
    purchases = spark.createDataFrame(rows, "person_id string, occurred_at timestamp, available_at timestamp")
    people = sorted({person for person, _, _ in rows})
    known = given(
        feature_tables.PEOPLE,
        *({"person_id": person, "as_of": CUT_OFF, "orders_all": int("never" not in person)} for person in people),
    )

    labelled = examples(known, purchases, as_of=AS_OF)

    found = {row["person_id"]: (row["churn"], row["next_purchase"]) for row in labelled.collect()}
    assert found == {
        "before": (1, 0), "at once": (0, 1), "last moment": (0, 1), "day 7": (0, 0), "day 28": (1, 0),
        "twice": (0, 1), "arrived too late": (1, 0),
    }  # fmt: skip


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    drawn = np.random.default_rng(3)
    table = pd.DataFrame({"orders_28d": drawn.poisson(3, 300), "overdue": drawn.exponential(1.0, 300)})
    table.loc[::17, "overdue"] = np.nan
    table["churn"] = (table["overdue"].fillna(2) + drawn.normal(0, 0.5, 300) > table["orders_28d"] / 2).astype(int)
    return table


@pytest.fixture(scope="module")
def booster(spark, rows):
    return fit_rows(spark, rows, label="churn", features=("orders_28d", "overdue"), boosting=FEW)


def test_fitting_twice_gives_the_same_model(spark, rows, booster):
    again = fit_rows(spark, rows, label="churn", features=("orders_28d", "overdue"), boosting=FEW)

    assert again.model_to_string() == booster.model_to_string()


def test_the_booster_predicts_what_spark_predicts(spark, rows, booster):
    names = ("orders_28d", "overdue")
    on_spark = LightGBMClassificationModel.loadNativeModelFromString(booster.model_to_string())
    on_spark.setFeaturesCol("features").setProbabilityCol("probability").setRawPredictionCol("raw")
    found = on_spark.transform(_vectors(spark, rows, label="churn", features=names)).select("probability").collect()

    assert np.allclose([row["probability"][1] for row in found], predict(booster, rows), rtol=0, atol=1e-12)


def test_scores_are_the_boosters_for_everybody_who_purchased(given, rows, booster):
    people = [
        {"person_id": f"p{place:03}", "as_of": CUT_OFF, "orders_all": place % 2, "orders_28d": int(row.orders_28d),
         "overdue": None if np.isnan(row.overdue) else row.overdue}
        for place, row in enumerate(rows.head(20).itertuples())
    ]  # fmt: skip
    scored = scores(given(feature_tables.PEOPLE, *people), model="churn", booster=booster, model_version="3")

    found = [tuple(row) for row in scored.orderBy("person_id").collect()]
    expected = predict(booster, rows.head(20))
    assert found == [
        (f"p{place:03}", "churn", CUT_OFF.replace(tzinfo=None), expected[place], "3") for place in range(1, 20, 2)
    ]


OUTCOMES = np.array([0, 0, 1, 0, 1, 1])
RISING = np.array([0.1, 0.2, 0.3, 0.3, 0.8, 0.9])


def test_curves_of_six_people():
    points = dict(gain(OUTCOMES, RISING))

    assert [points[share] for share in (0.0, 0.5, 1.0)] == pytest.approx(
        [0.0, 5 / 6, 1.0]
    )  # the tied pair holds one event
    assert precision_recall(OUTCOMES, RISING) == [
        [1 / 3, 1.0], [2 / 3, 1.0], [1.0, 0.75], [1.0, 0.6], [1.0, 0.5],
    ]  # fmt: skip
    assert [group["people"] for group in calibration(OUTCOMES, RISING)] == [1] * 6


@for_all(st.lists(st.tuples(st.booleans(), st.floats(0, 1)), min_size=4, max_size=40))
@settings(max_examples=50, deadline=None)
def test_a_gain_curve_rises_from_nothing_to_all(people):
    outcomes = np.array([1, *(int(is_one) for is_one, _ in people)])
    points = gain(outcomes, np.array([0.5, *(score for _, score in people)]))

    assert points[0] == [0.0, 0.0]
    assert points[-1] == [1.0, 1.0]
    assert all(before[1] <= after[1] + 1e-12 for before, after in pairwise(points))


@for_all(st.lists(st.tuples(st.booleans(), st.integers(0, 5)), min_size=2, max_size=40))
@settings(max_examples=50, deadline=None)
def test_the_metrics_are_those_of_scikit_learn(people):
    outcomes = np.array([0, 1, *(int(is_one) for is_one, _ in people)])
    ranked = np.array([2, 3, *(score for _, score in people)])

    assert roc_auc(outcomes, ranked) == pytest.approx(roc_auc_score(outcomes, ranked))
    assert average_precision(outcomes, ranked) == pytest.approx(average_precision_score(outcomes, ranked))


def test_the_document_has_what_a_report_draws_and_is_the_same_on_a_rerun(rows):
    outcomes = rows["churn"].to_numpy()
    judged = Judged(outcomes, 1 / (1 + np.exp(-rows["overdue"].fillna(0).to_numpy())), -rows["orders_28d"].to_numpy())
    document = curves(judged, evaluate(judged, seed=7), cut_off="2017-12-01T00:00:00+00:00", label=CHURN.describe())

    assert document == curves(judged, evaluate(judged, seed=7), cut_off=document["cut_off"], label=document["label"])
    assert set(document) == {
        "label", "cut_off", "people", "positives", "roc_auc", "pr_auc", "brier", "calibration", "gain", "precision_recall",
    }  # fmt: skip
    auc = document["roc_auc"]["model"]
    assert auc["low"] < auc["value"] < auc["high"]
    assert sorted(figures(document)) == ["calibration", "gain", "precision_recall"]


def test_outcomes_say_what_they_mean():
    assert (CHURN.describe(), NEXT_PURCHASE.describe()) == ("no purchase within 28 days", "a purchase within 7 days")
