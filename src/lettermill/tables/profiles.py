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

CONSENTS = Table(
    name="profiles.consents",
    grain="one row per change of one person's consent to one purpose on one channel, by source",
    columns=(
        Column("person_id", "string", "surrogate key", required=True),
        Column("channel", "string", "email", required=True),
        Column("purpose", "string", "mail, or profiling", required=True),
        Column("state", "string", "granted, denied, or suppressed (which no later grant lifts)", required=True),
        Column("reason", "string", "what happened: crm record, unsubscribed, bounced, complained", required=True),
        Column("changed_at", "timestamp", "when the person or their mailbox said so", required=True),
        Column("available_at", "timestamp", "from when on we could know", required=True),
        Column("evidence", "string", "the source row that says so", required=True),
    ),
    key=("person_id", "channel", "purpose", "evidence"),
    written_by="profiles.consents.consent_changes",
    constraints={
        "known_state": "state IN ('granted', 'denied', 'suppressed')",
        "known_purpose": "purpose IN ('mail', 'profiling')",
    },
)
