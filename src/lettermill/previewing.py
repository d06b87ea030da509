"""Writing a preview: each persona's mail as html, text and pictures, and the index page."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from lettermill.campaigns.definition import Campaign
from lettermill.chromium import Camera, find_chromium, pictures
from lettermill.code_version import fingerprint
from lettermill.monitoring import wording
from lettermill.monitoring.mails import data_uri, self_contained
from lettermill.monitoring.page import page_sources
from lettermill.personas import Persona
from lettermill.rendering.declared import arrow_type
from lettermill.rendering.engine import engine_fingerprint
from lettermill.rendering.pages import render_page
from lettermill.rendering.preview.branches import branches_of, line_of, plans_of
from lettermill.rendering.preview.page import Mail, Preview, Screen, Taken, page_context, page_source
from lettermill.rendering.rowwise import renderer
from lettermill.rendering.templates import Template
from lettermill.settings import Settings

WIDTHS = {"phone": 390, "desktop": 800}
LABELS = {
    "phone-light": "Phone, light", "phone-dark": "Phone, dark", "desktop-light": "Desktop, light",
    "desktop-dark": "Desktop, dark",
}  # fmt: skip


@dataclass(frozen=True)
class Subject:
    """A persona to preview, and where a test mail to it would go."""

    persona: Persona
    to: str = ""


def preview_of(
    subjects: Iterable[Subject],
    *,
    campaign: Campaign,
    template: Template,
    settings: Settings,
    kind: str,
    notes: Sequence[str] = (),
) -> Preview:
    """Render the personas under the template as it is; nothing is written yet."""
    images = {file.name: data_uri(file.name, file.read_bytes()) for file in settings.landing.glob("images/*.*")}
    shown: set[str] = set()
    mails = []
    for subject in subjects:
        mail = _mail(subject, template, images, shown)
        shown |= {one.branch for one in mail.branches}
        mails.append(mail)
    types = {name: arrow_type(one.type) for name, one in campaign.inputs.items()}
    branches = branches_of(plans_of(template, types=types))
    shop = settings.campaigns.shop
    return Preview(
        campaign=campaign.name,
        kind=kind,
        shop=shop["name"],
        sender=f"{shop['name']} <{shop['support_email']}>",
        template_version=template.version,
        engine=engine_fingerprint(fingerprint("rendering")),
        mails=tuple(mails),
        branches=len(branches),
        unreached=tuple(_taken(one, template, shown) for one in branches if one not in shown)
        if kind == "every branch"
        else (),
        notes=tuple(notes),
    )


def write_preview(preview: Preview, *, folder: Path) -> Path:
    """Write `<name>.html` and `<name>.txt` of each mail, and index.html with everything in it. Returns the index."""
    folder.mkdir(parents=True, exist_ok=True)
    for mail in preview.mails:
        if mail.fault is None:
            (folder / f"{mail.name}.html").write_bytes(mail.page.encode())
            (folder / f"{mail.name}.txt").write_bytes(mail.text.encode())
    index = folder / "index.html"
    words = page_context(preview, words=wording)
    page = render_page(page_source(), partials=page_sources()[1], context=words)
    index.write_bytes(page.encode())
    return index


def with_pictures(preview: Preview, *, folder: Path) -> Preview:
    """Take pictures of each mail, at each width, light and dark, where there is a Chromium; else note that.

    Raises PlatformError where Chromium is there and fails.
    """
    program = find_chromium()
    if program is None:
        return replace(preview, notes=(*preview.notes, "No Chromium on this machine, so there are no pictures."))
    folder.mkdir(parents=True, exist_ok=True)
    pages = {mail.name: mail.page for mail in preview.mails if mail.fault is None}
    with Camera(program) as camera:
        taken = pictures(pages, folder=folder, widths=WIDTHS, camera=camera) if pages else {}
    return replace(preview, mails=tuple(_pictured(mail, taken.get(mail.name, {})) for mail in preview.mails))


def _pictured(mail: Mail, files: Mapping[str, Path]) -> Mail:
    screens = (
        Screen(LABELS[view], WIDTHS[view.partition("-")[0]], data_uri(file.name, file.read_bytes()))
        for view, file in files.items()
    )
    return replace(mail, screens=tuple(screens))


def _mail(subject: Subject, template: Template, images: Mapping[str, str], shown: set[str]) -> Mail:
    persona = subject.persona
    rendered = renderer(template).render(persona.inputs)
    parts = rendered.parts
    html = parts.get("html", "")
    return Mail(
        name=persona.name,
        came_from=persona.came_from,
        subject=parts.get("subject", ""),
        preheader=parts.get("preheader", "").strip(),
        page=self_contained(html, images=images) if html else "",
        text=parts.get("text", ""),
        html_bytes=len(html.encode()),
        text_bytes=len(parts.get("text", "").encode()),
        branches=tuple(_taken(branch, template, shown) for branch in rendered.branches),
        inputs=json.dumps(dict(persona.inputs), indent=2, ensure_ascii=False, default=_plain),
        to=subject.to,
        fault=f"{rendered.fault_part}: {rendered.fault}" if rendered.fault else None,
    )


def _taken(branch: str, template: Template, shown: set[str]) -> Taken:
    return Taken(branch, line_of(branch, template) or "", is_new=branch not in shown)


def _plain(value: Any) -> str:
    return str(value)
