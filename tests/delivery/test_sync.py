"""Only what a destination does not have as it is now is sent, and the rest is counted as saved."""

from pyspark.sql import functions as F

from lettermill.delivery.sync import attribute_values, saved_by_attribute, sync_set, sync_state
from lettermill.tables.delivery import SYNC_STATE
from tests.conftest import NOON

SCHEMA = "person_id string, email string, orders bigint, seen timestamp"


def values_of(spark, *people):
    return attribute_values(spark.createDataFrame(people, SCHEMA), ["email", "orders", "seen"])


def changes_of(rows):
    return {(row.person_id, row.attribute, row.change, row.value) for row in rows.collect()}


def test_what_was_handed_over_is_not_sent_again_until_it_changes(spark, lake):
    first = values_of(spark, ("a", "a@x.example", 1, NOON), ("b", None, 0, None))
    lake.create(SYNC_STATE)
    everything = sync_set(first, standing=lake.read(SYNC_STATE), destination="braze")
    assert {(person, attribute, change) for person, attribute, change, _ in changes_of(everything)} == {
        ("a", "email", "new"), ("a", "orders", "new"), ("a", "seen", "new"), ("b", "orders", "new"),
    }  # fmt: skip
    lake.merge(sync_state(everything, destination="braze", at=F.lit(NOON)), into=SYNC_STATE)

    now = values_of(spark, ("a", "a@x.example", 2, None), ("b", "b@x.example", 0, None))
    found = sync_set(now, standing=lake.read(SYNC_STATE), destination="braze")
    counted = {row.attribute: (row.points, row.sent, row.saved) for row in saved_by_attribute(now, found).collect()}

    assert changes_of(sync_set(first, standing=lake.read(SYNC_STATE), destination="braze")) == set()
    assert changes_of(found) == {
        ("a", "orders", "changed", '{"v":2}'),
        ("a", "seen", "cleared", None),
        ("b", "email", "new", '{"v":"b@x.example"}'),
    }
    assert counted == {"email": (2, 1, 1), "orders": (2, 1, 1), "seen": (0, 1, 0)}
    assert sync_set(now, standing=lake.read(SYNC_STATE), destination="sfmc").count() == 4


def test_a_cleared_value_is_told_once(spark, lake):
    lake.create(SYNC_STATE)
    for person in (("a", "a@x.example", 1, NOON), ("a", None, 1, NOON)):
        found = sync_set(values_of(spark, person), standing=lake.read(SYNC_STATE), destination="braze")
        lake.merge(sync_state(found, destination="braze", at=F.lit(NOON)), into=SYNC_STATE)

    again = sync_set(values_of(spark, ("a", None, 1, NOON)), standing=lake.read(SYNC_STATE), destination="braze")

    assert changes_of(again) == set()
