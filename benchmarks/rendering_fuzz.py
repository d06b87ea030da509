"""The law of equal texts over many invented templates and batches: columnar, row-wise and the plain library.

Every other case is Liquid.

    .venv/bin/python benchmarks/rendering_fuzz.py [--cases 20000] [--seed 1]

Each mismatch is printed with its template. The last line is JSON: cases, mismatches, refused (templates that do not
compile), rows, needlessly_deferred (rows without a fault that were left to the library).
"""

import argparse
import json
import random
import sys
from pathlib import Path
from time import perf_counter

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from lettermill.errors import TemplateError
from tests.rendering import equality, invented
from tests.rendering.liquid import equality as liquid_equality
from tests.rendering.liquid import invented as liquid_invented


def main() -> None:
    """Run the cases; exit code 1 for a mismatch."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    counts = {"cases": 0, "mismatches": 0, "refused": 0, "rows": 0, "needlessly_deferred": 0}
    told = perf_counter()
    for case in range(arguments.cases):
        source = random.Random(f"{arguments.seed}/{case}")
        templates, law = (invented, equality) if case % 2 else (liquid_invented, liquid_equality)
        partials = None if case % 2 else liquid_invented.FILES
        template, batch = templates.Templates(source).template(), invented.Batches(source).batch()
        counts["cases"] += 1
        try:
            found, deferred = law.differences(template, batch, autoescape=case % 4 < 2, partials=partials)
        except TemplateError:
            counts["refused"] += 1
            continue
        counts["rows"] += batch.num_rows
        counts["needlessly_deferred"] += deferred
        if found:
            counts["mismatches"] += 1
            say(f"case {case} of seed {arguments.seed}: {template!r}\n  " + "\n  ".join(found[:3]))
        if perf_counter() - told > 30:
            told = perf_counter()
            say(f"{case + 1:,} of {arguments.cases:,} cases, {counts['mismatches']} mismatches")
    say(json.dumps(counts))
    sys.exit(1 if counts["mismatches"] else 0)


def say(line: str) -> None:
    """One line for whoever watches."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
