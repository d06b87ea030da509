"""Rows that came as JSON text: what of the text a judged row keeps."""

from pyspark.sql import Column
from pyspark.sql import functions as F

from lettermill.quality.quarantine import ORIGIN


def as_it_came(read: str) -> tuple[Column | str, ...]:
    """The columns that a judged row needs beside its own: where `raw` came from, when, and whether it is `not_json`.

    `read` names the column that `raw` was parsed into, with the parser's complaint in its field `_malformed`.
    """
    return (
        *ORIGIN,
        "raw",
        F.lit(0).alias("part"),
        F.col("ingested_at").alias("first_seen"),
        _not_json(read).alias("not_json"),
    )


def _not_json(read: str) -> Column:
    """Whether `raw` is no JSON object. A part of another shape than declared reads as null; its rule judges it."""
    # get_json_object parses again, so only rows that the first parse complained of pay for it.
    unreadable = F.get_json_object("raw", "$").isNull() | ~F.ltrim("raw").startswith("{")
    return F.col(read).isNull() | (F.col(f"{read}._malformed").isNotNull() & unreadable)
