"""Charts as inline SVG: no script, no fonts, no colours of their own.

Colours come from classes (`model`, `rule`, `good`, `out`, `plain`) that the page's style sheet fills from its theme, so
that one picture serves light, dark and print. Bars and intervals have no view box: their lengths are shares of the
width and their words keep their size on a phone. Every chart has a title and a description for who cannot see it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from math import ceil, floor, log10

WIDTH, HEIGHT = 280, 262
LEFT, RIGHT, TOP, BOTTOM = 42, 16, 30, 42
NARROWEST = 0.35  # per cent of the width: a bar that is not nothing can be seen


@dataclass(frozen=True)
class Line:
    """One line of a chart: points from left to right, in the axes' unit."""

    name: str
    points: Sequence[tuple[float, float]]
    style: str = "model"


@dataclass(frozen=True)
class Dot:
    """One dot; `weight` from 0 to 1 is its area, `words` what a pointer over it is told."""

    x: float
    y: float
    weight: float
    words: str


@dataclass(frozen=True)
class Interval:
    """A figure with its interval, which may be unknown; `shown` is the figure as it is to be read."""

    label: str
    value: float
    low: float | None
    high: float | None
    shown: str
    style: str = "plain"


@dataclass(frozen=True)
class Bar:
    """A bar from `start`, as long as `value`, both in the unit of the chart's `whole`."""

    label: str
    value: float
    shown: str
    start: float = 0
    style: str = "model"


def line_chart(
    lines: Sequence[Line],
    *,
    title: str,
    description: str,
    x_label: str,
    y_label: str,
    upto: float = 1.0,
    diagonal: str = "",
    dots: Sequence[Dot] = (),
) -> str:
    """Shares against shares, both from 0 to `upto`. `diagonal` names the line of no skill, drawn where it is named."""
    across, down = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM

    def at(x: float, y: float) -> tuple[float, float]:
        return LEFT + min(x / upto, 1) * across, HEIGHT - BOTTOM - min(y / upto, 1) * down

    drawn = [_grid(at, upto)]
    if diagonal:
        (x1, y1), (x2, y2) = at(0, 0), at(upto, upto)
        drawn.append(
            f'<line class="diagonal" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}">'
            f"<title>{escape(diagonal)}</title></line>"
        )
    for line in lines:
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in (at(*point) for point in thinned(line.points)))
        drawn.append(
            f'<polyline class="line {line.style}" points="{path}"><title>{escape(line.name)}</title></polyline>'
        )
    for dot in dots:
        x, y = at(dot.x, dot.y)
        radius = 3 + 5 * dot.weight**0.5
        drawn.append(
            f'<circle class="dot model" cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}">'
            f"<title>{escape(dot.words)}</title></circle>"
        )
    drawn.append(f'<text class="axis" x="0" y="12">{escape(y_label)}</text>')
    drawn.append(f'<text class="axis" x="{WIDTH}" y="{HEIGHT - 4}" text-anchor="end">{escape(x_label)}</text>')
    return _svg(drawn, title=title, description=description, frame=f'viewBox="0 0 {WIDTH} {HEIGHT}"', style="lines")


def interval_chart(intervals: Sequence[Interval], *, title: str, description: str, base: float | None = None) -> str:
    """Figures under each other on one scale, with their intervals; it starts at `base`, else near the lowest."""
    row = 46
    edges = [edge for one in intervals for edge in (one.value, one.low, one.high, base) if edge is not None]
    ticks = nice_ticks(min(edges), max(edges))
    low, high = ticks[0], ticks[-1]
    bottom = row * len(intervals)
    digits = max(len(f"{tick:.10g}".partition(".")[2]) for tick in ticks)

    def at(value: float) -> float:
        return 1 + 98 * (value - low) / (high - low)

    drawn = [
        f'<text class="tick" x="{at(t):.2f}%" y="{bottom + 12}" text-anchor="{_anchor(place, len(ticks))}">'
        f"{t:.{digits}f}</text>"
        for place, t in enumerate(ticks)
    ]
    for place, one in enumerate(intervals):
        y = row * place
        drawn += [
            f'<line class="grid" x1="{at(t):.2f}%" x2="{at(t):.2f}%" y1="{y + 22}" y2="{y + 38}"/>' for t in ticks
        ]
        drawn.append(_words(one.label, one.shown, y=y + 14))
        if one.low is not None and one.high is not None:
            ends = f'x1="{at(one.low):.2f}%" x2="{at(one.high):.2f}%"'
            drawn.append(f'<line class="span {one.style}" {ends} y1="{y + 30}" y2="{y + 30}"/>')
        drawn.append(
            f'<circle class="point {one.style}" cx="{at(one.value):.2f}%" cy="{y + 30}" r="5.5">'
            f"<title>{escape(f'{one.label}: {one.shown}')}</title></circle>"
        )
    return _svg(drawn, title=title, description=description, frame=f'width="100%" height="{bottom + 16}"', style="rows")


def bar_chart(bars: Sequence[Bar], *, whole: float, title: str, description: str) -> str:
    """Bars under each other, their words above them; with `start` they make a waterfall."""
    row = 38
    drawn = []
    for place, bar in enumerate(bars):
        y = row * place
        start = 100 * bar.start / whole if whole else 0
        length = max(100 * bar.value / whole, NARROWEST if bar.value else 0) if whole else 0
        drawn.append(_words(bar.label, bar.shown, y=y + 14))
        drawn.append(f'<rect class="track" x="0" y="{y + 21}" width="100%" height="8" rx="4"/>')
        drawn.append(
            f'<rect class="bar {bar.style}" x="{min(start, 100 - length):.2f}%" y="{y + 21}" width="{length:.2f}%" '
            f'height="8" rx="4">'
            f"<title>{escape(f'{bar.label}: {bar.shown}')}</title></rect>"
        )
    return _svg(
        drawn, title=title, description=description, frame=f'width="100%" height="{row * len(bars)}"', style="rows"
    )


def share_bar(parts: Sequence[Bar], *, title: str, description: str) -> str:
    """One bar made of parts, whose values are shares of 1."""
    drawn, start = [], 0.0
    for part in parts:
        drawn.append(
            f'<rect class="bar {part.style}" x="{100 * start:.2f}%" y="0" width="{100 * part.value:.2f}%" height="18">'
            f"<title>{escape(f'{part.label}: {part.shown}')}</title></rect>"
        )
        start += part.value
    return _svg(drawn, title=title, description=description, frame='width="100%" height="18"', style="shares")


def thinned(points: Sequence[tuple[float, float]], *, most: int = 240) -> list[tuple[float, float]]:
    """At most about `most` of the points, evenly, with the first and the last."""
    step = max(1, len(points) // most)
    kept = list(points[::step])
    return kept if not points or kept[-1] == points[-1] else [*kept, points[-1]]


def nice_ticks(low: float, high: float, *, about: int = 4) -> list[float]:
    """Round numbers, evenly apart, that enclose `low` and `high`."""
    width = max(high - low, abs(high) * 0.02, 1e-6) / about
    power = 10.0 ** floor(log10(width))
    step = next(size * power for size in (1, 2, 2.5, 5, 10) if size * power >= width * 0.999)
    first = floor(low / step + 1e-9)
    last = max(ceil(high / step - 1e-9), first + 1)
    return [round(place * step, 10) for place in range(first, last + 1)]


def _grid(at: Callable[[float, float], tuple[float, float]], upto: float) -> str:
    lines = []
    for quarter in (0, 0.25, 0.5, 0.75, 1):
        share = quarter * upto
        (x, bottom), (right, y) = at(share, 0), at(upto, share)
        words = f"{share * 100:.0f}\u202f%" if upto >= 0.2 else f"{share * 100:.1f}\u202f%"
        lines.append(
            f'<line class="grid" x1="{LEFT}" x2="{right:.1f}" y1="{y:.1f}" y2="{y:.1f}"/>'
            f'<text class="tick" x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{words}</text>'
        )
        if quarter:
            lines.append(f'<text class="tick" x="{x:.1f}" y="{bottom + 18:.1f}" text-anchor="middle">{words}</text>')
    return "".join(lines)


def _words(label: str, shown: str, *, y: int) -> str:
    return (
        f'<text class="label" x="0" y="{y}">{escape(label)}</text>'
        f'<text class="value" x="100%" y="{y}" text-anchor="end">{escape(shown)}</text>'
    )


def _anchor(place: int, ticks: int) -> str:
    return "start" if place == 0 else "end" if place == ticks - 1 else "middle"


def _svg(drawn: Sequence[str], *, title: str, description: str, frame: str, style: str) -> str:
    named = f"<title>{escape(title)}</title><desc>{escape(description)}</desc>"
    label = escape(f"{title}. {description}", quote=True)
    return f'<svg class="chart {style}" role="img" aria-label="{label}" {frame}>{named}{"".join(drawn)}</svg>'
