"""Lines that look like orders and are none: extra to every real purchase, one recorded cause each."""

import json
from typing import Any

import numpy as np
import pandas as pd

from demo.chance import between, chances, identifiers
from demo.feed import HOUR_MS, SECOND_MS, iso_one

JUNK_CAUSES = (
    "truncated JSON",
    "no userId",
    "no messageId",
    "timestamp far in the future",
    "products is not a list",
    "not an object",
)


def junk_lines(orders: pd.DataFrame, *, each: int, seed: int) -> pd.DataFrame:
    """`each` lines per cause, received at random among the orders: columns received_ms, cause, line."""
    numbers = np.arange(each * len(JUNK_CAUSES))
    first, last = int(orders["at_ms"].min()), int(orders["at_ms"].max())
    moments = between(first, last - HOUR_MS, chances(seed, "junk moment", numbers))
    places = between(0, len(orders) - 1, chances(seed, "junk household", numbers))
    messages = identifiers(seed, "junk message", numbers)
    rows = []
    for number, moment, place, message in zip(numbers, moments, places, messages, strict=True):
        cause = JUNK_CAUSES[number % len(JUNK_CAUSES)]
        household = str(orders["household_id"].iloc[place])
        event = _order(int(moment), household, message, f"junk-{number + 1:03d}")
        rows.append((int(moment) + 20 * SECOND_MS, cause, _spoilt(event, cause)))
    return pd.DataFrame(rows, columns=["received_ms", "cause", "line"])


def _order(at_ms: int, household: str, message: str, order: str) -> dict[str, Any]:
    return {
        "messageId": message,
        "type": "track",
        "event": "Order Completed",
        "userId": household,
        "timestamp": iso_one(at_ms),
        "sentAt": iso_one(at_ms + 19 * SECOND_MS),
        "receivedAt": iso_one(at_ms + 20 * SECOND_MS),
        "context": {"library": {"name": "till", "version": "4.2.1"}, "store_id": "330"},
        "properties": {
            "order_id": order,
            "total": 1.0,
            "currency": "USD",
            "products": [{"product_id": "1082185", "quantity": 1, "price": 1.0, "value": 1.0, "discount": 0.0}],
        },
    }


def _spoilt(event: dict[str, Any], cause: str) -> str:
    if cause == "no userId":
        del event["userId"]
    elif cause == "no messageId":
        del event["messageId"]
    elif cause == "timestamp far in the future":
        event["timestamp"] = "2071" + event["timestamp"][4:]
    elif cause == "products is not a list":
        event["properties"]["products"] = "1082185 x 1"
    text = json.dumps([event["messageId"]] if cause == "not an object" else event, separators=(",", ":"))
    return text[: len(text) * 2 // 3] if cause == "truncated JSON" else text
