"""The campaigns that are shipped are fine, and no damage to them makes the check fail itself."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lettermill.rendering.check.campaign import check_campaign
from lettermill.rendering.check.slots import library_files
from lettermill.settings import load_campaign

CAMPAIGNS = Path("campaigns")
NAMES = sorted(path.parent.name for path in CAMPAIGNS.glob("*/campaign.yml"))
DAMAGE = (
    *("", "{{", "}}", "{%", "%}", "{#", "|", "'", '"', "(", ")", "[0]", ".x", "~", "**2", "\n", "<a href=", "<img>"),
    *(
        "{% else %}",
        "{% endif %}",
        "{% endfor %}",
        "{% if x %}",
        "{% for k, v in picks %}",
        "{% raw %}",
        "{% block b %}",
    ),
    *(
        "{% include 'body.html.j2' %}",
        "{% extends 'preheader.j2' %}",
        "{% macro m(x) %}{{ x }}{% endmacro %}{{ m(1) }}",
    ),
    *("{% set a = coupon %}{{ a.code }}", "{{ picks | map(attribute='nme') | join }}", "{% call m(2) %}x{% endcall %}"),
)


def texts_of(name):
    texts = texts_below(CAMPAIGNS / name)
    library = {f"_blocks/{file}": text for file, text in texts_below(CAMPAIGNS / "_blocks").items()}
    return texts | library_files(load_campaign(name, folder=CAMPAIGNS), texts, library)


def texts_below(home):
    return {path.relative_to(home).as_posix(): path.read_text() for path in sorted(home.rglob("*")) if path.is_file()}


@pytest.mark.parametrize("name", NAMES)
def test_a_shipped_campaign_has_nothing_to_mend(name):
    found = check_campaign(load_campaign(name, folder=CAMPAIGNS), texts_of(name))

    line_break = "first_name may hold a line break, and a message with one in the subject is a fault"
    assert [(one.severity, one.message) for one in found] == [("note", line_break)]


@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_no_damage_makes_the_check_fail_and_every_finding_has_its_place(data):
    name = data.draw(st.sampled_from(NAMES))
    campaign, files = load_campaign(name, folder=CAMPAIGNS), texts_of(name)
    for _ in range(data.draw(st.integers(1, 3))):
        file = data.draw(st.sampled_from([file for file in files if file.endswith(".j2")]))
        at = data.draw(st.integers(0, len(files[file])))
        cut = data.draw(st.integers(0, 40))
        files[file] = files[file][:at] + data.draw(st.sampled_from(DAMAGE)) + files[file][at + cut :]

    for found in check_campaign(campaign, files):
        lines = files[found.file].split("\n")
        assert found.line <= len(lines)
        assert found.source_line == (lines[found.line - 1] if found.line else "")
        assert 0 <= found.column <= len(found.source_line) + 1
        assert found.message
