"""The review queue: what was found, who decided what about it, and whom and what it keeps out until then."""

from collections.abc import Sequence
from datetime import datetime
from functools import reduce
from typing import Literal

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from lettermill.tables.quality import DECISION, REVIEWS

State = Literal["open", "accepted", "excluded"]


def review_rows(findings: Sequence[DataFrame], *, as_of: datetime) -> DataFrame:
    """Rows for quality.reviews, open, of findings as `outliers.outliers` and its like give them.

    The id depends on what was found about whom (a spike: in which week), so that finding it again adds nothing.
    """
    together = reduce(lambda one, other: one.unionByName(other, allowMissingColumns=True), findings)
    given = {
        "review_id": F.substring(
            F.sha2(F.concat_ws("|", "finding", "subject_kind", "subject_id", *_if_there(together, "week")), 256), 1, 16
        ),
        "user_id": F.when(F.col("subject_kind") == "customer", F.col("subject_id")).otherwise(
            F.coalesce(*_if_there(together, "user_id"), F.lit(None).cast("string"))
        ),
        "found_at": F.lit(as_of),
        "state": F.lit("open"),
        "history": F.array().cast(f"array<{DECISION}>"),
    }
    absent = [c for c in REVIEWS.columns if c.name not in (*together.columns, *given)]
    return together.select(
        *(name for name in together.columns if name not in given),
        *(value.alias(name) for name, value in given.items()),
        *(F.lit(None).cast(column.type).alias(column.name) for column in absent),
    ).select(*REVIEWS.column_names)


def decided(reviews: DataFrame, *, state: State, by: str, at: datetime, why: str) -> DataFrame:
    """The reviews with one decision more: the last one holds, the others stay in `history`."""
    decision = F.struct(
        F.lit(state).alias("state"),
        F.lit(by).alias("by"),
        F.lit(at).cast("timestamp").alias("at"),
        F.lit(why).alias("why"),
    )
    return reviews.withColumns(
        {
            "state": F.lit(state),
            "decided_by": F.lit(by),
            "decided_at": F.lit(at).cast("timestamp"),
            "reason": F.lit(why),
            "history": F.concat("history", F.array(decision)),
        }
    )


def held(reviews: DataFrame) -> DataFrame:
    """Reviews whose subject is kept out: excluded ones, and open ones that hold it.

    A decision says whether the rows are true, so it counts for every as-of, those before it too.
    """
    return reviews.where((F.col("state") == "excluded") | ((F.col("state") == "open") & F.col("holds")))


def trusted_lines(lines: DataFrame, reviews: DataFrame) -> DataFrame:
    """Order lines (quality.order_lines) without those of orders that are kept out."""
    return lines.join(F.broadcast(_subjects(reviews, "order", "order_id")), on="order_id", how="left_anti")


def held_people(reviews: DataFrame, identities: DataFrame) -> DataFrame:
    """`person_id` of everybody with a customer id that is kept out."""
    customers = identities.where(F.col("identifier_kind") == "customer_id")
    named = F.broadcast(_subjects(reviews, "customer", "identifier"))
    return customers.join(named, on="identifier", how="left_semi").select("person_id").distinct()


def without_people(rows: DataFrame, held: DataFrame) -> DataFrame:
    """Rows with a `person_id` that is not among the people kept out."""
    return rows.join(F.broadcast(held), on="person_id", how="left_anti")


def lines_without_people(lines: DataFrame, held: DataFrame, identities: DataFrame) -> DataFrame:
    """Order lines without those of people kept out, under whichever customer id."""
    customers = identities.where(F.col("identifier_kind") == "customer_id")
    theirs = customers.join(held, on="person_id", how="left_semi").select(F.col("identifier").alias("user_id"))
    return lines.join(F.broadcast(theirs), on="user_id", how="left_anti")


def _subjects(reviews: DataFrame, kind: str, name: str) -> DataFrame:
    of_kind = held(reviews).where(F.col("subject_kind") == kind)
    return of_kind.select(F.col("subject_id").alias(name)).distinct()


def _if_there(rows: DataFrame, name: str) -> list[Column]:
    return [F.col(name).cast("string")] if name in rows.columns else []
