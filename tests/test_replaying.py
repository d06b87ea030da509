"""A message is compared with its row of the payload file that was handed over, wherever that lies and whatever it is."""

from dataclasses import replace

import pytest

from lettermill.delivery.payloads import format_of
from lettermill.delivery.providers.files.account import Account
from lettermill.replaying import payload_differences
from tests.delivery.contract import message
from tests.delivery.files.test_manifests import handed_over

SENT = [
    message(0, occurrence="2018-01-01"),
    message(1, occurrence="2018-01-01", subject="=1+1", html='<p>"é\r\n\u2028"'),
]


@pytest.mark.parametrize("form", ["jsonl", "csv", "parquet"])
@pytest.mark.parametrize(("layout", "home"), [("lettermill", "{campaign}/{occurrence}"), ("braze", "")])
def test_a_message_as_it_was_has_no_difference_and_a_changed_one_is_told_by_column(tmp_path, form, layout, home):
    elsewhere = {"manifests": str(tmp_path / "manifests")} if layout == "braze" else {}
    account = Account(str(tmp_path / "files"), layout=layout, formats=(form,), home=home, **elsewhere)
    reference = handed_over(account, SENT)[1]
    where = {"reference": reference, "folder": tmp_path / "files", "layout": account.looks}

    same = payload_differences(SENT[1], **where)
    other = payload_differences(replace(SENT[1], html="<p>", locale="fr"), **where)

    assert format_of(reference.rpartition(":")[0]) == form
    assert same == ()
    assert other == (("PAYLOAD",) if layout == "braze" else ("locale", "html"))


def test_without_the_file_nothing_is_compared_and_without_the_row_everything_differs(tmp_path):
    reference = handed_over(Account(str(tmp_path)), SENT)[1]
    name = reference.rpartition(":")[0]
    gone = [None, "", "message-id-of-a-provider", "no such.jsonl.gz:1", name]

    assert [payload_differences(SENT[0], reference=one, folder=tmp_path) for one in gone] == [None] * len(gone)
    assert payload_differences(SENT[0], reference=f"{name}:3", folder=tmp_path) == tuple(vars(SENT[0]))
