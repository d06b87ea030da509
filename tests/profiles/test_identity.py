"""Records that share an identifier are one person, whose id stays; what too many share proves nothing."""

from datetime import datetime, timedelta
from hashlib import sha256
from types import SimpleNamespace

import pytest
from pyspark.sql import functions as F

from lettermill.profiles.evidence import statements
from lettermill.profiles.flags import identity_flags
from lettermill.profiles.identity import households, identities, identity_changes, known_records
from lettermill.profiles.phones import with_e164
from lettermill.profiles.policy import IdentityPolicy
from lettermill.profiles.suggestions import probable_links
from lettermill.resolving import introductions, tied
from lettermill.tables import quality
from lettermill.tables.profiles import IDENTITIES, IDENTITY_FLAGS, MATCHES
from tests.conftest import rows_of_tables

DAY = datetime(2017, 6, 1)
LATER = DAY + timedelta(days=99)


def record(name, customer=None, email=None, day=0, **more):
    return {
        "record_id": name,
        "customer_id": customer,
        "email": email,
        "available_at": DAY + timedelta(days=day),
    } | more


def standing(kind, identifier, person, day=0):
    return {
        "identifier_kind": kind,
        "identifier": identifier,
        "person_id": person,
        "first_seen_at": DAY + timedelta(days=day),
    }


def chain(name, links):
    """Records of which each shares a customer id with one neighbour and an address with the other."""
    return [record(f"{name}{n:02}", f"{name}{n // 2}", f"{name}{(n + 1) // 2}@e.com") for n in range(links)]


RECORDS = (
    record("a", "1", "x@e.com"),
    record("b", None, "x@e.com", 1, phone="(212) 555-0123"),
    record("c", "1", "y@e.com", 2),
    record("d", None, "y@e.com", 3, household_id="H"),
    record("e", "2", "z@e.com", household_id="H"),
    record("f", phone="+1 212 555 0123"),
    record("g", phone="555"),
    record("h"),
    record("late", "3", day=200),
    *chain("n", 20),
    *(record(f"shop{n}", f"shop{n}", "info@shop.com", n) for n in range(6)),
    *(record(f"home{n}", f"home{n}", "home@e.com") for n in range(5)),
    *(record(name) for name in ("like1", "like2", "unlike")),
    record("kept", "kept"),
    record("joined", "joined"),
    record("joining", "joined", "j@e.com", 5),
    record("kept", "kept", "j@e.com", 6),
)
EVENTS = (
    ("1", "own"),
    ("1", "shared"),
    ("2", "shared"),
    (None, "unknown"),
    ("only in events", None),
    ("temporary", "browser"),
    ("kept", "browser"),
    ("kept", None, "alias", "temporary"),
    (None, "visitor"),
    ("2", None, "alias", "visitor"),
    ("visited", None, "identify", None, {"email": " Z@e.com", "phone": "(212) 555-0199"}),
    ("newcomer", None, "identify", None, {"email": "none", "phone": "+1 212 555 0199"}),
    ("stranger", None, "identify", None, {"email": "none"}),
    ("stranger", None, "order_completed", None, {"email": "x@e.com"}),
    ("2", None, "screen_viewed", None, {"device_id": "telephone"}),
    *((customer, None, "screen_viewed", None, {"device_id": "tablet"}) for customer in "12"),
)
MATCHING = (
    {"record": "crm/like1", "other_record": "crm/like2", "probability": 0.99},
    {"record": "crm/like1", "other_record": "crm/unlike", "probability": 0.98},
)
STANDING = (
    standing("record", "crm/joined", "old"),
    standing("customer_id", "joined", "old"),
    standing("record", "crm/kept", "older", -1),
    standing("customer_id", "kept", "older", -1),
    standing("email", "info@shop.com", "shop"),
    *(standing(kind, value, "shop", n) for n in range(3) for kind, value in (("record", f"crm/shop{n}"), ("customer_id", f"shop{n}"))),
)  # fmt: skip


def told(given, records, *, events=(), matches=(), before=(), policy):
    """Who is who by records and events (user, browser, kind, previous id, properties), after what stood."""
    rows = [{"source": "crm", "origin": "f", "position": n} | row for n, row in enumerate(records, 1)]
    known = with_e164(known_records(given(quality.PEOPLE, *rows), as_of=F.lit(LATER)), region="US")
    names = ("user_id", "anonymous_id", "kind", "previous_id", "properties")
    times = {"occurred_at": DAY, "available_at": DAY, "origin": "e"}
    heard = [times | {"position": n} | dict(zip(names, event, strict=False)) for n, event in enumerate(events, 1)]
    likely = probable_links(given(MATCHES, *matches), above=0.99, as_of=F.lit(LATER))
    events = given(quality.EVENTS, *heard)
    introduced = introductions(events, region="US")
    stated = statements(known, heard=events, introduced=introduced).unionByName(likely)
    evidence = tied(stated, policy=policy)
    stood, moment = given(IDENTITIES, *before), F.lit(LATER)
    now = identities(evidence.stated, standing=stood, as_of=moment).localCheckpoint()
    changes = identity_changes(evidence.stated, now, standing=stood, dropped=evidence.flags, as_of=moment)
    return SimpleNamespace(
        people={(row.identifier_kind, row.identifier): row.person_id for row in now.collect()},
        changes=sorted(tuple(row) for row in changes.collect()),
        flags=sorted(tuple(row) for row in evidence.flags.collect()),
        homes=households(known, identities=now).collect(),
    )


@pytest.fixture(scope="module")
def world(spark):
    """What the records and events above come to, resolved once."""
    given, policy = rows_of_tables(spark), IdentityPolicy()
    return told(given, RECORDS, events=EVENTS, matches=MATCHING, before=STANDING, policy=policy)


@pytest.fixture(scope="module")
def narrow(spark):
    """A chain, customers who all call themselves guest, and a browser of two, where a person has at most 10 identifiers."""
    guests = [record(f"guest{n}", "guest", f"g{n}@e.com") for n in range(8)]
    policy = IdentityPolicy({"anonymous_id": 2}, component_at_most=10)
    used = [("x", "shared"), ("y", "shared")]
    return told(rows_of_tables(spark), [*chain("n", 8), *guests], events=used, policy=policy)


def groups(people, begins):
    """Records whose name begins so, in groups of one person."""
    records = {i: person for (kind, i), person in people.items() if kind == "record" and i.startswith(f"crm/{begins}")}
    return sorted(sorted(i[4:] for i, p in records.items() if p == person) for person in {*records.values()})


def test_records_are_one_person_over_customer_ids_addresses_and_phones_in_any_spelling(world):
    of = world.people

    assert {of["record", f"crm/{name}"] for name in "abcdf"} == {of["customer_id", "1"]}
    assert of["phone", "+12125550123"] == of["email", "y@e.com"] == of["customer_id", "1"]
    assert of["record", "crm/e"] == of["customer_id", "2"] == of["email", "z@e.com"]
    assert len({of["record", f"crm/{name}"] for name in "aegh"}) == 4


def test_a_chain_of_any_length_is_one_person(world):
    assert [len(group) for group in groups(world.people, "n")] == [20]


def test_an_identifier_that_too_many_customers_share_links_nobody_is_nobodys_and_is_flagged(world):
    assert [len(group) for group in groups(world.people, "home")] == [5]
    assert [len(group) for group in groups(world.people, "shop")] == [1] * 6
    assert ("email", "info@shop.com") not in world.people
    assert world.flags == [
        ("anonymous_id", "shared", 2, 1),
        ("device", "tablet", 2, 1),
        ("email", "info@shop.com", 6, 5),
    ]


def test_a_person_keeps_the_id_the_oldest_survives_a_merge_and_both_merge_and_split_are_kept_with_evidence(world):
    of = world.people

    assert of["customer_id", "joined"] == of["record", "crm/kept"] == of["email", "j@e.com"] == "older"
    assert of["record", "crm/shop0"] == of["customer_id", "shop0"] == "shop"
    apart = sorted((of["customer_id", f"shop{n}"], n) for n in (1, 2))
    assert world.changes == [
        ("merge", "old", "older", LATER, 2, "customer_id", f"f:{len(RECORDS) - 1}"),
        *(("split", "shop", person, LATER, 2, "email", "shared by 6, allowed 5") for person, _ in apart),
    ]


def test_a_browser_belongs_to_a_person_only_while_no_more_customers_use_it_than_allowed(world, narrow):
    assert world.people["anonymous_id", "own"] == world.people["customer_id", "1"]
    assert not {("anonymous_id", "shared"), ("anonymous_id", "unknown")} & {*world.people}
    assert (
        narrow.people["anonymous_id", "shared"]
        == narrow.people["customer_id", "x"]
        == narrow.people["customer_id", "y"]
    )


def test_a_device_is_its_customers_unless_others_use_it_too(world):
    assert world.people["device", "telephone"] == world.people["customer_id", "2"]
    assert ("device", "tablet") not in world.people
    assert world.people["customer_id", "1"] != world.people["customer_id", "2"]


def test_an_alias_ties_the_former_id_of_a_user_or_of_a_browser_which_is_then_not_a_shared_one(world):
    of = world.people

    assert of["customer_id", "temporary"] == of["anonymous_id", "browser"] == of["record", "crm/kept"]
    assert of["anonymous_id", "visitor"] == of["customer_id", "2"]


def test_a_customer_who_gives_an_address_or_a_phone_in_an_event_is_whoever_else_has_it(world):
    of = world.people

    assert of["customer_id", "visited"] == of["customer_id", "newcomer"] == of["record", "crm/e"]
    assert of["phone", "+12125550199"] == of["record", "crm/e"]
    assert [person for (_, name), person in of.items() if person == of["customer_id", "stranger"]] == [
        of["customer_id", "stranger"]
    ]
    assert ("email", "none") not in of


def test_customers_that_only_events_name_are_people_and_what_arrives_later_is_not_known(world):
    assert ("customer_id", "only in events") in world.people
    assert ("record", "crm/late") not in world.people


def test_a_household_is_told_of_its_persons_and_merges_none(world):
    of = world.people

    assert {tuple(row[:2]) for row in world.homes} == {("H", of["record", "crm/d"]), ("H", of["record", "crm/e"])}
    assert of["record", "crm/d"] != of["record", "crm/e"]


def test_a_probable_match_ties_records_from_the_stated_probability_on_and_is_nobodys_identifier(world):
    assert groups(world.people, "like") == [["like1", "like2"]]
    assert world.people["record", "crm/unlike"] != world.people["record", "crm/like1"]
    assert "probable" not in {kind for kind, _ in world.people}


def test_a_component_that_is_too_large_is_tied_by_customer_ids_alone_or_where_they_are_too_many_by_nothing(narrow):
    assert groups(narrow.people, "n") == [["n00", "n01"], ["n02", "n03"], ["n04", "n05"], ["n06", "n07"]]
    assert [len(group) for group in groups(narrow.people, "guest")] == [1] * 8
    assert ("customer_id", "guest") not in narrow.people
    assert ("email", "g0@e.com") in narrow.people
    assert narrow.flags == [("component", "crm/guest0", 17, 10), ("component", "crm/n00", 17, 10)]


def test_a_new_id_depends_on_the_first_record_alone(world):
    assert world.people["customer_id", "1"] == "p" + sha256(b"crm/a").hexdigest()[:20]


def test_a_flag_is_known_from_when_it_showed_until_it_holds_no_longer(given, spark):
    def flag(identifier, how_many, known_from=DAY, known_to=None):
        figures = {"how_many": how_many, "allowed": 5, "known_from": known_from, "known_to": known_to}
        return {"identifier_kind": "email", "identifier": identifier} | figures

    before = given(IDENTITY_FLAGS, flag("same", 6), flag("gone", 7), flag("long gone", 8, known_to=DAY))
    found = given(IDENTITY_FLAGS, flag("same", 9), flag("new", 6)).drop("known_from", "known_to")

    rows = identity_flags(found, standing=before, as_of=F.lit(LATER)).collect()

    assert sorted((row.identifier, row.how_many, row.known_from, row.known_to) for row in rows) == [
        ("gone", 7, DAY, LATER),
        ("new", 6, LATER, None),
        ("same", 9, DAY, None),
    ]
