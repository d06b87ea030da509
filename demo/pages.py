"""Visits as Segment's calls: `page` for pages, `track` for `Product Viewed` and `Product Added`."""

import json
from dataclasses import dataclass

import numpy as np
import pandas as pd

from demo.browsing import ADDED, PAGE, VIEWED, Visits
from demo.catalogue import SHOP, Catalogue
from demo.chance import between, chances, identifiers
from demo.feed import SECOND_MS, Feed, in_order, iso

REFERRERS = ("", "https://www.google.com/", "https://mail.example/", "https://social.example/", "https://www.bing.com/")
AGENTS = ("lettermill-demo/1.0 (computer)", "lettermill-demo/1.0 (phone)", "lettermill-demo/1.0 (tablet)")
EVENT_NAMES = {PAGE: "page_viewed", VIEWED: "product_viewed", ADDED: "product_added"}
TRACKS = {VIEWED: '"type":"track","event":"Product Viewed"', ADDED: '"type":"track","event":"Product Added"'}


@dataclass(frozen=True)
class WebFeed:
    """`devices` one row per anonymous id: whose it is, and whether a logged-in event ever gives that away."""

    feed: Feed
    devices: pd.DataFrame
    counts: dict[str, int]


def web_feed(visits: Visits, catalogue: Catalogue, *, seed: int) -> WebFeed:
    """Events in order of arrival. `userId` stands on a session's events from the login on."""
    key = tuple(visits.steps[name].to_numpy() for name in ("household_id", "week", "number", "step"))
    received = visits.steps["at_ms"].to_numpy() + between(200, 5 * SECOND_MS, chances(seed, "web delay", *key))
    steps = visits.steps.assign(
        message_id=identifiers(seed, "web message", *key),
        at=iso(visits.steps["at_ms"].to_numpy()),
        sent_at=iso(received - 150),
        received_at=iso(received),
    )
    steps = _on_devices(steps, visits.sessions, seed=seed).pipe(_described, catalogue, seed=seed)
    return WebFeed(in_order(received, _texts(steps)), _devices(steps), _counts(steps))


def _on_devices(steps: pd.DataFrame, sessions: pd.DataFrame, *, seed: int) -> pd.DataFrame:
    """Add each event's anonymous id, agent, and whether its visitor had logged in by then."""
    session = steps["session"].to_numpy()
    device = sessions["device"].to_numpy()[session]
    pairs, places = np.unique(steps["household_id"].to_numpy() * 1_000 + device, return_inverse=True)
    names = np.array(identifiers(seed, "anonymous id", pairs), dtype=object)
    return steps.assign(
        anonymous_id=names[places],
        agent=np.array(AGENTS, dtype=object)[device // 10],
        is_known=steps["step"].to_numpy() >= sessions["login_step"].to_numpy()[session],
    )


def _described(steps: pd.DataFrame, catalogue: Catalogue, *, seed: int) -> pd.DataFrame:
    """Add `what` (type and name) and `properties` as JSON text. A session's first page is the home page."""
    rows = catalogue.rows
    places = np.searchsorted(rows["product_id"].astype("int64").to_numpy(), steps["product_id"].to_numpy())
    is_page, is_first = (steps["kind"] == PAGE).to_numpy(), (steps["step"] == 0).to_numpy()
    page = np.where(is_first, "Home", rows["department"].to_numpy()[places])
    path = np.where(is_first, "/", "/d/" + rows["slug"].to_numpy(dtype=object)[places])
    key = tuple(steps[name].to_numpy() for name in ("household_id", "week", "number"))
    outside = np.array(REFERRERS, dtype=object)[between(0, len(REFERRERS) - 1, chances(seed, "referrer", *key))]
    referrers = np.where(is_first, outside, f"{SHOP}/")
    pages = [
        f'{{"url":"{SHOP}{path}","path":"{path}","title":{json.dumps(page)},"referrer":"{referrer}"}}' if shown else ""
        for shown, path, page, referrer in zip(is_page, path, page, referrers, strict=True)
    ]
    calls = [
        TRACKS.get(kind) or f'"type":"page","name":{json.dumps(name)}'
        for kind, name in zip(steps["kind"].tolist(), page, strict=True)
    ]
    products = np.array(_product_properties(rows), dtype=object)[places]
    return steps.assign(what=calls, properties=np.where(is_page, np.array(pages, dtype=object), products))


def _product_properties(products: pd.DataFrame) -> list[str]:
    category = products["category"].fillna(products["department"])
    columns = (products["product_id"], products["price"], products["url"], category)
    return [
        f'{{"product_id":"{key}","price":{price},"currency":"USD","url":"{url}","category":{json.dumps(category)}}}'
        for key, price, url, category in zip(*columns, strict=True)
    ]


def _texts(steps: pd.DataFrame) -> list[str]:
    who, times = ("anonymous_id", "is_known", "household_id"), ("at", "sent_at", "received_at")
    names = ("message_id", "what", *who, *times, "agent", "properties")
    return [
        f'{{"messageId":"{message}",{what},"anonymousId":"{anonymous}",'
        + (f'"userId":"{household}",' if known else "")
        + f'"timestamp":"{at}","sentAt":"{sent}","receivedAt":"{received}",'
        f'"context":{{"library":{{"name":"analytics.js","version":"5.2.0"}},"userAgent":"{agent}"}},'
        f'"properties":{properties}}}'
        for message, what, anonymous, known, household, at, sent, received, agent, properties in zip(
            *(steps[name].tolist() for name in names), strict=True
        )
    ]


def _devices(steps: pd.DataFrame) -> pd.DataFrame:
    """One row per anonymous id, its instants in UTC as ISO text."""
    devices = steps.groupby("anonymous_id", as_index=False).agg(
        customer_id=("household_id", "first"),
        is_linkable=("is_known", "any"),
        events=("at", "size"),
        sessions=("session", "nunique"),
        first_seen_at=("at", "min"),
        last_seen_at=("at", "max"),
    )
    return devices.assign(customer_id=devices["customer_id"].astype(str))


def _counts(steps: pd.DataFrame) -> dict[str, int]:
    kinds = {name: int((steps["kind"] == kind).sum()) for kind, name in EVENT_NAMES.items()}
    known = {"logged_in_events": int(steps["is_known"].sum()), "sessions": int(steps["session"].nunique())}
    return kinds | {"events": len(steps)} | known
