"""Tables of monitoring: what ran, and what somebody was told of it."""

from lettermill.tables.declaration import Column, Table

RUNS = Table(
    name="monitoring.runs",
    grain="one row per run of a job",
    columns=(
        Column("run_id", "string", "unique id of the run", required=True),
        Column("job", "string", "the job's name", required=True),
        Column("as_of", "timestamp", "the moment the job worked for", required=True),
        Column("environment", "string", "local or databricks", required=True),
        Column("status", "string", "succeeded or failed", required=True),
        Column("started_at", "timestamp", "wall clock", required=True),
        Column("ended_at", "timestamp", "wall clock", required=True),
        Column("core_seconds", "double", "executor time over all cores"),
        Column("counts", "map<string, bigint>", "what the job counted: rows by table and by cause", required=True),
        Column("versions", "map<string, bigint>", "versions of the tables the job read", required=True),
        Column("git_commit", "string", "commit of the code"),
        Column("error", "string", "the message the job stopped with"),
    ),
    key=("run_id",),
    written_by="job",
    constraints={"known_status": "status IN ('succeeded', 'failed')"},
)

ALERTS = Table(
    name="monitoring.alerts",
    grain="one row per alert and channel: told, failed, or quiet because it was told a short while ago",
    columns=(
        Column("alert_id", "string", "sha256 of kind, severity, subject, run and moment", required=True),
        Column("channel", "string", "the channel's name", required=True),
        Column("kind", "string", "what it is about: quota, failures, bounces, ...", required=True),
        Column("severity", "string", "notice, warning or critical", required=True),
        Column("subject", "string", "what it happened to, in a line", required=True),
        Column("text", "string", "what happened, with figures", required=True),
        Column("run_id", "string", "the run that raised it", required=True),
        Column("raised_at", "timestamp", "when it was raised", required=True),
        Column("outcome", "string", "told, failed or quiet", required=True),
        Column("reason", "string", "why it failed, or when it was told before"),
    ),
    key=("alert_id", "channel"),
    written_by="monitoring.alerts.tell",
    constraints={
        "known_severity": "severity IN ('notice', 'warning', 'critical')",
        "known_outcome": "outcome IN ('told', 'failed', 'quiet')",
    },
)
