"""The run report as a page: its template, its partials, and what they are given. Rendering is the caller's."""

from collections.abc import Mapping
from importlib.resources import files
from typing import Any

from lettermill.monitoring import report_charts, wording
from lettermill.monitoring.report import Report
from lettermill.monitoring.report_models import height_at

PAGE = "report.html.j2"
SHARES = (0.05, 0.1, 0.2, 0.3, 0.5, 0.75)


def page_sources() -> tuple[str, dict[str, str]]:
    """The page's template, and its partials by name."""
    sources = {
        entry.name: entry.read_text(encoding="utf-8")
        for entry in files(__package__).iterdir()
        if entry.name.endswith(".j2")
    }
    return sources.pop(PAGE), sources


def page_context(report: Report) -> Mapping[str, Any]:
    """What the page's template may read."""
    return {"report": report, "charts": report_charts, "words": wording, "height_at": height_at, "shares": SHARES}
