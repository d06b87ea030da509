"""What every job is given: a lake, the settings, a moment; and what every job leaves: a row in monitoring.runs."""

import argparse
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from time import monotonic
from uuid import uuid4

from py4j.protocol import Py4JError
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, SparkSession

from lettermill import errors, tables
from lettermill.code_version import git_commit
from lettermill.errors import LettermillError
from lettermill.lake import Batch, Catalog, Lake
from lettermill.places import open_folder
from lettermill.progress import console, told
from lettermill.settings import PACKAGED, Settings, load
from lettermill.spark import session
from lettermill.tables import Table


@dataclass(frozen=True)
class Argument:
    """One argument a job takes beside those that every job takes."""

    flag: str
    help: str
    default: str | None = None
    required: bool = False


@dataclass
class Run:
    """One run of one job. Jobs ask it for the time, never the clock: they work for `as_of`, and `now` only measures."""

    lake: Lake
    settings: Settings
    as_of: datetime
    environment: str
    started_at: datetime
    run_id: str = field(default_factory=lambda: uuid4().hex)
    arguments: argparse.Namespace = field(default_factory=argparse.Namespace)
    counts: dict[str, int] = field(default_factory=dict)
    versions: dict[str, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    steps: list["Step"] = field(default_factory=list)
    now: Callable[[], datetime] = field(default=partial(datetime.now, UTC))

    @property
    def spark(self) -> SparkSession:
        return self.lake.spark

    def read(self, table: Table) -> DataFrame:
        """Read a table and note the version it had, so that a result can be traced to its inputs."""
        version = self.versions[table.name] = self.lake.version(table)
        return self.lake.read(table, version=version)

    def count(self, **counted: int) -> None:
        """Note counts; they are added up, printed at the end and kept in monitoring.runs."""
        for name, number in counted.items():
            self.counts[name] = self.counts.get(name, 0) + int(number)

    def note(self, line: str) -> None:
        """Note a line for the summary."""
        self.notes.append(line)

    @contextmanager
    def doing(self, words: str) -> Iterator[None]:
        """Tell a watching person what goes on."""
        with told(self.spark, words):
            yield

    def step(self, job: "Job", *argv: str) -> None:
        """Run another job in this session, for the same moment, with its own row in monitoring.runs."""
        run = Run(self.lake, self.settings, self.as_of, self.environment, datetime.now(UTC))
        run.arguments = job.parser().parse_args([*argv, "--as-of", self.as_of.isoformat(), "--env", self.environment])
        started = monotonic()
        job.execute(run)
        self.steps.append(Step(job.name, run.notes, dict(run.counts), seconds=monotonic() - started))


@dataclass(frozen=True)
class Step:
    """What a job that ran inside another had to tell."""

    job: str
    notes: list[str]
    counts: dict[str, int]
    seconds: float


@dataclass(frozen=True)
class Job:
    """A script's entry point. `work` is the bare function, which a test calls with a Run of its own."""

    work: Callable[[Run], None]
    name: str
    description: str
    takes: tuple[Argument, ...]

    def __call__(self, argv: Sequence[str] | None = None) -> Run:
        """Run from the command line: exit code 0, or 1 with a message that names the thing and the mend."""
        arguments = self.parser().parse_args(argv)
        try:
            run = open_run(arguments, application=self.name)
            self.execute(run)
            return run
        except LettermillError as error:
            console.print(f"[red]{self.name} stopped:[/red]", end=" ")
            console.print(str(error), markup=False)
            sys.exit(1)

    def parser(self) -> argparse.ArgumentParser:
        parser = argparse.ArgumentParser(prog=self.name, description=self.description)
        parser.add_argument("--env", default="local", help="environment: a file of conf (default: local)")
        parser.add_argument(
            "--conf", type=Path, default=PACKAGED, help="folder of base.yml and <env>.yml (default: the packaged one)"
        )
        parser.add_argument(
            "--as-of", type=moment, required=True, help="the moment to work for, ISO 8601; without a zone: UTC"
        )
        parser.add_argument("--catalog", help="Unity Catalog to use instead of the conf's")
        for argument in self.takes:
            parser.add_argument(argument.flag, help=argument.help, default=argument.default, required=argument.required)
        return parser

    def execute(self, run: Run) -> None:
        """Do the work, tell what it counted, and leave a row in monitoring.runs whatever happens.

        Raises the error that a person can mend, taken out of what Spark wraps around it.
        """
        console.print(f"[bold]{self.name}[/bold]  {self.description.splitlines()[0]}")
        started, busy = monotonic(), _busy_seconds(run.spark)
        error: BaseException | None = None
        try:
            self.work(run)
        except (Py4JError, PySparkException) as failure:
            error = plain_error(failure)
            raise error from failure
        except BaseException as failure:
            error = failure
            raise
        finally:
            _record(run, self.name, error, core_seconds=_busy_seconds(run.spark) - busy)
            _tell(run, seconds=monotonic() - started, failed=error is not None)


def job(*takes: Argument) -> Callable[[Callable[[Run], None]], Job]:
    """Turn `main(run)` into a job; its script's docstring is the job's `--help`."""

    def wrap(work: Callable[[Run], None]) -> Job:
        script = Path(work.__code__.co_filename).stem
        description = (work.__globals__.get("__doc__") or "").strip()
        if not description:
            raise TypeError(f"{script} needs a docstring: it is the job's --help")
        return Job(work=work, name=script, description=description, takes=takes)

    return wrap


def open_run(arguments: argparse.Namespace, *, application: str) -> Run:
    """Read the settings, start or join the Spark session, and open the lake."""
    settings = load(arguments.env, conf=arguments.conf)
    spark = session(settings.spark, application=application)
    lake = open_lake(settings, spark, catalog=arguments.catalog)
    return Run(lake, settings, arguments.as_of, arguments.env, datetime.now(UTC), arguments=arguments)


def open_lake(settings: Settings, spark: SparkSession, *, catalog: str | None = None) -> Lake:
    """The lake of the settings, or of another catalogue."""
    where = settings.lake
    place = Catalog(catalog) if catalog else open_folder(where.root) if where.root else Catalog(str(where.catalog))
    return Lake(spark, place, where.checkpoints)


def moment(text: str) -> datetime:
    """Parse an instant; raises ArgumentTypeError with an example."""
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no instant; write 2018-01-01 or 2018-01-01T06:00:00Z") from None
    return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)


def plain_error(failure: Exception) -> Exception:
    """Find, in what Spark wraps around a worker's exception, the error a person can mend; else the failure itself."""
    found = re.search(r"lettermill\.errors\.(\w+): (.*?\n  mend: [^\n]*)", str(failure), re.DOTALL)
    if found is None:
        return failure
    kind = getattr(errors, found.group(1))
    problem, _, rest = found.group(2).partition("\n")
    place = re.search(r"^  at: (.*)$", rest, re.MULTILINE)
    mend = re.search(r"^  mend: (.*)$", rest, re.MULTILINE)
    return kind(problem, place=place.group(1) if place else "", mend=mend.group(1) if mend else "")


def _record(run: Run, name: str, error: BaseException | None, *, core_seconds: float) -> None:
    row = (
        run.run_id, name, run.as_of, run.environment, "failed" if error else "succeeded", run.started_at,
        datetime.now(UTC), core_seconds, run.counts, run.versions, git_commit(), str(error) if error else None,
    )  # fmt: skip
    try:
        lake = replace(run.lake, batch=Batch(app_id=run.run_id, number=0))  # a run is written once
        lake.append(run.spark.createDataFrame([row], tables.monitoring.RUNS.ddl), to=tables.monitoring.RUNS)
    except Exception:
        if error is None:  # a failure to record must not hide the failure it would record
            raise


def _tell(run: Run, *, seconds: float, failed: bool) -> None:
    for name, number in run.counts.items():
        console.print(f"    {number:>12,}  {name.replace('_', ' ')}", markup=False)
    for line in run.notes:
        console.print(f"    {line}", markup=False)
    console.print(f"  [red]failed[/red] after {seconds:.1f} s" if failed else f"  done in {seconds:.1f} s")


def _busy_seconds(spark: SparkSession) -> float:
    """Executor time of the session so far, over all cores, as Spark's own status store has it."""
    executors = spark.sparkContext._jsc.sc().statusStore().executorList(False)  # type: ignore[union-attr]
    return sum(executors.apply(place).totalDuration() for place in range(executors.size())) / 1000
