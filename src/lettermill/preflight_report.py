"""Writing the report of a pre-flight: verdicts as they are kept, with their example mails rendered again."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

from pyspark.sql import functions as F

from lettermill.collected import rows_of
from lettermill.monitoring import wording
from lettermill.monitoring.charts import Bar, bar_chart
from lettermill.monitoring.mails import data_uri, self_contained
from lettermill.monitoring.page import page_sources
from lettermill.monitoring.report_campaigns import VERDICTS
from lettermill.preflighting import Flight
from lettermill.rendering.messages import render_bodies
from lettermill.rendering.pages import render_page
from lettermill.rendering.preflight.judging import GMAIL_CLIPS
from lettermill.rendering.preflight.page import (
    Example,
    Group,
    Limit,
    Report,
    Sheet,
    Shown,
    Stale,
    Tag,
    Way,
    age,
    page_context,
    page_source,
)
from lettermill.rendering.preview.branches import line_of
from lettermill.rendering.templates import Template

Row = Mapping[str, Any]
KIB = 1024
EDGES = (0, 5, 10, 20, 40, 60, 80, GMAIL_CLIPS // KIB)
"""Lower edges of the sizes that are counted together, in KiB; the last is where Gmail clips."""
LISTED = 25
"""Causes, and warnings, that the page lists; the verdict's row keeps them all."""
EXTREMES = {"longest": "The longest", "shortest": "The shortest", "emptiest": "The one that shows least"}


@dataclass(frozen=True)
class Mails:
    """Messages rendered again, by id, and the pictures that they may show, by file name."""

    rows: Mapping[str, Row]
    images: Mapping[str, str]

    def example(self, message_id: str) -> Example:
        return Example(message_id, self.rows[message_id]["person_id"] if message_id in self.rows else "unknown")

    def shown(self, message_id: str, *, title: str, visible: int | None = None) -> Shown:
        row = self.rows.get(message_id)
        bodies = row["bodies"] if row and row["fault"] is None else {}
        html = bodies.get("html", "")
        page = self_contained(html, images=self.images) if html else None
        return Shown(title, self.example(message_id), bodies.get("subject", ""), len(html.encode()), visible, page)


def write_report(flight: Flight, verdicts: Sequence[Row], *, to: Path) -> Path:
    """Write the page over the verdicts of a slot, passed or blocked; returns where it is."""
    page = render_page(
        page_source(),
        partials=page_sources()[1],
        context=page_context(report_of(flight, verdicts), words=wording),
    )
    to.parent.mkdir(parents=True, exist_ok=True)
    to.write_bytes(page.encode())
    return to


def report_of(flight: Flight, verdicts: Sequence[Row]) -> Report:
    """What the page shows. The few messages that it names are read and rendered again."""
    kept = [_listed(verdict) for verdict in verdicts]
    ids = sorted({one for verdict in kept for one in _named(verdict)})
    contexts = flight.contexts.where(F.col("message_id").isin(ids))
    folder = flight.run.settings.landing
    images = {file.name: data_uri(file.name, file.read_bytes()) for file in folder.glob("images/*.*")}
    rows = {row["message_id"]: row for row in rows_of(render_bodies(contexts, templates=flight.templates))}
    mails = Mails(rows, images)
    losses = tuple(losses_of(verdicts))
    return Report(
        campaign=flight.campaign.name,
        occurrence=flight.occurrence,
        shop=flight.run.settings.campaigns.shop["name"],
        checked_as_of=verdicts[0]["checked_as_of"],
        engine=flight.engine,
        sheets=tuple(_sheet(one, mails, flight.templates[one["template_version"]]) for one in kept),
        waterfall=_waterfall(losses) if losses else "",
        losses=losses,
    )


def losses_of(verdicts: Sequence[Row]) -> Iterator[tuple[str, int, int]]:
    """From the audience to what may leave: step, people lost at it, people left after it. Nothing without an audience.

    What follows the plan is asked of its messages: those that are faulty, and all of them where a verdict blocks.
    """
    people = {one["verdict"]: one["people"] for one in verdicts[0]["exclusions"]}
    left = sum(people.values())
    if not left:
        return
    yield "Audience", 0, left
    for verdict in [*VERDICTS, *sorted(people.keys() - VERDICTS.keys() - {"mailed"})]:
        lost = people.get(verdict, 0)
        left -= lost
        yield VERDICTS.get(verdict, wording.kind(verdict).capitalize()), lost, left
    faulty = sum(one["faulty"] for one in verdicts)
    yield "Faulty", faulty, left - faulty
    if any(one["verdict"] == "blocked" for one in verdicts):
        yield "Blocked by the pre-flight", left - faulty, 0
        left = faulty
    yield "May leave", 0, left - faulty


def _waterfall(losses: Sequence[tuple[str, int, int]]) -> str:
    (_, _, whole), *steps, (_, _, leaving) = losses
    bars = [Bar("Audience", whole, wording.count(whole), style="plain")]
    bars += [Bar(label, lost, f"−{lost:,}" if lost else "0", start=left, style="out") for label, lost, left in steps]
    bars.append(Bar("May leave", leaving, wording.count(leaving), style="model"))
    return bar_chart(bars, whole=whole, title="Who gets it, and who does not", description=_in_words(bars))


def _sizes(verdict: Row) -> str:
    """Messages by the size of their html, from the smallest that there is."""
    counted = dict.fromkeys(EDGES, 0)
    for size in verdict["sizes"]:
        counted[max(edge for edge in EDGES if edge <= size["kib"])] += size["messages"]
    found = [edge for edge in EDGES if counted[edge]]
    if not found:
        return ""
    bars = [
        Bar(f"{edge} to {upper} KiB", counted[edge], wording.count(counted[edge]))
        for edge, upper in pairwise(EDGES)
        if found[0] <= edge <= found[-1]
    ]
    clipped = counted[EDGES[-1]]
    bars.append(Bar(f"{EDGES[-1]} KiB and more: Gmail clips", clipped, wording.count(clipped), style="out"))
    most = max(counted.values())
    return bar_chart(bars, whole=most, title="Messages by the size of their html", description=_in_words(bars))


def _lengths(verdict: Row) -> str:
    """The shortest and the longest against what Gmail shows, which is the whole width."""
    lengths = [(EXTREMES[name], verdict[name]["bytes"]) for name in ("shortest", "longest") if verdict[name]]
    bars = [
        Bar(label, length, wording.size(length), style="out" if length > GMAIL_CLIPS else "model")
        for label, length in (*lengths, ("What Gmail shows", GMAIL_CLIPS))
    ]
    bars[-1] = replace(bars[-1], style="plain")
    whole = max(bar.value for bar in bars)
    return bar_chart(bars, whole=whole, title="Lengths of html against Gmail's limit", description=_in_words(bars))


def _in_words(bars: Iterable[Bar]) -> str:
    return "; ".join(f"{bar.label}: {bar.shown}" for bar in bars)


def _listed(verdict: Row) -> Row:
    return {**verdict, "causes": verdict["causes"][:LISTED], "warnings": verdict["warnings"][:LISTED]}


def _named(verdict: Row) -> Iterator[str]:
    """The ids of all messages that a verdict names."""
    for group in (*verdict["causes"], *verdict["warnings"], *verdict["stale"]):
        yield from group["examples"]
    yield from (way["example"] for way in verdict["path_examples"])
    yield from (verdict[one]["message_id"] for one in EXTREMES if verdict[one])


def _sheet(verdict: Row, mails: Mails, template: Template) -> Sheet:
    return Sheet(
        template_version=verdict["template_version"],
        verdict=verdict["verdict"],
        messages=verdict["messages"],
        faulty=verdict["faulty"],
        limits=tuple(Limit(**limit) for limit in verdict["limits"]),
        causes=_groups(verdict["causes"], "fault", mails),
        warnings=_groups(verdict["warnings"], "warning", mails),
        stale=tuple(_stale(one, verdict, mails) for one in verdict["stale"]),
        sizes=_sizes(verdict),
        lengths=_lengths(verdict),
        extremes=tuple(
            mails.shown(verdict[one]["message_id"], title=title, visible=verdict[one]["visible_bytes"])
            for one, title in EXTREMES.items()
            if verdict[one]
        ),
        ways=tuple(_ways(verdict["path_examples"], mails, template)),
        paths=verdict["paths"],
    )


def _groups(rows: Iterable[Row], words: str, mails: Mails) -> tuple[Group, ...]:
    return tuple(Group(row[words], row["kind"], row["messages"], _examples(row, mails)) for row in rows)


def _stale(row: Row, verdict: Row, mails: Mails) -> Stale:
    old = age(row["oldest"], at=verdict["checked_as_of"])
    return Stale(row["input"], row["max_age"], row["policy"], row["messages"], old, _examples(row, mails))


def _examples(row: Row, mails: Mails) -> tuple[Example, ...]:
    return tuple(mails.example(one) for one in row["examples"])


def _ways(paths: Sequence[Row], mails: Mails, template: Template) -> Iterator[Way]:
    usual = dict.fromkeys(paths[0]["branches"]) if paths else {}
    for path in paths:
        taken = dict.fromkeys(path["branches"])
        differing = [*(one for one in taken if one not in usual), *(one for one in usual if one not in taken)]
        tags = tuple(Tag(one, line_of(one, template) or "", one in taken) for one in differing)
        title = wording.plural(path["messages"], "message")
        yield Way(tags, path["messages"], mails.shown(path["example"], title=title))
