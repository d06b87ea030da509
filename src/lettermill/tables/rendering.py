"""Tables of rendering: templates by content, what each message came out as, and the verdict before a send."""

from lettermill.tables.declaration import Column, Table

TEMPLATES = Table(
    name="rendering.templates",
    grain="one row per template version",
    columns=(
        Column("template_version", "string", "sha256 over the parts, blocks and declared inputs", required=True),
        Column("campaign", "string", "the campaign it was made for", required=True),
        Column("parts", "map<string, string>", "part -> compiled source: CSS inlined", required=True),
        Column("partials", "map<string, string>", "path -> source of each block the parts include", required=True),
        Column("inputs", "array<string>", "paths of the context that the parts read", required=True),
        Column("language", "string", "what they are written in: jinja2 (also where it is null) or liquid"),
        Column("first_used_at", "timestamp", "the as-of of the first plan with this version", required=True),
    ),
    key=("template_version",),
    written_by="rendering.templates.template_rows",
    append_only=True,
)

MESSAGES = Table(
    name="rendering.messages",
    grain="one row per message rendered by one template version and engine; bodies are not stored",
    columns=(
        Column("message_id", "string", "the message", required=True),
        Column("campaign", "string", "the campaign", required=True),
        Column("occurrence", "string", "the schedule's slot", required=True),
        Column("template_version", "string", "content hash of the template", required=True),
        Column("engine", "string", "fingerprint of everything that decides the bytes", required=True),
        Column(
            "parts",
            "map<string, struct<sha256: string, bytes: bigint>>",
            "part -> hash and size of its UTF-8 bytes",
            required=True,
        ),
        Column("branches", "array<string>", "blocks that the message came through, in order", required=True),
        Column("fault", "string", "why it could not be rendered, else null"),
        Column("fault_part", "string", "the part in which it failed, else null"),
        Column("visible_bytes", "bigint", "bytes of the text part that are no white space; null where faulty"),
        Column("leftovers", "array<string>", "template syntax left over in a part, in words", required=True),
        Column("empty", "array<string>", "parts that show nothing, in words", required=True),
    ),
    key=("message_id", "template_version", "engine"),
    written_by="rendering.messages.render_messages",
    cluster_by=("campaign", "occurrence"),
)

EXTREME = "struct<message_id: string, bytes: bigint, visible_bytes: bigint>"

PREFLIGHTS = Table(
    name="rendering.preflights",
    grain="one row per campaign, occurrence, template version and engine",
    columns=(
        Column("campaign", "string", "the campaign", required=True),
        Column("occurrence", "string", "the schedule's slot", required=True),
        Column("template_version", "string", "content hash of the template", required=True),
        Column("engine", "string", "fingerprint of everything that decides the bytes", required=True),
        Column("verdict", "string", "passed or blocked", required=True),
        Column("messages", "bigint", "messages rendered or faulty", required=True),
        Column("faulty", "bigint", "messages that must not leave", required=True),
        Column("limit_share", "double", "largest share of faulty messages the campaign allows", required=True),
        Column(
            "limits",
            "array<struct<name: string, allowed: double, found: double, is_exceeded: boolean, words: string>>",
            "the campaign's limits on shares of messages, and what was found; one exceeded blocks the run",
            required=True,
        ),
        Column(
            "causes",
            "array<struct<fault: string, kind: string, messages: bigint, examples: array<string>>>",
            "faults by cause with at most three message ids each, most frequent first; kind: fault, missing, null, "
            "leftover, empty, size, stale",
            required=True,
        ),
        Column(
            "warnings",
            "array<struct<warning: string, kind: string, messages: bigint, examples: array<string>>>",
            "the same of what is told and holds no message back: leftover, block (reached and shows nothing), clip",
            required=True,
        ),
        Column(
            "stale",
            "array<struct<input: string, max_age: string, policy: string, messages: bigint, oldest: timestamp, "
            "examples: array<string>>>",
            "inputs older than the campaign allows or of unknown age, most frequent first",
            required=True,
        ),
        Column("largest_html_bytes", "bigint", "size of the longest html part"),
        Column("longest", EXTREME, "the longest html; of equals the smallest message id"),
        Column("shortest", EXTREME, "the shortest html"),
        Column("emptiest", EXTREME, "the html that shows least"),
        Column(
            "sizes",
            "array<struct<kib: bigint, messages: bigint>>",
            "messages by the size of their html in whole KiB",
            required=True,
        ),
        Column("paths", "bigint", "distinct ways through the template that messages came", required=True),
        Column(
            "path_examples",
            "array<struct<branches: array<string>, messages: bigint, example: string>>",
            "the most frequent of these ways, at most 50, with a message id each",
            required=True,
        ),
        Column(
            "exclusions",
            "array<struct<verdict: string, people: bigint>>",
            "the audience by verdict of its plan (campaigns.audiences), mailed included",
            required=True,
        ),
        Column("checked_as_of", "timestamp", "the as-of of the run that checked", required=True),
    ),
    key=("campaign", "occurrence", "template_version", "engine"),
    written_by="rendering.preflight.verdict.preflight",
    constraints={"known_verdict": "verdict IN ('passed', 'blocked')"},
)
