"""`lettermill campaign export`: a campaign's parts in the language of a provider that renders them itself."""

from pathlib import Path
from typing import Annotated, Literal

import pyarrow as pa
import typer

from lettermill.errors import TemplateError
from lettermill.rendering.declared import arrow_type
from lettermill.rendering.exports.export import exported_campaign
from lettermill.rendering.jinja.frontend import plan_of
from lettermill.rendering.plan.nodes import Plan
from lettermill.rendering.templates import Template, load_template
from lettermill.settings import PACKAGED, load, load_campaign

INSTALLED = Path(str(PACKAGED))
Target = Literal["ampscript", "braze", "hubl", "handlebars"]


def export(
    name: Annotated[str, typer.Argument(help="the campaign: a folder of campaigns/")],
    to: Annotated[Target, typer.Option("--to", help="the language to write")],
    out: Annotated[Path | None, typer.Option("--out", help="folder; var/export/NAME/TARGET if not given")] = None,
    env: Annotated[str, typer.Option("--env", help="environment: a file of conf")] = "local",
    conf: Annotated[Path, typer.Option("--conf", help="folder of base.yml and <env>.yml")] = INSTALLED,
) -> None:
    """Write a campaign's parts as AMPscript, Braze Liquid, HubL or Handlebars, with the attributes that they need.

    Every construct that the language cannot say is named with its file and line, and nothing is written then.
    """
    folder = load(env, conf=conf).campaigns.folder
    campaign = load_campaign(name, folder=folder)
    template = load_template(campaign, folder=folder)
    schema = pa.schema(
        [
            pa.field(one, arrow_type(declared.type), metadata={"meaning": declared.meaning})
            for one, declared in campaign.inputs.items()
        ]
    )
    files = exported_campaign(plans(template, schema), to=to, schema=schema)
    home = out or Path("var/export") / name / to
    home.mkdir(parents=True, exist_ok=True)
    for file, text in files.items():
        (home / file).write_text(text, encoding="utf-8")
    typer.echo(f"wrote {', '.join(files)} to {home}; docs/exports.md says how attributes.json is uploaded")


def plans(template: Template, schema: pa.Schema) -> dict[str, Plan]:
    """The plan of each part. Raises TemplateError for a campaign in Liquid, whose meanings the exports do not know."""
    if template.language != "jinja2":
        mend = "write the campaign in Jinja2, or copy its Liquid to the ESP by hand"
        raise TemplateError(f"{template.campaign} is written in Liquid, which is not exported", mend=mend)
    types = {field.name: field.type for field in schema}
    return {
        part: plan_of(source, name=part, schema=types, autoescape=part == "html", partials=template.partials)
        for part, source in template.parts.items()
    }
