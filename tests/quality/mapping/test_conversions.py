"""Texts become values as Spark's own cast reads them, though not by way of it."""

from itertools import product

from hypothesis import HealthCheck, settings
from hypothesis import given as invented
from hypothesis import strategies as st
from pyspark.sql import functions as F

from lettermill.quality.mapping.conversions import iso_instant

DATES = ("2017-06-01", "2017-6-1", "12017-06-01", "-0001-01-01", "2017-02-30", " 2017-06-01", "2017-06", "")
TIMES = (
    "T12:00:00",
    " 12:00:00",
    "T12:00",
    "T1:2:3",
    "T24:00:00",
    "T12:00:0",
    "T12:00:",
    "T12:00:000000",
    "12:00:00",
    "",
)
FRACTIONS = ("", ".", ".1", ".000", ".123456789", ".1234567890123456", ".1+2", ".+1", ".1e2", ".12d", ".1 ", "1", "NaN")
ZONES = ("Z", "", "z", "ZZ", " Z", "Z ", "+01:00", "+01:00Z", "-5Z", "+05Z", "UTCZ", " UTC", "Europe/Berlin")
PIECES = st.lists(st.sampled_from([*DATES, *TIMES, *FRACTIONS, *ZONES, *"0123456789:.-+ TZ"]), max_size=8).map("".join)


def differing(spark, texts):
    rows = spark.createDataFrame([(text,) for text in texts], "text string")
    ours, sparks = iso_instant(F.col("text")), F.to_timestamp("text")
    read = rows.select("text", ours.cast("string"), sparks.cast("string"), (~ours.eqNullSafe(sparks)).alias("differs"))
    return [tuple(row) for row in read.where("differs").collect()]


def test_an_instant_is_what_sparks_cast_makes_of_the_text(spark):
    crowded = ["T12:00:00.0+1:00:00Z", "2017-6-1T1:2:3+1:00Z"]

    assert differing(spark, [*map("".join, product(DATES, TIMES, FRACTIONS, ZONES)), *crowded]) == []


@settings(max_examples=3, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@invented(texts=st.lists(PIECES, min_size=50, max_size=200))
def test_of_any_text(spark, texts):
    assert differing(spark, texts) == []


def test_a_text_in_utc_is_so_whatever_the_time_zone_of_the_session(spark):
    spark.conf.set("spark.sql.session.timeZone", "America/New_York")
    try:
        assert differing(spark, ["2017-06-01T12:00:00.000Z", "2017-06-01T12:00:00"]) == []
    finally:
        spark.conf.set("spark.sql.session.timeZone", "UTC")
