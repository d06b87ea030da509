"""A batch through a plan: in chunks, with the rows that are left to the library put in."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from lettermill.rendering.columnar import access, arithmetic, filters, liquid, statements  # noqa: F401 (they fill KERNELS)
from lettermill.rendering.columnar.frames import Chunk, Program, TooLarge
from lettermill.rendering.columnar.inputs import absences, python_rows
from lettermill.rendering.columnar.statements import write
from lettermill.rendering.columnar.values import Mask, as_data

CHUNK_ROWS = 4_096
MAX_BYTES = 1_000_000
BITS = 62  # branches in one whole number


@dataclass(frozen=True)
class Written:
    """What some messages came to: text, fault (null: none), branch ids; and how many were left to the library."""

    text: pa.StringArray
    fault: pa.StringArray
    branches: pa.ListArray
    deferred: int


def render(program: Program, columns: Mapping[str, pa.Array], missing: pa.Array | None, size: int) -> Iterator[Written]:
    """Render messages, a chunk at a time. `columns` are the inputs as templates see them."""
    for start in range(0, size, CHUNK_ROWS):
        count = min(CHUNK_ROWS, size - start)
        part = {name: column.slice(start, count) for name, column in columns.items()}
        yield from _chunk(program, part, None if missing is None else missing.slice(start, count), count)


def render_rowwise(program: Program, columns: Mapping[str, pa.Array], missing: pa.Array | None, size: int) -> Written:
    """Render messages by the library alone."""
    outcomes = [program.library.render(inputs) for inputs in python_rows(columns, missing, size)]
    return Written(
        pa.array([one.text for one in outcomes], pa.string()),
        pa.array([one.fault for one in outcomes], pa.string()),
        pa.array([one.branches for one in outcomes], pa.list_(pa.string())),
        size,
    )


def _chunk(program: Program, columns: Mapping[str, pa.Array], missing: pa.Array | None, size: int) -> Iterator[Written]:
    absent, within = absences(missing, size, reads=columns)
    chunk = Chunk(program, size, {name: as_data(column) for name, column in columns.items()}, absent)
    chunk.deferred |= within
    try:
        text = _text(chunk)
    except (TooLarge, pa.ArrowCapacityError, MemoryError, OverflowError):
        if size == 1:
            yield render_rowwise(program, columns, missing, size)
            return
        for start, count in ((0, size // 2), (size // 2, size - size // 2)):
            part = {name: column.slice(start, count) for name, column in columns.items()}
            yield from _chunk(program, part, None if missing is None else missing.slice(start, count), count)
        return
    except (pa.ArrowException, ArithmeticError):
        yield render_rowwise(program, columns, missing, size)
        return
    yield _with_deferred(chunk, text, columns, missing)


def _text(chunk: Chunk) -> pa.StringArray:
    written = write(chunk.frame(), chunk.program.plan.body)
    text = pa.array([written] * chunk.size, pa.string()) if isinstance(written, str) else written
    if text.nbytes > MAX_BYTES:
        chunk.deferred |= pc.binary_length(text).to_numpy() > MAX_BYTES
    return text


def _with_deferred(
    chunk: Chunk, text: pa.StringArray, columns: Mapping[str, pa.Array], missing: pa.Array | None
) -> Written:
    """The chunk's messages, with those that were left to the library in their places."""
    branches = branch_lists(chunk.taken, chunk.program.plan.branches)
    rows = np.flatnonzero(chunk.deferred)
    if not len(rows):
        return Written(text, pa.nulls(chunk.size, pa.string()), branches, 0)
    picked = pa.array(rows)
    by_library = render_rowwise(
        chunk.program,
        {name: column.take(picked) for name, column in columns.items()},
        None if missing is None else missing.take(picked),
        len(rows),
    )
    source = np.arange(chunk.size)
    source[rows] = chunk.size + np.arange(len(rows))
    faults = pa.nulls(chunk.size, pa.string())
    pairs = ((text, by_library.text), (faults, by_library.fault), (branches, by_library.branches))
    texts, told, ways = (pa.concat_arrays([ours, theirs]).take(pa.array(source)) for ours, theirs in pairs)
    return Written(texts, told, ways, len(rows))


def branch_lists(taken: Mask, branches: Sequence[str]) -> pa.ListArray:
    """The ids of the branches that each message took; messages that came the same way are listed once."""
    size = taken.shape[1]
    type_ = pa.list_(pa.string())
    if not len(branches) or not size:
        return pa.array([[]] * size, type_)
    codes, ways = _ways(taken)
    listed = [[branches[number] for number in np.flatnonzero(way).tolist()] for way in ways]
    return pa.array(listed, type_).take(codes)


def _ways(taken: Mask) -> tuple[pa.Array, Mask]:
    """Which of the distinct ways each message came, and for each way the branches it took."""
    codes = np.zeros(taken.shape[1], np.int64)
    for start in range(0, len(taken), BITS):
        bits = np.zeros(taken.shape[1], np.int64)
        for place, branch in enumerate(taken[start : start + BITS]):
            bits |= branch.astype(np.int64) << place
        encoded = pa.array(bits).dictionary_encode()
        codes = codes * len(encoded.dictionary) + encoded.indices.to_numpy()
        again = pa.array(codes).dictionary_encode()
        codes = again.indices.to_numpy().astype(np.int64)
    firsts = np.zeros(int(codes.max()) + 1, np.int64)
    firsts[codes[::-1]] = np.arange(len(codes) - 1, -1, -1)
    return pa.array(codes), taken[:, firsts].T
