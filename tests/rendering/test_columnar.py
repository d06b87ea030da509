"""The columnar engine writes what the library writes, row for row, and does so by itself."""

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lettermill.errors import TemplateError
from lettermill.rendering.compiled import compile_template
from tests.rendering.conftest import CORPORA
from tests.rendering.corpus import CASES, PEOPLE
from tests.rendering.equality import differences, rows_of
from tests.rendering.invented import SCHEMA, Batches, Templates


@pytest.mark.parametrize("autoescape", [True, False], ids=["html", "text"])
@pytest.mark.parametrize("name", CASES)
def test_three_ways_to_render_write_the_same(name, autoescape):
    case = CASES[name]
    found, deferred = differences(case.template, PEOPLE, autoescape=autoescape, partials=case.partials)

    assert found == []
    assert deferred <= case.deferred, "rows that the columnar engine could do were left to the library"
