"""send_campaign: handed over once, fenced again, and complete after a kill at any place."""

import gzip
import json
import shutil
from dataclasses import replace

import pytest
import render_campaign
import send_campaign

from lettermill.lake import Folder
from lettermill.sending import Slot
from lettermill.tables.delivery import LEDGER, OUTBOX
from lettermill.tables.profiles import CONSENTS
from tests.jobs.spring_campaign import consent, plan, run_of, settings_in


@pytest.fixture
def settings(lake, given, tmp_path, tmp_path_factory):
    """Settings for a lake with five planned messages and a passed pre-flight that holds two back; planned once."""
    planned = tmp_path_factory.getbasetemp() / "planned-lake"
    if not planned.exists():
        settings = settings_in(tmp_path / "first")
        standing = replace(lake, place=Folder(planned))
        plan(standing, settings, given, names=["Ana", "Ben", None, "Eve", "Maximiliana Josepha"])
        render_campaign.main.work(run_of(standing, settings))
    shutil.copytree(planned, lake.place.root)
    return settings_in(tmp_path)


def send(lake, settings, **arguments):
    run = run_of(lake, settings, **arguments)
    send_campaign.main.work(run)
    return run


def outbox(lake):
    rows = lake.read(OUTBOX).collect()
    return {row["message_id"]: (row["state"], row["reason"], row["provider_reference"]) for row in rows}


def ledger(lake):
    return sorted((row["message_id"], row["state_before"] or "", row["state"]) for row in lake.read(LEDGER).collect())


def kept(folder):
    return {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.rglob("*") if path.is_file()}


def test_messages_are_fenced_again_and_handed_over_once(lake, given, settings):
    lake.add(given(CONSENTS, consent("p2", "suppressed", hours=-1, reason="unsubscribed")), to=CONSENTS)
    rehearsal = send(lake, settings, dry_run="yes")
    untouched = outbox(lake)
    first = send(lake, settings)
    files = kept(settings.files.folder)
    versions = [lake.version(OUTBOX), lake.version(LEDGER)]
    send(lake, settings)

    assert rehearsal.counts == {"suppressed": 1, "due": 4}
    assert {state for state, _, _ in untouched.values()} == {"planned"}
    assert first.counts == {"recovered": 0, "suppressed": 1, "due": 4, "handed_over": 2, "rejected": 2}
    assert outbox(lake) == {
        "m1": ("handed_over", None, "spring-2018-01-01-00001.jsonl.gz:1"),
        "m2": ("suppressed", "mail is suppressed: unsubscribed", None),
        "m3": ("rejected", "faulty: first_name is null and was printed, at subject:1", None),
        "m4": ("handed_over", None, "spring-2018-01-01-00001.jsonl.gz:2"),
        "m5": ("rejected", "faulty: the html is larger than 20 bytes", None),
    }
    assert ledger(lake) == [
        *[
            ("m1", "", "planned"),
            ("m1", "planned", "handed_over"),
            ("m2", "", "planned"),
            ("m2", "planned", "suppressed"),
        ],
        *[
            ("m3", "", "planned"),
            ("m3", "planned", "rejected"),
            ("m4", "", "planned"),
            ("m4", "planned", "handed_over"),
            ("m5", "", "planned"),
            ("m5", "planned", "rejected"),
        ],
    ]
    assert kept(settings.files.folder) == files
    assert [lake.version(OUTBOX), lake.version(LEDGER)] == versions
    ana = json.loads(gzip.decompress(files["spring-2018-01-01-00001.jsonl.gz"][0]).splitlines()[0])
    assert {name: ana[name] for name in ("address", "subject", "html", "text", "unsubscribe_url")} == {
        "address": "p1@shop.example",
        "subject": "Spring, Ana",
        "html": "<p>Ana</p>",
        "text": "Ana",
        "unsubscribe_url": "https://shop.example/mail/unsubscribe/t1",
    }


def test_a_run_killed_between_files_and_outbox_is_completed_by_the_next(lake, given, settings, monkeypatch):
    def killed(_slot, outcomes, **_):
        if list(outcomes):
            raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Slot, "settle", killed)
        with pytest.raises(KeyboardInterrupt):
            send(lake, settings)
    files = kept(settings.files.folder)
    lake.add(given(CONSENTS, consent("p2", "suppressed", hours=-1, reason="unsubscribed")), to=CONSENTS)
    run = send(lake, settings)

    assert run.counts == {"recovered": 3, "suppressed": 0, "due": 2, "rejected": 2}
    assert [state for state, _, _ in outbox(lake).values()].count("handed_over") == 3
    assert kept(settings.files.folder) == files
    assert len(ledger(lake)) == 10
