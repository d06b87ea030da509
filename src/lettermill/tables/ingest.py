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

HEADERS = Column(
    "headers", "array<struct<key: string, value: binary>>", "headers of the Kafka record, in their order", personal=True
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
            "Kafka's time; elsewhere when the source says it received the event, or else the end of the file's day",
            required=True,
        ),
        Column("ingested_at", "timestamp", "when this load ran", required=True),
        HEADERS,
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
            "when the source extracted the record: Kafka's time, or the end of the file's day",
            required=True,
        ),
        Column("ingested_at", "timestamp", "when this load ran", required=True),
        HEADERS,
    ),
    key=("source", "origin", "position"),
    written_by="ingest.records.records_of_lines",
    append_only=True,
)

FILES = Table(
    name="ingest.files",
    grain="one row per landing file found, and one more per mended version of a file that was refused",
    columns=(
        Column("source", "string", "name of the declared source", required=True),
        Column("origin", "string", "the file's path below the landing folder", required=True),
        Column("attempt", "int", "1, and one more for each version that was refused before", required=True),
        Column("bytes", "bigint", "its size when it was found", required=True),
        Column("modified_ns", "bigint", "when it was last written, in nanoseconds since 1970", required=True),
        Column("found_at", "timestamp", "when the load that found it ran", required=True),
    ),
    key=("source", "origin", "attempt"),
    written_by="ingest.files.found_files",
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
