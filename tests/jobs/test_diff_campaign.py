"""A diff over a planned audience: of templates, of dates, and of what cannot be compared."""

import json

import pytest

from lettermill.cli.diff_reports import as_json, headline
from lettermill.diffing import diff_of
from lettermill.rendering.diff.causes import Cause
from lettermill.settings import load_campaign
from tests.jobs.spring_campaign import plan, run_of, settings_in


@pytest.fixture
def spring(tmp_path):
    return settings_in(tmp_path)


def written(settings, name, text):
    """Change a file of the campaign; returns the campaign as it is now."""
    (settings.campaigns.folder / "spring" / name).write_text(text)
    return load_campaign("spring", folder=settings.campaigns.folder)


def test_a_changed_line_is_told_with_its_count_its_lines_and_an_example(lake, given, spring):
    plan(lake, spring, given, names=["Ana", "Bo", None])
    run = run_of(lake, spring)
    unchanged = diff_of(run, written(spring, "subject.j2", "Spring, {{ first_name }}"), before=None, after=None)
    campaign = written(spring, "body.html.j2", "<p>{{ first_name }}{% if first_name == 'Bo' %}!{% endif %}</p>")

    found = diff_of(run, campaign, before=None, after=None)
    told = json.loads(as_json(found, allowed=0.5, show_personal=False))

    assert (unchanged.changed, unchanged.messages, unchanged.rendered) == (0, 3, 0)
    assert headline(found) == "1 of 3 e-mails changes (33.33 %), in 1 pattern"
    (pattern,) = found.patterns
    assert (pattern.blocks, pattern.example) == (("html", "text"), "m2")
    assert pattern.causes == (Cause("html", "template"), Cause("text", "template"))
    example = found.examples["m2"]
    assert [(one.name, one.before, one.after) for one in example.blocks][0] == ("html", "<p>Bo</p>", "<p>Bo!</p>")
    assert "-<p>{{ first_name }}</p>" in found.sources[0].lines
    assert told["passed"]
    assert "Bo<" not in json.dumps(told["patterns"])
