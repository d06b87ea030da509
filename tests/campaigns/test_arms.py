"""Arms never move, and a holdout is as large as it was declared."""

from datetime import datetime
from hashlib import sha256

from pyspark.sql import functions as F

from lettermill.campaigns.arms import BUCKETS, assignments, bucket
from lettermill.tables.campaigns import ASSIGNMENTS

DAY = datetime(2018, 1, 1)


def python_bucket(key: str, salt: str) -> int:
    return int(sha256(f"{salt}\0{key}".encode()).hexdigest()[:15], 16) % BUCKETS


def test_the_hash_is_plain_sha256_so_that_others_can_check_it(spark):
    people = spark.createDataFrame([("p1",), ("Zoë",)], "person_id string")

    found = {
        row.person_id: row.bucket
        for row in people.select("person_id", bucket("person_id", salt="trial").alias("bucket")).collect()
    }

    assert found == {key: python_bucket(key, "trial") for key in ("p1", "Zoë")}


def test_a_tenth_is_held_out_and_nobody_moves_when_the_share_grows(spark, given):
    people = spark.range(20_000).select(F.concat(F.lit("p"), "id").alias("person_id"))
    first = assignments(
        people, experiment="trial", holdout_share=0.1, standing=given(ASSIGNMENTS), as_of=F.lit(DAY)
    ).persist()
    fewer = people.where("person_id < 'p5'")

    ramped = assignments(
        fewer, experiment="trial", holdout_share=0.5, standing=first, as_of=F.lit(datetime(2018, 2, 1))
    )

    held = {
        row.arm: (row["count"], row.p)
        for row in first.groupBy("arm").agg(F.count("*").alias("count"), F.first("propensity").alias("p")).collect()
    }
    assert 1_850 < held["holdout"][0] < 2_150  # 3.5 standard deviations of a binomial of 20,000 draws at 0.1
    assert (held["holdout"][1], held["treatment"][1]) == (0.1, 0.9)
    assert ramped.exceptAll(first).isEmpty()
    assert ramped.count() == fewer.count()
