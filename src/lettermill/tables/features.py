"""Tables of features: what was known of a person at a moment."""

from collections.abc import Sequence

from lettermill.tables.declaration import Column, Table

PURCHASE_WINDOWS = (7, 14, 28, 56, 91, 182, 364)
BROWSING_WINDOWS = (7, 28, 91)
ENGAGEMENT_WINDOWS = (28, 91, 182)
"""Days before as_of, [as_of - days, as_of), that `<things>_<days>d` counts in."""


def _windowed(things: str, type_: str, meaning: str, windows: Sequence[int], *, required: bool = True) -> list[Column]:
    return [Column(f"{things}_{days}d", type_, f"{meaning}, in {days} days", required=required) for days in windows]


_PURCHASE = (
    Column("orders_all", "bigint", "orders with merchandise, ever", required=True),
    Column("days_since_order", "double", "days from the newest order to as_of"),
    Column("tenure_days", "double", "days from the first order to as_of"),
    *_windowed("orders", "bigint", "orders with merchandise", PURCHASE_WINDOWS),
    *_windowed("spend", "double", "paid for merchandise, in the shop's currency", PURCHASE_WINDOWS),
    *_windowed("products", "bigint", "product lines bought", PURCHASE_WINDOWS),
    *_windowed("discount_share", "double", "discount, of paid and discount", PURCHASE_WINDOWS, required=False),
    *_windowed("active_weeks", "bigint", "weeks, counted back from as_of, with an order", (56, 182)),
    Column("order_trend_28d", "double", "orders a day in 28 days, over those in 91 days"),
    Column("order_trend_91d", "double", "orders a day in 91 days, over those in 364 days, or since the first order"),
    Column("spend_trend_28d", "double", "spend a day in 28 days, over that in 91 days"),
    Column("gap_mean", "double", "mean days between order days, of two or more"),
    Column("gap_sd", "double", "their sample standard deviation, of three or more order days"),
    Column("gap_longest", "double", "the longest of them"),
    Column("gap_last", "double", "the newest of them"),
    Column("gap_mean_91d", "double", "mean days between order days, of gaps that ended in 91 days"),
    Column("gap_longest_91d", "double", "the longest of those"),
    Column("overdue", "double", "days since the newest order, over gap_mean"),
    Column("overdue_91d", "double", "days since the newest order, over gap_mean_91d"),
    Column("overdue_longest", "double", "days since the newest order, over gap_longest"),
    Column("basket_mean", "double", "mean spend of an order"),
    Column("basket_last", "double", "spend of the newest order"),
    Column("weekend_share", "double", "orders on Saturdays and Sundays (UTC), of all"),
    Column("same_weekday_share", "double", "orders on the weekday with the most of them (UTC), of all"),
    Column("categories_182d", "bigint", "categories bought from, in 182 days", required=True),
    Column("favourite_category_share_182d", "double", "spend in the favourite category, of all with a category"),
    Column("favourite_department_share_182d", "double", "spend in the department with the most, of all with one"),
)
_BROWSING = (
    *_windowed("pages", "bigint", "pages viewed", BROWSING_WINDOWS),
    *_windowed("views", "bigint", "products viewed", BROWSING_WINDOWS),
    *_windowed("adds", "bigint", "products added to the basket", BROWSING_WINDOWS),
    *_windowed("sessions", "bigint", "browsing sessions begun (30 minutes without an event end one)", BROWSING_WINDOWS),
    Column("days_since_visit", "double", "days from the newest browsing event to as_of, where in 91 days"),
)
_ENGAGEMENT = (
    *_windowed("delivered", "bigint", "e-mails delivered", ENGAGEMENT_WINDOWS),
    *_windowed("opened", "bigint", "e-mails opened", ENGAGEMENT_WINDOWS),
    *_windowed("clicked", "bigint", "e-mails with a link clicked", ENGAGEMENT_WINDOWS),
    Column("days_since_open", "double", "days from the newest opening to as_of, where in 182 days"),
)

PURCHASE = tuple(column.name for column in _PURCHASE)
BROWSING = tuple(column.name for column in _BROWSING)
ENGAGEMENT = tuple(column.name for column in _ENGAGEMENT)
"""Names of the columns a model may learn from, by what they are made of."""

_COLUMNS = (
    Column("person_id", "string", "the person", required=True),
    Column("as_of", "timestamp", "the moment of knowledge", required=True),
    Column("last_order_at", "timestamp", "the newest order with merchandise"),
    Column("favourite_category", "string", "category with the most spent in 182 days"),
    *_PURCHASE,
    *_BROWSING,
    *_ENGAGEMENT,
)

PEOPLE = Table(
    name="features.people",
    grain="one row per person and as_of, from what had occurred and arrived before it",
    columns=_COLUMNS,
    key=("person_id", "as_of"),
    written_by="features.people.people_features",
    cluster_by=("as_of",),
)

LATEST = Table(
    name="features.latest",
    grain="one row per person whose events arrived since the last build: as features.people, as of the newest refresh",
    columns=_COLUMNS,
    key=("person_id",),
    written_by="features.people.refreshed_features",
)
