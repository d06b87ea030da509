"""Tables of profiles: who is who, what is known of them, and what they allow."""

from lettermill.tables.declaration import Column, Table

IDENTITIES = Table(
    name="profiles.identities",
    grain="one row per identifier",
    columns=(
        Column("identifier_kind", "string", "customer_id, email, anonymous_id or record", required=True),
        Column("identifier", "string", "the identifier, normalised", required=True, personal=True),
        Column("person_id", "string", "surrogate key, given once, never derived from an address", required=True),
        Column("evidence", "string", "the source row that first named the identifier", required=True),
        Column("first_seen_at", "timestamp", "when that row became available", required=True),
    ),
    key=("identifier_kind", "identifier"),
    written_by="profiles.identity.identities",
    constraints={"known_kind": "identifier_kind IN ('customer_id', 'email', 'anonymous_id', 'record')"},
)

PEOPLE = Table(
    name="profiles.people",
    grain="one row per person: the winning value of each attribute",
    columns=(
        Column("person_id", "string", "surrogate key", required=True),
        Column("customer_id", "string", "customer id of the newest record that has one", personal=True),
        Column("email", "string", "address mail goes to", personal=True),
        Column("first_name", "string", "given name", personal=True),
        Column("last_name", "string", "family name", personal=True),
        Column("birth_year", "int", "year of birth", personal=True),
        Column("country", "string", "ISO 3166-1 alpha-2", personal=True),
        Column("postcode", "string", "postal code", personal=True),
        Column("locale", "string", "language and region, de_AT", personal=True),
        Column("timezone", "string", "IANA time zone", personal=True),
        Column("age_band", "string", "third party: age", personal=True),
        Column("income_band", "string", "third party: yearly income in thousands", personal=True),
        Column("household_size", "string", "third party: people in the household", personal=True),
        Column("kids_count", "string", "third party: children in the household", personal=True),
        Column("home_ownership", "string", "third party: owner or renter", personal=True),
        Column("created_at", "timestamp", "when the person was first known", required=True),
        Column("updated_at", "timestamp", "when any record of the person last changed", required=True),
    ),
    key=("person_id",),
    written_by="profiles.people.golden_records",
)

EVERY_TOPIC = "all"
"""The topic of a statement about all mail, and of a campaign that names none."""

_SCOPE = (
    Column("channel", "string", "email", required=True),
    Column("topic", "string", "what the mail is about; all for every topic", required=True),
    Column("purpose", "string", "mail, or profiling", required=True),
)

CONSENTS = Table(
    name="profiles.consents",
    grain="one row per change of one person's consent to one purpose and topic on one channel, by source",
    columns=(
        Column("person_id", "string", "surrogate key", required=True),
        *_SCOPE,
        Column(
            "state", "string", "granted, pending (not yet confirmed), confirmed, denied or suppressed", required=True
        ),
        Column("said_by", "string", "person (own act), record (a source about them) or mailbox", required=True),
        Column("reason", "string", "what happened: crm record, unsubscribed, bounced, complained", required=True),
        Column("source", "string", "the declared source that said so", required=True),
        Column("changed_at", "timestamp", "when the person or their mailbox said so", required=True),
        Column("available_at", "timestamp", "from when on we could know", required=True),
        Column("evidence", "string", "the source row that says so", required=True),
    ),
    key=("person_id", "channel", "topic", "purpose", "evidence"),
    written_by="profiles.consents.consent_changes",
    constraints={
        "known_state": "state IN ('granted', 'pending', 'confirmed', 'denied', 'suppressed')",
        "known_purpose": "purpose IN ('mail', 'profiling')",
        "known_speaker": "said_by IN ('person', 'record', 'mailbox')",
    },
)

ERASURES = Table(
    name="profiles.erasures",
    grain="one row per request to erase a person, and how far it has come",
    columns=(
        Column("request_id", "string", "the request", required=True),
        Column("person_id", "string", "surrogate key of who is erased; null where none of it was known"),
        Column(
            "identifiers", "array<string>", "keyed hashes of every identifier: later rows are blocked", required=True
        ),
        Column("reason", "string", "who asked, and where it is written down", required=True),
        Column("state", "string", "requested, deleted (rows and files), purged (history too)", required=True),
        Column("requested_at", "timestamp", "when it was asked for", required=True),
        Column("deleted_at", "timestamp", "when rows and files were gone"),
        Column("purged_at", "timestamp", "when no earlier version had them any more"),
        Column("certificate", "string", "sha256 of the certificate that says so"),
    ),
    key=("request_id",),
    written_by="profiles.erasures.erasure_rows",
    constraints={"known_state": "state IN ('requested', 'deleted', 'purged')"},
)

SUPPRESSIONS = Table(
    name="profiles.suppressions",
    grain="one row per address ever suppressed, channel, topic and purpose; it outlives the person's erasure",
    columns=(
        Column("address_key", "string", "keyed hash of the address", required=True),
        *_SCOPE,
        Column("state", "string", "suppressed, or lifted by the person themselves", required=True),
        Column("reason", "string", "what happened: unsubscribed, bounced, complained", required=True),
        Column("changed_at", "timestamp", "when the person or their mailbox said so", required=True),
        Column("available_at", "timestamp", "from when on we could know", required=True),
    ),
    key=("address_key", "channel", "topic", "purpose"),
    written_by="profiles.suppressions.suppressions",
    constraints={"known_state": "state IN ('suppressed', 'lifted')"},
)
