"""A campaign in Liquid in front of the commands: what the check says of it, and that it is not exported."""

import json

from lettermill.errors import TemplateError
from tests.cli.test_campaign_check import CAMPAIGN, FILES

YML = CAMPAIGN.replace(".j2", ".liquid") + "language: liquid\n"
LIQUID = {"spring/campaign.yml": YML} | {
    f"spring/{file.replace('.j2', '.liquid')}": text for file, text in FILES.items() if file != "campaign.yml"
}


def found(run_over, **changed):
    code, out, _ = run_over("campaign", "check", "spring", "--format", "json", files=LIQUID | changed)
    return code, [(one["rule"], one["file"], one["line"], one["message"][:25]) for one in json.loads(out)["findings"]]


def test_the_check_says_what_it_does_not_look_at_and_tells_what_the_engine_refuses(run_over):
    note = ("LM409", "campaign.yml", 9, "templates in Liquid are c")

    assert found(run_over) == (0, [note])
    broken = found(run_over, **{"spring/body.txt.liquid": "Hello\n{{ frist_name }}"})
    assert broken == (1, [note, ("LM110", "body.txt.liquid", 2, "'frist_name' is not decla")])


def test_what_would_mean_something_else_elsewhere_is_not_exported(run_over, tmp_path):
    _, _, error = run_over("campaign", "export", "spring", "--to", "hubl", "--out", str(tmp_path / "out"), files=LIQUID)

    assert isinstance(error, TemplateError)
    assert "spring is written in Liquid, which is not exported" in str(error)
