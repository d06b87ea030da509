"""The product catalogue: one row per product, with prices known from the first week that it was sold."""

import gzip
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from demo.chance import chances
from demo.departments import DEPARTMENTS
from demo.feed import WEEK_MS, YEAR_START_MS, money
from demo.wheel import Journey
from demo.wording import readable, readable_size

SHOP = "https://shop.example"
IMAGES = "https://images.shop.example"
COLUMNS = ["product_id", "name", "brand", "department", "category", "type", "package_size", "price", "list_price",
           "currency", "available", "url", "image"]  # fmt: skip
EXTRA_PRODUCTS = 500  # never bought by a sample of households, so that a slice has unsold products too
LEAST_PRICE_CENTS = 5  # fuel and coupons count in thousandths; below this the whole line is taken as the unit
FALLBACK_CENTS = 299


@dataclass(frozen=True)
class Catalogue:
    """`rows` has COLUMNS and, for other generators, `price_cents`, `is_shown` and `slug`."""

    rows: pd.DataFrame

    def shoppable(self, lines: pd.DataFrame) -> pd.DataFrame:
        """The paid lines of products that the web shop shows: what browsing may be drawn from."""
        shown = self.rows.loc[self.rows["is_shown"], "product_id"].astype("int64")
        return lines[lines["product_id"].isin(shown) & (lines["value_cents"] > 0)]

    def content(self) -> bytes:
        """The CSV as gzip."""
        text = self.rows[COLUMNS].to_csv(index=False, lineterminator="\n")
        return gzip.compress(text.encode(), compresslevel=5, mtime=0)


def catalogue(journey: Journey, *, whole: bool, seed: int) -> Catalogue:
    """All products of the wheel, or for a sample those it bought and some more."""
    sold = first_week_prices(journey.lines)
    rows = journey.products.merge(sold, on="product_id", how="left")
    rows = rows.assign(is_sold=rows["price_cents"].notna())
    if not whole:
        unsold = rows.loc[~rows["is_sold"], "product_id"].to_numpy()
        extra = unsold[np.argsort(chances(seed, "extra products", unsold), kind="stable")[:EXTRA_PRODUCTS]]
        rows = rows[rows["is_sold"] | rows["product_id"].isin(extra)].reset_index(drop=True)
    return Catalogue(rows.pipe(_described).pipe(_priced).pipe(_offered, seed=seed))


def first_week_prices(lines: pd.DataFrame) -> pd.DataFrame:
    """One row per product sold: median unit price paid and before discounts, from its first week alone.

    Later weeks must not move it, or the price in a browsing event would know of purchases to come.
    """
    lines = lines[lines["value_cents"] > 0]
    week = (lines["at_ms"] - YEAR_START_MS) // WEEK_MS
    lines = lines[week == week.groupby(lines["product_id"]).transform("min")]
    quantity = lines["quantity"].clip(lower=1)
    quantity = quantity.where(lines["value_cents"] / quantity >= LEAST_PRICE_CENTS, 1)
    units = pd.DataFrame(
        {
            "product_id": lines["product_id"],
            "price_cents": lines["value_cents"] / quantity,
            "list_cents": (lines["value_cents"] + lines["discount_cents"]) / quantity,
        }
    )
    return units.groupby("product_id", as_index=False).median()


def _described(products: pd.DataFrame) -> pd.DataFrame:
    departments = products["department"].map(DEPARTMENTS.__getitem__)
    kind = _each_once(products["product_type"], readable)
    category = _each_once(products["product_category"], readable)
    sizes = _each_once(products["package_size"], readable_size)
    title = kind.fillna(category).fillna(departments.map(lambda department: department.name))
    return products.assign(
        name=np.where(sizes.notna(), title + ", " + sizes.fillna(""), title),
        brand=products["brand"].replace({"Private": "Own label"}),
        department=departments.map(lambda department: department.name),
        slug=departments.map(lambda department: department.slug),
        is_shown=departments.map(lambda department: department.is_shown),
        category=category,
        type=kind,
        package_size=sizes,
    )


def _each_once(texts: pd.Series, wording: Callable[[str], str | None]) -> pd.Series:
    """The wording of each text, worked out once per distinct text; missing stays missing."""
    return texts.map({text: wording(text) for text in texts.dropna().unique()})


def _priced(products: pd.DataFrame) -> pd.DataFrame:
    """Fill a missing price with the median of its type, else category, else department, else a fixed one."""
    price, full = products["price_cents"], products["list_cents"]
    for level in ("product_type", "product_category", "department"):
        by_level = products.groupby(level)
        price = price.fillna(by_level["price_cents"].transform("median"))
        full = full.fillna(by_level["list_cents"].transform("median"))
    price_cents = np.rint(price.fillna(FALLBACK_CENTS)).clip(lower=1).astype("int64")
    list_cents = np.rint(full.fillna(FALLBACK_CENTS)).astype("int64").clip(lower=price_cents)
    return products.assign(price_cents=price_cents, price=money(price_cents), list_price=money(list_cents))


def _offered(products: pd.DataFrame, *, seed: int) -> pd.DataFrame:
    """Availability: 95 % of what was sold and half of the rest, none of the departments that are not shown."""
    share = np.where(products["is_sold"], 0.95, 0.5)
    available = products["is_shown"] & (chances(seed, "available", products["product_id"].to_numpy()) < share)
    key = products["product_id"].astype(str)
    return products.assign(
        product_id=key,
        currency="USD",
        available=available.map({True: "true", False: "false"}),
        url=f"{SHOP}/p/" + key,
        image=f"{IMAGES}/" + products["slug"] + ".png",
    )
