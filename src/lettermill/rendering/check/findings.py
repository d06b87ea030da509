"""What a check finds, and where: file, line and column with the source line, a message and a suggestion."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from lettermill.rendering.check.rules import RULES, SEVERITIES, Severity
from lettermill.rendering.plan.nodes import NOWHERE, Expr, Local, Place

WORD = re.compile(
    r"""https?://[^\s"'<>]+ | %%\w+%% | \{[\w.]+\} | '[^'\n]*' | "[^"\n]*" | [\w.]+(?:\[-?\w+\])* | </?[\w:-]+ | \S""",
    re.VERBOSE,
)
"""How far a finding reaches from its column on."""
ALLOWED = re.compile(r"\blettermill: allow ((?:LM\d+[, ]*)+)")
DEFINITION = "campaign.yml"


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
    repeated: dict[tuple[str, str, str], list[tuple[int, int]]] = field(default_factory=dict)
    near: Place = NOWHERE

    def __post_init__(self) -> None:
        self._lines = {name: source.replace("\r\n", "\n").split("\n") for name, source in self.files.items()}

    def begin(self, expr: Expr) -> Place:
        """Where an expression begins: a chain of fields and filters where its first name stands.

        A name that is bound in the template has no place of its own: it is looked for in the source line, to the left
        of what is applied to it; `near` is the statement around.
        """
        chain = [expr]
        while (inner := getattr(chain[-1], "of", None) or getattr(chain[-1], "left", None)) is not None:
            chain.append(inner)
        root = chain[-1]
        if root.place.line:
            return root.place
        place = next((one.place for one in reversed(chain) if one.place.line), self.near)
        line = self._line(self.file_of(place), place.line)
        if not isinstance(root, Local) or not line:
            return place
        named = [found.start() for found in re.finditer(rf"\b{re.escape(root.name)}\b", line)]
        before = [start for start in named if not place.column or start < place.column]
        columns = before[-1:] if place.column else before[:1]
        return replace(place, column=(columns or named or [place.column - 1])[0] + 1)

    def file_of(self, place: Place) -> str:
        """The file of the folder that branch ids call `html` or `html:blocks/hero.html.j2`."""
        part, _, included = place.file.partition(":")
        return included or self.parts.get(part, part)

    def at_word(self, place: Place, word: str) -> Place:
        """Where a word stands, at a place or behind it in its line; the place itself where it does not."""
        line = self._line(self.file_of(place), place.line)
        found = re.compile(rf"(?<!\w){re.escape(word)}(?!\w)").search(line, max(place.column - 1, 0)) if word else None
        return replace(place, column=found.start() + 1) if found else place

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
        source = self._line(file, line)
        column = min(column, len(source) + 1)  # a tag that was read on may end behind its line
        word = WORD.match(source, column - 1) if column else None
        width = len(word.group()) if word else 1
        key = (rule, file, line, column, message)
        made = Finding(
            rule, severity or RULES[rule].severity, file, line, column, source, message, suggestion, width
        )  # fmt: skip
        self.found.setdefault(key, made)

    def once(self, rule: str, at: Place, about: str, message: str, suggestion: str) -> None:
        """Note a finding about one thing in one file; where it comes up again is told with it."""
        places = self.repeated.setdefault((rule, self.file_of(at), about), [])
        if not places:
            self.add(rule, at, message, suggestion)
        if (at.line, at.column) not in places:
            places.append((at.line, at.column))

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

        told = (self._with_repetitions(one) for one in self.found.values() if not self._is_allowed(one))
        return tuple(sorted(told, key=order))

    def _is_allowed(self, finding: Finding) -> bool:
        """Whether a comment in the line, or in the one above, allows the rule: `lettermill: allow LM405`."""
        lines = (finding.source_line, self._line(finding.file, finding.line - 1))
        allowed = [rule for line in lines for found in ALLOWED.findall(line) for rule in re.findall(r"LM\d+", found)]
        return finding.rule in allowed

    def _with_repetitions(self, finding: Finding) -> Finding:
        for (rule, file, _), (first, *others) in self.repeated.items():
            if others and (rule, file, *first) == (finding.rule, finding.file, finding.line, finding.column):
                again = f" ({len(others)} more below, to line {max(others)[0]})"
                return replace(finding, message=finding.message + again)
        return finding

    def _line(self, file: str, line: int) -> str:
        lines = self._lines.get(file, [])
        return lines[line - 1] if 0 < line <= len(lines) else ""


def position(source: str, offset: int) -> tuple[int, int]:
    """Line and column, from 1 on, of a place in a text."""
    return source.count("\n", 0, offset) + 1, offset - source.rfind("\n", 0, offset)
