"""Expectations say what they looked at, what failed and what was allowed, and those that are met say so too."""

from datetime import UTC, datetime, timedelta

from pyspark.sql import functions as F

from lettermill.quality.definition import Expectation
from lettermill.quality.expectations import measured
from lettermill.quality.results import check_rows, rule_results
from lettermill.quality.rules import Check, Rule
from lettermill.tables.quality import QUARANTINE

AS_OF = datetime(2017, 6, 1, tzinfo=UTC)


def expectation(function, arguments, **more):
    return Expectation(Check(function, arguments), more.pop("name", function), **more)


def found(rows, *expectations, **references):
    results = measured(rows, expectations, as_of=F.lit(AS_OF), references=references)
    return {row.check: (row.rows_looked_at, row.rows_failed, row.observed, row.is_met) for row in results.collect()}


def test_volume_freshness_uniqueness_null_share_and_references_are_measured(spark):
    at = AS_OF - timedelta(minutes=90)
    rows = spark.createDataFrame(
        [("a", 1, at), ("a", None, at), ("b", 3, None), (None, 4, at)], "key string, n int, at timestamp"
    )
    others = spark.createDataFrame([("a",), ("a",)], "id string")

    assert found(
        rows,
        expectation("is_aggr_not_less_than", {"limit": 4}, name="volume"),
        expectation("is_aggr_not_less_than", {"limit": 3}, name="volume of some", filter="n > 1"),
        expectation("is_aggr_not_greater_than", {"limit": 3, "column": "n", "aggr_type": "max"}, name="largest"),
        expectation("is_data_fresh", {"column": "at", "max_age_minutes": 90}, name="fresh"),
        expectation("is_data_fresh", {"column": "at", "max_age_minutes": 89}, name="fresher"),
        expectation("is_unique", {"columns": ["key"]}, name="unique"),
        expectation("is_unique", {"columns": ["key", "n"]}, name="unique together"),
        expectation("is_not_null", {"column": "n"}, name="few nulls", max_share=0.25),
        expectation("is_not_null", {"column": "n"}, name="fewer nulls", max_share=0.2),
        expectation("foreign_key", {"columns": ["key"], "ref_table": "others", "ref_columns": ["id"]}, name="known"),
        others=others,
    ) == {
        "volume": (4, None, 4, True),
        "volume of some": (2, None, 2, False),
        "largest": (4, None, 4, False),
        "fresh": (4, None, 90, True),
        "fresher": (4, None, 90, False),
        "unique": (3, 1, 1 / 3, False),
        "unique together": (2, 0, 0, True),
        "few nulls": (4, 1, 0.25, True),
        "fewer nulls": (4, 1, 0.25, False),
        "known": (3, 1, 1 / 3, False),
    }  # fmt: skip


def test_an_empty_table_has_too_few_rows_and_nothing_fresh_and_breaks_nothing_else(spark):
    rows = spark.createDataFrame([], "key string, at timestamp")

    assert found(
        rows,
        expectation("is_aggr_not_less_than", {"limit": 1}),
        expectation("is_data_fresh", {"column": "at", "max_age_minutes": 90}),
        expectation("is_unique", {"columns": ["key"]}),
        expectation("is_not_null", {"column": "key"}),
    ) == {
        "is_aggr_not_less_than": (0, None, 0, False),
        "is_data_fresh": (0, None, None, False),
        "is_unique": (0, 0, 0, True),
        "is_not_null": (0, 0, 0, True),
    }


def test_what_needs_no_shuffle_is_one_pass_over_the_rows(spark):
    many = [expectation("is_not_null", {"column": "id"}, name=str(n)) for n in range(20)]

    plan = measured(spark.range(5), many, as_of=F.lit(AS_OF), references={})

    assert plan._jdf.queryExecution().optimizedPlan().toString().count("Range (0, 5") == 1


def test_rules_are_counted_over_all_rows_that_were_judged_and_a_replayed_row_is_no_failure(spark, given):
    accepted = spark.createDataFrame(
        [("crm", ["no name"]), ("crm", []), ("panel", [])], "source string, warnings array<string>"
    )
    aside = given(
        QUARANTINE,
        {"disposition": "refused", "reasons": ["no id", "no time"]},
        {"disposition": "replayed", "reasons": ["no id"]},
        {"disposition": "duplicate", "reasons": ["its key is taken by an earlier row"]},
    )
    rules = [
        Rule(Check("is_not_null", {"column": "id"}), "no id"),
        Rule(Check("is_not_null", {"column": "at"}), "no time"),
        Rule(Check("is_not_null", {"column": "currency"}), "no currency"),
        Rule(Check("is_not_null", {"column": "name"}), "no name", criticality="warn"),
    ]

    results = rule_results(accepted, aside, rules, is_warned=F.col("source") == "crm")

    rows = check_rows({"quality.people": [results]}, as_of=AS_OF).collect()
    assert [(row.check, row.rows_failed, row.rows_looked_at, row.verdict) for row in rows] == [
        ("no id", 1, 5, "failed"),
        ("no time", 1, 5, "failed"),
        ("no currency", 0, 5, "passed"),
        ("no name", 1, 2, "warned"),
    ]
