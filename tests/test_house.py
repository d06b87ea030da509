"""The house rules: what import-linter cannot see."""

import ast
import importlib
import re
from pathlib import Path

import pytest

from lettermill import STAGES, tables
from lettermill.cli.table_docs import written_docs
from lettermill.delta_layout import properties
from lettermill.erasing import STAYS
from lettermill.profiles.erasures import handle
from lettermill.tables.campaigns import contexts_table

SOURCE = Path("src/lettermill")
MODULES = sorted(file for folder in (SOURCE, Path("demo"), Path("jobs")) for file in folder.rglob("*.py"))
JOBS = sorted(Path("jobs").glob("*.py"))
PERSONAL = [
    *(table for table in tables.ALL if table.personal_columns),
    contexts_table("spring", inputs="struct<first_name: string>", fingerprint="00000000"),
]
FORBIDDEN_NAMES = re.compile(r"utils?|helpers?|common|misc|manager|base")
ACTIONS = {
    "count",
    "collect",
    "first",
    "show",
    "toPandas",
    "isEmpty",
    "take",
    "head",
    "toLocalIterator",
    "write",
    "persist",
    "cache",
}
MEETS_THE_WORLD = {"models", "delivery"}  # they fit, and they hand over
CLOCK = {"now", "utcnow", "today", "current_timestamp", "current_date", "time_ns", "monotonic"}


def calls(file):
    """Names of the attributes and functions that a module calls."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Call):
            yield node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", ""), node


def stage_modules(*, without=()):
    return [file for stage in STAGES if stage not in without for file in sorted((SOURCE / stage).rglob("*.py"))]


def frame_modules():
    """Modules of stages that have to do with Spark: `take` of an Arrow array is no action."""
    return [file for file in stage_modules(without=MEETS_THE_WORLD) if "import pyspark" in _imports(file)]


def _imports(file):
    return re.sub(r"^from (\w+)", r"import \1", file.read_text(), flags=re.MULTILINE)


@pytest.mark.parametrize("file", MODULES, ids=str)
def test_a_module_is_short_named_for_what_it_holds_and_says_what_it_is(file):
    text = file.read_text()

    assert len(text.splitlines()) <= 270
    assert not FORBIDDEN_NAMES.fullmatch(file.stem)
    assert ast.get_docstring(ast.parse(text)) or not text.strip()


@pytest.mark.parametrize("file", MODULES, ids=str)
def test_functions_fit_half_a_screen_and_names_say_what_is_done(file):
    functions = [node for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.FunctionDef)]

    assert {f.name: f.end_lineno - f.lineno for f in functions if f.end_lineno - f.lineno > 50} == {}
    assert [f.name for f in functions if re.match(r"_?(process|do)_", f.name)] == []


@pytest.mark.parametrize("file", JOBS, ids=str)
def test_a_job_fits_a_screen_and_its_docstring_is_its_help(file):
    assert len(file.read_text().splitlines()) <= 80
    assert ast.get_docstring(ast.parse(file.read_text())).splitlines()[0].endswith(".")


@pytest.mark.parametrize("file", frame_modules(), ids=str)
def test_stages_act_on_nothing(file):
    on_frames = [
        name
        for name, node in calls(file)
        if name in ACTIONS and isinstance(node.func, ast.Attribute) and not _plain(node)
    ]

    assert on_frames == []


def _plain(call):
    """Calls on F, `text.count("x")` and `array.take(rows)`, which are no Spark actions."""
    is_function = isinstance(call.func.value, ast.Name) and call.func.value.id == "F"
    of_rows = call.func.attr == "take" and not isinstance(call.args[0], ast.Constant)
    return is_function or of_rows or (call.func.attr == "count" and bool(call.args))


@pytest.mark.parametrize("file", stage_modules(), ids=str)
def test_stages_never_look_at_the_clock(file):
    assert [name for name, _ in calls(file) if name in CLOCK] == []


@pytest.mark.parametrize("table", tables.ALL, ids=lambda table: table.name)
def test_a_table_belongs_to_its_stage_and_has_one_writing_function(table):
    if table.name == "monitoring.runs":
        assert table.written_by == "job"
        return
    module, function = table.written_by.rsplit(".", 1)

    assert table.stage in STAGES
    assert table.written_by.split(".")[0] == table.stage
    if table.written_by not in DECLARED_AHEAD:
        assert callable(getattr(importlib.import_module(f"lettermill.{module}"), function))


DECLARED_AHEAD = {"campaigns.bandits.arm_states"}
"""Writers of tables that are declared with bandits, before their jobs exist."""


@pytest.mark.parametrize("table", PERSONAL, ids=lambda table: table.name)
def test_personal_columns_are_no_part_of_statistics_or_layout(table):
    in_statistics = {name.strip("`") for name in properties(table)["delta.dataSkippingStatsColumns"].split(",")}

    assert in_statistics  # else Delta would take the first columns, whichever they are
    assert in_statistics <= {*table.column_names} - {*table.personal_columns}
    assert not {*table.cluster_by} & {*table.personal_columns}


@pytest.mark.parametrize("table", PERSONAL, ids=lambda table: table.name)
def test_a_person_can_be_found_in_every_table_with_personal_columns(table):
    assert handle(table) in ("origin", "person_id", "message_id", "identifier")
    assert table.name not in STAYS


def test_the_page_of_tables_is_current():
    assert Path("docs/tables.md").read_text() == written_docs(jobs=Path("jobs")), "run `make docs`"


SET_ASIDE = {".git", ".venv", ".jars", "var", "build", "dist"}


def test_no_committed_file_names_a_registry_host_or_a_path_of_a_machine():
    hosts = re.compile("|".join(("pypi" r"\.org", "pythonhosted", "repo1" r"\.maven", "/root/", "/home/")))
    files = [
        f for f in Path().rglob("*") if f.is_file() and f.name != Path(__file__).name and not {*f.parts} & SET_ASIDE
    ]
    texts = {f: f.read_bytes() for f in files if f.suffix in {".py", ".yml", ".toml", ".txt", ".in", ".md", ".j2", ""}}

    assert [str(f) for f, text in texts.items() if hosts.search(text.decode(errors="replace"))] == []


def test_stages_are_listed_in_the_order_of_the_flow():
    declared = {table.stage for table in tables.ALL}

    assert declared == {*STAGES}
    assert {folder.name for folder in SOURCE.iterdir() if (folder / "__init__.py").exists()} == {
        *STAGES,
        "tables",
        "cli",
        "services",
        "sending",
    }
