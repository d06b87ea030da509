"""Order events: one `Order Completed` per basket, some late, some delivered twice, and junk among them."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from demo.chance import Integers, between, chances, identifiers
from demo.feed import DAY_MS, HOUR_MS, SECOND_MS, Feed, in_order, iso, money
from demo.junk import junk_lines

LATE_SHARE = 0.005
LATEST_HOURS = 36
TWICE_SHARE = 0.004


@dataclass(frozen=True)
class OrderFeed:
    """`duplicates` and `late` one row per message; `junk` one row per line, with its file and line number."""

    feed: Feed
    orders: pd.DataFrame
    duplicates: pd.DataFrame
    late: pd.DataFrame
    junk: pd.DataFrame


def order_feed(lines: pd.DataFrame, redemptions: pd.DataFrame, *, seed: int) -> OrderFeed:
    """`lines` in order of basket and product."""
    orders = _orders(lines, redemptions, seed=seed)
    deliveries = _deliveries(orders, seed=seed)
    junk = junk_lines(orders, each=1 + len(orders) // 50_000, seed=seed)
    received = np.concatenate([deliveries["received_ms"].to_numpy(), junk["received_ms"].to_numpy()])
    causes = np.array([""] * len(deliveries) + junk["cause"].tolist(), dtype=object)
    feed = in_order(received, _texts(deliveries) + junk["line"].tolist())
    return OrderFeed(
        feed=feed,
        orders=orders,
        duplicates=deliveries[deliveries["is_repeat"]].filter(["message_id", "order_id", "received_at"]),
        late=orders[orders["is_late"]].filter(["message_id", "order_id", "at", "received_ms"]),
        junk=_placed(feed, causes[np.argsort(received, kind="stable")]),
    )


def _orders(lines: pd.DataFrame, redemptions: pd.DataFrame, *, seed: int) -> pd.DataFrame:
    """One row per basket, with its products as JSON text."""
    starts = np.flatnonzero(np.diff(lines["basket_id"].to_numpy(), prepend=-1))
    orders = lines.iloc[starts].reset_index(drop=True)[["basket_id", "household_id", "store_id", "at_ms"]]
    key = orders["basket_id"].to_numpy()
    first = orders.sort_values(["at_ms", "basket_id"]).drop_duplicates("household_id")["basket_id"]
    is_late = (chances(seed, "late order", key) < LATE_SHARE) & ~orders["basket_id"].isin(first).to_numpy()
    soon = between(1 * SECOND_MS, 90 * SECOND_MS, chances(seed, "order delay", key))
    late = between(1 * HOUR_MS, LATEST_HOURS * HOUR_MS, chances(seed, "late delay", key))
    received = orders["at_ms"].to_numpy() + np.where(is_late, late, soon)
    return orders.assign(
        order_id=orders["basket_id"].astype(str),
        message_id=identifiers(seed, "order message", key),
        at=iso(orders["at_ms"].to_numpy()),
        received_ms=received,
        is_late=is_late,
        total=money(np.add.reduceat(lines["value_cents"].to_numpy(), starts)),
        coupon=_coupons(lines, orders, redemptions),
        products=_products(lines, starts),
    )


def _products(lines: pd.DataFrame, starts: Integers) -> list[str]:
    """Each basket's JSON list; the unit price is the line's value over its quantity (over 1 where that is 0)."""
    unit = np.rint(lines["value_cents"] / lines["quantity"].clip(lower=1)).astype("int64")
    amounts = (money(unit), money(lines["value_cents"]), money(lines["discount_cents"]))
    columns = (lines["product_id"].tolist(), lines["quantity"].tolist(), *amounts)
    items = [
        f'{{"product_id":"{product}","quantity":{quantity},"price":{price},"value":{value},"discount":{discount}}}'
        for product, quantity, price, value, discount in zip(*columns, strict=True)
    ]
    return [f"[{','.join(items[start:end])}]" for start, end in zip(starts, [*starts[1:], len(items)], strict=True)]


def _coupons(lines: pd.DataFrame, orders: pd.DataFrame, redemptions: pd.DataFrame) -> pd.Series:
    """The coupon redeemed by the household that day, on baskets with a coupon discount."""
    redeemed = redemptions.assign(day=redemptions["redemption_date"].astype("datetime64[ms]").astype("int64") // DAY_MS)
    by_day = redeemed.groupby(["household_id", "day"])["coupon_upc"].min().to_dict()
    with_coupon = set(lines.loc[lines["coupon_cents"] > 0, "basket_id"])
    keys = zip(orders["basket_id"], orders["household_id"], orders["at_ms"] // DAY_MS, strict=True)
    found = [by_day.get((household, day)) if basket in with_coupon else None for basket, household, day in keys]
    return pd.Series([None if coupon is None else str(coupon) for coupon in found], dtype=object)


def _deliveries(orders: pd.DataFrame, *, seed: int) -> pd.DataFrame:
    """Every order once, and a few again later under the same message id."""
    key = orders["basket_id"].to_numpy()
    again = orders[chances(seed, "delivered twice", key) < TWICE_SHARE]
    wait = between(1 * SECOND_MS, 2 * HOUR_MS, chances(seed, "second delivery", again["basket_id"].to_numpy()))
    again = again.assign(received_ms=again["received_ms"] + wait)
    deliveries = pd.concat([orders.assign(is_repeat=False), again.assign(is_repeat=True)], ignore_index=True)
    received = deliveries["received_ms"].to_numpy()
    sent = np.maximum(deliveries["at_ms"].to_numpy(), received - 700)
    return deliveries.assign(received_at=iso(received), sent_at=iso(sent))


def _texts(deliveries: pd.DataFrame) -> list[str]:
    times, order = ("at", "sent_at", "received_at"), ("order_id", "total", "coupon", "products")
    names = ("message_id", "household_id", *times, "store_id", *order)
    return [
        f'{{"messageId":"{message}","type":"track","event":"Order Completed","userId":"{household}",'
        f'"timestamp":"{at}","sentAt":"{sent}","receivedAt":"{received}",'
        f'"context":{{"library":{{"name":"till","version":"4.2.1"}},"store_id":"{store}"}},'
        f'"properties":{{"order_id":"{order}","total":{total},"currency":"USD",'
        + (f'"coupon":"{coupon}",' if coupon else "")
        + f'"products":{products}}}}}'
        for message, household, at, sent, received, store, order, total, coupon, products in zip(
            *(deliveries[name].tolist() for name in names), strict=True
        )
    ]


def _placed(feed: Feed, causes: np.ndarray) -> pd.DataFrame:
    """File and line number (from 1) of every junk line."""
    rows, start = [], 0
    for day, lines in feed.days():
        for place in np.flatnonzero(causes[start : start + len(lines)] != ""):
            rows.append((f"events/orders/{day}.jsonl.gz", int(place) + 1, causes[start + place], lines[place]))
        start += len(lines)
    return pd.DataFrame(rows, columns=["file", "line_number", "cause", "line"])
