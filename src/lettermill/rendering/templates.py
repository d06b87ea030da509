"""Templates: a campaign's files, checked, with CSS in their tags, under a version that is their content."""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa
from pyspark.sql import Column, DataFrame, SparkSession

from lettermill import tables
from lettermill.errors import TemplateError
from lettermill.rendering.declared import arrow_type
from lettermill.rendering.inlining import inlined
from lettermill.rendering.languages import Language, language_of
from lettermill.rendering.plan.reading import inputs_of
from lettermill.rendering.quotes import require_quotes
from lettermill.rendering.template_files import Files, source_of
from lettermill.rendering.text_part import text_source
from lettermill.rendering.tracking import with_parameters
from lettermill.rendering.whitespace import minified

PARTS = ("subject", "preheader", "html", "text")
REQUIRED = ("subject", "html")


class Declared(Protocol):
    """A declared input: its type, as Spark DDL."""

    @property
    def type(self) -> str: ...


class Definition(Protocol):
    """What a template needs to know of its campaign: `parts` name files, `inputs` what they may read, `slots` the
    blocks of the library that they may show; the rest says how its html is written anew when it is loaded."""

    @property
    def name(self) -> str: ...

    @property
    def parts(self) -> Mapping[str, str]: ...

    @property
    def inputs(self) -> Mapping[str, Any]: ...

    @property
    def slots(self) -> Mapping[str, Any]: ...

    @property
    def language(self) -> Language: ...

    @property
    def link_parameters(self) -> Mapping[str, str]: ...

    @property
    def whitespace(self) -> str: ...


@dataclass(frozen=True)
class Template:
    """One version of a campaign's template: `parts` and `partials` are compiled sources, `inputs` the paths they read.

    There always is a `text` part: the campaign's own, or one that is derived from the html.

    `version` is a sha256 over the sources, their language and the declared types, so equal content has one version
    anywhere.
    """

    campaign: str
    parts: Mapping[str, str]
    partials: Mapping[str, str]
    inputs: tuple[str, ...]
    version: str
    language: Language = "jinja2"

    def __hash__(self) -> int:
        return hash(self.version)


def load_template(campaign: Definition, *, folder: Path) -> Template:
    """Read and check the files of `<folder>/<campaign>/`, and the blocks of `<folder>/_blocks/` that they show.

    Raises TemplateError with file and line for a syntax error, an include that is not there, anything outside the
    template language, and an input or field that the campaign does not declare, with the nearest that it does; and
    for a slot that no part shows.
    """
    home = folder / campaign.name
    _check_parts(campaign.parts, place=str(home / "campaign.yml"))
    schema = _schema(campaign.inputs, place=str(home / "campaign.yml"))
    parts: dict[str, str] = {}
    partials: dict[str, str] = {}
    derived: dict[str, str] = {}
    paths: set[str] = set()
    unused = set(campaign.slots)
    language = language_of(campaign.language)
    for part in (part for part in PARTS if part in campaign.parts):
        file = campaign.parts[part]
        source = source_of(home, file)
        if source is None:
            raise TemplateError(
                f"the file of part {part!r} does not exist", place=str(home / file), mend="write it, or correct parts"
            )
        files = Files(home, slots=campaign.slots)
        is_html = part == "html"
        plan = language.plan_of(source, name=file, schema=schema, autoescape=is_html, partials=files)
        included = files.read
        if is_html:
            require_quotes(plan)
            linked = {
                name: with_parameters(content, campaign.link_parameters, file=name, call=language.with_query)
                for name, content in {**files.read, file: source}.items()
            }
            if "text" not in campaign.parts:
                derived["text"] = text_source(linked[file], file=file, partials=linked, language=campaign.language)
            source, included = inlined(linked.pop(file), file=file, partials=linked, comment=language.comment)
            if campaign.whitespace == "minified":
                source = minified(source, file=file)
                included = {name: minified(content, file=name) for name, content in included.items()}
        parts[part] = source
        partials = {**included, **partials} if part == "text" else {**partials, **included}
        paths |= set(inputs_of(plan, schema=schema))
        unused -= files.slots_read
    _require_slots(unused, place=str(home / "campaign.yml"))
    parts |= derived
    declared = {name: one.type for name, one in campaign.inputs.items()}
    version = _version(parts, partials, declared, language=campaign.language)
    return Template(campaign.name, parts, partials, tuple(sorted(paths)), version, campaign.language)


def template_rows(template: Template, *, spark: SparkSession, as_of: Column) -> DataFrame:
    """The row of `template` for rendering.templates."""
    schema = (
        "template_version string, campaign string, parts map<string, string>, partials map<string, string>, "
        "inputs array<string>, language string"
    )
    row = (
        template.version, template.campaign, dict(template.parts), dict(template.partials), list(template.inputs),
        template.language,
    )  # fmt: skip
    return (
        spark.createDataFrame([row], schema)
        .withColumn("first_used_at", as_of)
        .select(*tables.rendering.TEMPLATES.column_names)
    )


def stored_template(row: Any) -> Template:
    """The template of a row of rendering.templates, as it was compiled then."""
    parts = {part: row["parts"][part] for part in PARTS if part in row["parts"]}  # a stored map has no order
    language: Language = row["language"] or "jinja2"
    return Template(row["campaign"], parts, row["partials"], tuple(row["inputs"]), row["template_version"], language)


def _check_parts(parts: Mapping[str, str], *, place: str) -> None:
    unknown, absent = sorted(set(parts) - set(PARTS)), [part for part in REQUIRED if part not in parts]
    if unknown or absent:
        problem = f"unknown part {unknown[0]!r}" if unknown else f"a mail needs the part {absent[0]!r}"
        raise TemplateError(
            problem, place=place, mend=f"parts are {', '.join(PARTS)}; {' and '.join(REQUIRED)} must be there"
        )


def _require_slots(unused: Collection[str], *, place: str) -> None:
    for slot in sorted(unused):
        mend = f"write {{% include 'slots/{slot}.html.j2' %}} where it belongs, or take it out of slots"
        raise TemplateError(f"no part shows the slot {slot!r}", place=place, mend=mend)


def _schema(inputs: Mapping[str, Declared], *, place: str) -> dict[str, pa.DataType]:
    """The declared inputs as batches and templates have them."""
    types = {}
    for name, declared in inputs.items():
        try:
            types[name] = arrow_type(declared.type)
        except ValueError as error:
            mend = "write Spark DDL, such as array<struct<name: string>>"
            raise TemplateError(f"inputs.{name}.type is no type: {error}", place=place, mend=mend) from None
    return types


def _version(parts: Mapping[str, str], partials: Mapping[str, str], inputs: Mapping[str, str], *, language: str) -> str:
    content = {"inputs": dict(inputs), "language": language, "parts": dict(parts), "partials": dict(partials)}
    return sha256(json.dumps(content, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
