"""The report of a pre-flight: the waterfall ends in what may leave, and sizes are told against Gmail's limit."""

from lettermill.preflight_report import _lengths, _sizes, losses_of

PEOPLE = {"mailed": 80, "held_out": 10, "no_consent": 5, "over_the_cap": 2}
PASSED = {"verdict": "passed", "faulty": 3, "exclusions": [{"verdict": v, "people": n} for v, n in PEOPLE.items()]}


def test_the_waterfall_goes_from_the_audience_to_what_may_leave_and_knows_verdicts_of_tomorrow():
    steps = [
        step for step in losses_of([PASSED, {**PASSED, "faulty": 1}]) if step[1] or step[0] in ("Audience", "May leave")
    ]

    assert steps == [
        ("Audience", 0, 97),
        ("No consent to mail", 5, 92),
        ("Held out, to measure the effect", 10, 82),
        ("Over the cap", 2, 80),
        ("Faulty", 4, 76),
        ("May leave", 0, 76),
    ]


def test_where_a_verdict_blocks_nothing_may_leave():
    assert [*losses_of([PASSED, {**PASSED, "verdict": "blocked"}])][-2:] == [
        ("Blocked by the pre-flight", 74, 0),
        ("May leave", 0, 0),
    ]
    assert [*losses_of([{**PASSED, "exclusions": []}])] == []


def test_sizes_are_counted_from_the_smallest_to_the_largest_and_beside_what_gmail_clips():
    picture = _sizes(
        {
            "sizes": [
                {"kib": 7, "messages": 3},
                {"kib": 9, "messages": 2},
                {"kib": 40, "messages": 1},
                {"kib": 102, "messages": 4},
            ]
        }
    )
    longest = {"longest": {"bytes": 200_000}, "shortest": {"bytes": 7_200}}

    assert "5 to 10 KiB: 5; 10 to 20 KiB: 0; 20 to 40 KiB: 0; 40 to 60 KiB: 1; 60 to 80 KiB: 0" in picture
    assert "0 to 5 KiB" not in picture.replace("10 to 5", "")
    assert "102 KiB and more: Gmail clips: 4" in picture
    assert "The shortest: 7.2\u202fkB; The longest: 200.0\u202fkB; What Gmail shows: 104.4\u202fkB" in _lengths(longest)
    assert _sizes({"sizes": []}) == ""
