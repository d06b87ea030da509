"""Phone numbers as E.164, whatever way they were written."""

from collections.abc import Iterable, Iterator

import phonenumbers
import pyarrow as pa  # type: ignore[import-untyped]
from phonenumbers import PhoneNumberFormat
from pyspark.sql import DataFrame
from pyspark.sql import functions as F


def e164(written: str, region: str) -> str | None:
    """The number in E.164, such as `+436601234567`; None where it cannot be dialled.

    `region` is the country (ISO 3166-1 alpha-2) of a number written without one.
    """
    try:
        number = phonenumbers.parse(written, region)
    except phonenumbers.NumberParseException:
        return None
    return phonenumbers.format_number(number, PhoneNumberFormat.E164) if phonenumbers.is_valid_number(number) else None


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
