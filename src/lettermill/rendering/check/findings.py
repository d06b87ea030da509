"""What a check finds, and where: file, line and column with the source line, a message and a suggestion."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from lettermill.rendering.check.rules import RULES, SEVERITIES, Severity
from lettermill.rendering.plan.nodes import Place

WORD = re.compile(r"[\w.]+(?:\[-?\w+\])*|</?[\w:-]+|\S")


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong. Lines and columns count from 1; 0 where a finding has no place in its file.

    `width` is how many characters of the source line it is about.
    """

    rule: str
    severity: Severity
    file: str
    line: int
    column: int
    source_line: str
    message: str
    suggestion: str
    width: int = 1


@dataclass
class Findings:
    """Collects findings, each once. `parts` say which file a part is, `files` are the sources of the folder."""

    files: Mapping[str, str]
    parts: Mapping[str, str]
    found: dict[tuple[str, str, int, int, str], Finding] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._lines = {name: source.splitlines() for name, source in self.files.items()}

    def file_of(self, place: Place) -> str:
        """The file of the folder that branch ids call `html` or `html:blocks/hero.html.j2`."""
        part, _, included = place.file.partition(":")
        return included or self.parts.get(part, part)

    def add(
        self, rule: str, at: Place, message: str, suggestion: str = "", *, severity: Severity | None = None
    ) -> None:
        """Note a finding at a place of a plan."""
        self.at(rule, self.file_of(at), at.line, at.column, message, suggestion, severity=severity)

    def at(
        self, rule: str, file: str, line: int, column: int, message: str, suggestion: str = "", *,
        severity: Severity | None = None,
    ) -> None:  # fmt: skip
        """Note a finding at a line and column of a file."""
        lines = self._lines.get(file, [])
        source = lines[line - 1] if 0 < line <= len(lines) else ""
        word = WORD.match(source, column - 1) if column else None
        width = len(word.group()) if word else 1
        key = (rule, file, line, column, message)
        made = Finding(
            rule, severity or RULES[rule].severity, file, line, column, source, message, suggestion, width
        )  # fmt: skip
        self.found.setdefault(key, made)

    def has(self, *rules: str) -> bool:
        """Whether one of these rules found something."""
        return any(finding.rule in rules for finding in self.found.values())

    @property
    def sorted(self) -> tuple[Finding, ...]:
        """All of them by file (campaign.yml first), line and column, errors first where two share a place."""

        def order(finding: Finding) -> tuple[object, ...]:
            in_template = finding.file != DEFINITION
            severity = SEVERITIES.index(finding.severity)
            return (in_template, finding.file, finding.line, finding.column, severity, finding.rule, finding.message)

        return tuple(sorted(self.found.values(), key=order))


DEFINITION = "campaign.yml"


def position(source: str, offset: int) -> tuple[int, int]:
    """Line and column, from 1 on, of a place in a text."""
    return source.count("\n", 0, offset) + 1, offset - source.rfind("\n", 0, offset)
