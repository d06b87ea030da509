"""The Spark session: Java, jars, Delta and local tuning. On a cluster the platform's own session is used as it is."""

import os
import sys

from py4j.java_gateway import java_import
from pyspark import SparkContext
from pyspark.errors import PySparkRuntimeError
from pyspark.sql import SparkSession

from lettermill.errors import PlatformError
from lettermill.jars import fetching_alone, jars_conf
from lettermill.java import find_java
from lettermill.settings_sections import SparkSettings

DELTA = {
    "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
    "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
}

AVRO_LIMITS = " ".join(
    f"-Dorg.apache.avro.limits.{what}.maxLength={10 * 1024 * 1024}" for what in ("bytes", "string", "collectionItems")
)
"""A broken length in a record would otherwise ask for gigabytes."""


def session(settings: SparkSettings, *, application: str) -> SparkSession:
    """Return the running session, or start a local one with the jars it needs. Raises PlatformError without Java."""
    running = SparkSession.getActiveSession()
    if running is not None:
        return running
    builder = SparkSession.builder.appName(application)
    for name, value in session_conf().items():
        builder = builder.config(name, value)
    if _submitted():
        return _quiet(builder.getOrCreate())
    home, _ = find_java()
    os.environ["JAVA_HOME"] = str(home)
    os.environ["PYSPARK_PYTHON"] = os.environ["PYSPARK_DRIVER_PYTHON"] = sys.executable  # or workers take any python3
    with fetching_alone(settings):
        for name, value in local_conf(settings).items():
            builder = builder.config(name, value)
        try:
            return _quickly_found(_quiet(builder.getOrCreate()))
        except PySparkRuntimeError as error:
            raise PlatformError(
                "Spark did not start: its jars could not be fetched, or its Java process failed",
                place=str(settings.jars),
                mend="see the lines above; the first start fetches jars from Maven Central, later ones need no network",
            ) from error


def session_conf() -> dict[str, str]:
    """What the suite's jobs rely on in any session."""
    return DELTA | {
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.ansi.enabled": "false",
        "spark.sql.sources.partitionOverwriteMode": "static",
        "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
        # A claim of the year 1 is for rules to refuse; Spark would stop at it, for the sake of readers older than 3.
        "spark.sql.parquet.datetimeRebaseModeInWrite": "CORRECTED",
        "spark.sql.inMemoryColumnarStorage.compressed": "false",  # what is held is read once or twice
        "spark.databricks.delta.merge.materializeSource": "none",  # the lake holds what it offers to a merge
    }


def local_conf(settings: SparkSettings) -> dict[str, str]:
    """What makes Spark fit for one machine; small tables run ten times faster with it."""
    return jars_conf(settings) | {
        "spark.master": settings.master,
        "spark.driver.memory": settings.driver_memory,
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.extraJavaOptions": f"{settings.java_options} {AVRO_LIMITS}",
        "spark.sql.shuffle.partitions": str(settings.shuffle_partitions),
        "spark.default.parallelism": str(settings.shuffle_partitions),
        "spark.databricks.delta.snapshotPartitions": "1",
        "spark.sql.files.openCostInBytes": "262144",  # a year of daily files is few tasks
        "spark.sql.sources.parallelPartitionDiscovery.parallelism": str(settings.shuffle_partitions),  # of 10,000
        "spark.buffer.pageSize": "2m",  # of 64: each sort and aggregate takes one and clears it
        "spark.broadcast.blockSize": "256k",  # of 4m: each stage takes one
        "spark.sql.adaptive.maxShuffledHashJoinLocalMapThreshold": "64m",  # what fits is hashed, not sorted
        "spark.sql.ui.explainMode": "simple",  # each query's plan is written out, which nobody reads here
        "spark.sql.warehouse.dir": str((settings.jars / "warehouse").absolute()),
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",  # progress is told in words
        "spark.sql.execution.arrow.pyspark.enabled": "true",
        "spark.log.level": "FATAL",
    }


def _submitted() -> bool:
    """Whether spark-submit or a platform started the JVM, and so decides jars, memory and master."""
    return "PYSPARK_GATEWAY_PORT" in os.environ or SparkContext._gateway is not None  # type: ignore[attr-defined]


def _quickly_found(spark: SparkSession) -> SparkSession:
    """Name the class of functions once with its package, or py4j looks into every jar for it at each call of one."""
    java_import(spark.sparkContext._jvm, "org.apache.spark.sql.functions")
    return spark


def _quiet(spark: SparkSession) -> SparkSession:
    spark.sparkContext.setLogLevel("FATAL")
    return spark
