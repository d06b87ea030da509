"""Writing a diff's page: each pattern with its example on both sides, as lines and as mails."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from lettermill.diffing import Diff
from lettermill.monitoring import wording
from lettermill.monitoring.mails import data_uri, self_contained
from lettermill.monitoring.page import page_sources
from lettermill.rendering.diff.examples import Example
from lettermill.rendering.diff.page import Frames, Page, Section, Shown, page_context, page_source
from lettermill.rendering.diff.patterns import Pattern
from lettermill.rendering.diff.side_by_side import side_by_side
from lettermill.rendering.diff.wording import cause_words, percent
from lettermill.rendering.pages import render_page
from lettermill.settings import Settings

FRAMED = ("html", "subject")
"""Parts that the frames show."""


def write_diff_page(diff: Diff, settings: Settings, *, to: Path) -> Path:
    """Write the page. It shows what people would get, so it is as personal as a preview."""
    images = {file.name: data_uri(file.name, file.read_bytes()) for file in settings.landing.glob("images/*.*")}
    shop = settings.campaigns.shop["name"]
    page = Page(
        shop=shop,
        campaign=diff.campaign,
        headline=diff.headline,
        before=diff.before.words,
        after=diff.after.words,
        occurrence=diff.occurrence,
        messages=diff.messages,
        changed=diff.changed,
        share=percent(diff.share),
        rendered=diff.rendered,
        others=diff.others,
        causes=tuple((cause_words(cause), messages) for cause, messages in diff.causes),
        sections=tuple(_section(pattern, diff, images) for pattern in diff.patterns),
    )
    context = page_context(page, words=wording)
    to.parent.mkdir(parents=True, exist_ok=True)
    to.write_bytes(render_page(page_source(), partials=page_sources()[1], context=context).encode())
    return to


def _section(pattern: Pattern, diff: Diff, images: Mapping[str, str]) -> Section:
    example = diff.examples.get(pattern.example)
    share = percent(pattern.messages / diff.messages)
    count = "1 e-mail" if pattern.messages == 1 else f"{pattern.messages:,} e-mails"
    return Section(
        title=f"{count} ({share})",
        messages=pattern.messages,
        share=share,
        blocks=pattern.blocks,
        causes=tuple(map(cause_words, pattern.causes)),
        sources=tuple(Shown(one.file, side_by_side(one.before, one.after)) for one in diff.sources_of(pattern)),
        example=f"The example is {diff.of} {pattern.example}.",
        inputs=example.inputs if example else (),
        shown=tuple(_shown(example)) if example else (),
        frames=_frames(example, images) if example else None,
    )


def _shown(example: Example) -> Iterator[Shown]:
    for block in example.blocks:
        yield Shown(block.name, side_by_side(block.before or "", block.after or ""))


def _frames(example: Example, images: Mapping[str, str]) -> Frames:
    """The mails of both sides, in frames where the html changed or one is faulty."""
    parts = {part.name: (part.before or "", part.after or "") for part in example.parts}
    html, subjects = (parts.get(name, ("", "")) for name in FRAMED)
    pages = tuple(self_contained(one, images=images) if one else "" for one in html)
    faults = example.faults[0] if example.faults else None
    return Frames(
        subjects=subjects,
        pages=(pages[0], pages[1]),
        faults=(faults.before, faults.after) if faults else (None, None),
    )
