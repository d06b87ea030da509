"""What was generated and planted, as counts and tables, so that tests can check what the suite recovers."""

import json
from io import BytesIO
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.parquet as pq  # type: ignore[import-untyped]

from demo.crm import Crm
from demo.crm_truth import address_truth, conflict_truth, consent_truth, missing_name_truth, people_truth
from demo.engagement import EmailFeed
from demo.faults import Faults
from demo.junk import JUNK_CAUSES
from demo.orders import OrderFeed
from demo.pages import WebFeed
from demo.people import Person

Frames = dict[str, pd.DataFrame]
Counts = dict[str, Any]


def tables(
    crm: Crm, everyone: list[Person], faults: Faults, orders: OrderFeed, web: WebFeed, email: EmailFeed
) -> Frames:
    """Name -> frame of every truth table."""
    addresses = address_truth(crm, faults)
    is_typo = addresses["kind"] == "typo"
    return {
        "people": people_truth(crm, everyone, faults),
        "typos": addresses[is_typo].drop(columns="kind"),
        "unusable_addresses": addresses[~is_typo].drop(columns="right").rename(columns={"wrong": "written"}),
        "missing_names": missing_name_truth(crm, faults),
        "conflicts": conflict_truth(crm),
        "consents": consent_truth(crm),
        "duplicate_orders": orders.duplicates,
        "late_orders": orders.late,
        "junk": orders.junk,
        "devices": web.devices,
        "email_endings": email.endings,
    }


def order_counts(lines: pd.DataFrame, known_products: pd.Series, orders: OrderFeed) -> Counts:
    """`lines_in_files` = baskets + duplicates + junk."""
    causes = orders.junk["cause"].value_counts()
    return {
        "baskets": len(orders.orders),
        "product_lines": len(lines),
        "sales_cents": int(lines["value_cents"].sum()),
        "discount_cents": int(lines["discount_cents"].sum()),
        "with_coupon": int(orders.orders["coupon"].notna().sum()),
        "duplicates": len(orders.duplicates),
        "late": len(orders.late),
        "junk": {cause: int(causes[cause]) for cause in JUNK_CAUSES},
        "lines_in_files": len(orders.feed.lines),
        "lines_with_quantity_0": int((lines["quantity"] == 0).sum()),
        "lines_with_value_0": int((lines["value_cents"] == 0).sum()),
        "lines_without_product_row": int((~lines["product_id"].isin(known_products)).sum()),
        "largest_quantity": int(lines["quantity"].max()),
    }


def people_counts(everyone: list[Person], frames: Frames) -> Counts:
    """`persons` are humans, `record_ids` the CRM's row ids; the rest counts what the tables list."""
    people, consents = frames["people"], frames["consents"]
    return {
        "persons": len(everyone),
        "households": sum(not person.is_signup for person in everyone),
        "signups": sum(person.is_signup for person in everyone),
        "signups_without_customer_id": sum(person.customer_id is None for person in everyone),
        "record_ids": len(people),
        "duplicates": _kinds(people.loc[people["kind"] != "first", "kind"]),
        "typos": len(frames["typos"]),
        "unusable_addresses": _kinds(frames["unusable_addresses"]["kind"]),
        "missing_names": _kinds(frames["missing_names"]["kind"]),
        "conflicts": _kinds(frames["conflicts"]["attribute"]),
        "email_consent": _kinds(consents["email_consent"].fillna("unknown")),
        "profiling_consent": _kinds(consents["profiling_consent"].fillna("unknown")),
        "withdrawn": int(consents["withdrawn_at"].notna().sum()),
    }


def web_counts(web: WebFeed) -> Counts:
    linkable = int(web.devices["is_linkable"].sum())
    return web.counts | {"anonymous_ids": len(web.devices), "linkable_anonymous_ids": linkable}


def product_counts(rows: pd.DataFrame) -> Counts:
    available = rows["available"] == "true"
    return {"products": len(rows), "sold": int(rows["is_sold"].sum()), "available": int(available.sum())}


def _kinds(values: pd.Series) -> dict[str, int]:
    return {str(kind): int(count) for kind, count in sorted(values.value_counts().items())}


def as_parquet(frame: pd.DataFrame) -> bytes:
    """The frame as Parquet, text columns as strings even where all is null."""
    arrays = {
        str(name): pa.array(column, type=pa.string() if column.dtype == np.dtype(object) else None, from_pandas=True)
        for name, column in frame.items()
    }
    content = BytesIO()
    pq.write_table(pa.table(arrays), content)
    return content.getvalue()


def as_json(counts: Counts) -> bytes:
    return f"{json.dumps(counts, indent=2, ensure_ascii=False)}\n".encode()
