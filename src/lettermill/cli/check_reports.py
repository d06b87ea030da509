"""A check's findings as JSON and as JUnit's XML, for machines."""

import json
import re
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

from lettermill.rendering.check.findings import Finding
from lettermill.rendering.check.rules import RULES, SEVERITIES, Severity
from lettermill.rendering.content_blocks import LIBRARY

VERSION = 1
"""Of the JSON: it changes when a key goes or means something else, not when one is added."""
NOT_IN_XML = re.compile("[^\t\n -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True)
class Report:
    """What a check of one campaign found; `strict` makes warnings fail too."""

    campaign: str
    folder: Path
    files: tuple[str, ...]
    findings: tuple[Finding, ...]
    strict: bool = False

    @property
    def counts(self) -> dict[Severity, int]:
        """How many findings of each severity."""
        counted = Counter(finding.severity for finding in self.findings)
        return {severity: counted[severity] for severity in SEVERITIES}

    def path_of(self, finding: Finding) -> Path:
        """Where the finding's file is: in the campaign's folder, or in the library of blocks beside it."""
        return (self.folder.parent if finding.file.startswith(f"{LIBRARY}/") else self.folder) / finding.file

    def fails(self, finding: Finding) -> bool:
        """Whether this finding makes the check fail."""
        return finding.severity == "error" or (self.strict and finding.severity == "warning")

    @property
    def failed(self) -> bool:
        """Whether the check fails."""
        return any(map(self.fails, self.findings))


def as_json(report: Report) -> str:
    """One object; docs/campaign-check.md describes its keys."""
    return json.dumps(
        {
            "version": VERSION,
            "campaign": report.campaign,
            "folder": report.folder.as_posix(),
            "passed": not report.failed,
            "counts": report.counts,
            "findings": [{"title": RULES[one.rule].title, **asdict(one)} for one in report.findings],
        },
        indent=2,
        ensure_ascii=False,
    )


def as_junit(report: Report) -> str:
    """A test case for each finding, failed where the check fails by it, and one for each file without any such."""
    name = f"campaign check {report.campaign}"
    failures = sum(map(report.fails, report.findings))
    clean = [
        file for file in report.files if not any(one.file == file and report.fails(one) for one in report.findings)
    ]
    counts = {"tests": str(len(report.findings) + len(clean)), "failures": str(failures), "errors": "0"}
    root = ET.Element("testsuites", {"name": name, **counts})
    suite = ET.SubElement(root, "testsuite", {"name": name, **counts})
    for file in clean:
        ET.SubElement(suite, "testcase", classname=report.campaign, name=file)
    for one in report.findings:
        place = ":".join(str(part) for part in (one.file, one.line, one.column) if part)
        case = ET.SubElement(suite, "testcase", classname=f"{report.campaign}.{one.rule}", name=f"{one.rule} {place}")
        told = f"{place}\n{one.source_line}\n{one.suggestion}"
        if report.fails(one):
            ET.SubElement(case, "failure", type=one.severity, message=_allowed(one.message)).text = _allowed(told)
        else:
            ET.SubElement(case, "system-out").text = _allowed(f"{one.severity}: {one.message}\n{told}")
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode")


def _allowed(text: str) -> str:
    """The text without the characters that XML 1.0 cannot hold."""
    return "".join(
        one for one in text if one in "\t\n" or " " <= one <= "\ud7ff" or "\ue000" <= one <= "\ufffd" or one > "\uffff"
    )
