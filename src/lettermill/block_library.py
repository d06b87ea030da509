"""The library of content blocks as a person looks at it: what each is, who shows it, and how it looks there."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from lettermill.campaigns.definition import Campaign, Input
from lettermill.chromium import Camera, find_chromium, pictures
from lettermill.errors import ConfigError
from lettermill.monitoring import wording
from lettermill.monitoring.mails import data_uri, self_contained
from lettermill.monitoring.page import page_sources
from lettermill.previewing import LABELS, WIDTHS
from lettermill.rendering.block_template import block_template
from lettermill.rendering.content_blocks import LIBRARY, Block, block_version
from lettermill.rendering.declared import arrow_type
from lettermill.rendering.languages import LANGUAGES
from lettermill.rendering.pages import render_page
from lettermill.rendering.preview.blocks_page import Library, Shown, Use, View, blocks_source
from lettermill.rendering.preview.given import given_inputs
from lettermill.rendering.preview.page import Screen
from lettermill.rendering.preview.variations import sample
from lettermill.rendering.rowwise import renderer
from lettermill.rendering.templates import PARTS
from lettermill.settings import Settings, load_blocks, load_campaign


def library_of(settings: Settings, *, only: Sequence[str] = ()) -> Library:
    """The blocks, all or those named, without their looks. Raises ConfigError for a block that is not there."""
    folder = settings.campaigns.folder
    blocks = load_blocks(folder=folder)
    unknown = [name for name in only if name not in blocks]
    if unknown:
        mend = f"blocks here: {', '.join(blocks) or 'none'}"
        raise ConfigError(f"no block {unknown[0]!r}", place=str(folder / LIBRARY), mend=mend)
    campaigns, notes = _campaigns(folder)
    shown = tuple(_shown(block, campaigns, folder) for name, block in blocks.items() if name in (only or blocks))
    return Library(settings.campaigns.shop["name"], shown, tuple(notes))


def with_looks(library: Library, *, settings: Settings) -> Library:
    """Render each block with its sample, or with made-up inputs, in the style of each campaign that shows it.

    Raises TemplateError where a block does not compile or reads what its block.yml does not declare.
    """
    folder = settings.campaigns.folder
    sources = {f"{LIBRARY}/{name}": text for name, text in _templates(folder / LIBRARY).items()}
    images = {file.name: data_uri(file.name, file.read_bytes()) for file in settings.landing.glob("images/*.*")}
    blocks = load_blocks(folder=folder)
    looked = []
    for shown in library.blocks:
        block = blocks[shown.name]
        inputs, came_from = _inputs(block, folder)
        styles = dict.fromkeys(use.campaign for use in shown.uses) or {"": None}
        views = tuple(_view(block, style, inputs, sources, images, folder) for style in styles)
        looked.append(replace(shown, sample=came_from, views=views))
    return replace(library, blocks=tuple(looked))


def with_block_pictures(library: Library, *, folder: Path) -> Library:
    """Take pictures of each block, at each width, light and dark, where there is a Chromium; else note that.

    Raises PlatformError where Chromium is there and fails.
    """
    program = find_chromium()
    if program is None:
        return replace(library, notes=(*library.notes, "No Chromium on this machine, so there are no pictures."))
    folder.mkdir(parents=True, exist_ok=True)
    pages = {view.name: view.page for block in library.blocks for view in block.views if view.page}
    with Camera(program) as camera:
        taken = pictures(pages, folder=folder, widths=WIDTHS, camera=camera) if pages else {}
    blocks = (
        replace(block, views=tuple(_pictured(view, taken.get(view.name, {})) for view in block.views))
        for block in library.blocks
    )
    return replace(library, blocks=tuple(blocks))


def write_library(library: Library, *, folder: Path) -> Path:
    """Write `<block>-<campaign>.html` of each look, and index.html with everything in it. Returns the index."""
    folder.mkdir(parents=True, exist_ok=True)
    for block in library.blocks:
        for view in block.views:
            if view.page:
                (folder / f"{view.name}.html").write_bytes(view.page.encode())
    index = folder / "index.html"
    page = render_page(blocks_source(), partials=page_sources()[1], context={"library": library, "words": wording})
    index.write_bytes(page.encode())
    return index


def _campaigns(folder: Path) -> tuple[list[Campaign], list[str]]:
    """The campaigns, and a note on each that cannot be read."""
    campaigns, notes = [], []
    for file in sorted(folder.glob("*/campaign.yml")):
        try:
            campaigns.append(load_campaign(file.parent.name, folder=folder))
        except ConfigError as error:
            notes.append(f"{file.parent.name} cannot be read, so what it shows is not told: {error.problem}")
    return campaigns, notes


def _shown(block: Block, campaigns: Sequence[Campaign], folder: Path) -> Shown:
    files = _templates(folder / LIBRARY / block.name)
    parts = tuple(part for part in PARTS if any(f"{part}.{one.ending}" in files for one in LANGUAGES.values()))
    uses = tuple(use for campaign in campaigns for use in _uses(block.name, campaign, folder))
    return Shown(block.name, block.description, block_version(files), block.tags, block.inputs, parts, uses)


def _uses(block: str, campaign: Campaign, folder: Path) -> Iterator[Use]:
    for name, slot in campaign.slots.items():
        if block in slot.shown:
            yield Use(campaign.name, name, slot.choose)
    if any(f"{LIBRARY}/{block}/" in text for text in _templates(folder / campaign.name).values()):
        yield Use(campaign.name)


def _templates(home: Path) -> dict[str, str]:
    """The templates below a folder by their paths in it."""
    files = [path for one in LANGUAGES.values() for path in sorted(home.rglob(f"*.{one.ending}"))]
    return {path.relative_to(home).as_posix(): path.read_text(encoding="utf-8") for path in files}


def _inputs(block: Block, folder: Path) -> tuple[dict[str, Any], str]:
    """What the block is shown with, and where that comes from."""
    if block.sample is None:
        return {name: sample(arrow_type(ddl), name) for name, ddl in block.inputs.items()}, "made-up inputs"
    file = folder / LIBRARY / block.name / block.sample
    try:
        document = json.loads(file.read_text(encoding="utf-8"), parse_float=Decimal)
    except (OSError, ValueError) as error:
        mend = "write one JSON object, input -> value, or take `sample` out of block.yml"
        raise ConfigError(f"the sample cannot be read: {error}", place=str(file), mend=mend) from None
    declared = {name: Input(ddl, name, missing="default") for name, ddl in block.inputs.items()}
    return given_inputs(document, declared=declared, general={}, place=str(file)), block.sample


def _view(
    block: Block,
    style: str,
    inputs: Mapping[str, Any],
    sources: Mapping[str, str],
    images: Mapping[str, str],
    folder: Path,
) -> View:
    styled_by = ""
    if style:
        html = load_campaign(style, folder=folder).parts["html"]
        styled_by = (folder / style / html).read_text(encoding="utf-8")
    rendered = renderer(block_template(block, library=sources, styled_by=styled_by)).render(inputs)
    html = rendered.parts.get("html", "")
    return View(
        name=f"{block.name}-{style}" if style else block.name,
        style=style,
        page=self_contained(html, images=images) if html else "",
        texts={part: text for part, text in rendered.parts.items() if part != "html"},
        fault=f"{rendered.fault_part}: {rendered.fault}" if rendered.fault else None,
    )


def _pictured(view: View, files: Mapping[str, Path]) -> View:
    screens = (
        Screen(LABELS[look], WIDTHS[look.partition("-")[0]], data_uri(file.name, file.read_bytes()))
        for look, file in files.items()
    )
    return replace(view, screens=tuple(screens))
