"""Slates: for every person a ranked list of products, each with the source that proposed it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lettermill.models.contenders import Block, Shelf, als, blocks, histories, mixed
from lettermill.models.ranking import top

RANKED = "person_id string, rank int, product_id string, source string, score double"
SOURCES = ("popular", "als", "personal")
POPULAR, ALS, PERSONAL = range(3)


@dataclass(frozen=True)
class SlateRule:
    """How long a slate is, how many products of one category it may hold, and how many new ones ALS proposes."""

    size: int = 12
    most_per_category: int = 3
    als_proposes: int = 50


def slates(
    bought: DataFrame, people: DataFrame, *, shelf: Shelf, as_of: datetime, model_version: str, rule: SlateRule
) -> DataFrame:
    """Rows of models.recommendations: a slate for everyone in `people` (profiles.people).

    `bought` is what `interactions` returns at `as_of`. Only products that can be bought are shown. A person without
    purchases gets what is popular. A slate is shorter than `rule.size` only where the whole shelf is.
    """
    known = histories(bought, products=shelf.products, as_of=as_of, als=shelf.als)
    everyone = people.select("person_id").join(known, on="person_id", how="left")
    ranked = everyone.mapInArrow(partial(_ranked, shelf=shelf, rule=rule), RANKED)
    facts = bought.select("person_id", "product_id", "orders", "last_bought_at", "typical_gap_days")
    return ranked.join(facts, on=["person_id", "product_id"], how="left").select(
        "person_id",
        F.lit(as_of).alias("as_of"),
        "rank",
        "product_id",
        "source",
        "score",
        F.coalesce("orders", F.lit(0)).alias("times_bought"),
        "last_bought_at",
        "typical_gap_days",
        F.lit(model_version).alias("model_version"),
    )


def _ranked(batches: Iterable[pa.RecordBatch], *, shelf: Shelf, rule: SlateRule) -> Iterator[pa.RecordBatch]:
    for block in blocks(batches):
        by_als = als(block, shelf)
        by_mix = mixed(block, shelf, by_als=by_als)
        by_mix[:, ~shelf.available] = -np.inf
        slated = chosen(by_mix, shelf=shelf, rule=rule)
        person, place = np.nonzero(slated >= 0)
        items = slated[person, place]
        yield pa.RecordBatch.from_pydict(
            {
                "person_id": pa.array([block.person_ids[row] for row in person], pa.string()),
                "rank": pa.array(place + 1, pa.int32()),
                "product_id": pa.array([shelf.products[item] for item in items], pa.string()),
                "source": pa.array(
                    [SOURCES[one] for one in _sources(block, shelf, by_als, rule)[person, items]], pa.string()
                ),
                "score": pa.array(by_mix[person, items], pa.float64()),
            }
        )


def chosen(scores: np.ndarray, *, shelf: Shelf, rule: SlateRule) -> np.ndarray:
    """Item numbers of each row's slate, best first: the highest scores, with few of one category.

    Where the cap leaves places empty, the best of those it held back fill them. -1 where the shelf is used up.
    """
    slated = np.full((len(scores), rule.size), -1, np.int64)
    for row, ranked in enumerate(top(scores, rule.size * 10)):
        within, beyond = _capped(ranked[ranked >= 0], shelf=shelf, rule=rule)
        if len(within) < rule.size and len(beyond):  # one category holds the whole top: look at everything
            everything = top(scores[[row]], scores.shape[1])[0]
            within, beyond = _capped(everything[everything >= 0], shelf=shelf, rule=rule)
        picked = np.array(within + beyond[: rule.size - len(within)], dtype=np.int64)
        order = np.lexsort((picked, -scores[row, picked]))
        slated[row, : len(picked)] = picked[order]
    return slated


def _capped(ranked: np.ndarray, *, shelf: Shelf, rule: SlateRule) -> tuple[list[int], list[int]]:
    """The first `size` of `ranked` within the category cap, and those before them that it held back."""
    within: list[int] = []
    beyond: list[int] = []
    taken: dict[int, int] = {}
    for item in ranked.tolist():
        if len(within) == rule.size:
            break
        category = int(shelf.categories[item])
        taken[category] = taken.get(category, 0) + 1
        (within if taken[category] <= rule.most_per_category else beyond).append(item)
    return within, beyond


def _sources(block: Block, shelf: Shelf, by_als: np.ndarray, rule: SlateRule) -> np.ndarray:
    """Which of SOURCES proposed each product first: own purchases, then ALS's best new ones, else popularity."""
    sources = np.full(by_als.shape, POPULAR, dtype=np.int8)
    own = block.dense(block.orders, shelf) > 0
    # ALS proposes nothing for a person it knows nothing of, nor a product it has never met.
    new = np.where(own | ~shelf.available | (by_als <= 0), -np.inf, by_als)
    proposed = top(new, rule.als_proposes)
    rows, places = np.nonzero(proposed >= 0)
    sources[rows, proposed[rows, places]] = ALS
    sources[own] = PERSONAL
    return sources
