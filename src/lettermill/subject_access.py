"""Everything the tables hold of one person, with what each column means: for the person who asks."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from html import escape
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lettermill.collected import rows_of
from lettermill.erasing import STAYS, Erasing
from lettermill.lake import Lake
from lettermill.tables import ALL, Table

STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:70rem;padding:0 1rem;color:#222}"
    "h2{margin-top:2.5rem;border-bottom:1px solid #ccc}table{border-collapse:collapse;margin:.5rem 0 1.5rem;width:100%}"
    "td,th{border:1px solid #ddd;padding:.3rem .5rem;text-align:left;vertical-align:top;overflow-wrap:anywhere}"
    "th{width:14rem;font-weight:600}.meaning{color:#666;font-size:.85em;display:block}"
)


@dataclass(frozen=True)
class Held:
    """One table's rows of a person."""

    table: Table
    rows: list[dict[str, Any]]


def held_of(lake: Lake, erasing: Erasing) -> Iterator[Held]:
    """Their rows of every table that has some: what an erasure would find, and what it would leave under their key."""
    for found in erasing.find():
        rows = lake.read(found.table)
        keys = found.keys.distinct()
        theirs = rows.join(keys, on=keys.columns, how="left_semi")
        yield Held(found.table, _plain(theirs))
    for table in ALL:
        if table.name in STAYS and "person_id" in table.column_names and lake.exists(table):
            rows = lake.read(table).where(F.col("person_id").isin([*erasing.persons]))
            if plain := _plain(rows):
                yield Held(table, plain)


def as_document(held: list[Held], *, person_id: str, at: datetime) -> dict[str, Any]:
    """The export as plain values, for JSON."""
    return {
        "person_id": person_id,
        "exported_at": at.isoformat(),
        "tables": {
            one.table.name: {
                "holds": one.table.grain,
                "columns": {column.name: column.meaning for column in one.table.columns},
                "rows": one.rows,
            }
            for one in held
        },
    }


def as_page(document: Mapping[str, Any]) -> str:
    """The export as one page that a person can read; every value is text, whatever it holds."""
    parts = [
        f"<!doctype html><html lang=en><meta charset=utf-8><title>What we hold of you</title><style>{STYLE}</style>",
        f"<h1>What we hold of you</h1><p>As of {escape(document['exported_at'])}, under the key "
        f"{escape(document['person_id'])}.</p>",
    ]
    for name, table in document["tables"].items():
        parts.append(f"<h2>{escape(name)}</h2><p>{escape(table['holds'])}: {len(table['rows']):,}.</p>")
        for row in table["rows"]:
            parts.append("<table>" + "".join(_line(column, table["columns"], value) for column, value in row.items()))
            parts.append("</table>")
    return "".join(parts) + "</html>\n"


def _line(column: str, meanings: Mapping[str, str], value: Any) -> str:
    if value is None:
        return ""
    meaning = escape(meanings.get(column, ""))
    return f"<tr><th>{escape(column)}<span class=meaning>{meaning}</span><td>{escape(str(value))}"


def _plain(frame: DataFrame) -> list[dict[str, Any]]:
    return [{name: _value(value) for name, value in row.items()} for row in rows_of(frame)]


def _value(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _value(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_value(one) for one in value]
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    return (
        value.isoformat() if isinstance(value, datetime | date) else str(value) if isinstance(value, Decimal) else value
    )
