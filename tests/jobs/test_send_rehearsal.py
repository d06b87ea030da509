"""A dry run of send_campaign: it tells what the send then does, and changes nothing."""

import re
from datetime import timedelta

import pytest
import render_campaign

from lettermill.monitoring.wording import size
from lettermill.tables.delivery import LEDGER
from lettermill.tables.profiles import CONSENTS
from tests.delivery.fakes.braze import CAMPAIGN as BRAZE_CAMPAIGN
from tests.jobs.spring_campaign import AS_OF, FILES, consent, plan, run_of, settings_in
from tests.jobs.spring_sends import BY_BRAZE, marks, outbox, send

TO_HALF = BY_BRAZE + "delivery: {roll_out: {steps: [0.5, 1.0], observe: 30 minutes}}\n"
"""Of the five messages, m2, m3 and m4 are of the first step."""


def told(run):
    """What was noted, but for how fast the account is and how long it takes."""
    return [line for line in run.notes if not line.startswith("  ")]


def commits(lake):
    """The commits of every table that has a row."""
    tables = {log.parent: len([*log.glob("*.json")]) for log in lake.place.root.glob("*/*/_delta_log")}
    return {
        str(table): number
        for table, number in tables.items()
        if not lake.spark.read.format("delta").load(str(table)).isEmpty()
    }


def test_a_dry_run_tells_what_the_send_then_does_and_changes_nothing(lake, given, settings, braze):
    (settings.campaigns.folder / "spring" / "campaign.yml").write_text(TO_HALF)
    lake.add(given(CONSENTS, consent("p2", "suppressed", hours=-1, reason="unsubscribed")), to=CONSENTS)
    before = (commits(lake), marks(settings))
    rehearsed = send(lake, settings, dry_run="yes")
    after = (commits(lake), marks(settings), list(braze.asked))
    sent = send(lake, settings)
    later = send(lake, settings, dry_run="yes", as_of=AS_OF + timedelta(minutes=1))

    assert after == (*before, [])
    assert rehearsed.counts == {"due": 1, "suppressed": 1, "rejected": 1, "waiting": 2}
    leaves, suppressed, rejected, waits, forecast, *rest = told(rehearsed)
    assert (leaves, suppressed, rejected, waits) == (
        f"would leave: 1 message in {sent.counts['calls']} call, {size(sent.counts['call_bytes'])}",
        "would be suppressed: 1 message, mail is suppressed: unsubscribed",
        "would be rejected: 1 message, faulty: first_name is null and was printed, at subject:1",
        "would wait: 2 messages, the roll-out has come to 50 % of all messages",
    )
    assert forecast.startswith("forecast: 1 message, 1 to a call, from 2018-01-01 ")
    assert rest == [
        "not in the forecast: 2 messages of the roll-out's step to 100 %, which begins 30 minutes after the one before "
        "is out",
        "a dry run: nothing was claimed and nobody was called",
    ]
    assert {name: sent.counts[name] for name in ("handed_over", "suppressed", "rejected")} == {
        "handed_over": 1, "suppressed": 1, "rejected": 1,
    }  # fmt: skip
    assert braze.book.message_ids == ["m4"]
    assert {one: state for one, (state, _) in outbox(lake).items()} == {
        "m1": "planned", "m2": "suppressed", "m3": "rejected", "m4": "handed_over", "m5": "planned",
    }  # fmt: skip
    observed, forecast, *rest = told(later)
    assert observed.startswith(
        "would wait: 2 messages, the roll-out observes 50 % of all messages until 2018-01-01 00:"
    )
    assert forecast.startswith(
        "forecast: 2 messages, 2 to a call, "
    )  # the next step's are known to leave when it is observed
    assert rest == ["a dry run: nothing was claimed and nobody was called"]


def test_whoever_is_not_reached_before_their_hours_close_waits_for_the_next_day_in_the_forecast(
    lake, given, braze, tmp_path
):
    # 00:00 in Greenwich is 09:00 in Tokyo, where ten minutes of the day are left; a call an hour has all three messages
    by_day = BY_BRAZE + 'delivery: {quiet_hours: {from: "09:10", to: "08:00"}, not_after: 1 day}\n'
    account = {"base_url": braze.url, "key": "secret://braze/key", "campaign_id": BRAZE_CAMPAIGN,
               "mails": {"messages": 50, "bytes": 4_000_000, "calls": [{"calls": 1, "seconds": 3600}]}}  # fmt: skip
    settings = settings_in(tmp_path, files=FILES | {"campaign.yml": by_day}, providers={"braze": account})
    plan(lake, settings, given, names=["Ana", "Ben", None, "Eve"], timezone="Asia/Tokyo")
    render_campaign.main.work(run_of(lake, settings))
    before = (commits(lake), marks(settings))
    rehearsed = send(lake, settings, dry_run="yes")

    assert (commits(lake), marks(settings), lake.exists(LEDGER), list(braze.asked)) == (*before, False, [])
    assert rehearsed.counts == {"due": 3, "suppressed": 0, "rejected": 1, "waiting": 0}
    forecast, ends, binds, calls, _, last = rehearsed.notes[2:]
    assert re.sub(r"00:0\d", "00:00", forecast) == "forecast: 3 messages, 3 to a call, from 2018-01-01 00:00 UTC"
    # of the three, ten minutes' part leaves now, and the rest in the fifty minutes from 08:00 in Tokyo on
    assert re.fullmatch(
        r"  all done by 2018-01-01 23:[45]\d UTC: 1 h sending, 22 h 50 min waiting for the window", ends
    )
    assert (binds, last) == ("  what binds: window", "a dry run: nothing was claimed and nobody was called")
    assert calls.split() == ["calls", "3.0", "messages", "an", "hour"]


@pytest.mark.acceptance
def test_what_a_warm_up_and_a_quota_have_no_room_for_waits_for_them_in_the_forecast(lake, given, braze, tmp_path):
    warm_up = BY_BRAZE + "delivery: {warm_up: {starts: 2018-01-01, daily: [3, 50]}}\n"
    account = {"base_url": braze.url, "key": "secret://braze/key", "campaign_id": BRAZE_CAMPAIGN, "mails": {
        "messages": 50, "bytes": 4_000_000, "recipients": [{"calls": 4, "seconds": 86_400}]}}  # fmt: skip
    settings = settings_in(tmp_path, files=FILES | {"campaign.yml": warm_up}, providers={"braze": account})
    plan(lake, settings, given, names=["Ana", "Ben", "Cem", "Dan", "Eve"])
    render_campaign.main.work(run_of(lake, settings))
    rehearsed = send(lake, settings, dry_run="yes")

    assert rehearsed.counts == {"due": 3, "suppressed": 0, "rejected": 0, "waiting": 2}
    _, waits, forecast, ends, binds, _, quota, _ = rehearsed.notes
    assert waits == "would wait: 2 messages, the warm-up allows 3 messages on 2018-01-01"
    assert forecast.startswith("forecast: 5 messages, 2.5 to a call, from 2018-01-01 00:0")
    # the fourth leaves on the second day, the fifth when the quota's day is over, moments after it
    assert ends.startswith("  all done by 2018-01-02 00:0")
    assert "waiting for the warm-up" in ends
    assert (binds, quota.split()) == ("  what binds: warm-up", ["quota", "4", "messages", "in", "1", "d"])
