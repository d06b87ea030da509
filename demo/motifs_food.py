"""Motifs for what one eats and drinks."""

from demo.canvas import Canvas, leaf, mixed

GREEN, DARK_GREEN, STALK = "#6FA84A", "#4C7F35", "#7A5533"
CREAM, WHITE = "#FFF8EA", "#FFFFFF"


def bag(canvas: Canvas) -> None:
    canvas.polygon(leaf((36, 42), (28, 17), 12), GREEN)
    canvas.polygon(leaf((42, 42), (40, 14), 12), DARK_GREEN)
    canvas.polygon([(58, 46), (68, 15), (75, 17), (67, 46)], "#E2AE62")
    for y in (22, 29, 36):
        canvas.line([(66.5 - (y - 22) * 0.32, y), (71.5 - (y - 22) * 0.32, y + 2)], "#F6D9A4", 1.6)
    canvas.circle(52, 39, 9, "#DB5142")
    canvas.polygon([(27, 40), (73, 40), (70, 82), (30, 82)], canvas.accent)
    canvas.polygon([(27, 40), (36, 40), (38, 82), (30, 82)], canvas.dark)
    canvas.box(45, 55, 62, 67, canvas.pale, radius=3)
    canvas.polygon(leaf((48, 64), (59, 58), 6), GREEN)


def apple(canvas: Canvas) -> None:
    canvas.line([(50, 38), (52, 24)], STALK, 3)
    canvas.polygon(leaf((52, 31), (70, 20), 10), GREEN)
    canvas.ellipse(27, 34, 57, 78, canvas.accent)
    canvas.ellipse(43, 34, 73, 78, canvas.accent)
    canvas.ellipse(36, 55, 64, 79, canvas.accent)
    canvas.ellipse(43, 33, 57, 40, canvas.dark)
    canvas.ellipse(33, 42, 41, 56, canvas.light)


def leaf_jar(canvas: Canvas) -> None:
    canvas.box(36, 22, 64, 33, canvas.dark, radius=3)
    canvas.box(31, 31, 69, 80, canvas.accent, radius=9)
    canvas.box(31, 44, 69, 69, CREAM)
    canvas.polygon(leaf((42, 64), (58, 48), 12), GREEN)
    canvas.line([(41, 65), (55, 51)], DARK_GREEN, 1.2)


def steak(canvas: Canvas) -> None:
    canvas.ellipse(22, 30, 66, 72, CREAM)
    canvas.ellipse(42, 42, 80, 76, CREAM)
    canvas.ellipse(26, 34, 63, 68, canvas.accent)
    canvas.ellipse(45, 46, 76, 72, canvas.accent)
    canvas.circle(40, 48, 7.5, CREAM)
    canvas.circle(40, 48, 4.5, mixed(CREAM, "#C9A27A", 0.5))
    canvas.line([(52, 47), (60, 53), (64, 61)], canvas.light, 1.8)
    canvas.line([(46, 61), (53, 63)], canvas.light, 1.8)


def sausage(canvas: Canvas) -> None:
    for x, y in ((0, -11), (0, 9)):
        canvas.line([(28, 54 + y), (40, 47 + y), (60, 47 + y), (72, 54 + y)], canvas.accent, 15)
        canvas.line([(30, 50 + y), (41, 43.5 + y), (55, 43 + y)], canvas.light, 2.2)
        for place in (44, 52, 60):
            canvas.line([(place + x, 48 + y), (place - 3 + x, 53 + y)], canvas.dark, 1.6)


def cheese(canvas: Canvas) -> None:
    canvas.polygon([(22, 52), (62, 28), (78, 46), (78, 52)], canvas.light)
    canvas.polygon([(22, 52), (78, 52), (78, 74), (22, 74)], canvas.accent)
    for x, y, radius in ((36, 63, 5), (52, 59, 3.4), (63, 67, 5.4), (72, 57, 2.6), (48, 70, 2.4)):
        canvas.circle(x, y, radius, canvas.dark)
        canvas.circle(x + 0.8, y + 0.8, radius - 0.8, mixed(canvas.accent, canvas.dark, 0.45))
    canvas.ellipse(52, 38, 60, 43, canvas.accent)


def cupcake(canvas: Canvas) -> None:
    canvas.polygon([(32, 54), (68, 54), (62, 80), (38, 80)], "#B97B4C")
    for x in (38.5, 46.0, 54.0, 61.5):
        canvas.line([(x, 57), (50 + (x - 50) * 0.75, 78)], "#DDA774", 1.8)
    for x, y, radius in ((37, 50, 9), (63, 50, 9), (50, 50, 11), (42, 40, 9), (58, 40, 9), (50, 32, 8)):
        canvas.circle(x, y, radius, canvas.accent)
    canvas.circle(50, 23, 5, "#D9374A")
    for x, y in ((40, 44), (51, 37), (60, 48), (47, 52), (34, 51), (57, 39)):
        canvas.line([(x, y), (x + 2.4, y + 1.6)], CREAM, 1.4)


def fish(canvas: Canvas) -> None:
    canvas.polygon([(66, 50), (82, 36), (79, 50), (82, 64)], canvas.dark)
    canvas.polygon([(42, 36), (56, 27), (62, 40)], canvas.dark)
    canvas.polygon(leaf((18, 50), (74, 50), 34), canvas.accent)
    canvas.polygon([(46, 52), (58, 56), (50, 63)], canvas.dark)
    canvas.arc(24, 50, 13, -52, 52, canvas.pale, 1.8)
    canvas.circle(29, 46, 3, WHITE)
    canvas.circle(28.6, 46, 1.5, "#20303A")
    for x, y in ((46, 45), (54, 48), (62, 49), (50, 41)):
        canvas.arc(x, y, 3.4, -60, 60, canvas.light, 1.5)


def fish_tin(canvas: Canvas) -> None:
    canvas.box(20, 36, 80, 74, mixed(canvas.dark, "#FFFFFF", 0.25), radius=12)
    canvas.box(20, 30, 80, 66, mixed(canvas.accent, "#FFFFFF", 0.15), radius=14)
    canvas.box(25, 34, 75, 62, CREAM, radius=10)
    canvas.polygon([(60, 48), (69, 41), (67.5, 48), (69, 55)], canvas.accent)
    canvas.polygon(leaf((31, 48), (65, 48), 17), canvas.accent)
    canvas.circle(38, 46, 1.6, WHITE)
    canvas.arc(37, 48, 7, -48, 48, canvas.pale, 1.3)


def wine(canvas: Canvas) -> None:
    canvas.box(34, 18, 42, 40, "#3F5A45", radius=2)
    canvas.box(27, 36, 49, 82, "#3F5A45", radius=7)
    canvas.box(27, 53, 49, 70, CREAM)
    canvas.box(33, 15, 43, 26, canvas.accent, radius=2)
    canvas.circle(38, 61.5, 4.4, canvas.accent)
    canvas.line([(66, 60), (66, 79)], mixed("#9FB4C4", WHITE, 0.2), 2)
    canvas.box(58, 78, 74, 81.5, mixed("#9FB4C4", WHITE, 0.2), radius=1.7)
    canvas.wedge(66, 46, 14, 0, 180, canvas.accent)
    canvas.polygon([(54, 36), (78, 36), (80, 46.5), (52, 46.5)], "#F7FBFD")
    canvas.arc(66, 46, 14, 0, 180, "#F7FBFD", 1.6)


def cloche(canvas: Canvas) -> None:
    metal = "#C9CDD2"
    canvas.circle(50, 29, 4, canvas.accent)
    canvas.wedge(50, 64, 31, 180, 360, metal)
    canvas.arc(50, 64, 24, 200, 255, WHITE, 2.6)
    canvas.box(15, 63, 85, 69, canvas.accent, radius=3)
    canvas.box(30, 71, 70, 74, canvas.light, radius=1.5)


def salad(canvas: Canvas) -> None:
    for base, tip, colour in (
        ((36, 55), (24, 28), GREEN),
        ((46, 54), (41, 20), DARK_GREEN),
        ((55, 54), (60, 19), GREEN),
        ((63, 56), (77, 29), DARK_GREEN),
        ((50, 55), (50, 27), "#8CC152"),
    ):
        canvas.polygon(leaf(base, tip, 17), colour)
        canvas.line([base, ((base[0] + 2 * tip[0]) / 3, (base[1] + 2 * tip[1]) / 3)], "#C5E0A5", 1.2)
    canvas.circle(36, 48, 7, "#DB5142")
    canvas.circle(61, 48, 7.5, "#DB5142")
    canvas.circle(49, 48, 6, "#F2B84B")
    canvas.wedge(50, 50, 31, 0, 180, CREAM)
    canvas.wedge(50, 56, 25, 20, 160, mixed(CREAM, canvas.accent, 0.3))
    canvas.box(18, 48, 82, 53, mixed(CREAM, "#C9B48F", 0.35), radius=2.5)


def ice_pop(canvas: Canvas) -> None:
    canvas.box(46, 66, 54, 86, "#E3C08F", radius=4)
    canvas.box(33, 17, 67, 70, canvas.accent, radius=16)
    canvas.box(33, 44, 67, 70, canvas.light, radius=5)
    canvas.box(33, 43, 67, 56, canvas.light)
    canvas.line([(42, 29), (42, 60)], canvas.pale, 3)
    canvas.line([(56, 29), (56, 60)], mixed(canvas.accent, canvas.dark, 0.3), 3)


def mug(canvas: Canvas) -> None:
    for x in (40, 52):
        canvas.line([(x, 32), (x - 3, 27), (x + 3, 21), (x, 16)], mixed(canvas.accent, "#FFFFFF", 0.6), 2.4)
    canvas.arc(66, 55, 13, -90, 90, canvas.dark, 5)
    canvas.box(26, 38, 66, 79, canvas.accent, radius=8)
    canvas.box(26, 38, 66, 44, canvas.dark, radius=3)
    canvas.box(32, 50, 35, 70, canvas.light, radius=1.5)


def chef_hat(canvas: Canvas) -> None:
    shade = mixed(WHITE, canvas.accent, 0.18)
    for x, y, radius in ((33, 42, 14.0), (67, 42, 14.0), (50, 35, 17.0)):
        canvas.circle(x, y, radius, shade)
    for x, y, radius in ((34, 41, 12.4), (66, 41, 12.4), (50, 34, 15.0)):
        canvas.circle(x, y, radius, WHITE)
    canvas.polygon([(31, 45), (69, 45), (66, 72), (34, 72)], WHITE)
    for fold in (42, 50, 58):
        canvas.line([(fold, 52), (50 + (fold - 50) * 0.92, 66)], shade, 1.8)
    canvas.box(32, 69, 68, 79, canvas.accent, radius=3)
