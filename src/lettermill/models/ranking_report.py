"""How the recommender did against the rules it must beat: on all products, and on those new to the person."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa  # type: ignore[import-untyped]
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lettermill.errors import ModelError
from lettermill.models.contenders import (
    Block,
    Shelf,
    als,
    blocks,
    histories,
    mixed,
    personal_frequency,
    popularity,
    recent_popularity,
)
from lettermill.models.ranking import K, ndcg, recall, summary, top
from lettermill.models.slates import SlateRule, chosen

MEASURED = "person_id string, scope string, contender string, ndcg double, recall double"
ALL_ITEMS, NEW_ITEMS = "all_items", "new_items"
CONTENDERS = {
    ALL_ITEMS: ("popularity", "recent_popularity", "personal_frequency", "als", "mixed_slate"),
    NEW_ITEMS: ("popularity", "recent_popularity", "als"),
}
TITLES = {ALL_ITEMS: "All products", NEW_ITEMS: "Products new to the person"}
COLOURS = {
    "popularity": "#b9c2be",
    "recent_popularity": "#8b9691",
    "personal_frequency": "#5b8fb9",
    "als": "#e0a33e",
    "mixed_slate": "#1b6b43",
}


def measured(bought: DataFrame, purchases: DataFrame, *, shelf: Shelf, as_of: datetime, rule: SlateRule) -> DataFrame:
    """nDCG and recall of each contender for each person who bought a product of the shelf in the window.

    `bought` is what `interactions` returns at the cut-off `as_of`, `purchases` the truth of `purchases_between`.
    One row per person_id, scope (all_items or new_items) and contender. The slate is measured as it is mailed, but for
    availability, which is known for today alone.
    """
    spark = bought.sparkSession
    places = spark.createDataFrame(pd.DataFrame({"product_id": shelf.products, "item": range(len(shelf.products))}))
    relevant = (
        purchases.join(F.broadcast(places), on="product_id", how="inner")
        .groupBy("person_id")
        .agg(F.sort_array(F.collect_list("item")).alias("relevant"))
    )
    known = histories(bought, products=shelf.products, as_of=as_of, als=shelf.als)
    everything = replace(shelf, available=np.ones_like(shelf.available))
    return (
        relevant.join(known, on="person_id", how="left")
        .select("person_id", "bought", "relevant")
        .mapInArrow(partial(_measured, shelf=everything, rule=rule), MEASURED)
    )


def _measured(batches: Iterable[pa.RecordBatch], *, shelf: Shelf, rule: SlateRule) -> Iterator[pa.RecordBatch]:
    for block in blocks(batches, lists=("relevant",)):
        found = [
            (person_id, scope, contender, ndcg(own, truth), recall(own, truth))
            for scope, contender, ranked, relevant in _rankings(block, shelf, rule)
            for person_id, own, truth in zip(block.person_ids, ranked, relevant, strict=True)
            if len(truth)
        ]
        columns = list(zip(*found, strict=True)) or [()] * 5
        kinds = (pa.string(), pa.string(), pa.string(), pa.float64(), pa.float64())
        arrays = [pa.array(column, kind) for column, kind in zip(columns, kinds, strict=True)]
        yield pa.RecordBatch.from_arrays(arrays, names=["person_id", "scope", "contender", "ndcg", "recall"])


def _rankings(block: Block, shelf: Shelf, rule: SlateRule) -> Iterator[tuple[str, str, np.ndarray, list[np.ndarray]]]:
    """Scope, contender, the ranking of each person and what was relevant to them."""
    by_als = als(block, shelf)
    by_people, by_recent_people = popularity(block, shelf), recent_popularity(block, shelf)
    relevant = block.extras["relevant"]
    yield ALL_ITEMS, "popularity", top(by_people, K), relevant
    yield ALL_ITEMS, "recent_popularity", top(by_recent_people, K), relevant
    yield ALL_ITEMS, "personal_frequency", top(personal_frequency(block, shelf), K), relevant
    yield ALL_ITEMS, "als", top(by_als, K), relevant
    yield ALL_ITEMS, "mixed_slate", chosen(mixed(block, shelf, by_als=by_als), shelf=shelf, rule=rule), relevant
    own = block.dense(block.orders, shelf) > 0
    new = [truth[~own[row, truth]] for row, truth in enumerate(relevant)]
    yield NEW_ITEMS, "popularity", top(np.where(own, -np.inf, by_people), K), new
    yield NEW_ITEMS, "recent_popularity", top(np.where(own, -np.inf, by_recent_people), K), new
    yield NEW_ITEMS, "als", top(np.where(own, -np.inf, by_als), K), new


def ranking_document(
    per_person: pd.DataFrame, *, cut_off: datetime, until: datetime, candidates: int, seed: int
) -> dict[str, Any]:
    """Sum up collected rows of `measured` as `ranking.json`. Raises ModelError where nobody bought in the window."""
    if per_person.empty:
        raise ModelError(
            f"nobody bought a known product between {cut_off:%Y-%m-%d} and {until:%Y-%m-%d}",
            mend="choose an --as-of at least 28 days after the start of a month with orders",
        )
    people = {scope: per_person.loc[per_person["scope"] == scope, "person_id"].nunique() for scope in CONTENDERS}
    return {
        "cut_off": cut_off.isoformat(),
        "until": until.isoformat(),
        "people": people[ALL_ITEMS],
        "people_with_new_items": people[NEW_ITEMS],
        "candidates": candidates,
        **{scope: summary(_of_scope(per_person, scope), seed=seed) for scope in CONTENDERS},
    }


def _of_scope(per_person: pd.DataFrame, scope: str) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    # Sorted, so that the bootstrap draws the same people whatever the partitioning.
    rows = per_person[per_person["scope"] == scope].sort_values("person_id")
    by_contender = {name: rows[rows["contender"] == name] for name in CONTENDERS[scope]}
    return {name: (own["ndcg"].to_numpy(), own["recall"].to_numpy()) for name, own in by_contender.items() if len(own)}


def ranking_metrics(document: Mapping[str, Any]) -> dict[str, float]:
    """The document's figures as flat metrics: `mixed_slate_ndcg_at_10`, `new_items_als_recall_at_10`, ..."""
    metrics: dict[str, float] = {}
    for scope, prefix in ((ALL_ITEMS, ""), (NEW_ITEMS, "new_items_")):
        for contender, figures in document[scope].items():
            name = f"{prefix}{contender}_ndcg_at_10"
            metrics |= {
                name: figures["ndcg_at_10"]["value"],
                f"{prefix}{contender}_recall_at_10": figures["recall_at_10"],
            }
            metrics |= {f"{name}_{end}": figures["ndcg_at_10"][end] for end in ("low", "high")}
    return metrics


def ranking_figure(document: Mapping[str, Any]) -> Figure:
    """Draw nDCG@10 of the contenders with their intervals, all products beside new ones."""
    figure = Figure(figsize=(10, 3.6), layout="constrained")
    panels = figure.subplots(1, 2, width_ratios=[1, 1])
    for panel, scope in zip(panels, (ALL_ITEMS, NEW_ITEMS), strict=True):
        _draw(panel, document[scope], title=TITLES[scope])
    figure.suptitle(
        f"Who ranks best what people buy from {document['cut_off'][:10]} to {document['until'][:10]}?",
        x=0.01, ha="left", fontsize=13, fontweight="bold",
    )  # fmt: skip
    return figure


def _draw(panel: Axes, figures: Mapping[str, Any], *, title: str) -> None:
    gains = {name: figures[name]["ndcg_at_10"] for name in reversed(tuple(figures))}
    for place, (name, gain) in enumerate(gains.items()):
        reach = [[gain["value"] - gain["low"]], [gain["high"] - gain["value"]]]
        panel.barh(place, gain["value"], height=0.62, color=COLOURS[name])
        panel.errorbar(gain["value"], place, xerr=reach, color="#24302b", capsize=3, linewidth=1.2)
        panel.annotate(
            f"{gain['value']:.3f}", (gain["high"], place), xytext=(6, 0), textcoords="offset points", va="center"
        )
    panel.set_yticks(range(len(gains)), [name.replace("_", " ") for name in gains])
    panel.tick_params(axis="y", length=0)
    panel.set_xlim(0, max([gain["high"] for gain in gains.values()], default=1.0) * 1.18 or 1.0)
    panel.set_title(title, loc="left", fontsize=11)
    panel.set_xlabel("nDCG@10, mean over people with 95 % interval")
    panel.spines[["top", "right", "left"]].set_visible(False)
    panel.xaxis.grid(visible=True, color="#e3e8e5")
    panel.set_axisbelow(True)
