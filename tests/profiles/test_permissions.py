"""What people allow: whose word counts, in any order in which it came, and the strictest of an address."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given as invented
from hypothesis import settings
from hypothesis import strategies as st
from pyspark.sql import functions as F

from lettermill.keyed_hashes import hash_address
from lettermill.profiles.permissions import STRICTNESS, permissions, standing_suppressions, with_permission
from lettermill.profiles.suppressions import suppressions
from lettermill.tables.profiles import CONSENTS, IDENTITIES, PEOPLE, SUPPRESSIONS

DAY = datetime(2017, 6, 1)
KEY = b"a key of the test"


def said(person, state, days=10, by="record", **more):
    at = DAY - timedelta(days=days)
    return {
        "person_id": person, "channel": "email", "topic": "all", "purpose": "mail", "state": state, "said_by": by,
        "reason": "said so", "changed_at": at, "available_at": at, "evidence": f"{person} {days} {state} {by}",
    } | more  # fmt: skip


def verdicts(consents, **more):
    return {row.person_id: row.mail for row in permissions(consents, as_of=F.lit(DAY), **more).collect()}


def test_the_latest_statement_counts_the_stricter_of_two_at_one_time_and_the_future_is_unknown(given):
    consents = given(
        CONSENTS,
        said("changed", "denied", 9),
        said("changed", "granted", 8),
        said("tied", "granted", 9),
        said("tied", "denied", 9),
        said("later", "granted", 9),
        said("later", "denied", 1, available_at=DAY + timedelta(days=1)),
        said("profiled", "denied", 7, purpose="profiling"),
    )

    assert verdicts(consents) == {"changed": "granted", "tied": "denied", "later": "granted", "profiled": None}


def test_a_mailbox_is_never_overruled_and_a_person_by_nobody_else(given):
    consents = given(
        CONSENTS,
        said("bounced", "suppressed", 9, by="mailbox"),
        said("bounced", "granted", 1, by="person"),
        said("left", "suppressed", 9, by="person"),
        said("left", "granted", 1),
        said("came back", "suppressed", 9, by="person"),
        said("came back", "granted", 1, by="person"),
        said("refused later", "granted", 9, by="person"),
        said("refused later", "denied", 1),
    )

    assert verdicts(consents) == {
        "bounced": "suppressed",
        "left": "suppressed",
        "came back": "granted",
        "refused later": "denied",
    }


def test_leaving_one_of_three_lists_leaves_the_other_two(given):
    consents = given(
        CONSENTS,
        said("p", "granted", 9),
        said("p", "suppressed", 5, by="person", topic="weekly"),
        said("all", "granted", 9),
        said("all", "suppressed", 5, by="person"),
        said("all", "granted", 3, by="person", topic="news"),
    )

    found = {topic: verdicts(consents, topic=topic) for topic in ("weekly", "news", "offers", "all")}

    assert found == {
        "weekly": {"p": "suppressed", "all": "suppressed"},
        "news": {"p": "granted", "all": "granted"},
        "offers": {"p": "granted", "all": "suppressed"},
        "all": {"p": "granted", "all": "suppressed"},
    }


def test_a_pending_grant_counts_from_its_confirmation_on_and_only_for_so_many_days(given):
    consents = given(
        CONSENTS,
        said("waiting", "pending", 9),
        said("confirmed", "pending", 9),
        said("confirmed", "confirmed", 8, by="person"),
        said("too late", "pending", 90),
        said("too late", "confirmed", 8, by="person"),
        said("not asked", "confirmed", 8, by="person"),
        said("not asked", "pending", 7),
        said("asked again", "granted", 20),
        said("asked again", "pending", 9),
    )

    assert verdicts(consents) == {
        "waiting": "pending",
        "confirmed": "granted",
        "too late": "pending",
        "not asked": "pending",
        "asked again": "granted",
    }


STATEMENT = st.tuples(
    st.sampled_from(("granted", "denied", "suppressed")),
    st.integers(1, 4),
    st.sampled_from(("record", "person", "mailbox")),
).filter(lambda one: (one[0] == "suppressed") >= (one[2] == "mailbox"))


def by_hand(statements):
    """The rule once more, in plain Python: what the whole history of one person comes to."""
    if any(by == "mailbox" for _, _, by in statements):
        return "suppressed"
    newest = max(statements, key=lambda one: (-one[1], STRICTNESS[one[0]]))
    own = max((s for s in statements if s[2] == "person"), key=lambda one: (-one[1], STRICTNESS[one[0]]), default=None)
    return own[0] if own and own[0] != "granted" else newest[0]


@settings(max_examples=6)
@invented(people=st.lists(st.lists(STATEMENT, min_size=1, max_size=6), min_size=20, max_size=40), random=st.randoms())
def test_the_order_in_which_statements_arrive_decides_nothing(spark, people, random):
    rows = [
        said(f"p{place}", state, days, by=by)
        for place, statements in enumerate(people)
        for state, days, by in statements
    ]
    random.shuffle(rows)
    names = (
        "person_id",
        "channel",
        "topic",
        "purpose",
        "state",
        "said_by",
        "reason",
        "changed_at",
        "available_at",
        "evidence",
    )
    frame = spark.createDataFrame([tuple(row[name] for name in names) for row in rows], list(names)).repartition(3)

    assert verdicts(frame) == {f"p{place}": by_hand(statements) for place, statements in enumerate(people)}


@pytest.fixture
def asked(given):
    """What may be mailed to people at their addresses, by what each said."""

    def found(people, *consents, suppressed=()):
        rows = given(PEOPLE, *({"person_id": person, "email": email} for person, email in people.items()))
        told = with_permission(
            rows.select("person_id", "email"),
            address="email",
            people=rows,
            permitted=permissions(given(CONSENTS, *consents), as_of=F.lit(DAY)),
            suppressed=standing_suppressions(given(SUPPRESSIONS, *suppressed), as_of=F.lit(DAY), topic="all"),
            address_key=KEY,
        )
        return {row.person_id: (row.mail, row.mail_by) for row in told.collect()}

    return found


def test_everybody_of_an_address_must_agree_and_the_strictest_says_why(asked):
    people = {
        "a": "both@x.example",
        "b": " Both@X.example",
        "c": "own@x.example",
        "d": None,
        "e": "two@x.example",
        "f": "two@x.example",
    }

    told = asked(
        people, said("a", "granted"), said("b", "suppressed", by="person"), said("c", "granted"), said("e", "granted")
    )

    assert told == {
        "a": ("suppressed", "another"),
        "b": ("suppressed", "person"),
        "c": ("granted", "person"),
        "d": ("unknown", "person"),
        "e": ("unknown", "another"),
        "f": ("unknown", "person"),
    }


@settings(max_examples=4)
@invented(
    people=st.lists(
        st.tuples(st.sampled_from("xyz"), st.sampled_from(("granted", "denied", "suppressed", None))), max_size=12
    )
)
def test_no_address_gets_more_than_its_strictest_person_allows(spark, people):
    rows = spark.createDataFrame(
        [(f"p{n}", f"{at}@x.example") for n, (at, _) in enumerate(people)], "person_id string, email string"
    )
    own = [(f"p{n}", mail, "said so") for n, (_, mail) in enumerate(people) if mail]
    told = with_permission(
        rows, address="email", people=rows, address_key=KEY,
        permitted=spark.createDataFrame(own, "person_id string, mail string, mail_because string"),
        suppressed=spark.createDataFrame([], "address_key string, because string"),
    ).collect()  # fmt: skip

    strictest = {at: max((STRICTNESS[m or "unknown"] for a, m in people if a == at)) for at, _ in people}
    assert {row.person_id: STRICTNESS[row.mail] for row in told} == {
        f"p{n}": strictest[at] for n, (at, _) in enumerate(people)
    }


def test_a_suppressed_address_stays_so_under_whatever_id_it_comes_again(given, asked):
    history = given(CONSENTS, said("gone", "suppressed", 20, by="mailbox", reason="bounced"), said("kept", "granted"))
    named = [{"identifier_kind": "email", "identifier": f"{p}@x.example", "person_id": p} for p in ("gone", "kept")]
    stored = suppressions(
        history, identities=given(IDENTITIES, *named), topics=["all"], address_key=KEY, as_of=F.lit(DAY)
    )
    rows = [row.asDict() for row in stored.collect()]

    told = asked({"imported": "Gone@x.example"}, said("imported", "granted", 1), suppressed=rows)

    assert [(row["address_key"], row["state"], row["reason"]) for row in rows] == [
        (hash_address("gone@x.example", key=KEY), "suppressed", "bounced")
    ]
    assert told == {"imported": ("suppressed", "address")}


def test_who_comes_back_to_one_topic_is_suppressed_for_the_others_alone(given):
    history = given(
        CONSENTS, said("p", "suppressed", 9, by="person"), said("p", "granted", 2, by="person", topic="news")
    )
    known = given(IDENTITIES, {"identifier_kind": "email", "identifier": "p@x.example", "person_id": "p"})
    rows = suppressions(history, identities=known, topics=["news", "all"], address_key=KEY, as_of=F.lit(DAY))

    held = {t: standing_suppressions(rows, as_of=F.lit(DAY), topic=t).count() for t in ("news", "offers", "all")}

    assert held == {"news": 0, "offers": 1, "all": 1}
