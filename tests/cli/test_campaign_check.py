"""`lettermill campaign check`: what a person, a script and a CI server get to see."""

import json
import re
from io import StringIO
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from rich.console import Console
from typer.testing import CliRunner

from lettermill.cli.campaign_check import checked
from lettermill.cli.check_text import write_text
from lettermill.cli.main import app
from lettermill.errors import TemplateError
from lettermill.rendering.check.rules import RULES
from lettermill.rendering.templates import load_template
from lettermill.settings import load_campaign

CAMPAIGN = """description: Spring is here
audience: "true"
experiment: {name: spring}
parts: {subject: subject.j2, preheader: preheader.j2, html: body.html.j2, text: body.txt.j2}
slate: {size: 1, reason: "''"}
inputs:
  first_name: {type: string, value: first_name, missing: default}
  links: {type: "struct<unsubscribe: string>", value: links}
"""
FILES = {
    "campaign.yml": CAMPAIGN,
    "subject.j2": "Spring",
    "preheader.j2": "It is here",
    "body.html.j2": '<html lang="en"><title>Spring</title><a href="{{ links.unsubscribe }}">Unsubscribe</a></html>',
    "body.txt.j2": "Hello{% if first_name %} {{ first_name }}{% endif %}",
}
BROKEN = {
    "body.txt.j2": "Hello,\n  dear {{ frist_name }}",
    "subject.j2": "Hi {{ first_name | upper }}{% if first_name %}!{% endif %}",
}


@pytest.fixture
def shop(tmp_path):
    """Write a campaign and a conf that leads to it; returns a function that checks by the command."""
    folder = tmp_path / "campaigns"
    conf = tmp_path / "conf"
    conf.mkdir()
    base = Path("src/lettermill/conf/base.yml").read_text()
    (conf / "base.yml").write_text(re.sub(r"(?m)^  folder: campaigns$", f"  folder: {folder}", base))
    for name in ("local.yml", "sources.yml"):
        (conf / name).write_text(Path("src/lettermill/conf", name).read_text())

    def check(*arguments, name="spring", files=None):
        for file, content in {**FILES, **(files or {})}.items():
            path = folder / "spring" / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
        ran = CliRunner().invoke(app, ["campaign", "check", name, "--conf", str(conf), *arguments])
        return ran.exit_code, ran.stdout.replace(str(folder), "campaigns")

    check.folder = folder
    return check


def test_a_campaign_in_order_is_one_line_and_exit_code_0(shop):
    assert shop() == (0, "spring: nothing to mend in 5 files\n")


def test_a_broken_campaign_is_shown_with_lines_marks_and_help_and_exit_code_1(shop):
    assert shop(files=BROKEN) == (
        1,
        """\
error[LM102]: 'frist_name' is not declared as an input of the campaign
 --> campaigns/spring/body.txt.j2:2:11
  |
2 |   dear {{ frist_name }}
  |           ^^^^^^^^^^
  = help: did you mean 'first_name'? Or declare 'frist_name' under inputs in campaign.yml

error[LM302]: first_name may be null, and the filter upper of a null is a fault
 --> campaigns/spring/subject.j2:1:7
  |
1 | Hi {{ first_name | upper }}{% if first_name %}!{% endif %}
  |       ^^^^^^^^^^
  = help: inputs.first_name has missing: default and no default: give it one, write first_name or '...', or guard it: {% if first_name is not none %}

spring: 2 errors in 5 files; the campaign is not fit to send
""",
    )


def test_warnings_fail_only_where_the_check_is_strict(shop):
    warning = {"body.html.j2": FILES["body.html.j2"].replace(' lang="en"', "")}

    assert shop(files=warning)[0] == 0
    assert shop("--strict", files=warning)[0] == 1
    assert shop(files=warning)[1].splitlines()[-1] == "spring: 1 warning in 5 files; fit to send"


def test_json_holds_everything_that_was_found(shop):
    code, out = shop("--format", "json", files={"body.txt.j2": BROKEN["body.txt.j2"]})

    assert code == 1
    assert json.loads(out) == {
        "version": 1,
        "campaign": "spring",
        "folder": "campaigns/spring",
        "passed": False,
        "counts": {"error": 1, "warning": 0, "note": 0},
        "findings": [
            {
                "rule": "LM102",
                "title": "unknown input",
                "severity": "error",
                "file": "body.txt.j2",
                "line": 2,
                "column": 11,
                "width": 10,
                "source_line": "  dear {{ frist_name }}",
                "message": "'frist_name' is not declared as an input of the campaign",
                "suggestion": "did you mean 'first_name'? Or declare 'frist_name' under inputs in campaign.yml",
            }
        ],
    }


def test_junit_is_xml_with_a_case_for_each_finding_and_each_clean_file(shop):
    code, out = shop("--format", "junit", files={**BROKEN, "preheader.j2": "a\x0bb %%x%%"})
    suite = ET.fromstring(out).find("testsuite")

    told = [(case.get("name"), *(child.tag for child in case)) for case in suite]
    assert code == 1
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("6", "2", "0")
    assert told == [
        ("body.html.j2",),
        ("campaign.yml",),
        ("preheader.j2",),
        ("LM102 body.txt.j2:2:11", "failure"),
        ("LM606 preheader.j2:1:5", "system-out"),
        ("LM302 subject.j2:1:7", "failure"),
    ]


@pytest.mark.parametrize(
    ("arguments", "name"), [((), "sprang"), (("--env", "moon"), "spring"), (("--format", "xml"), "spring")]
)
def test_a_wrong_name_environment_or_format_is_exit_code_2(shop, arguments, name):
    assert shop(*arguments, name=name) == (2, "")


@pytest.mark.parametrize(
    ("old", "new", "line", "message"),
    [
        ("inputs:", "inputs: [", 8, "not YAML: expected ',' or ']'"),
        ("missing: default", "missing: defualt", 7, "inputs.first_name.missing: "),
        ("slate:", "slade:", 5, "slade: unknown key, did you mean 'slate'?"),
    ],
)
def test_a_definition_that_does_not_load_is_a_finding_with_its_line(shop, old, new, line, message):
    code, out = shop("--format", "json", files={"campaign.yml": CAMPAIGN.replace(old, new)})
    told = [(one["rule"], one["file"], one["line"], one["message"]) for one in json.loads(out)["findings"]]

    assert code == 1
    assert [one[:3] for one in told if one[3].startswith(message)] == [("LM407", "campaign.yml", line)]


def test_a_template_that_is_no_utf_8_is_a_finding_with_its_line(shop):
    code, out = shop("--format", "json", files={"body.txt.j2": b"Hello\n\xff{{ first_name or 'you' }}"})
    (found,) = json.loads(out)["findings"]

    assert (code, found["rule"], found["line"], found["message"]) == (1, "LM101", 2, "not UTF-8 at byte 6")


@pytest.mark.parametrize(
    "text", ["{% macro m() %}x{% endmacro %}{{ m() }}", "{% block b %}x{% endblock %}", "{{ 'x' | safe }}", "x"]
)
def test_the_check_fails_where_the_engine_refuses_the_template(shop, text):
    code, _ = shop(files={"body.txt.j2": text})
    try:
        load_template(load_campaign("spring", folder=shop.folder), folder=shop.folder)
        is_refused = False
    except TemplateError:
        is_refused = True

    assert code == is_refused


def test_colour_is_for_terminals_alone_and_long_lines_are_cut_around_the_mark(shop):
    shop(files={"body.txt.j2": "x" * 300 + "{{ frist_name }}" + "y" * 300})
    report = checked("spring", folder=shop.folder)
    terminal, plain = StringIO(), StringIO()

    write_text(report, Console(file=terminal, force_terminal=True, width=80, soft_wrap=True, color_system="standard"))
    write_text(report, Console(file=plain, width=80, soft_wrap=True))
    line, mark = (line.partition("| ")[2] for line in plain.getvalue().splitlines()[3:5])

    assert "\x1b[1;31merror[LM102]" in terminal.getvalue()
    assert "\x1b" not in plain.getvalue()
    assert line[mark.index("^") : mark.rindex("^") + 1] == "frist_name"
    assert len(line) <= 120
    assert (line[0], line[-1]) == ("…", "…")


def test_the_page_of_rules_has_each_rule_with_its_severity():
    page = Path("docs/campaign-check.md").read_text()
    listed = re.findall(r"^\| (LM\d+) \| (\w+) \| ([^|]+?) \|", page, re.MULTILINE)

    assert listed == [(rule.id, rule.severity, rule.title) for rule in RULES.values()]
