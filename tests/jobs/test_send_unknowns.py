"""Messages of which nobody can tell: `lettermill send` tells of them, and nothing sends them again without a word."""

import shutil

import pytest
import yaml
from typer.testing import CliRunner

from lettermill.cli.main import app
from lettermill.clocks import SystemClock
from lettermill.delivery.lease import Lease
from lettermill.delivery.marks import stopped_key, wave_lease
from lettermill.delivery.provider import Call, Message
from lettermill.sending.journals import open_journal
from lettermill.sending.providers import mail_provider
from lettermill.tables.delivery import OUTBOX
from tests.delivery.fakes import Fault
from tests.jobs.spring_campaign import plan, settings_in
from tests.jobs.spring_sends import BY_BRAZE, WAVE, cut_off, marks, outbox, send

CUT = "call 1 has no answer"


@pytest.fixture
def command(lake, tmp_path):
    """Run `lettermill send` with arguments on the lake; tells the lines."""
    conf = tmp_path / "conf"
    shutil.copytree("src/lettermill/conf", conf)

    def run(settings, *arguments):
        delivery = {"journal": settings.delivery.journal, "providers": settings.delivery.providers}
        local = {
            "lake": {"catalog": None, "root": str(lake.place.root), "checkpoints": str(tmp_path / "checkpoints")},
            "campaigns": {"folder": str(settings.campaigns.folder)},
            "files": {"folder": str(settings.files.folder), "max_rows": settings.files.max_rows},
            "delivery": delivery,
        }
        (conf / "tests.yml").write_text(yaml.safe_dump(local))
        ran = CliRunner().invoke(
            app, ["send", *arguments, "--env", "tests", "--conf", str(conf)], catch_exceptions=False
        )
        assert ran.exit_code == 0, ran.output
        return [" ".join(line.split()) for line in ran.stdout.splitlines()]

    return run


def resolve(command, settings, word, *more):
    slot = ["--campaign", "spring", "--occurrence", "2018-01-01"]
    return command(settings, "resolve", "--unknown", word, *slot, "--by", "ada", *more)


def test_status_tells_what_is_known_of_each_unknown_message_and_of_each_wave(lake, settings, command):
    cut_off(lake, settings, ["m1", "m4"])
    journal = open_journal(settings)
    held, gone = "spring.2018-01-01.00002", "spring.2018-01-01.00003"
    for message, wave in (("m2", held), ("m3", gone)):
        claimed = f"state = 'claimed', wave = '{wave}', batch = 1"
        lake.spark.sql(f"UPDATE {lake.place.name(OUTBOX)} SET {claimed} WHERE message_id = '{message}'")
    assert Lease(journal, wave_lease(held), "run-7", 600.0, SystemClock()).acquire()
    journal.create(stopped_key(gone), {"at": 0.0, "signal": "blocked", "said": "401 [key] refused"})
    before = (lake.version(OUTBOX), marks(settings))
    told, few, other = (command(settings, "status", *more) for more in ((), ("--rows", "1"), ("--campaign", "autumn")))

    assert [line for line in told if line.startswith("spring 2018")] == ["spring 2018-01-01 1 0 2 0 0 0 2 0"]
    hint = "2 unknown: `lettermill send resolve --unknown hold|resend|drop|lookup` decides"
    assert told[-5:] == [
        f"wave {held}: in hand of run run-7",
        f"wave {gone}: nobody has it in hand: the next send settles it; stopped: 401 [key] refused",
        f"unknown m1 spring 2018-01-01: {CUT}",
        f"unknown m4 spring 2018-01-01: {CUT}",
        hint,
    ]
    assert few[-2:] == [told[-3], hint]
    assert [line for line in other if "spring" in line] == []
    assert (lake.version(OUTBOX), marks(settings)) == before


def test_without_a_word_nothing_becomes_of_the_unknown_and_drop_ends_them(lake, settings, braze, command):
    cut_off(lake, settings, ["m1", "m2", "m4"])
    before = (lake.version(OUTBOX), marks(settings))
    told = [
        resolve(command, settings, "hold"),
        resolve(command, settings, "resend", "--dry-run"),
        resolve(command, settings, "lookup"),  # Braze cannot be asked
    ]
    after = (lake.version(OUTBOX), marks(settings))
    send(lake, settings)
    sent = {message: state for message, (state, _) in outbox(lake).items()}
    dropped = resolve(command, settings, "drop")

    assert told == [["3 unknown"], ["3 messages are unknown; a dry run: nothing was changed"], ["3 unknown"]]
    assert after == before
    assert sent == {"m1": "unknown", "m2": "unknown", "m4": "unknown", "m3": "rejected", "m5": "rejected"}
    assert dropped == ["3 dropped"]
    ended = ("dropped", f"drop by word of ada; it was: {CUT}")
    assert {one: told for one, told in outbox(lake).items() if one in ("m1", "m2", "m4")} == {
        "m1": ended, "m2": ended, "m4": ended,
    }  # fmt: skip
    assert braze.book.message_ids == []


def test_resend_plans_the_unknown_again_and_the_next_send_hands_them_over(lake, settings, braze, command):
    cut_off(lake, settings, ["m1", "m2"])
    told = resolve(command, settings, "resend")
    planned = {one: told for one, told in outbox(lake).items() if one in ("m1", "m2")}
    before = list(braze.book.message_ids)
    send(lake, settings)

    again = ("planned", f"resend by word of ada; it was: {CUT}")
    assert (told, planned, before) == (["2 planned"], {"m1": again, "m2": again}, [])
    assert sorted(braze.book.message_ids) == ["m1", "m2", "m4"]
    assert {one: state for one, (state, _) in outbox(lake).items() if one in ("m1", "m2", "m4")} == {
        "m1": "handed_over", "m2": "handed_over", "m4": "handed_over",
    }  # fmt: skip


def test_lookup_asks_the_provider_call_by_call_and_leaves_what_it_cannot_tell(lake, given, tmp_path, command):
    settings = settings_in(tmp_path)
    plan(lake, settings, given, names=["Ana", "Ben", "Cleo", "Dan"])
    provider = mail_provider("files", settings=settings)
    connection = provider.connect()
    connection.send([provider.pack(mail(one), at=None) for one in ("m1", "m2")], call=Call(WAVE, 1, 1))
    connection.close()
    cut_off(lake, settings, ["m1", "m2"], ["m3"], unmarked=["m4"])
    told = resolve(command, settings, "lookup")

    (file,) = settings.files.folder.rglob("*-00001-001.jsonl.gz")
    rows = lake.read(OUTBOX).collect()
    assert told == ["2 handed over", "1 planned", "1 unknown"]
    assert {row["message_id"]: (row["state"], row["reason"], row["provider_reference"]) for row in rows} == {
        "m1": ("handed_over", "looked up at the provider", f"{file.name}:1"),
        "m2": ("handed_over", "looked up at the provider", f"{file.name}:2"),
        "m3": ("planned", "looked up at the provider: in no file", None),
        "m4": ("unknown", CUT, None),
    }


def mail(message):
    parts = {"subject": "Spring", "preheader": "", "html": "<p>Spring</p>", "text": "Spring"}
    slot = {"campaign": "spring", "occurrence": "2018-01-01", "locale": "de", "template_version": "v1"}
    return Message(message, f"p-{message}", "a@shop.example", **slot, **parts, unsubscribe_url="https://shop.example/u")


def test_a_campaigns_own_word_on_the_unknown_is_done_once_a_run_and_a_dry_run_tells_it(lake, settings, braze):
    definition = settings.campaigns.folder / "spring" / "campaign.yml"
    cut_off(lake, settings, ["m1", "m2"])
    definition.write_text(BY_BRAZE + "delivery: {on_unknown: resend}\n")
    before = outbox(lake)
    told = send(lake, settings, dry_run="yes").notes
    rehearsed = outbox(lake)
    braze.faults.next(Fault.CUT_OFF)
    send(lake, settings)  # once more, and cut off once more
    resent = {one: state for one, (state, _) in outbox(lake).items()}
    definition.write_text(BY_BRAZE + "delivery: {on_unknown: drop}\n")
    send(lake, settings)

    assert "not in the forecast: 2 unknown messages; the send would plan them again" in told
    assert rehearsed == before
    assert resent == {"m1": "unknown", "m2": "unknown", "m4": "unknown", "m3": "rejected", "m5": "rejected"}
    assert {one: (state, (reason or "").split(";")[0]) for one, (state, reason) in outbox(lake).items()} == {
        "m3": ("rejected", "faulty: first_name is null and was printed, at subject:1"),
        "m5": ("rejected", "faulty: the html is larger than 20 bytes"),
        **dict.fromkeys(["m1", "m2", "m4"], ("dropped", "drop by word of spring/campaign.yml")),
    }
    assert sorted(braze.book.message_ids) == ["m1", "m2", "m4"]
