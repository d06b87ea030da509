"""What the report shows of campaigns: whom they reach, the verdict before the send, and what left the house."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

VERDICTS = {
    "no_address": "No usable address",
    "no_consent": "No consent to mail",
    "suppressed": "Opted out, bounced or complained",
    "shared_address": "Address shared with a mailed person",
    "held_out": "Held out, to measure the effect",
    "missing_input": "A required input is missing",
}
"""Why a person of the audience is not mailed, in the order in which it is asked."""


@dataclass(frozen=True)
class Cause:
    """Faulty messages of one cause, with ids of some."""

    fault: str
    messages: int
    examples: tuple[str, ...]


@dataclass(frozen=True)
class Preflight:
    """The verdict on all messages of a campaign before any is handed over; `exceeded` are limits, in words."""

    verdict: str
    messages: int
    faulty: int
    limit_share: float
    causes: tuple[Cause, ...]
    largest_html_bytes: int | None
    exceeded: tuple[str, ...] = ()


@dataclass(frozen=True)
class Campaign:
    """One campaign's occurrence: who is mailed and who not, the verdict, what was shown, what was handed over."""

    name: str
    title: str
    description: str
    occurrence: str | None
    verdicts: Mapping[str, int] = field(default_factory=dict)
    preflight: Preflight | None = None
    states: Mapping[str, int] = field(default_factory=dict)
    sources: Mapping[str, int] = field(default_factory=dict)

    @property
    def audience(self) -> int:
        return sum(self.verdicts.values())

    @property
    def mailed(self) -> int:
        return self.verdicts.get("mailed", 0)

    @property
    def handed_over(self) -> int:
        return self.states.get("handed_over", 0) + self.states.get("confirmed", 0)

    @property
    def losses(self) -> tuple[tuple[str, int, int], ...]:
        """(label, people lost, people left after it), in the order in which it is asked."""
        steps, left = [], self.audience
        for verdict, label in VERDICTS.items():
            left -= self.verdicts.get(verdict, 0)
            steps.append((label, self.verdicts.get(verdict, 0), left))
        return tuple(steps)


@dataclass(frozen=True)
class SampleMail:
    """One e-mail as it looks; `html` may load nothing from a network."""

    audience: str
    campaign: str
    sender: str
    subject: str
    preheader: str
    html: str


@dataclass(frozen=True)
class PayloadFile:
    """One file handed over."""

    name: str
    rows: int
    bytes: int
    sha256: str


def preflight(row: Mapping[str, Any] | None) -> Preflight | None:
    """Of a row of rendering.preflights."""
    if row is None:
        return None
    causes = tuple(Cause(cause["fault"], int(cause["messages"]), tuple(cause["examples"])) for cause in row["causes"])
    exceeded = tuple(limit["words"] for limit in row["limits"] if limit["is_exceeded"])
    limit, largest = float(row["limit_share"]), row["largest_html_bytes"]
    return Preflight(row["verdict"], int(row["messages"]), int(row["faulty"]), limit, causes, largest, exceeded)


def payload_files(entries: Iterable[Mapping[str, Any]]) -> tuple[PayloadFile, ...]:
    """Of entries with name, rows, bytes and sha256, as a payload manifest has them."""
    files = (PayloadFile(e["name"], int(e["rows"]), int(e["bytes"]), e["sha256"]) for e in entries)
    return tuple(sorted(files, key=lambda file: file.name))
