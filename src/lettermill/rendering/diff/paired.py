"""Contexts of two sides, matched person by person: counted where both are mailed, and where one side alone is."""

from collections.abc import Iterable, Iterator

import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import ArrayType, DataType, MapType, StructType

from lettermill.rendering.diff.causes import Cause
from lettermill.rendering.diff.counting import COUNTED_DDL, Sides, count_changes, counted_batch
from lettermill.rendering.diff.pairs import MailPair, mail_pair
from lettermill.rendering.diff.patterns import small
from lettermill.rendering.mail import MISSING
from lettermill.rendering.templates import Template

PAIRED = (
    "message_id",
    *("verdict_before", "verdict_after", "missing_before", "missing_after", "inputs_before", "inputs_after"),
)
MAILED = "mailed"
ABSENT = "not in the audience"


def count_in_pairs(pairs: DataFrame, *, before: Template, after: Template) -> DataFrame:
    """Rows of COUNTED for contexts of two sides: `pairs` has the columns PAIRED, one row per person.

    A person who is mailed on one side alone counts as joined or left, with the other side's verdict.
    """

    def count(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in small(batches):
            both = both_sides(batch)
            yield counted_batch(_not_compared(batch))
            if both.num_rows:
                mails = paired_mails(both, before=before, after=after)
                yield count_changes(mails, paired_sides(mails, both))

    chosen = pairs.select(*PAIRED)
    if before.version == after.version:
        chosen = _without_equal_inputs(chosen)
    return chosen.mapInArrow(count, COUNTED_DDL)


def paired_mails(batch: pa.RecordBatch, *, before: Template, after: Template) -> MailPair:
    types = (batch.column(f"inputs_{side}").type for side in ("before", "after"))
    return mail_pair(before, after, *types)


def paired_sides(mails: MailPair, batch: pa.RecordBatch) -> Sides:
    old, new = (
        mail.batch(batch.column(f"inputs_{side}"), batch.column(f"{MISSING}_{side}"))
        for mail, side in ((mails.before, "before"), (mails.after, "after"))
    )
    return Sides(batch.column("message_id"), old, new)


def both_sides(batch: pa.RecordBatch) -> pa.RecordBatch:
    """The rows of people who are mailed on both sides and whose inputs are there to be compared."""
    return batch.filter(pc.and_(_is_mailed_twice(batch), batch.column("inputs_before").is_valid()))


def _is_mailed_twice(batch: pa.RecordBatch) -> pa.BooleanArray:
    is_mailed = [pc.fill_null(pc.equal(batch.column(f"verdict_{side}"), MAILED), False) for side in ("before", "after")]
    return pc.and_(*is_mailed)


def _without_equal_inputs(pairs: DataFrame) -> DataFrame:
    """The pairs, without the inputs of those that have the same: what they show is the same, and need not travel."""
    types = [pairs.schema[f"inputs_{side}"].dataType for side in ("before", "after")]
    if types[0].simpleString() != types[1].simpleString() or _has_map(types[0]):
        return pairs
    is_same = F.col("inputs_before").eqNullSafe(F.col("inputs_after")) & F.col(f"{MISSING}_before").eqNullSafe(
        F.col(f"{MISSING}_after")
    )
    return pairs.withColumns(
        {f"inputs_{side}": F.when(~is_same, F.col(f"inputs_{side}")) for side in ("before", "after")}
    )


def _has_map(type_: DataType) -> bool:
    """Whether Spark cannot tell that two values of the type are equal."""
    if isinstance(type_, StructType):
        return any(_has_map(field.dataType) for field in type_)
    return isinstance(type_, MapType) or (isinstance(type_, ArrayType) and _has_map(type_.elementType))


def _not_compared(batch: pa.RecordBatch) -> list[tuple[tuple[str, ...], tuple[Cause, ...], int, str | None, int]]:
    """People who are mailed on one side alone, by the other side's verdict; and how many these and the equal are."""
    found: dict[Cause, list[str]] = {}
    columns = (batch.column(name).to_pylist() for name in ("message_id", "verdict_before", "verdict_after"))
    for person, before, after in zip(*columns, strict=True):
        if (before == MAILED) != (after == MAILED):
            kind = "left" if before == MAILED else "joined"
            verdicts = [None if one == MAILED else one or ABSENT for one in (before, after)]
            found.setdefault(Cause("audience", kind, *verdicts), []).append(person)
    equal = pc.and_(_is_mailed_twice(batch), batch.column("inputs_before").is_null())
    total = sum(map(len, found.values())) + int(pc.sum(equal).as_py() or 0)
    return [((), (), total, None, 0), *(((), (cause,), len(ids), min(ids), 0) for cause, ids in found.items())]
