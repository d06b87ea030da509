"""Person records, one row per version of a source's record."""

from collections.abc import Mapping, Sequence

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from lettermill.quality.checks import address_in
from lettermill.quality.mapping.applying import Mappings, mapped
from lettermill.quality.mapping.countries import CODES
from lettermill.quality.quarantine import ORIGIN, accepted
from lettermill.quality.raw import as_it_came
from lettermill.quality.rules import Rule, judge
from lettermill.tables.quality import PEOPLE, TRAITS

OLDEST_BIRTH_YEAR = 1900
TO_THE_MICROSECOND = {"timestampFormat": "yyyy-MM-dd'T'HH:mm:ss.SSSSSSXXX"}


def judged_people(records: DataFrame, *, mappings: Mappings, rules: Sequence[Rule]) -> DataFrame:
    """Judge person records (rows of ingest.records) by `rules`: the columns of quality.people with `reasons`."""
    read = mapped(records, mappings)
    columns = {name: _text(f"read.{name}") for name in ("record_id", "customer_id", "first_name", "last_name")}
    columns |= {name: _text(f"read.{name}") for name in ("postcode", "locale", "timezone")}
    columns |= {name: _text(f"read.{name}") for name in ("phone", "household_id")}
    columns |= {
        "email": address_in("read.email"),
        "raw_email": F.col("read.email"),
        "birth_year": _birth_year(),
        "raw_birth_year": _text("read.birth_year"),
        "country": _country(),
        "raw_country": _text("read.country"),
        "email_consent": _consent("read.email_consent"),
        "profiling_consent": _consent("read.profiling_consent"),
        "consent_at": F.to_timestamp("read.consent_at"),
        "updated_at": F.to_timestamp("read.updated_at"),
    }
    return _judged(read, columns, rules=rules)


def judged_demographics(records: DataFrame, *, mappings: Mappings, rules: Sequence[Rule]) -> DataFrame:
    """Judge third-party demographics: their customer id is the record id, their extract the last change.

    Only rules of criticality error are asked: the others are about what people tell of themselves.
    """
    read = mapped(records, mappings)
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


def identified(events: DataFrame) -> DataFrame:
    """What the `identify` events among `events` (rows of quality.events) tell of people, for `judged_people`.

    One row per event that tells a trait at all, with the columns of ingest.records that are read: `raw` is the event in
    canonical words, as JSON. A clock that is ahead by what events are allowed changed the record when it was received.
    """
    told = {name: F.col(name) for name in ("user_id", "anonymous_id", "properties")}
    told["occurred_at"] = F.least("occurred_at", "available_at")
    tells_a_trait = F.coalesce(*(F.col(f"properties.{name}") for name in TRAITS)).isNotNull()
    return events.where((F.col("kind") == "identify") & tells_a_trait).select(
        *ORIGIN,
        F.to_json(F.struct(*(value.alias(name) for name, value in told.items())), TO_THE_MICROSECOND).alias("raw"),
        F.col("available_at").alias("extracted_at"),
        F.col("available_at").alias("ingested_at"),
    )


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


def _country() -> Column:
    """The ISO code that a mapping gave, in capitals: another word would be taken for a country that has no rules."""
    code = F.upper(_text("read.country"))
    return F.when(F.array_contains(F.split(F.lit(",".join(CODES)), ","), code), code)


def _consent(column: str) -> Column:
    state = F.lower(F.trim(column))
    return F.when(state.isin("granted", "denied"), state)
