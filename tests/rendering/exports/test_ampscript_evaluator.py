"""The evaluator that AMPscript exports are tried in does what the language's documentation says, example by example.

Facts from Salesforce's pages Language Elements, Evaluating Conditions, Case Sensitivity, Data Structures,
BuildRowSetFromJson, Empty and IsNull, and from ampscript.guide's Comparison Operators and Process Loops.
"""

import json

import pytest

from tests.rendering.exports.ampscript_evaluator import AmpscriptError, evaluate

FLIGHTS = json.dumps(
    {
        "Flights": [
            {"Origin": "IND", "Dest": "NYC", "Price": 100},
            {"Origin": "IND", "Dest": "LAX", "Price": 200},
            {"Origin": "IND", "Dest": "SEA", "Price": 500, "PerBagSurcharge": 25},
        ]
    }
)
AGES = '%%[ IF (@age >= 30 AND @p == "High") OR (@age >= 55 AND @p == "Normal") THEN ]%%yes%%[ ELSE ]%%no%%[ ENDIF ]%%'


@pytest.mark.parametrize(
    ("source", "printed"),
    [
        pytest.param('%%[ SET @a = "x" ]%%%%=v(@a)=%%', "x", id="a variable is set in a block and printed inline"),
        pytest.param("%%[ VAR @a, @b ]%%<%%=v(@a)=%%>", "<>", id="a declared variable is null, and prints nothing"),
        pytest.param("%%=v('it''s')=%% %%=v(\"a \"\"b\"\"\")=%%", "it's a \"b\"", id="a quote is doubled in a literal"),
        pytest.param("%%=v(-1.5)=%%", "-1.5", id="numbers have a point and a sign"),
        pytest.param("%%Name%%, %%=LOWERCASE(SUBSTRING(Name, 1, 5))=%%", "Dietrich, dietr", id="functions nest"),
        pytest.param('%%=replace(@h, "world", "friend")=%%', "Hello friend!", id="a function in lower case"),
        pytest.param('%%=REPLACE(@H, "world", "friend")=%%', "Hello friend!", id="a function in upper case"),
        pytest.param("%%[ Var @n ]%%%%= IsNull(@n) =%%", "true", id="a variable not set is null"),
        pytest.param("%%=Empty(@n)=%% %%=Empty('')=%% %%=Empty('0')=%%", "true true false", id="what is empty"),
        pytest.param("%%=Iif('GOLD' == 'gold', 'same', 'other')=%%", "same", id="texts compare without case"),
        pytest.param("%%=Iif(10 > 9, 'more', 'less')=%%", "more", id="numbers compare as numbers"),
        pytest.param("%%[ SET @age = 30 SET @p = 'High' ]%%" + AGES, "yes", id="AND within parentheses"),
        pytest.param("%%[ SET @age = 30 SET @p = 'Normal' ]%%" + AGES, "no", id="OR of parentheses"),
        pytest.param("%%[ IF NOT (1 == 2) THEN ]%%a%%[ ENDIF ]%%", "a", id="NOT turns it round"),
        pytest.param("%%[ IF 1 == 2 THEN ]%%a%%[ ELSEIF 2 == 2 THEN ]%%b%%[ ELSE ]%%c%%[ ENDIF ]%%", "b", id="ELSEIF"),
        pytest.param("%%[ FOR @i = 1 TO 5 DO ]%%%%=v(@i)=%%%%[ NEXT @i ]%%", "12345", id="a loop counts up"),
        pytest.param("%%[ FOR @i = 3 DOWNTO 1 DO ]%%%%=v(@i)=%%%%[ NEXT ]%%", "321", id="a loop counts down"),
        pytest.param("%%=Char(37)=%%", "%", id="a character by its code"),
        pytest.param("%%=Concat('a', Subtract(3, 1), 'b')=%%", "a2b", id="texts are joined"),
        pytest.param("100% sure", "100% sure", id="one per cent sign is text"),
    ],
)  # fmt: skip
def test_the_published_examples_print_what_is_published(source, printed):
    assert evaluate("%%[ SET @h = 'Hello world!' ]%%" + source, {"Name": "Dietrich"}) == printed


def test_json_objects_become_rows_with_a_column_for_each_key():
    rows = (
        '%%[ SET @f = BuildRowSetFromJSON(@j, "$.Flights[*]", 0) FOR @i = 1 TO RowCount(@f) DO SET @r = Row(@f, @i) ]%%'
        '%%=Field(@r, "Dest")=%% %%=Field(@r, "price")=%%;%%[ NEXT @i ]%%'
    )

    assert (
        evaluate("%%[ SET @j = AttributeValue('flights') ]%%" + rows, {"flights": FLIGHTS})
        == "NYC 100;LAX 200;SEA 500;"
    )


@pytest.mark.parametrize(
    ("json_text", "path", "columns"),
    [
        (FLIGHTS, "$.Flights[*].Price", {"Value": "100"}),
        ('[{"a": {"b": 1}, "c": [{}]}]', "$[*]", {"a": "JSON Object", "c": "JSON Object Array"}),
        ('[{"c": [{"d": "x"}]}]', "$[0].c[*]", {"d": "x"}),
    ],
)
def test_values_have_the_column_value_and_nested_json_is_only_named(json_text, path, columns):
    source = "".join(
        f'%%=Field(Row(BuildRowSetFromJSON(j, "{path}", 0), 1), "{name}")=%%|' for name in columns
    )  # fmt: skip

    assert evaluate(source, {"j": json_text}) == "".join(f"{value}|" for value in columns.values())


def test_an_empty_json_list_is_an_empty_rowset():
    assert evaluate('%%=RowCount(BuildRowSetFromJSON("[]", "$[*]", 0))=%%', {}) == "0"


@pytest.mark.parametrize(
    "source",
    [
        pytest.param("%%[ FOR @i = 1 TO 0 DO NEXT @i ]%%", id="the body runs before the counter is compared"),
        pytest.param("%%[ FOR @i = 1 TO 2 DO SET @i = 5 NEXT @i ]%%", id="a counter is locked"),
        pytest.param("%%=Iif('a' > 'b', 1, 2)=%%", id="texts have no order"),
        pytest.param("%%=Iif('1' == 1, 1, 2)=%%", id="both sides must be of one type"),
        pytest.param("%%=v(BuildRowSetFromJSON('[]', '$[*]', 0))=%%", id="a rowset cannot be printed"),
        pytest.param("100%% sure", id="two per cent signs open something"),
        pytest.param("%%[ IF 1 == 1 THEN ]%%a", id="an IF ends"),
    ],
)
def test_what_is_not_allowed_or_not_documented_is_an_error(source):
    with pytest.raises(AmpscriptError):
        evaluate(source, {})
