"""Waves: so many messages, in batches, in the order of the roll-out, and the same every time."""

import pytest
from pyspark.sql import functions as F

from lettermill.delivery.roll_out import place
from lettermill.delivery.waves import in_waves
from lettermill.tables.delivery import OUTBOX


def test_a_wave_takes_the_first_messages_of_the_roll_out_in_full_batches_however_they_lie(given):
    rows = given(OUTBOX, *({"message_id": f"m{n}", "batch": 9} for n in range(20)))
    planned = rows.withColumn("place", place(F.col("message_id")))
    in_order = [row[0] for row in planned.orderBy("place").select("message_id").collect()]
    expected = {message: ("spring-7", 1 + number // 3) for number, message in enumerate(in_order[:8])}
    turned = planned.orderBy(F.desc("message_id")).repartition(3)
    waves = [in_waves(rows, wave="spring-7", limit=8, batch=3) for rows in (planned, turned)]

    assert [{r["message_id"]: (r["wave"], r["batch"]) for r in wave.collect()} for wave in waves] == [expected] * 2
    assert sorted(waves[0].columns) == sorted(OUTBOX.column_names)
    assert waves[0].schema["batch"].dataType == planned.schema["batch"].dataType


def test_a_batch_has_messages_that_follow_each_other_as_asked_but_the_wave_is_the_roll_outs(given):
    rows = given(OUTBOX, *({"message_id": f"m{n}", "provider_reference": f"{9 - n}"} for n in range(10)))
    planned = rows.withColumn("place", place(F.col("message_id")))
    first = {row[0] for row in planned.orderBy("place").limit(6).select("message_id").collect()}

    wave = in_waves(planned, wave="w", limit=6, batch=2, together=["provider_reference"])

    found = [row["message_id"] for row in wave.orderBy("batch", "message_id").collect()]
    batches = [sorted(found[start : start + 2]) for start in (0, 2, 4)]
    backwards = sorted(first, reverse=True)
    assert batches == [sorted(backwards[start : start + 2]) for start in (0, 2, 4)]


@pytest.mark.parametrize(("limit", "batch"), [(0, 3), (3, 0)])
def test_a_wave_of_nothing_is_refused(given, limit, batch):
    with pytest.raises(ValueError, match="need 1 message or more"):
        in_waves(given(OUTBOX), wave="w", limit=limit, batch=batch)
