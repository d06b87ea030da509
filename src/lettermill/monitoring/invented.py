"""Saying what of the demo is real, what is simulated and what is invented."""

from collections.abc import Mapping
from typing import Any


def invented(truth: Mapping[str, Any] | None, *, place: str) -> tuple[str, ...]:
    """Lines for the report, of the demo's `truth.json` at `place`; none where there is no such file."""
    if truth is None:
        return ()
    orders, people = truth.get("orders", {}), truth.get("people", {})
    planted = {
        "orders delivered twice": orders.get("duplicates"),
        "late orders": orders.get("late"),
        "junk lines": _sum(orders.get("junk")),
        "duplicate records of people": _sum(people.get("duplicates")),
        "misspelt address domains": people.get("typos"),
        "unusable addresses": _sum(people.get("unusable_addresses")),
        "records that contradict each other": _sum(people.get("conflicts")),
    }
    told = ", ".join(f"{number:,} {what}" for what, number in planted.items() if isinstance(number, int))
    return (
        "The purchases are those of Complete Journey, which its makers simulated from real purchasing: "
        "no line is a real person’s.",
        "Names, addresses, consents, browsing and e-mail engagement are invented"
        + (f" from the seed {truth['seed']}" if "seed" in truth else "")
        + "; so are the shop, its prices’ currency and its pictures.",
        "Invented browsing follows past purchases and noise, never the purchase that a model is asked about.",
        f"Planted, to see what is found: {told}." if told else "Faults are planted, to see what is found.",
        f"All of it is recorded in {place}. Open and click rates of invented people say nothing about real ones, "
        "and neither would an effect measured on them.",
    )


def _sum(counts: Any) -> int | None:
    return sum(counts.values()) if isinstance(counts, Mapping) else counts
