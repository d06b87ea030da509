"""The watch: an opt-out after the fence is seen before the next call."""

import pickle
from pathlib import Path

import pytest

from lettermill.delivery.opt_outs import FolderWatch, Watched
from lettermill.errors import DeliveryError
from lettermill.tables.profiles import CONSENTS, ERASURES, SUPPRESSIONS

ROWS = {
    CONSENTS: {"person_id": "p1", "state": "denied", "purpose": "mail", "said_by": "person"},
    SUPPRESSIONS: {
        "address_key": "k1",
        "state": "suppressed",
        "channel": "email",
        "topic": "all",
        "purpose": "mail",
    },
    ERASURES: {"person_id": "p1", "state": "requested"},
}
"""A row of each watched table that its constraints let in."""


def watch(lake) -> FolderWatch:
    """The tables as they are now."""
    versions = [(lake.place.path(t), lake.version(t) if lake.exists(t) else -1) for t in ROWS]
    return FolderWatch(tuple(Watched(str(path), version) for path, version in versions))


def test_a_worker_sees_what_is_committed_to_any_watched_table_after_the_fence(lake, given):
    lake.add(given(CONSENTS, ROWS[CONSENTS] | {"person_id": "p2"}), to=CONSENTS)
    lake.create(SUPPRESSIONS)
    seen = []
    for table, row in ROWS.items():  # the last of them is not there when it is fenced
        fence = watch(lake)
        worker = pickle.loads(pickle.dumps(fence))
        before = worker.is_current()
        lake.add(given(table, row), to=table)
        seen.append((worker == fence, before, worker.is_current(), watch(lake).is_current()))

    assert seen == [(True, True, False, True)] * 3


def log_of(folder: Path, *versions: int) -> str:
    """A table's folder with a log of these commits; the log of a table that is written by nobody else."""
    log = folder / "consents" / "_delta_log"
    log.mkdir(parents=True)
    for version in versions:
        (log / f"{version:020d}.json").write_bytes(b'{"commitInfo":{}}')
    return str(log.parent)


def test_a_log_that_was_tidied_up_is_not_taken_for_one_in_which_nothing_happened(tmp_path):
    table = log_of(tmp_path, 40)

    assert [FolderWatch((Watched(table, version),)).is_current() for version in (40, 7)] == [True, False]


def test_a_log_out_of_reach_is_told_and_a_table_that_is_not_there_yet_has_nothing_new(tmp_path):
    with pytest.raises(
        DeliveryError, match="out of reach(.|\n)*mend: run the tasks where the lake's folder is mounted"
    ):
        FolderWatch((Watched(str(tmp_path / "elsewhere"), 3),)).is_current()
    assert FolderWatch((Watched(str(tmp_path / "elsewhere"), -1),)).is_current()
