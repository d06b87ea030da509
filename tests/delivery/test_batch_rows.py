"""Rows that come in record batches are given batch by batch of a wave, however they are cut."""

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from lettermill.delivery.batch_rows import rows_by_batch


@given(sizes=st.lists(st.integers(1, 5), max_size=6), cut=st.integers(1, 7))
def test_each_batch_comes_once_with_all_of_its_rows_in_order_wherever_record_batches_end(sizes, cut):
    rows = [{"batch": batch, "at": at} for batch, size in enumerate(sizes, start=3) for at in range(size)]
    cuts = [pa.RecordBatch.from_pylist(rows[start : start + cut]) for start in range(0, len(rows), cut)]

    found = [(batch, [row["at"] for row in of_batch]) for batch, of_batch in rows_by_batch(cuts)]

    assert found == [(batch, list(range(size))) for batch, size in enumerate(sizes, start=3)]
