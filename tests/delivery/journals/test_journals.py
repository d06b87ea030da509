"""A mark is written once, by whoever comes first, in a folder as in a bucket."""

import pickle
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from lettermill.delivery.journals import local as local_journal
from lettermill.delivery.journals import s3 as s3_journal
from lettermill.delivery.journals.local import LocalJournal
from lettermill.delivery.journals.s3 import S3Journal
from lettermill.errors import DeliveryError
from tests.delivery.journals.s3_server import BUCKET, WritesOver, s3


@pytest.fixture(scope="module")
def account():
    with s3() as opened:
        yield opened


@pytest.fixture(params=["folder", "bucket"])
def journal(request, tmp_path):
    if request.param == "folder":
        return LocalJournal(tmp_path / "journal")
    return S3Journal(BUCKET, uuid4().hex, request.getfixturevalue("account"))


def test_a_mark_is_written_once_and_read_as_it_was(journal):
    key = "waves/spring/00001/001.started"

    assert journal.read(key) is None
    assert journal.create(key, {"at": 1.5, "messages": ["a", "b"]})
    assert not journal.create(key, {"at": 2.5, "messages": []})
    assert journal.read(key) == {"at": 1.5, "messages": ["a", "b"]}


def test_of_many_at_once_one_writes(journal):
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda number: (number, journal.create("race/1", {"by": number})), range(24)))
    winners = [number for number, is_ours in answers if is_ours]

    assert winners == [journal.read("race/1")["by"]]


def test_keys_are_those_that_begin_so_in_order(journal):
    for key in ("waves/b/00002/001.done", "waves/b/00001/010.started", "waves/ba/stopped", "leases/claim/00000001"):
        journal.create(key, {})

    assert journal.keys("waves/b/") == ["waves/b/00001/010.started", "waves/b/00002/001.done"]
    assert journal.keys("waves/b/00002/0") == ["waves/b/00002/001.done"]
    assert journal.keys("waves/b")[-1] == "waves/ba/stopped"
    assert len(journal.keys("")) == 4
    assert journal.keys("nothing/") == []


def test_removing_takes_one_mark_or_all_below_and_no_neighbour(journal):
    for key in ("waves/b/00001/001.started", "waves/b/00001/001.done", "waves/b/stopped", "waves/ba/stopped"):
        journal.create(key, {})

    assert journal.remove("waves/b/00001/001.done") == 1
    assert journal.remove("waves/b/") == 2
    assert journal.remove("waves/b") == 0
    assert journal.keys("") == ["waves/ba/stopped"]


@pytest.mark.parametrize(
    "key", ["../out", "a/../../b", "/etc/x", "a//b", "a/.hidden", "", "a/anna@example.com", "a\\b", "a/b\n"]
)
def test_a_key_cannot_lead_out_or_hold_an_address(journal, key):
    with pytest.raises(DeliveryError, match="cannot be the key of a mark"):
        journal.create(key, {})
    with pytest.raises(DeliveryError, match="cannot be the key of a mark"):
        journal.read(key)


def test_a_journal_goes_to_the_workers_and_shows_no_secret(journal):
    sent = pickle.loads(pickle.dumps(journal))
    sent.create("a", {"by": "worker"})

    assert journal.read("a") == {"by": "worker"}
    assert "test" not in repr(journal).replace(str(getattr(journal, "folder", "")), "")


def test_a_mark_that_was_never_finished_is_none(tmp_path):
    journal = LocalJournal(tmp_path)
    (tmp_path / "waves").mkdir()
    (tmp_path / "waves" / ".5f2c").write_text('{"half')

    assert journal.keys("") == []
    assert journal.create("waves/1", {"whole": True})
    assert sorted(file.name for file in (tmp_path / "waves").iterdir()) == [".5f2c", "1"]
    assert journal.remove("waves") == 1


def test_marks_that_come_while_one_is_written_wait_for_the_disk_together_and_are_read_apart(tmp_path):
    journal, home = LocalJournal(tmp_path), tmp_path / "waves" / "w"
    journal.create("waves/w/00001/001.started", {"by": "before"})
    keys = [f"waves/w/0000{number}/001.started" for number in (1, 2, 3, 3)]
    under_way = local_journal._round_of(home)
    with ThreadPoolExecutor(4) as pool:
        with under_way.writing:
            created = [pool.submit(journal.create, key, {"by": place}) for place, key in enumerate(keys)]
            while len(under_way.waiting) < 3 or not created[0].done():
                pass
        answers = [one.result() for one in created]

    assert answers[:2] == [False, True]
    assert sorted(answers[2:]) == [False, True]
    assert [journal.read(key) for key in keys[:3]] == [{"by": "before"}, {"by": 1}, {"by": answers.index(True, 2)}]
    assert len({file.stat().st_ino for file in home.iterdir()}) == 2


class LostAnswers:
    """A client whose first write of each key arrives, and whose answer to it is lost."""

    def __init__(self, client):
        self.client, self.written = client, set()

    def put_object(self, **asked):
        self.client.put_object(**asked)
        if asked["Key"] not in self.written:
            self.written.add(asked["Key"])
            raise ReadTimeoutError(endpoint_url="s3")

    def __getattr__(self, name):
        return getattr(self.client, name)


def test_a_write_whose_answer_was_lost_counts_as_ours_and_only_once(account, monkeypatch):
    client = LostAnswers(s3_journal._client(account))
    monkeypatch.setattr(s3_journal, "_client", lambda _: client)
    journal = S3Journal(BUCKET, uuid4().hex, account)

    assert journal.create("a", {"n": 1})
    assert not journal.create("a", {"n": 1})


def test_a_bucket_that_is_not_there_is_named(account):
    journal = S3Journal("another", "", account)

    with pytest.raises(DeliveryError, match="the journal does not answer: NoSuchBucket\n  at: s3://another/a"):
        journal.create("a", {})


def test_a_store_that_writes_over_what_is_there_is_refused_by_name_and_keeps_no_trace(account, monkeypatch):
    journal, client = S3Journal(BUCKET, uuid4().hex, account), s3_journal._client(account)
    journal.require_conditional()
    monkeypatch.setattr(s3_journal, "_client", lambda _: WritesOver(client))
    refused = f"the store {account.endpoint_url} ignores If-None-Match\n  at: s3://{BUCKET}\n  mend: .*delivery.journal"

    with pytest.raises(DeliveryError, match=refused):
        journal.require_conditional()

    assert journal.keys("") == []


def test_a_store_that_knows_no_condition_is_refused_by_name(account, monkeypatch):
    class KnowsNone(WritesOver):
        def put_object(self, **_):
            told = {"Error": {"Code": "NotImplemented"}, "ResponseMetadata": {"HTTPStatusCode": 501}}
            raise ClientError(told, "PutObject")

    client = s3_journal._client(account)
    monkeypatch.setattr(s3_journal, "_client", lambda _: KnowsNone(client))

    with pytest.raises(DeliveryError, match=f"the store {account.endpoint_url} does not know If-None-Match"):
        S3Journal(BUCKET, uuid4().hex, account).require_conditional()
