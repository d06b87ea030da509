"""Slates: everyone gets one, full, without repeats, with the right sources, whatever the order of the rows."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from lettermill.lake import conform
from lettermill.models.contenders import Mix, shelf_of
from lettermill.models.ranking_report import measured, ranking_document, ranking_figure, ranking_metrics
from lettermill.models.recommender import Als, Recommender
from lettermill.models.slates import SlateRule, chosen, slates
from lettermill.tables.models import RECOMMENDATIONS

AS_OF = datetime(2017, 12, 1, tzinfo=UTC)
PRODUCTS = tuple(f"p{number}" for number in range(8))
RULE = SlateRule(size=4, most_per_category=2, als_proposes=2)
KEPT = pd.DataFrame(
    {
        "product_id": PRODUCTS,
        "category": list("aabbcdef"),
        "is_available": [True] * 6 + [False, True],
        "people": [9, 8, 7, 6, 5, 4, 3, 2],
        "recent_people": [1, 1, 1, 1, 1, 1, 9, 5],
    }
)
# Two tastes: p0 to p3 lie on the first factor, p4 to p6 on the second; p7 is new to the model.
FACTORS = np.array([[1, 0], [0.9, 0], [0.8, 0], [0.7, 0], [0, 1], [0, 0.9], [0, 0.8], [0, 0]], dtype=np.float32)
MODEL = Recommender(Als(rank=2), PRODUCTS, FACTORS, np.ones(8), (), np.empty((0, 2)))
SHELF = shelf_of(MODEL, KEPT, mix=Mix())


@pytest.fixture(scope="module")
def bought(spark):
    day = timedelta(days=1)
    rows = [
        ("ada", "p0", 3, 2.5, AS_OF - day, 10.0),
        ("ada", "p1", 1, 0.5, AS_OF - 9 * day, None),
        ("ada", "delisted", 9, 9.0, AS_OF - day, 1.0),
        ("bob", "p6", 2, 2.0, AS_OF - day, 5.0),
    ]
    schema = (
        "person_id string, product_id string, orders bigint, fresh_orders double, last_bought_at timestamp, "
        "typical_gap_days double"
    )
    return spark.createDataFrame(rows, schema).persist()


@pytest.fixture(scope="module")
def people(spark):
    return spark.createDataFrame([("ada",), ("bob",), ("eve",)], "person_id string")


def slated(bought, people, rule=RULE):
    rows = slates(bought, people, shelf=SHELF, as_of=AS_OF, model_version="3", rule=rule)
    return sorted(conform(rows, RECOMMENDATIONS).collect())


def test_everyone_gets_a_full_slate_with_the_source_of_each_product(bought, people):
    found = [(row.person_id, row.rank, row.product_id, row.source, row.times_bought) for row in slated(bought, people)]

    assert found == [
        ("ada", 1, "p0", "personal", 3),
        ("ada", 2, "p1", "personal", 1),
        ("ada", 3, "p2", "als", 0),
        ("ada", 4, "p3", "als", 0),
        ("bob", 1, "p4", "als", 0),  # p6, which bob buys, is not available
        ("bob", 2, "p5", "als", 0),
        ("bob", 3, "p7", "popular", 0),
        ("bob", 4, "p0", "popular", 0),
        ("eve", 1, "p7", "popular", 0),
        ("eve", 2, "p0", "popular", 0),  # equals stand in the order of their ids
        ("eve", 3, "p1", "popular", 0),
        ("eve", 4, "p2", "popular", 0),
    ]


def test_order_and_partitioning_do_not_change_a_slate(bought, people):
    assert slated(bought.orderBy("orders").repartition(3), people.repartition(2)) == slated(bought, people)


def test_scores_fall_with_the_rank_and_facts_stand_beside_their_product(bought, people):
    ada = [row for row in slated(bought, people) if row.person_id == "ada"]

    assert [row.score for row in ada] == sorted((row.score for row in ada), reverse=True)
    assert [row.typical_gap_days for row in ada] == [10.0, None, None, None]
    assert [row.last_bought_at is None for row in ada] == [False, False, True, True]


@pytest.mark.parametrize(("size", "length"), [(1, 1), (4, 4), (8, 8), (12, 8)])
def test_a_slate_is_full_without_repeats_and_capped_while_other_categories_last(size, length):
    scores = np.array([[8.0, 7, 6, 5, 4, 3, 2, 1]])
    shelf = replace(SHELF, categories=np.array([0, 0, 0, 0, 0, 1, 2, 3]))

    slate = chosen(scores, shelf=shelf, rule=SlateRule(size=size, most_per_category=2))[0]

    picked = slate[slate >= 0].tolist()
    assert len(picked) == len(set(picked)) == length
    assert picked == sorted(picked)
    assert sum(item < 5 for item in picked) == max(min(2, size), length - 3)


def test_each_contender_is_measured_on_all_and_on_new_products(bought, spark):
    truth = [("ada", "p0"), ("ada", "p2"), ("bob", "p6"), ("eve", "p7"), ("eve", "delisted")]
    purchases = spark.createDataFrame(truth, "person_id string, product_id string")

    per_person = measured(bought, purchases, shelf=SHELF, as_of=AS_OF, rule=RULE).toPandas()

    gains = per_person.set_index(["scope", "contender", "person_id"])["ndcg"].round(3).to_dict()
    assert gains["all_items", "personal_frequency", "bob"] == gains["all_items", "mixed_slate", "bob"] == 1
    assert gains["new_items", "als", "ada"] == 1
    assert gains["new_items", "popularity", "eve"] == round(1 / np.log2(9), 3)
    assert ("new_items", "als", "bob") not in gains  # bob bought nothing new
    document = ranking_document(per_person, cut_off=AS_OF, until=AS_OF + timedelta(31), candidates=8, seed=7)
    assert (document["people"], document["people_with_new_items"], document["candidates"]) == (3, 2, 8)
    assert set(document["new_items"]) == {"popularity", "recent_popularity", "als"}
    assert ranking_metrics(document)["new_items_als_ndcg_at_10"] == document["new_items"]["als"]["ndcg_at_10"]["value"]
    assert len(ranking_figure(document).axes) == 2
