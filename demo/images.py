"""Product tiles as PNG: one per department, drawn here, so that the e-mails have pictures that are ours."""

from functools import cache
from io import BytesIO

from demo import motifs_food, motifs_goods
from demo.canvas import Canvas
from demo.departments import DEPARTMENTS, Department


def tiles(names: set[str]) -> dict[str, bytes]:
    """File name -> PNG of each department of those names, as the shop calls them."""
    wanted = [department for department in DEPARTMENTS.values() if department.name in names]
    return {f"{department.slug}.png": tile(department) for department in wanted}


@cache  # drawn once per process: tests write several landings
def tile(department: Department) -> bytes:
    module = motifs_food if hasattr(motifs_food, department.motif) else motifs_goods
    canvas = Canvas(department.accent)
    getattr(module, department.motif)(canvas)
    content = BytesIO()
    canvas.picture(department.ground).save(content, "PNG", compress_level=6)
    return content.getvalue()
