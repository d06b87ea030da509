"""Erase 50 planted people from a lake after the pipeline, and search every byte that is left for them.

Lands a slice of the demo's data with 50 people planted in it, each with canaries (texts that stand nowhere else) in
their address, name, browser's and device's ids, orders, views, what they are identified by, a refused row and a second
spelling; runs the pipeline with models, slates, a campaign and payload files; adds rows of theirs to the tables that it
leaves empty, and stops where a table that declares personal columns has none of them; erases the 50 with retention 0,
streams being stopped; then looks for every canary in every byte below the work folder: tables with their logs and
checkpoints, streams' checkpoints, landing, payloads, journal, MLflow and reports, Parquet decoded and gzip unpacked.
Their events are sent once more, and the search is repeated.

The last line is JSON: people, tables, hits, bytes_scanned, hits_before, hits_after_resending, files_scanned,
erase_seconds, environment.
"""

import argparse
import gzip
import json
import os
import platform
import runpy
import shutil
import sys
from collections import defaultdict
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "jobs")]
for name in ("UNSUBSCRIBE", "ADDRESS"):
    os.environ.setdefault(f"LETTERMILL_SECRET_LETTERMILL_{name}", "a key of the benchmark")

import pyspark  # noqa: E402

from demo.generate import write_landing  # noqa: E402
from lettermill import tables  # noqa: E402
from lettermill.erasing import Erasing, with_handles  # noqa: E402
from lettermill.gateway_settings import GatewayFiles  # noqa: E402
from lettermill.job import Run, open_lake  # noqa: E402
from lettermill.lake import Lake  # noqa: E402
from lettermill.profiles.erasures import request  # noqa: E402
from lettermill.scanning import contents, files_below  # noqa: E402
from lettermill.secrets import resolve  # noqa: E402
from lettermill.settings import Settings, load  # noqa: E402
from lettermill.settings_sections import ErasureSettings, FilesSettings, LakeSettings  # noqa: E402
from lettermill.spark import session  # noqa: E402
from lettermill.tables import Table  # noqa: E402
from lettermill.tables.delivery import OUTBOX  # noqa: E402
from lettermill.tables.profiles import IDENTITIES  # noqa: E402
from tests.conftest import rows_of_tables  # noqa: E402
from tests.planting import Planted, rows_beside  # noqa: E402

AS_OF = datetime(2018, 1, 2, tzinfo=UTC)
WORK = Path("var/bench/erasure")
CAMPAIGN = {"campaign": "weekly_picks", "occurrence": "2018-01-02"}
BEFORE = (
    "ingest_events", "ingest_records", "check_events", "check_records", "build_profiles", "build_features",
    "train_models", "train_recommender", "score_people", "recommend_products",
)  # fmt: skip
WORDS = (b"canary", b"crm/planted")
SENDING = ("plan_campaign", "render_campaign", "send_campaign")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=50, help="people planted and erased (default: 50)")
    parser.add_argument("--households", type=int, default=60, help="households of the demo beside them (default: 60)")
    asked = parser.parse_args()
    shutil.rmtree(WORK, ignore_errors=True)
    settings = settings_below(WORK)
    write_landing(settings.landing, households=asked.households, seed=7, say=lambda _: None)
    for number in range(asked.people):
        plant(settings.landing, number)
    spark = session(settings.spark, application="benchmark of erasure")
    lake = open_lake(settings, spark)

    def run(name: str, **arguments: str) -> None:
        job = runpy.run_path(str(ROOT / "jobs" / f"{name}.py"))["main"]
        argv = [text for flag, value in arguments.items() for text in (f"--{flag}", value)]
        started = Run(lake, settings, AS_OF, "local", datetime.now(UTC))
        started.arguments = job.parser().parse_args([*argv, "--as-of", AS_OF.isoformat()])
        job.execute(started)

    for name in BEFORE:
        run(name)
    for name in SENDING:
        report = {"report": str(WORK / "preflight.html")} if name == "render_campaign" else {}
        run(name, **CAMPAIGN, **report)
    wanted = canaries(asked.people)
    plant_beside(lake, asked.people)
    planted = require_planted_everywhere(wanted)
    before, *_ = searched(WORK, wanted)
    began = perf_counter()
    ask(lake, settings, asked.people)
    run("erase_people")
    seconds = perf_counter() - began
    hits, scanned, files = searched(WORK, wanted)

    resend(settings.landing, asked.people)
    for name in (*BEFORE[:5], "erase_people"):
        run(name)
    again, *_ = searched(WORK, wanted)
    figures = {
        "people": asked.people,
        "tables": planted,
        "hits": hits,
        "bytes_scanned": scanned,
        "hits_before": before,
        "hits_after_resending": again,
        "files_scanned": files,
        "erase_seconds": round(seconds, 1),
        "environment": {
            "spark": pyspark.__version__,
            "python": platform.python_version(),
            "master": spark.sparkContext.master,
        },
    }
    print(json.dumps(figures))  # noqa: T201


def settings_below(work: Path) -> Settings:
    """The local settings with everything that is written below one folder."""
    local, database = load("local"), f"sqlite:///{work.absolute()}/mlflow.db"
    work.mkdir(parents=True)
    return replace(
        local,
        landing=work / "demo" / "landing",
        lake=LakeSettings(root=work / "lake", checkpoints=work / "checkpoints"),
        files=FilesSettings(folder=work / "payloads"),
        delivery=replace(local.delivery, journal=str((work / "journal").absolute())),
        gateway=replace(local.gateway, files=GatewayFiles(spool=work / "spool")),
        mlflow=replace(local.mlflow, tracking_uri=database, registry_uri=database, artifacts=str(work / "mlflow")),
        erasure=ErasureSettings(work / "certificates", retention_hours=0, derived=(work / "preflight.html",)),
    )


def person(number: int) -> dict[str, str]:
    """One planted person; every value is a canary."""
    return {
        "customer": f"canarycustomer{number:03d}x",
        "email": f"canary{number:03d}mail@planted.example",
        "name": f"Canary{number:03d}Name",
        "browser": f"canary{number:03d}-browser-0000",
        "device": f"canary{number:03d}-device-0000",
        "handle": f"canary{number:03d}handle",
        "home": f"canary{number:03d}home",
        "record": f"crm/planted-{number:03d}",
    }


def canaries(people: int) -> list[bytes]:
    return [value.lower().encode() for number in range(people) for value in person(number).values()]


def plant(landing: Path, number: int) -> None:
    """Add one person's rows to the landing files of orders, web, mail and CRM, and a row that is refused."""
    who = person(number)
    named = {"userId": who["customer"], "anonymousId": who["browser"]}
    at = [f"2017-{month:02d}-{1 + number % 27:02d}T1{number % 9}:00:00Z" for month in range(2, 13)]
    product = {"product_id": "1082185", "quantity": 1, "price": 2, "value": 2, "discount": 0}
    orders = [
        event(
            "Order Completed",
            named,
            when,
            f"{number}-{n}",
            order_id=f"planted-{number}-{n}",
            currency="USD",
            products=[product],
        )
        for n, when in enumerate(at)
    ]
    in_app = named | {"context": {"device": {"id": who["device"]}}}
    views = [event("Product Viewed", in_app, when, f"v{number}-{n}", product_id="1082185") for n, when in enumerate(at)]
    traits = {"email": who["email"], "lastName": who["name"]}
    identified = event("", named, at[0], f"i{number}") | {"type": "identify", "traits": traits}
    mails = [event("Email Opened", {"userId": who["customer"]}, at[3], f"m{number}", email_id="1-1")]
    record = {
        "record_id": who["record"].removeprefix("crm/"), "customer_id": who["customer"], "first_name": who["name"],
        "last_name": "Planted", "email": who["email"], "email_consent": "granted", "profiling_consent": "granted",
        "household_id": who["home"], "consent_at": "2017-01-01T00:00:00Z", "updated_at": "2017-01-01T00:00:00Z",
    }  # fmt: skip
    again = record | {"record_id": f"planted-again-{number}", "customer_id": None, "email": f" {who['email'].upper()} "}
    add(landing / "events" / "orders" / "2017-12-31-planted.jsonl.gz", orders)
    refused = views[0] | {"timestamp": None}
    add(landing / "events" / "web" / "2017-12-31-planted.jsonl.gz", [*views, identified, refused])
    add(landing / "events" / "email" / "2017-12-31-planted.jsonl.gz", mails)
    add(landing / "records" / "crm" / "2018-01-01-planted.jsonl", [record, again, record | {"updated_at": None}])


def plant_beside(lake: Lake, people: int) -> None:
    """Add rows of them to the tables that no job here fills, and what a provider reports of their mails."""
    given = rows_of_tables(lake.spark)
    rows: dict[Table, list[dict[str, object]]] = defaultdict(list)
    mails = {row["person_id"]: row["message_id"] for row in lake.read(OUTBOX).collect()}
    for number, person_id in persons(lake, people).items():
        who = person(number)
        one = Planted(
            person_id, who["customer"], who["email"], who["browser"], who["record"], who["handle"], who["name"]
        )
        for table, more in rows_beside(one).items():
            rows[table] += more
        link = {"kind": "clicked", "link_url": f"https://shop.example/{who['name']}"}
        rows[tables.delivery.EVENTS] += [link | {"message_id": mails[person_id]}] if person_id in mails else []
    for table, several in rows.items():
        lake.add(given(table, *several), to=table)


def persons(lake: Lake, people: int) -> dict[int, str]:
    """The person that each of the planted became."""
    rows = lake.read(IDENTITIES).where("identifier_kind = 'customer_id'").collect()
    of_customer = {row["identifier"]: row["person_id"] for row in rows}
    return {number: of_customer[person(number)["customer"]] for number in range(people)}


def require_planted_everywhere(wanted: list[bytes]) -> int:
    """The number of tables that declare personal columns; SystemExit names those in which nobody was planted."""
    personal = [table.name for table in tables.ALL if table.personal_columns]
    bare = [name for name in personal if not searched(WORK / "lake" / name.replace(".", "/"), wanted)[0]]
    if bare:
        raise SystemExit(f"nobody is planted in {', '.join(bare)}: add their rows to tests/planting.py")
    return len(personal)


def resend(landing: Path, people: int) -> None:
    """Their events and records once more, in files of a later day."""
    for number in range(people):
        who = person(number)
        view = event(
            "Product Viewed", {"userId": who["customer"]}, "2017-12-01T10:00:00Z", f"late{number}", product_id="1"
        )
        record = {"record_id": f"back-{number}", "email": who["email"], "updated_at": "2017-12-01T10:00:00Z"}
        traits = {"type": "identify", "traits": {"lastName": who["name"]}}
        identified = view | {"messageId": f"planted-late-i{number}"} | traits
        add(landing / "events" / "web" / "2018-01-01-late.jsonl.gz", [view, identified])
        add(landing / "records" / "crm" / "2018-01-01-late.jsonl", [record])


def event(name: str, named: dict[str, str], at: str, id_: str, **properties: object) -> dict[str, object]:
    base = {"messageId": f"planted-{id_}", "type": "track", "event": name, "timestamp": at, "receivedAt": at}
    return base | named | {"properties": properties}


def add(file: Path, rows: list[dict[str, object]]) -> None:
    text = "".join(f"{json.dumps(row)}\n" for row in rows).encode()
    with file.open("ab") as opened:
        opened.write(gzip.compress(text, mtime=0) if file.suffix == ".gz" else text)


def ask(lake: Lake, settings: Settings, people: int) -> None:
    """Ask for each to be erased, with all identifiers the lake has of them, as `lettermill person erase` does."""
    key = resolve(settings.secrets.address_key)
    erasing = Erasing.of(lake, key=key, reads=settings.row_reader)
    rows = lake.read(IDENTITIES).select("person_id", "identifier_kind", "identifier").collect()
    requests = []
    for person_id in persons(lake, people).values():
        named = [(row["identifier_kind"], row["identifier"]) for row in rows if row["person_id"] == person_id]
        known = with_handles(lake, named)
        requests.append(request(person_id, identifiers=known, key=key, reason="benchmark", at=datetime.now(UTC)))
    erasing.store(requests)


def searched(folder: Path, wanted: list[bytes]) -> tuple[int, int, int]:
    """Hits (canary and file), bytes and files below a folder."""
    hits, scanned, files = 0, 0, 0
    for file in files_below([folder]):
        files += 1
        found: set[bytes] = set()
        for piece in contents(file):
            scanned += len(piece)
            lowered = piece.lower()
            # Every canary begins with one of two words, so that a file without them is read once.
            found |= {one for one in wanted if one in lowered} if any(word in lowered for word in WORDS) else set()
        hits += len(found)
    return hits, scanned, files


if __name__ == "__main__":
    main()
