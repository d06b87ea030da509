"""How far a stream has come is read from its checkpoint as Spark leaves it."""

import json

import pytest

from lettermill.positions import Position, positions

TABLE, OTHER = "1b6a2f7e-0000-4000-8000-000000000001", "1b6a2f7e-0000-4000-8000-000000000002"


@pytest.fixture
def checkpoint(tmp_path):
    """Write a checkpoint: where each batch ends, by the table's id, and which batches were committed."""

    def write(name, *ends, committed, table=TABLE):
        folder = tmp_path / name
        for part in ("offsets", "commits"):
            (folder / part).mkdir(parents=True)
        (folder / "metadata").write_text('{"id":"x"}')
        for number, version in enumerate(ends):
            offset = json.dumps(
                {
                    "sourceVersion": 1,
                    "reservoirId": table,
                    "reservoirVersion": version,
                    "index": -1,
                    "isStartingVersion": False,
                }
            )
            (folder / "offsets" / str(number)).write_text(f'v1\n{{"batchWatermarkMs":0}}\n{offset}\n')
            (folder / "offsets" / f".{number}.crc").touch()
        for number in range(committed):
            (folder / "commits" / str(number)).write_text('v1\n{"nextBatchWatermarkMs":0}')

    return write


def test_a_stream_stands_where_its_last_committed_batch_ended(checkpoint, tmp_path):
    checkpoint("check_events/events", 4, 7, committed=2)
    checkpoint("refresh", 3, 6, committed=1)
    checkpoint("of another table", 1, committed=1, table=OTHER)

    assert positions(tmp_path, table_id=TABLE) == [Position(3, "refresh"), Position(7, "check_events/events")]


def test_a_first_batch_that_was_not_committed_starts_from_the_table_before_its_end(checkpoint, tmp_path):
    checkpoint("young", 5, committed=0)
    checkpoint("unborn", committed=0)

    assert positions(tmp_path, table_id=TABLE) == [Position(4, "young", of_snapshot=True)]
