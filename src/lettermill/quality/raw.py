"""Rows that came as JSON text: what of the text a judged row keeps."""

from pyspark.sql import Column
from pyspark.sql import functions as F

from lettermill.quality.quarantine import ORIGIN

_ESCAPE = r"(?<!\\)(?:\\\\)*"
_HIGH, _LOW = r"\\u[dD][89abAB][0-9a-fA-F]{2}", r"\\u[dD][c-fC-F][0-9a-fA-F]{2}"
BROKEN = rf"{_ESCAPE}\\u0000|{_ESCAPE}{_HIGH}(?!{_LOW})|{_ESCAPE}(?<!{_HIGH}){_LOW}"
"""Escapes in JSON that stand for no text: a NUL, or half a surrogate pair."""


def as_it_came(read: str) -> tuple[Column | str, ...]:
    """The columns that a judged row needs beside its own: where `raw` came from, when, whether it is `not_json`, and
    whether it holds `broken_text`: a NUL, which ends texts elsewhere, or half a character, which would become another.

    `read` names the column that mappings made of `raw`, with the parser's complaint in its field `_malformed`.
    """
    return (
        *ORIGIN,
        "raw",
        F.lit(0).alias("part"),
        F.col("ingested_at").alias("first_seen"),
        _not_json(read).alias("not_json"),
        _broken_text().alias("broken_text"),
    )


def _not_json(read: str) -> Column:
    """Whether `raw` is no JSON object. A part of another shape than declared reads as null; its rule judges it."""
    # get_json_object parses again, so only rows that the first parse complained of pay for it.
    unreadable = F.get_json_object("raw", "$").isNull() | ~F.ltrim("raw").startswith("{")
    return F.col(f"{read}._unparsed") | (F.col(f"{read}._malformed").isNotNull() & unreadable)


def _broken_text() -> Column:
    # Few rows have escapes at all, so the pattern is asked for those only.
    return F.col("raw").contains("\x00") | (F.col("raw").contains("\\u") & F.col("raw").rlike(BROKEN))
