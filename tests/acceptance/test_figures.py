"""The figures of the full data, from the demo's own tables and MLflow. Needs `make demo` to have run here."""

import pytest

from lettermill import tables
from lettermill.models.registry import Registry
from lettermill.models.training import INVENTED_GAIN_BOUND
from lettermill.settings import load, load_campaign
from tests.acceptance.conftest import ROOT, lake_of

pytestmark = [
    pytest.mark.acceptance,
    pytest.mark.skipif(not (ROOT / "var/mlflow.db").exists(), reason="run `make demo` first"),
]


@pytest.fixture
def champion():
    registry = Registry(**vars(load("local").mlflow))
    return registry.champion


def test_churn_reaches_its_mark_on_the_last_window_beside_the_recency_rule(champion):
    metrics = champion("churn").metrics

    assert metrics["roc_auc"] >= 0.87
    assert metrics["roc_auc"] > metrics["rule_roc_auc"]


def test_next_purchase_beats_the_recency_rule_by_three_hundredths(champion):
    metrics = champion("next_purchase").metrics

    assert metrics["roc_auc"] - metrics["rule_roc_auc"] >= 0.03


@pytest.mark.parametrize("model", ["churn", "next_purchase"])
def test_what_the_demo_invents_adds_no_more_than_stated(champion, model):
    assert champion(model).metrics["invented_features_gain"] <= INVENTED_GAIN_BOUND


def test_the_mixed_slate_is_no_worse_than_personal_frequency_and_als_beats_popularity_on_new_items(champion):
    metrics = champion("recommender").metrics

    assert metrics["mixed_slate_ndcg_at_10"] >= metrics["personal_frequency_ndcg_at_10"]
    assert metrics["new_items_als_ndcg_at_10"] > metrics["new_items_popularity_ndcg_at_10"]


@pytest.mark.parametrize("name", ["weekly_picks", "win_back"])
def test_everybody_who_may_be_mailed_is_rendered_or_listed_and_nobody_else_is_handed_over(spark, name):
    lake = lake_of(ROOT, spark)
    contexts = lake.read(load_campaign(name, folder=ROOT / "campaigns").contexts)
    audience = lake.read(tables.campaigns.AUDIENCES).where(f"campaign = '{name}'")
    rendered = lake.read(tables.rendering.MESSAGES).where(f"campaign = '{name}'")
    handed = lake.read(tables.delivery.OUTBOX).where(f"campaign = '{name}' AND state = 'handed_over'")

    mailed = {row.person_id for row in audience.where("verdict = 'mailed'").collect()}
    assert {row.person_id for row in contexts.collect()} == mailed
    assert {row.message_id for row in rendered.collect()} == {row.message_id for row in contexts.collect()}
    assert {row.person_id for row in handed.collect()} <= mailed
    held_out = lake.read(tables.campaigns.ASSIGNMENTS).where(f"experiment = '{name}' AND arm = 'holdout'")
    assert handed.join(held_out, on="person_id", how="left_semi").isEmpty()
