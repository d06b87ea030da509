"""The check of a whole campaign: declarations, templates, html, headers."""

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import pyarrow as pa

from lettermill.errors import TemplateError
from lettermill.rendering.check.conditions import Conditions
from lettermill.rendering.check.declarations import Definition, Known, declared, declared_at
from lettermill.rendering.check.facts import Facts
from lettermill.rendering.check.findings import DEFINITION, Finding, Findings
from lettermill.rendering.check.flow import Flow
from lettermill.rendering.check.headers import check_header
from lettermill.rendering.check.html import UNSUBSCRIBE, Mail, check_html
from lettermill.rendering.check.jinja import lenient_plan
from lettermill.rendering.check.leftovers import check_leftovers
from lettermill.rendering.check.recovery import mended
from lettermill.rendering.check.sizes import Sizes
from lettermill.rendering.check.slots import check_slots, slot_sources
from lettermill.rendering.check.values import Value, of_input
from lettermill.rendering.content_blocks import LIBRARY, SLOTS
from lettermill.rendering.inlining import inlined
from lettermill.rendering.plan.nodes import Loop, Place, Plan
from lettermill.rendering.plan.walking import walk

PARTS = ("subject", "preheader", "html", "text")
REQUIRED = ("subject", "html")
HEADERS = ("subject", "preheader")
CLIPS = 102 * 1024
"""Bytes of html from which on Gmail hides the rest."""


@dataclass
class Checker:
    """One check: the campaign, its files, and what is found on the way."""

    campaign: Definition
    findings: Findings
    inputs: dict[str, Known]
    sources: dict[str, str] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)
    read: set[str] = field(default_factory=set)
    doubts: dict[str, Place] = field(default_factory=dict)

    @property
    def schema(self) -> dict[str, pa.DataType]:
        return {name: known.type for name, known in self.inputs.items()}

    @property
    def values(self) -> dict[str, Value]:
        return {name: of_input(known) for name, known in self.inputs.items()}


def check_campaign(campaign: Definition, files: Mapping[str, str]) -> tuple[Finding, ...]:
    """Every finding about a campaign, sorted by file and line; none for one that is fine.

    `files` are the texts of the campaign's folder by their paths in it, campaign.yml among them, and the library's, by
    `_blocks/<block>/<part>.j2`. A template with mistakes is no error here: what can be read of it is checked.
    """
    findings = Findings(files, campaign.parts)
    checker = Checker(campaign, findings, declared(campaign, findings))
    _read_files(checker, files)
    plans = {part: _planned(part, checker) for part in PARTS if campaign.parts.get(part) in checker.sources}
    _check_parts(checker)
    check_slots(campaign, files, checker.used, findings)
    conditions = Conditions(findings)
    silent = Findings(files, campaign.parts)
    for plan in plans.values():  # what one part doubts is doubted in all, so that the first walk only listens
        Flow(checker.values, plan, silent, checker.doubts, Conditions(silent)).walk()
    for part, plan in plans.items():
        flow = Flow(checker.values, plan, findings, checker.doubts, conditions)
        flow.walk()
        checker.read |= flow.read
        _check_part(part, plan, flow, checker)
    conditions.report()
    _check_unused(checker)
    return findings.sorted


def check_otherwise(campaign: Definition, files: Mapping[str, str]) -> tuple[Finding, ...]:
    """The same of a campaign that is not in Jinja2: its declarations. Its templates are for the engine to check, which
    knows syntax, files, inputs and fields, and neither types nor nulls nor html."""
    findings = Findings(files, campaign.parts)
    declared(campaign, findings)
    at = declared_at("", files.get(DEFINITION, ""), under="language")
    message = "templates in Liquid are checked for syntax, files, inputs and fields, not for types, nulls and html"
    findings.at("LM409", DEFINITION, *at, message, "look at `lettermill campaign preview --every-branch`")
    return findings.sorted


def _read_files(checker: Checker, files: Mapping[str, str]) -> None:
    """Mend the templates of the folder; what cannot be read is told of those that parts reach."""
    files = {**files, **slot_sources(checker.campaign, files)}
    checker.used |= _reached(checker.campaign.parts.values(), files)
    for file, source in files.items():
        if file == DEFINITION:
            continue
        checker.sources[file], problems = mended(source.replace("\r\n", "\n"), file=file)
        for one in problems if file in checker.used else ():
            rule = "LM106" if one.unknown_tag else "LM101"
            checker.findings.at(rule, file, one.line, one.column, one.message, one.suggestion)


def _reached(parts: Iterable[str], files: Mapping[str, str]) -> set[str]:
    """The files of the parts, and those that they name in quotes."""
    reached: set[str] = set()
    open_ends = [file for file in parts if file in files]
    while open_ends:
        file = open_ends.pop()
        if file not in reached:
            reached.add(file)
            open_ends += [name for name in files if f"'{name}'" in files[file] or f'"{name}"' in files[file]]
    return reached


def _planned(part: str, checker: Checker) -> Plan:
    file = checker.campaign.parts[part]
    plan, problems = lenient_plan(
        checker.sources[file], part=part, file=file, schema=checker.schema, partials=checker.sources
    )
    for one in problems:
        checker.findings.add(one.rule, checker.findings.at_word(one.place, one.word), one.message, one.suggestion)
    return plan


def _check_parts(checker: Checker) -> None:
    parts, findings = checker.campaign.parts, checker.findings
    yml = findings.files.get(DEFINITION, "")
    at_parts = declared_at("", yml, under="parts")
    for part in parts:
        if part not in PARTS:
            near = difflib.get_close_matches(part, PARTS, n=1)
            mend = f"did you mean {near[0]!r}?" if near else f"parts are {', '.join(PARTS)}"
            findings.at("LM407", DEFINITION, *declared_at(part, yml, under="parts"), f"unknown part {part!r}", mend)
    for part in REQUIRED:
        if part not in parts:
            findings.at(
                "LM407", DEFINITION, *at_parts, f"a mail needs the part {part!r}", f"add {part}: {part}.j2 to parts"
            )
    for part, file in parts.items():
        if file not in checker.sources:
            near = difflib.get_close_matches(file, checker.sources, n=1)
            at = declared_at(part, yml, under="parts")
            mend = f"did you mean {near[0]!r}?" if near else "write it, or correct parts"
            findings.at("LM107", DEFINITION, *at, f"the file {file!r} of part {part!r} is not there", mend)
    if "text" not in parts:
        mend = "write one where the order of reading matters"
        findings.at("LM601", DEFINITION, *at_parts, "there is no text part: it is derived from the html", mend)
    if "preheader" not in parts:
        mend = "add a part preheader of 40 to 90 characters"
        message = "there is no preheader: inboxes show the first words of the mail behind the subject"
        findings.at("LM602", DEFINITION, *at_parts, message, mend)


def _check_part(part: str, plan: Plan, flow: Flow, checker: Checker) -> None:
    findings, file = checker.findings, checker.campaign.parts[part]
    reached = [findings.file_of(node.place) for node in walk(*plan.body) if node.place.line]
    sources = {name: findings.files[name] for name in dict.fromkeys((file, *reached)) if name in findings.files}
    if part == "html":
        unsubscribe = _paths_with(UNSUBSCRIBE, checker.schema)
        check_html(Mail(file, sources, flow.shown, plan.body), findings, unsubscribe=unsubscribe)
        _check_size(flow, checker)
    if part in HEADERS:
        check_header(part, plan.body, flow.shown, findings)
    for name, source in sources.items():
        check_leftovers(name, source, findings, is_html=part == "html", inputs=[*checker.schema])


def _paths_with(word: str, schema: Mapping[str, pa.DataType]) -> list[str]:
    """The inputs, and fields of inputs, whose name holds a word."""
    paths = [name for name in schema if word in name]
    for name, type_ in schema.items():
        if pa.types.is_struct(type_):
            paths += [f"{name}.{one.name}" for one in type_ if word in one.name]
    return paths


def _check_size(flow: Flow, checker: Checker) -> None:
    """Estimate the html as it is sent, with its CSS in its tags."""
    file = checker.campaign.parts["html"]
    if checker.findings.has("LM101", "LM106", "LM107", "LM108"):
        return
    try:
        source, partials = inlined(checker.sources[file], file=file, partials=checker.sources)
    except TemplateError as error:
        name, _, line = error.place.partition(":")
        checker.findings.at("LM110", name, int(line or 1), 1, error.problem, error.mend)
        return
    plan, _ = lenient_plan(source, part="html", file=file, schema=checker.schema, partials=partials)
    silent = Findings({}, checker.campaign.parts)
    measured = Flow(flow.inputs, plan, silent, dict(checker.doubts), Conditions(silent))
    measured.walk()
    limits = {
        loop.loop: known.limit
        for loop in walk(*plan.body)
        if isinstance(loop, Loop)
        for known in checker.inputs.values()
        if known.limit is not None and known.name == measured.inference.value(loop.items, Facts()).path
    }
    sizes = Sizes({one.place: one for one in measured.shown}, limits).longest(plan.body)
    if sizes.total() > CLIPS:
        place, most = max(sizes.items(), key=lambda pair: pair[1])
        largest = checker.findings.file_of(Place(place, 1))
        message = (
            f"the html may take {sizes.total() / 1024:.0f} KB, {most / 1024:.0f} of them by {largest}; "
            f"Gmail hides what comes behind {CLIPS // 1024} KB, the unsubscribe link with it"
        )
        checker.findings.at("LM508", largest, 1, 1, message, "show fewer items, or take styles and markup out")


def _check_unused(checker: Checker) -> None:
    findings = checker.findings
    if findings.has("LM101", "LM106", "LM107", "LM108"):
        return  # what cannot be read may read it
    yml = findings.files.get(DEFINITION, "")
    misspelt = [one.suggestion for one in findings.found.values() if one.rule == "LM102"]
    known = checker.read | ({SLOTS} if checker.campaign.slots else set())  # a slot not shown is a finding of its own
    for name in checker.inputs:
        if name not in known and not any(f"did you mean {name!r}" in suggestion for suggestion in misspelt):
            at = declared_at(name, yml, under="inputs")
            findings.at("LM405", DEFINITION, *at, f"no part reads {name}", "take it out of inputs, or use it")
    for file in sorted(checker.sources):
        if file not in checker.used and file.endswith(".j2") and not file.startswith((f"{LIBRARY}/", f"{SLOTS}/")):
            findings.at("LM406", file, 0, 0, "no part is, includes or imports this file", "delete it, or include it")
