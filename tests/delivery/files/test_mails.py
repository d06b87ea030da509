"""Payload files as a provider: a call is one file of each format, told by file and line, and never half there."""

import os
import pickle
import sys
from contextlib import ExitStack
from datetime import UTC, datetime

import pytest

from lettermill.delivery.credentials import Credential
from lettermill.delivery.payloads import decoded, format_of
from lettermill.delivery.provider import Answer, Call, Outcome, Signal, Status
from lettermill.delivery.providers.files.account import Account
from lettermill.delivery.providers.files.mails import mail_provider
from lettermill.delivery.providers.files.stores.folder import FolderStore
from lettermill.errors import DeliveryError, PlatformError
from tests.delivery.contract import message, messages
from tests.delivery.fakes.files import rows
from tests.delivery.files.servers import BUCKET, PASSWORD, USER, s3, sftp

AT = datetime(2018, 1, 1, tzinfo=UTC)
WAVE = "spring.2018-01-01.00001"
FILE = "spring-2018-01-01-00001-00001-001.jsonl.gz"
HOME = "spring/2018-01-01"


def call(number=1):
    return Call(WAVE, 1, number)


def provider(folder, **more):
    return mail_provider(Account(str(folder), **more), name="files", secret=secret)


def secret(reference):
    values = {"secret://sftp/password": PASSWORD.encode()}
    return Credential(reference, values.get(reference, b"test"))


def send(files, those, *, number=1):
    return files.connect().send([files.pack(one, at=AT) for one in those], call=call(number))


def statuses(outcomes):
    return [outcome.status for outcome in outcomes]


def kept(folder):
    return {
        path.relative_to(folder).as_posix(): (path.read_bytes(), path.stat().st_mtime_ns)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_a_call_is_one_file_of_each_format_and_its_messages_are_told_by_file_and_line(tmp_path):
    those = messages(3)
    answer = send(provider(tmp_path, formats=("jsonl", "csv", "parquet")), those)

    assert answer == Answer(
        tuple(Outcome(one.message_id, Status.HANDED_OVER, f"{FILE}:{line}") for line, one in enumerate(those, start=1))
    )
    files = kept(tmp_path)
    stem = f"{HOME}/{FILE.removesuffix('.jsonl.gz')}"
    assert list(files) == [f"{stem}.csv.gz", f"{stem}.jsonl.gz", f"{stem}.parquet"]
    expected = [vars(one) for one in those]
    assert [list(decoded(content, format_of(name))) for name, (content, _) in files.items()] == [expected] * 3
    assert rows(tmp_path / f"{stem}.jsonl.gz") == rows(tmp_path / f"{stem}.csv.gz") == expected


def test_the_same_call_again_leaves_its_files_as_they_are_and_answers_the_same(tmp_path):
    files = provider(tmp_path)
    first = send(files, messages(3))
    before = kept(tmp_path)

    assert send(pickle.loads(pickle.dumps(files)), messages(3)) == first
    assert kept(tmp_path) == before


def test_the_next_call_of_a_batch_has_files_of_its_own(tmp_path):
    files = provider(tmp_path, formats=("csv",), gzip=False)

    references = [send(files, [message(n)], number=n).outcomes[0].reference for n in (1, 2)]

    assert references == [f"spring-2018-01-01-00001-00001-00{n}.csv:1" for n in (1, 2)]


def test_other_content_under_the_name_stays_and_stops_the_account(tmp_path):
    files, those = provider(tmp_path), messages(3)
    send(files, those[:2])
    before = kept(tmp_path)

    answer = send(files, [message(0, html="changed"), those[1], those[2]])

    # The first two may have been taken from the file that is there, so only a person can say; the third was not.
    assert statuses(answer.outcomes) == [Status.UNKNOWN, Status.UNKNOWN, Status.DEFERRED]
    assert answer.signal == Signal.BLOCKED
    assert "spring-2018-01-01-00001-00001-001.csv.gz is there with other content" in answer.said
    assert kept(tmp_path) == before


@pytest.mark.parametrize("content", [b"no payload", b"{}\n", b"[1]\n", b"\x1f\x8b broken"])
def test_a_file_of_somebody_else_stops_the_account_too(tmp_path, content):
    files = provider(tmp_path, formats=("jsonl",))
    FolderStore(tmp_path).put(f"{HOME}/{FILE}", content)

    answer = send(files, messages(1))

    assert (statuses(answer.outcomes), answer.signal) == ([Status.DEFERRED], Signal.BLOCKED)


def test_a_look_up_finds_messages_in_the_file_and_says_of_the_others_that_they_are_in_none(tmp_path):
    files, those = provider(tmp_path), messages(3)
    sent = send(files, those[:2])

    found = files.connect().lookup([one.message_id for one in those], call=call())

    assert found == [*sent.outcomes, Outcome(those[2].message_id, Status.DEFERRED, reason="in no file")]


@pytest.mark.parametrize("formats", [("jsonl", "csv"), ("csv",), ("parquet", "jsonl")])
def test_a_writer_who_wakes_up_after_the_look_up_hands_over_nothing(tmp_path, formats):
    files, those = provider(tmp_path, formats=formats), messages(2)

    found = files.connect().lookup([one.message_id for one in those], call=call())
    late = send(files, those)
    again = send(files, those, number=2)
    found_again = files.connect().lookup([one.message_id for one in those], call=call())

    assert statuses(found) == statuses(found_again) == statuses(late.outcomes) == [Status.DEFERRED] * 2
    assert late.signal == Signal.FINE
    assert statuses(again.outcomes) == [Status.HANDED_OVER] * 2
    closed = [path for path in kept(tmp_path) if "-001." in path and path.endswith(f".{formats[0]}.gz")]
    assert [rows(tmp_path / path) for path in closed if formats[0] != "parquet"] == [[]] * len(closed)


def test_a_call_cut_off_between_its_formats_was_not_handed_over(tmp_path, monkeypatch):
    files, put = provider(tmp_path), FolderStore.put
    monkeypatch.setattr(FolderStore, "put", lambda store, name, _: put(store, name, b"x") and 1 / 0)
    with pytest.raises(ZeroDivisionError):
        send(files, messages(1))
    monkeypatch.undo()

    found = files.connect().lookup([message(0).message_id], call=call())

    assert statuses(found) == [Status.DEFERRED]


def test_a_folder_out_of_reach_defers_the_call_and_a_look_up_tells_nothing_certain(tmp_path):
    (tmp_path / "file").write_text("in the way")
    files = provider(tmp_path / "file")

    answer = send(files, messages(2))
    found = files.connect().lookup([message(0).message_id], call=call())

    assert (statuses(answer.outcomes), answer.signal) == ([Status.DEFERRED] * 2, Signal.FAILING)
    assert statuses(found) == [Status.UNKNOWN]
    with pytest.raises(DeliveryError, match="not renewed"):
        files.connect().renew()


def test_a_name_that_a_crash_could_still_take_back_is_unknown_until_it_is_looked_up(tmp_path, monkeypatch):
    files, fsync = provider(tmp_path, formats=("jsonl",)), os.fsync
    (tmp_path / HOME).mkdir(parents=True)

    def failing(descriptor):
        if os.path.isdir(f"/proc/self/fd/{descriptor}"):
            raise OSError(5, "Input/output error")
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", failing)
    answer = send(files, messages(1))
    monkeypatch.undo()

    assert (statuses(answer.outcomes), answer.signal) == ([Status.UNKNOWN], Signal.FAILING)
    assert statuses(files.connect().lookup([message(0).message_id], call=call())) == [Status.HANDED_OVER]


def test_a_library_that_is_missing_is_told_before_any_work(monkeypatch):
    monkeypatch.setitem(sys.modules, "paramiko", None)
    monkeypatch.delitem(sys.modules, "lettermill.delivery.providers.files.stores.sftp", raising=False)

    with pytest.raises(PlatformError, match="paramiko"):
        provider("sftp://ana@files.example/in", host_key="ssh-ed25519 AAAA")


@pytest.mark.parametrize("occurrence", ["../../up", "a/b", "..", "x" * 40 + "é.1"])
def test_an_occurrence_that_others_chose_leads_to_no_other_folder(tmp_path, occurrence):
    files = provider(tmp_path / "files", formats=("jsonl",), gzip=False)
    parcel = files.pack(message(0, occurrence=occurrence), at=AT)
    answer = files.connect().send([parcel], call=Call(f"spring.{occurrence}.00001", 1, 1))

    (file,) = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert answer.outcomes[0].reference == f"{file.name}:1"
    assert file.resolve().relative_to((tmp_path / "files" / "spring").resolve()).parts[1:] == (file.name,)


def test_a_bucket_and_a_server_get_the_same_bytes_as_a_folder(tmp_path):
    with ExitStack() as open_:
        endpoint, client = open_.enter_context(s3())
        server = open_.enter_context(sftp(tmp_path / "server"))
        keys = {"access_key": "secret://s3/key", "secret_key": "secret://s3/secret"}
        access = {"host_key": server.host_key, "password": "secret://sftp/password"}
        places = {
            f"{tmp_path}/folder": {},
            f"s3://{BUCKET}/deep/down": {"endpoint": endpoint, **keys},
            f"sftp://{USER}@127.0.0.1:{server.port}/in": access,
        }
        answers = [send(provider(place, **more), messages(3)) for place, more in places.items()]
        look_ups = [
            provider(place, **more).connect().lookup([message(1).message_id, "no such"], call=call())
            for place, more in places.items()
        ]
        there = [one["Key"] for one in client.list_objects_v2(Bucket=BUCKET)["Contents"]]
        of_bucket = {
            key.removeprefix("deep/down/"): client.get_object(Bucket=BUCKET, Key=key)["Body"].read() for key in there
        }
    of_folder, of_server = (
        {name: content for name, (content, _) in kept(tmp_path / part).items()} for part in ("folder", "server/in")
    )
    assert of_folder == of_bucket == of_server
    assert answers[0] == answers[1] == answers[2]
    assert [statuses(one) for one in look_ups] == [[Status.HANDED_OVER, Status.DEFERRED]] * 3
