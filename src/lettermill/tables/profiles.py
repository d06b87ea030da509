"""Tables of profiles: who is who, what is known of them, and what they allow."""

from lettermill.tables.declaration import Column, Table

IDENTITIES = Table(
    name="profiles.identities",
    grain="one row per identifier",
    columns=(
        Column("identifier_kind", "string", "customer_id, email, phone, anonymous_id, device or record", required=True),
        Column("identifier", "string", "the identifier, normalised", required=True, personal=True),
        Column("person_id", "string", "surrogate key, given once, never derived from an address", required=True),
        Column("evidence", "string", "the source row that first named the identifier", required=True),
        Column("first_seen_at", "timestamp", "when that row became available", required=True),
    ),
    key=("identifier_kind", "identifier"),
    written_by="profiles.identity.identities",
    constraints={
        "known_kind": "identifier_kind IN ('customer_id', 'email', 'phone', 'anonymous_id', 'device', 'record')"
    },
)

IDENTITY_CHANGES = Table(
    name="profiles.identity_changes",
    grain="one row per person and moment at which the person became part of another, fell apart, or lost identifiers",
    columns=(
        Column("change", "string", "merge, split, or move of identifiers to another known person", required=True),
        Column("from_person_id", "string", "the person until then", required=True),
        Column("into_person_id", "string", "the person from then on", required=True),
        Column("known_at", "timestamp", "the moment for which profiles were built when it showed", required=True),
        Column("identifiers", "bigint", "identifiers that went along", required=True),
        Column("evidence_kind", "string", "kind of the identifier that tied or set apart"),
        Column("evidence", "string", "the source row that states it, or why it proves nothing any more", required=True),
    ),
    key=("from_person_id", "into_person_id", "known_at"),
    written_by="profiles.identity.identity_changes",
    constraints={"known_change": "change IN ('merge', 'split', 'move')"},
)

IDENTITY_FLAGS = Table(
    name="profiles.identity_flags",
    grain="one row per identifier that was dropped as evidence, and time for which that held",
    columns=(
        Column("identifier_kind", "string", "kind of the identifier, or component", required=True),
        Column(
            "identifier", "string", "the identifier; of a component the record first seen", required=True, personal=True
        ),
        Column("how_many", "bigint", "customers that share it; of a component its identifiers", required=True),
        Column("allowed", "bigint", "how many conf allows", required=True),
        Column("known_from", "timestamp", "the moment for which profiles were built when it showed", required=True),
        Column("known_to", "timestamp", "the moment at which it held no longer; null while it holds"),
    ),
    key=("identifier_kind", "identifier", "known_from"),
    written_by="profiles.flags.identity_flags",
)

HOUSEHOLDS = Table(
    name="profiles.households",
    grain="one row per household and person",
    columns=(
        Column("household_id", "string", "the source's id of the household", required=True, personal=True),
        Column("person_id", "string", "surrogate key", required=True),
        Column("evidence", "string", "the source row that first said so", required=True),
        Column("first_seen_at", "timestamp", "when that row became available", required=True),
    ),
    key=("household_id", "person_id"),
    written_by="profiles.identity.households",
)

PEOPLE = Table(
    name="profiles.people",
    grain="one row per person: the winning value of each attribute",
    columns=(
        Column("person_id", "string", "surrogate key", required=True),
        Column("customer_id", "string", "customer id of the newest record that has one", personal=True),
        Column("email", "string", "address mail goes to", personal=True),
        Column("phone", "string", "telephone number, E.164", personal=True),
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

MATCHES = Table(
    name="profiles.matches",
    grain="one row per pair of records of different persons that are probably one",
    columns=(
        Column("record", "string", "one record, as in profiles.identities", required=True, personal=True),
        Column("other_record", "string", "the other, later in the alphabet", required=True, personal=True),
        Column("probability", "double", "that both are one person", required=True),
        Column("suggested_at", "timestamp", "the moment for which the pair was first suggested", required=True),
    ),
    key=("record", "other_record"),
    written_by="profiles.suggestions.match_suggestions",
    constraints={"ordered": "record < other_record"},
)

LOSERS = "array<struct<value: string, source: string, since: timestamp>>"

ATTRIBUTES = Table(
    name="profiles.attributes",
    grain="one row per person, attribute, time for which a value was valid, and time for which we knew it so",
    columns=(
        Column("person_id", "string", "surrogate key", required=True),
        Column("attribute", "string", "a column of profiles.people", required=True),
        Column("valid_from", "timestamp", "when the value began to hold, by its source", required=True),
        Column("valid_to", "timestamp", "when another began to hold; null while it holds"),
        Column("known_from", "timestamp", "from when on this row could be known", required=True),
        Column("known_to", "timestamp", "when later news made it wrong; null while it stands"),
        Column("value", "string", "the value that won, as text", required=True, personal=True),
        Column("source", "string", "the source that said so first", required=True),
        Column("evidence", "string", "the source row that first said so", required=True),
        Column("rule", "string", "the rule that decided; undisputed where no other value stood", required=True),
        Column(
            "losers",
            LOSERS,
            "the other values that stood meanwhile, of more than 50 those that stood first",
            required=True,
            personal=True,
        ),
    ),
    key=("person_id", "attribute", "valid_from", "known_from"),
    written_by="profiles.attributes.attribute_history",
    cluster_by=("person_id",),
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
