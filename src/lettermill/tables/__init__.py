"""Every table of the suite, one module per stage: `tables.quality.EVENTS`. Data only; needs no Spark."""

from lettermill.tables import campaigns, delivery, features, ingest, models, monitoring, profiles, quality, rendering
from lettermill.tables.declaration import Column, Table

ALL: tuple[Table, ...] = tuple(
    declared
    for stage in (ingest, quality, profiles, features, models, campaigns, rendering, delivery, monitoring)
    for declared in vars(stage).values()
    if isinstance(declared, Table)
)
"""Every declared table, in the order in which data flows; contexts tables are declared per campaign."""

__all__ = ["ALL", "Column", "Table"]
