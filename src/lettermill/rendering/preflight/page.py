"""The page of a pre-flight: what it shows of a slot's verdicts. Rendering, charts and files are the caller's."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib.resources import files

PAGE = "preflight.html.j2"
KINDS = {
    "fault": "cannot be rendered",
    "missing": "missing value",
    "null": "null printed",
    "leftover": "template syntax",
    "empty": "empty part",
    "size": "too large",
    "stale": "stale input",
    "block": "empty block",
    "clip": "clipped",
}
"""Kind of a cause or warning -> in words."""
FRAMED = 6
"""Ways through the template whose example is shown as it looks; of the others the page names a message."""


@dataclass(frozen=True)
class Example:
    """A message and who would get it; no address, the page may be passed around."""

    message_id: str
    person_id: str


@dataclass(frozen=True)
class Group:
    """Messages of one cause or warning, with examples."""

    words: str
    kind: str
    messages: int
    examples: tuple[Example, ...]


@dataclass(frozen=True)
class Stale:
    """An input that is too old in some messages; `age` of the oldest is in words."""

    input: str
    allowed: str
    policy: str
    messages: int
    age: str
    examples: tuple[Example, ...]


@dataclass(frozen=True)
class Limit:
    """A limit on a share of messages, and what was found."""

    name: str
    allowed: float
    found: float
    is_exceeded: bool
    words: str


@dataclass(frozen=True)
class Shown:
    """A mail rendered again: `page` is its html with nothing to load; null where it cannot be rendered any more."""

    title: str
    example: Example
    subject: str
    html_bytes: int
    visible_bytes: int | None
    page: str | None


@dataclass(frozen=True)
class Tag:
    """A branch of the template, and the tag that stands there; not `is_taken` where only the usual way takes it."""

    branch: str
    line: str
    is_taken: bool


@dataclass(frozen=True)
class Way:
    """A distinct way through the template: its difference from the usual way, how many came it, and one of them."""

    tags: tuple[Tag, ...]
    messages: int
    mail: Shown


@dataclass(frozen=True)
class Sheet:
    """The verdict on the messages of one template version. `sizes` and `lengths` are charts."""

    template_version: str
    verdict: str
    messages: int
    faulty: int
    limits: tuple[Limit, ...]
    causes: tuple[Group, ...]
    warnings: tuple[Group, ...]
    stale: tuple[Stale, ...]
    sizes: str
    lengths: str
    extremes: tuple[Shown, ...]
    ways: tuple[Way, ...]
    paths: int

    @property
    def stale_share(self) -> float:
        return next((limit.found for limit in self.limits if limit.name == "max_stale_share"), 0.0)

    @property
    def exceeded(self) -> tuple[Limit, ...]:
        return tuple(limit for limit in self.limits if limit.is_exceeded)


@dataclass(frozen=True)
class Report:
    """A slot's verdicts, one per template version. `waterfall` is a chart, `losses` are its numbers: step, people lost,
    people left."""

    campaign: str
    occurrence: str
    shop: str
    checked_as_of: datetime
    engine: str
    sheets: tuple[Sheet, ...]
    waterfall: str
    losses: tuple[tuple[str, int, int], ...]

    @property
    def is_blocked(self) -> bool:
        return any(sheet.verdict == "blocked" for sheet in self.sheets)

    @property
    def messages(self) -> int:
        return sum(sheet.messages for sheet in self.sheets)

    @property
    def faulty(self) -> int:
        return sum(sheet.faulty for sheet in self.sheets)

    @property
    def exceeded(self) -> tuple[Limit, ...]:
        return tuple(limit for sheet in self.sheets for limit in sheet.exceeded)

    @property
    def verdict(self) -> str:
        """The page in a sentence."""
        if self.is_blocked:
            return f"Blocked: none of {self.messages:,} messages may leave"
        if self.faulty:
            return f"Passed: {self.messages - self.faulty:,} of {self.messages:,} messages may leave"
        return f"Passed: all {self.messages:,} messages may leave"


def age(made_at: datetime | None, *, at: datetime) -> str:
    """How old something is, in the largest unit of which there are two: `9 days`; unknown without a moment."""
    if made_at is None:
        return "unknown"
    old = at - made_at
    for unit, length in (("days", timedelta(days=1)), ("hours", timedelta(hours=1))):
        if old >= 2 * length:
            return f"{old // length:,} {unit}"
    return f"{old // timedelta(minutes=1):,} minutes"


def page_source() -> str:
    """The page's template; it includes the style and imports the macros of all pages."""
    return (files(__package__) / PAGE).read_text(encoding="utf-8")


def page_context(report: Report, *, words: object) -> Mapping[str, object]:
    """What the page's template may read; `words` tells numbers."""
    return {"report": report, "words": words, "kinds": KINDS, "framed": FRAMED}
