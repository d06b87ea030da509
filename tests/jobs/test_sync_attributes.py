"""sync_attributes: a destination is told what it lacks, once, and what it refuses is kept with its words."""

import argparse
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import sync_attributes

from lettermill.delivery.providers.braze.account import RowLimits
from lettermill.delivery.providers.braze.cdi import CdiTable
from lettermill.errors import DeliveryError
from lettermill.job import Run
from lettermill.sending import attributes
from lettermill.sending.braze_table import rows_written
from lettermill.settings import load
from lettermill.settings_sections import SyncSettings
from lettermill.tables.delivery import BRAZE_CDI, SYNC_REFUSALS, SYNC_STATE
from lettermill.tables.ingest import EVENTS
from lettermill.tables.models import SCORES
from lettermill.tables.monitoring import ALERTS
from lettermill.tables.profiles import CONSENTS, PEOPLE
from tests.delivery.fakes import Fault
from tests.delivery.fakes.braze_cdi import CdiReader, TableRow
from tests.delivery.fakes.sendgrid import SendGrid

AS_OF = datetime(2018, 1, 1, tzinfo=UTC)


@pytest.fixture
def settings(braze, tmp_path, keys):
    local = load("local")
    account = {"base_url": braze.url, "key": "secret://braze/key"}
    delivery = replace(local.delivery, journal=str(tmp_path / "journal"), providers={"braze": account})
    return replace(local, delivery=delivery, sync=SyncSettings({"braze": ("email", "first_name")}))


def people(lake, given, *, names):
    rows = [{"person_id": one, "email": f"{one}@shop.example", "first_name": name} for one, name in names.items()]
    lake.merge(given(PEOPLE, *rows), into=PEOPLE)
    granted = {"channel": "email", "topic": "all", "purpose": "mail", "state": "granted", "said_by": "person"}
    at = {"changed_at": AS_OF - timedelta(days=9), "available_at": AS_OF - timedelta(days=9)}
    lake.add(given(CONSENTS, *({**granted, **at, "person_id": one, "evidence": one} for one in names)), to=CONSENTS)


def scored(lake, given, *scores, as_of):
    rows = [{"person_id": one, "model": model, "as_of": as_of, "score": score} for one, model, score in scores]
    lake.merge(given(SCORES, *rows), into=SCORES)


def sync(lake, settings, *, as_of=AS_OF, **arguments):
    named = argparse.Namespace(**{"destination": "braze", "dry_run": "no", "pull": "yes", **arguments})
    run = Run(lake, settings, as_of, "local", as_of, arguments=named)
    sync_attributes.main.work(run)
    return run


def scores_told(fake, person):
    """The scores that each hand-over to the fake has of a person, in their order."""
    return [
        {name: value for name, value in one.content.items() if name.endswith("_score")}
        for one in fake.tracked
        if one.external_id == person
    ]


def alerts(lake):
    rows = lake.read(ALERTS).select("kind", "severity", "subject", "outcome").collect()
    return [*map(tuple, rows)]


def state(lake):
    return {(row["person_id"], row["attribute"]) for row in lake.read(SYNC_STATE).collect()}


def test_a_destination_is_told_what_it_lacks_once_and_what_it_refuses_is_offered_again(lake, given, settings, braze):
    people(lake, given, names={"p1": "Ana", "p2": "Ben", "refused-p3": "Eve"})
    rehearsal = sync(lake, settings, dry_run="yes")
    untold = list(braze.tracked)
    first = sync(lake, settings)
    told = {one.external_id: one.content for one in braze.tracked}
    people(lake, given, names={"p2": "Benno"})
    second = sync(lake, settings)

    assert (untold, rehearsal.counts) == ([], {"points_to_send": 6, "points_saved": 0})
    assert {one: content["first_name"] for one, content in told.items()} == {"p1": "Ana", "p2": "Ben"}
    assert first.counts | {"calls": 1} == {
        "statements": 0, "points_to_send": 6, "points_saved": 0, "handed_over": 2, "rejected": 1, "calls": 1,
    }  # fmt: skip
    assert state(lake) == {(one, name) for one in ("p1", "p2") for name in ("email", "first_name")}
    assert [
        (row["person_id"], "not valid" in row["reason"] or bool(row["reason"]))
        for row in lake.read(SYNC_REFUSALS).collect()
    ] == [("refused-p3", True)]
    assert [one.content.get("first_name") for one in braze.tracked[2:] if one.external_id == "p2"] == ["Benno"]
    assert (second.counts["points_to_send"], second.counts["points_saved"]) == (3, 3)


def test_a_score_is_told_when_it_changed_by_the_newest_scoring_of_its_model(lake, given, settings, braze):
    people(lake, given, names={"p1": "Ana", "p2": "Ben"})
    scored(lake, given, ("p1", "churn", 0.25), ("p1", "next_purchase", 0.5), ("p2", "churn", 0.75), as_of=AS_OF)
    settings = replace(settings, sync=SyncSettings({"braze": ("churn_score", "next_purchase_score")}))
    sync(lake, settings)
    later = AS_OF + timedelta(days=1)
    scored(lake, given, ("p1", "churn", 0.25), ("p2", "churn", 0.8), as_of=later)
    before = sync(lake, settings, as_of=later - timedelta(hours=1))
    after = sync(lake, settings, as_of=later)

    assert scores_told(braze, "p1") == [{"churn_score": 0.25, "next_purchase_score": 0.5}]
    assert scores_told(braze, "p2") == [{"churn_score": 0.75}, {"churn_score": 0.8}]
    assert [run.counts["points_to_send"] for run in (before, after)] == [0, 1]
    assert after.counts["points_saved"] == 2


def test_what_was_cut_off_is_told_again_and_a_blocked_account_ends_the_sync_with_an_error(lake, given, settings, braze):
    people(lake, given, names={"p1": "Ana"})
    braze.faults.next(Fault.EXPIRED)
    with pytest.raises(DeliveryError, match="braze stopped the sync"):
        sync(lake, settings)
    assert state(lake) == set()
    assert alerts(lake) == [("sync_stopped", "critical", "braze", "told")]
    sync(lake, settings)

    assert state(lake) == {("p1", "email"), ("p1", "first_name")}


def test_a_provider_that_does_not_tell_who_left_ends_the_sync_with_an_alert_before_it_is_told(
    lake, given, settings, braze, monkeypatch
):
    people(lake, given, names={"p1": "Ana"})
    monkeypatch.setenv("LETTERMILL_SECRET_BRAZE_KEY", "another")
    with pytest.raises(DeliveryError, match="braze answered 401: Invalid API Key"):
        sync(lake, settings)

    assert alerts(lake) == [("pull_failed", "critical", "braze", "told")]
    assert braze.tracked == []


def test_who_bounced_or_left_at_the_destination_comes_in_as_events_once(lake, given, settings, braze):
    people(lake, given, names={"p1": "Ana"})
    braze.lists["/email/hard_bounces"].append({"email": "p1@shop.example", "hard_bounced_at": "2017-12-30T08:00:00Z"})
    braze.lists["/email/unsubscribes"].append({"email": "x@shop.example", "unsubscribed_at": "2017-12-30T09:00:00Z"})
    first = sync(lake, settings)
    again = sync(lake, settings, as_of=AS_OF + timedelta(hours=1))
    rows = lake.read(EVENTS).selectExpr("source", "get_json_object(raw, '$.event') AS event").collect()

    assert first.counts["statements"] == 2
    assert sorted(map(tuple, rows)) == [("statements", "Email Bounced"), ("statements", "Unsubscribed")]
    assert again.counts["statements"] == 2  # asked for once more, and known


def test_a_provider_that_takes_no_attributes_is_asked_alone_and_the_sync_says_so(lake, settings, monkeypatch):
    bounced = {"email": "p1@shop.example", "created": int((AS_OF - timedelta(days=1)).timestamp())}
    fake = SendGrid(lists={"bounces": [bounced], "spam_reports": [], "unsubscribes": []})
    monkeypatch.setenv("LETTERMILL_SECRET_SENDGRID_KEY", fake.key)
    sender = {"sender": "Shop", "sender_address": "hello@shop.example", "key": "secret://sendgrid/key"}
    with fake.serving() as url:
        accounts = {"sendgrid": {**sender, "base_url": url}}
        settings = replace(settings, delivery=replace(settings.delivery, providers=accounts))
        rehearsal = sync(lake, settings, destination="sendgrid", dry_run="yes")
        unasked = list(fake.asked)
        run = sync(lake, settings, destination="sendgrid")
    rows = lake.read(EVENTS).selectExpr("source", "get_json_object(raw, '$.event') AS event").collect()

    assert (unasked, rehearsal.counts, run.counts) == ([], {}, {"statements": 1})
    assert [*map(tuple, rows)] == [("statements", "Email Bounced")]
    assert [*rehearsal.notes, *run.notes] == [
        "sendgrid takes no attributes: it can only be asked who left, bounced or complained"
    ] * 2


def test_who_left_a_group_comes_in_by_its_topic_and_all_is_asked_for_once_more_where_it_was_not_asked_before(
    lake, settings, monkeypatch
):
    day = timedelta(days=1)
    moment = lambda days: int((AS_OF - days * day).timestamp())  # noqa: E731
    bounced = {"email": "p1@shop.example", "created": moment(1)}
    left = {"email": "p2@shop.example", "group_id": 8, "group_name": "Weekly", "created_at": moment(9)}
    fake = SendGrid(lists={"bounces": [bounced], "spam_reports": [], "unsubscribes": []})
    monkeypatch.setenv("LETTERMILL_SECRET_SENDGRID_KEY", fake.key)
    sender = {"sender": "Shop", "sender_address": "hello@shop.example", "key": "secret://sendgrid/key"}
    with fake.serving() as url:
        accounts = {"sendgrid": {**sender, "base_url": url, "topics": {"8": "offers"}}}
        settings = replace(settings, delivery=replace(settings.delivery, providers=accounts))
        sync(lake, settings, destination="sendgrid")
        fake.left.append(left)
        pulls = {pull: sync(lake, settings, destination="sendgrid", pull=pull) for pull in ("no", "yes", "all")}
    said = "get_json_object(raw, '$.properties.{}')"
    rows = lake.read(EVENTS).selectExpr("get_json_object(raw, '$.event')", *map(said.format, ("email", "topic")))

    assert {pull: run.counts.get("statements") for pull, run in pulls.items()} == {"no": None, "yes": 1, "all": 2}
    assert sorted(map(tuple, rows.collect())) == [
        ("Email Bounced", "p1@shop.example", None),
        ("Unsubscribed", "p2@shop.example", "offers"),
    ]


@pytest.fixture
def for_braze_to_read(settings):
    """Settings in which Braze fetches attributes, in rows of 60 bytes at most."""
    account = {**settings.delivery.providers["braze"], "profiles": "cdi", "rows": {"bytes": 60}}
    return replace(settings, delivery=replace(settings.delivery, providers={"braze": account}))


def cdi_table(lake):
    rows = lake.read(BRAZE_CDI).orderBy("updated_at").collect()
    assert {row["destination"] for row in rows} <= {"braze"}
    return [TableRow(row["person_id"], row["updated_at"], row["payload"]) for row in rows]


def test_what_braze_fetches_is_written_once_each_row_after_those_before_and_what_it_would_refuse_is_kept(
    lake, given, for_braze_to_read, braze
):
    reader, long = CdiReader(), "Maximiliana Josepha"
    people(lake, given, names={"p1": "Ana", "p2": "Ben", "p3": long})
    rehearsal = sync(lake, for_braze_to_read, dry_run="yes")
    first = sync(lake, for_braze_to_read)
    reader.sync(cdi_table(lake))
    people(lake, given, names={"p2": None})
    second = sync(lake, for_braze_to_read, as_of=AS_OF - timedelta(days=1))
    table = cdi_table(lake)
    reader.sync(table)
    reader.sync(table)

    assert rehearsal.counts == {"points_to_send": 6, "points_saved": 0}
    assert first.counts == {"statements": 0, "points_to_send": 6, "points_saved": 0, "handed_over": 2, "rejected": 1}
    assert (second.counts["handed_over"], second.counts["rejected"]) == (1, 1)
    assert (reader.taken, len(table), reader.log) == (table, 3, [])
    assert sorted({row.updated_at for row in table}) == [row.updated_at for row in table]
    assert reader.profiles == {
        "p1": {"email": "p1@shop.example", "first_name": "Ana"},
        "p2": {"email": "p2@shop.example"},
    }
    assert state(lake) == {(one, name) for one in ("p1", "p2") for name in ("email", "first_name")}
    assert [tuple(row) for row in lake.read(SYNC_REFUSALS).select("person_id", "reason").collect()] == [
        ("p3", "it is 62 bytes, Braze takes 60 in a row")
    ]
    assert braze.tracked == []


def test_rows_of_a_run_that_died_before_it_wrote_them_down_are_written_once_more_and_after_them(
    lake, given, for_braze_to_read, monkeypatch
):
    def dies(*_):
        raise KeyboardInterrupt

    people(lake, given, names={"p1": "Ana"})
    with monkeypatch.context() as patched:
        patched.setattr(attributes, "_write_down", dies)
        with pytest.raises(KeyboardInterrupt):
            sync(lake, for_braze_to_read)
    untold = state(lake)
    sync(lake, for_braze_to_read)
    sync(lake, for_braze_to_read)
    first, second = cdi_table(lake)

    assert (untold, state(lake)) == (set(), {("p1", "email"), ("p1", "first_name")})
    assert (first.external_id, first.payload) == (second.external_id, second.payload)
    assert first.updated_at < second.updated_at


def test_whoever_lost_the_lease_writes_no_row_since_braze_may_have_read_newer_ones(lake, settings):
    told = "person_id string, email string, told array<struct<attribute: string, value: string>>"
    profiles = lake.spark.createDataFrame([("p1", "p1@shop.example", [("first_name", '{"v":"Ana"}')])], told)
    run = Run(lake, settings, AS_OF, "local", AS_OF)
    lost = rows_written(profiles, CdiTable(RowLimits()), run=run, destination="braze", fence=lambda: False)

    with pytest.raises(DeliveryError, match="the lease of braze was lost"), lost:
        pass

    assert cdi_table(lake) == []
