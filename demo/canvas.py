"""A small drawing board: coordinates run from 0 to 100, edges are smoothed by drawing three times too large."""

from collections.abc import Sequence
from functools import cache
from math import cos, pi, sin

from PIL import Image, ImageColor, ImageDraw, ImageFilter

SIZE = 320
SCALE = 3
Point = tuple[float, float]


def mixed(one: str, other: str, share: float) -> str:
    """`one` with `share` of `other` mixed in."""
    pairs = zip(ImageColor.getrgb(one)[:3], ImageColor.getrgb(other)[:3], strict=True)
    return "#" + "".join(f"{round(low + (high - low) * share):02X}" for low, high in pairs)


def leaf(base: Point, tip: Point, width: float) -> list[Point]:
    """The outline of a leaf between two points, as wide as `width` at its middle."""
    (x, y), (dx, dy) = base, (tip[0] - base[0], tip[1] - base[1])
    length = (dx * dx + dy * dy) ** 0.5
    steps = [step / 24 for step in range(25)]
    sides = [(x + dx * t, y + dy * t, sin(pi * t**0.9) * width / 2) for t in steps]
    right = [(px - dy / length * half, py + dx / length * half) for px, py, half in sides]
    return right + [(px + dy / length * half, py - dx / length * half) for px, py, half in reversed(sides)]


def around(centre: Point, radius: float, count: int, *, turn: float = 0.0) -> list[Point]:
    """Points at equal angles on a circle, the first one at the top."""
    angles = [2 * pi * place / count - pi / 2 + turn for place in range(count)]
    return [(centre[0] + radius * cos(angle), centre[1] + radius * sin(angle)) for angle in angles]


class Canvas:
    """One tile in the making: a ground with a soft disc, then flat shapes that throw one soft shadow."""

    def __init__(self, accent: str) -> None:
        self.accent = accent
        self.dark = mixed(accent, "#20242C", 0.35)
        self.light = mixed(accent, "#FFFFFF", 0.45)
        self.pale = mixed(accent, "#FFFFFF", 0.8)
        self._shapes = Image.new("RGBA", (SIZE * SCALE, SIZE * SCALE), (0, 0, 0, 0))
        self._draw = ImageDraw.Draw(self._shapes)

    def circle(self, x: float, y: float, radius: float, colour: str) -> None:
        self.ellipse(x - radius, y - radius, x + radius, y + radius, colour)

    def ellipse(self, left: float, top: float, right: float, bottom: float, colour: str) -> None:
        self._draw.ellipse(self._scaled((left, top), (right, bottom)), fill=colour)

    def box(self, left: float, top: float, right: float, bottom: float, colour: str, *, radius: float = 0) -> None:
        self._draw.rounded_rectangle(self._scaled((left, top), (right, bottom)), radius * self._unit, fill=colour)

    def polygon(self, points: Sequence[Point], colour: str) -> None:
        self._draw.polygon(self._scaled(*points), fill=colour)

    def line(self, points: Sequence[Point], colour: str, width: float = 2) -> None:
        """A line with round ends and joints."""
        self._draw.line(self._scaled(*points), fill=colour, width=round(width * self._unit), joint="curve")
        for x, y in (points[0], points[-1]):
            self.circle(x, y, width / 2, colour)

    def arc(self, x: float, y: float, radius: float, start: float, end: float, colour: str, width: float = 2) -> None:
        """Part of a ring, in degrees clockwise from three o'clock."""
        box = self._scaled((x - radius, y - radius), (x + radius, y + radius))
        self._draw.arc(box, start, end, fill=colour, width=round(width * self._unit))

    def wedge(self, x: float, y: float, radius: float, start: float, end: float, colour: str) -> None:
        box = self._scaled((x - radius, y - radius), (x + radius, y + radius))
        self._draw.pieslice(box, start, end, fill=colour)

    @property
    def _unit(self) -> float:
        return SIZE * SCALE / 100

    def _scaled(self, *points: Point) -> list[Point]:
        return [(x * self._unit, y * self._unit) for x, y in points]

    def picture(self, ground: str) -> Image.Image:
        """The finished tile, SIZE pixels square."""
        shapes = self._shapes.reduce(SCALE)
        shadow = Image.new("RGBA", shapes.size, mixed(self.accent, "#20242C", 0.7))
        soft = shapes.getchannel("A").filter(ImageFilter.GaussianBlur(SIZE / 40)).point(lambda alpha: alpha * 0.22)
        tile = _ground(ground)
        tile.paste(shadow, (0, SIZE // 40), soft)
        tile.paste(shapes, (0, 0), shapes)
        return tile


def _ground(colour: str) -> Image.Image:
    """A plain ground, a little lighter at the top, with a pale disc behind the motif."""
    top, bottom = mixed(colour, "#FFFFFF", 0.35), mixed(colour, "#8A8F99", 0.06)
    column = Image.new("RGB", (1, SIZE))
    for row in range(SIZE):
        column.putpixel((0, row), ImageColor.getrgb(mixed(top, bottom, row / (SIZE - 1)))[:3])
    tile = column.resize((SIZE, SIZE))
    tile.paste("#FFFFFF", (0, 0), _disc())
    return tile


@cache
def _disc() -> Image.Image:
    disc = Image.new("L", (SIZE * SCALE, SIZE * SCALE), 0)
    edge = SIZE * SCALE * 0.12
    ImageDraw.Draw(disc).ellipse((edge, edge, SIZE * SCALE - edge, SIZE * SCALE - edge), fill=150)
    return disc.reduce(SCALE)
