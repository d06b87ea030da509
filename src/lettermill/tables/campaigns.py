"""Tables of campaigns: who is in the audience, in which arm, and everything their e-mail may see."""

from dataclasses import replace

from lettermill.tables.declaration import Column, Table

AUDIENCES = Table(
    name="campaigns.audiences",
    grain="one row per person of a campaign's audience and occurrence, mailed or not",
    columns=(
        Column("campaign", "string", "the campaign", required=True),
        Column("occurrence", "string", "the schedule's slot: a local date", required=True),
        Column("person_id", "string", "the person", required=True),
        Column(
            "verdict", "string", "mailed, or the first reason why not, in the order of the waterfall", required=True
        ),
        Column("detail", "string", "which consent, which input, which rule"),
        Column("planned_as_of", "timestamp", "the moment the plan was made for", required=True),
    ),
    key=("campaign", "occurrence", "person_id"),
    written_by="campaigns.audience.audience",
    cluster_by=("campaign", "occurrence"),
    constraints={
        "known_verdict": "verdict IN ('mailed', 'no_address', 'no_consent', 'suppressed', 'shared_address', "
        "'held_out', 'missing_input')"
    },
)

ASSIGNMENTS = Table(
    name="campaigns.assignments",
    grain="one row per person and experiment, which never moves",
    columns=(
        Column("experiment", "string", "the campaign's experiment", required=True),
        Column("person_id", "string", "the person", required=True),
        Column("arm", "string", "holdout, or the treatment's name", required=True),
        Column("propensity", "double", "probability with which this arm was drawn", required=True),
        Column("assigned_at", "timestamp", "the as-of of the first plan that met the person", required=True),
    ),
    key=("experiment", "person_id"),
    written_by="campaigns.arms.assignments",
    constraints={"probability": "propensity > 0 AND propensity <= 1"},
)

EXPOSURES = Table(
    name="campaigns.exposures",
    grain="one row per message and block or item shown",
    columns=(
        Column("message_id", "string", "the message", required=True),
        Column("campaign", "string", "the campaign", required=True),
        Column("occurrence", "string", "the schedule's slot: a local date", required=True),
        Column("person_id", "string", "the person", required=True),
        Column("kind", "string", "block or item", required=True),
        Column("slot", "string", "the slot of a block; the input that an item is of", required=True),
        Column("position", "int", "place in the slate, from 1; 1 for a block", required=True),
        Column("shown", "string", "the block's name, or the product_id"),
        Column("source", "string", "rules, score, bandit, otherwise; of an item, where it came from", required=True),
        Column("propensity", "double", "probability with which it was chosen; null where that is not known"),
        Column("planned_as_of", "timestamp", "the moment the plan was made for", required=True),
    ),
    key=("message_id", "slot", "position"),
    written_by="campaigns.exposures.exposures",
    cluster_by=("campaign", "occurrence"),
    constraints={
        "known_kind": "kind IN ('block', 'item')",
        "probability": "propensity IS NULL OR (propensity > 0 AND propensity <= 1)",
    },
)

BANDITS = Table(
    name="campaigns.bandits",
    grain="one row per campaign, slot, block and as_of",
    columns=(
        Column("campaign", "string", "the campaign", required=True),
        Column("slot", "string", "the slot, which chooses by bandit", required=True),
        Column("block", "string", "the arm", required=True),
        Column("as_of", "timestamp", "the moment up to which was counted", required=True),
        Column("trials", "bigint", "messages handed over that showed the block", required=True),
        Column("rewards", "double", "the sum of their rewards, each from 0 to 1", required=True),
    ),
    key=("campaign", "slot", "block", "as_of"),
    written_by="campaigns.bandits.arm_states",
    constraints={"rewards_of_trials": "rewards >= 0 AND rewards <= trials"},
)

CONTEXTS = "campaigns.contexts_"
CONTEXT_COLUMNS = (
    Column("message_id", "string", "sha256 of campaign, occurrence and person_id", required=True),
    Column("campaign", "string", "the campaign", required=True),
    Column("person_id", "string", "the person", required=True),
    Column("address", "string", "where the message goes", required=True, personal=True),
    Column("occurrence", "string", "the schedule's slot: a local date", required=True),
    Column("arm", "string", "the experiment's arm", required=True),
    Column("propensity", "double", "probability with which the arm was drawn", required=True),
    Column("locale", "string", "language and region the message is written for", required=True),
    Column("timezone", "string", "the person's time zone, or the brand's", required=True),
    Column("template_version", "string", "content hash of the campaign's template", required=True),
    Column("unsubscribe_token", "string", "HMAC over the message id, with its key id", required=True, personal=True),
    Column("missing", "array<string>", "input paths that the source did not have", required=True),
    Column("inputs_at", "map<string, timestamp>", "per input, the age of what it was made from", required=True),
    Column("versions", "map<string, string>", "models, tables and code the inputs were made with", required=True),
    Column("created_at", "timestamp", "the as-of of the plan", required=True),
)


def contexts_table(campaign: str, *, inputs: str, fingerprint: str) -> Table:
    """Declare the contexts of one campaign: the fixed columns and `inputs`, a struct with a field per declared input.

    `inputs` is Spark DDL (`struct<...>`); `fingerprint` is 8 hex digits of it, so that a changed shape is a new table.
    """
    return Table(
        name=f"{CONTEXTS}{campaign}__{fingerprint}",
        grain="one row per message to be: everything its template may see",
        columns=(*CONTEXT_COLUMNS, Column("inputs", inputs, "the declared inputs", required=True, personal=True)),
        key=("message_id",),
        written_by="campaigns.contexts.build_contexts",
        properties={"delta.enableDeletionVectors": "false"},
        append_only=True,
    )


TRIALS = "campaigns.trials_"


def trials_table(campaign: str, *, inputs: str, fingerprint: str) -> Table:
    """Declare the contexts that a diff builds for itself and lets go of: no address, no token, another name."""
    return Table(
        name=f"{TRIALS}{campaign}__{fingerprint}",
        grain="one row per side of a diff and person of the audience: never sent, gone with the diff",
        columns=(
            Column("side", "string", "before or after", required=True),
            Column("person_id", "string", "the person", required=True),
            Column("verdict", "string", "mailed, or the first reason why not", required=True),
            Column("detail", "string", "which consent, which input, which rule"),
            Column("missing", "array<string>", "input paths that the source did not have"),
            Column("inputs", inputs, "the declared inputs, where the person would be mailed", personal=True),
        ),
        key=("side", "person_id"),
        written_by="campaigns.trials.trial_rows",
    )


def stored_contexts(name: str) -> Table:
    """The contexts table `name` as a lake has it, for reading: its inputs may be declared otherwise by now."""
    if name.startswith(TRIALS):
        raise ValueError(f"{name} holds trials, which are nobody's messages")
    fixed = contexts_table("stored", inputs="struct<>", fingerprint="")
    return replace(fixed, name=name)
