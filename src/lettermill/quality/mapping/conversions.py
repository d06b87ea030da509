"""Text into typed values and other words: null where it is none, never an error, whatever the session is set to."""

import json
import re

from pyspark.sql import Column
from pyspark.sql import functions as F

from lettermill.quality.mapping.countries import country_words
from lettermill.quality.mapping.language import Cast, Wording

WHOLE = r"^\s*[+-]?\d{1,18}(\.0*)?\s*$"
NUMBER = r"^\s*[+-]?\d{1,20}(\.\d{1,20})?([eE][+-]?\d{1,2})?\s*$"
NO_LETTER_OR_DIGIT = re.compile(r"[^A-Za-z0-9]+")
USUAL_INSTANT = r"\A\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d{1,9})?Z\z"
ISO_DATE = r"^\s*(\d{4})-\d\d-\d\d(?:[T ].*)?\s*$"
SINCE_1970 = {"seconds": (11, 1_000_000), "millis": (14, 1_000), "micros": (17, 1)}
"""The most digits an instant has, up to the year 9999 and a little, and its unit in microseconds."""


def converted(text: Column, *, to: str, cast: Cast | None) -> Column:
    """`text` as the type `to`, read by `cast` or by the type's usual way."""
    if to == "string":
        return text
    if to == "timestamp":
        return _instant(text, cast)
    if to == "boolean":
        said = F.lower(F.trim(text))
        return F.when(said.isin("true", "1", "yes"), True).when(said.isin("false", "0", "no"), False)
    if to in ("int", "bigint"):
        return F.when(text.rlike(WHOLE), F.split_part(F.trim(text), F.lit("."), F.lit(1))).cast(to)
    return F.when(text.rlike(NUMBER), F.trim(text)).cast(to)


def _instant(text: Column, cast: Cast | None) -> Column:
    if cast not in SINCE_1970:
        return iso_instant(text)
    digits, unit = SINCE_1970[cast]
    number = F.when(text.rlike(rf"^\s*-?\d{{1,{digits}}}\s*$"), F.trim(text)).cast("bigint")
    return F.timestamp_micros(number * unit)


def iso_instant(text: Column) -> Column:
    """`text` as an instant, as Spark's own cast reads it, by a shorter way for the usual form, in UTC.

    The cast compiles two patterns for each text that names a zone, be it Z. Without its Z, `2017-06-01T12:00:00.000Z`
    is the same instant in a session of UTC.
    """
    is_usual = (F.current_timezone() == "UTC") & text.rlike(USUAL_INSTANT)
    return F.when(is_usual, F.to_timestamp(F.substring_index(text, "Z", 1))).otherwise(F.to_timestamp(text))


def worded(text: Column, wording: Wording) -> Column:
    """`text` in snake_case (from words: `Order Completed`), lower or upper case, or without blanks around it; a country
    as its ISO code; a date as its year. What is no country or no date stays as it came, so that a rule can tell of it.
    """
    if wording == "snake_case":
        return F.lower(F.regexp_replace(F.trim(text), NO_LETTER_OR_DIGIT.pattern, "_"))
    if wording == "country":
        return F.coalesce(_country_code(text), text)
    if wording == "year":
        return F.coalesce(F.nullif(F.regexp_extract(text, ISO_DATE, 1), F.lit("")), text)
    return {"lower": F.lower, "upper": F.upper, "trim": F.trim}[wording](text)


def _country_code(text: Column) -> Column:
    """The ISO 3166-1 alpha-2 code of a code or an English name; null where it is neither."""
    table = F.from_json(F.lit(json.dumps(country_words())), "map<string, string>")  # one literal, read once a plan
    plain = F.replace(F.replace(F.lower(text), F.lit("."), F.lit("")), F.lit("&"), F.lit(" and "))
    return F.try_element_at(table, F.trim(F.regexp_replace(plain, r"[^\p{L}]+", " ")))


def derived_id(parts: list[Column]) -> Column:
    """SHA-256 over texts of which each keeps its place, so that no two lists of parts give the same; null for none."""
    whole = F.array(*parts)
    return F.when(F.size(F.array_compact(whole)) > 0, F.sha2(F.to_json(whole), 256))
