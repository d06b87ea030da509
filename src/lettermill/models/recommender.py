"""What a person may like but never bought: implicit ALS, fitted by Spark, kept and served as plain arrays.

Hu, Koren and Volinsky, "Collaborative filtering for implicit feedback datasets", ICDM 2008; regularisation grows with
the number of products a person bought, as in Spark's ALS.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pandas as pd
from pyspark.ml.recommendation import ALS
from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from lettermill.errors import ModelError
from lettermill.models.ranking import top

NAME = "recommender"
"""Under which the model is registered."""

SERVED = 12


@dataclass(frozen=True)
class Als:
    """Knobs of ALS. The defaults did best on new products of October and November 2017, each from what was before."""

    rank: int = 32
    regularisation: float = 0.05
    alpha: float = 1.0
    half_life_days: int = 90
    iterations: int = 10
    # Spark adds up partial sums in the order in which tasks end; only with two does the order not matter.
    blocks: int = 2


@dataclass(frozen=True, eq=False)
class Recommender:
    """Fitted factors. `products` are in order of their ids; row n of `factors` and `recent_people` is product n."""

    als: Als
    products: tuple[str, ...]
    factors: np.ndarray
    recent_people: np.ndarray
    person_ids: tuple[str, ...]
    person_factors: np.ndarray

    def predict(self, people: pd.DataFrame) -> pd.DataFrame:
        """Rank products for each `person_id`, as known when the model was fitted: columns person_id and items.

        People the model has never met get the popular ones.
        """
        place = {person_id: row for row, person_id in enumerate(self.person_ids)}
        rows = [place.get(person_id) for person_id in people["person_id"]]
        factors, popular = self.factors.astype(float), self.recent_people.astype(float)
        scores = [popular if row is None else rounded(factors @ self.person_factors[row]) for row in rows]
        ranked = [top(own[None, :], SERVED)[0] for own in scores]
        items = [[self.products[item] for item in own] for own in ranked]
        return pd.DataFrame({"person_id": list(people["person_id"]), "items": items})

    def factors_of(self, products: Sequence[str]) -> np.ndarray:
        """The factors of `products`, one row each; zeros for a product the model has never met."""
        place = {product_id: row for row, product_id in enumerate(self.products)}
        known = np.array([place.get(product_id, -1) for product_id in products], dtype=np.int64)
        return np.where((known >= 0)[:, None], self.factors[known], np.float32(0))


def fit(bought: DataFrame, candidates: pd.DataFrame, *, as_of: datetime, als: Als, seed: int) -> Recommender:
    """Fit ALS to `bought` (of `interactions`) over `candidates` (collected, with product_id and recent_people).

    The same rows and knobs give the same factors, bit by bit. Raises ModelError where there is nothing to learn from.
    """
    shelf = candidates.sort_values("product_id", ignore_index=True)
    if shelf.empty:
        raise ModelError(
            f"no product was bought by enough people before {as_of:%Y-%m-%d}, so there is nothing to recommend",
            mend="take in more orders, choose a later --as-of, or lower CandidateRule.least_people",
        )
    products = tuple(shelf["product_id"])
    numbered = weighted(bought, products, as_of=as_of, half_life_days=als.half_life_days)
    people = numbered.select("person_id").distinct()
    people = people.withColumn("person", F.row_number().over(Window.orderBy("person_id")) - 1)
    # One sorted partition: the order of ratings within a block is the order in which ALS adds them up.
    ratings = numbered.join(people, on="person_id", how="inner").select("person", "item", "weight")
    ratings = ratings.repartition(1).sortWithinPartitions("person", "item")
    spark_als = ALS(
        rank=als.rank, maxIter=als.iterations, regParam=als.regularisation, alpha=als.alpha, implicitPrefs=True,
        numUserBlocks=als.blocks, numItemBlocks=als.blocks, seed=seed, nonnegative=False,
        userCol="person", itemCol="item", ratingCol="weight",
    )  # fmt: skip
    model = spark_als.fit(ratings)
    person_ids = tuple(people.orderBy("person_id").toPandas()["person_id"])
    return Recommender(
        als=als,
        products=products,
        factors=_matrix(model.itemFactors, rows=len(products), rank=als.rank),
        recent_people=shelf["recent_people"].to_numpy(dtype=np.int64),
        person_ids=person_ids,
        person_factors=_matrix(model.userFactors, rows=len(person_ids), rank=als.rank),
    )


def weighted(bought: DataFrame, products: Sequence[str], *, as_of: datetime, half_life_days: int) -> DataFrame:
    """Number the products of `bought` by their place in `products`, and weigh each row by count and recency.

    Columns: person_id, item (int), orders, fresh_orders, weight (float). Other products are left out.
    """
    places = bought.sparkSession.createDataFrame(pd.DataFrame({"product_id": products, "item": range(len(products))}))
    age = (F.unix_micros(F.lit(as_of)) - F.unix_micros("last_bought_at")) / (86_400 * 1_000_000)
    weight = F.log2(F.col("orders") + 1) * F.pow(F.lit(0.5), age / half_life_days)
    return bought.join(F.broadcast(places), on="product_id", how="inner").select(
        "person_id",
        F.col("item").cast("int").alias("item"),
        "orders",
        "fresh_orders",
        weight.cast("float").alias("weight"),
    )


def folded_in(factors: np.ndarray, items: np.ndarray, weights: np.ndarray, *, gram: np.ndarray, als: Als) -> np.ndarray:
    """A person's factors from what they bought, by the half-step that ALS itself ends with.

    `gram` is factors.T @ factors. Zeros for a person who bought nothing.
    """
    if not len(items):
        return np.zeros(als.rank)
    own, confidence = factors[items], als.alpha * weights
    system = gram + (own.T * confidence) @ own + als.regularisation * len(items) * np.eye(als.rank)
    return np.linalg.solve(system, (1 + confidence) @ own)


def rounded(scores: np.ndarray) -> np.ndarray:
    """Scores to six decimals: matrix products differ in the last bits with the number of rows in a block."""
    return np.round(scores, 6) + 0.0  # no negative zeros


def _matrix(factors: DataFrame, *, rows: int, rank: int) -> np.ndarray:
    """Spark's id and features as one float32 matrix."""
    matrix = np.zeros((rows, rank), dtype=np.float32)
    collected = factors.toPandas()
    if len(collected):
        matrix[collected["id"].to_numpy()] = np.stack(list(collected["features"]))
    return matrix
