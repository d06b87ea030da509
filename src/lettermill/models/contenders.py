"""The ways to rank products for a person: popularity, personal frequency, ALS, and the mix that is mailed."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise

import numpy as np
import pandas as pd
import pyarrow as pa  # type: ignore[import-untyped]
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lettermill.models.recommender import Als, Recommender, folded_in, rounded, weighted

ROWS = 256
"""People scored at a time: a block of them over 16,000 products holds 33 MB a contender."""


@dataclass(frozen=True)
class Mix:
    """Weights of the mix beside fresh orders, which count 1; the best of a grid on October and November 2017."""

    als: float = 1.0
    popular: float = 1.0


@dataclass(frozen=True, eq=False)
class Shelf:
    """What workers score: products in order of their ids, with their factors, popularity, class and availability."""

    als: Als
    mix: Mix
    products: tuple[str, ...]
    categories: np.ndarray
    available: np.ndarray
    people: np.ndarray
    recent_people: np.ndarray
    factors: np.ndarray
    gram: np.ndarray


@dataclass(frozen=True, eq=False)
class Block:
    """Purchases of a few people, one entry per person and product; `row` is the person's place in the block."""

    person_ids: list[str]
    row: np.ndarray
    item: np.ndarray
    orders: np.ndarray
    fresh_orders: np.ndarray
    weight: np.ndarray
    extras: dict[str, list[np.ndarray]] = field(default_factory=dict)

    def dense(self, values: np.ndarray, shelf: Shelf) -> np.ndarray:
        """One row per person, one column per product of the shelf; 0 where the person bought none."""
        scores = np.zeros((len(self.person_ids), len(shelf.products)))
        scores[self.row, self.item] = values
        return scores


def shelf_of(recommender: Recommender, candidates: pd.DataFrame, *, mix: Mix) -> Shelf:
    """Put collected `candidates` (of `interactions`) on the shelf, with the factors the model has for them."""
    shelf = candidates.sort_values("product_id", ignore_index=True)
    products = tuple(shelf["product_id"])
    factors = recommender.factors_of(products).astype(np.float64)
    learnt = recommender.factors.astype(np.float64)
    return Shelf(
        als=recommender.als,
        mix=mix,
        products=products,
        categories=pd.factorize(shelf["category"])[0],
        available=shelf["is_available"].to_numpy(dtype=bool),
        people=shelf["people"].to_numpy(dtype=np.float64),
        recent_people=shelf["recent_people"].to_numpy(dtype=np.float64),
        factors=factors,
        gram=learnt.T @ learnt,
    )


def histories(bought: DataFrame, *, products: Sequence[str], as_of: datetime, als: Als) -> DataFrame:
    """One row per person_id that bought any of `products`: `bought`, an array sorted by the product's number."""
    numbered = weighted(bought, products, as_of=as_of, half_life_days=als.half_life_days)
    entry = F.struct("item", "orders", "fresh_orders", "weight")
    return numbered.groupBy("person_id").agg(F.sort_array(F.collect_list(entry)).alias("bought"))


def blocks(batches: Iterable[pa.RecordBatch], *, lists: Sequence[str] = ()) -> Iterator[Block]:
    """Cut batches of person_id, `bought` (null for no history) and further `lists` of numbers into blocks."""
    for batch in batches:
        for start in range(0, batch.num_rows, ROWS):
            part = batch.slice(start, ROWS)
            bought = part.column("bought")
            entries = bought.flatten()
            lengths = bought.value_lengths().fill_null(0).to_numpy(zero_copy_only=False)
            row = np.repeat(np.arange(part.num_rows), lengths)
            numbers = {name: entries.field(name).to_numpy(zero_copy_only=False) for name in _ENTRY}
            extras = {
                name: [np.array(one or [], dtype=np.int64) for one in part.column(name).to_pylist()] for name in lists
            }
            yield Block(part.column("person_id").to_pylist(), row, extras=extras, **numbers)


_ENTRY = ("item", "orders", "fresh_orders", "weight")


def popularity(block: Block, shelf: Shelf) -> np.ndarray:
    """People who ever bought the product, the same for everyone."""
    return np.tile(shelf.people, (len(block.person_ids), 1))


def recent_popularity(block: Block, shelf: Shelf) -> np.ndarray:
    """People who bought the product in the last weeks, the same for everyone."""
    return np.tile(shelf.recent_people, (len(block.person_ids), 1))


def personal_frequency(block: Block, shelf: Shelf) -> np.ndarray:
    """Orders of the person with the product; recent popularity decides between equals."""
    return block.dense(block.orders, shelf) + _share(shelf)


def als(block: Block, shelf: Shelf) -> np.ndarray:
    """The product of the factors, with the person's folded in from what they bought up to now."""
    ends = np.searchsorted(block.row, np.arange(len(block.person_ids) + 1))
    vectors = [
        folded_in(shelf.factors, block.item[a:b], block.weight[a:b].astype(float), gram=shelf.gram, als=shelf.als)
        for a, b in pairwise(ends)
    ]
    return rounded(np.stack(vectors) @ shelf.factors.T)


def mixed(block: Block, shelf: Shelf, *, by_als: np.ndarray) -> np.ndarray:
    """Orders by freshness, plus what ALS (already scored) and popularity expect, by the weights of the mix."""
    blend = block.dense(block.fresh_orders, shelf) + shelf.mix.als * by_als + shelf.mix.popular * _share(shelf)
    return rounded(blend)


def _share(shelf: Shelf) -> np.ndarray:
    """Recent popularity within [0, 1), so that it never outweighs an order."""
    return shelf.recent_people / (shelf.recent_people.max() + 1)
