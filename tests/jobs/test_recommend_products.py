"""Recommending, from order lines to slates: each job twice, the second time without a trace."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from unittest.mock import Mock

import pytest
import recommend_products
import train_recommender
from pyspark.sql import functions as F

from lettermill import trials
from lettermill.errors import ModelError
from lettermill.job import Run
from lettermill.models.registry import Registry
from lettermill.settings import load
from lettermill.tables.models import RECOMMENDATIONS
from lettermill.tables.profiles import CONSENTS, IDENTITIES, PEOPLE
from lettermill.tables.quality import ORDER_LINES, PRODUCTS, REVIEWS

AS_OF = datetime(2018, 1, 1, tzinfo=UTC)
PRODUCT_IDS = [f"p{number:02}" for number in range(14)]


def order_lines():
    for who in range(12):
        for days in (70, 40, 10):  # before the cut-off of 1 December, twice, and after it
            at = AS_OF - timedelta(days=days, hours=who)
            for place, product_id in enumerate(PRODUCT_IDS, start=1):
                if (who + place + days) % 7:
                    yield {
                        "order_id": f"{who}/{days}", "line": place, "user_id": f"c{who}", "product_id": product_id,
                        "quantity": 1, "occurred_at": at, "available_at": at,
                    }  # fmt: skip


@pytest.fixture
def run(lake, given, tmp_path):
    lake.add(given(ORDER_LINES, *order_lines()), to=ORDER_LINES)
    lake.add(given(PRODUCTS, *({"product_id": p, "category": p[-1]} for p in PRODUCT_IDS)), to=PRODUCTS)
    known = ({"identifier_kind": "customer_id", "identifier": f"c{n}", "person_id": f"person{n}"} for n in range(12))
    lake.add(given(IDENTITIES, *known), to=IDENTITIES)
    lake.add(given(PEOPLE, *({"person_id": f"person{n}"} for n in range(13))), to=PEOPLE)
    settings = load("local")
    store = f"sqlite:///{tmp_path}/mlflow.db"
    mlflow = replace(settings.mlflow, tracking_uri=store, registry_uri=store, artifacts=str(tmp_path / "artifacts"))
    return lambda: Run(lake, replace(settings, mlflow=mlflow), AS_OF, "local", AS_OF)


def test_training_registers_once_and_slates_are_written_once_for_everyone(run, lake):
    with pytest.raises(ModelError, match="train_recommender"):
        recommend_products.main.work(run())

    training, again = run(), run()
    train_recommender.main.work(training)
    train_recommender.main.work(again)
    recommend_products.main.work(run())
    version = lake.version(RECOMMENDATIONS)
    recommend_products.main.work(run())

    assert training.counts == {"candidates": 14, "people_learnt_from": 12, "people_measured": 12}
    assert "nothing to do" in again.notes[0]
    mlflow = run().settings.mlflow
    registry = Registry(mlflow.tracking_uri, mlflow.registry_uri, mlflow.experiment, mlflow.artifacts)
    champion = registry.champion("recommender")
    document = registry.document(champion, "ranking.json")
    assert (champion.version, document["cut_off"][:10], document["until"][:10]) == ("1", "2017-12-01", "2018-01-01")
    assert lake.version(RECOMMENDATIONS) == version
    rows = lake.read(RECOMMENDATIONS).collect()
    products_of = {
        person: {row.product_id for row in rows if row.person_id == person} for person in {r.person_id for r in rows}
    }
    assert {person: len(products) for person, products in products_of.items()} == {f"person{n}": 12 for n in range(13)}
    assert {row.source for row in rows if row.person_id == "person12"} == {"popular"}


def test_a_trial_of_another_version_counts_no_order_that_a_review_holds_and_nobody_who_objects(
    run, lake, given, monkeypatch
):
    held = {"subject_kind": "order", "state": "open", "holds": True}
    lake.add(given(REVIEWS, *(held | {"subject_id": f"{who}/10"} for who in range(12))), to=REVIEWS)
    lake.create(RECOMMENDATIONS)
    objection = {"channel": "email", "topic": "all", "purpose": "profiling", "state": "denied", "said_by": "person"}
    when = {"changed_at": AS_OF - timedelta(days=1), "available_at": AS_OF - timedelta(days=1)}
    lake.add(given(CONSENTS, {"person_id": "person0"} | objection | when), to=CONSENTS)
    monkeypatch.setattr(trials, "_registry", Mock())
    filled = Mock()
    monkeypatch.setattr(trials, "slates_of", filled)

    trials.recommended_by(run(), "2")

    (_, bought, *_), _ = filled.call_args
    counted = bought.groupBy("person_id").agg(F.max("last_bought_at").alias("last")).collect()
    assert {row.person_id: (AS_OF.replace(tzinfo=None) - row["last"]).days for row in counted} == {
        f"person{who}": 40 for who in range(1, 12)
    }
