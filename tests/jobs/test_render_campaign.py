"""render_campaign: every planned message is rendered, the verdict is recorded, and a blocked run says why."""

import pytest
import render_campaign

from lettermill.errors import PreflightBlocked
from lettermill.tables.rendering import MESSAGES, PREFLIGHTS
from tests.jobs.spring_campaign import plan_contexts, run_of, settings_in


def test_a_blocked_pre_flight_is_recorded_and_named_and_running_again_adds_nothing(lake, given, tmp_path):
    settings = settings_in(tmp_path)
    plan_contexts(lake, settings, given, names=["Ana", None, "Ben", None])

    file = tmp_path / "reports" / "spring.html"
    with pytest.raises(
        PreflightBlocked,
        match=r"2 of 4 messages are faulty(.|\n)*max_faulty_share(.|\n)*first_name is null(.|\n)*m2, m4",
    ):
        render_campaign.main.work(run_of(lake, settings, report=str(file)))
    report = file.read_text()
    versions = [lake.version(table) for table in (MESSAGES, PREFLIGHTS)]
    with pytest.raises(PreflightBlocked):
        render_campaign.main.work(again := run_of(lake, settings, report=str(file)))

    (verdict,) = lake.read(PREFLIGHTS).collect()
    assert (verdict["verdict"], verdict["messages"], verdict["faulty"], verdict["limit_share"]) == (
        "blocked",
        4,
        2,
        0.4,
    )
    assert [tuple(cause) for cause in verdict["causes"]] == [
        ("first_name is null and was printed, at subject:1", "null", 2, ["m2", "m4"])
    ]
    assert lake.read(MESSAGES).where("fault IS NULL").count() == 2
    assert [lake.version(table) for table in (MESSAGES, PREFLIGHTS)] == versions
    assert file.read_text() == report
    assert "Blocked: none of 4 messages may leave" in report
    assert "first_name is null and was printed, at subject:1" in report
    assert [report.count(one) for one in ("m2</code>", "p2</code>", "m3</code>", "&lt;p&gt;Ana&lt;/p&gt;")] == [
        1,
        1,
        0,
        4,
    ]
    assert "@shop.example" not in report
    assert again.notes[-1] == f"See {file}"
    assert again.counts == {"messages": 4, "faulty": 2}
    with pytest.raises(PreflightBlocked, match=r"no message is planned(.|\n)*2019-01-01(.|\n)*plan_campaign"):
        render_campaign.main.work(run_of(lake, settings, occurrence="2019-01-01"))
