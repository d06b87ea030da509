"""docs/tables.md: every table with its grain, writer and columns, and which job reads or writes it."""

import ast
from pathlib import Path

from lettermill import tables
from lettermill.tables import Column, Table

HEAD = """# Tables

Written by `make docs` from the declarations in `src/lettermill/tables/`; a test keeps it current.
`P` marks personal columns: they lay out no files, stand in no statistics, and are erased on request.
Contexts live in one table per campaign and shape of inputs, `campaigns.contexts_<campaign>__<fingerprint>`.
"""


def written_docs(*, jobs: Path) -> str:
    """The page, from the declarations and from which tables the scripts in `jobs` name."""
    uses = {script.stem: named_tables(script) for script in sorted(jobs.glob("*.py"))}
    jobs_of = {table.name: [job for job, named in uses.items() if table.name in named] for table in tables.ALL}
    sections = [_section(table, jobs_of[table.name]) for table in tables.ALL]
    return "\n".join([HEAD, *sections])


def named_tables(script: Path) -> set[str]:
    """Names of the declared tables that a job mentions: imported (`EVENTS`) or by module (`quality.EVENTS`)."""
    tree = ast.parse(script.read_text(encoding="utf-8"))
    imported: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("lettermill.tables"):
            imported |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module == "lettermill":
            imported |= {alias.asname or alias.name: f"lettermill.{alias.name}" for alias in node.names}
    known = {f"lettermill.tables.{table.stage}.{constant(table)}": table.name for table in tables.ALL}
    paths = {_path(node, imported) for node in ast.walk(tree) if isinstance(node, ast.Name | ast.Attribute)}
    return {known[path] for path in paths if path in known}


def constant(table: Table) -> str:
    """The name under which a table is declared in its stage's module."""
    module = getattr(tables, table.stage)
    return next(name for name, value in vars(module).items() if value is table)


def _path(node: ast.expr, imported: dict[str, str]) -> str:
    if isinstance(node, ast.Name):
        return imported.get(node.id, node.id)
    if isinstance(node, ast.Attribute):
        return f"{_path(node.value, imported)}.{node.attr}"
    return ""


def _section(table: Table, jobs: list[str]) -> str:
    facts = [f"**Grain**: {table.grain}.", f"**Key**: {', '.join(table.key)}.", f"**Rows from**: `{table.written_by}`."]
    if jobs:
        facts.append(f"**Jobs**: {', '.join(f'`{job}`' for job in jobs)}.")
    if table.cluster_by:
        facts.append(f"**Laid out by**: {', '.join(table.cluster_by)}.")
    if table.constraints:
        facts.append("**Holds**: " + "; ".join(f"`{condition}`" for condition in table.constraints.values()) + ".")
    header = "| column | type | | meaning |\n|---|---|---|---|"
    return "\n".join([f"## {table.name}", " ".join(facts), "", header, *map(_row, table.columns), ""])


def _row(column: Column) -> str:
    marks = ("P" if column.personal else "") + ("" if column.required else " may be null")
    return f"| {column.name} | `{column.type}` | {marks.strip()} | {column.meaning} |"
