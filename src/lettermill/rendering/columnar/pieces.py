"""What rows write, in pieces that are copied once: the text of a body is gathered from all of them by one take.

A piece is a str (all rows write it), a Column or the Steps of a loop. A body is a list of pieces.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from lettermill.rendering.columnar.values import Rows, ragged

FEW = 4  # texts are few where there are so many rows for each
MAX_FRAMES = 1_000_000  # bytes
MAX_PIECES = 6
"""An arm of more pieces is gathered into one before it is put among those of its branch."""


@dataclass(frozen=True)
class Stretch:
    """Rows (None: all) that write what stands in `source` (a str: the same for all), at the places `at` (None: one
    after the other)."""

    rows: Rows | None
    source: pa.StringArray | str
    at: Rows | None = None


@dataclass(frozen=True)
class Column:
    """One text for each row, from several sources; rows that are in none write nothing."""

    stretches: tuple[Stretch, ...]

    def within(self, rows: Rows) -> tuple[Stretch, ...]:
        """The stretches, where this column's rows are the rows `rows` of a wider one."""
        return tuple(
            Stretch(rows if one.rows is None else rows[one.rows], one.source, one.at) for one in self.stretches
        )


@dataclass(frozen=True)
class Steps:
    """What a loop writes: row after row as many steps as `lengths` says, each of them `pieces`."""

    pieces: tuple[str | Column, ...]
    lengths: Rows

    @property
    def size(self) -> int:
        """How many steps all rows have together."""
        return int(self.lengths.sum())

    def text(self) -> pa.StringArray | str:
        """The steps of each row as one text."""
        written = gathered(self.size, self.pieces)
        if not isinstance(written, str):
            return by_stretch(written, np.concatenate(([0], np.cumsum(self.lengths))))
        if not written:
            return ""
        repeated = [written * count for count in range(int(self.lengths.max(initial=0)) + 1)]
        return pa.array(repeated, pa.string()).take(pa.array(self.lengths))


Piece = str | Column | Steps


def steps(pieces: Sequence[Piece], lengths: Rows) -> Piece:
    """The pieces of a loop's steps as one piece of its rows."""
    few = framed(int(lengths.sum()), merged([_settled(piece) for piece in pieces]))
    if all(isinstance(piece, str) for piece in few):
        return column(Steps(tuple(few), lengths).text())  # type: ignore[arg-type]
    return Steps(tuple(few), lengths)  # type: ignore[arg-type]


def _settled(piece: Piece) -> str | Column:
    return column(piece.text()) if isinstance(piece, Steps) else piece  # type: ignore[return-value]


def column(texts: pa.StringArray | str, at: Rows | None = None) -> Piece:
    """A text for each row, as a piece."""
    return texts if isinstance(texts, str) else Column((Stretch(None, texts, at),))


def merged(pieces: Sequence[Piece]) -> list[Piece]:
    """The pieces without empty ones, neighbours that all rows write made one."""
    joined: list[Piece] = []
    for piece in pieces:
        if isinstance(piece, str) and joined and isinstance(joined[-1], str):
            joined[-1] += piece
        elif piece != "":
            joined.append(piece)
    return joined


def framed(size: int, pieces: list[Piece]) -> list[Piece]:
    """The pieces, with what stands before and behind a piece of few different texts put around these texts."""
    done: list[Piece] = []
    place = 0
    while place < len(pieces):
        piece, place = pieces[place], place + 1
        texts = _few_texts(size, piece)
        if texts is not None:
            before = done.pop() if done and isinstance(done[-1], str) else ""
            behind = pieces[place] if place < len(pieces) and isinstance(pieces[place], str) else ""
            place += behind != ""
            if (len(before) + len(behind)) * len(texts.source) < MAX_FRAMES:  # type: ignore[arg-type]
                source = pc.binary_join_element_wise(before, texts.source, behind, "")
                piece, before, behind = Column((Stretch(None, source, texts.at),)), "", ""
            done += [one for one in (before, piece, behind) if one != ""]
        else:
            done.append(piece)
    return done


def _few_texts(size: int, piece: Piece) -> Stretch | None:
    """The one stretch of a piece that takes its texts again and again."""
    if not isinstance(piece, Column) or not _is_whole(piece):
        return None
    only = piece.stretches[0]
    return only if only.at is not None and len(only.source) * FEW <= size else None


def branched(parts: Sequence[tuple[Rows | None, Sequence[Piece], int]]) -> list[Piece]:
    """The pieces of a branch: rows of the whole, the pieces of their arm, and how many rows they are.

    Rows of None: all. The arms' pieces stand side by side: the first of each are one column, and so on.
    """
    for rows, pieces, _ in parts:
        if rows is None:
            return list(pieces)
    columns: list[list[Stretch]] = []
    for rows, pieces, size in parts:
        assert rows is not None
        few = framed(size, merged(pieces))
        if len(few) > MAX_PIECES:
            few = [column(gathered(size, few))]
        columns += [[] for _ in range(len(few) - len(columns))]
        for place, piece in enumerate(map(_settled, few)):
            columns[place] += [Stretch(rows, piece)] if isinstance(piece, str) else piece.within(rows)
    return [Column(tuple(stretches)) for stretches in columns]


def gathered(size: int, pieces: Sequence[Piece]) -> pa.StringArray | str:
    """The pieces of each row as one text."""
    few = framed(size, merged(pieces))
    if not few or (len(few) == 1 and isinstance(few[0], str)):
        return few[0] if few else ""  # type: ignore[return-value]
    if len(few) == 1 and isinstance(few[0], Column) and _is_whole(few[0]):
        one = few[0].stretches[0]
        return one.source if one.at is None else one.source.take(pa.array(one.at))  # type: ignore[union-attr]
    shelf = Shelf()
    places, ends = _places(size, few, shelf)
    return by_stretch(pc.take(shelf.array(), pa.array(places), boundscheck=False), ends)


def _places(size: int, pieces: Sequence[Piece], shelf: "Shelf") -> tuple[npt.NDArray[np.int32], Rows]:
    """Where on the shelf stands what the rows write, row after row, and where each row's part begins, with the end."""
    widths = [_width(piece) for piece in pieces]
    width = sum(widths)
    if isinstance(width, int):
        return _table(size, pieces, shelf, width).reshape(-1), np.arange(0, size * width + 1, max(width, 1))
    starts = np.concatenate(([0], np.cumsum(width)))
    places, at = np.empty(int(starts[-1]), np.int32), starts[:-1]
    for piece, taken in zip(pieces, widths, strict=True):
        if isinstance(piece, Steps):
            places[ragged(at, np.broadcast_to(taken, size))] = _places(piece.size, piece.pieces, shelf)[0]
        else:
            own = np.empty(size, np.int32)
            shelf.place(piece, own)
            places[at] = own
        at = at + taken
    return places, starts


def _table(size: int, pieces: Sequence[Piece], shelf: "Shelf", width: int) -> npt.NDArray[np.int32]:
    """The same where every row writes equally many texts."""
    table = np.empty((size, width), np.int32)
    at = 0
    for piece in pieces:
        if isinstance(piece, Steps):
            inner = _places(piece.size, piece.pieces, shelf)[0].reshape(size, -1)
            table[:, at : at + inner.shape[1]] = inner
            at += inner.shape[1]
        else:
            shelf.place(piece, table[:, at])
            at += 1
    return table


def _width(piece: Piece) -> int | Rows:
    """How many texts a piece is in each row; a number where it is the same in all."""
    if not isinstance(piece, Steps):
        return 1
    lengths = piece.lengths
    is_even = len(lengths) > 0 and bool((lengths == lengths[0]).all())
    return (int(lengths[0]) if is_even else lengths) * len(piece.pieces)


def _is_whole(one: Column) -> bool:
    return len(one.stretches) == 1 and one.stretches[0].rows is None


def by_stretch(texts: pa.StringArray, ends: Rows) -> pa.StringArray:
    """The texts from `ends[i]` up to `ends[i + 1]` as one, for each i: new offsets over the same bytes."""
    _, offsets, data = texts.buffers()
    own = np.frombuffer(offsets, np.int32)[texts.offset : texts.offset + len(texts) + 1]
    return pa.StringArray.from_buffers(len(ends) - 1, pa.py_buffer(own[ends]), data)


class Shelf:
    """The sources of a text side by side, and where each begins."""

    def __init__(self) -> None:
        self.sources: list[pa.StringArray] = []
        self.known: dict[int | str, int] = {}
        self.size = 0

    def place(self, piece: str | Column, places: npt.NDArray[np.int32]) -> None:
        """Write for each row where on the shelf its text stands."""
        if isinstance(piece, str):
            places[:] = self._of(piece)
            return
        if piece.stretches[0].rows is not None:
            places[:] = self._of("")
        for one in piece.stretches:
            start = self._of(one.source)
            if isinstance(one.source, str):
                places[slice(None) if one.rows is None else one.rows] = start
            else:
                end = start + len(one.source)
                texts = np.arange(start, end, dtype=np.int32) if one.at is None else one.at + start
                places[slice(None) if one.rows is None else one.rows] = texts

    def array(self) -> pa.StringArray:
        """All sources, one after the other."""
        return pa.concat_arrays(self.sources)

    def _of(self, source: pa.StringArray | str) -> int:
        key = source if isinstance(source, str) else id(source)
        start = self.known.get(key)
        if start is None:
            array = pa.array([source], pa.string()) if isinstance(source, str) else source
            start = self.known[key] = self.size
            self.sources.append(array)
            self.size += len(array)
        return start
