"""The telephone numbers of records as E.164, one form for every spelling."""

from collections.abc import Iterable, Iterator

import pyarrow as pa  # type: ignore[import-untyped]
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lettermill.telephone_numbers import e164


def with_e164(records: DataFrame, *, region: str) -> DataFrame:
    """The records with `phone` in E.164, null where it is none; `region` for records that name no country.

    Each number is read once, however many records have it.
    """
    country = F.coalesce("country", F.lit(region))
    written = records.where(F.col("phone").isNotNull()).select("phone", country.alias("region")).distinct()
    numbers = written.mapInArrow(_read, "phone string, region string, number string")
    # right side: one row per number and country
    return (
        records.withColumn("region", country)
        .join(numbers, on=["phone", "region"], how="left")
        .withColumn("phone", F.col("number"))
        .drop("region", "number")
    )


def _read(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        pairs = zip(batch.column("phone").to_pylist(), batch.column("region").to_pylist(), strict=True)
        numbers = pa.array([e164(phone, region) for phone, region in pairs], pa.string())
        yield pa.RecordBatch.from_arrays([*batch.columns, numbers], names=["phone", "region", "number"])
