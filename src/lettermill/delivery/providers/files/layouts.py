"""What a payload file looks like to whoever imports it: columns, formats, sizes, and its name while it is uploaded.

`lettermill` is our own, for a reader who waits for the manifest. The others are taken by an importer as soon as they
have their name, so each file stands by itself: one format, cells as they are. Sources: Braze, "Cloud Data Ingestion"
(S3 files); Salesforce, "Import File" and file drops; HubSpot, imports API; Klaviyo, bulk import of profiles.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace

import orjson

from lettermill.delivery.payloads import Format, Row
from lettermill.delivery.provider import Limits, Message

FIELDS = tuple(field.name for field in fields(Message))
KEPT = ("message_id", "campaign", "occurrence", "template_version", "mode")
"""What stays of the row of somebody who was erased."""
PAYLOAD = "PAYLOAD"

Columns = tuple[tuple[str, str], ...]
"""A message's fields, and the columns that they stand in."""


OURS = Limits(messages=100_000, bytes=50_000_000)
"""A file that a worker holds in memory, and that a person can still open."""


@dataclass(frozen=True)
class Layout:
    """`columns` and, as attributes of one column `PAYLOAD` that holds JSON as text, what is `inside`.

    `limits` are for one file where conf says nothing, `most_rows` and `most_bytes` what the importer takes at the most
    (0: nothing published), `row_bytes` likewise for one row. `part` ends the name of a file that is still written.
    """

    name: str
    columns: Columns
    inside: Columns = ()
    formats: tuple[Format, ...] = ("csv",)
    limits: Limits = OURS
    most_rows: int = 0
    most_bytes: int = 0
    row_bytes: int = 0
    part: str = ".part"
    is_packed: bool = False
    is_inert: bool = False

    @property
    def headers(self) -> tuple[str, ...]:
        return (*(header for _, header in self.columns), *([PAYLOAD] if self.inside else []))

    def with_columns(self, columns: Mapping[str, str]) -> "Layout":
        """The same with other columns: the header of each field that is to be there."""
        return replace(self, columns=tuple(columns.items())) if columns else self

    def row(self, message: Message) -> Row:
        """A message's row. Raises TypeError for text that UTF-8 cannot have."""
        return self._written({name: getattr(message, name) for name in FIELDS})

    def message_id(self, row: Row) -> str:
        return self._read(row).get("message_id", "")

    def template_version(self, row: Row) -> str:
        return self._read(row).get("template_version", "")

    def blanked(self, row: Row) -> Row:
        """The row without what is personal in it."""
        return self._written({name: value if name in KEPT else "" for name, value in self._read(row).items()})

    def is_blank(self, row: Row) -> bool:
        return not any(value for name, value in self._read(row).items() if name not in KEPT)

    def _written(self, values: Row) -> Row:
        row = {header: values[name] for name, header in self.columns}
        if self.inside:
            attributes = {attribute: values[name] for name, attribute in self.inside}
            row[PAYLOAD] = orjson.dumps(attributes).decode()
        return row

    def _read(self, row: Row) -> dict[str, str]:
        values = {name: row.get(header, "") for name, header in self.columns}
        if self.inside:
            read = orjson.loads(row.get(PAYLOAD, "{}"))
            attributes = read if isinstance(read, dict) else {}
            values |= {name: attributes.get(attribute, "") for name, attribute in self.inside}
        return values


def _prefixed(*without: str) -> Columns:
    """Attributes of a profile, told from the others there by their prefix."""
    return tuple((name, f"mail_{name}") for name in FIELDS if name not in without)


LETTERMILL = Layout(
    "lettermill",
    columns=tuple((name, name) for name in FIELDS),
    formats=("jsonl", "csv", "parquet"),
    is_packed=True,
    is_inert=True,
)
BRAZE = Layout(
    "braze",
    columns=(("person_id", "EXTERNAL_ID"),),
    inside=_prefixed("person_id", "address"),  # an identity inside PAYLOAD fails the row
    formats=("jsonl", "csv", "parquet"),
    limits=Limits(messages=100_000, bytes=100_000_000),
    most_bytes=512_000_000,
    row_bytes=1_000_000,
)
SFMC = Layout(
    "sfmc",
    columns=(
        ("person_id", "SubscriberKey"),
        ("address", "EmailAddress"),
        ("message_id", "MessageId"),
        ("campaign", "Campaign"),
        ("occurrence", "Occurrence"),
        ("locale", "Locale"),
        ("subject", "Subject"),
        ("preheader", "Preheader"),
        ("html", "Html"),
        ("text", "Text"),
        ("unsubscribe_url", "UnsubscribeUrl"),
        ("template_version", "TemplateVersion"),
        ("mode", "Mode"),
    ),
    part=".tmp",
)
HUBSPOT = Layout(
    "hubspot",
    columns=(("address", "email"), *_prefixed("address")),
    limits=Limits(messages=100_000, bytes=100_000_000),
    most_rows=1_048_576,
    most_bytes=512_000_000,
)
KLAVIYO = Layout(
    "klaviyo",
    columns=(("address", "email"), ("person_id", "external_id"), *_prefixed("address", "person_id")),
    formats=("csv", "jsonl"),
    limits=Limits(messages=10_000, bytes=5_000_000),
    most_rows=10_000,
    most_bytes=5_000_000,
    row_bytes=100_000,
)
LAYOUTS: Mapping[str, Layout] = {one.name: one for one in (LETTERMILL, BRAZE, SFMC, HUBSPOT, KLAVIYO)}
