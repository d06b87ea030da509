"""Telling a person how far long work has come: a bar where one watches, else a line every 30 seconds."""

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic

from pyspark.sql import SparkSession
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

console = Console(file=sys.stderr, highlight=False, soft_wrap=True)
LINE_EVERY = 30.0


@contextmanager
def told(spark: SparkSession, doing: str) -> Iterator[None]:
    """Tell what is being done while the block runs, with Spark's tasks done and to do."""
    spark.sparkContext.setJobDescription(doing)
    done = threading.Event()
    teller = threading.Thread(
        target=_bar if console.is_terminal else _lines, args=(spark, doing, done), name="progress"
    )
    teller.daemon = True
    teller.start()
    try:
        yield
    finally:
        done.set()
        teller.join()
        spark.sparkContext.setJobDescription(None)  # type: ignore[arg-type]


def _bar(spark: SparkSession, doing: str, done: threading.Event) -> None:
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[tasks]}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True) as progress:
        bar = progress.add_task(doing, total=None, tasks="")
        while not done.wait(0.5):
            completed, total = _tasks(spark)
            progress.update(
                bar, completed=completed, total=total or None, tasks=f"{completed}/{total} tasks" if total else ""
            )


def _lines(spark: SparkSession, doing: str, done: threading.Event) -> None:
    started = monotonic()
    while not done.wait(LINE_EVERY):
        completed, total = _tasks(spark)
        console.print(f"    {doing}: {completed} of {total} tasks of this step, {monotonic() - started:.0f} s")


def _tasks(spark: SparkSession) -> tuple[int, int]:
    """Tasks completed and in all of the stages that run now."""
    tracker = spark.sparkContext.statusTracker()
    stages = [info for stage in tracker.getActiveStageIds() if (info := tracker.getStageInfo(stage))]
    return sum(stage.numCompletedTasks for stage in stages), sum(stage.numTasks for stage in stages)
