"""Tables of monitoring: what ran."""

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
