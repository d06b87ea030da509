"""A person is erased from every table, file and version; what arrives later is dropped, and nobody else loses a row."""

import gzip
import json
import re
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import pytest
from typer.testing import CliRunner

from lettermill import tables
from lettermill.certificates import check_chain
from lettermill.cli.main import app
from lettermill.errors import ErasureError
from lettermill.keyed_hashes import hash_address
from lettermill.profiles.erasures import erasure_rows, erasures, request
from lettermill.scanning import contents, files_below
from lettermill.tables import ingest
from lettermill.tables.campaigns import contexts_table
from lettermill.tables.delivery import OUTBOX
from lettermill.tables.profiles import CONSENTS, ERASURES, IDENTITIES, PEOPLE, SUPPRESSIONS
from lettermill.tables.quality import EVENTS, ORDER_LINES, QUARANTINE
from tests.planting import Planted, rows_beside

pytestmark = pytest.mark.acceptance

KEY = b"a key of the tests"
HASHED = sha256(b"canary-ana@x.example").hexdigest()
CANARIES = (
    b"canary-ana",
    b"canary-browser-1",
    b"canary-device-1",
    b"canary-note",
    b"canary-handle",
    b"crm/r9",
    HASHED.encode(),
)
VIEW = {
    "type": "track",
    "event": "Product Viewed",
    "timestamp": "2017-06-01T11:00:00Z",
    "receivedAt": "2017-06-01T11:00:05Z",
}
LINE = {"product_id": "7", "quantity": 1, "price": 2, "value": 2, "discount": 0}
ORDER = VIEW | {"event": "Order Completed", "properties": {"order_id": "b1", "currency": "USD", "products": [LINE]}}
ANA = {"userId": "9", "anonymousId": "canary-browser-1", "context": {"device": {"id": "canary-device-1"}}}
BEN = {"userId": "8", "anonymousId": "browser-of-ben"}
IDENTIFIED = [
    VIEW | who | {"type": "identify", "traits": {"lastName": name}} for who, name in ((ANA, "canary-note"), (BEN, "Bo"))
]
PERSON = {"record_id": "r9", "customer_id": "9", "email": "Canary-Ana@x.example", "first_name": "canary-note",
          "email_consent": "granted", "updated_at": "2017-05-01T00:00:00Z"}  # fmt: skip
CONTEXTS = contexts_table("spring", inputs="struct<first_name: string>", fingerprint="00000000")
JOBS = ("ingest_events", "ingest_records", "check_events", "check_records", "build_profiles")
HERS = [
    ("customer_id", "9"),
    ("email", "canary-ana@x.example"),
    ("anonymous_id", "canary-browser-1"),
    ("device", "canary-device-1"),
    ("record", "crm/r9"),
    ("handle", "mastodon/canary-handle"),
]


def elsewhere(ana, ben):
    """Rows of these persons, Ben's last, in tables that the jobs here do not fill."""
    hers = Planted(
        ana, "9", "canary-ana@x.example", ANA["anonymousId"], "crm/r9", handle="canary-handle", note="canary-note"
    )
    his = Planted(ben, "8", "ben@x.example", BEN["anonymousId"], "crm/r8", handle="ben", note="Ben")
    of_ben = rows_beside(his)
    return {table: [*rows, of_ben[table][-1]] for table, rows in rows_beside(hers).items()}


@pytest.fixture
def land(tmp_path):
    def write(name, *rows):
        file = tmp_path / "landing" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        text = "".join(f"{row if isinstance(row, str) else json.dumps(row)}\n" for row in rows).encode()
        file.write_bytes(gzip.compress(text) if name.endswith(".gz") else text)

    return write


@pytest.fixture
def known(land, run_job, lake, given, tmp_path):
    """Ana and Ben, known from events, records and a mail; Ana complained."""
    land(
        "events/web/2017-06-01.jsonl",
        *(VIEW | who | {"messageId": f"{n}{who['userId']}"} for n in "ab" for who in (ANA, BEN)),
        IDENTIFIED[0] | {"messageId": "a9"},
        '{"broken": "canary-ana@x.example"',
    )
    land(
        "events/orders/2017-06-01.jsonl.gz",
        ORDER | ANA | {"messageId": "o9"},
        ORDER | BEN | {"messageId": "o8", "properties": ORDER["properties"] | {"order_id": "b2"}},
    )
    land("events/email/2017-06-01.jsonl", VIEW | {"userId": "9", "event": "Email Marked As Spam", "messageId": "s9"})
    land(
        "records/crm/2017-06-01.jsonl",
        PERSON,
        PERSON | {"record_id": "r8", "customer_id": "8", "email": "ben@x.example", "first_name": "Ben"},
    )
    for job in JOBS:
        run_job(job)
    persons = {row.customer_id: row.person_id for row in lake.read(PEOPLE).collect()}
    mails = [
        {"message_id": f"message-to-{c}-long-enough", "person_id": p, "address": a, "inputs": (note,)}
        for (c, p), a, note in zip(
            sorted(persons.items()), ("ben@x.example", "canary-ana@x.example"), ("Ben", "canary-note"), strict=True
        )
    ]
    lake.add(given(CONTEXTS, *mails), to=CONTEXTS)
    lake.add(
        given(
            OUTBOX,
            *({"message_id": one["message_id"], "person_id": one["person_id"], "state": "confirmed"} for one in mails),
        ),
        to=OUTBOX,
    )
    lake.add(
        given(
            tables.delivery.EVENTS,
            *(
                {"message_id": one["message_id"], "kind": "clicked", "link_url": f"https://s.example/{one['address']}"}
                for one in mails
            ),
        ),
        to=tables.delivery.EVENTS,
    )
    for table, rows in elsewhere(persons["9"], persons["8"]).items():
        lake.add(given(table, *rows), to=table)
    preview = tmp_path / "preview"
    preview.mkdir()
    (preview / "hers.html").write_text("to: canary-ana@x.example")
    (preview / "his.html").write_text("to: ben@x.example")
    return persons


@pytest.fixture
def ask(lake, spark):
    def asked(person_id):
        one = request(person_id, identifiers=HERS, key=KEY, reason="by mail", at=datetime(2018, 1, 1, tzinfo=UTC))
        lake.merge(erasure_rows([one], spark=spark), into=ERASURES)

    return asked


def seen(*roots):
    """Canaries in any byte below the roots."""
    found = (
        (canary, str(file))
        for file in files_below(roots)
        for piece in contents(file)
        for canary in CANARIES
        if canary in piece.lower()
    )
    return sorted(set(found))


def test_a_person_is_gone_from_every_byte_and_their_later_rows_are_dropped(
    known, ask, run_job, lake, land, tmp_path, versions
):
    roots = [tmp_path / name for name in ("lake", "checkpoints", "landing", "payloads", "preview")]
    assert {canary for canary, _ in seen(*roots)} == {*CANARIES}
    ask(known["9"])

    rehearsed = run_job("erase_people", dry_run="yes").counts
    assert {canary for canary, _ in seen(*roots)} == {*CANARIES}
    erased = run_job("erase_people").counts

    assert seen(*roots) == []
    assert {k: v for k, v in rehearsed.items() if "delivery" not in k} == {
        k: v for k, v in erased.items() if "delivery" not in k
    }
    assert erased["erased_from_ingest.events"] == 6
    assert erased["erased_from_landing_rows"] == 7
    assert [r.user_id for r in lake.read(EVENTS).collect()] == ["8"] * 3
    assert [r.order_id for r in lake.read(ORDER_LINES).collect()] == ["b2"]
    assert [r.first_name for r in lake.read(PEOPLE).collect()] == ["Ben"]
    assert [r.address for r in lake.read(CONTEXTS).collect()] == ["ben@x.example"]
    assert sorted(str(r.link_url) for r in lake.read(tables.delivery.EVENTS).collect()) == [
        "None",
        "https://s.example/ben@x.example",
    ]
    of_both = elsewhere(known["9"], known["8"])
    assert {table.name: lake.read(table).count() for table in of_both} == {table.name: 1 for table in of_both}
    assert {table.name: erased[f"erased_from_{table.name}"] for table in of_both} == {
        table.name: len(rows) - 1 for table, rows in of_both.items()
    }
    assert lake.read(OUTBOX).count() == 2  # that a mail was sent stays, by keys
    assert (tmp_path / "preview" / "his.html").exists()
    assert lake.read(SUPPRESSIONS).first().address_key == hash_address("canary-ana@x.example", key=KEY)
    certificates = sorted((tmp_path / "certificates").glob("*.json"))
    content = json.loads(certificates[0].read_text())
    row = erasures(r.asDict() for r in lake.read(ERASURES).collect())[0]
    assert (row.state, row.certificate) == ("purged", check_chain(tmp_path / "certificates")[0])
    assert (content["searched"]["hits"], content["touched"]["profiles.people"]) == (0, 1)

    everything = [t for t in tables.ALL if lake.exists(t)]
    before = versions(*everything)
    run_job("erase_people")
    for job in JOBS:
        run_job(job)
    assert versions(*everything) == before
    assert len(list((tmp_path / "certificates").glob("*.json"))) == 1

    late = [VIEW | ANA, VIEW | BEN, *IDENTIFIED]
    land("events/web/2017-06-02.jsonl", *(one | {"messageId": f"late{n}"} for n, one in enumerate(late)))
    land("records/crm/2017-07-01.jsonl", PERSON | {"record_id": "imported", "customer_id": None})
    by_job = {job: run_job(job).counts for job in JOBS}
    counts = by_job["check_events"] | by_job["check_records"]
    assert (counts["events_arrived"], counts["events_accepted"], counts["events_erased"]) == (7, 5, 2)
    assert by_job["check_events"]["people_arrived"] == 1
    assert (counts["people_arrived"], counts["people_accepted"], counts["people_erased"]) == (2, 1, 1)
    assert [r.first_name for r in lake.read(PEOPLE).collect()] == ["Ben"]
    assert {bytes(r.raw) for r in lake.read(QUARANTINE).where("disposition = 'erased'").collect()} == {b""}

    run_job("erase_people")
    assert seen(*roots) == []
    counts = {name: count for job in JOBS for name, count in run_job(job).counts.items()}
    assert (counts["events_arrived"], counts["events_accepted"]) == (5, 5)
    assert lake.read(ingest.EVENTS).count() == 5
    assert {(row.source, row.record_id) for row in lake.read(tables.quality.PEOPLE).collect()} == {
        ("crm", "r8"),
        ("web", "8"),
    }


def test_nothing_is_taken_from_under_a_stream_that_has_not_read_it(known, ask, run_job, land, lake):
    land("events/web/2017-06-02.jsonl", VIEW | BEN | {"messageId": "new"})
    run_job("ingest_events")
    ask(known["9"])

    with pytest.raises(ErasureError, match=r"check_events/events has not read all of ingest.events"):
        run_job("erase_people")

    assert lake.read(IDENTITIES).where("identifier = '9'").count() == 1
    assert lake.read(CONSENTS).count() > 0


def test_a_scan_that_still_finds_them_certifies_nothing(known, ask, run_job, lake, tmp_path):
    ask(known["9"])
    left = tmp_path / "checkpoints" / "left"
    left.mkdir()
    (left / "state").write_text("canary-ana@x.example")

    with pytest.raises(ErasureError, match="1 files still name somebody"):
        run_job("erase_people")
    assert [r.state for r in lake.read(ERASURES).collect()] == ["deleted"]

    Path(left / "state").unlink()
    run_job("erase_people")
    assert [r.state for r in lake.read(ERASURES).collect()] == ["purged"]


def test_the_commands_rehearse_export_and_ask_once(known, tmp_path, lake):
    conf = tmp_path / "conf"
    conf.mkdir()
    for name in ("base", "local"):
        text = Path(f"src/lettermill/conf/{name}.yml").read_text()
        (conf / f"{name}.yml").write_text(re.sub(r"(?<=[ \[])var/", f"{tmp_path}/", text).replace("demo/", ""))

    def run(*arguments):
        ran = CliRunner().invoke(app, ["person", *arguments, "--conf", str(conf)])
        assert ran.exit_code == 0, ran.output
        return ran.output

    asked = ("erase", "Canary-Ana@x.example ", "--reason", "by mail")
    rehearsed = run(*asked, "--dry-run")
    assert re.search(r"(?m)^ +6  ingest.events$", rehearsed)
    assert not lake.exists(ERASURES)

    run("export", "9", "--out", str(tmp_path / "access"))
    written = {file.name: file.read_bytes().lower() for file in (tmp_path / "access" / known["9"]).iterdir()}
    assert {*written} == {"export.json", "export.html"}
    for content in written.values():
        assert all(canary in content for canary in CANARIES)
        assert b"ben@x.example" not in content

    assert "request" in run(*asked)
    assert "already there" in run(*asked)
    (stored,) = erasures(row.asDict() for row in lake.read(ERASURES).collect())
    assert stored.identifiers == request(None, identifiers=HERS, key=KEY, reason="", at=stored.requested_at).identifiers
    assert stored.person_id == known["9"]
