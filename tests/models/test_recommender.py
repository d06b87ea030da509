"""ALS: the same rows give the same factors, which say what like-minded people bought, without Spark."""

import pickle
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from lettermill.errors import ModelError
from lettermill.models.contenders import histories
from lettermill.models.recommender import Als, fit, folded_in

AS_OF = datetime(2017, 12, 1, tzinfo=UTC)
KNOBS = Als(rank=2, iterations=6, regularisation=0.1, alpha=10.0)
PRODUCTS = [f"p{number:02}" for number in range(12)]
KEPT = pd.DataFrame({"product_id": PRODUCTS, "recent_people": range(12)})


@pytest.fixture(scope="module")
def bought(spark):
    """Two tastes: even people buy the first six products but one each, odd people the last six."""
    rows = [
        (f"person{who:02}", product, 1 + (who + place) % 3, 1.0, AS_OF - timedelta(days=1 + (who * place) % 50))
        for who in range(16)
        for place, product in enumerate(PRODUCTS[6 * (who % 2) :][:6])
        if place != who // 2 % 6
    ]
    schema = "person_id string, product_id string, orders bigint, fresh_orders double, last_bought_at timestamp"
    return spark.createDataFrame(rows, schema).persist()


@pytest.fixture(scope="module")
def fitted(bought):
    return fit(bought, KEPT, as_of=AS_OF, als=KNOBS, seed=7)


def test_order_and_partitioning_of_the_rows_do_not_change_the_factors(bought, fitted):
    shuffled = fit(bought.orderBy("orders", "product_id").repartition(5), KEPT[::-1], as_of=AS_OF, als=KNOBS, seed=7)

    assert np.array_equal(shuffled.factors, fitted.factors)
    assert np.array_equal(shuffled.person_factors, fitted.person_factors)
    assert shuffled.person_ids == fitted.person_ids == tuple(f"person{who:02}" for who in range(16))


def test_folding_in_gives_the_factors_that_spark_ends_with(bought, fitted):
    factors = fitted.factors.astype(float)
    known = histories(bought, products=fitted.products, as_of=AS_OF, als=KNOBS).orderBy("person_id").collect()

    folded = [
        folded_in(
            factors, np.array([one["item"] for one in row["bought"]]),
            np.array([one["weight"] for one in row["bought"]]), gram=factors.T @ factors, als=KNOBS,
        )
        for row in known
    ]  # fmt: skip

    assert np.allclose(folded, fitted.person_factors, rtol=1e-3, atol=1e-4)


def test_the_product_that_like_minded_people_buy_comes_before_all_others(fitted):
    again = pickle.loads(pickle.dumps(fitted))

    served = again.predict(pd.DataFrame({"person_id": ["person00", "stranger"]}))

    first, stranger = served["items"]
    assert set(first[:6]) == set(PRODUCTS[:6])  # p00 too, which person00 alone of them never bought
    assert stranger == PRODUCTS[::-1]


def test_a_product_it_never_met_has_no_factors(fitted):
    factors = fitted.factors_of(["p03", "unheard of"])

    assert np.array_equal(factors, [fitted.factors[3], np.zeros(2)])


def test_without_candidates_training_stops_with_the_mend(bought):
    with pytest.raises(ModelError, match="nothing to recommend"):
        fit(bought, KEPT[:0], as_of=AS_OF, als=KNOBS, seed=7)
