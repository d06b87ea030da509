"""The verdict: everything that was found, counted with examples; a limit that is exceeded blocks, and is named."""

import pytest
from pyspark.sql import functions as F

from lettermill.campaigns.limits import Preflight
from lettermill.errors import PreflightBlocked
from lettermill.rendering.preflight.counting import PATHS, path_examples, paths
from lettermill.rendering.preflight.verdict import preflight, require_passed, told
from lettermill.tables.rendering import PREFLIGHTS
from tests.rendering.preflight.slots import AS_OF, RUN, aged, judged, message

CARRIED = "data with template syntax {{ stands in the html"
ALL = Preflight(1.0, 1.0, 1.0, 1.0)


def verdicts(given, *messages, stale=None, limits, blocks=None, exclusions=None):
    """The verdicts; `blocks` are those that show nothing, by the first branch of a way."""
    rows = judged(given, *messages, stale=stale, limits=limits)
    named = F.create_map(*(F.lit(one) for pair in (blocks or {"": ""}).items() for one in pair))
    block = named[F.element_at("branches", 1)]
    ways = paths(rows).withColumn(
        "blocks", F.when(block.isNotNull(), F.array(block)).otherwise(F.array().cast("array<string>"))
    )
    found = preflight(rows, ways=ways, limits=limits, exclusions=exclusions or {}, as_of=F.lit(AS_OF))
    assert found.columns == list(PREFLIGHTS.column_names)
    return [row.asDict(recursive=True) for row in found.orderBy("template_version").collect()]


def test_a_verdict_holds_everything_that_was_found_with_counts_and_examples(given):
    (verdict,) = verdicts(
        given,
        *(message(f"f{n}", "coupon is missing") for n in range(5, 0, -1)),
        message("g", "name is null and was printed"),
        message("h", size=2_000, visible=900, branches=["html:1.if"]),
        message("i", size=1_000, visible=9, branches=["html:1.if"]),
        message("j", size=200_000, visible=9, branches=["html:1.else"], leftovers=[CARRIED]),
        message("k", size=1_000, visible=800, branches=["html:1.else"]),
        stale={"h": [aged("picks")], "j": [aged("segment", "warn", days=None)], "k": [aged("segment", "warn")], "g": [aged("picks", days=7)]},
        blocks={"html:1.else": "html:coupon.j2"},
        limits=ALL,
        exclusions={"mailed": 10, "no_consent": 3},
    )  # fmt: skip
    limits = verdict.pop("limits")

    assert [(one["name"], one["allowed"], one["found"], one["is_exceeded"]) for one in limits] == [
        ("max_faulty_share", 1.0, 0.7, False),
        ("max_stale_share", 1.0, 0.4, False),
        ("max_leftover_share", 1.0, 0.1, False),
        ("max_empty_block_share", 1.0, 0.2, False),
    ]
    assert verdict == {
        **RUN,
        "verdict": "passed",
        "messages": 10,
        "faulty": 7,
        "limit_share": 1.0,
        "causes": [
            group(fault="coupon is missing", kind="missing", messages=5, examples=["f1", "f2", "f3"]),
            group(fault="name is null and was printed", kind="null", messages=1, examples=["g"]),
            group(fault="picks is older than 7 days", kind="stale", messages=1, examples=["h"]),
        ],
        "warnings": [
            group(warning="the block shows nothing: html:coupon.j2", kind="block", messages=2, examples=["j"]),
            group(warning=CARRIED, kind="leftover", messages=1, examples=["j"]),
            group(warning="the html is larger than 104,448 bytes: Gmail clips it", kind="clip", messages=1, examples=["j"]),
        ],
        "stale": [
            {"input": "picks", "max_age": "7 days", "policy": "block", "messages": 2, "oldest": day(8), "examples": ["g", "h"]},
            {"input": "segment", "max_age": "7 days", "policy": "warn", "messages": 2, "oldest": day(8), "examples": ["j", "k"]},
        ],
        "largest_html_bytes": 200_000,
        "longest": {"message_id": "j", "bytes": 200_000, "visible_bytes": 9},
        "shortest": {"message_id": "i", "bytes": 1_000, "visible_bytes": 9},
        "emptiest": {"message_id": "i", "bytes": 1_000, "visible_bytes": 9},
        "sizes": [{"kib": 0, "messages": 2}, {"kib": 1, "messages": 1}, {"kib": 195, "messages": 1}],
        "paths": 2,
        "path_examples": [
            {"branches": ["html:1.if"], "messages": 2, "example": "h"},
            {"branches": ["html:1.else"], "messages": 2, "example": "j"},
        ],
        "exclusions": [{"verdict": "mailed", "people": 10}, {"verdict": "no_consent", "people": 3}],
        "checked_as_of": AS_OF.replace(tzinfo=None),
    }  # fmt: skip


def group(**fields):
    return fields


def day(days):
    return aged("", days=days)[3].replace(tzinfo=None)


def test_each_template_version_has_a_verdict_of_its_own_and_one_without_a_good_message_says_so(given):
    fine, failed = verdicts(
        given,
        message("a", template_version="v"),
        message("b", "coupon is missing", template_version="w"),
        limits=Preflight(),
    )

    assert (fine["verdict"], fine["messages"], fine["causes"], fine["warnings"]) == ("passed", 1, [], [])
    assert (failed["verdict"], failed["messages"], failed["faulty"]) == ("blocked", 1, 1)
    assert (failed["paths"], failed["path_examples"], failed["sizes"], failed["longest"]) == (0, [], [], None)


@pytest.mark.parametrize(
    ("limit", "counted", "words"),
    [
        ("max_faulty_share", {"fault": "coupon is missing"}, "are faulty"),
        ("max_stale_share", {}, "have a stale input"),
        ("max_leftover_share", {"leftovers": [CARRIED]}, "show template syntax"),
        ("max_empty_block_share", {"branches": ["html:1.else"]}, "have an empty block"),
    ],
)
def test_a_share_above_its_limit_blocks_and_is_named_and_at_its_limit_passes(given, limit, counted, words):
    stale = {"x": [aged("picks", "warn")]} if limit == "max_stale_share" else {}
    messages = [*(message(f"m{n}") for n in range(3)), message("x", **counted)]
    how = {"stale": stale, "blocks": {"html:1.else": "html:coupon.j2"}}
    (passed,) = verdicts(given, *messages, limits=Preflight(**{**SHARES, limit: 0.25}), **how)
    (blocked,) = verdicts(given, *messages, limits=Preflight(**{**SHARES, limit: 0.24}), **how)

    require_passed([passed])
    with pytest.raises(PreflightBlocked) as refused:
        require_passed([passed, blocked])
    expected = f"spring 2018-01-01: 1 of 4 messages {words} (25.00%, preflight.{limit} allows 24.00%)"
    assert expected in str(refused.value)
    assert str(refused.value).count("preflight.max_") == 1
    assert "e.g. messages x" in str(refused.value)


SHARES = {"max_faulty_share": 1.0, "max_stale_share": 1.0, "max_leftover_share": 1.0, "max_empty_block_share": 1.0}


def test_a_verdict_is_told_in_a_line(given):
    (verdict,) = verdicts(
        given,
        message("a", "coupon is missing"),
        message("b"),
        stale={"b": [aged("segment", "warn")]},
        limits=Preflight(max_faulty_share=0.5, max_stale_share=0.5),
    )

    assert told(verdict) == (
        "1 of 2 messages are faulty (50.00%, preflight.max_faulty_share allows 50.00%); "
        "1 x coupon is missing; 1 x segment is older than 7 days"
    )


def test_the_most_frequent_ways_are_kept_and_all_are_counted(given):
    rows = judged(given, *(message(f"m{n:03}", branches=[f"html:{n % 60}.if"]) for n in range(110)))
    (row,) = path_examples(paths(rows)).collect()

    assert (row["paths"], len(row["path_examples"])) == (60, PATHS)
    assert [tuple(one) for one in row["path_examples"]][::49] == [
        (["html:0.if"], 2, "m000"),
        (["html:49.if"], 2, "m049"),
    ]
