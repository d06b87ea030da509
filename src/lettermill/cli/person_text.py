"""What is known of a person, for a person to read."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

INSTANT = re.compile(r"^(\d{4}-\d\d-\d\d)T(\d\d:\d\d)(?::\d\d(?:\.\d+)?)?\+00:00$")
MIDNIGHT = " 00:00"
CHANGES = {
    "merge": "{from_person_id} became part of {into_person_id}",
    "split": "{into_person_id} was set apart from {from_person_id}",
    "move": "identifiers went from {from_person_id} to {into_person_id}",
}


def write_person(story: Mapping[str, Any], console: Console) -> None:
    """Write a document of `person_story`, section by section."""
    person = story["person"]
    heading = Text.assemble((person["person_id"], "bold"), f"  as of {_instant(person['as_of'])}")
    if person["known_since"]:
        heading.append(f", known since {_instant(person['known_since'])}", "dim")
    console.print(heading)
    console.print()
    values = [
        (_words(row["attribute"]), Text(row["value"], "green"), row["source"], *_reasons(row))
        for row in story["attributes"]
    ]
    _section(console, "what is known", ("", "value", "source", "rule", "since", "over"), values)
    identifiers = [
        (_words(row["kind"]), row["identifier"], _instant(row["since"]), row["evidence"])
        for row in story["identifiers"]
    ]
    _section(console, "by what the person is known", ("", "identifier", "since", "evidence"), identifiers)
    flags = [(_words(row["identifier_kind"]), row["identifier"], _shared(row)) for row in story["not_evidence"]]
    if flags:
        _section(console, "what proves nothing", ("", "identifier", "why"), flags)
    if story["household"]:
        homes = [(row["household_id"], row["person_id"], row["evidence"]) for row in story["household"]]
        _section(console, "household", ("household", "person", "evidence"), homes)
    if story["changes"]:
        changes = [
            (_instant(row["known_at"]), CHANGES[row["change"]].format(**row), _because(row)) for row in story["changes"]
        ]
        _section(console, "merges and splits", ("known at", "what happened", "evidence"), changes)


def _section(console: Console, heading: str, names: Iterable[str], rows: list[tuple[Any, ...]]) -> None:
    console.print(Text(heading, "bold cyan"))
    table = Table(box=None, pad_edge=False, header_style="bold")
    for place, name in enumerate(names):
        table.add_column(name, overflow="fold", style="bold" if place == 0 else "")
    for row in rows:
        table.add_row(*(cell if isinstance(cell, Text) else Text(str(cell)) for cell in row))
    console.print(Padding(table if rows else Text("nothing", "dim"), (0, 0, 0, 2), expand=False))
    console.print()


def _reasons(row: Mapping[str, Any]) -> tuple[Text, str, str]:
    """By which rule, since when, over what."""
    rule = Text(_words(row["rule"]), "dim" if row["rule"] == "undisputed" else "")
    return rule, _instant(row["since"]), _over(row)


def _shared(row: Mapping[str, Any]) -> str:
    return f"shared by {row['how_many']} customers, allowed are {row['allowed']}"


def _words(name: str) -> str:
    return name.replace("_", " ")


def _over(row: Mapping[str, Any]) -> str:
    return ", ".join(f"{lost['value']} ({lost['source']}, {_instant(lost['since'])})" for lost in row["over"])


def _because(row: Mapping[str, Any]) -> str:
    return f"{_words(row['evidence_kind'])}: {row['evidence']}" if row["evidence_kind"] else row["evidence"]


def _instant(text: str) -> str:
    return INSTANT.sub(r"\1 \2", text).removesuffix(MIDNIGHT)
