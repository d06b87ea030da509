"""Motifs for what one does not eat."""

from demo.canvas import Canvas, around, leaf, mixed

GREEN, DARK_GREEN = "#6FA84A", "#4C7F35"
CREAM, WHITE, STEEL = "#FFF8EA", "#FFFFFF", "#B9C1C8"


def pump_bottle(canvas: Canvas) -> None:
    canvas.box(38, 20, 52, 25, canvas.dark, radius=2.5)
    canvas.line([(39, 22.5), (33, 25)], canvas.dark, 3.4)
    canvas.box(48, 22, 52, 36, canvas.dark)
    canvas.box(43, 33, 57, 41, canvas.dark, radius=2)
    canvas.box(32, 39, 68, 82, canvas.accent, radius=9)
    canvas.box(37, 51, 63, 72, WHITE, radius=4)
    canvas.polygon([(50, 53.5), (55, 61), (45, 61)], canvas.light)
    canvas.circle(50, 63, 5.3, canvas.light)


def lipstick(canvas: Canvas) -> None:
    canvas.polygon([(43, 46), (43, 27), (57, 19), (57, 46)], canvas.accent)
    canvas.polygon([(43, 34), (43, 27), (57, 19), (57, 23)], canvas.light)
    canvas.box(41, 42, 59, 56, "#E5BE6A", radius=2)
    canvas.box(38, 54, 62, 82, mixed(canvas.dark, "#20242C", 0.5), radius=3)
    canvas.box(42, 58, 44.5, 78, canvas.accent, radius=1.2)


def flower(canvas: Canvas) -> None:
    canvas.line([(50, 48), (50, 86)], DARK_GREEN, 3)
    canvas.polygon(leaf((50, 78), (68, 64), 11), GREEN)
    canvas.polygon(leaf((50, 82), (32, 69), 11), GREEN)
    for x, y in around((50, 41), 14.5, 8):
        canvas.circle(x, y, 8.4, canvas.light)
    for x, y in around((50, 41), 11, 8, turn=0.39):
        canvas.circle(x, y, 6.6, canvas.accent)
    canvas.circle(50, 41, 8, "#F3C24F")
    for x, y in around((50, 41), 4, 6):
        canvas.circle(x, y, 1, "#C98F2A")


def gift(canvas: Canvas) -> None:
    canvas.polygon(leaf((50, 38), (31, 24), 13), "#E8A33D")
    canvas.polygon(leaf((50, 38), (69, 24), 13), "#E8A33D")
    canvas.box(27, 47, 73, 80, canvas.accent, radius=3)
    canvas.box(23, 37, 77, 50, canvas.dark, radius=3)
    canvas.box(45, 37, 55, 80, "#F4C66B")
    canvas.circle(50, 37, 4.4, "#F4C66B")


def potted_plant(canvas: Canvas) -> None:
    for x, y, colour in (
        (28, 30, GREEN),
        (72, 30, GREEN),
        (40, 17, DARK_GREEN),
        (60, 17, DARK_GREEN),
        (50, 26, "#8CC152"),
    ):
        canvas.polygon(leaf((50, 60), (x, y), 14), colour)
    canvas.polygon([(33, 62), (67, 62), (62, 83), (38, 83)], canvas.accent)
    canvas.box(29, 56, 71, 65, canvas.dark, radius=2.5)


def ticket(canvas: Canvas) -> None:
    canvas.box(18, 34, 82, 68, canvas.accent, radius=5)
    for y in (34, 51, 68):
        canvas.circle(62, y, 3.2 if y != 51 else 0.8, "#FFFCF6")
    for y in range(39, 66, 4):
        canvas.box(61.4, y, 62.6, y + 2, "#FFFCF6")
    canvas.circle(33, 45, 4.5, CREAM)
    canvas.circle(47, 57, 4.5, CREAM)
    canvas.circle(33, 45, 2, canvas.accent)
    canvas.circle(47, 57, 2, canvas.accent)
    canvas.line([(46, 42), (34, 60)], CREAM, 2.6)
    canvas.polygon(star(72, 51, 6), CREAM)


def star(x: float, y: float, radius: float) -> list[tuple[float, float]]:
    outer, inner = around((x, y), radius, 5), around((x, y), radius * 0.45, 5, turn=0.628)
    return [point for pair in zip(outer, inner, strict=True) for point in pair]


def suitcase(canvas: Canvas) -> None:
    canvas.arc(50, 34, 11, 180, 360, canvas.dark, 4)
    canvas.box(39, 33, 43, 40, canvas.dark)
    canvas.box(57, 33, 61, 40, canvas.dark)
    canvas.box(20, 37, 80, 79, canvas.accent, radius=7)
    canvas.box(31, 37, 37, 79, canvas.dark)
    canvas.box(63, 37, 69, 79, canvas.dark)
    canvas.circle(50, 58, 8, "#7FC6D6")
    canvas.polygon([(43.5, 60), (48, 54), (51, 58), (53, 56), (57, 61), (50, 66)], CREAM)


def drop(canvas: Canvas) -> None:
    canvas.circle(50, 59, 20, canvas.accent)
    canvas.polygon([(50, 18), (31.5, 51.5), (68.5, 51.5)], canvas.accent)
    canvas.arc(50, 59, 13, 95, 165, canvas.pale, 3.4)


def camera(canvas: Canvas) -> None:
    canvas.box(38, 28, 62, 42, canvas.dark, radius=4)
    canvas.box(19, 36, 81, 75, canvas.accent, radius=7)
    canvas.box(19, 44, 81, 50, canvas.dark)
    canvas.circle(50, 56, 16, WHITE)
    canvas.circle(50, 56, 13, canvas.dark)
    canvas.circle(50, 56, 8, "#6FB5D8")
    canvas.circle(46.5, 52.5, 2.6, WHITE)
    canvas.circle(73, 41, 2.4, "#E8A33D")


def crate(canvas: Canvas) -> None:
    canvas.polygon([(50, 22), (80, 36), (50, 50), (20, 36)], canvas.light)
    canvas.polygon([(20, 36), (50, 50), (50, 83), (20, 69)], canvas.accent)
    canvas.polygon([(80, 36), (50, 50), (50, 83), (80, 69)], canvas.dark)
    canvas.polygon([(32, 30.4), (38, 27.6), (68, 41.6), (62, 44.4)], canvas.pale)
    canvas.polygon([(62, 44.4), (68, 41.6), (68, 52), (62, 55)], mixed(canvas.pale, canvas.dark, 0.3))


def ball(canvas: Canvas) -> None:
    canvas.circle(50, 52, 28, CREAM)
    for start, colour in ((-90, canvas.accent), (30, "#4E9BC9"), (150, "#F0B840")):
        canvas.wedge(50, 52, 28, start, start + 60, colour)
    canvas.circle(50, 52, 6, WHITE)
    canvas.arc(50, 52, 22, 190, 235, "#FFFFFF", 2.8)


def letter(canvas: Canvas) -> None:
    canvas.box(18, 32, 82, 74, WHITE, radius=4)
    canvas.polygon([(19, 72), (45, 51), (55, 51), (81, 72), (78, 74), (22, 74)], mixed(WHITE, canvas.accent, 0.18))
    canvas.polygon([(19, 33), (81, 33), (50, 60)], canvas.light)
    canvas.line([(20, 33.5), (50, 59), (80, 33.5)], canvas.accent, 2.4)
    canvas.circle(50, 58, 6.5, "#D9534A")
    canvas.circle(50, 58, 3.4, mixed("#D9534A", WHITE, 0.35))


def heart(canvas: Canvas) -> None:
    canvas.circle(37.5, 42, 15.5, canvas.accent)
    canvas.circle(62.5, 42, 15.5, canvas.accent)
    canvas.polygon([(24.4, 50.5), (50, 36), (75.6, 50.5), (50, 80)], canvas.accent)
    canvas.arc(37.5, 42, 10.5, 180, 260, canvas.pale, 3)


def wheel(canvas: Canvas) -> None:
    canvas.circle(50, 51, 30, canvas.accent)
    canvas.circle(50, 51, 20.5, STEEL)
    canvas.circle(50, 51, 17.5, mixed(canvas.accent, WHITE, 0.15))
    for point in around((50, 51), 17, 5):
        canvas.line([(50, 51), point], STEEL, 5)
    canvas.circle(50, 51, 6.5, WHITE)
    for x, y in around((50, 51), 3.7, 5):
        canvas.circle(x, y, 0.9, canvas.accent)


def bulb(canvas: Canvas) -> None:
    for inner, outer in zip(around((50, 43), 28, 8), around((50, 43), 34, 8), strict=True):
        if outer[1] < 62:
            canvas.line([inner, outer], canvas.accent, 2.6)
    canvas.circle(50, 43, 20, canvas.accent)
    canvas.polygon([(37, 57), (63, 57), (59, 68), (41, 68)], canvas.accent)
    canvas.line([(45, 66), (44, 46), (50, 51), (56, 46), (55, 66)], CREAM, 1.8)
    canvas.box(41, 67, 59, 79, STEEL, radius=2.5)
    canvas.box(41, 71, 59, 73, "#8E979F")
    canvas.box(45, 79, 55, 82.5, "#6C757D", radius=1.7)


def tag(canvas: Canvas) -> None:
    canvas.polygon([(24, 46), (46, 24), (76, 28), (80, 58), (58, 80)], canvas.accent)
    canvas.circle(68, 38, 5, WHITE)
    canvas.line([(68, 38), (78, 26), (86, 22)], "#8C6A43", 1.6)
    canvas.line([(38, 48), (56, 66)], canvas.light, 3)
    canvas.line([(46, 42), (62, 58)], canvas.light, 3)
