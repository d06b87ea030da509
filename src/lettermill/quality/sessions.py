"""Browsing sessions: a visitor's events with no pause above 30 minutes between two of them.

A session is what its events make it, whenever they arrived: a late event lengthens a session or joins two. So the
sessions that new events touch are made again, from all events in their span, and replace those that stood there.
"""

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from lettermill.tables.quality import SESSIONS

BROWSING = (
    "page_viewed", "screen_viewed", "product_viewed", "product_list_viewed", "product_clicked", "products_searched",
    "product_added", "product_removed", "cart_viewed", "checkout_started",
)  # fmt: skip
PAGES = ("page_viewed", "screen_viewed")
GAP = "INTERVAL 30 MINUTES"
BOTS = r"(?i)bot\b|crawl|spider|slurp|headless|phantomjs|lighthouse|pingdom|python-requests|curl/|wget/"
"""What user agents of machines say of themselves."""
FIRST = ("occurred_at", "event_id")


def browsing_events(events: DataFrame) -> DataFrame:
    """What sessions are made of, from rows of quality.events: the browser, or where it is unknown the user, visits."""
    visitor = F.coalesce(F.concat(F.lit("browser:"), F.col("anonymous_id")), F.concat(F.lit("user:"), F.col("user_id")))
    fields = {name: F.col(f"properties.{name}") for name in ("url", "referrer", "product_id")}
    return events.where(F.col("kind").isin(*BROWSING)).select(
        visitor.alias("visitor"),
        *("event_id", "kind", "occurred_at", "available_at", "user_id", "anonymous_id"),
        *(column.alias(name) for name, column in fields.items()),
        F.coalesce(F.col("properties.user_agent").rlike(BOTS), F.lit(False)).alias("is_machine"),
    )


def touched_spans(new: DataFrame, *, standing: DataFrame) -> DataFrame:
    """One row per visitor with new browsing events: `visitor` and the time, `starts` to `ends`, in which sessions may
    change: from the new events over every standing session that they reach, or that lies between them."""
    news = new.groupBy("visitor").agg(F.min("occurred_at").alias("first"), F.max("occurred_at").alias("last"))
    gap = F.expr(GAP)
    reached = (F.col("ended_at") >= F.col("first") - gap) & (F.col("started_at") <= F.col("last") + gap)
    # right side: sessions of one visitor, all of which lie apart
    near = news.join(standing.select("visitor", "started_at", "ended_at"), on="visitor", how="left")
    starts, ends = F.min(F.when(reached, F.col("started_at"))), F.max(F.when(reached, F.col("ended_at")))
    return near.groupBy("visitor").agg(
        F.least(F.min("first"), starts).alias("starts"), F.greatest(F.max("last"), ends).alias("ends")
    )


def within_spans(rows: DataFrame, spans: DataFrame, *, at: str) -> DataFrame:
    """The rows of each visitor of `spans` whose time `at` lies in the visitor's span."""
    # right side: one row per visitor
    return (
        rows.join(spans, on="visitor").where(F.col(at).between(F.col("starts"), F.col("ends"))).drop("starts", "ends")
    )


def sessions_of(browsing: DataFrame) -> DataFrame:
    """Rows for quality.sessions, from browsing events in any order."""
    in_order = Window.partitionBy("visitor").orderBy(*FIRST)
    begins = F.col("occurred_at") > F.lag("occurred_at").over(in_order) + F.expr(GAP)
    numbered = browsing.withColumn("begins", F.coalesce(begins, F.lit(True)).cast("int")).withColumn(
        "number", F.sum("begins").over(in_order)
    )
    started, ended = F.min("occurred_at"), F.max("occurred_at")
    is_page = F.col("kind").isin(*PAGES)
    sessions = numbered.groupBy("visitor", "number").agg(
        _first("event_id").alias("session_id"),
        F.max(F.when(F.col("user_id").isNotNull(), F.struct(*FIRST, "user_id")))["user_id"].alias("user_id"),
        F.min("anonymous_id").alias("anonymous_id"),
        started.alias("started_at"),
        ended.alias("ended_at"),
        (F.unix_micros(ended) - F.unix_micros(started)).alias("microseconds"),
        F.count("*").alias("events"),
        F.count_if(is_page).alias("pages"),
        F.array_sort(F.collect_set("product_id")).alias("products"),
        F.count_if(F.col("kind") == "product_added").alias("added"),
        _first("url", where=is_page).alias("entry"),
        _first("referrer", where=is_page).alias("referrer"),
        F.max("is_machine").alias("is_bot"),
        F.max("available_at").alias("available_at"),
    )
    columns = {
        "seconds": F.col("microseconds") / 1_000_000.0,
        "referrer": F.when(F.col("referrer") != "", F.col("referrer")),
    }
    return sessions.withColumns(columns).select(*SESSIONS.column_names)


def _first(name: str, *, where: Column | None = None) -> Column:
    """The value that the first event has, of those that `where` names."""
    whole = F.struct(*FIRST, F.col(name).alias("value"))
    return F.min(whole if where is None else F.when(where, whole))["value"]
