"""Stores of payload files: a name is given once, to whole content, and what is not certain is not said."""

import os
import random
import threading
from contextlib import ExitStack

import asyncssh
import pytest

from lettermill.delivery.credentials import Credential
from lettermill.delivery.exchange import CutOff
from lettermill.delivery.provider import Signal
from lettermill.delivery.providers.files.stores import folder as folders
from lettermill.delivery.providers.files.stores.folder import FolderStore
from lettermill.delivery.providers.files.stores.s3 import S3Store
from lettermill.delivery.providers.files.stores.sftp import SftpStore
from lettermill.delivery.providers.files.stores.store import NotStored, Put, sha256_of
from tests.delivery.contract import nowhere
from tests.delivery.files.servers import BUCKET, PASSWORD, USER, refusing_s3, s3, sftp

KEYS = {name: Credential(f"secret://s3/{name}", b"test") for name in ("access_key", "secret_key")}
FIVE_MIB = 5 << 20
STORES = ("folder", "s3", "sftp")


@pytest.fixture(scope="module")
def servers(tmp_path_factory):
    with ExitStack() as open_:
        endpoint, client = open_.enter_context(s3())
        yield endpoint, client, open_.enter_context(sftp(tmp_path_factory.mktemp("sftp")))


@pytest.fixture
def aws(servers):
    """The endpoint and a client of S3 with an empty bucket."""
    endpoint, client, _ = servers
    for one in client.list_objects_v2(Bucket=BUCKET).get("Contents", []):
        client.delete_object(Bucket=BUCKET, Key=one["Key"])
    return endpoint, client


@pytest.fixture
def server(servers):
    return servers[2]


@pytest.fixture
def made(aws, server, tmp_path):
    """Makes a store of a kind below an empty root."""

    def make(kind, **more):
        match kind:
            case "folder":
                return FolderStore(tmp_path / "payloads", **more)
            case "s3":
                return S3Store(BUCKET, "in/here", endpoint=aws[0], **KEYS, **more)
            case _:
                access = {"password": Credential("secret://sftp/password", PASSWORD.encode())}
                given = {"host_key": server.host_key, "port": server.port, **access, **more}
                return SftpStore("127.0.0.1", USER, f"/{tmp_path.name}", **given)

    return make


@pytest.fixture(params=STORES)
def store(request, made):
    opened = made(request.param)
    yield opened
    opened.close()


def test_a_name_is_given_once_to_whole_content_and_nothing_else_is_left(store):
    name = "spring/2018-01-01/a.jsonl"

    answers = [store.put(name, b"one"), store.put(name, b"one"), store.put(name, b"other"), store.put(name, b"")]

    assert answers == [Put.WRITTEN, Put.SAME, Put.OTHER, Put.OTHER]
    assert store.get(name) == b"one"
    assert store.checksum(name) == sha256_of(b"one")
    assert store.names() == [name]


def test_files_are_listed_by_the_beginning_of_their_name_and_what_is_not_there_is_nothing(store):
    there = ["a/b/1.csv", "a/b/2.csv", "a/c.csv", "d.csv"]
    nothing = (store.names(), store.get("a/b/1.csv"), store.checksum("a/b/1.csv"))
    for name in reversed(there):
        store.put(name, name.encode())

    assert nothing == ([], None, None)
    assert store.names() == there
    assert store.names("a/b") == there[:2]
    assert store.names("x") == []
    assert store.checksum("d.csv") == sha256_of(b"d.csv")


def test_content_of_any_size_comes_back_as_it_was(store):
    contents = {"none": b"", "large": random.Random(7).randbytes(3 << 20)}

    for name, content in contents.items():
        assert store.put(name, content) == Put.WRITTEN

    assert {name: store.get(name) for name in contents} == contents


@pytest.mark.parametrize("kind", ["folder", "sftp"])
def test_of_writers_who_race_for_a_name_one_gives_it(made, kind):
    start, answers = threading.Barrier(6), {}

    def write(number):
        store = made(kind)
        start.wait()
        answers[number] = store.put("a.csv", f"content of {number}".encode())
        store.close()

    writers = [threading.Thread(target=write, args=[number]) for number in range(6)]
    for one in writers:
        one.start()
    for one in writers:
        one.join()

    (winner,) = [number for number, answer in answers.items() if answer == Put.WRITTEN]
    store = made(kind)
    assert store.get("a.csv") == f"content of {winner}".encode()
    assert sorted(answers.values()) == [*[Put.OTHER] * 5, Put.WRITTEN]
    assert store.names() == ["a.csv"]
    store.close()


def test_a_folder_without_hard_links_still_gives_a_name_once(made, monkeypatch):
    def refuse(*_):
        raise OSError(folders.errno.EPERM, "no links here")

    monkeypatch.setattr(os, "link", refuse)
    store = made("folder")

    assert [store.put("a", b"one"), store.put("a", b"two"), store.put("a", b"one")] == [
        Put.WRITTEN,
        Put.OTHER,
        Put.SAME,
    ]
    assert [path.name for path in store.root.iterdir()] == ["a"]


def test_a_part_is_never_seen_under_the_name_and_goes_when_it_cannot_be_finished(made, monkeypatch):
    store, seen = made("folder"), []

    def fail(descriptor):
        seen.extend(path.name for path in store.root.iterdir())
        raise OSError(28, "No space left on device")

    store.root.mkdir()
    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(NotStored, match="No space left on device"):
        store.put("a.csv", b"content")

    assert [(name[:5], name[-5:]) for name in seen] == [("a.csv", ".part")]
    assert list(store.root.iterdir()) == []


def test_a_folder_that_cannot_be_made_stores_nothing(tmp_path):
    (tmp_path / "file").write_text("in the way")
    store = FolderStore(tmp_path / "file")

    with pytest.raises(NotStored) as refusal:
        store.put("a", b"one")

    assert refusal.value.signal == Signal.FAILING
    assert store.get("a") is None


def test_a_large_object_goes_up_in_checked_parts_and_is_named_once(made, aws):
    _, client = aws
    store = made("s3", part_bytes=FIVE_MIB)
    content = random.Random(7).randbytes(2 * FIVE_MIB + 17)

    answers = [store.put("large", content), store.put("large", content), store.put("large", content[:-1] + b"!")]

    assert answers == [Put.WRITTEN, Put.SAME, Put.OTHER]
    assert store.get("large") == content
    head = client.head_object(Bucket=BUCKET, Key="in/here/large", ChecksumMode="ENABLED")
    assert head["ETag"].strip('"').endswith("-3")
    assert store.checksum("large") == sha256_of(content)
    assert client.list_multipart_uploads(Bucket=BUCKET).get("Uploads", []) == []


def test_an_object_that_others_put_is_compared_by_its_content(made, aws):
    aws[1].put_object(Bucket=BUCKET, Key="in/here/a", Body=b"one")
    store = made("s3")

    assert [store.put("a", b"one"), store.put("a", b"two")] == [Put.SAME, Put.OTHER]
    assert store.checksum("a") == sha256_of(b"one")


@pytest.mark.parametrize(
    ("status", "code", "signal"),
    [
        (503, "SlowDown", Signal.THROTTLED),
        (400, "ExpiredToken", Signal.EXPIRED),
        (403, "AccessDenied", Signal.BLOCKED),
        (404, "NoSuchBucket", Signal.BLOCKED),
        (400, "EntityTooLarge", Signal.FAILING),
    ],
)
def test_what_s3_refuses_is_not_stored_and_tells_what_it_says_of_the_account(status, code, signal):
    with refusing_s3(status, code) as endpoint, pytest.raises(NotStored, match=code) as refusal:
        S3Store(BUCKET, endpoint=endpoint, **KEYS).put("a", b"one")

    assert refusal.value.signal == signal


@pytest.mark.parametrize(("status", "code"), [(None, ""), (500, "InternalError"), (502, "")])
def test_where_s3_is_cut_off_or_faulty_while_it_gives_the_name_nobody_knows(status, code):
    with refusing_s3(status, code) as endpoint, pytest.raises(CutOff):
        S3Store(BUCKET, endpoint=endpoint, **KEYS).put("a", b"one")


def test_a_multipart_upload_that_fails_before_its_name_is_given_is_not_stored():
    with refusing_s3(None) as endpoint, pytest.raises(NotStored):
        S3Store(BUCKET, endpoint=endpoint, part_bytes=1, **KEYS).put("a", b"one")


def test_without_a_server_nothing_is_stored(made):
    s3_store = S3Store(BUCKET, endpoint=nowhere(), **KEYS)
    port = int(nowhere().rpartition(":")[2])

    for store in (s3_store, made("sftp", port=port)):
        with pytest.raises(NotStored) as refusal:
            store.put("a", b"one")
        assert refusal.value.signal == Signal.FAILING


def test_a_private_key_opens_the_server_as_a_password_does(made, server):
    store = made("sftp", password=None, private_key=Credential("secret://sftp/key", server.private_key))

    assert store.put("a", b"one") == Put.WRITTEN
    store.close()


def other_key(kind):
    return asyncssh.generate_private_key(kind).export_public_key().decode()


@pytest.mark.parametrize(
    "other",
    [
        {"password": Credential("secret://sftp/password", b"not-that-one")},
        {"host_key": other_key("ssh-ed25519")},
        {"host_key": other_key("ecdsa-sha2-nistp256")},
        {"host_key": "what is this"},
        {"password": None, "private_key": Credential("secret://sftp/key", b"not-that-one")},
    ],
    ids=["password", "host key", "kind of host key", "no host key", "no private key"],
)
def test_a_wrong_key_of_either_side_blocks_and_shows_no_secret(made, other):
    store = made("sftp", **other)

    with pytest.raises(NotStored) as refusal:
        store.put("a", b"one")

    assert refusal.value.signal == Signal.BLOCKED
    assert [word for word in ("not-that-one", PASSWORD) if word in repr(store) + str(refusal.value)] == []


@pytest.mark.parametrize(("cut", "there"), [("before", None), ("after", b"one")])
def test_a_rename_that_is_cut_off_is_said_to_be_so_and_the_next_call_connects_anew(made, server, cut, there):
    store = made("sftp")
    store.put("first", b"")
    server.cut = cut

    with pytest.raises(CutOff):
        store.put("a", b"one")

    assert store.get("a") == there
    assert store.put("a", b"one") == (Put.SAME if there else Put.WRITTEN)
    store.close()


def test_an_upload_has_another_name_until_it_is_whole(made, server):
    store = made("sftp", part=".tmp")
    store.put("import/a.csv", b"one")
    store.close()

    (old, new) = server.renamed[-1]
    assert new.endswith("/import/a.csv")
    assert old.startswith(new)
    assert old.endswith(".tmp")
