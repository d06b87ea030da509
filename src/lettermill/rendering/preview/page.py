"""The index page of a preview: what it shows of each mail. Rendering and pictures are the caller's."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files

PAGE = "preview.html.j2"
CLIPPED = 102 * 1024
"""Bytes of html from which on Gmail hides the rest."""


@dataclass(frozen=True)
class Taken:
    """A branch of the template, and the tag that stands there; `is_new` where no mail before this one takes it."""

    branch: str
    line: str
    is_new: bool = False


@dataclass(frozen=True)
class Screen:
    """A picture of the mail as a data URI."""

    label: str
    width: int
    picture: str


@dataclass(frozen=True)
class Mail:
    """One mail of the preview. `page` is its html with nothing to load; `screens` are there where Chromium is."""

    name: str
    came_from: str
    subject: str
    preheader: str
    page: str
    text: str
    html_bytes: int
    text_bytes: int
    branches: tuple[Taken, ...]
    inputs: str
    to: str = ""
    fault: str | None = None
    screens: tuple[Screen, ...] = ()

    @property
    def is_clipped(self) -> bool:
        return self.html_bytes > CLIPPED

    @property
    def news(self) -> tuple[Taken, ...]:
        return tuple(one for one in self.branches if one.is_new)


@dataclass(frozen=True)
class Preview:
    """What the page tells beside the mails: `branches` of the template in all, and those that could not be reached."""

    campaign: str
    kind: str
    shop: str
    sender: str
    template_version: str
    engine: str
    mails: tuple[Mail, ...]
    branches: int
    unreached: tuple[Taken, ...]
    notes: tuple[str, ...] = ()

    @property
    def taken(self) -> int:
        return len({one.branch for mail in self.mails for one in mail.branches})

    @property
    def faults(self) -> int:
        return sum(mail.fault is not None for mail in self.mails)

    @property
    def largest(self) -> int:
        return max((mail.html_bytes for mail in self.mails), default=0)

    @property
    def verdict(self) -> str:
        """The preview in a sentence."""
        number = f"{len(self.mails)} e-mail{'' if len(self.mails) == 1 else 's'}"
        if self.faults:
            return f"{number} of {self.campaign}, {self.faults} with a fault"
        if self.kind == "every branch":
            missed = f", all but {len(self.unreached)} of its branches" if self.unreached else ", every branch of it"
            return f"{number} of {self.campaign}{missed}"
        return f"{number} of {self.campaign}"


def page_source() -> str:
    """The page's template; it includes `report_style.css.j2`, the style of all pages."""
    return (files(__package__) / PAGE).read_text(encoding="utf-8")


def page_context(preview: Preview, *, words: object) -> Mapping[str, object]:
    """What the page's template may read; `words` tells numbers."""
    return {"preview": preview, "words": words, "clipped": CLIPPED}
