"""From order lines to scores: features built, classifiers trained and registered, people scored; a rerun changes nothing."""

from argparse import Namespace
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import build_features
import numpy as np
import pytest
import score_people
import train_models

from lettermill.errors import ModelError
from lettermill.job import Run
from lettermill.models.registry import Registry
from lettermill.settings import load
from lettermill.settings_sections import MlflowSettings
from lettermill.tables import features, models, profiles, quality

AS_OF = datetime(2017, 5, 30, tzinfo=UTC)
FIRST = datetime(2017, 1, 1, 12, tzinfo=UTC)
PEOPLE = 40


@pytest.fixture(autouse=True)
def interpreted(spark):
    """A few rows are computed before code for them is compiled."""
    names = ("spark.sql.codegen.wholeStage", "spark.sql.codegen.factoryMode")
    standing = {name: spark.conf.get(name) for name in names}
    spark.conf.set(names[0], "false")
    spark.conf.set(names[1], "NO_CODEGEN")
    yield
    for name, value in standing.items():
        spark.conf.set(name, value)


@pytest.fixture
def settings(tmp_path):
    store = f"sqlite:///{tmp_path}/mlflow.db"
    return replace(load("local"), mlflow=MlflowSettings(store, store, "tests", str(tmp_path / "artifacts")))


@pytest.fixture
def shop(lake, given):
    """Five months of forty people who order every 3 to 31 days; every other one stops somewhere."""
    drawn = np.random.default_rng(5)
    lines = []
    for person in range(PEOPLE):
        ends = 149 if person % 2 else drawn.integers(40, 149)
        for day in range(person % 3, ends, 3 + person % 29):
            at = FIRST + timedelta(days=int(day))
            lines.append(
                {"order_id": f"{person}/{day}", "user_id": f"c{person}", "product_id": "milk", "amount": Decimal("5.00"),
                 "occurred_at": at, "available_at": at}
            )  # fmt: skip
    ids = [{"identifier_kind": "customer_id", "identifier": f"c{n}", "person_id": f"p{n}"} for n in range(PEOPLE)]
    lake.add(given(quality.ORDER_LINES, *lines), to=quality.ORDER_LINES)
    lake.add(given(quality.PRODUCTS, {"product_id": "milk", "valid_from": FIRST}), to=quality.PRODUCTS)
    lake.create(quality.EVENTS)
    lake.add(given(profiles.IDENTITIES, *ids), to=profiles.IDENTITIES)
    lake.add(given(profiles.PEOPLE, *({"person_id": f"p{n}"} for n in range(PEOPLE))), to=profiles.PEOPLE)
    return lake


def run(job, lake, settings, **arguments) -> Run:
    started = Run(lake, settings, AS_OF, "local", AS_OF, arguments=Namespace(**arguments))
    job.main.work(started)
    return started


def test_models_are_trained_once_and_score_everybody_the_same_on_a_rerun(shop, settings):
    registry = Registry(**vars(settings.mlflow))
    run(build_features, shop, settings)
    trained = run(train_models, shop, settings, prefix="")
    again = run(train_models, shop, settings, prefix="")
    run(score_people, shop, settings, models="churn,next_purchase")
    before = [shop.version(table) for table in (features.PEOPLE, models.SCORES)]
    run(build_features, shop, settings)
    scored = run(score_people, shop, settings, models="churn,next_purchase")

    assert [note.split(":")[0] for note in trained.notes] == ["churn", "next_purchase"]
    assert again.notes == [
        f"{name}: version 1 was trained from exactly this; not trained again" for name in ("churn", "next_purchase")
    ]
    champion = registry.champion("churn")
    assert champion.version == "1"
    assert {"roc_auc", "roc_auc_low", "rule_roc_auc", "pr_auc", "brier", "invented_features_gain"} <= set(
        champion.metrics
    )
    assert registry.document(champion, "curves.json")["cut_off"] == "2017-05-01T00:00:00+00:00"
    assert [shop.version(table) for table in (features.PEOPLE, models.SCORES)] == before
    assert scored.counts == {"scores": 2 * PEOPLE}


def test_scoring_without_features_or_a_champion_says_what_to_run_first(lake, settings, given):
    lake.create(features.PEOPLE)
    with pytest.raises(ModelError, match=r"no row for 2017-05-30(.|\n)*run build_features"):
        run(score_people, lake, settings, models="churn")

    lake.add(given(features.PEOPLE, {"as_of": AS_OF}), to=features.PEOPLE)
    with pytest.raises(ModelError, match=r"no champion of churn(.|\n)*run train_models"):
        run(score_people, lake, settings, models="churn")
