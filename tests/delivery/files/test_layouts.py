"""What each importer gets: its columns, its encoding, its sizes, and nothing that it would not take."""

import csv
import io
import json
from datetime import UTC, datetime
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from lettermill.delivery.provider import Call, Limits, Status, Unpackable
from lettermill.delivery.providers.files.account import Account
from lettermill.delivery.providers.files.layouts import LAYOUTS
from lettermill.delivery.providers.files.mails import FileProvider
from tests.delivery.contract import message, messages

AT = datetime(2018, 1, 1, tzinfo=UTC)
CALL = Call("spring.2018-01-01.00001", 7, 2)
STEM = "spring-2018-01-01-00001-00007-002"


@pytest.fixture
def filed(tmp_path):
    """Hand messages over with a layout; the one file that comes of it."""

    def hand_over(layout, those, **more):
        elsewhere = {"manifests": str(tmp_path / "manifests")} if layout == "braze" else {}
        account = Account(str(tmp_path / "files"), layout=layout, **elsewhere, **more)
        provider = FileProvider(account, "files")
        answer = provider.connect().send([provider.pack(one, at=AT) for one in those], call=CALL)
        assert {outcome.status for outcome in answer.outcomes} == {Status.HANDED_OVER}
        (file,) = [path for path in (tmp_path / "files").rglob("*") if path.is_file()]
        return file

    return hand_over


def read_csv(file):
    return list(csv.reader(io.StringIO(file.read_bytes().decode("utf-8"), newline=""), strict=True))


PAYLOAD = {
    "mail_message_id": message(0).message_id,
    "mail_campaign": "spring",
    "mail_occurrence": "2024-05-01",
    "mail_locale": "de-DE",
    "mail_subject": "Grüße № 0 an dich",
    "mail_preheader": "Nur heute, 0",
    "mail_html": "<p>Für dich № 0, „gut“ &amp; günstig</p>",
    "mail_text": "Für dich № 0, „gut“ & günstig",
    "mail_unsubscribe_url": "https://mail.example/u/token-0",
    "mail_template_version": "v1",
    "mail_mode": "live",
}


def test_braze_gets_one_identity_and_a_payload_of_json_as_text_without_it(filed):
    file = filed("braze", messages(2))
    first, second = [json.loads(line) for line in file.read_text().splitlines()]

    assert file.name == f"{STEM}.jsonl"
    assert [sorted(row) for row in (first, second)] == [["EXTERNAL_ID", "PAYLOAD"]] * 2
    assert (first["EXTERNAL_ID"], json.loads(first["PAYLOAD"])) == ("person-0", PAYLOAD)


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_braze_gets_the_same_by_address_in_its_other_formats(filed, form):
    file = filed("braze", messages(1), formats=(form,), columns={"address": "EMAIL"})
    if form == "csv":
        header, values = read_csv(file)
        row = dict(zip(header, values, strict=True))
    else:
        (row,) = pq.read_table(file).to_pylist()

    assert sorted(row) == ["EMAIL", "PAYLOAD"]
    assert (row["EMAIL"], json.loads(row["PAYLOAD"])) == ("reader-0@mail.example", PAYLOAD)


def test_sfmc_gets_a_csv_named_by_the_fields_of_its_data_extension(filed):
    file = filed("sfmc", [message(0, subject='-20 %, "today"', html="<p>\n</p>")])
    header, row = read_csv(file)

    assert file.name == f"{STEM}.csv"
    assert header[:3] == ["SubscriberKey", "EmailAddress", "MessageId"]
    assert dict(zip(header, row, strict=True)) == {
        "SubscriberKey": "person-0",
        "EmailAddress": "reader-0@mail.example",
        "MessageId": message(0).message_id,
        "Campaign": "spring",
        "Occurrence": "2024-05-01",
        "Locale": "de-DE",
        "Subject": '-20 %, "today"',
        "Preheader": "Nur heute, 0",
        "Html": "<p>\n</p>",
        "Text": "Für dich № 0, „gut“ & günstig",
        "UnsubscribeUrl": "https://mail.example/u/token-0",
        "TemplateVersion": "v1",
        "Mode": "live",
    }


def test_columns_of_conf_stand_in_place_of_the_layouts_own(filed):
    columns = {"message_id": "Key", "address": "Mail", "html": "Body"}
    file = filed("sfmc", messages(1), columns=columns, home="")

    assert file.parent.name == "files"
    assert read_csv(file) == [["Key", "Mail", "Body"], [message(0).message_id, message(0).address, message(0).html]]


def test_hubspot_and_klaviyo_get_properties_beside_the_identities_they_know(filed):
    header, row = read_csv(filed("hubspot", messages(1)))

    assert header == ["email", "mail_message_id", "mail_person_id", *list(PAYLOAD)[1:]]
    assert row == ["reader-0@mail.example", message(0).message_id, "person-0", *list(PAYLOAD.values())[1:]]


def test_klaviyo_gets_an_external_id_too(filed):
    header, row = read_csv(filed("klaviyo", messages(1)))

    assert header == ["email", "external_id", *PAYLOAD]
    assert row == ["reader-0@mail.example", "person-0", *PAYLOAD.values()]


@pytest.mark.parametrize(("layout", "row_bytes"), [("braze", 1_000_000), ("klaviyo", 100_000)])
def test_a_row_above_what_the_importer_takes_is_refused_before_it_spoils_a_file(tmp_path, layout, row_bytes):
    account = Account(str(tmp_path / "files"), layout=layout, manifests=str(tmp_path / "manifests"))
    provider = FileProvider(account, "files")
    spare = row_bytes - len(provider.pack(message(0, html=""), at=AT).body) - 100

    assert provider.pack(message(0, html="x" * spare), at=AT)
    with pytest.raises(Unpackable, match=f"{layout} takes {row_bytes:,}"):
        provider.pack(message(0, html="x" * row_bytes), at=AT)


def test_text_that_utf8_cannot_have_is_refused_before_any_file(tmp_path):
    for layout in LAYOUTS:
        account = Account(str(tmp_path / "files"), layout=layout, manifests=str(tmp_path / "manifests"))
        with pytest.raises(Unpackable, match="UTF-8"):
            FileProvider(account, "files").pack(message(0, html="half \ud83d"), at=AT)


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"layout": "sfmc", "formats": ("jsonl",)}, "sfmc imports csv, not jsonl"),
        ({"layout": "klaviyo", "formats": ("csv", "jsonl")}, "would import everybody twice"),
        ({"formats": ("csv", "csv")}, "a format stands once"),
        ({"layout": "klaviyo", "limits": Limits(messages=10_001, bytes=1)}, "klaviyo takes 10,000 rows"),
        ({"layout": "hubspot", "limits": Limits(messages=2_000_000, bytes=1)}, "hubspot takes 1,048,576 rows"),
        (
            {"layout": "braze", "manifests": "m", "limits": Limits(messages=1, bytes=10**9)},
            "braze takes 512,000,000 bytes",
        ),
        ({"layout": "braze"}, "Braze imports whatever comes"),
        ({"layout": "braze", "manifests": "files/manifests"}, "Braze imports whatever comes"),
        (
            {"layout": "braze", "manifests": "m", "columns": {"address": "EMAIL", "person_id": "EXTERNAL_ID"}},
            "one identity",
        ),
        ({"columns": {"adress": "a", "message_id": "m"}}, "no field of a message: adress"),
        ({"layout": "sfmc", "columns": {"address": "a"}}, "columns needs message_id"),
        ({"destination": "ftp://host/x"}, "not ftp://"),
        ({"destination": "sftp://user:secret@host/x"}, "no password in it"),
        ({"destination": "sftp://user@host/x"}, "host_key"),
        ({"destination": "s3:///x"}, "needs a bucket"),
        ({"destination": "s3://b", "access_key": "secret://s3/key"}, "go together"),
    ],
)
def test_what_an_importer_would_not_take_is_refused_in_conf(given, problem):
    with pytest.raises(ValueError, match=problem):
        Account(**{"destination": "files", **given})


def test_every_layout_keeps_to_what_its_importer_takes_where_conf_says_nothing():
    told = {}
    for name in LAYOUTS:
        account = Account("files", layout=name, manifests="manifests")
        told[name] = (account.forms, account.bounds.messages, account.bounds.bytes, account.is_packed)

    assert told == {
        "lettermill": (("jsonl", "csv"), 100_000, 50_000_000, True),
        "braze": (("jsonl",), 100_000, 100_000_000, False),
        "sfmc": (("csv",), 100_000, 50_000_000, False),
        "hubspot": (("csv",), 100_000, 100_000_000, False),
        "klaviyo": (("csv",), 10_000, 5_000_000, False),
    }
    assert Path(Account("files").destination) == Path("files")
