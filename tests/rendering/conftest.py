"""Templates written for a test, in a folder of their own."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from lettermill.rendering.languages import LANGUAGES
from lettermill.rendering.rowwise import renderer
from lettermill.rendering.templates import load_template

INPUTS = {
    "first_name": "string",
    "picks": "array<struct<name: string, price: decimal(12,2), url: string>>",
    "coupon": "struct<code: string, minimum: decimal(12,2), expires_on: date>",
    "locale": "string",
}
CORPORA = Path(__file__).resolve().parents[3] / "shared" / "corpora"


@pytest.fixture
def template_of(tmp_path):
    """Load a template from sources by part; other files by path. A mail is complete with a subject and html."""

    def load(
        *,
        files=None,
        inputs=INPUTS,
        link_parameters=None,
        whitespace="as_written",
        slots=None,
        language="jinja2",
        **sources,
    ):
        parts = {part: f"{part}.{LANGUAGES[language].ending}" for part in {"subject": "", "html": "", **sources}}
        written = {file: sources.get(part, "Hello") for part, file in parts.items()} | (files or {})
        for name, source in written.items():
            path = tmp_path / "spring" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(source, encoding="utf-8")
        declared = {name: SimpleNamespace(type=ddl) for name, ddl in inputs.items()}
        written = {
            "link_parameters": link_parameters or {},
            "whitespace": whitespace,
            "slots": slots or {},
            "language": language,
        }
        return load_template(SimpleNamespace(name="spring", parts=parts, inputs=declared, **written), folder=tmp_path)

    return load


@pytest.fixture
def rendered(template_of):
    """Render one part of a template made of one source."""

    def render(source, *, part="html", files=None, **inputs):
        return renderer(template_of(files=files, **{part: source})).render(inputs)

    return render
