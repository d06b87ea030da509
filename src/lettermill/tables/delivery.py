"""Tables of delivery: the truth about each message, its history, and what providers said afterwards."""

from lettermill.tables.declaration import Column, Table

STATES = ("planned", "suppressed", "claimed", "handed_over", "confirmed", "rejected", "unknown", "dropped")
"""Every state of a message. `unknown` means a provider may or may not have it; it never retries by itself."""

_KNOWN_STATE = "state IN ({})".format(", ".join(f"'{state}'" for state in STATES))

OUTBOX = Table(
    name="delivery.outbox",
    grain="one row per message: its state now",
    columns=(
        Column("message_id", "string", "sha256 of campaign, occurrence and person_id", required=True),
        Column("campaign", "string", "the campaign", required=True),
        Column("occurrence", "string", "the schedule's slot", required=True),
        Column("person_id", "string", "the person", required=True),
        Column(
            "address_key",
            "string",
            "keyed hash of the address: one message per address, campaign and slot",
            required=True,
        ),
        Column("provider", "string", "who is to take the message", required=True),
        Column("contexts_table", "string", "table of the message's context", required=True),
        Column("state", "string", "the message's state", required=True),
        Column("reason", "string", "why it is suppressed, rejected, unknown or dropped"),
        Column("wave", "string", "the wave that claimed it last"),
        Column("batch", "int", "its batch within that wave"),
        Column("attempt", "int", "hand-over attempts begun", required=True),
        Column("provider_reference", "string", "the provider's id, or the file and line"),
        Column("changed_at", "timestamp", "when the state last changed", required=True),
    ),
    key=("message_id",),
    written_by="delivery.outbox.outbox_rows",
    cluster_by=("campaign", "occurrence"),
    constraints={"known_state": _KNOWN_STATE},
    # Serializable: two claims at once could each see a person below the cap.
    properties={"delta.enableChangeDataFeed": "true", "delta.isolationLevel": "Serializable"},
)

LEDGER = Table(
    name="delivery.ledger",
    grain="one row per state change of a message, derived from the outbox's change data feed",
    columns=(
        Column("message_id", "string", "the message", required=True),
        Column("commit_version", "bigint", "the outbox's version that made the change", required=True),
        Column("campaign", "string", "the campaign", required=True),
        Column("occurrence", "string", "the schedule's slot", required=True),
        Column("state_before", "string", "null for a new message"),
        Column("state", "string", "the state from then on", required=True),
        Column("reason", "string", "why"),
        Column("attempt", "int", "hand-over attempts begun", required=True),
        Column("provider_reference", "string", "the provider's id, or the file and line"),
        Column("changed_at", "timestamp", "when", required=True),
    ),
    key=("message_id", "commit_version"),
    written_by="delivery.ledger.ledger_entries",
    cluster_by=("campaign", "occurrence"),
    constraints={"known_state": _KNOWN_STATE},
    append_only=True,
)

SYNC_STATE = Table(
    name="delivery.sync_state",
    grain="one row per person, destination and attribute",
    columns=(
        Column("person_id", "string", "the person", required=True),
        Column("destination", "string", "provider the attribute goes to", required=True),
        Column("attribute", "string", "the attribute", required=True),
        Column("value_sha256", "string", "hash of the value last handed over, as JSON", required=True),
        Column("handed_over_at", "timestamp", "when", required=True),
    ),
    key=("person_id", "destination", "attribute"),
    written_by="delivery.sync.sync_state",
)

SYNC_REFUSALS = Table(
    name="delivery.sync_refusals",
    grain="one row per person and destination that refused the person's attributes when they were last offered",
    columns=(
        Column("person_id", "string", "the person", required=True),
        Column("destination", "string", "provider that refused", required=True),
        Column("reason", "string", "its words, without any address"),
        Column("refused_at", "timestamp", "when", required=True),
    ),
    key=("person_id", "destination"),
    written_by="delivery.profile_rows.refusals",
)

BRAZE_CDI = Table(
    name="delivery.braze_cdi",
    grain="one row per person and hand-over of changed attributes, for Braze's Cloud Data Ingestion to read",
    columns=(
        Column("destination", "string", "provider that the row is for", required=True),
        Column(
            "updated_at",
            "timestamp",
            "Braze's UPDATED_AT, UTC: after that of every row written before for the destination",
            required=True,
        ),
        Column("person_id", "string", "the person, Braze's EXTERNAL_ID", required=True),
        Column(
            "payload",
            "string",
            "Braze's PAYLOAD: the attributes that changed, as JSON; null clears one",
            required=True,
            personal=True,
        ),
    ),
    key=("person_id", "destination", "updated_at"),
    written_by="delivery.providers.braze.cdi.table_rows",
    append_only=True,
)

EVENTS = Table(
    name="delivery.events",
    grain="one row per event a provider reported about a message",
    columns=(
        Column("message_id", "string", "the message", required=True),
        Column(
            "kind",
            "string",
            "sent, delivered, deferred, bounced, dropped, opened, clicked, complained or unsubscribed",
            required=True,
        ),
        Column("by_machine", "boolean", "opened or clicked by a scanner or proxy, not a person; null for other kinds"),
        Column("bounce_type", "string", "of a bounce: hard (for good) or soft"),
        Column("occurred_at", "timestamp", "when it happened, by the provider's clock", required=True),
        Column("received_at", "timestamp", "when we received it", required=True),
        Column("provider", "string", "who reported it", required=True),
        Column("provider_event_id", "string", "the provider's id of the event; changes on retry for some"),
        Column("link_url", "string", "the link clicked", personal=True),
        Column("address_key", "string", "keyed hash of the address reported"),
    ),
    key=("message_id", "kind", "address_key", "occurred_at", "link_url"),
    written_by="delivery.feedback.provider_events",
)
