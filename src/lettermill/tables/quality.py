"""Tables of quality: what is well formed, and what was refused with the reason."""

from lettermill.tables.declaration import Column, Table
from lettermill.tables.ingest import ORIGIN

MONEY = "decimal(12,2)"

ORDERED_PRODUCT = f"struct<product_id: string, quantity: bigint, price: {MONEY}, value: {MONEY}, discount: {MONEY}>"
TRAITS = ("email", "phone", "first_name", "last_name", "birth_year", "country", "postcode", "locale", "timezone")
"""Properties by which an `identify` event tells of a person, named as quality.people names them."""
PROPERTIES = (
    f"struct<order_id: string, total: {MONEY}, currency: string, coupon: string, products: array<{ORDERED_PRODUCT}>, "
    f"product_id: string, price: {MONEY}, category: string, url: string, "
    "campaign_id: string, email_id: string, link_url: string, bounce_type: string, "
    "channel: string, topic: string, purpose: string, state: string, "
    "referrer: string, user_agent: string, device_id: string, group_id: string, "
    f"{', '.join(f'{name}: string' for name in TRAITS)}, "
    "record: string, provider: string, provider_event_id: string, reference: string, by_machine: boolean>"
)

NAMED_IN_EVENTS = {"customer_id": "user_id", "anonymous_id": "anonymous_id", "device": "properties.device_id"}
"""Kind of identifier -> where rows of quality.events have it; what stands first decides whose an event is."""

EVENTS = Table(
    name="quality.events",
    grain="one row per well-formed event, deduplicated by event_id",
    columns=(
        Column("event_id", "string", "the producer's idempotency key", required=True),
        Column(
            "kind", "string", "Segment's event name in snake_case: order_completed, product_viewed, ...", required=True
        ),
        Column("user_id", "string", "the customer id the producer knew, if any", personal=True),
        Column("anonymous_id", "string", "the browser's id, if any", personal=True),
        Column("previous_id", "string", "of an alias: the id the user had until then", personal=True),
        Column("occurred_at", "timestamp", "when it happened, by the producer's clock", required=True),
        Column("received_at", "timestamp", "when the source says it received it; else as it is in ingest.events", True),
        Column("available_at", "timestamp", "from when on it may be used: received, or mended later", required=True),
        Column("properties", PROPERTIES, "what the event's kind carries, typed", personal=True),
        *ORIGIN,
    ),
    key=("event_id",),
    written_by="quality.events.accepted_events",
    cluster_by=("kind", "occurred_at"),
    constraints={"snake_case_kind": "kind RLIKE '^[a-z][a-z0-9_]*$'"},
)

SESSIONS = Table(
    name="quality.sessions",
    grain="one row per browsing session: a visitor's browsing events with no pause above 30 minutes",
    columns=(
        Column("session_id", "string", "the id of the session's first event", required=True),
        Column("visitor", "string", "browser:<anonymous id>, or user:<user id> where that is unknown", True, True),
        Column("user_id", "string", "the customer id that the session's last event with one named", personal=True),
        Column("anonymous_id", "string", "the browser's id, if any", personal=True),
        Column("started_at", "timestamp", "when the first event happened", required=True),
        Column("ended_at", "timestamp", "when the last event happened", required=True),
        Column("seconds", "double", "length: from the first event to the last", required=True),
        Column("events", "bigint", "browsing events", required=True),
        Column("pages", "bigint", "pages and screens seen", required=True),
        Column("products", "array<string>", "ids of the products looked at or added, in the order of ids", True),
        Column("added", "bigint", "times a product was added to the basket", required=True),
        Column("entry", "string", "link of the first page", personal=True),
        Column("referrer", "string", "where the first page was come to from; null for directly", personal=True),
        Column("is_bot", "boolean", "whether a user agent of the session says that it is a machine", required=True),
        Column("available_at", "timestamp", "from when on the session was known as it is here", required=True),
    ),
    key=("session_id",),
    written_by="quality.sessions.sessions_of",
    cluster_by=("started_at",),
    constraints={"ends_after_it_starts": "ended_at >= started_at"},
)

ORDER_LINES = Table(
    name="quality.order_lines",
    grain="one row per product line of an accepted order",
    columns=(
        Column("order_id", "string", "the order", required=True),
        Column("line", "int", "place in the order, from 1", required=True),
        Column("event_id", "string", "the event the line came in", required=True),
        Column("user_id", "string", "the customer id of the buyer", personal=True),
        Column("product_id", "string", "the product bought", required=True),
        Column("quantity", "bigint", "units bought, above zero", required=True),
        Column("amount", MONEY, "paid for the line, in `currency`", required=True),
        Column("discount", MONEY, "taken off the line, in `currency`"),
        Column("currency", "string", "ISO 4217", required=True),
        Column("occurred_at", "timestamp", "when the order was placed", required=True),
        Column("available_at", "timestamp", "from when on the line may be used", required=True),
        *ORIGIN,
    ),
    key=("order_id", "line"),
    written_by="quality.orders.accepted_lines",
    cluster_by=("occurred_at",),
    constraints={"positive_quantity": "quantity > 0", "no_negative_amount": "amount >= 0"},
)

PRODUCTS = Table(
    name="quality.products",
    grain="one row per version of a product",
    columns=(
        Column("product_id", "string", "the catalogue's id", required=True),
        Column("name", "string", "as a customer reads it", required=True),
        Column("brand", "string", "brand, or own label"),
        Column("department", "string", "the widest class"),
        Column("category", "string", "the class customers know"),
        Column("type", "string", "the narrowest class"),
        Column("package_size", "string", "as printed on the package"),
        Column("price", MONEY, "price today, in `currency`", required=True),
        Column("list_price", MONEY, "price before the usual discount"),
        Column("currency", "string", "ISO 4217", required=True),
        Column("is_available", "boolean", "can be bought", required=True),
        Column("url", "string", "the product's page, https"),
        Column("image", "string", "its picture, https"),
        Column("valid_from", "timestamp", "from when on we could know this version: its extract", required=True),
        *ORIGIN,
    ),
    key=("product_id", "valid_from"),
    written_by="quality.products.accepted_products",
    constraints={"no_negative_price": "price >= 0"},
)

PEOPLE = Table(
    name="quality.people",
    grain="one row per version of a person record of one source",
    columns=(
        *ORIGIN,
        Column("record_id", "string", "the source's own id of the record, or a customer's", True, personal=True),
        Column("customer_id", "string", "the customer id, if the source knows it", personal=True),
        Column("email", "string", "normalised address: trimmed, lower case; null where unusable", personal=True),
        Column("phone", "string", "telephone number as the source writes it", personal=True),
        Column("first_name", "string", "given name", personal=True),
        Column("last_name", "string", "family name", personal=True),
        Column("birth_year", "int", "year of birth", personal=True),
        Column("country", "string", "ISO 3166-1 alpha-2", personal=True),
        Column("postcode", "string", "postal code", personal=True),
        Column("locale", "string", "language and region, de_AT", personal=True),
        Column("timezone", "string", "IANA time zone", personal=True),
        Column("email_consent", "string", "granted, denied or null for unknown"),
        Column("profiling_consent", "string", "granted, denied or null for unknown"),
        Column("consent_at", "timestamp", "when the consent was given or taken back"),
        Column("age_band", "string", "third party: age", personal=True),
        Column("income_band", "string", "third party: yearly income in thousands", personal=True),
        Column("household_size", "string", "third party: people in the household", personal=True),
        Column("kids_count", "string", "third party: children in the household", personal=True),
        Column("home_ownership", "string", "third party: owner or renter", personal=True),
        Column("household_id", "string", "the source's id of the household, if it knows one", personal=True),
        Column("updated_at", "timestamp", "when the source changed the record", required=True),
        Column("available_at", "timestamp", "from when on the version may be used", required=True),
        Column("warnings", "array<string>", "what was blanked or looks wrong, by rule", required=True),
    ),
    key=("source", "origin", "position"),
    written_by="quality.people.accepted_people",
)

SOCIAL_ENGAGEMENT = Table(
    name="quality.social_engagement",
    grain="one row per action of a person on social media, by source",
    columns=(
        *ORIGIN,
        Column("engagement_id", "string", "the source's id of the action, or one derived from it", required=True),
        Column("platform", "string", "where it happened, in lower case", required=True),
        Column("account", "string", "our account there"),
        Column("subject", "string", "the post or page it was about"),
        Column("action", "string", "follow, unfollow, like, comment, share or mention", required=True),
        Column("handle", "string", "the person's name there", personal=True),
        Column("customer_id", "string", "the customer id, if the source knows it", personal=True),
        Column("email_sha256", "string", "SHA-256 of the normalised address, in hexadecimal", personal=True),
        Column("occurred_at", "timestamp", "when it happened", required=True),
        Column("available_at", "timestamp", "from when on it may be used: its extract", required=True),
        Column("trust", "double", "how far the source is believed, from 0 to 1", required=True),
        Column("consent_basis", "string", "by what right it is known: the record's word, else its source's", True),
        Column("may_be_used", "boolean", "whether that right covers marketing; others are kept out of features", True),
    ),
    key=("source", "engagement_id"),
    written_by="quality.social.accepted_engagement",
    cluster_by=("occurred_at",),
    constraints={"trust_is_a_share": "trust >= 0 AND trust <= 1"},
)

QUARANTINE = Table(
    name="quality.quarantine",
    grain="one row per row that a check set aside",
    columns=(
        Column("refused_by", "string", "the table that did not take the row", required=True),
        *ORIGIN,
        Column("part", "int", "line of an order, or attempt on a landing file (position 0), else 0", required=True),
        Column(
            "disposition",
            "string",
            "refused (broke a rule), duplicate (its key is taken), replayed (refused, accepted later) or erased",
            required=True,
        ),
        Column("reasons", "array<string>", "every rule the row broke", required=True),
        Column("raw", "binary", "the row as it came; of a file its first bytes", required=True, personal=True),
        Column("first_seen", "timestamp", "when the row first arrived here", required=True),
        Column("mended", "binary", "the row as somebody mended it", personal=True),
        Column("mended_at", "timestamp", "when that was; a replayed row is available from then on"),
        Column("mended_by", "string", "who mended it"),
        Column("mended_why", "string", "why it was mended"),
        Column("replayed_at", "timestamp", "when it was found good and given back; set before it is stored"),
    ),
    key=("refused_by", "source", "origin", "position", "part"),
    written_by="quality.quarantine.quarantined",
    constraints={"known_disposition": "disposition IN ('refused', 'duplicate', 'replayed', 'erased')"},
)

DECISION = "struct<state: string, by: string, at: timestamp, why: string>"

REVIEWS = Table(
    name="quality.reviews",
    grain="one row per finding that awaits or was given a decision",
    columns=(
        Column("review_id", "string", "hash of finding, subject and week; never changes", required=True),
        Column("finding", "string", "the check that found it, as conf/quality.yml names it", required=True),
        Column("kind", "string", "outlier, spike, conflict or typo", required=True),
        Column("subject_kind", "string", "order, customer, or email_domain", required=True),
        Column("subject_id", "string", "order id, customer id, or domain", required=True, personal=True),
        Column("user_id", "string", "the customer that the subject is or belongs to", personal=True),
        Column("week", "date", "Monday of the week of a spike"),
        Column("observed", "double", "what was measured"),
        Column("usual", "double", "the median, or the nearer quartile, it was held against"),
        Column("score", "double", "how far off: robust standard deviations, interquartile ranges, years"),
        Column("suggestion", "string", "what may have been meant"),
        Column("confidence", "double", "how sure the suggestion is, from 0 to 1"),
        Column("detail", "string", "the finding in words", required=True, personal=True),
        Column("holds", "boolean", "kept out of segments, training and features while open", required=True),
        Column("found_at", "timestamp", "the as-of that first found it", required=True),
        Column("state", "string", "open, accepted or excluded", required=True),
        Column("decided_by", "string", "who decided last"),
        Column("decided_at", "timestamp", "when"),
        Column("reason", "string", "why"),
        Column("history", f"array<{DECISION}>", "every decision, the oldest first", required=True),
    ),
    key=("review_id",),
    written_by="quality.reviews.review_rows",
    constraints={"known_state": "state IN ('open', 'accepted', 'excluded')"},
)

CHECKS = Table(
    name="quality.checks",
    grain="one row per check, table and as_of: what it looked at and what failed, passed checks too",
    columns=(
        Column("as_of", "timestamp", "the moment the checks were asked for", required=True),
        Column("table_name", "string", "the table that was looked at", required=True),
        Column("check", "string", "its name in conf/quality.yml", required=True),
        Column("kind", "string", "rule, expectation, outlier, spike, conflict or typo", required=True),
        Column("criticality", "string", "error or warn", required=True),
        Column("rows_looked_at", "bigint", "the denominator: rows, orders, customers or addresses", required=True),
        Column("rows_failed", "bigint", "of these; null for a figure of the whole table"),
        Column("observed", "double", "share that failed, or the figure"),
        Column("bound", "double", "what it is held against"),
        Column("verdict", "string", "passed, warned or failed", required=True),
    ),
    key=("as_of", "table_name", "check"),
    written_by="quality.results.check_rows",
    constraints={"known_verdict": "verdict IN ('passed', 'warned', 'failed')"},
)
