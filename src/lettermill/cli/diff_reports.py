"""A diff as JSON for machines and as text for a person; personal values only where they are asked for."""

import json
from collections.abc import Iterator
from typing import Any

from rich.console import Console
from rich.text import Text

from lettermill.diffing import Diff
from lettermill.rendering.diff.causes import Cause
from lettermill.rendering.diff.examples import Example
from lettermill.rendering.diff.patterns import Pattern
from lettermill.rendering.diff.side_by_side import in_lines
from lettermill.rendering.diff.wording import cause_words, percent

VERSION = 1
"""Of the JSON: it changes when a key goes or means something else, not when one is added."""
HIDDEN = "hidden: give --show-personal"
LINES = 12
"""Lines of a diff that the text tells of a file or block."""
CAUSES = 10
COLOURS = {"+": "green", "-": "red"}


def as_json(diff: Diff, *, allowed: float, show_personal: bool) -> str:
    """One object; docs/diff.md describes its keys."""
    document = {
        "version": VERSION,
        "campaign": diff.campaign,
        "kind": diff.kind,
        "from": {"asked": diff.before.asked, "is": diff.before.words},
        "to": {"asked": diff.after.asked, "is": diff.after.words},
        "occurrence": diff.occurrence,
        "passed": diff.share <= allowed,
        "allowed_share": allowed,
        "messages": diff.messages,
        "changed": diff.changed,
        "share": round(diff.share, 6),
        "rendered": diff.rendered,
        "causes": [{"messages": messages, **_cause(cause)} for cause, messages in diff.causes],
        "patterns": [_pattern(one, diff, show_personal=show_personal) for one in diff.patterns],
        "in_other_patterns": diff.others,
        "sources": [{"file": one.file, "lines": list(one.lines)} for one in diff.sources],
    }
    return json.dumps(document, indent=2, ensure_ascii=False)


def _pattern(pattern: Pattern, diff: Diff, *, show_personal: bool) -> dict[str, Any]:
    example = diff.examples.get(pattern.example)
    return {
        "messages": pattern.messages,
        "share": round(pattern.messages / diff.messages, 6),
        "blocks": list(pattern.blocks),
        "causes": [_cause(one) for one in pattern.causes],
        "example": {f"{diff.of}_id": pattern.example, **_example(example, show_personal=show_personal)},
    }


def _cause(one: Cause) -> dict[str, Any]:
    return {"path": one.path, "kind": one.kind, "from": one.before, "to": one.after, "words": cause_words(one)}


def _example(example: Example | None, *, show_personal: bool) -> dict[str, Any]:
    if example is None:
        return {}
    if not show_personal:
        return {"inputs": [one.name for one in example.inputs], "texts": HIDDEN}
    return {
        "inputs": [{"path": one.name, "from": one.before, "to": one.after} for one in example.inputs],
        "texts": [{"block": one.name, "from": one.before, "to": one.after} for one in example.blocks],
    }


def write_text(diff: Diff, console: Console, *, show_personal: bool) -> None:
    """Write the headline, what was compared, and each pattern; in colour where `console` is a terminal."""
    console.print(Text(diff.headline, "bold"))
    over = f", over the audience of {diff.occurrence}" if diff.occurrence else ""
    console.print(f"from {diff.before.words} to {diff.after.words}{over}", markup=False)
    if len(diff.patterns) > 1:
        console.print()
        for cause, messages in diff.causes[:CAUSES]:
            console.print(f"{messages:>12,}  {cause_words(cause)}", markup=False)
    for number, pattern in enumerate(diff.patterns, start=1):
        console.print()
        console.print(_told(number, pattern, diff, show_personal=show_personal))


def _told(number: int, pattern: Pattern, diff: Diff, *, show_personal: bool) -> Text:
    text = Text(f"{number}. {pattern.messages:,} ({percent(pattern.messages / diff.messages)})", "bold cyan")
    text.append("  " + (", ".join(pattern.blocks) or "who is mailed"), "bold")
    for cause in pattern.causes:
        text.append(f"\n   {cause_words(cause)}")
    for line in _source_lines(pattern, diff):
        text.append(f"\n     {line}", COLOURS.get(line[:1], "dim"))
    example = diff.examples.get(pattern.example)
    text.append(f"\n   for example {diff.of} {pattern.example[:24]}", "dim")
    if example is not None and example.inputs:
        text.append(f": {', '.join(one.name for one in example.inputs[:6])}", "dim")
    for line in _example_lines(example) if show_personal and example is not None else ():
        text.append(f"\n     {line}", COLOURS.get(line[:1], "dim"))
    return text


def _source_lines(pattern: Pattern, diff: Diff) -> Iterator[str]:
    """What changed in the files of the pattern's blocks, where the template is the cause."""
    yield from cut([line for one in diff.sources_of(pattern) for line in in_lines(one.before, one.after)])


def _example_lines(example: Example) -> Iterator[str]:
    for block in example.blocks:
        yield f"  {block.name}:"
        yield from cut(list(in_lines(block.before or "", block.after or "")))


def cut(lines: list[str]) -> list[str]:
    """As many lines as a person reads."""
    return [*lines[:LINES], f"  ... {len(lines) - LINES} more lines"] if len(lines) > LINES else lines
