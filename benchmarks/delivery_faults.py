"""Senders that die, sleep, race and are restored: nothing is mailed twice, nothing is lost, and what nobody can tell of
is exactly what is ambiguous.

    .venv/bin/python benchmarks/delivery_faults.py [--messages 2000] [--random-points 200] [--kills 20] [--zombies 50]
        [--seed 7] [--only PART ...] [--step NAME ...]

The provider is a process of its own, whose book outlives every sender; a tenth of its calls is answered by 429 or 503
or cut off, before or after the acceptance. Each case is a send of `--messages` on a copy of one planned lake:

steps     `os._exit` before and after each step of the protocol, in the job's driver or in its worker, whichever takes
          the step; the job then runs again, in the session of this process, until nothing is left.
points    an exception that nothing catches at a random operation of journal, provider or outbox, in a task alone or in
          its whole process. Over the simulated outbox: with tables it would take hours. Seed + n replays the nth.
kills     kill -9 of the process group of jobs/send_campaign.py at a random moment after its first mark; workers of
          Spark have a group of their own, and go on for a while. Then as above.
zombies   a worker without Spark is stopped somewhere in its wave; after two leases others recover and hand the rest
          over; it wakes up before, while or after they do. Seed + n replays the nth.
zombie_job  the same with the job, and all the processes that it started, once.
races     two jobs of two campaigns for the same people under a frequency cap of 1; two jobs of one slot.
restore   an outbox restored to before a send: refused by name.

The last line is JSON: messages, kills, zombies, lost (neither in the book nor unknown, or left behind), double (twice
in the book), untold (in the book, and said to be what it is not), unknown, ambiguous (whose last call has no answer, by
the marks), apart (unknown but not ambiguous, or the other way round), above_cap (people with more mails than the cap),
refused (restored outboxes), sent_after_restore, by_part, failed (cases with their seed), seconds, seed, environment.
"""

import argparse
import json
import os
import platform
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, field
from itertools import product
from pathlib import Path
from random import Random
from time import monotonic, perf_counter

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "src"), str(ROOT / "jobs")]
os.environ["PYTHONPATH"] = f"{ROOT / 'src'}:{ROOT}:{ROOT / 'jobs'}"  # for the workers of Spark

import pyspark  # noqa: E402

from tests.delivery.faults import cases  # noqa: E402
from tests.delivery.faults.dying import OPERATIONS  # noqa: E402
from tests.delivery.faults.points import died_at_random  # noqa: E402
from tests.delivery.faults.site import Site, opened_site  # noqa: E402
from tests.delivery.faults.verdict import Found  # noqa: E402
from tests.delivery.faults.zombies import outlived  # noqa: E402

SCRATCH = ROOT / "var/bench" / f"delivery_faults-{os.getpid()}"
PARTS = ("points", "zombies", "steps", "kills", "zombie_job", "races", "restore")
Case = tuple[str, Callable[[], Found]]


@dataclass
class Totals:
    """What all cases of a part came to."""

    cases: int = 0
    found: Found = field(default_factory=Found)
    failed: list[str] = field(default_factory=list)


def main() -> None:
    given, started = arguments(), perf_counter()
    tell(f"seed {given.seed}")
    without = {part: made(part, given, None) for part in ("points", "zombies") if part in given.only}
    parts = {part: totals(cases_) for part, cases_ in without.items()}  # before Spark starts: they fork
    on_tables = [part for part in PARTS if part in given.only and part not in without]
    if on_tables:
        with site_of(given) as site:
            for part in on_tables:
                parts[part] = totals(made(part, given, site))
    shutil.rmtree(SCRATCH, ignore_errors=True)
    print(json.dumps(figures(parts, given) | {"seconds": round(perf_counter() - started, 1)}))  # noqa: T201


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--messages", type=int, default=2_000)
    parser.add_argument("--random-points", type=int, default=200)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--zombies", type=int, default=50)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS, metavar="PART")
    parser.add_argument("--step", nargs="+", choices=[*OPERATIONS], default=[*OPERATIONS], metavar="NAME")
    return parser.parse_args()


def site_of(given: argparse.Namespace) -> AbstractContextManager[Site]:
    return opened_site(SCRATCH / "site", messages=given.messages, seed=given.seed)


def made(part: str, given: argparse.Namespace, site: Site | None) -> Iterator[Case]:
    """The cases of a part, by name."""
    seeds = range(given.seed, given.seed + 10**6)
    match part:
        case "points":
            for seed in seeds[: given.random_points]:
                yield f"point of seed {seed}", lambda seed=seed: died_at_random(seed, messages=given.messages)[1]
        case "zombies":
            for seed in seeds[: given.zombies]:
                folder = SCRATCH / "zombies" / str(seed)
                yield (
                    f"zombie of seed {seed}",
                    lambda seed=seed, folder=folder: outlived(folder, messages=given.messages, seed=seed),
                )
    if site is None:
        return
    match part:
        case "steps":
            for step, side in product(given.step, ("before", "after")):
                yield f"{side} {step}", lambda step=step, side=side: cases.died_at(site, step, side)
        case "kills":
            chance, length = Random(given.seed), cases.undisturbed_seconds(site)
            for number in range(given.kills):
                after = chance.uniform(0, length)
                name = f"kill {number}, {after:.1f} s after the first mark"
                yield name, lambda number=number, after=after: cases.killed(site, number, after=after)
        case "zombie_job":
            yield "zombie job", lambda: cases.slept(site)
        case "races":
            yield "race for a cap", lambda: cases.raced_for_a_cap(site)
            yield "race for a slot", lambda: cases.raced_for_a_slot(site)
        case "restore":
            yield "restored outbox", lambda: cases.restored(site)


def totals(cases_: Iterator[Case]) -> Totals:
    """Run the cases, and add up what they came to; one that fails is named, and the others go on."""
    sums, began = Totals(), monotonic()
    for name, run in cases_:
        sums.cases += 1
        try:
            found = run()
        except Exception as failure:
            sums.failed.append(f"{name}: {type(failure).__name__}: {failure}"[:500])
            tell(f"FAILED {sums.failed[-1]}")
            continue
        sums.found += found
        if not found.is_right:
            sums.failed.append(f"{name}: {asdict(found)}")
        tell(f"{name}: {'' if found.is_right else 'WRONG '}{dict(found.states)}, {monotonic() - began:.0f} s")
    return sums


def figures(parts: dict[str, Totals], given: argparse.Namespace) -> dict[str, object]:
    found = sum((part.found for part in parts.values()), Found())
    numbers = {name: value for name, value in asdict(found).items() if isinstance(value, int)}
    of_parts = {name: part.cases for name, part in parts.items()}
    return {
        "messages": sum(found.states.values()),
        "messages_each": given.messages,
        "kills": sum(of_parts.get(name, 0) for name in ("steps", "points", "kills")),
        "zombies": sum(of_parts.get(name, 0) for name in ("zombies", "zombie_job")),
        **numbers,
        "by_part": of_parts,
        "failed": [one for part in parts.values() for one in part.failed],
        "seed": given.seed,
        "environment": {"spark": pyspark.__version__, "python": platform.python_version(), "cores": os.cpu_count()},
    }


def tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
