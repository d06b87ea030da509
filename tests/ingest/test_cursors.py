"""A cursor is what the newest commit of its source says, whoever else commits and notes in between."""

from dataclasses import replace

from hypothesis import given as invented
from hypothesis import strategies as st

from lettermill.ingest.cursors import Cursor

FOREIGN = st.sampled_from([None, "", "a note", "[]", "null", '{"lettermill.cursor": 3}', '{"job": "x"}'])
SOURCES = st.sampled_from(["shop", "crm"])


@invented(st.lists(st.one_of(FOREIGN, SOURCES), max_size=20), st.randoms())
def test_the_newest_note_of_the_source_wins_and_every_commit_is_looked_through(notes, chance):
    log, commits, reached = [], {"shop": 0, "crm": 0}, {}
    for version, note in enumerate(notes):
        if note in commits:
            commits[note] += 1
            reached[note] = Cursor(note, {"next": version}, commits[note], run=f"run {version}")
            log.append((version, reached[note].note()))
        else:
            log.append((version, note))
    expected = reached.get("shop", Cursor("shop"))
    chance.shuffle(log)

    assert Cursor("shop").after(log) == replace(expected, version=len(notes) - 1)


def test_an_older_note_never_moves_a_cursor_back():
    old = Cursor("shop", {"next": 1}, commits=1).note()

    assert Cursor("shop", {"next": 9}, commits=5, version=3).after([(4, old)]).position == {"next": 9}
