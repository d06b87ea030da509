"""Several bodies of one template over a batch, each as a text of its own: what a diff compares block by block."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from lettermill.rendering.columnar.frames import Chunk, Program, TooLarge
from lettermill.rendering.columnar.inputs import absences
from lettermill.rendering.columnar.rendering import MAX_BYTES
from lettermill.rendering.columnar.statements import write
from lettermill.rendering.columnar.values import Mask, as_data
from lettermill.rendering.plan.nodes import Statement


@dataclass(frozen=True)
class Bodies:
    """What the rows of a batch wrote: a text for each body and row, and the branches that each row took.

    A row that is `deferred` is the library's: what stands here of it means nothing.
    """

    texts: tuple[pa.StringArray, ...]
    taken: Mask
    deferred: Mask


def write_bodies(
    program: Program,
    bodies: Sequence[Sequence[Statement]],
    columns: Mapping[str, pa.Array],
    missing: pa.Array | None,
    size: int,
) -> Bodies:
    """Write bodies one after the other, so that a later one sees what an earlier one bound.

    `bodies` together are the statements of the program's plan; `columns` are the inputs as templates see them.
    """
    absent, within = absences(missing, size, reads=columns)
    chunk = Chunk(program, size, {name: as_data(column) for name, column in columns.items()}, absent)
    chunk.deferred |= within
    try:
        return _written(chunk, bodies)
    except (TooLarge, pa.ArrowCapacityError, MemoryError, OverflowError):
        if size < 2:
            return _left(program, bodies, size)
        return _joined([write_bodies(program, bodies, *part) for part in _halves(columns, missing, size)])
    except (pa.ArrowException, ArithmeticError):
        return _left(program, bodies, size)


def _written(chunk: Chunk, bodies: Sequence[Sequence[Statement]]) -> Bodies:
    frame = chunk.frame()
    texts, length = [], np.zeros(chunk.size, np.int64)
    for body in bodies:
        written = write(frame, body)
        text = pa.array([written], pa.string()).take(pa.array(np.zeros(chunk.size, np.int64))) if isinstance(
            written, str
        ) else written  # fmt: skip
        length += pc.binary_length(text).to_numpy()
        texts.append(text)
    return Bodies(tuple(texts), chunk.taken, chunk.deferred | (length > MAX_BYTES))


def _left(program: Program, bodies: Sequence[Sequence[Statement]], size: int) -> Bodies:
    """All rows left to the library."""
    nothing = pa.array([""] * size, pa.string())
    return Bodies((nothing,) * len(bodies), np.zeros((len(program.branches), size), np.bool_), np.ones(size, np.bool_))


def _halves(
    columns: Mapping[str, pa.Array], missing: pa.Array | None, size: int
) -> list[tuple[dict[str, pa.Array], pa.Array | None, int]]:
    return [
        (
            {name: column.slice(start, count) for name, column in columns.items()},
            None if missing is None else missing.slice(start, count),
            count,
        )
        for start, count in ((0, size // 2), (size // 2, size - size // 2))
    ]


def _joined(parts: Sequence[Bodies]) -> Bodies:
    return Bodies(
        tuple(pa.concat_arrays(texts) for texts in zip(*(part.texts for part in parts), strict=True)),
        np.concatenate([part.taken for part in parts], axis=1),
        np.concatenate([part.deferred for part in parts]),
    )
