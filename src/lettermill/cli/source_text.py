"""The audit of sources for a person: a table that fits 80 columns, and below it what needs a look."""

import json
from collections.abc import Mapping, Sequence
from datetime import timedelta

from rich.console import Console
from rich.table import Table
from rich.text import Text

from lettermill.ingest.arrivals import STALE, Audited
from lettermill.source_trial import Trial

COLOURS = {"fresh": "green", "few": "yellow", "many": "yellow", "late": "bold red", "silent": "bold red"}
WORST_REASONS = 3


def write_audit(sources: Sequence[Audited], console: Console) -> None:
    """Write the table, the reasons of refusals, and a line that sums up."""
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 1, 0, 0))
    for name in ("source", "last arrival", "state"):
        table.add_column(name, no_wrap=True, overflow="ellipsis")
    for name in ("lag", "today", "all", "refused"):
        table.add_column(name, justify="right", no_wrap=True)
    for one in sources:
        last = one.arrivals.last.strftime("%Y-%m-%d %H:%M") if one.arrivals.last else "never"
        state = Text(one.state, COLOURS.get(one.state, "dim"))
        counts = (f"{one.arrivals.today:,}", f"{one.arrivals.rows:,}", _share(one))
        table.add_row(Text(one.name), last, state, span(one.lag), *counts)
        table.add_row(Text(f"  {one.source.kind}, {one.source.owner or 'no owner'}", "dim"))
    console.print(table)
    for one in sources:
        _write_findings(one, console)
    stale = [one.name for one in sources if one.state in STALE]
    console.print()
    summary = f"{len(sources)} sources: " + (
        f"{len(stale)} late or silent ({', '.join(stale)})" if stale else "none late"
    )
    console.print(Text(summary, "bold red" if stale else "bold green"))


def _write_findings(one: Audited, console: Console) -> None:
    expected = one.source.expected
    if expected is not None and one.state not in ("fresh", "unwatched"):
        rows = f", {expected.rows[0]:,} to {expected.rows[1]:,} rows" if expected.rows else ""
        came = f"{one.arrivals.recent:,} rows came in that time"
        console.print(f"{one.name} is {one.state}: expected within {expected.within}{rows}; {came}", markup=False)
    if one.arrivals.ahead:
        console.print(f"{one.name}: {one.arrivals.ahead:,} rows claim a time that is not yet", markup=False)
    for reason, count in list(one.reasons.items())[:WORST_REASONS]:
        share = count / one.arrivals.rows if one.arrivals.rows else 0.0
        console.print(f"{one.name} refused {count:,} ({share:.2%}): {reason}", markup=False, style="dim")


def _share(one: Audited) -> str:
    return f"{one.refused_share:.2%}" if one.refused else "-"


def span(lag: timedelta | None) -> str:
    """A time span in one unit: 40 min, 26 h, 12 d."""
    if lag is None:
        return "-"
    minutes = lag.total_seconds() / 60
    if minutes < 120:
        return f"{minutes:.0f} min"
    return f"{minutes / 60:.0f} h" if minutes < 72 * 60 else f"{minutes / 1440:.0f} d"


def write_trial(trial: Trial, console: Console, *, rows: int) -> None:
    """Write the first `rows` canonical rows, what was refused and why, and what was not read."""
    for place, row in enumerate(trial.rows[:rows], start=1):
        refused = "; ".join(row["reasons"])
        console.print(Text(f"row {place}: {refused or 'accepted'}", "bold red" if refused else "bold green"))
        for name, value in row.items():
            if name != "reasons":
                console.print(f"  {name}: {_told(value)}", markup=False)
    console.print(f"\n{len(trial.rows):,} rows, {trial.refused:,} would be refused", markup=False, style="bold")
    for reason, count in trial.reasons.most_common():
        console.print(f"  {count:,} x {reason}", markup=False)
    write_drift(trial.name, trial.unread, console, rows=len(trial.rows))


def write_drift(name: str, unread: Mapping[str, int], console: Console, *, rows: int) -> None:
    """Write the paths that no field of the mapping reads, the most frequent first."""
    if not unread:
        console.print(f"{name}: every part of {rows:,} rows is read", markup=False)
        return
    console.print(f"{name}: not read by the mapping, and kept in the raw rows:", markup=False)
    for path, count in sorted(unread.items(), key=lambda pair: (-pair[1], pair[0])):
        console.print(f"  {path}  ({count:,} of {rows:,} rows)", markup=False)


def _told(value: object) -> str:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else str(value)
