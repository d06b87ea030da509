"""A check's findings for a person: each with its source line, a mark below what it is about, and a suggestion."""

from rich.console import Console
from rich.text import Text

from lettermill.cli.check_reports import Report
from lettermill.rendering.check.findings import Finding

COLOURS = {"error": "bold red", "warning": "bold yellow", "note": "bold cyan"}
FRAME = "blue"
WIDEST = 120


def write_text(report: Report, console: Console) -> None:
    """Write all findings and a summary; in colour where `console` is a terminal."""
    for finding in report.findings:
        console.print(_told(finding, report, width=min(console.width, WIDEST) if console.is_terminal else WIDEST))
        console.print()
    console.print(_summary(report))


def _told(finding: Finding, report: Report, *, width: int) -> Text:
    colour = COLOURS[finding.severity]
    number = str(finding.line) if finding.source_line else ""
    indent = " " * len(number)
    text = Text()
    text.append(f"{finding.severity}[{finding.rule}]", colour).append(f": {finding.message}\n", "bold")
    place = ":".join(str(part) for part in (report.path_of(finding), finding.line, finding.column) if part)
    text.append(f"{indent}--> ", FRAME).append(place)
    if finding.source_line:
        line, column = _cropped(finding, width - len(number) - 3)
        text.append(f"\n{indent} |\n{number} | ", FRAME).append(line)
        if finding.column:
            text.append(f"\n{indent} | ", FRAME).append(" " * column + "^" * _marked(finding, line, column), colour)
    if finding.suggestion:
        text.append(f"\n{indent} = ", FRAME).append("help: ", "bold").append(finding.suggestion)
    return text


def _cropped(finding: Finding, room: int) -> tuple[str, int]:
    """The source line as far as there is room, around what is marked; and the mark's place in it, from 0 on."""
    line, column = finding.source_line.replace("\t", " ").rstrip(), max(finding.column - 1, 0)
    blank = len(line) - len(line.lstrip())
    cut = min(blank, 4 * (blank // 4))
    line, column = line[cut:], max(column - cut, 0)
    if len(line) <= room:
        return line, column
    start = max(0, min(column - room // 3, len(line) - room + 1))
    cropped = ("…" if start else "") + line[start + bool(start) :]
    if len(cropped) > room:
        cropped = cropped[: room - 1] + "…"
    return cropped, column - start


def _marked(finding: Finding, line: str, column: int) -> int:
    return max(1, min(finding.width, len(line) - column))


def _summary(report: Report) -> Text:
    text = Text(f"{report.campaign}: ", "bold")
    listed = [
        (f"{count} {severity}{'s' if count != 1 else ''}", COLOURS[severity])
        for severity, count in report.counts.items()
        if count
    ]
    for position, (words, colour) in enumerate(listed):
        text.append(", " if position else "").append(words, colour)
    of = f" in {len(report.files)} files" if listed else f"nothing to mend in {len(report.files)} files"
    text.append(of)
    if report.failed:
        return text.append("; the campaign is not fit to send", "bold red")
    return text.append("; fit to send" if listed else "", "bold green")
