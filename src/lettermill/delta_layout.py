"""What a declaration means to Delta: the columns of rows to store, and the properties of the table."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lettermill.errors import TableError
from lettermill.tables import Table

ORDERED_TYPES = ("string", "int", "bigint", "double", "decimal", "date", "timestamp")
"""Types that Delta keeps a smallest and a largest value of."""


def conform(rows: DataFrame, table: Table) -> DataFrame:
    """Cast `rows` to exactly the declared columns in the declared order; a missing column fails here by name."""
    missing = [name for name in table.column_names if name not in rows.columns]
    if missing:
        raise TableError(
            f"rows for {table.name} lack {', '.join(missing)}",
            mend=f"have {table.written_by} return every declared column",
        )
    return rows.select(*(F.col(column.name).cast(column.type).alias(column.name) for column in table.columns))


def same_key(table: Table) -> str:
    """The condition of a merge under which a row of `source` and one of `target` are the same row."""
    return " AND ".join(f"target.`{name}` <=> source.`{name}`" for name in table.key)


def differs(table: Table) -> str:
    """The condition of a merge under which a row of `source` is another than that of `target`."""
    measures = [name for name in table.column_names if name not in table.key]
    return " OR ".join(f"NOT (target.`{name}` <=> source.`{name}`)" for name in measures) or "false"


def properties(table: Table) -> dict[str, str]:
    """Delta's table properties: constraints, and statistics on no personal column: the log holds them in clear."""
    public = [column.name for column in table.columns if not column.personal and column.type.startswith(ORDERED_TYPES)]
    return (
        {"delta.dataSkippingStatsColumns": ",".join(f"`{name}`" for name in public)}
        | {f"delta.constraints.{name}": condition for name, condition in table.constraints.items()}
        | ({"delta.appendOnly": "true"} if table.append_only else {})
        | dict(table.properties)
    )
