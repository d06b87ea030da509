"""A mail: the parts of one template, compiled against the types of its inputs and rendered batch by batch."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from lettermill.rendering.columnar.frames import Program
from lettermill.rendering.columnar.values import Mask, Rows, ragged
from lettermill.rendering.compiled import Renderer, compile_template
from lettermill.rendering.links import LinkedLibrary, guarded, link_fault
from lettermill.rendering.measures import Foreknown, foreknown
from lettermill.rendering.plan.branches import null_printed
from lettermill.rendering.templates import Template

HEADERS = ("subject", "preheader")
LINE_BREAK = "[\\x00\n\v\f\r\x1c-\x1e\\x{85}\\x{2028}\\x{2029}]"
MISSING = "missing"
NULL = ".null("  # in the branch id that a printed null leaves


@dataclass(frozen=True)
class Mails:
    """What messages came to, row for row.

    `parts`: texts by part, null in every part of a faulty message. `fault` and `fault_part`: null where it is fine.
    `branches`: the ids that a message came through, part by part, until its fault. `known` is what the template
    tells of all of them.
    """

    parts: Mapping[str, pa.StringArray]
    fault: pa.StringArray
    fault_part: pa.StringArray
    branches: pa.ListArray
    known: Foreknown = field(default_factory=Foreknown)


@dataclass(frozen=True)
class Part:
    """One part of a mail, and what its text must not be."""

    name: str
    renderer: Renderer
    is_every_page_checked: bool = False

    def render(self, batch: pa.RecordBatch) -> tuple[pa.StringArray, pa.StringArray, pa.ListArray]:
        """Texts, faults and branch ids of a batch; a null that was printed is a fault here."""
        rendered = self.renderer.render(batch)
        branches, nulls = _without_nulls(rendered.branches)
        fault = pc.coalesce(nulls, rendered.fault, self.refused(rendered.text))
        return rendered.text, fault, branches

    def refused(self, texts: pa.StringArray) -> pa.StringArray:
        """Why texts must not leave as this part, null where they may."""
        if self.name in HEADERS:
            broken = pc.match_substring_regex(texts, LINE_BREAK)
            if pc.any(broken).as_py():
                return pc.if_else(broken, f"a line break in the {self.name}", pa.scalar(None, pa.string()))
        if self.is_every_page_checked:
            return pa.array([text and link_fault(text) for text in texts.to_pylist()], pa.string())
        return pa.nulls(len(texts), pa.string())


class Mail:
    """A template's parts, ready to render. Building one costs a compilation; use `mail`, which keeps it."""

    def __init__(self, template: Template, inputs: pa.StructType) -> None:
        fields = [inputs.field(place) for place in range(inputs.num_fields)]
        self.schema = pa.schema([*fields, pa.field(MISSING, pa.list_(pa.string()))])
        self.parts = tuple(_part(name, template, self.schema) for name in template.parts)
        html = next((part.renderer.plan.body for part in self.parts if part.name == "html"), ())
        self.known = foreknown((*template.parts.values(), *template.partials.values()), html)

    def batch(self, inputs: pa.StructArray, missing: pa.ListArray) -> pa.RecordBatch:
        """The inputs of messages as the parts read them."""
        return pa.RecordBatch.from_arrays([*inputs.flatten(), missing.cast(pa.list_(pa.string()))], schema=self.schema)

    def render(self, inputs: pa.StructArray, missing: pa.ListArray) -> Mails:
        """Render messages from their inputs; `missing` lists the paths that their sources did not have."""
        batch = self.batch(inputs, missing)
        texts: dict[str, pa.StringArray] = {}
        fault, fault_part = pa.nulls(len(inputs), pa.string()), pa.nulls(len(inputs), pa.string())
        branches: list[pa.ListArray] = []
        living: list[Mask | None] = []
        for part in self.parts:
            living.append(fault.is_null().to_numpy(zero_copy_only=False) if fault.null_count < len(fault) else None)
            texts[part.name], faults, ids = part.render(batch)
            branches.append(ids)
            if faults.null_count < len(faults):
                first = pc.and_(fault.is_null(), faults.is_valid())
                fault, fault_part = pc.coalesce(fault, faults), pc.if_else(first, part.name, fault_part)
        if fault.null_count < len(fault):
            fine = fault.is_null()
            texts = {name: pc.if_else(fine, text, pa.scalar(None, pa.string())) for name, text in texts.items()}
        return Mails(texts, fault, fault_part, _joined(branches, living), self.known)


@lru_cache(maxsize=16)
def mail(template: Template, inputs: pa.StructType) -> Mail:
    """The template's mail: a worker compiles a template once, not once per batch."""
    return Mail(template, inputs)


def _part(name: str, template: Template, schema: pa.Schema) -> Part:
    renderer = compile_template(
        template.parts[name],
        language=template.language,
        schema=schema,
        autoescape=name == "html",
        partials=template.partials,
        missing=MISSING,
        name=name,
    )
    if name != "html":
        return Part(name, renderer)
    plan = guarded(renderer.plan)
    if plan is None:
        return Part(name, renderer, is_every_page_checked=True)
    program = Program(plan, LinkedLibrary(renderer.program.library), renderer.program.autoescape)
    return Part(name, replace(renderer, plan=plan, program=program))


def _without_nulls(branches: pa.ListArray) -> tuple[pa.ListArray, pa.StringArray]:
    """The branch ids without those of printed nulls, and the fault that the first of these is."""
    ids = branches.flatten()
    is_null = pc.match_substring(ids, NULL)
    if not pc.any(is_null).as_py():
        return branches, pa.nulls(len(branches), pa.string())
    gone = is_null.to_numpy(zero_copy_only=False)
    rows = pc.list_parent_indices(branches).to_numpy()
    faults: list[str | None] = [None] * len(branches)
    for row, branch in zip(rows[gone], ids.filter(is_null).to_pylist(), strict=True):
        words, place = null_printed(branch) or ("", "")
        faults[row] = faults[row] or f"{words} is null and was printed, at {place}"
    lengths = np.bincount(rows[~gone], minlength=len(branches))
    return _lists(lengths, ids.filter(pc.invert(is_null))), pa.array(faults, pa.string())


def _joined(lists: Sequence[pa.ListArray], living: Sequence[Mask | None]) -> pa.ListArray:
    """The lists of each row, one after the other, as far as the row was living."""
    starts, lengths = [], []
    base = 0
    for one, alive in zip(lists, living, strict=True):
        offsets = one.offsets.to_numpy().astype(np.int64)
        counted = np.diff(offsets)
        starts.append(offsets[:-1] + base)
        lengths.append(counted if alive is None else np.where(alive, counted, 0))
        base += len(one.values)
    total = np.sum(lengths, axis=0)
    place = np.concatenate(([0], np.cumsum(total)))[:-1]
    source: Rows = np.empty(int(total.sum()), np.int64)
    for start, length in zip(starts, lengths, strict=True):
        source[ragged(place, length)] = ragged(start, length)
        place = place + length
    return _lists(total, pa.concat_arrays([one.values for one in lists]).take(pa.array(source)))


def _lists(lengths: Rows, values: pa.Array) -> pa.ListArray:
    offsets = np.concatenate(([0], np.cumsum(lengths))).astype(np.int32)
    return pa.ListArray.from_arrays(pa.array(offsets), values)
