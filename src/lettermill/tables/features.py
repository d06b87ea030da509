"""Tables of features: what was known of a person at a moment."""

from lettermill.tables.declaration import Column, Table

_WINDOWS = (7, 14, 28, 56, 91, 182, 364)

PEOPLE = Table(
    name="features.people",
    grain="one row per person and as_of, from what had occurred and arrived before it",
    columns=(
        Column("person_id", "string", "the person", required=True),
        Column("as_of", "timestamp", "the moment of knowledge", required=True),
        Column("orders_all", "bigint", "orders with merchandise, ever", required=True),
        Column("last_order_at", "timestamp", "the newest such order"),
        Column("days_since_order", "double", "days from the newest order to as_of"),
        Column("favourite_category", "string", "category with the most spent in 182 days"),
    ),
    key=("person_id", "as_of"),
    written_by="features.people.people_features",
    cluster_by=("as_of",),
)
