"""Rules as data: a reason and the SQL condition under which it holds. A row keeps every reason it gives."""

from collections.abc import Mapping

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

Rules = Mapping[str, str]
"""reason -> SQL condition that is true for a row that breaks the rule"""

MISSPELT = (
    "gmial.com", "gmal.com", "gamil.com", "gmail.con", "gmai.com", "hotmial.com", "hotmal.com", "yaho.com",
    "yahooo.com", "outlok.com", "exmaple.com", "exampel.com",
)  # fmt: skip
"""Domains that are seen where a well-known one was meant; a person decides what to do with them."""

EVENT_RULES: Rules = {
    "not a JSON object": "not_json",
    "no event id": "event_id IS NULL OR trim(event_id) = ''",
    "no kind of event": "kind IS NULL OR kind NOT RLIKE '^[a-z][a-z0-9_]*$'",
    "neither user nor browser is named": "user_id IS NULL AND anonymous_id IS NULL AND properties.email_id IS NULL",
    "no time at which it happened": "occurred_at IS NULL",
    "happened after it was received": "occurred_at IS NOT NULL AND occurred_at > received_at + INTERVAL 5 MINUTES",
    "an order without an id": "kind <=> 'order_completed' AND coalesce(trim(properties.order_id), '') = ''",
    "an order without a currency": "kind <=> 'order_completed' AND properties.currency IS NULL",
    "an order without a list of products": "kind <=> 'order_completed' AND coalesce(size(properties.products), 0) <= 0",
}

LINE_RULES: Rules = {
    "no product": "product_id IS NULL OR trim(product_id) = ''",
    "quantity is not above zero": "quantity IS NULL OR quantity <= 0",
    "amount is missing or below zero": "amount IS NULL OR amount < 0",
}

PERSON_RULES: Rules = {
    "not a JSON object": "not_json",
    "no record id": "record_id IS NULL OR trim(record_id) = ''",
    "no time of the last change": "updated_at IS NULL",
    "changed after it was extracted": "updated_at IS NOT NULL AND updated_at > available_at",
}

PERSON_WARNINGS: Rules = {
    "email is not an address": "raw_email IS NOT NULL AND trim(raw_email) <> '' AND email IS NULL",
    "email is missing": "raw_email IS NULL OR trim(raw_email) = ''",
    "email domain looks misspelt": f"email IS NOT NULL AND split(email, '@')[1] IN {MISSPELT}",
    "birth year cannot be": "raw_birth_year IS NOT NULL AND birth_year IS NULL",
    "no name": "first_name IS NULL",
}

PRODUCT_RULES: Rules = {
    "not a JSON object": "not_json",
    "no product id": "product_id IS NULL OR trim(product_id) = ''",
    "no name": "name IS NULL OR trim(name) = ''",
    "price is missing or below zero": "price IS NULL OR price < 0",
    "currency is no ISO 4217 code": "currency IS NULL OR currency NOT RLIKE '^[A-Z]{3}$'",
    "link is not https": "url IS NOT NULL AND url NOT LIKE 'https://%'",
    "image is not https": "image IS NOT NULL AND image NOT LIKE 'https://%'",
}


def judge(rows: DataFrame, *, rules: Rules, into: str = "reasons") -> DataFrame:
    """Add the array column `into`: every reason the row gives, empty for a good one.

    A condition that a null leaves undecided counts as met, or nulls would slip through.
    """
    found = [F.when(F.coalesce(F.expr(condition), F.lit(True)), reason) for reason, condition in rules.items()]
    return rows.withColumn(into, F.array_compact(F.array(*found)))
