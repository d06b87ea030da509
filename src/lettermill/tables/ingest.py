"""Tables of ingest: what arrived, as it arrived."""

from lettermill.tables.declaration import Column, Table

ORIGIN = (
    Column("source", "string", "name of the declared source", required=True),
    Column(
        "origin",
        "string",
        "what the row came from: file below the landing folder, topic/partition, stream/shard/sequence number, "
        "subscription/message, path/id",
        required=True,
    ),
    Column(
        "position",
        "bigint",
        "line in the file from 1, offset in the partition, place in the record, or instant of the change",
        required=True,
    ),
)

EVENTS = Table(
    name="ingest.events",
    grain="one row per event as it arrived",
    columns=(
        *ORIGIN,
        Column("raw", "string", "the payload, unchanged", required=True, personal=True),
        Column(
            "received_at",
            "timestamp",
            "when the source says it received the event; else the end of the file's day",
            required=True,
        ),
        Column("ingested_at", "timestamp", "when this load ran", required=True),
    ),
    key=("source", "origin", "position"),
    written_by="ingest.events.events_of_lines",
    append_only=True,
)

RECORDS = Table(
    name="ingest.records",
    grain="one row per version of a record that a source extracted",
    columns=(
        *ORIGIN,
        Column("raw", "string", "the record as a JSON object", required=True, personal=True),
        Column(
            "extracted_at",
            "timestamp",
            "when the source extracted the record: the end of the file's day",
            required=True,
        ),
        Column("ingested_at", "timestamp", "when this load ran", required=True),
    ),
    key=("source", "origin", "position"),
    written_by="ingest.records.records_of_lines",
    append_only=True,
)

CURSORS = Table(
    name="ingest.cursors",
    grain="one row per pulled source: how far it has been read",
    columns=(
        Column("source", "string", "name of the declared source", required=True),
        Column(
            "position",
            "string",
            "JSON in the source's own terms: shards and sequence numbers, or the instant up to which changes were read",
            required=True,
        ),
        Column("commits", "bigint", "commits to the raw table that hold its rows", required=True),
        Column(
            "version",
            "bigint",
            "version of the raw table up to which commits are summed up here; later ones carry their own notes",
            required=True,
        ),
        Column("moved_at", "timestamp", "when the run that moved it started", required=True),
    ),
    key=("source",),
    written_by="ingest.cursors.cursor_rows",
)
