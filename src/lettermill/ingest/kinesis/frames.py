"""Kinesis through Spark's own source: its options, and its rows in the shape that lines of landing files have."""

import json
from datetime import datetime

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lettermill.ingest.kinesis.declaration import Kinesis


def platform_options(declared: Kinesis) -> dict[str, str]:
    """Options of the format `kinesis`, https://docs.databricks.com/aws/en/connect/streaming/kinesis/."""
    options = {
        "streamName": declared.stream,
        "region": declared.region,
        "initialPosition": _initial_position(declared.start),
    }
    if declared.endpoint_url:
        options["endpoint"] = declared.endpoint_url
    if declared.service_credential:
        options["serviceCredential"] = declared.service_credential
    return options


def lines_of_records(records: DataFrame, *, source: str) -> DataFrame:
    """Rows of the format `kinesis` (`data`, `stream`, `shardId`, `sequenceNumber`, `approximateArrivalTimestamp`) with
    the same origin and position as the other road gives them.

    Records that the Kinesis Producer Library has put together come as they are: the platform does not take them apart.
    """
    return records.select(
        F.lit(source).alias("source"),
        F.concat_ws("/", "stream", "shardId", "sequenceNumber").alias("origin"),
        F.lit(1).cast("bigint").alias("position"),
        F.col("data").cast("string").alias("raw"),
        F.col("approximateArrivalTimestamp").alias("day_ends_at"),
    )


def _initial_position(start: str) -> str:
    if start in ("earliest", "latest"):
        return start
    at = datetime.fromisoformat(start).strftime("%m/%d/%Y %H:%M:%S %Z")
    return json.dumps({"at_timestamp": at, "format": "MM/dd/yyyy HH:mm:ss ZZZ"})
