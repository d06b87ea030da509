"""Inputs that exports are tried on: a schema with every type, and persons with all of it, little, nothing or worse."""

from datetime import date
from decimal import Decimal

import pyarrow as pa

TEXT, PRICE = pa.string(), pa.decimal128(12, 2)
ITEM = pa.struct(
    [
        ("name", TEXT), ("price", PRICE), ("was", PRICE), ("quantity", pa.int32()), ("new", pa.bool_()),
        ("tags", pa.list_(TEXT)), ("seller", pa.struct([("name", TEXT)])),
        ("sizes", pa.list_(pa.struct([("label", TEXT), ("stock", pa.int32())]))),
    ]
)  # fmt: skip
SCHEMA = pa.schema(
    [
        pa.field("name", TEXT, metadata={"meaning": "given name"}),
        pa.field("city", TEXT),
        pa.field("code", TEXT, nullable=False),
        pa.field("age", pa.int32()),
        pa.field("visits", pa.int64()),
        pa.field("vip", pa.bool_()),
        pa.field("score", pa.float64()),
        pa.field("price", PRICE),
        pa.field("born", pa.date32()),
        pa.field("tags", pa.list_(TEXT)),
        pa.field("others", pa.list_(TEXT)),
        pa.field("items", pa.list_(ITEM), metadata={"meaning": "what was picked"}),
        pa.field("owner", pa.struct([("name", TEXT), ("city", TEXT)])),
        pa.field("locale", TEXT),
    ]
)


def item(name, **changed):
    return {
        "name": name, "price": Decimal("12.50"), "was": None, "quantity": 2, "new": True, "tags": ["x", "y"],
        "seller": {"name": f"{name} & Co"}, "sizes": [{"label": "S", "stock": 0}, {"label": "M", "stock": 3}],
    } | changed  # fmt: skip


NORMAL = {
    "name": "Ada", "city": "Wien", "code": "MARLOW10", "age": 36, "visits": 3, "vip": True, "score": 0.5,
    "price": Decimal("1234.50"), "born": date(1990, 2, 3), "tags": ["new", "sale"], "others": ["a"],
    "items": [item("Tea"), item("Cup", was=Decimal("15.00"), quantity=1, new=False), item("Pot", tags=[], sizes=[])],
    "owner": {"name": "Bo", "city": "Linz"}, "locale": "de_AT",
}  # fmt: skip
ZERO = {"age": 0, "visits": 0, "vip": False, "score": 0.0, "price": Decimal("0.00")}
EMPTY = NORMAL | ZERO | {"name": "", "city": "", "code": "", "tags": [], "others": [], "items": []}
EMPTY |= {"owner": {"name": "", "city": ""}}
NULL = dict.fromkeys(NORMAL) | {"code": "x", "locale": "en_US"}
MISSING = {"code": "x", "locale": "en_US", "items": [{"name": "Tea"}], "owner": {}, "tags": ["0"]}
HOSTILE = NORMAL | {
    "name": """<b>"O'Brien" & Söhne = `x`</b>""", "city": "%%=v(@a)=%% %%[ IF ]%% 100%", "code": "&quot;&amp;",
    "tags": ["0", " ", "%", "\\", "a\nb"], "owner": {"name": "false", "city": "FALSE"},
    "items": [item("""a"b'c<d>&e"""), item("ß İ Σς ﬁ 💌", seller=None), item("0", quantity=-1)],
}  # fmt: skip
CODE = NORMAL | {"name": "{{ city }}", "city": "{% if x %}{{", "code": "{# no #}"}
PEOPLE = {
    "normal": NORMAL, "empty": EMPTY, "null": NULL, "missing": MISSING, "hostile": HOSTILE, "code": CODE,
    "half": NULL | {"name": "Ada", "items": [item("Tea", was=None, tags=None, quantity=None)], "vip": False},
}  # fmt: skip
