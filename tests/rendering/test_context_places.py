"""Contexts are fetched from where they lie: each row gets its own, in whatever order they are asked for."""

from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st
from pyspark.sql import functions as F
from pyspark.sql.pandas.types import to_arrow_schema

from lettermill.errors import TableError
from lettermill.rendering.context_places import FILE, ROW, placed_contexts, with_contexts
from tests.rendering.test_messages import CONTEXTS, context

READ = pa.schema([("message_id", pa.string()), ("inputs", pa.int64())])
SIZES = {"a b": 9_000, "c": 7}
"""Messages of each file, which has a row group for every 5,000."""


def message_id(file, row):
    return f"{file} {row}"


def asked(places):
    ids = [message_id(file, row) for file, row in places]
    paths = [f"file:///{file}" for file, _ in places]
    return pa.RecordBatch.from_pydict({"message_id": ids, "batch": list(range(len(places))), FILE: paths,
                                       ROW: pa.array([row for _, row in places], pa.int64())})  # fmt: skip


@pytest.fixture(scope="module")
def folder():
    with TemporaryDirectory() as name:
        for file, size in SIZES.items():
            table = pa.table({"inputs": pa.array(range(size), pa.int32()),
                              "message_id": [message_id(file, row) for row in range(size)]})  # fmt: skip
            pq.write_table(table, Path(name) / file, row_group_size=5_000)
        yield Path(name)


def fetched(batches, folder):
    uri = folder.as_uri()
    located = [
        batch.set_column(2, FILE, pa.array([path.as_py().replace("file://", uri).replace(" ", "%20")
                                            for path in batch.column(FILE)], pa.string()))
        for batch in batches
    ]  # fmt: skip
    rows = [row for batch in with_contexts(located, read=READ) for row in batch.to_pylist()]
    return [(row["message_id"], row["batch"], row["inputs"]) for row in rows]


PLACES = st.sampled_from(sorted(SIZES)).flatmap(lambda f: st.tuples(st.just(f), st.integers(0, SIZES[f] - 1)))


@for_all(st.lists(st.lists(PLACES, max_size=6), max_size=3))
def test_every_row_gets_the_context_that_lies_at_its_place_whatever_the_order(folder, batches):
    found = fetched([asked(places) for places in batches], folder)

    assert found == [
        (message_id(file, row), number, row) for places in batches for number, (file, row) in enumerate(places)
    ]


def test_a_file_is_fetched_whole_from_its_beginning_to_its_end(folder):
    places = [("a b", row) for row in range(9_000)]

    assert fetched([asked(places[:4_500]), asked(places[4_500:])], folder) == [
        (message_id("a b", row), row % 4_500, row) for row in range(9_000)
    ]


@pytest.mark.parametrize(("file", "row"), [("c", 3), ("c", 7), ("gone", 5)])
def test_where_another_message_lies_or_none_nothing_is_fetched(folder, file, row):
    wrong = asked([(file, row)]).set_column(0, "message_id", pa.array(["c 5"]))

    with pytest.raises(TableError, match=f"contexts do not lie where they did\n  at: .*{file}\n  mend: run it again"):
        fetched([wrong], folder)


def test_contexts_of_a_table_are_found_where_spark_says_that_they_lie(lake, given, spark):
    lake.add(given(CONTEXTS, *(context(f"m{n}") for n in range(5))), to=CONTEXTS)
    lake.add(given(CONTEXTS, context("m5", first_name=None)), to=CONTEXTS)
    contexts = lake.read(CONTEXTS).select("message_id", "inputs")
    placed = placed_contexts(contexts, lake.files(CONTEXTS))
    read = to_arrow_schema(contexts.schema)

    rows = placed.select("message_id", F.lit(1).alias("batch"), FILE, ROW).orderBy(F.desc(FILE), F.desc(ROW))
    found = rows.mapInArrow(lambda batches: with_contexts(batches, read=read), "message_id string, batch int, inputs " +
                            contexts.schema["inputs"].dataType.simpleString())  # fmt: skip

    assert sorted(found.drop("batch").collect()) == sorted(contexts.collect())
    assert placed.drop(FILE, ROW).dtypes == contexts.dtypes
