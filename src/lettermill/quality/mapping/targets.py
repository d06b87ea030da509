"""What a mapping may fill: the canonical fields of each thing that a source can hold, with their types."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from lettermill.tables.quality import PROPERTIES

Holds = Literal["behaviour", "people", "products", "demographics", "social"]

_PART = re.compile(r"\s*(\w+)\s*:\s*((?:[^,<>()]|\([^)]*\)|<(?:[^<>]|<[^<>]*>)*>)+)(?:,|$)")


def fields_of(struct: str) -> dict[str, str]:
    """Names and types of the fields of a DDL struct, `struct<name: type, ...>`, in order."""
    return {name: type_.strip() for name, type_ in _PART.findall(struct.removeprefix("struct<").removesuffix(">"))}


def element_of(array: str) -> str:
    """The type of a DDL array's elements."""
    return array.removeprefix("array<").removesuffix(">")


@dataclass(frozen=True)
class Target:
    """Fields by name (`properties.price`), each with its type, and those without which no row can be taken."""

    fields: Mapping[str, str]
    required: tuple[str, ...] = ()


def _texts(*names: str) -> dict[str, str]:
    return dict.fromkeys(names, "string")


_EVENT = _texts("event_id", "kind", "user_id", "anonymous_id", "previous_id") | {"occurred_at": "timestamp"}

TARGETS: Mapping[Holds, Target] = {
    "behaviour": Target(
        _EVENT | {f"properties.{name}": type_ for name, type_ in fields_of(PROPERTIES).items()},
        required=("event_id", "kind", "occurred_at"),
    ),
    "people": Target(
        _texts(
            "record_id", "customer_id", "first_name", "last_name", "email", "phone", "birth_year", "household_id",
            "country", "postcode", "locale", "timezone", "email_consent", "profiling_consent", "consent_at",
            "updated_at",
        ),
        required=("record_id", "updated_at"),
    ),
    "demographics": Target(
        _texts("customer_id", "age", "income", "home_ownership", "household_size", "kids_count"),
        required=("customer_id",),
    ),
    "social": Target(
        _texts(
            "engagement_id", "platform", "account", "subject", "action", "handle", "customer_id", "email_sha256",
            "occurred_at", "consent_basis",
        ),
        required=("engagement_id", "platform", "action", "occurred_at"),
    ),
    "products": Target(
        _texts(
            "product_id", "name", "brand", "department", "category", "type", "package_size", "currency", "url",
            "image", "price", "list_price", "available",
        ),
        required=("product_id", "name", "price", "currency"),
    ),
}  # fmt: skip
