"""The page of a diff: what it shows of each pattern. Rendering and links are the caller's."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files

from lettermill.rendering.diff.examples import Told
from lettermill.rendering.diff.side_by_side import Row

PAGE = "diff.html.j2"


@dataclass(frozen=True)
class Shown:
    """A text on both sides, a file of the template or a block of the example: the lines that differ."""

    name: str
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Frames:
    """The whole mail on both sides, with nothing to load; a fault in place of one that is faulty."""

    subjects: tuple[str, str]
    pages: tuple[str, str]
    faults: tuple[str | None, str | None]


@dataclass(frozen=True)
class Section:
    """One pattern: how many e-mails, where they change and why, and an example of both sides."""

    title: str
    messages: int
    share: str
    blocks: tuple[str, ...]
    causes: tuple[str, ...]
    sources: tuple[Shown, ...]
    example: str
    inputs: tuple[Told, ...]
    shown: tuple[Shown, ...]
    frames: Frames | None


@dataclass(frozen=True)
class Page:
    """What the page tells beside the patterns."""

    shop: str
    campaign: str
    headline: str
    before: str
    after: str
    occurrence: str | None
    messages: int
    changed: int
    share: str
    rendered: int
    others: int
    causes: tuple[tuple[str, int], ...]
    sections: tuple[Section, ...]


def page_source() -> str:
    """The page's template; it includes `report_style.css.j2`, the style of all pages."""
    return (files(__package__) / PAGE).read_text(encoding="utf-8")


def page_context(page: Page, *, words: object) -> Mapping[str, object]:
    """What the page's template may read; `words` tells numbers."""
    return {"page": page, "words": words}
