"""Person records, one row per version of a source's record."""

from collections.abc import Mapping, Sequence

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from lettermill.quality.checks import is_address
from lettermill.quality.quarantine import accepted
from lettermill.quality.raw import as_it_came
from lettermill.quality.rules import Rule, judge
from lettermill.tables.quality import PEOPLE

OLDEST_BIRTH_YEAR = 1900

CRM_SHAPE = (
    "record_id string, customer_id string, first_name string, last_name string, email string, birth_year string, "
    "country string, postcode string, locale string, timezone string, email_consent string, profiling_consent string, "
    "consent_at string, updated_at string, _malformed string"
)
DEMOGRAPHICS_SHAPE = (
    "customer_id string, age string, income string, home_ownership string, household_size string, kids_count string, "
    "_malformed string"
)
MALFORMED = {"columnNameOfCorruptRecord": "_malformed"}


def judged_people(records: DataFrame, *, rules: Sequence[Rule]) -> DataFrame:
    """Judge CRM records (rows of ingest.records) by `rules`: the columns of quality.people with `reasons`."""
    read = records.withColumn("read", F.from_json("raw", CRM_SHAPE, MALFORMED))
    address = F.lower(F.trim("read.email"))
    columns = {name: _text(f"read.{name}") for name in ("record_id", "customer_id", "first_name", "last_name")}
    columns |= {name: _text(f"read.{name}") for name in ("country", "postcode", "locale", "timezone")}
    columns |= {
        "email": F.when(is_address(address), address),
        "raw_email": F.col("read.email"),
        "birth_year": _birth_year(),
        "raw_birth_year": _text("read.birth_year"),
        "email_consent": _consent("read.email_consent"),
        "profiling_consent": _consent("read.profiling_consent"),
        "consent_at": F.to_timestamp("read.consent_at"),
        "updated_at": F.to_timestamp("read.updated_at"),
    }
    return _judged(read, columns, rules=rules)


def judged_demographics(records: DataFrame, *, rules: Sequence[Rule]) -> DataFrame:
    """Judge third-party demographics: their customer id is the record id, their extract the last change.

    Only rules of criticality error are asked: the others are about what people tell of themselves.
    """
    read = records.withColumn("read", F.from_json("raw", DEMOGRAPHICS_SHAPE, MALFORMED))
    columns = {
        name: _text(f"read.{name}") for name in ("customer_id", "household_size", "kids_count", "home_ownership")
    }
    columns |= {
        "record_id": _text("read.customer_id"),
        "age_band": _text("read.age"),
        "income_band": _text("read.income"),
        "updated_at": F.col("extracted_at"),
    }
    return _judged(read, columns, rules=[rule for rule in rules if rule.criticality == "error"])


def accepted_people(judged: DataFrame) -> DataFrame:
    """Rows for quality.people."""
    return accepted(judged).select(*PEOPLE.column_names)


def _judged(read: DataFrame, columns: Mapping[str, Column], *, rules: Sequence[Rule]) -> DataFrame:
    absent = [
        c for c in PEOPLE.columns if c.name not in columns and c.name not in (*read.columns, "available_at", "warnings")
    ]
    people = read.select(
        *(value.alias(name) for name, value in columns.items()),
        *(F.lit(None).cast(column.type).alias(column.name) for column in absent),
        F.col("extracted_at").alias("available_at"),
        *as_it_came("read"),
        F.lit(False).alias("is_duplicate"),
        F.lit(False).alias("is_standing"),
    )
    return judge(judge(people, rules=rules), rules=rules, criticality="warn")


def _text(column: str) -> Column:
    """The text without blanks around it; null where nothing is left."""
    return F.nullif(F.trim(column), F.lit(""))


def _birth_year() -> Column:
    year = F.col("read.birth_year").cast("int")
    return F.when(year.between(OLDEST_BIRTH_YEAR, F.year("extracted_at")), year)


def _consent(column: str) -> Column:
    state = F.lower(F.trim(column))
    return F.when(state.isin("granted", "denied"), state)
