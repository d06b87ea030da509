"""Checks of a campaign's slots: each is shown by a part, and each of its blocks has that part."""

from collections.abc import Collection, Mapping

from lettermill.rendering.check.declarations import Definition, declared_at
from lettermill.rendering.check.findings import DEFINITION, Findings
from lettermill.rendering.content_blocks import LIBRARY, SLOTS, block_file, slot_of, slot_source

PARTS = ("subject", "preheader", "html", "text")


def slot_sources(campaign: Definition, files: Mapping[str, str]) -> dict[str, str]:
    """The templates of the campaign's slots by their names; without the blocks whose files are not among `files`."""
    return {
        f"{SLOTS}/{name}.{part}.j2": slot_source(
            name, [block for block in slot.shown if block_file(block, part) in files], part=part
        )
        for name, slot in campaign.slots.items()
        for part in PARTS
    }


def library_files(campaign: Definition, files: Mapping[str, str], library: Mapping[str, str]) -> dict[str, str]:
    """Of the library's files, those that the campaign's slots show and those that a file names, on and on."""
    blocks = [block for slot in campaign.slots.values() for block in slot.shown]
    taken = {name: library[name] for block in blocks for part in PARTS if (name := block_file(block, part)) in library}
    texts = [*files.values(), *taken.values()]
    while texts:
        text = texts.pop()
        for name in library:
            if name not in taken and (f"'{name}'" in text or f'"{name}"' in text):
                taken[name] = library[name]
                texts.append(library[name])
    return taken


def check_slots(campaign: Definition, files: Mapping[str, str], used: Collection[str], findings: Findings) -> None:
    """Look for slots that no part shows, and for blocks that lack a part which shows them; `used` are the files that
    parts reach."""
    shown = [found for file in used if (found := slot_of(file, campaign.slots))]
    yml = findings.files.get(DEFINITION, "")
    for name, slot in campaign.slots.items():
        at = declared_at(name, yml, under=SLOTS)
        if name not in [one for one, _ in shown]:
            mend = f"write {{% include 'slots/{name}.html.j2' %}} where it belongs, or take it out"
            findings.at("LM408", DEFINITION, *at, f"no part shows the slot {name}", mend)
        for part in sorted(part for one, part in shown if one == name):
            for block in slot.shown:
                if block_file(block, part) not in files:
                    problem = f"the slot {name} is in the {part}, and the block {block} has no {part}.j2"
                    mend = f"write {LIBRARY}/{block}/{part}.j2, or show another block"
                    findings.at("LM107", DEFINITION, *at, problem, mend)
