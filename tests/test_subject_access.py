"""What a person is given is everything, as text, whatever it holds."""

from datetime import UTC, datetime
from html.parser import HTMLParser

from lettermill.subject_access import Held, as_document, as_page
from lettermill.tables.profiles import PEOPLE

HELD = [
    Held(
        PEOPLE, [{"person_id": "p1", "first_name": "<script>alert(1)</script>", "last_name": None, "birth_year": 1980}]
    )
]


def test_each_column_is_told_with_its_meaning_and_nothing_that_is_held_becomes_markup():
    document = as_document(HELD, person_id="p1", at=datetime(2018, 1, 2, tzinfo=UTC))
    texts, tags = [], []

    class Reader(HTMLParser):
        def handle_starttag(self, tag, *_):
            tags.append(tag)

        def handle_data(self, text):
            texts.append(text)

    Reader().feed(as_page(document))

    assert "script" not in tags
    assert {"<script>alert(1)</script>", "first_name", "given name", "1980"} <= {*texts}
    assert document["tables"]["profiles.people"]["rows"] == HELD[0].rows
    assert document["tables"]["profiles.people"]["columns"]["first_name"] == "given name"
