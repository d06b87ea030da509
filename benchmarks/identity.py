"""Who is who against the truth that the demo planted: pairs of CRM records that are one person, found and missed.

A slice of the demo's households is generated, taken in, checked and resolved by the jobs themselves, in a lake of its
own. Two records that one person has are a pair; precision is the share of the pairs found that are true, recall the
share of the true pairs that were found. Printed beside it: the same for browsers and their customers, for addresses
alone (what exact matching by address would find), and what was dropped as evidence.

    .venv/bin/python benchmarks/identity.py [--households 400] [--seed 7]

The last line is JSON: precision, recall and the environment.
"""

import argparse
import json
import platform
import shutil
import sys
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import combinations
from pathlib import Path

import pandas as pd
import pyspark

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "jobs"))

import build_profiles
import check_events
import check_records
import ingest_events
import ingest_records

from demo.generate import write_landing
from lettermill.job import Run
from lettermill.lake import Folder, Lake
from lettermill.settings import load
from lettermill.spark import session
from lettermill.tables.profiles import IDENTITIES, IDENTITY_FLAGS
from lettermill.tables.quality import PEOPLE

ROOT = Path(__file__).resolve().parents[1]
SCRATCH = ROOT / "var/bench/identity"
AS_OF = datetime(2018, 1, 2, tzinfo=UTC)
STEPS = (ingest_events, ingest_records, check_events, check_records, build_profiles)


@dataclass(frozen=True)
class Score:
    """Pairs found, true, and both."""

    found: int
    true: int
    right: int

    @property
    def precision(self) -> float:
        return self.right / self.found if self.found else 1.0

    @property
    def recall(self) -> float:
        return self.right / self.true if self.true else 1.0

    def __str__(self) -> str:
        return (
            f"precision {self.precision:.4f}, recall {self.recall:.4f} "
            f"({self.found:,} pairs found, {self.true:,} true, {self.right:,} both)"
        )


def pairs(items: pd.Series, by: pd.Series) -> set[tuple[str, str]]:
    """Pairs of items that have the same value in `by`; null is nobody's."""
    groups = items.groupby(by.to_numpy()).apply(sorted)
    return {pair for group in groups for pair in combinations(group, 2)}


def scored(found: set[tuple[str, str]], true: set[tuple[str, str]]) -> Score:
    return Score(len(found), len(true), len(found & true))


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def resolved(*, households: int | None, seed: int) -> tuple[Lake, Path]:
    """A lake of profiles of a slice of the demo, and the folder of the truth."""
    shutil.rmtree(SCRATCH, ignore_errors=True)
    landing = write_landing(SCRATCH / "landing", households=households, seed=seed, say=say)
    settings = replace(load("local"), landing=landing.out)
    lake = Lake(
        session(settings.spark, application="benchmark of identity"), Folder(SCRATCH / "lake"), SCRATCH / "checkpoints"
    )
    for step in STEPS:
        run = Run(lake, settings, AS_OF, "local", datetime.now(UTC))
        run.arguments = step.main.parser().parse_args(["--as-of", AS_OF.isoformat()])
        step.main.execute(run)
    return lake, landing.truth


def scores(lake: Lake, truth: Path) -> Iterable[tuple[str, Score]]:
    """What is scored, and how: records by person, records by address alone, browsers by customer."""
    people = pd.read_parquet(truth / "people.parquet")
    true = pairs(people["record_id"], people["person"])
    known = lake.read(IDENTITIES).toPandas()
    records = known[known["identifier_kind"] == "record"]
    crm = records[records["identifier"].str.startswith("crm/")]
    yield "records", scored(pairs(crm["identifier"].str.removeprefix("crm/"), crm["person_id"]), true)
    stated = lake.read(PEOPLE).where("source = 'crm' AND email IS NOT NULL").select("record_id", "email").distinct()
    addresses = stated.toPandas()
    yield "records by address alone", scored(pairs(addresses["record_id"], addresses["email"]), true)
    devices = pd.read_parquet(truth / "devices.parquet")
    linkable = devices[devices["is_linkable"]]
    customers = known[known["identifier_kind"] == "customer_id"].set_index("person_id")["identifier"]
    browsers = known[known["identifier_kind"] == "anonymous_id"]
    customer = browsers["person_id"].map(customers.groupby(level=0).min())
    found = set(zip(browsers["identifier"], customer, strict=True))
    yield "browsers", scored(found, set(zip(linkable["anonymous_id"], linkable["customer_id"], strict=True)))


def main() -> None:
    """Print the scores, and those of records as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--households", default="400", help="how many households of the demo, or all")
    parser.add_argument("--seed", type=int, default=7)
    given = parser.parse_args()
    lake, truth = resolved(households=None if given.households == "all" else int(given.households), seed=given.seed)
    found = dict(scores(lake, truth))
    for what, score in found.items():
        say(f"{what}: {score}")
    say(f"identifiers dropped as evidence: {lake.read(IDENTITY_FLAGS).count()}")
    environment = {
        "python": platform.python_version(),
        "spark": pyspark.__version__,
        "master": lake.spark.sparkContext.master,
    }
    score = found["records"]
    say(json.dumps({"precision": score.precision, "recall": score.recall, "environment": environment}))


if __name__ == "__main__":
    main()
