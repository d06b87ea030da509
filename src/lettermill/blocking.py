"""Dropping what arrives for people who were erased, before a check takes it on."""

from collections.abc import Callable

from pyspark.sql import DataFrame

from lettermill.erasing import Erasing
from lettermill.job import Run
from lettermill.lake import Lake
from lettermill.profiles.erasures import ORIGIN, named_rows
from lettermill.quality.erased import dropped_rows
from lettermill.secrets import resolve
from lettermill.tables import Table
from lettermill.tables.profiles import ERASURES
from lettermill.tables.quality import QUARANTINE

Check = Callable[[DataFrame, Lake], None]


def without_erased(
    run: Run, check: Check, *, arriving: Table, counted: Callable[[DataFrame], dict[Table, DataFrame]]
) -> Check:
    """The check of a batch of rows of `arriving`, without those that name somebody who was erased.

    They stand in quality.quarantine as `erased`, without what they said, until erase_people runs again; `counted`
    says under which table each of them counts. Costs nothing while nobody was erased.
    """
    if not run.lake.exists(ERASURES):
        return check
    key = resolve(run.settings.secrets.address_key)
    reads = run.settings.row_reader
    hashes = Erasing.of(run.lake, key=key, reads=reads).hashes
    if not hashes:
        return check

    def checked(arrived: DataFrame, lake: Lake) -> None:
        named = named_rows(arrived, arriving, hashes=hashes, key=key, reads=reads).distinct().persist()
        for table, rows in counted(arrived).items():
            lake.add(dropped_rows(named, rows, refused_by=table.name), to=QUARANTINE)
        check(arrived.join(named, on=list(ORIGIN), how="left_anti"), lake)
        named.unpersist()

    return checked
