"""The watch: an opt-out after the fence is seen before the next call, and only by those whom it may be about."""

import pickle
from pathlib import Path

import orjson
import pytest
from delta.tables import DeltaTable

from lettermill.delivery.opt_outs import FolderWatch, Watched
from lettermill.errors import DeliveryError
from lettermill.tables.profiles import CONSENTS, ERASURES, SUPPRESSIONS

ALL = (CONSENTS, SUPPRESSIONS, ERASURES)
WHOLE = {
    CONSENTS: {"state": "denied", "purpose": "mail", "said_by": "person"},
    SUPPRESSIONS: {"state": "suppressed", "channel": "email", "topic": "all", "purpose": "mail"},
    ERASURES: {"state": "requested"},
}


@pytest.fixture
def rows(given):
    """Rows that the tables' constraints let in."""
    return lambda table, *partial: given(table, *({**WHOLE[table], **one} for one in partial))


def watch(lake, *tables) -> FolderWatch:
    """The tables as they are now."""
    versions = [(lake.place.path(t), lake.version(t) if lake.exists(t) else -1) for t in tables]
    return FolderWatch(tuple(Watched(str(path), version) for path, version in versions))


def test_what_is_committed_after_the_fence_is_seen_and_touches_those_whom_it_names(lake, rows):
    lake.add(rows(CONSENTS, {"person_id": "p1"}), to=CONSENTS)
    lake.create(SUPPRESSIONS)
    fence = watch(lake, *ALL)
    worker = pickle.loads(pickle.dumps(fence))

    assert (worker, worker.is_current(), worker.touches(["p1"], ["k1"])) == (fence, True, False)

    lake.add(rows(CONSENTS, {"person_id": "p2"}, {"person_id": "p3"}), to=CONSENTS)
    lake.merge(rows(SUPPRESSIONS, {"address_key": "k2"}), into=SUPPRESSIONS)

    assert not worker.is_current()
    asked = [(["p1"], ["k1"]), (["p1", "p3"], []), ([], ["k2"]), (["p1"], ["k1", "k2"]), ([], [])]
    assert [worker.touches(*one) for one in asked] == [False, True, True, True, False]

    lake.merge(rows(SUPPRESSIONS, {"address_key": "k2", "reason": "complained"}), into=SUPPRESSIONS)

    assert worker.touches(["p1"], ["k1"])  # a row was written anew: whose else went with it, the log does not say
    lake.merge(rows(ERASURES, {"person_id": "p9"}), into=ERASURES)
    assert not watch(lake, CONSENTS, SUPPRESSIONS).touches(["p1"], [])
    assert FolderWatch((fence.tables[2],)).touches(["p1"], [])  # the table was not there: what it holds, all may be of


def test_packing_files_touches_nobody_and_erasing_rows_may_touch_anybody(lake, rows):
    for person in ("p1", "p2"):
        lake.add(rows(CONSENTS, {"person_id": person}), to=CONSENTS)
    fence = watch(lake, CONSENTS)
    packed = DeltaTable.forPath(lake.spark, str(lake.place.path(CONSENTS)))
    packed.optimize().executeCompaction()

    assert (fence.is_current(), fence.touches(["p1", "p2"], [])) == (False, False)

    packed.delete("person_id = 'p2'")

    assert fence.touches(["p1"], [])


class Log:
    """A table's folder whose commits a test writes by itself."""

    def __init__(self, folder: Path):
        self.table = folder / "consents"
        (self.table / "_delta_log").mkdir(parents=True)

    def commit(self, version: int, *actions: dict[str, object]) -> Path:
        file = self.table / "_delta_log" / f"{version:020d}.json"
        file.write_bytes(b"\n".join(orjson.dumps(action) for action in actions))
        return file

    def watch(self, version: int) -> FolderWatch:
        return FolderWatch((Watched(str(self.table), version),))


@pytest.mark.parametrize(
    "action",
    [
        {"add": {"path": "absent.parquet", "dataChange": True}},
        {"add": {"path": "s3://bucket/some.parquet", "dataChange": True}},
        {"add": {"path": "broken.parquet", "dataChange": True}},
        {"add": {"path": "some.parquet"}},
        {"remove": {"path": "some.parquet", "dataChange": True}},
        {"metaData": {"id": "m"}},
        {"protocol": {"minReaderVersion": 9}},
        {"newerThanWe": {}},
    ],
)
def test_a_commit_that_does_not_tell_whom_it_is_about_may_be_about_anybody(tmp_path, action):
    log = Log(tmp_path)
    (log.table / "broken.parquet").write_bytes(b"PAR1 and no more")
    log.commit(7, {"commitInfo": {}})
    log.commit(8, {"commitInfo": {}}, action)

    assert log.watch(7).touches(["p1"], [])


def test_a_torn_commit_may_be_about_anybody_and_one_that_changes_no_row_about_nobody(tmp_path):
    log = Log(tmp_path)
    log.commit(7)
    log.commit(8, {"commitInfo": {}}, {"txn": {"appId": "a", "version": 1}})

    assert not log.watch(7).touches(["p1"], [])
    log.commit(9).write_bytes(b'{"add": {"pa')
    assert log.watch(7).touches(["p1"], [])


def test_a_commit_is_read_once(tmp_path):
    log = Log(tmp_path)
    log.commit(7)
    log.commit(8, {"commitInfo": {}})
    fence = log.watch(7)
    first = fence.touches(["p1"], [])
    log.commit(8).write_bytes(b"torn")

    assert (first, fence.touches(["p1"], []), log.watch(7).touches(["p1"], [])) == (False, False, True)


def test_a_log_that_was_tidied_up_is_not_taken_for_one_in_which_nothing_happened(tmp_path):
    log = Log(tmp_path)
    log.commit(40, {"commitInfo": {}})

    assert (log.watch(40).is_current(), log.watch(7).is_current(), log.watch(7).touches(["p1"], [])) == (
        True,
        False,
        True,
    )


def test_a_log_out_of_reach_is_told_and_a_table_that_is_not_there_yet_has_nothing_new(tmp_path):
    with pytest.raises(
        DeliveryError, match="out of reach(.|\n)*mend: run the tasks where the lake's folder is mounted"
    ):
        FolderWatch((Watched(str(tmp_path / "elsewhere"), 3),)).is_current()
    assert FolderWatch((Watched(str(tmp_path / "elsewhere"), -1),)).is_current()
