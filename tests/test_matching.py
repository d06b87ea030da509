"""Records that share no identifier and are probably one person are suggested, with a probability."""

import random

import pyarrow as pa
import pytest

from lettermill.matching import COMPARED, suggested

pytest.importorskip("splink", reason="suggesting matches needs the extra lettermill[matching]")

FIRST = [
    "Ann",
    "Berta",
    "Carl",
    "Dora",
    "Emil",
    "Franz",
    "Greta",
    "Hans",
    "Ida",
    "Josef",
    "Karla",
    "Leo",
    "Maria",
    "Nora",
    "Otto",
    "Paula",
    "Rosa",
    "Sven",
    "Tina",
    "Uwe",
]
LAST = [
    "Adler",
    "Berger",
    "Conrad",
    "Dorn",
    "Ebner",
    "Fuchs",
    "Gruber",
    "Huber",
    "Irsigler",
    "Jung",
    "Kaiser",
    "Lang",
    "Moser",
    "Nagl",
    "Ortner",
    "Pichler",
]


def strangers(count):
    drawn = random.Random(5)
    return [
        (f"crm/{n}", drawn.choice(FIRST), drawn.choice(LAST), str(drawn.randint(1940, 2000)), str(drawn.randint(1000, 9999)))
        for n in range(count)
    ]  # fmt: skip


def table(rows):
    return pa.Table.from_pylist([dict(zip(COMPARED.names, row, strict=True)) for row in rows], schema=COMPARED)


def test_a_misspelt_name_and_a_missing_value_do_not_hide_a_person_and_strangers_are_not_suggested():
    rows = strangers(400)
    doubles = [
        ("web/misspelt", rows[3][1], rows[3][2] + "r", *rows[3][3:]),
        ("web/year", *rows[90][1:3], None, rows[90][4]),
        ("web/moved", *rows[200][1:4], "0000"),
    ]

    found = suggested(table([*rows, *doubles]), above=0.9)

    assert {(one.record, one.other_record) for one in found} >= {("crm/3", "web/misspelt")}
    assert {(one.record, one.other_record) for one in found} <= {
        ("crm/3", "web/misspelt"),
        ("crm/90", "web/year"),
        ("crm/200", "web/moved"),
    }
    assert all(0.9 <= one.probability <= 1 for one in found)


def test_the_same_records_in_any_order_give_the_same_suggestions():
    rows = strangers(200)
    rows += [("web/1", *rows[1][1:])]

    once = suggested(table(rows), above=0.5)
    again = suggested(table(rows[::-1]), above=0.5)

    assert once == again
    assert (once[0].record, once[0].other_record) == ("crm/1", "web/1")


def test_a_single_record_is_like_nobody():
    assert suggested(table(strangers(1)), above=0.5) == []
