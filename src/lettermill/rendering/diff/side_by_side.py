"""Two texts side by side: the lines that differ, with the words that do, and a line around them."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import takewhile

WORD = re.compile(r"\s+|&[#\w]+;|\w+|.", re.DOTALL)
AROUND = 1
"""Equal lines told before and behind those that differ."""
LONG = 160
"""Characters of an equal stretch within a changed line that are told; of the rest the ends."""
MOST = 60
MOST_WORDS = 1_000_000
"""Pairs of words that are compared for one line."""


@dataclass(frozen=True)
class Stretch:
    """Some words of a line, equal on both sides or not."""

    text: str
    is_changed: bool


Line = tuple[Stretch, ...]


@dataclass(frozen=True)
class Row:
    """A line of each text; None where a text has no such line. `is_gap`: equal lines are left out here."""

    before: Line | None
    after: Line | None
    is_gap: bool = False

    @property
    def is_changed(self) -> bool:
        return self.before != self.after


def side_by_side(before: str, after: str) -> tuple[Row, ...]:
    """The rows that show how two texts differ, at most MOST."""
    old, new = before.splitlines(), after.splitlines()
    matched = SequenceMatcher(None, old, new, autojunk=False)
    rows: list[Row] = []
    for group in matched.get_grouped_opcodes(AROUND):
        if rows:
            rows.append(Row(None, None, is_gap=True))
        for kind, start, stop, first, last in group:
            if kind == "equal":
                rows += [Row(_plain(line), _plain(line)) for line in old[start:stop]]
            else:
                rows += _changed(old[start:stop], new[first:last])
    return tuple(rows[:MOST])


def in_lines(before: str, after: str) -> Iterator[str]:
    """The same one below the other: lines that begin with `-`, `+` or a blank."""
    for row in side_by_side(before, after):
        if not row.is_changed:
            yield "  ..." if row.is_gap else f"  {_text(row.before)}"
            continue
        yield from (f"{sign} {_text(line)}" for sign, line in (("-", row.before), ("+", row.after)) if line is not None)


def _text(line: Line | None) -> str:
    return "".join(stretch.text for stretch in line or ())


def _plain(line: str) -> Line:
    return (Stretch(_shortened(line), is_changed=False),)


def _changed(old: Sequence[str], new: Sequence[str]) -> Iterator[Row]:
    for place in range(max(len(old), len(new))):
        if place >= len(old):
            yield Row(None, (Stretch(new[place], is_changed=True),))
        elif place >= len(new):
            yield Row((Stretch(old[place], is_changed=True),), None)
        else:
            yield _words(old[place], new[place])


def _words(old: str, new: str) -> Row:
    words, others = WORD.findall(old), WORD.findall(new)
    before: list[Stretch] = []
    after: list[Stretch] = []
    for kind, start, stop, first, last in _opcodes(words, others):
        for side, text in ((before, "".join(words[start:stop])), (after, "".join(others[first:last]))):
            if text:
                is_changed = kind != "equal"
                side.append(Stretch(text if is_changed else _shortened(text), is_changed))
    return Row(tuple(before), tuple(after))


def _opcodes(words: Sequence[str], others: Sequence[str]) -> Sequence[tuple[str, int, int, int, int]]:
    """How to get from the one to the other. Of very long lines all between what begins and ends alike is changed."""
    if len(words) * len(others) < MOST_WORDS:
        return SequenceMatcher(None, words, others, autojunk=False).get_opcodes()
    start = _alike(words, others)
    end = min(_alike(words[::-1], others[::-1]), min(len(words), len(others)) - start)
    last, last_other = len(words) - end, len(others) - end
    return [
        ("equal", 0, start, 0, start),
        ("replace", start, last, start, last_other),
        ("equal", last, len(words), last_other, len(others)),
    ]


def _alike(words: Sequence[str], others: Sequence[str]) -> int:
    """How many words both begin with."""
    pairs = zip(words, others, strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


def _shortened(text: str) -> str:
    return text if len(text) <= LONG else f"{text[: LONG // 2]} … {text[-LONG // 2 :]}"
