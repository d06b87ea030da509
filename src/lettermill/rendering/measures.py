"""What is measured of rendered messages beside hash and size: how much of the html is seen, what is empty, what is left
over of template syntax. All of it over whole batches, no Python for single rows."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial, reduce

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from lettermill.rendering.columnar.values import ragged
from lettermill.rendering.plan.nodes import Section, Statement, Text

SYNTAX = {
    "{{": r"\{\{",  # Jinja2, Liquid, Handlebars, HubL
    "{%": r"\{%",
    "%%": r"%%(?:\[|=|[A-Za-z_]\w*%%)",  # AMPscript
    "*|": r"\*\|[A-Za-z_]",  # Mailchimp's and Mandrill's merge tags
    "<%": r"<%|&lt;%",  # ERB, EJS; escaped where it came with the data
    "${": r"\$\{[A-Za-z_]",  # Velocity, JavaScript
    "%7B%7B": r"%7[Bb]%7[Bb]",  # a placeholder within an address
}
"""Template syntax of the languages that mails are written in -> its pattern in a rendered part."""
SIGNS_IN_DATA = {"%7B%7B": r"\{\{|%7[Bb]%7[Bb]"}
"""What data looks like where a filter made the sign of it."""
CARRIED = "data with template syntax"
"""How a leftover that came with the data begins."""
ANY_SYNTAX = "|".join(SYNTAX.values())
SIGNS = (ord("{"), ord("%"), ord("|"))
"""No syntax is without one of these."""
PAIRS = ("{{", "{%", "%%", "*|", "<%", "${")
"""How syntax begins; two stretches of a template's text can make one of these together."""
BEGINNINGS = r"\{\{|\{%|%%|\*\||<%|\$\{|%7[Bb]%7[Bb]"
TAG = r"(?s)\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}"
UNSEEN = r"(?is)<!--.*?-->|<(style|script|title)\b.*?</\1\s*>|<[^>]*>"
LITERAL = r"'[^']*'|\"[^\"]*\""
SHOWING = ("subject", "text")
"""Parts that must show something, beside the html; a preheader may be left out."""
AT_ONCE = 1_024
"""Rows looked at together: what stays in the processor's cache is several times as fast."""
Places = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Measures:
    """Row for row; null respectively empty where a message has no parts.

    `visible_bytes`: bytes that a reader sees, white space apart: of the text part, or where there is none of the html
    outside tags and styles. `leftovers`: what is left over of template syntax, in words. `empty`: what shows nothing,
    in words.
    """

    visible_bytes: pa.Int64Array
    leftovers: pa.ListArray
    empty: pa.ListArray


@dataclass(frozen=True)
class Foreknown:
    """What is known of a template's messages before any is rendered, so that less has to be looked at in each.

    `may_leave_syntax`: template syntax may be left over by the template's own text. `always_shows`: every html has some
    text to see.
    """

    may_leave_syntax: bool = True
    always_shows: bool = False


def foreknown(sources: Iterable[str], html: Iterable[Statement]) -> Foreknown:
    """What the sources of a template and the statements of its html part tell."""
    literal = "".join(_always_written(html))
    return Foreknown(may_leave_syntax(sources), bool(re.sub(UNSEEN, "", literal).strip()))


def _always_written(body: Iterable[Statement]) -> Iterator[str]:
    for statement in body:
        if isinstance(statement, Text):
            yield statement.text
        elif isinstance(statement, Section):
            yield from _always_written(statement.body)


def may_leave_syntax(sources: Iterable[str]) -> bool:
    """Whether templates may leave syntax over by their own text, whatever the data.

    They may where the text between their tags, or a literal within one, holds a beginning of it, and where stretches
    of text could form one side by side.
    """
    texts = [text for source in sources for text in re.split(TAG, source) if text]
    literals = [text for source in sources for tag in re.findall(TAG, source) for text in re.findall(LITERAL, tag)]
    firsts, lasts = {text[0] for text in texts}, {text[-1] for text in texts}
    meet = any(pair[0] in lasts and pair[1] in firsts for pair in PAIRS)
    return meet or any(re.search(BEGINNINGS, text) for text in (*texts, *literals))


def measured(
    parts: Mapping[str, pa.StringArray], *, inputs: pa.StructArray, known: Foreknown = Foreknown()
) -> Measures:
    """Measure messages from the texts of their parts, which are null in a faulty message, and from their inputs.

    Where the template cannot leave syntax over by itself, only messages with a sign of it in their data are searched.
    """
    size = len(inputs)
    html, text = (parts.get(part, pa.nulls(size, pa.string())) for part in ("html", "text"))
    visible = solid_bytes(text) if "text" in parts else visible_bytes(html)
    rows = np.arange(size) if known.may_leave_syntax else np.unique(_rows_with(_signed, inputs, np.arange(size)))
    leftovers = [one for part, texts in parts.items() for one in _leftovers(part, texts, inputs, rows)]
    empty = [(f"the {part} is empty", _blank(parts[part])) for part in SHOWING if part in parts]
    if "html" in parts and not known.always_shows:
        bare = pc.equal(visible_bytes(html) if "text" in parts else visible, 0)
        if pc.any(bare).as_py():  # its tags may show a picture
            bare = pc.and_(bare, pc.invert(pc.match_substring(html, "<img")))
        empty.append(("the html shows nothing", bare))
    return Measures(visible, _words(leftovers, size), _words(empty, size))


def _leftovers(
    part: str, texts: pa.StringArray, inputs: pa.StructArray, rows: Places
) -> Iterator[tuple[str, pa.BooleanArray]]:
    """What is left over in a part of `rows`, by where it comes from: where the data has it, it is shown harmlessly."""
    size = len(texts)
    if len(rows) < size:
        texts = pc.if_else(_mask(rows, size), texts, pa.scalar(None, pa.string()))
    if not len(rows) or not pc.any(pc.match_substring_regex(texts, ANY_SYNTAX)).as_py():
        return
    for sign, pattern in SYNTAX.items():
        shown = pc.match_substring_regex(texts, pattern)
        if pc.any(shown).as_py():
            matching = partial(_matching, pattern=SIGNS_IN_DATA.get(sign, pattern))
            of_data = _mask(_rows_with(matching, inputs, np.arange(size)), size)
            yield f"template syntax {sign} is left over in the {part}", pc.and_(shown, pc.invert(of_data))
            yield f"{CARRIED} {sign} stands in the {part}", pc.and_(shown, of_data)


def _mask(rows: Places, size: int) -> pa.BooleanArray:
    mask = np.zeros(size, np.bool_)
    mask[rows] = True
    return pa.array(mask)


def _rows_with(found: Callable[[pa.StringArray], Places], values: pa.Array, rows: Places) -> Places:
    """The rows in which some text of the values, however deep, is among those that `found` gives the places of."""
    if pa.types.is_string(values.type):
        return rows[found(values)]
    if not len(values):
        return rows[:0]
    within: list[tuple[pa.Array, Places]] = []
    if pa.types.is_struct(values.type):
        within = [(field, rows) for field in values.flatten()]
    elif pa.types.is_list(values.type):
        within = [(values.flatten(), rows[pc.list_parent_indices(values).to_numpy()])]
    return np.concatenate([np.zeros(0, np.int64), *(_rows_with(found, one, of) for one, of in within)])


def _matching(texts: pa.StringArray, *, pattern: str) -> Places:
    return np.flatnonzero(pc.match_substring_regex(texts, pattern).fill_null(False).to_numpy(zero_copy_only=False))


def _signed(texts: pa.StringArray) -> Places:
    """The place of each of SIGNS, by text; seen in the bytes of all at once, where a pattern is tried on each text."""
    offsets, raw = _bytes(texts)
    where = np.flatnonzero(reduce(np.logical_or, (raw == sign for sign in SIGNS)))
    return np.searchsorted(offsets, where, side="right") - 1


def _blank(texts: pa.StringArray) -> pa.BooleanArray:
    return pc.invert(pc.match_substring_regex(texts, r"[^\s\pZ]"))


def solid_bytes(texts: pa.StringArray) -> pa.Int64Array:
    """How many bytes of each text are no white space; null for null."""
    offsets, raw = _bytes(texts.fill_null(""))
    spaces = np.searchsorted(np.flatnonzero(raw <= 32), offsets)  # fewer than the other bytes, so counted faster
    return pa.array(np.diff(offsets) - np.diff(spaces), mask=texts.is_null().to_numpy(False))


def visible_bytes(html: pa.StringArray) -> pa.Int64Array:
    """How many bytes of each html a reader sees: outside tags, `<style>` and white space; null for null."""
    counted = [_visible(html.slice(start, AT_ONCE).fill_null("")) for start in range(0, len(html), AT_ONCE)]
    return pa.array(np.concatenate([*counted, np.zeros(0, np.int64)]), mask=html.is_null().to_numpy(False))


def _bytes(texts: pa.StringArray) -> tuple[Places, npt.NDArray[np.uint8]]:
    """Where each text begins among the bytes of all, with the end; and these bytes."""
    texts = texts.cast(pa.large_string())  # offsets of one width, also after a slice
    offsets = np.frombuffer(texts.buffers()[1], np.int64)[texts.offset : texts.offset + len(texts) + 1]
    raw = np.frombuffer(texts.buffers()[2] or b"", np.uint8)[offsets[0] : offsets[-1]]
    return offsets - offsets[0], raw


def _visible(html: pa.StringArray) -> Places:
    offsets, raw = _bytes(html)
    opens, ends = _unseen(raw, offsets)
    first = np.searchsorted(opens, offsets)
    # What is seen lies between a row's begin and its first tag, its tags, and its last tag and its end.
    begins, stops = np.insert(ends, first[:-1], offsets[:-1]), np.insert(opens, first[1:], offsets[1:])
    sums = np.append(_solid(raw, begins, stops), 0)
    return np.add.reduceat(sums, first[:-1] + np.arange(len(html)), dtype=np.int64)


def _unseen(raw: npt.NDArray[np.uint8], offsets: Places) -> tuple[Places, Places]:
    """Where tags and styles begin, and where they end, within their rows."""
    signs = np.flatnonzero((raw & 0xFD) == ord("<"))  # `<` and `>` differ in one bit
    is_open = raw[signs] == ord("<")
    opens = signs[is_open]
    if not len(opens):
        return opens, opens
    following = np.append(opens[1:], len(raw))
    row_ends = np.repeat(offsets[1:], np.diff(np.searchsorted(opens, offsets)))
    if len(signs) == 2 * len(opens) and is_open[::2].all():
        found = signs[1::2]
    else:
        closes = signs[~is_open]
        found = np.append(closes, len(raw))[np.searchsorted(closes, opens)]
    ends = np.minimum(found + 1, row_ends)
    maybe = np.flatnonzero(raw[np.minimum(opens + 1, len(raw) - 1)] | 0x20 == ord("s"))
    words = raw[np.minimum(opens[maybe, None] + np.arange(1, 6), len(raw) - 1)] | 0x20  # in small letters
    styles = maybe[(words == np.frombuffer(b"style", np.uint8)).all(axis=1)]
    ends[styles] = np.minimum(following, row_ends)[styles]
    # A `<` inside of a tag or comment opens nothing.
    within = np.concatenate(([False], opens[1:] < np.maximum.accumulate(ends)[:-1]))
    return opens[~within], ends[~within]


def _solid(raw: npt.NDArray[np.uint8], begins: Places, stops: Places) -> Places:
    """How many bytes of each stretch are no white space; stretches do not overlap."""
    sums = np.zeros(len(begins), np.int64)
    some = np.flatnonzero(stops > begins)
    if len(some):
        lengths = stops[some] - begins[some]
        kept = raw[ragged(begins[some], lengths)]
        edges = np.concatenate(([0], np.cumsum(lengths[:-1])))
        sums[some] = np.add.reduceat((kept > 32).view(np.uint8), edges, dtype=np.int32)
    return sums


def _words(found: list[tuple[str, pa.BooleanArray]], size: int) -> pa.ListArray:
    """Lists of the words that hold, row for row."""
    held = [(words, where) for words, where in found if pc.any(where).as_py()]
    if not held:
        return pa.ListArray.from_arrays(pa.array(np.zeros(size + 1, np.int32)), pa.array([], pa.string()))
    masks = np.column_stack([where.fill_null(False).to_numpy(zero_copy_only=False) for _, where in held])
    offsets = np.concatenate(([0], np.cumsum(masks.sum(axis=1)))).astype(np.int32)
    which = pa.array(np.nonzero(masks)[1])
    return pa.ListArray.from_arrays(pa.array(offsets), pa.array([words for words, _ in held]).take(which))
