"""What a warm-up's day has used: what left on it, whatever was reported of it later, and what is on its way."""

from dataclasses import dataclass
from datetime import timedelta

from lettermill.sending.desk import open_desk
from lettermill.sending.slot import open_slot
from lettermill.sending.used import left_today, used_today
from lettermill.tables.delivery import LEDGER, OUTBOX
from tests.conftest import NOON
from tests.jobs.spring_campaign import CAMPAIGN, FILES, run_of, settings_in

YESTERDAY = NOON - timedelta(days=1)


@dataclass(frozen=True)
class OfProvider:
    """As much of a campaign as is asked for."""

    provider: str = "files"
    default_timezone: str = "Europe/Vienna"


def test_a_day_is_used_by_what_left_on_it_and_not_by_what_was_reported_on_it(given):
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

    used = left_today(given(OUTBOX, *outbox), given(LEDGER, *ledger), OfProvider(), NOON + timedelta(hours=3))

    assert used == len({"today", "bounced today", "unknown", "on its way"})


def test_without_a_warm_up_no_day_is_used_and_no_ledger_is_asked_for(lake, tmp_path):
    desk = open_desk(open_slot(run_of(lake, settings_in(tmp_path))))

    assert (used_today(desk, NOON), lake.exists(LEDGER)) == (0, False)


def test_a_warm_up_before_anything_left_has_its_whole_day(lake, tmp_path):
    warming_up = CAMPAIGN + "delivery: {warm_up: {starts: 2017-06-01, daily: [5]}}\n"
    desk = open_desk(open_slot(run_of(lake, settings_in(tmp_path, files=FILES | {"campaign.yml": warming_up}))))
    lake.create(OUTBOX)

    assert used_today(desk, NOON) == 0
