"""Two versions of a mail side by side: which block of the one is which of the other, and which may differ."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import lru_cache

import pyarrow as pa

from lettermill.rendering.diff.blocks import Block, PartBlocks
from lettermill.rendering.mail import Mail, Part
from lettermill.rendering.templates import Template


@dataclass(frozen=True)
class Pair:
    """A block of both sides: its place in each, None where it is not there. `is_same`: both write the same of equal
    inputs; `roots` are the inputs that either reads, `reads` the paths into them."""

    name: str
    before: int | None
    after: int | None
    is_same: bool
    roots: frozenset[str]
    reads: frozenset[str]


@dataclass(frozen=True)
class PartPair:
    """A part of both sides in blocks; None on the side that has no such part."""

    name: str
    before: PartBlocks | None
    after: PartBlocks | None
    pairs: tuple[Pair, ...]


@dataclass(frozen=True)
class MailPair:
    """Both mails, ready to render, and their parts in the order in which they are rendered."""

    before: Mail
    after: Mail
    parts: tuple[PartPair, ...]


@lru_cache(maxsize=8)
def mail_pair(before: Template, after: Template, inputs_before: pa.StructType, inputs_after: pa.StructType) -> MailPair:
    """Compile two templates for contexts of these inputs; a worker does so once, not once per batch."""
    mails = Mail(before, inputs_before), Mail(after, inputs_after)
    olds, news = ({part.name: part for part in mail.parts} for mail in mails)
    return MailPair(
        *mails,
        tuple(
            _part_pair(name, _in_blocks(olds.get(name), before), _in_blocks(news.get(name), after))
            for name in dict.fromkeys((*news, *olds))
        ),
    )


def _in_blocks(part: Part | None, template: Template) -> PartBlocks | None:
    if part is None:
        return None
    return PartBlocks(part, json.dumps([template.parts[part.name], dict(template.partials)], sort_keys=True))


def _part_pair(name: str, before: PartBlocks | None, after: PartBlocks | None) -> PartPair:
    olds, news = (part.blocks if part else () for part in (before, after))
    matched = SequenceMatcher(None, [one.name for one in olds], [one.name for one in news], autojunk=False)
    return PartPair(name, before, after, tuple(_pairs(matched, olds, news)))


def _pairs(matched: SequenceMatcher, olds: tuple[Block, ...], news: tuple[Block, ...]) -> Iterator[Pair]:
    for kind, start, stop, first, last in matched.get_opcodes():
        if kind == "equal":
            for old, new in zip(range(start, stop), range(first, last), strict=True):
                a, b = olds[old], news[new]
                yield Pair(a.name, old, new, a.digest == b.digest, a.roots | b.roots, a.reads | b.reads)
        else:
            for old in range(start, stop):
                yield Pair(olds[old].name, old, None, False, olds[old].roots, olds[old].reads)
            for new in range(first, last):
                yield Pair(news[new].name, None, new, False, news[new].roots, news[new].reads)
