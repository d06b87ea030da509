"""A dry run of send_campaign: it tells what the send then does, and changes nothing."""

from datetime import timedelta

from lettermill.monitoring.wording import size
from lettermill.tables.delivery import OUTBOX
from lettermill.tables.profiles import CONSENTS
from tests.jobs.spring_campaign import AS_OF, consent
from tests.jobs.spring_sends import BY_BRAZE, marks, outbox, send

TO_HALF = BY_BRAZE + "delivery: {roll_out: {steps: [0.5, 1.0], observe: 30 minutes}}\n"
"""Of the five messages, m2, m3 and m4 are of the first step."""


def told(run):
    """What was noted, but for how fast the account is and how long it takes."""
    return [line for line in run.notes if not line.startswith("  ")]


def test_a_dry_run_tells_what_the_send_then_does_and_changes_nothing(lake, given, settings, braze):
    (settings.campaigns.folder / "spring" / "campaign.yml").write_text(TO_HALF)
    lake.add(given(CONSENTS, consent("p2", "suppressed", hours=-1, reason="unsubscribed")), to=CONSENTS)
    before = (lake.version(OUTBOX), marks(settings))
    rehearsed = send(lake, settings, dry_run="yes")
    after = (lake.version(OUTBOX), marks(settings), list(braze.asked))
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
