"""What is used of a day or of a quota: what left in it, whatever was reported of it later, and what is on its way."""

from dataclasses import dataclass
from datetime import timedelta

from lettermill.sending.desk import open_desk
from lettermill.sending.slot import open_slot
from lettermill.sending.used import Used, left_since, left_today, used_today
from lettermill.tables.delivery import LEDGER, OUTBOX
from tests.conftest import NOON
from tests.jobs.spring_campaign import CAMPAIGN, FILES, run_of, settings_in

YESTERDAY = NOON - timedelta(days=1)


@dataclass(frozen=True)
class OfProvider:
    """As much of a campaign as is asked for."""

    provider: str = "files"
    default_timezone: str = "Europe/Vienna"


def test_time_is_used_by_what_left_in_it_and_not_by_what_was_reported_in_it(given):
    states = {"today": "handed_over", "bounced today": "rejected", "confirmed today": "confirmed", "refused": "rejected",
              "unknown": "unknown", "on its way": "claimed", "planned": "planned"}  # fmt: skip
    outbox = [{"message_id": name, "provider": "files", "state": state} for name, state in states.items()]
    outbox.append({"message_id": "of another provider", "provider": "braze", "state": "handed_over"})
    moves = [
        ("today", "claimed", "handed_over", NOON),
        ("bounced today", "claimed", "handed_over", NOON),
        ("bounced today", "handed_over", "rejected", NOON),
        ("confirmed today", "claimed", "handed_over", YESTERDAY),
        ("confirmed today", "handed_over", "confirmed", NOON),
        ("refused", "claimed", "rejected", NOON),
        ("unknown", "claimed", "unknown", NOON),
        ("of another provider", "claimed", "handed_over", NOON),
    ]
    ledger = [{"message_id": message, "state_before": before, "state": state, "changed_at": at, "commit_version": number}
              for number, (message, before, state, at) in enumerate(moves)]  # fmt: skip

    tables = (given(OUTBOX, *outbox), given(LEDGER, *ledger), OfProvider())

    assert left_today(*tables, NOON + timedelta(hours=3)) == len({"today", "bounced today", "unknown", "on its way"})
    assert left_since(*tables, YESTERDAY + timedelta(hours=1)) == Used(4, NOON)
    assert left_since(*tables, YESTERDAY) == Used(len({"confirmed today"}) + 4, YESTERDAY)
    assert left_since(*tables, NOON + timedelta(hours=1)) == Used(len({"on its way"}), None)


def test_without_a_warm_up_no_day_is_used_and_no_ledger_is_asked_for(lake, tmp_path):
    desk = open_desk(open_slot(run_of(lake, settings_in(tmp_path))))

    assert (used_today(desk, NOON), lake.exists(LEDGER)) == (0, False)


def test_a_warm_up_before_anything_left_has_its_whole_day(lake, tmp_path):
    warming_up = CAMPAIGN + "delivery: {warm_up: {starts: 2017-06-01, daily: [5]}}\n"
    desk = open_desk(open_slot(run_of(lake, settings_in(tmp_path, files=FILES | {"campaign.yml": warming_up}))))
    lake.create(OUTBOX)

    assert used_today(desk, NOON) == 0
