"""Combinations of blocks and causes merged into few patterns, and how these are told."""

import pytest

from lettermill.rendering.diff.causes import FEW, Cause
from lettermill.rendering.diff.counting import COUNTED_DDL
from lettermill.rendering.diff.patterns import (
    LEAST,
    merged,
    named_values,
    pattern_of,
    pattern_rows,
    totals,
    value_counts,
    with_named_values,
)
from lettermill.rendering.diff.side_by_side import in_lines, side_by_side
from lettermill.rendering.diff.wording import cause_words, file_of, headline, source_changes
from lettermill.rendering.templates import Template


def patterns_of(spark, *rows):
    """Patterns of rows of COUNTED: (blocks, causes, messages, example)."""
    told = [
        ([*blocks], [vars(one) for one in causes], messages, example, 0) for blocks, causes, messages, example in rows
    ]
    counted = merged(spark.createDataFrame([([], [], 500, None, 60), *told], COUNTED_DDL))
    total = totals(counted).collect()[0].asDict()
    named = named_values(row.asDict() for row in value_counts(counted).collect())
    return total, [pattern_of(row.asDict()) for row in pattern_rows(with_named_values(counted, named=named)).collect()]


def value(path, before=None, after=None):
    return Cause(path, "value", before, after)


def test_values_are_told_where_an_input_has_few_and_many_messages_share_them(spark):
    names = [(("subject",), (value("name", f'"{n}"', '"x"'),), 1, f"n{n:02}") for n in range(FEW)]
    rare = (("html",), (value("segment", '"new"', '"loyal"'),), LEAST - 1, "s1")
    common = (("html",), (value("segment", '"loyal"', '"lapsing"'),), LEAST, "s2")
    other_batch = (("html",), (value("segment", '"loyal"', '"lapsing"'),), 5, "s0")

    total, found = patterns_of(spark, *names, rare, common, other_batch)

    assert total == {"messages": 500, "rendered": 60, "changed": FEW + LEAST + LEAST + 4}
    assert [(one.blocks, one.causes, one.messages, one.example) for one in found] == [
        (("html",), (value("segment", '"loyal"', '"lapsing"'),), LEAST + 5, "s0"),
        (("subject",), (value("name"),), FEW, "n00"),
        (("html",), (value("segment"),), LEAST - 1, "s1"),
    ]


def test_an_input_of_which_one_batch_had_too_many_values_is_told_by_none_of_them():
    counts = [
        {"path": "city", "measure": "value", "before": '"Graz"', "after": '"Linz"', "messages": 99},
        {"path": "city", "measure": "value", "before": None, "after": None, "messages": 99},
        {"path": "picks", "measure": "length", "before": "3", "after": "4", "messages": 99},
    ]

    assert named_values(counts) == [("picks", "length", "3", "4")]


@pytest.mark.parametrize(
    ("cause", "words"),
    [
        (Cause("html:a.j2", "template"), "the template changed html:a.j2"),
        (Cause("segment", "value", '"new"', '"loyal"'), 'segment has another value: "new" -> "loyal"'),
        (Cause("coupon", "appeared"), "coupon is there now"),
        (Cause("picks", "length", "3", "4"), "picks has another number of items: 3 -> 4"),
        (Cause("html", "fault", None, "x is null"), "html becomes faulty: x is null"),
        (Cause("audience", "left", None, "no_consent"), "leaves the mailing (now: no consent)"),
    ],
)
def test_a_cause_reads_as_a_person_would_say_it(cause, words):
    assert cause_words(cause) == words


def test_the_headline_never_rounds_a_change_to_nothing_or_to_all():
    assert headline(messages=9, changed=0, patterns=0, others=0) == "none of 9 e-mails changes"
    assert "(< 0.01 %), in 1 pattern" in headline(messages=1_000_000, changed=1, patterns=1, others=0)
    assert "(> 99.99 %), in 20 patterns, and 7 in others" in headline(
        messages=1_000_000, changed=999_999, patterns=20, others=7
    )


def test_texts_stand_side_by_side_with_the_words_that_differ():
    before, after = "one\ntwo words\nthree\nfour\nfive\nsix", "one\ntwo birds\nthree\nfour\nfive\nsix\nseven"
    rows = side_by_side(before, after)

    assert [part.text for row in rows for part in row.before or () if part.is_changed] == ["words"]
    assert list(in_lines(before, after)) == [
        "  one", "- two words", "+ two birds", "  three", "  ...", "  six", "+ seven"
    ]  # fmt: skip


def test_a_very_long_line_is_compared_by_its_ends():
    (row,) = side_by_side("a " * 2_000 + "b" + " a" * 2_000, "a " * 2_000 + "c d" + " a" * 2_000)

    assert [part.text for part in row.before or () if part.is_changed] == ["b"]
    assert [part.text for part in row.after or () if part.is_changed] == ["c d"]


def test_the_files_that_differ_are_told_as_they_are_compiled():
    before = Template("c", {"html": "{% include 'a.j2' %}"}, {"a.j2": "x\ny"}, (), "1")
    after = Template("c", {"html": "{% include 'a.j2' %}"}, {"a.j2": "x\nz"}, (), "2")

    (change,) = source_changes(before, after)

    assert (change.file, change.lines) == ("a.j2", ("@@ -1,2 +1,2 @@", " x", "-y", "+z"))
    assert (file_of("html:a.j2"), file_of("html:a.j2, html:b.j2"), file_of("subject")) == ("a.j2", "a.j2", "subject")
