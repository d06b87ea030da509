"""send_campaign: each message handed over once, fenced again, and settled after a cut, a kill and a second sender."""

import json
from dataclasses import replace

import pytest
import render_campaign

from lettermill.delivery.recovery import begin_wave
from lettermill.errors import DeliveryError
from lettermill.sending import sender
from lettermill.sending.claiming import claim, next_wave
from lettermill.sending.desk import open_desk
from lettermill.sending.journals import open_journal
from lettermill.sending.slot import open_slot
from lettermill.tables.delivery import LEDGER, OUTBOX
from lettermill.tables.monitoring import ALERTS
from lettermill.tables.profiles import CONSENTS
from tests.delivery.fakes import Fault
from tests.delivery.fakes.braze import CAMPAIGN as BRAZE_CAMPAIGN
from tests.ingest.serving import TestClock
from tests.jobs.spring_campaign import FILES, consent, plan, run_of, settings_in
from tests.jobs.spring_sends import BY_BRAZE, alerts, marks, outbox, send


def ledger(lake):
    return sorted((row["message_id"], row["state_before"] or "", row["state"]) for row in lake.read(LEDGER).collect())


HELD_BACK = {
    "m3": ("rejected", "faulty: first_name is null and was printed, at subject:1"),
    "m5": ("rejected", "faulty: the html is larger than 20 bytes"),
}


def test_messages_are_fenced_again_and_handed_over_once(lake, given, settings, braze):
    lake.add(given(CONSENTS, consent("p2", "suppressed", hours=-1, reason="unsubscribed")), to=CONSENTS)
    first = send(lake, settings)
    versions = [lake.version(OUTBOX), lake.version(LEDGER)]
    again = send(lake, settings)

    assert {name: first.counts[name] for name in ("suppressed", "handed_over", "rejected", "calls")} == {
        "suppressed": 1, "handed_over": 2, "rejected": 2, "calls": 1,
    }  # fmt: skip
    assert outbox(lake) == {
        "m1": ("handed_over", None),
        "m2": ("suppressed", "mail is suppressed: unsubscribed"),
        "m4": ("handed_over", None),
        **HELD_BACK,
    }
    assert [(one.message_id, one.address, one.subject, one.html) for one in braze.book.entries] == [
        ("m1", "p1@shop.example", "Spring, Ana", "<p>Ana</p>"),
        ("m4", "p4@shop.example", "Spring, Eve", "<p>Eve</p>"),
    ]
    assert again.counts.get("handed_over", 0) == 0
    assert [lake.version(OUTBOX), lake.version(LEDGER)] == versions
    assert ledger(lake) == [
        *[(f"m{n}", "", "planned") if step == 0 else (f"m{n}", "claimed", end) if step == 2 else (f"m{n}", "planned", "claimed")
          for n, end in ((1, "handed_over"),) for step in (0, 2, 1)],
        ("m2", "", "planned"), ("m2", "planned", "suppressed"),
        ("m3", "", "planned"), ("m3", "claimed", "rejected"), ("m3", "planned", "claimed"),
        ("m4", "", "planned"), ("m4", "claimed", "handed_over"), ("m4", "planned", "claimed"),
        ("m5", "", "planned"), ("m5", "claimed", "rejected"), ("m5", "planned", "claimed"),
    ]  # fmt: skip


def test_a_call_that_was_cut_off_makes_its_messages_unknown_and_nothing_sends_them_again(lake, settings, braze):
    braze.faults.next(Fault.CUT_OFF)
    send(lake, settings)
    states = {one: state for one, (state, _) in outbox(lake).items()}
    send(lake, settings)

    assert states == {"m1": "unknown", "m2": "unknown", "m4": "unknown", "m3": "rejected", "m5": "rejected"}
    assert braze.book.message_ids == ["m1", "m2", "m4"]
    assert {one: state for one, (state, _) in outbox(lake).items()} == states


def test_a_run_that_dies_after_its_calls_is_settled_by_the_next_from_the_marks(lake, settings, braze, monkeypatch):
    dying = replace(settings, delivery=replace(settings.delivery, lease_seconds=0.2))  # its leases end with it
    with monkeypatch.context() as patched:
        patched.setattr("lettermill.sending.sender.settle", _die)
        with pytest.raises(KeyboardInterrupt):
            send(lake, dying)
    assert {state for state, _ in outbox(lake).values()} == {"claimed"}
    recovered = send(lake, settings)

    assert recovered.counts["recovered"] == 5
    assert outbox(lake) == {
        "m1": ("handed_over", None),
        "m2": ("handed_over", None),
        "m4": ("handed_over", None),
        **HELD_BACK,
    }
    assert braze.book.message_ids == ["m1", "m2", "m4"]


def _die(*_, **__):
    raise KeyboardInterrupt


def test_the_id_of_a_wave_is_not_used_again_whether_a_mark_tells_of_it_or_the_outbox_alone(lake, settings):
    journal, wave = open_journal(settings), "spring.2018-01-01.0000"
    begin_wave(journal, f"{wave}1", batches=1)  # as one who died before the lease
    send(lake, settings)
    marked = next_wave(open_desk(open_slot(run_of(lake, settings))))
    for folder in ("waves", "leases"):
        journal.remove(folder)

    assert {row["wave"] for row in lake.read(OUTBOX).collect()} == {f"{wave}2"}
    assert [marked, next_wave(open_desk(open_slot(run_of(lake, settings))))] == [f"{wave}3"] * 2


@pytest.mark.acceptance
def test_payload_files_of_a_run_that_died_before_their_manifest_get_it_from_the_next(
    lake, given, tmp_path, monkeypatch
):
    settings = settings_in(tmp_path)
    plan(lake, settings, given, names=["Ana", "Ben"])
    render_campaign.main.work(run_of(lake, settings))
    with monkeypatch.context() as patched:
        patched.setattr("lettermill.sending.sender.complete_files", _die)
        with pytest.raises(KeyboardInterrupt):
            send(lake, settings)
    before = [*settings.files.folder.rglob("manifest*")]
    send(lake, settings)
    (manifest,) = settings.files.folder.rglob("manifest*")
    listed = json.loads(manifest.read_text())["rows"]
    manifest.unlink()  # as whoever takes the files in may do
    send(lake, settings)

    assert (before, listed) == ([], 2)
    assert [*settings.files.folder.rglob("manifest*")] == []


@pytest.mark.acceptance
def test_a_provider_that_blocks_the_account_ends_the_run_with_what_is_left_and_somebody_is_told(lake, settings, braze):
    braze.faults.next(Fault.EXPIRED)
    with pytest.raises(DeliveryError, match="not finished: 3 messages are still planned; braze stopped it"):
        send(lake, settings)

    assert braze.book.message_ids == []
    assert alerts(lake) == [
        (
            "critical",
            "send_stopped",
            "spring 2018-01-01",
            "not finished: 3 messages are still planned; braze stopped it: 401: Invalid API Key",
        )
    ]
    assert {one: state for one, (state, _) in outbox(lake).items()} == {
        "m1": "planned", "m2": "planned", "m4": "planned", "m3": "rejected", "m5": "rejected",
    }  # fmt: skip


def test_hours_that_close_between_claim_and_call_let_nothing_leave(lake, given, braze, tmp_path, keys, monkeypatch):
    quiet = BY_BRAZE + 'delivery: {quiet_hours: {from: "01:00", to: "23:00"}}\n'
    account = {"base_url": braze.url, "key": "secret://braze/key", "campaign_id": BRAZE_CAMPAIGN}
    settings = settings_in(tmp_path, files=FILES | {"campaign.yml": quiet}, providers={"braze": account})
    plan(lake, settings, given, names=["Ana", "Ben", None])
    render_campaign.main.work(run_of(lake, settings))
    clock = TestClock()
    desk = replace(open_desk(open_slot(run_of(lake, settings))), clock=clock, since=clock.time())

    def claim_slowly(*given, **named):
        claimed = claim(*given, **named)
        clock.sleep(2 * 3600.0)
        return claimed

    monkeypatch.setattr("lettermill.sending.sender.claim", claim_slowly)
    sent = sender.send(desk)

    assert braze.book.message_ids == []
    assert outbox(lake) == {"m1": ("planned", None), "m2": ("planned", None), "m3": HELD_BACK["m3"]}
    assert [(reason[:26], number) for reason, number in sent.waiting.items()] == [("outside the hours for mail", 1)] * 2


def test_an_outbox_restored_to_before_the_send_is_refused_by_name_and_a_send_tells_somebody(lake, settings, braze):
    before = lake.version(OUTBOX)
    send(lake, settings)
    lake.spark.sql(f"RESTORE TABLE {lake.place.name(OUTBOX)} TO VERSION AS OF {before}")
    standing = marks(settings)
    with pytest.raises(DeliveryError, match="the outbox was restored") as rehearsed:
        send(lake, settings, dry_run="yes")
    untold = (lake.exists(ALERTS), marks(settings))
    with pytest.raises(DeliveryError, match="the outbox was restored") as refused:
        send(lake, settings)

    assert (str(rehearsed.value), untold) == (str(refused.value), (False, standing))
    assert alerts(lake) == [("critical", "outbox_restored", "delivery.outbox", refused.value.problem)]
    assert braze.book.message_ids == ["m1", "m2", "m4"]


@pytest.mark.acceptance
def test_a_limit_ends_the_send_and_the_next_goes_on(lake, settings, braze):
    send(lake, settings, limit="1")
    first = list(braze.book.message_ids)
    send(lake, settings)

    assert len(first) <= 1
    assert sorted(braze.book.message_ids) == ["m1", "m2", "m4"]
