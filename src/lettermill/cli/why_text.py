"""Why a message is as it is, for a person: a section for each thing that made it so."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

SHORT = 16
"""Characters of a hash that are shown; the JSON form has all of it."""
NOTHING = "–"
INSTANT = re.compile(r"^(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d(?:\.\d+)?)\+00:00$")


def write_why(document: Mapping[str, Any], console: Console) -> None:
    """Write a document of `explanation`, section by section."""
    message, template, engine = document["message"], document["template"], document["engine"]
    _section(console, "message", _pairs(message))
    _section(console, "why this person", _pairs(document["audience"]))
    _section(console, "which arm", _pairs(document["experiment"]))
    _section(console, "what the models said", _rows(document["models"]))
    _section(console, "which block in each slot", _rows(document["blocks"]))
    _section(console, "which items, and who proposed them", _rows(document["items"]))
    _section(console, "inputs, and how old they were", _rows(document["inputs"]))
    _section(console, "ways through the template", _rows(template["branches"]))
    used = {"version": template["version"], "first_used_at": template["first_used_at"], "fault": template["fault"]}
    _section(console, "template", _pairs(used))
    _section(console, "parts", _rows({"part": part} | stamp for part, stamp in template["parts"].items()))
    _section(console, "engine", _pairs({"then": _short(engine["then"]), "now": _short(engine["now"])}), _equal(engine))
    _section(console, "tables that the plan read", _pairs(document["versions"]))
    delivery = {name: value for name, value in document["delivery"].items() if name != "history"}
    _section(console, "delivery", _pairs(delivery))
    _section(console, "what happened to it", _rows(document["delivery"]["history"]))


def _section(console: Console, heading: str, *bodies: Table | Text) -> None:
    console.print(Text(heading, "bold cyan"))
    for body in bodies:
        console.print(Padding(body, (0, 0, 0, 2), expand=False))
    console.print()


def _equal(engine: Mapping[str, Any]) -> Text:
    if engine["is_byte_equal"]:
        return Text("rendered again, it is byte-equal to what was kept of it", "green")
    return Text("rendered again, it is not what was kept of it: see lettermill message show", "bold red")


def _pairs(told: Mapping[str, Any]) -> Table:
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in told.items():
        table.add_row(_words(name), Text(_cell(value)))
    return table


def _rows(rows: Iterable[Mapping[str, Any]]) -> Table | Text:
    """A table of rows that have the same fields; a field that is null in all of them is left out."""
    listed: Sequence[Mapping[str, Any]] = list(rows)
    if not listed:
        return Text("none", "dim")
    names = [name for name in listed[0] if any(row[name] is not None for row in listed)]
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in names:
        table.add_column(_words(name), overflow="fold")
    for row in listed:
        table.add_row(*(Text(_cell(row[name])) for name in names))
    return table


def _words(name: str) -> Text:
    return Text(name if "." in name else name.replace("_", " "))


def _cell(value: Any) -> str:
    if value is None:
        return NOTHING
    if isinstance(value, float):
        return f"{value:.4g}"
    return INSTANT.sub(r"\1 \2 UTC", str(value))


def _short(hash_: str | None) -> str | None:
    return hash_ and hash_[:SHORT]
