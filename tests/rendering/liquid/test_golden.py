"""Public suites of Liquid, where they are at hand: what we render is what python-liquid renders, in both back ends."""

import json

import pyarrow as pa
import pytest

from lettermill.errors import TemplateError
from lettermill.rendering.compiled import compile_template
from tests.rendering.conftest import CORPORA
from tests.rendering.liquid.equality import differences

SUITES = CORPORA.parent / "esp-specs" / "liquid-suites"
FILES = sorted(SUITES.rglob("*.json")) if SUITES.is_dir() else []


def cases_of(suite):
    """Template, data and files of each test, in any of the layouts that the suites have had."""
    groups = suite.get("test_groups", [suite]) if isinstance(suite, dict) else [{"tests": suite}]
    for group in groups:
        for test in group.get("tests", []):
            data = test.get("data", test.get("context")) or {}
            yield test["template"], data, test.get("templates", test.get("partials")) or {}


def batch_of(data):
    """The data as one row; None where Arrow has no types for it."""
    try:
        batch = pa.RecordBatch.from_pylist([data] if data else [{"nothing": None}])
    except (pa.ArrowException, TypeError, ValueError, OverflowError):
        return None
    return batch if data == {} or batch.to_pylist() == [data] else None


@pytest.mark.skipif(not FILES, reason="no golden suite of Liquid is here")
@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_the_golden_suites_render_alike(file):
    differing, rendered = [], 0
    for template, data, partials in cases_of(json.loads(file.read_text(encoding="utf-8"))):
        batch = batch_of(data)
        if batch is None:
            continue
        try:
            found, _ = differences(template, batch, autoescape=False, partials=partials)
        except TemplateError:
            continue
        rendered += 1
        differing += [(template, one) for one in found]

    assert differing == []
    assert rendered > 0


def test_a_suite_of_any_layout_is_read():
    old = {"test_groups": [{"name": "a", "tests": [{"template": "{{ a }}", "context": {"a": 1}, "want": "1"}]}]}
    new = {"tests": [{"template": "{{ a }}", "data": {"a": 1}, "templates": {"b": ""}, "result": "1"}]}

    assert list(cases_of(old)) == [("{{ a }}", {"a": 1}, {})]
    assert list(cases_of(new)) == [("{{ a }}", {"a": 1}, {"b": ""})]
    assert batch_of({"a": [1, "x"]}) is None
    row = batch_of({"a": 1})
    assert (
        compile_template("{{ a }}", language="liquid", schema=row.schema, autoescape=False).render(row).text[0].as_py()
        == "1"
    )
