"""The inputs of the sample campaigns, and customers who come through each of their branches."""

from datetime import date
from decimal import Decimal

import pyarrow as pa

TEXT, PRICE = pa.string(), pa.decimal128(12, 2)
PICK = pa.struct(
    [
        (name, PRICE if name in ("price", "list_price") else TEXT)
        for name in (
            "product_id", "name", "brand", "category", "price", "list_price", "currency", "url", "image", "reason",
            "source",
        )
    ]
)  # fmt: skip
COUPON = pa.struct(
    [("code", TEXT), ("percent", pa.int32()), ("minimum", PRICE), ("currency", TEXT), ("expires_on", pa.date32())]
)
SCHEMA = pa.schema(
    [
        pa.field("first_name", TEXT, metadata={"meaning": "given name"}),
        pa.field("segment", TEXT),
        pa.field("slots", pa.struct([("hero", TEXT)])),
        pa.field("picks", pa.list_(PICK), metadata={"meaning": "products picked for this person, best first"}),
        pa.field("coupon", COUPON),
        pa.field("favourite_category", TEXT),
        pa.field("last_order_on", pa.date32()),
        pa.field("days_since_order", pa.int32()),
        pa.field("locale", TEXT),
        pa.field("shop", pa.struct([(name, TEXT) for name in ("name", "url", "address", "support_email")])),
        pa.field("links", pa.struct([(name, TEXT) for name in ("unsubscribe", "preferences", "view_shop")])),
    ]
)


def pick(name, price, list_price=None, brand=None):
    return {
        "product_id": "p", "name": name, "brand": brand, "category": "Pantry", "price": Decimal(price),
        "list_price": list_price and Decimal(list_price), "currency": "USD", "url": "https://shop.example/p?a=1&b=2",
        "image": "https://shop.example/p.png", "reason": "You buy this about every 9 days", "source": "als",
    }  # fmt: skip


NEW = {
    "first_name": None, "segment": "new", "slots": {"hero": "hero_welcome"}, "picks": [pick("Oat milk", "3.20")], "coupon": None,
    "favourite_category": None, "last_order_on": None, "days_since_order": None, "locale": "en_US",
    "shop": {"name": "Marlow's", "url": "https://shop.example", "address": "1 High St", "support_email": "a@b.example"},
    "links": {"unsubscribe": "https://x.example/u?t=a%2Bb", "preferences": "https://x.example/p", "view_shop": "https://x.example/"},
}  # fmt: skip
LAPSING = NEW | {
    "first_name": 'Zoë "Z" O\'Neil', "segment": "lapsing", "slots": {"hero": "hero_lapsing"}, "favourite_category": "BREAD & Rolls",
    "last_order_on": date(2026, 1, 31), "days_since_order": 28, "locale": "de_DE",
    "coupon": {
        "code": "COMEBACK15", "percent": 15, "minimum": Decimal("30.00"), "currency": "USD",
        "expires_on": date(2026, 3, 14),
    },
    "picks": [pick("Oat milk", "3.20", "3.20", "Oatly"), pick("Rye <bread>", "4.00", "4.99"), pick("Tea & honey", "1234.5")],
}  # fmt: skip
CUSTOMERS = {
    "new": NEW,
    "lapsing": LAPSING,
    "loyal": LAPSING
    | {
        "segment": "loyal",
        "slots": {"hero": "hero_loyal"},
        "first_name": "",
        "coupon": None,
        "picks": LAPSING["picks"] * 2,
    },
    "without picks": NEW | {"picks": [], "segment": "lapsing", "slots": {"hero": "hero_lapsing"}, "first_name": "Bo"},
    "one day": LAPSING | {"days_since_order": 1, "coupon": LAPSING["coupon"] | {"minimum": None}},
    "capital": LAPSING | {"segment": "Loyal", "slots": {"hero": None}},
}
