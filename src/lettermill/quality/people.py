"""Person records, one row per version of a source's record."""

from collections.abc import Mapping

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from lettermill.quality.mapping.applying import Mappings, mapped
from lettermill.quality.quarantine import accepted
from lettermill.quality.raw import as_it_came
from lettermill.quality.rules import PERSON_RULES, PERSON_WARNINGS, judge
from lettermill.tables.quality import PEOPLE

# What the suite takes as an address; the local part and labels of RFC 5321 without quoted strings and literals.
_ATOM = r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
ADDRESS = rf"^{_ATOM}(\.{_ATOM})*@({_LABEL}\.)+[a-z]{{2,63}}$"
OLDEST_BIRTH_YEAR = 1900


def judged_people(records: DataFrame, *, mappings: Mappings) -> DataFrame:
    """Judge person records (rows of ingest.records): the columns of quality.people with `reasons`."""
    read = mapped(records, mappings)
    address = F.lower(F.trim("read.email"))
    columns = {name: _text(f"read.{name}") for name in ("record_id", "customer_id", "first_name", "last_name")}
    columns |= {name: _text(f"read.{name}") for name in ("country", "postcode", "locale", "timezone")}
    columns |= {name: _text(f"read.{name}") for name in ("phone", "household_id")}
    columns |= {
        "email": F.when(address.rlike(ADDRESS) & (F.length(address) <= 254), address),
        "raw_email": F.col("read.email"),
        "birth_year": _birth_year(),
        "raw_birth_year": _text("read.birth_year"),
        "email_consent": _consent("read.email_consent"),
        "profiling_consent": _consent("read.profiling_consent"),
        "consent_at": F.to_timestamp("read.consent_at"),
        "updated_at": F.to_timestamp("read.updated_at"),
    }
    return _judged(read, columns, warnings=PERSON_WARNINGS)


def judged_demographics(records: DataFrame, *, mappings: Mappings) -> DataFrame:
    """Judge third-party demographics: their customer id is the record id, their extract the last change."""
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
    return _judged(read, columns, warnings={})


def accepted_people(judged: DataFrame) -> DataFrame:
    """Rows for quality.people."""
    return accepted(judged).select(*PEOPLE.column_names)


def _judged(read: DataFrame, columns: Mapping[str, Column], *, warnings: Mapping[str, str]) -> DataFrame:
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
    return judge(judge(people, rules=PERSON_RULES), rules=warnings, into="warnings")


def _text(column: str) -> Column:
    """The text without blanks around it; null where nothing is left."""
    return F.nullif(F.trim(column), F.lit(""))


def _birth_year() -> Column:
    year = F.col("read.birth_year").cast("int")
    return F.when(year.between(OLDEST_BIRTH_YEAR, F.year("extracted_at")), year)


def _consent(column: str) -> Column:
    state = F.lower(F.trim(column))
    return F.when(state.isin("granted", "denied"), state)
