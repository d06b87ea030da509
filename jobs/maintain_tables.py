"""Keep every table small: pack small files together and remove those that left a table some time ago.

Rows stay as they are. A table that a stream has yet to read from that far back is left alone and told by name; the
others are maintained all the same. Versions older than what is kept can no longer be read. Marks of sends that ended
longer ago than `delivery.keep_marks_days` leave the journal.
"""

from datetime import timedelta

from lettermill import tables
from lettermill.errors import ConfigError, TableError
from lettermill.job import Argument, Run, job
from lettermill.sending.expiring import expire_settled_marks
from lettermill.settings import load_campaign


@job(Argument("--keep-days", "remove what left a table longer ago than this", default="30"))
def main(run: Run) -> None:
    keep = _days(run.arguments.keep_days)
    folder = run.settings.campaigns.folder
    contexts = [load_campaign(file.parent.name, folder=folder).contexts for file in folder.glob("*/campaign.yml")]
    refused: list[TableError] = []
    for table in (*tables.ALL, *contexts):
        if not run.lake.exists(table):
            continue
        try:
            with run.doing(f"maintaining {table.name}"):
                done = run.lake.maintain(table, keep=keep)
        except TableError as refusal:
            refused.append(refusal)
            continue
        run.count(tables_maintained=1, files_packed=done.packed, files_removed=done.removed)
    with run.doing("removing old marks of sends"):
        run.count(marks_removed=expire_settled_marks(run))
    if refused:
        places = "\n      ".join(refusal.place for refusal in refused)
        raise TableError("; ".join(refusal.problem for refusal in refused), place=places, mend=refused[0].mend)


def _days(text: str) -> timedelta:
    try:
        keep = timedelta(days=float(text))
    except (ValueError, OverflowError):
        keep = timedelta(-1)
    if keep < timedelta():
        raise ConfigError(f"--keep-days {text!r} is no number of days", place="arguments", mend="write 30, or 0.5")
    return keep


if __name__ == "__main__":
    main()
