"""Check functions fail what they should, and a wrong rule file says what is wrong with it."""

import shutil

import pytest
from pyspark.sql import functions as F

from lettermill.errors import ConfigError
from lettermill.quality.checks import ROW_CHECKS
from lettermill.quality.expectations import DATASET_CHECKS
from lettermill.quality.rules import Check, Rule, judge
from lettermill.settings import PACKAGED, load_quality

DAY = "DATE '2017-06-01'"
CASES = {
    "is_not_null": ({}, ["'a'", "''"], ["NULL"]),
    "is_not_empty": ({"trim_strings": True}, ["'a'", "NULL"], ["' '"]),
    "is_not_null_and_not_empty": ({"trim_strings": True}, ["'a'"], ["NULL", "' '"]),
    "is_not_null_and_not_empty_array": ({}, ["array(1)"], ["array()", "CAST(NULL AS ARRAY<INT>)"]),
    "is_in_list": ({"allowed": ["a", "b"], "case_sensitive": False}, ["'A'", "NULL"], ["'c'"]),
    "is_not_null_and_is_in_list": ({"allowed": [1, 2]}, ["1"], ["3", "NULL"]),
    "is_not_in_list": ({"forbidden": ["a"]}, ["'b'", "NULL"], ["'a'"]),
    "is_in_range": ({"min_limit": 1, "max_limit": 2.5}, ["1", "2.5D", "NULL"], ["0", "3"]),
    "is_not_in_range": ({"min_limit": 1, "max_limit": 2}, ["0", "NULL"], ["1", "2"]),
    "is_equal_to": ({"value": 1}, ["1", "NULL"], ["2"]),
    "is_not_equal_to": ({"value": 1}, ["2", "NULL"], ["1"]),
    "is_not_less_than": ({"limit": 1}, ["1", "NULL"], ["0"]),
    "is_not_greater_than": ({"limit": 1}, ["1", "NULL"], ["2"]),
    "regex_match": ({"regex": "^a+$"}, ["'aa'", "NULL"], ["'ab'"]),
    "is_valid_date": ({"date_format": "yyyy-MM-dd"}, ["'2016-02-29'", "NULL"], ["'2017-02-29'", "'soon'"]),
    "is_valid_timestamp": ({}, ["'2017-06-01T11:59:00Z'", "NULL"], ["'2017-13-01'"]),
    "is_not_in_future": (
        {"curr_timestamp": f"timestamp({DAY})", "offset": 60},
        ["TIMESTAMP '2017-06-01 00:01:00'", "NULL"],
        ["TIMESTAMP '2017-06-01 00:01:01'"],
    ),
    "is_older_than_col2_for_n_days": ({"column2": DAY, "days": 2}, ["'2017-05-29'", "NULL"], ["'2017-05-30'"]),
    "is_valid_email": ({}, ["'Zoe@Example.com'", "NULL"], ["'zoe@'", "'zoe@example'", "'@example.com'"]),
    "fits_country": (
        {"country": "'de'", "patterns": {"DE": r"\d{5}"}},
        ["'10115'", "' 10115 '", "NULL"],
        ["'1011'", "'101155'"],
    ),
    "sql_expression": ({}, ["true"], ["false", "NULL"]),
}


def rule(function, value, arguments, **more):
    if function == "sql_expression":
        return Rule(Check(function, {"expression": value}), **more)
    column = "column1" if function == "is_older_than_col2_for_n_days" else "column"
    return Rule(Check(function, arguments | {column: value}), **more)


def test_every_check_function_fails_what_it_should_and_passes_the_rest(spark):
    asked = [
        (function, value, is_bad)
        for function, (arguments, good, bad) in CASES.items()
        for value, is_bad in [*((v, False) for v in good), *((v, True) for v in bad)]
    ]

    found = (
        spark.range(1)
        .select(
            *(
                rule(function, value, CASES[function][0]).broken().alias(str(n))
                for n, (function, value, _) in enumerate(asked)
            )
        )
        .first()
    )

    assert [(case[:2], broken) for case, broken in zip(asked, found, strict=True) if broken != case[2]] == []
    assert {*CASES} == {*ROW_CHECKS}


def test_there_are_more_than_fifteen_check_functions():
    assert len(ROW_CHECKS) + len(DATASET_CHECKS) >= 15


def test_a_negated_check_fails_the_others_and_an_undecided_condition_counts_as_broken(spark):
    rules = [
        Rule(Check("regex_match", {"column": "word", "regex": "a", "negate": True}), "has an a"),
        Rule(Check("sql_expression", {"expression": "word = 'a'", "negate": True}), "is a"),
    ]

    judged = judge(spark.createDataFrame([("a",), ("b",), (None,)], "word string"), rules=rules)

    assert [tuple(row) for row in judged.collect()] == [("a", ["has an a", "is a"]), ("b", []), (None, ["is a"])]


def test_a_filter_says_which_rows_a_rule_is_about_and_each_column_gets_a_reason_of_its_own(spark):
    rows = spark.createDataFrame([("x", None, None), ("y", None, "b")], "kind string, a string, b string")
    rules = [
        Rule(Check("is_not_null", {}, ("a", "b")), "lacks", filter="kind = 'x'"),
        Rule(Check("is_not_null", {"column": "b"})),
    ]

    judged = judge(rows, rules=rules).select("kind", "reasons")

    assert [tuple(row) for row in judged.collect()] == [("x", ["lacks: a", "lacks: b", "b_is_not_null"]), ("y", [])]


def test_rules_that_only_warn_refuse_nothing(spark):
    rows = spark.range(1)
    noted = Rule(Check("is_equal_to", {"column": "id", "value": 1}), "not one", criticality="warn")

    judged = judge(judge(rows, rules=[noted]), rules=[noted], criticality="warn")

    assert judged.select("reasons", "warnings").first() == ([], ["not one"])


def test_all_rules_are_one_projection_over_the_rows(spark):
    rules = [Rule(Check("is_equal_to", {"column": "id", "value": n}), f"not {n}") for n in range(40)]

    plan = judge(spark.range(5), rules=rules)._jdf.queryExecution().optimizedPlan().toString()

    assert plan.count("Project") == 1
    assert "Join" not in plan


@pytest.fixture
def with_rules(tmp_path):
    """A conf folder whose quality.yml has one text for another."""

    def write(old, new):
        shutil.copytree(PACKAGED, tmp_path, dirs_exist_ok=True)
        text = (PACKAGED / "quality.yml").read_text()
        assert old in text
        (tmp_path / "quality.yml").write_text(text.replace(old, new, 1))
        return tmp_path

    return write


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "function: is_not_null,",
            "function: is_not_nul,",
            "no check function 'is_not_nul', did you mean 'is_not_null'?",
        ),
        ("trim_strings: true", "trim_string: true", "takes no argument 'trim_string', did you mean 'trim_strings'?"),
        ("trim_strings: true", "trim_strings: 7", r"trim_strings: Input should be a valid boolean \(is 7\)"),
        ("{column: event_id, trim_strings: true}", "{}", "needs the argument 'column'"),
        (
            "column: event_id",
            "column: event_idd",
            "quality.events: no event id: no column 'event_idd', did you mean 'event_id'?",
        ),
        (
            "quality.events:",
            "quality.event:",
            "rules: no checked table 'quality.event', did you mean 'quality.events'?",
        ),
        ("criticality: warn", "criticality: warning", r"criticality.*'error' or 'warn' \(is 'warning'\)"),
        ("filter: kind", "filtre: kind", "unknown key, did you mean 'filter'?"),
        (
            "name: no event id",
            "name: not a JSON object",
            "two checks go by the name 'quality.events: not a JSON object'",
        ),
        ("method: robust_z", "method: robust", "method"),
        ("max_share: 0.02", "max_share: 2", "max_share must be from 0 to 1"),
    ],
)
def test_a_wrong_rule_file_is_named_by_file_key_value_and_suggestion(with_rules, old, new, message):
    with pytest.raises(ConfigError, match=message) as caught:
        load_quality(conf=with_rules(old, new))

    assert "quality.yml" in str(caught.value)


def test_a_folder_without_rules_of_its_own_has_the_packaged_ones(tmp_path):
    assert load_quality(conf=tmp_path) == load_quality()


@pytest.mark.parametrize("expression", ["quantity >", "quantiti > 0"])
def test_an_expression_that_does_not_fit_the_rows_is_named_by_its_rule(spark, expression):
    rows = spark.createDataFrame([(1,)], "quantity int")
    rules = [
        Rule(Check("is_not_null", {"column": "quantity"})),
        Rule(Check("sql_expression", {"expression": expression}), "too few"),
    ]

    with pytest.raises(ConfigError, match="rule 'too few'"):
        judge(rows, rules=rules)
    assert rows.select(F.col("quantity")).count() == 1
