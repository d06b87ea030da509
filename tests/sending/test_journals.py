"""The journal by conf: its bucket is reached as conf says, and one that cannot keep marks apart is not sent by."""

from dataclasses import replace

import pytest

from lettermill.delivery.credentials import Credential
from lettermill.delivery.journals import s3 as s3_journal
from lettermill.delivery.journals.local import LocalJournal
from lettermill.delivery.journals.s3 import S3Account, S3Journal
from lettermill.errors import ConfigError, DeliveryError
from lettermill.sending.attributes import Destination, sync
from lettermill.sending.desk import Desk
from lettermill.sending.journals import open_journal
from lettermill.sending.sender import send
from lettermill.settings import load, validate
from lettermill.settings_sections import DeliverySettings
from tests.delivery.journals.s3_server import BUCKET, WritesOver, s3

KEYS = {"access_key": "secret://s3/key", "secret_key": "secret://s3/secret"}


@pytest.fixture(scope="module")
def account():
    with s3() as opened:
        yield opened


def settings_with(**delivery):
    declared = validate(DeliverySettings, delivery, place="a conf")
    return replace(load("local"), delivery=declared)


def bucket_of(account, monkeypatch):
    """Settings with a journal in the server's bucket, and the keys of it where their references point."""
    monkeypatch.setenv("LETTERMILL_SECRET_S3_KEY", "test")
    monkeypatch.setenv("LETTERMILL_SECRET_S3_SECRET", "test")
    reached = {"endpoint": account.endpoint_url, "region": "eu-central-1", **KEYS}
    return settings_with(journal=f"s3://{BUCKET}/marks", journal_account=reached)


def test_a_bucket_is_reached_by_the_endpoint_region_and_keys_of_conf(account, monkeypatch):
    journal = open_journal(bucket_of(account, monkeypatch))

    keys = {name: Credential(reference, b"test") for name, reference in KEYS.items()}
    reached = S3Account(region="eu-central-1", endpoint_url=account.endpoint_url, **keys)
    assert journal == S3Journal(BUCKET, "marks", reached)
    assert s3_journal._client(reached).meta.region_name == "eu-central-1"
    assert [journal.create("waves/w/1.started", {"at": 1}) for _ in range(2)] == [True, False]


def test_a_bucket_that_conf_says_nothing_of_is_reached_as_the_machine_does():
    assert open_journal(settings_with(journal="s3://marks/of/ours")) == S3Journal("marks", "of/ours", S3Account())


@pytest.mark.parametrize("given", [{"access_key": KEYS["access_key"]}, {"secret_key": KEYS["secret_key"]}])
def test_half_a_pair_of_keys_is_refused(given):
    with pytest.raises(ConfigError, match="access_key and secret_key go together"):
        settings_with(journal_account=given)


def send_by(journal):
    send(Desk(slot=None, provider=None, journal=journal))


def sync_by(journal):
    sync(Destination(run=None, name="braze", provider=None, journal=journal), changes=None)


@pytest.mark.parametrize("begin", [send_by, sync_by])
def test_nothing_is_begun_by_the_journal_of_a_store_that_writes_marks_over(account, monkeypatch, begin):
    journal = open_journal(bucket_of(account, monkeypatch))
    client = s3_journal._client(journal.account)
    monkeypatch.setattr(s3_journal, "_client", lambda _: WritesOver(client))

    with pytest.raises(DeliveryError, match="ignores If-None-Match"):
        begin(journal)


@pytest.mark.parametrize("begin", [send_by, sync_by])
@pytest.mark.parametrize("kept", ["folder", "bucket"])
def test_a_store_that_keeps_marks_apart_is_passed_and_left_as_it_was(account, monkeypatch, tmp_path, begin, kept):
    journal = LocalJournal(tmp_path) if kept == "folder" else open_journal(bucket_of(account, monkeypatch))
    before = journal.keys("")

    with pytest.raises(AttributeError):  # there is no slot and no run: what comes next has begun
        begin(journal)

    assert journal.keys("") == before
