"""Test mails of a campaign's seeds: files of their own, marked, and to allowed addresses alone."""

import json
from dataclasses import replace

import pytest

from lettermill.errors import DeliveryError
from lettermill.seeding import hand_over_seeds
from lettermill.sending.slot import open_slot
from tests.delivery.fakes.files import rows
from tests.jobs.spring_campaign import FILES, run_of, settings_in

SEEDS = "seeds:\n  - {name: ana, address: ana@seeds.example, profile: ana.json}\n  - {name: ben, address: ben@seeds.example, profile: ben.json}\n"
PROFILES = {"ana.json": '{"first_name": "Ana"}', "ben.json": '{"first_name": "Ben"}'}
CAMPAIGN = FILES | {"campaign.yml": FILES["campaign.yml"] + SEEDS} | PROFILES


@pytest.fixture
def handed_over(tmp_path, keys):
    """Hand the seeds over; the run. No table is there to be read or written."""
    settings = settings_in(tmp_path, files=CAMPAIGN)

    def hand_over(*, allowed=("@seeds.example",), is_rehearsal=False, max_rows=1):
        files = replace(settings.files, max_rows=max_rows)
        run = run_of(None, replace(settings, delivery=replace(settings.delivery, test_addresses=allowed), files=files))
        hand_over_seeds(open_slot(run), is_rehearsal=is_rehearsal)
        return run

    return hand_over


def files_in(folder):
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}


def test_seeds_get_marked_mails_in_files_of_their_own_and_the_same_mails_no_more_files(handed_over, tmp_path):
    run = handed_over()
    first = files_in(tmp_path / "payloads")
    handed_over()

    (manifest,) = [path for path in first if path.name == "manifest.json"]
    mails = {row["address"]: row for path in first if path.name.endswith(".jsonl.gz") for row in rows(path)}
    assert manifest.parent.relative_to(tmp_path / "payloads" / "_test").parts[1:] == ("spring", "2018-01-01")
    assert json.loads(manifest.read_text())["rows"] == 2
    assert {address: (row["subject"], row["mode"], row["html"]) for address, row in mails.items()} == {
        "ana@seeds.example": ("[TEST] Spring, Ana", "test", "<p>Ana</p>"),
        "ben@seeds.example": ("[TEST] Spring, Ben", "test", "<p>Ben</p>"),
    }
    assert run.counts == {"seeds": 2, "due": 2, "faulty": 0, "handed_over": 2}
    assert files_in(tmp_path / "payloads") == first


def test_one_address_off_the_list_and_nothing_is_written(handed_over, tmp_path):
    with pytest.raises(DeliveryError, match="does not mail ben@seeds.example"):
        handed_over(allowed=("ana@seeds.example",))

    assert files_in(tmp_path / "payloads") == {}


def test_a_rehearsal_writes_nothing(handed_over, tmp_path):
    run = handed_over(is_rehearsal=True)

    assert run.counts == {"seeds": 2, "due": 2, "faulty": 0}
    assert files_in(tmp_path / "payloads") == {}
