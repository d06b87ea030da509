"""How long rows waited is told of those that did wait; history that was loaded is only counted."""

from datetime import UTC, datetime, timedelta

from lettermill.waiting import waited

NOW = datetime(2018, 1, 9, tzinfo=UTC)


def told(spark, *ages):
    rows = spark.createDataFrame([(NOW - timedelta(seconds=age),) for age in ages], "at timestamp")
    return waited(rows, since="at", until=NOW, what="events waited")


def test_what_waited_is_told_and_history_is_counted_apart(spark):
    assert told(spark, 1, 2, 3) == "events waited: median 2.0 s, 95 % 2.9 s, longest 3.0 s"
    assert told(spark, 2, 10**8) == "events waited: median 2.0 s, 95 % 2.0 s, longest 2.0 s, 1 rows of history"
    assert told(spark, 10**8) == "events waited: 1 rows of history"
