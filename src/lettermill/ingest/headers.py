"""Headers that a transport gave a row beside its payload."""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from lettermill.tables.ingest import HEADERS


def headers_of(lines: DataFrame) -> Column:
    """The column `headers` of `lines`; null for transports that have none, such as files."""
    given = F.col(HEADERS.name) if HEADERS.name in lines.columns else F.lit(None).cast(HEADERS.type)
    return given.alias(HEADERS.name)
