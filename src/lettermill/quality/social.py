"""Engagement on social media: follows, likes, comments and shares, linked to a customer or to a hashed address."""

from collections.abc import Mapping, Sequence

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from lettermill.quality.mapping.applying import Mappings, mapped
from lettermill.quality.quarantine import accepted
from lettermill.quality.raw import as_it_came
from lettermill.quality.rules import Rule, judge
from lettermill.tables.quality import SOCIAL_ENGAGEMENT

ENGAGEMENT = "engagement_key"
BASES_FOR_MARKETING = ("consent", "legitimate_interest")
"""By which rights a person's engagement may be used to decide what to mail them; a contract is about a purchase."""


def judged_engagement(
    records: DataFrame,
    *,
    mappings: Mappings,
    rules: Sequence[Rule],
    trust: Mapping[str, float],
    bases: Mapping[str, str],
) -> DataFrame:
    """Judge records of social sources: the columns of quality.social_engagement with `reasons` and ENGAGEMENT, a key.

    `trust` and `bases` say per source how far it is believed and by what right it knows people; a record that names a
    basis of its own has that one.
    """
    read = mapped(records, mappings)
    basis = F.coalesce(_text("read.consent_basis"), _of_source(bases).cast("string"), F.lit("none"))
    said = ("engagement_id", "platform", "account", "subject", "action", "handle", "customer_id", "email_sha256")
    engagement = read.select(
        *(_text(f"read.{name}").alias(name) for name in said),
        F.to_timestamp("read.occurred_at").alias("occurred_at"),
        F.coalesce(_of_source(trust).cast("double"), F.lit(0.0)).alias("trust"),
        basis.alias("consent_basis"),
        basis.isin(*BASES_FOR_MARKETING).alias("may_be_used"),
        F.col("extracted_at").alias("received_at"),
        F.col("extracted_at").alias("available_at"),
        *as_it_came("read"),
        _key(F.col("source"), _text("read.engagement_id")),
    )
    return judge(engagement, rules=rules)


def standing_engagement(engagement: DataFrame) -> DataFrame:
    """Rows of quality.social_engagement with ENGAGEMENT. The same action told twice by a source is a duplicate."""
    return engagement.select(_key(F.col("source"), F.col("engagement_id")), "source", "origin", "position")


def accepted_engagement(judged: DataFrame) -> DataFrame:
    """Rows for quality.social_engagement."""
    return accepted(judged).select(*SOCIAL_ENGAGEMENT.column_names)


def _key(source: Column, engagement_id: Column) -> Column:
    return F.struct(source.alias("of"), engagement_id.alias("engagement_id")).alias(ENGAGEMENT)


def _text(column: str) -> Column:
    return F.nullif(F.trim(column), F.lit(""))


def _of_source(values: Mapping[str, object]) -> Column:
    table = [F.lit(part) for pair in values.items() for part in pair]
    return F.try_element_at(F.create_map(*table), F.col("source")) if table else F.lit(None)
