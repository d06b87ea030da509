"""The rules of the check, each with an id that stays."""

from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning", "note"]
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "note")


@dataclass(frozen=True)
class Rule:
    """What is looked for. `severity` is what a finding has that says nothing else."""

    id: str
    severity: Severity
    title: str


RULES = {
    rule.id: rule
    for rule in (
        Rule("LM101", "error", "syntax error"),
        Rule("LM102", "error", "unknown input"),
        Rule("LM103", "error", "unknown field"),
        Rule("LM104", "error", "unknown filter"),
        Rule("LM105", "error", "unknown test"),
        Rule("LM106", "error", "unknown tag"),
        Rule("LM107", "error", "missing file"),
        Rule("LM108", "error", "circular include"),
        Rule("LM109", "error", "outside the template language"),
        Rule("LM110", "error", "refused by the engine"),
        Rule("LM201", "error", "comparison of different kinds"),
        Rule("LM202", "error", "arithmetic on what is no number"),
        Rule("LM203", "error", "filter or test on a wrong type"),
        Rule("LM204", "error", "loop over what is no list"),
        Rule("LM205", "error", "wrong arguments"),
        Rule("LM206", "error", "printed value has no text of its own"),
        Rule("LM207", "note", "printed value has no format"),
        Rule("LM301", "error", "null may be printed"),
        Rule("LM302", "error", "null may be computed with"),
        Rule("LM303", "error", "value may be undefined"),
        Rule("LM304", "warning", "list may be too short"),
        Rule("LM305", "warning", "guarded elsewhere, not here"),
        Rule("LM401", "warning", "impossible branch"),
        Rule("LM402", "warning", "condition is always true"),
        Rule("LM403", "error", "value outside the enumeration"),
        Rule("LM404", "warning", "condition asked twice"),
        Rule("LM405", "warning", "declared input is never read"),
        Rule("LM406", "note", "file is never used"),
        Rule("LM407", "error", "wrong declaration"),
        Rule("LM408", "error", "slot is never shown"),
        Rule("LM409", "note", "checked by the engine alone"),
        Rule("LM501", "warning", "image without alt text"),
        Rule("LM502", "warning", "link without https"),
        Rule("LM503", "error", "no unsubscribe link"),
        Rule("LM504", "warning", "unsubscribe link in some branches only"),
        Rule("LM505", "error", "data in an attribute without quotes"),
        Rule("LM506", "warning", "document without a language"),
        Rule("LM507", "warning", "document without a title"),
        Rule("LM508", "warning", "html may be clipped"),
        Rule("LM601", "note", "no text part"),
        Rule("LM602", "note", "no preheader"),
        Rule("LM603", "warning", "long subject"),
        Rule("LM604", "error", "line break in a header"),
        Rule("LM605", "note", "data may break a header's line"),
        Rule("LM606", "warning", "leftover of a template language"),
    )
}
