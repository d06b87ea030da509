"""Write the demo's landing files: real purchases, invented people, browsing and mail, and the truth about them.

The same arguments give the same bytes. A finished run is skipped; a changed one touches only the files that differ.
"""

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

import pandas as pd

from demo import truth as truths
from demo.browsing import visits
from demo.catalogue import Catalogue, catalogue
from demo.crm import Crm, crm
from demo.engagement import email_feed, mailable, mails
from demo.errors import DemoError
from demo.faults import dealt_faults
from demo.feed import Feed, packed, plain
from demo.finished import Order, finish, finished_counts, unfinish
from demo.images import tiles
from demo.landing import LandingFolder
from demo.orders import order_feed
from demo.pages import WebFeed, web_feed
from demo.people import Person, newcomers, people
from demo.wheel import Journey, read_journey

EVENTS = ("events/orders", "events/web", "events/email")
GROUPS = (*EVENTS, "records/crm", "records/products", "records/third_party", "images")
PROVIDER = "Hearth Panel"
Say = Callable[[str], None]


@dataclass(frozen=True)
class Landing:
    """What a run left: the folders, the counts of truth.json, and how many files it had to touch."""

    out: Path
    truth: Path
    counts: truths.Counts
    changed_files: int
    removed_files: int
    is_skipped: bool


def write_landing(out: Path, *, households: int | None, seed: int = 7, say: Say = lambda _: None) -> Landing:
    """Write landing files for all households (None) or a sample of them under `out`, and the truth beside `out`."""
    out = out.resolve()
    truth = LandingFolder(out.parent / "truth")
    order = Order.of(out, households=households, seed=seed)
    done = finished_counts(truth.root, out, order)
    if done is not None:
        say(f"nothing to do: {out} already holds this data (same arguments, code and wheel)")
        return Landing(out, truth.root, done, 0, 0, is_skipped=True)

    unfinish(truth.root)
    landing = LandingFolder(out)
    say("reading the wheel")
    journey = read_journey(households, seed=seed)
    counts = _write(landing, truth, journey, whole=households is None, seed=seed, say=say)
    counts = {"seed": seed, "households": counts["people"]["households"], "wheel": order.wheel, **counts}
    truth.put("truth.json", truths.as_json(counts))
    removed = landing.remove_leftovers(GROUPS)
    finish(truth.root, landing.sizes, order)
    return Landing(out, truth.root, counts, landing.changed + truth.changed, removed, is_skipped=False)


def _write(
    landing: LandingFolder, truth: LandingFolder, journey: Journey, *, whole: bool, seed: int, say: Say
) -> truths.Counts:
    products = catalogue(journey, whole=whole, seed=seed)
    everyone = people(journey.lines, journey.demographics, seed=seed)
    faults = dealt_faults(everyone, seed=seed)
    records = crm(everyone, faults, seed=seed)
    _write_records(landing, records, products, journey.demographics)
    say(f"wrote records: {len(products.rows):,} products, {len(everyone):,} people")

    orders = order_feed(journey.lines, journey.redemptions, seed=seed)
    _write_feed(landing, "events/orders", orders.feed)
    say(f"wrote orders: {len(orders.orders):,} baskets of {len(journey.lines):,} lines")

    web = _browsing(journey, products, everyone, seed=seed)
    _write_feed(landing, "events/web", web.feed)
    say(f"wrote browsing: {web.counts['events']:,} events in {web.counts['sessions']:,} sessions")

    planned = mails(journey.campaigns, journey.mailed, seed=seed)
    email = email_feed(planned, journey.lines, mailable(records, faults), seed=seed)
    _write_feed(landing, "events/email", email.feed)
    say(f"wrote engagement: {email.counts['events']:,} e-mail events")

    pictures = tiles(set(products.rows["department"]))
    for name, content in pictures.items():
        landing.put(f"images/{name}", content)
    say(f"drew {len(pictures)} images")

    frames = truths.tables(records, everyone, faults, orders, web, email)
    for name, frame in frames.items():
        truth.put(f"{name}.parquet", truths.as_parquet(frame), rows=len(frame))
    return {
        "orders": truths.order_counts(journey.lines, journey.products["product_id"], orders),
        "web": truths.web_counts(web),
        "email": email.counts,
        "people": truths.people_counts(everyone, frames),
        "products": truths.product_counts(products.rows),
        "third_party": {"rows": len(journey.demographics)},
        "files": {group: landing.of(group) for group in GROUPS},
    }


def _browsing(journey: Journey, products: Catalogue, everyone: list[Person], *, seed: int) -> WebFeed:
    bought = products.shoppable(journey.lines)
    return web_feed(visits(bought, newcomers(everyone), seed=seed), products, seed=seed)


def _write_feed(landing: LandingFolder, group: str, feed: Feed) -> None:
    for day, lines in feed.days():
        landing.put(f"{group}/{day}.jsonl.gz", packed(lines), rows=len(lines))


def _write_records(landing: LandingFolder, records: Crm, products: Catalogue, demographics: pd.DataFrame) -> None:
    for day, changes in records.files().items():
        lines = [json.dumps(record, ensure_ascii=False) for record in changes]
        if lines:  # few households leave months without a change, and an empty file is a broken one
            landing.put(f"records/crm/{day}.jsonl", plain(lines), rows=len(lines))
    landing.put("records/products/2017-01-01.csv.gz", products.content(), rows=len(products.rows))
    bought = demographics.rename(columns={"household_id": "customer_id"}).assign(provider=PROVIDER)
    text = bought.to_csv(index=False, lineterminator="\n")
    landing.put("records/third_party/2017-01-15.csv", text.encode(), rows=len(bought))


def household_count(text: str) -> int | None:
    if text == "all":
        return None
    if not text.isdecimal() or int(text) < 1:
        raise DemoError(f"--households {text}: say a number from 1 on, or all")
    return int(text)


def summary(landing: Landing, *, seconds: float) -> str:
    counts, files = landing.counts, landing.counts["files"]
    size = sum(group["bytes"] for group in files.values()) / 1e6
    orders, crm_rows = counts["orders"], counts["people"]
    return "\n".join(
        [
            f"{sum(group['files'] for group in files.values()):,} files, {size:.1f} MB, in {landing.out}",
            *(
                f"  {group:<20} {of['files']:>4} files {of['rows']:>9,} rows {of['bytes'] / 1e6:>6.1f} MB"
                for group, of in files.items()
            ),
            f"planted: {orders['duplicates']:,} orders delivered twice, {orders['late']:,} late, "
            f"{sum(orders['junk'].values())} junk lines, {sum(crm_rows['duplicates'].values())} duplicate people, "
            f"{crm_rows['typos']} address typos, {sum(crm_rows['conflicts'].values())} conflicts",
            f"changed {landing.changed_files:,} files, removed {landing.removed_files:,}, in {seconds:.1f} s; "
            f"the truth is in {landing.truth}",
        ]
    )


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m demo.generate", description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="folder of the landing files; the truth goes beside it")
    parser.add_argument("--households", default="all", help="all (2,469) or a number of them, sampled")
    parser.add_argument("--seed", type=int, default=7, help="another seed gives other people, sessions and faults")
    chosen = parser.parse_args(arguments)
    started = monotonic()

    def say(text: str) -> None:
        sys.stdout.write(f"{monotonic() - started:5.1f} s  {text}\n")
        sys.stdout.flush()

    try:
        landing = write_landing(chosen.out, households=household_count(chosen.households), seed=chosen.seed, say=say)
    except DemoError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    if not landing.is_skipped:
        sys.stdout.write(summary(landing, seconds=monotonic() - started) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
