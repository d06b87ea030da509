"""Forged calls of every provider of mail against the gateway, and one event that is told many times.

Valid calls are changed by a bit in the body, the signature or the time, written anew, signed long ago, ahead of time,
or by somebody else. None may be answered 2xx, nor any event of them land. What a provider does not sign is not changed:
Braze's bodies, and how SNS writes its JSON. Then one event is told again and again under ever new ids of the provider,
and goes the whole road: landing files, ingest.events, quality.events, delivery.events.

    .venv/bin/python benchmarks/webhooks.py [--forged 10000] [--copies 46] [--seed 7]

The last line is JSON: forged, forged_accepted, copies, rows, by_provider, seconds, seed, environment.
"""

import argparse
import json
import os
import platform
import shutil
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from time import perf_counter

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "src"), str(ROOT / "jobs")]

import check_events  # noqa: E402
import collect_feedback  # noqa: E402
import ingest_events  # noqa: E402
import pyspark  # noqa: E402
from starlette.testclient import TestClient  # noqa: E402

from lettermill.gateway_settings import GatewayFiles, GatewayLimits, GatewaySettings, Webhook  # noqa: E402
from lettermill.job import Run, open_lake  # noqa: E402
from lettermill.services.gateway.serving import application_of  # noqa: E402
from lettermill.settings import Settings, load  # noqa: E402
from lettermill.settings_sections import LakeSettings  # noqa: E402
from lettermill.spark import session  # noqa: E402
from lettermill.tables.delivery import EVENTS  # noqa: E402
from tests.services.gateway import calls  # noqa: E402
from tests.services.gateway.calls import SIGNERS, Signer  # noqa: E402

SCRATCH = Path("var/bench/webhooks")
PROVIDERS = {"resend": "standard"}
SNS_PARTS = ("Message", "MessageId", "Timestamp", "TopicArn", "Type", "Signature")
Forged = tuple[bytes, dict[str, bytes]]


def main() -> None:
    given = arguments()
    shutil.rmtree(SCRATCH, ignore_errors=True)
    settings, random = settings_of_site(), Random(given.seed)
    tell(f"seed {given.seed}")
    started = perf_counter()
    with TestClient(application_of(settings)) as client:
        forged, accepted = Counter[str](), Counter[str]()
        for number in range(given.forged):
            name = list(SIGNERS)[number % len(SIGNERS)]
            body, headers = forgery(name, random)
            status = client.post(f"/webhooks/{name}", content=body, headers=headers).status_code
            forged[name] += 1
            accepted[name] += 200 <= status < 300
            assert status in (200, 400, 401), status  # no fault of ours, no refusal for another reason
        seconds = perf_counter() - started
        at = int(datetime.now(UTC).timestamp()) - 3600
        for number in range(given.copies):
            event = calls.SIGNERS["sendgrid"].event | {"sg_event_id": f"copy {number}", "timestamp": at}
            answer = post(client, "sendgrid", calls.sendgrid([event], datetime.now(UTC)))
            assert answer == 200, answer
    figures = {
        "forged": forged.total(),
        "forged_accepted": accepted.total(),
        "copies": given.copies,
        "rows": rows(settings, expected=given.copies),
        "by_provider": dict(forged),
        "seconds": round(seconds, 1),
        "seed": given.seed,
        "environment": {
            "spark": pyspark.__version__,
            "python": platform.python_version(),
            "cores": os.cpu_count(),
        },
    }
    shutil.rmtree(SCRATCH)
    print(json.dumps(figures))  # noqa: T201


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--forged", type=int, default=10_000)
    parser.add_argument("--copies", type=int, default=46)
    parser.add_argument("--seed", type=int, default=7)
    return parser.parse_args()


def settings_of_site() -> Settings:
    """A gateway with a webhook of every provider, and a lake, in a folder of their own."""
    os.environ |= {f"LETTERMILL_SECRET_LETTERMILL_{key}": "a key of the figures" for key in ("UNSUBSCRIBE", "ADDRESS")}
    webhooks = {}
    for name, signer in SIGNERS.items():
        keys = (*signer.keys, calls.certificate(calls.CERTIFICATE_URL)) if name == "ses" else signer.keys
        for number, key in enumerate(keys):
            os.environ[f"LETTERMILL_SECRET_{name.upper()}_{number}"] = key.decode()
        references = tuple(f"secret://{name}/{number}" for number in range(len(keys)))
        webhooks[name] = Webhook(PROVIDERS.get(name, name), references, "email", url=signer.url)
    unhurried = GatewayLimits(events_per_second=1e6, burst=1_000_000)
    gateway = GatewaySettings(
        SCRATCH / "keys.json", GatewayFiles(SCRATCH / "spool"), limits=unhurried, webhooks=webhooks
    )
    lake = LakeSettings(root=SCRATCH / "lake", checkpoints=SCRATCH / "checkpoints")
    return replace(load("local"), landing=SCRATCH / "landing", lake=lake, gateway=gateway)


def forgery(name: str, random: Random) -> Forged:
    """A valid call of a provider with something changed that makes it no longer one."""
    signer, now = SIGNERS[name], datetime.now(UTC)
    change = random.choice(list(changes_of(name, signer, random)))
    body, headers = change(now)
    return body, {key: value if isinstance(value, bytes) else value.encode("latin-1") for key, value in headers.items()}


def changes_of(name: str, signer: Signer, random: Random) -> Iterator[Callable[[datetime], tuple[bytes, dict]]]:
    def valid(now: datetime) -> tuple[bytes, dict]:
        return signer.call([signer.event], now)

    if name == "ses":
        yield lambda now: (flipped_part(valid(now)[0], random), valid(now)[1])
        yield lambda now: (valid(now)[0].replace(calls.TOPIC.encode(), calls.TOPIC.encode() + b"x"), valid(now)[1])
    else:
        yield lambda now: (valid(now)[0], flipped_header(valid(now)[1], signer.signature, random))
        yield lambda now: (valid(now)[0], {})
        yield lambda now: (valid(now)[0], signer_of_another(name).call([signer.event], now)[1])
    if name not in ("braze", "ses"):
        yield lambda now: (flipped(valid(now)[0], random), valid(now)[1])
        yield lambda now: (json.dumps(json.loads(valid(now)[0]), separators=(",", ":")).encode(), valid(now)[1])
    if signer.time:
        if name != "ses":
            yield lambda now: (valid(now)[0], flipped_header(valid(now)[1], signer.time, random))
        yield lambda now: valid(now - timedelta(seconds=random.randint(330, 10**7)))
        yield lambda now: valid(now + timedelta(seconds=random.randint(330, 10**7)))


def signer_of_another(name: str) -> Signer:
    return SIGNERS["sfmc" if name != "sfmc" else "klaviyo"]


def flipped(text: bytes, random: Random) -> bytes:
    changed = bytearray(text)
    changed[random.randrange(len(text))] ^= 1 << random.randrange(8)
    return bytes(changed)


def flipped_header(headers: dict, name: str, random: Random) -> dict:
    scheme = b"Bearer " if name == "Authorization" else b""  # its letters may be of either case
    told = headers[name].encode("latin-1").removeprefix(scheme)
    return headers | {name: scheme + flipped(told, random)}


def flipped_part(body: bytes, random: Random) -> bytes:
    told = json.loads(body)
    part = random.choice(SNS_PARTS)
    changed = bytearray(told[part].encode())
    changed[random.randrange(len(changed))] ^= 1 << random.randrange(7)  # stays ASCII, so a text
    return json.dumps(told | {part: changed.decode()}).encode()


def post(client: TestClient, name: str, call: tuple[bytes, dict]) -> int:
    body, headers = call
    return int(client.post(f"/webhooks/{name}", content=body, headers=headers).status_code)


def rows(settings: Settings, *, expected: int) -> int:
    """How many rows of delivery.events the landed events come to; nothing but the copies has landed."""
    landed = [line for file in (SCRATCH / "landing").rglob("*.jsonl") for line in file.read_bytes().splitlines()]
    assert len(landed) == expected, f"{len(landed)} events landed, {expected} were told"
    spark, now = session(settings.spark, application="benchmark of webhooks"), datetime.now(UTC)
    lake = open_lake(settings, spark)
    for job in (ingest_events, check_events, collect_feedback):
        job.main.work(Run(lake, settings, now, "local", now))
    return lake.read(EVENTS).count()


def tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
