"""Placeholders of other template languages, and broken ones of our own, that would be sent as they stand."""

import re
from collections.abc import Collection

from lettermill.rendering.check.findings import Findings, position
from lettermill.rendering.check.markup import protected, written

FOREIGN = {
    "AMPscript": re.compile(r"%%(?:\[|=|[A-Za-z_][\w ]*%%)"),
    "Mailchimp": re.compile(r"\*\|[A-Za-z_:!][\w:!= ]*\|\*"),
    "ERB or a JSP": re.compile(r"<%[=@-]?"),
    "a shell or JavaScript": re.compile(r"\$\{\w[\w.]*\}"),
    "Mailgun or Sparkpost": re.compile(r"%recipient\.\w+%"),
}
BRACES = re.compile(r"\{\{|\}\}|\{%|%\}|\{#|#\}")


def check_leftovers(file: str, source: str, findings: Findings, *, is_html: bool, inputs: Collection[str]) -> None:
    """Look for leftovers in what a file writes; in html, style sheets and comments are left out."""
    text = written(source) if is_html else protected(source)
    for language, pattern in FOREIGN.items():
        for found in pattern.finditer(text):
            message = f"{found.group()} is of {language}, and would be sent as it stands"
            findings.at("LM606", file, *position(text, found.start()), message, "write {{ name }}")
    is_readable = not any(one.file == file and one.rule in ("LM101", "LM106") for one in findings.found.values())
    for found in BRACES.finditer(text) if is_readable else ():
        message = f"{found.group()} stands alone, and would be sent as it stands"
        mend = "take it out, or write {{ '{{' }} if it is meant"
        findings.at("LM606", file, *position(text, found.start()), message, mend)
    if inputs:
        single = re.compile(
            r"(?<![{\w$%])\{\s*(?P<name>" + "|".join(map(re.escape, inputs)) + r")(?:\.\w+)*\s*\}(?!\})"
        )
        for found in single.finditer(text):
            message = f"{found.group()} is in single braces, and would be sent as it stands"
            findings.at("LM606", file, *position(text, found.start()), message, f"write {{{found.group()}}}")
