"""Names on social media that are a person's: those under which sources tell of the person by another identifier."""

from collections.abc import Iterable

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lettermill.identifiers import address_sha256


def handles_of(engagement: DataFrame, identifiers: Iterable[tuple[str, str]]) -> DataFrame:
    """`platform, handle` of rows of quality.social_engagement that name who has these identifiers (kind, value).

    A handle that a row gives to another customer is left out: it proves nothing, and its rows may be anybody's.
    """
    known = [*identifiers]
    customers = [value for kind, value in known if kind == "customer_id"]
    digests = [address_sha256(value) for kind, value in known if kind == "email"]
    is_customer = F.coalesce(F.col("customer_id").isin(customers), F.lit(False))
    is_theirs = is_customer | F.coalesce(F.col("email_sha256").isin(digests), F.lit(False))
    is_anothers = F.col("customer_id").isNotNull() & ~is_customer
    told = engagement.where(F.col("handle").isNotNull()).groupBy("platform", "handle")
    claimed = told.agg(F.bool_or(is_theirs).alias("is_theirs"), F.bool_or(is_anothers).alias("is_anothers"))
    return claimed.where("is_theirs AND NOT is_anothers").select("platform", "handle")
