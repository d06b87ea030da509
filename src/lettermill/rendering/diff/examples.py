"""Example pairs: a message of each pattern on both sides, with the texts of the blocks that change."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from pyspark.sql import DataFrame

from lettermill.rendering.diff.causes import literal
from lettermill.rendering.diff.comparing import Compared, compare, reached
from lettermill.rendering.diff.counting import Sides
from lettermill.rendering.diff.paired import both_sides, paired_mails, paired_sides
from lettermill.rendering.diff.pairs import MailPair, mail_pair
from lettermill.rendering.diff.patterns import READ, same_sides
from lettermill.rendering.templates import Template

TOLD = "struct<name: string, before: string, after: string>"
LISTS = ("blocks", "parts", "inputs", "faults")
EXAMPLES_DDL = ", ".join(["message_id string", *(f"{name} array<{TOLD}>" for name in LISTS)])
ABSENT = object()


@dataclass(frozen=True)
class Told:
    """Something on both sides, by name: a block, a part, an input's path; None where a side has it not."""

    name: str
    before: str | None
    after: str | None


@dataclass(frozen=True)
class Example:
    """One message on both sides: its changed blocks, its changed inputs, all its parts, and its fault by part."""

    message_id: str
    blocks: tuple[Told, ...]
    parts: tuple[Told, ...]
    inputs: tuple[Told, ...]
    faults: tuple[Told, ...]


def examples_in_contexts(contexts: DataFrame, *, before: Template, after: Template) -> DataFrame:
    """Rows with what `Example` holds, for two templates over a few contexts."""

    def told(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            inputs = batch.column("inputs").type
            mails = mail_pair(before, after, inputs, inputs)
            yield _batch(_examples(mails, same_sides(mails, batch)))

    return contexts.select(*READ).mapInArrow(told, EXAMPLES_DDL)


def examples_in_pairs(pairs: DataFrame, *, before: Template, after: Template) -> DataFrame:
    """The same for a few rows of pairs; people who are mailed on one side alone are left out."""

    def told(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            both = both_sides(batch)
            if both.num_rows:
                mails = paired_mails(both, before=before, after=after)
                yield _batch(_examples(mails, paired_sides(mails, both)))

    return pairs.mapInArrow(told, EXAMPLES_DDL)


def example_of(row: Mapping[str, Any]) -> Example:
    """A row of examples."""
    lists = {name: tuple(Told(one["name"], one["before"], one["after"]) for one in row[name]) for name in LISTS}
    return Example(row["message_id"], **lists)


def input_changes(before: Any, after: Any, path: str) -> Iterator[Told]:
    """Each value within two inputs that is not the same, by its exact path (`picks[0].price`)."""
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for name in dict.fromkeys((*before, *after)):
            at = f"{path}.{name}" if path else name
            yield from input_changes(before.get(name, ABSENT), after.get(name, ABSENT), at)
    elif isinstance(before, list) and isinstance(after, list):
        for place in range(max(len(before), len(after))):
            old, new = (side[place] if place < len(side) else ABSENT for side in (before, after))
            yield from input_changes(old, new, f"{path}[{place}]")
    elif before != after:
        yield Told(path, *(None if side is ABSENT else literal(side, longest=200) for side in (before, after)))


def _examples(mails: MailPair, sides: Sides) -> Iterator[dict[str, Any]]:
    compared = compare(mails, sides.before, sides.after)
    ids = sides.ids.to_pylist()
    for place in np.flatnonzero(compared.changed).tolist():
        row = int(compared.rows[place])
        befores, afters = (batch.slice(row, 1).to_pylist()[0] for batch in (sides.before, sides.after))
        changed = [] if sides.before is sides.after else list(input_changes(befores, afters, ""))
        yield {
            "message_id": ids[row],
            "blocks": [vars(one) for one in _blocks(mails, compared, place)],
            "parts": [vars(Told(one.name, *(text[place].as_py() for text in one.texts))) for one in compared.parts],
            "inputs": [vars(one) for one in changed],
            "faults": [vars(one) for one in _faults(compared, place)],
        }


def _blocks(mails: MailPair, compared: Compared, row: int) -> Iterator[Told]:
    """The blocks that changed in a message, with their texts; the part as a whole where the library rendered it."""
    inputs = compared.inputs
    for pairs, part in zip(mails.parts, compared.parts, strict=True):
        for place, mask in part.differ.items():
            pair = pairs.pairs[place]
            if mask[row] and reached(pair, inputs, len(mask))[row]:
                by_library = part.by_library[row]
                texts = (text[row].as_py() for text in (part.texts if by_library else part.pairs[place]))
                yield Told(part.name if by_library else pair.name, *texts)


def _faults(compared: Compared, row: int) -> Iterator[Told]:
    faults = [fault[row].as_py() for fault in compared.faults]
    part = next((at[row].as_py() for at in compared.fault_parts if at[row].is_valid), None)
    if part is not None:
        yield Told(part, *faults)


def _batch(rows: Iterable[dict[str, Any]]) -> pa.RecordBatch:
    told = pa.list_(pa.struct([("name", pa.string()), ("before", pa.string()), ("after", pa.string())]))
    schema = pa.schema([("message_id", pa.string()), *((name, told) for name in LISTS)])
    return pa.RecordBatch.from_pylist(list(rows), schema)
