"""From landing files to checked tables: every row is accounted for, and a rerun changes nothing."""

import gzip
import json

import pytest

from lettermill.errors import InputError
from lettermill.tables import ingest
from lettermill.tables.quality import EVENTS, ORDER_LINES, PEOPLE, PRODUCTS, QUARANTINE

VIEW = {
    "messageId": "v1",
    "type": "track",
    "event": "Product Viewed",
    "userId": "9",
    "timestamp": "2017-06-01T11:00:00Z",
    "receivedAt": "2017-06-01T11:00:05Z",
}
IDENTIFY = VIEW | {"messageId": "i1", "type": "identify", "traits": {"email": "a@example.com"}}
LINE = {"product_id": "7", "quantity": 1, "price": 2, "value": 2, "discount": 0}
ORDER = VIEW | {
    "messageId": "o1",
    "event": "Order Completed",
    "properties": {"order_id": "b1", "currency": "USD", "products": [LINE, LINE | {"quantity": 0}]},
}
PERSON = {
    "record_id": "r1",
    "customer_id": "9",
    "email": "a@example.com",
    "email_consent": "granted",
    "updated_at": "2017-05-01T00:00:00Z",
}
HEADER = "product_id,name,brand,department,category,type,package_size,price,list_price,currency,available,url,image"


@pytest.fixture
def land(tmp_path):
    """Write a landing file of lines, gzipped where its name says so."""

    def write(name, *lines):
        file = tmp_path / "landing" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        text = "".join(f"{line if isinstance(line, str) else json.dumps(line)}\n" for line in lines).encode()
        file.write_bytes(gzip.compress(text) if name.endswith(".gz") else text)
        return file

    return write


def test_events_are_taken_in_and_checked_once_and_a_later_file_adds_what_is_new(land, run_job, versions, lake):
    land("events/orders/2017-06-01.jsonl.gz", ORDER, ORDER | {"receivedAt": "2017-06-01T11:09:00Z"}, "{")
    land(
        "events/web/2017-06-01.jsonl",
        VIEW,
        IDENTIFY,
        IDENTIFY | {"messageId": "i2", "userId": None, "anonymousId": "b"},
    )
    tables = (ingest.EVENTS, EVENTS, ORDER_LINES, PEOPLE, QUARANTINE)

    for job in ("ingest_events", "check_events"):
        run_job(job)
    first = versions(*tables)
    for job in ("ingest_events", "check_events"):
        run_job(job)
    rerun = versions(*tables)
    land("events/web/2017-06-02.jsonl", VIEW | {"messageId": "v2"}, VIEW)
    run_job("ingest_events")
    counts = run_job("check_events").counts

    assert rerun == first
    assert counts == {
        "events_arrived": 8, "events_accepted": 5, "events_duplicate": 2, "events_refused": 1,
        "order_lines_arrived": 2, "order_lines_accepted": 1, "order_lines_duplicate": 0, "order_lines_refused": 1,
        "people_arrived": 2, "people_accepted": 1, "people_duplicate": 0, "people_refused": 1,
    }  # fmt: skip
    refused = lake.read(QUARANTINE).where("disposition = 'refused'").select("refused_by", "reasons", "raw").collect()
    assert sorted((r.refused_by, r.reasons[0], bytes(r.raw)[:1]) for r in refused) == [
        ("quality.events", "not a JSON object", b"{"),
        ("quality.order_lines", "quantity is not above zero", b"{"),
        ("quality.people", "no record id", b"{"),
    ]


def test_records_are_taken_in_and_checked_and_a_rerun_changes_nothing(land, run_job, versions):
    land("records/crm/2017-06-01.jsonl", PERSON, PERSON | {"record_id": None})
    land(
        "records/products/2017-06-01.csv.gz",
        HEADER,
        "7,Jam,Own label,Grocery,Jams,JAM,2 OZ,1.50,,USD,true,https://s.example/7,https://i.example/g.png",
        "8,Tea,,,,,,,,USD,true,,",
    )
    land(
        "records/third_party/2017-06-01.csv",
        "customer_id,age,income,home_ownership,marital_status,household_size,household_comp,kids_count",
        "9,35-44,50-74K,Renter,Married,2,2 Adults,0",
    )
    for job in ("ingest_records", "check_records"):
        run_job(job)
    first = versions(PEOPLE, PRODUCTS, QUARANTINE)

    run_job("ingest_records")
    counts = run_job("check_records").counts

    assert versions(PEOPLE, PRODUCTS, QUARANTINE) == first
    assert counts == {
        "people_arrived": 3, "people_accepted": 2, "people_duplicate": 0, "people_refused": 1,
        "products_arrived": 2, "products_accepted": 1, "products_duplicate": 0, "products_refused": 1,
    }  # fmt: skip


def test_broken_files_are_set_aside_by_name_and_a_mended_one_is_taken_once(land, run_job, versions, lake):
    land("events/web/2017-06-01.jsonl", VIEW)
    zipped = land("events/web/2017-06-02.jsonl.gz", *(VIEW | {"messageId": f"m{n}"} for n in range(50)))
    whole, head = zipped.read_bytes(), zipped.read_bytes()[:-20]
    zipped.write_bytes(head)
    latin = land("events/web/2017-06-03.jsonl")
    latin.write_bytes(b'{"name": "\xe9"}\n')
    land("events/web/2017-06-04.jsonl").write_bytes(b"")
    land("events/orders/2017-06-05.jsonl", "id,name", "1,Jam")

    first = run_job("ingest_events")
    stored = versions(ingest.EVENTS, ingest.FILES, QUARANTINE)
    rerun = run_job("ingest_events")
    again = versions(ingest.EVENTS, ingest.FILES, QUARANTINE)
    zipped.write_bytes(whole)
    latin.unlink()
    for _ in range(2):
        mended = run_job("ingest_events")

    reasons = [
        "events/orders/2017-06-05.jsonl: set aside: no line is a JSON object",
        "events/web/2017-06-02.jsonl.gz: set aside: the gzip stream ends early",
        "events/web/2017-06-03.jsonl: set aside: not UTF-8 in line 1",
        "events/web/2017-06-04.jsonl: set aside: the file is empty",
    ]
    assert (first.notes[-4:], first.counts) == (reasons, {"files_refused": 4, "events_in_all": 1})
    assert (rerun.counts, again) == (first.counts, stored)
    assert (mended.notes[-2:], mended.counts) == ([reasons[0], reasons[3]], {"files_refused": 2, "events_in_all": 51})
    kept = lake.read(QUARANTINE).where("origin LIKE '%.gz'").select("refused_by", "position", "part", "raw").collect()
    assert [(*row[:3], bytes(row.raw)) for row in kept] == [("ingest.events", 0, 1, head)]


def test_a_file_that_grew_after_it_was_taken_is_told_and_not_read_again(land, run_job, lake):
    land("events/web/2017-06-01.jsonl", VIEW)
    run_job("ingest_events")
    land("events/web/2017-06-01.jsonl", VIEW, VIEW)

    run = run_job("ingest_events")

    told = "events/web/2017-06-01.jsonl: its size changed after it was taken; land what is new under another name"
    assert (run.notes[-1], lake.read(ingest.EVENTS).count()) == (told, 1)


def test_a_load_broken_off_after_its_write_adds_no_row_twice_even_if_a_file_changes_meanwhile(
    land, run_job, lake, monkeypatch
):
    land("events/web/2017-06-01.jsonl", VIEW)
    land("events/web/2017-06-02.jsonl.gz", VIEW | {"messageId": "v2"}).write_bytes(b"no gzip")
    with monkeypatch.context() as broken:
        write = type(lake).append
        broken.setattr(type(lake), "append", lambda self, rows, *, to: (write(self, rows, to=to), 1 / 0))
        with pytest.raises(ZeroDivisionError):
            run_job("ingest_events")
    land("events/web/2017-06-01.jsonl", VIEW, VIEW)
    land("events/web/2017-06-02.jsonl.gz", VIEW | {"messageId": "v2"})
    for _ in range(2):
        run_job("ingest_events")

    rows = lake.read(ingest.EVENTS).select("origin", "position").collect()
    assert sorted(map(tuple, rows)) == [("events/web/2017-06-01.jsonl", 1), ("events/web/2017-06-02.jsonl.gz", 1)]


def test_no_landing_folder_is_named(run_job):
    with pytest.raises(InputError, match="landing folder does not exist"):
        run_job("ingest_events")
