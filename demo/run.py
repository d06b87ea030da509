"""The demo: real data into landing files, the whole pipeline over them, a summary and where to look."""

import argparse
import sys
from datetime import UTC, datetime
from pathlib import Path
from secrets import token_hex
from time import monotonic

from rich.console import Console
from rich.table import Table

from demo.errors import DemoError
from demo.generate import household_count, write_landing
from lettermill.errors import LettermillError
from lettermill.java import find_java
from lettermill.job import Run
from lettermill.secrets import FOLDER

AS_OF = datetime(2018, 1, 2, tzinfo=UTC)  # the change file of December's records landed the day before
LANDING = Path("var/demo/landing")
REPORT = Path("var/demo/report.html")

console = Console(highlight=False, soft_wrap=True)


def main() -> None:
    parser = argparse.ArgumentParser(prog="demo", description=__doc__)
    parser.add_argument("--households", default="all", help="how many households to take, or all (default)")
    parser.add_argument("--seed", type=int, default=7, help="seed of everything invented (default: 7)")
    arguments = parser.parse_args()
    started = monotonic()
    try:
        console.print(f"[bold]lettermill demo[/bold]  {find_java()[1]}")
        write_landing(
            LANDING,
            households=household_count(arguments.households),
            seed=arguments.seed,
        )
        make_secrets()
        run = run_pipeline()
    except (DemoError, LettermillError) as error:
        console.print("[red]the demo stopped:[/red]", end=" ")
        console.print(str(error), markup=False)
        sys.exit(1)
    summarise(run, seconds=monotonic() - started)


def make_secrets() -> None:
    """Give the local secrets a random value each, once, readable by this user alone."""
    for key in ("unsubscribe", "address"):
        file = FOLDER / "lettermill" / key
        if not file.exists():
            file.parent.mkdir(parents=True, exist_ok=True)
            file.touch(mode=0o600)
            file.write_text(token_hex(32))


def run_pipeline() -> Run:
    """Run jobs/run_pipeline.py in this process, as `python jobs/run_pipeline.py` would."""
    sys.path.insert(0, "jobs")
    import run_pipeline as pipeline

    return pipeline.main(["--as-of", AS_OF.isoformat(), "--report", str(REPORT)])


def summarise(run: Run, *, seconds: float) -> None:
    table = Table(title="What happened", title_justify="left", box=None, show_header=True, header_style="bold")
    table.add_column("job", no_wrap=True)
    table.add_column("s", justify="right")
    table.add_column("what it had to tell", overflow="fold")
    for step in run.steps:
        told = step.notes or [", ".join(f"{number:,} {name.replace('_', ' ')}" for name, number in step.counts.items())]
        table.add_row(step.job, f"{step.seconds:.0f}", "\n".join(told))
    console.print(table)
    console.print(f"\nfinished in {seconds / 60:.1f} minutes. Where to look:")
    for what, where in {
        "the report": REPORT,
        "the payload files": run.settings.files.folder,
        "the tables": f'{run.settings.lake.root}   (.venv/bin/lettermill sql "SELECT * FROM delivery.ledger LIMIT 5")',
        "the models": f".venv/bin/mlflow ui --backend-store-uri {run.settings.mlflow.tracking_uri}",
        "what was invented": LANDING.parent / "truth" / "truth.json",
    }.items():
        console.print(f"  {what:<18} {where}", markup=False)


if __name__ == "__main__":
    main()
