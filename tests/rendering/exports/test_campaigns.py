"""The sample campaigns leave for every ESP whole: each part, in each engine, says what is rendered here."""

import json
from pathlib import Path

import pyarrow as pa
import pytest

from lettermill.rendering.exports.export import DIALECTS, export_parts, exported_campaign
from lettermill.rendering.exports.handover import Handover
from lettermill.rendering.jinja.frontend import plan_of
from lettermill.rendering.jinja.rowwise import run
from lettermill.rendering.jinja.sandbox import Sandbox
from lettermill.rendering.templates import load_template
from lettermill.settings import load_campaign
from tests.rendering.exports.customers import CUSTOMERS, SCHEMA
from tests.rendering.exports.engines import alike

CAMPAIGNS = Path(__file__).parents[3] / "campaigns"
NAMES = ["weekly_picks", "win_back"]


@pytest.fixture(scope="module", params=NAMES)
def template(request):
    campaign = load_campaign(request.param, folder=CAMPAIGNS)
    assert {*campaign.inputs} <= set(SCHEMA.names)
    return load_template(campaign, folder=CAMPAIGNS)


@pytest.fixture(scope="module")
def plans(template):
    types = {field.name: field.type for field in SCHEMA}
    return {
        part: plan_of(source, name=part, schema=types, autoescape=part == "html", partials=template.partials)
        for part, source in template.parts.items()
    }


def test_every_part_says_the_same_in_every_engine(template, plans, engines):
    wanted, printed = {}, {}

    for engine, (target, render) in engines.all().items():
        exports = export_parts(plans, to=target, schema=SCHEMA)
        handover = Handover(next(iter(exports.values())))
        for who, customer in CUSTOMERS.items():
            handed = handover.values(customer)
            assert handed.fault is None
            for part, source in template.parts.items():
                compiled = Sandbox(part, source=source, partials=template.partials).get_template(part)
                wanted[engine, who, part] = alike(run(compiled, customer).text, engine=engine)
                printed[engine, who, part] = alike(render(exports[part].source, handed.values), engine=engine)

    assert printed == wanted
    assert not any(text is None or "None" in text for text in wanted.values())


@pytest.mark.parametrize("target", list(DIALECTS))
def test_the_files_hold_each_part_and_every_attribute_it_reads(plans, target):
    files = exported_campaign(plans, to=target, schema=SCHEMA)

    suffix = DIALECTS[target].suffix
    assert set(files) == {*(f"{part}.{suffix}" for part in plans), "attributes.json"}
    told = json.loads(files["attributes.json"])
    exports = export_parts(plans, to=target, schema=SCHEMA)
    names = {one.name for one in next(iter(exports.values())).attributes}
    assert {one["name"] for one in told["attributes"]} == names
    assert [one["meaning"] for one in told["attributes"] if one["name"] == "first_name"] == ["given name"]
    assert exported_campaign(plans, to=target, schema=SCHEMA) == files


def test_lists_are_json_in_one_column_for_ampscript_and_html_for_hubl(plans):
    ampscript = export_parts(plans, to="ampscript", schema=SCHEMA)["html"]
    hubl = export_parts(plans, to="hubl", schema=SCHEMA)["html"]

    picks = Handover(ampscript).values(CUSTOMERS["lapsing"]).values["picks"]
    assert [pick["name"] for pick in json.loads(picks)] == ["Oat milk", "Rye <bread>", "Tea & honey"]
    assert "Rye &lt;bread&gt;" in Handover(hubl).values(CUSTOMERS["lapsing"]).values["picks_html"]
    assert all(not pa.types.is_list(SCHEMA.field("first_name").type) for _ in hubl.attributes)
