"""A message as an e-mail: the same bytes for the same message, and what it says is read back from them."""

import email
from dataclasses import fields
from datetime import UTC, datetime
from email.policy import default

import pytest
from hypothesis import given as for_any
from hypothesis import settings
from hypothesis import strategies as st

from lettermill.delivery.mime import mime
from lettermill.delivery.provider import Message

SHOP = {"sender": "Marlow Märkt, Ltd", "sender_address": "hello@shop.example"}
LINES = st.text(st.characters(exclude_categories=["Cs", "Cc"]) | st.sampled_from("\n=_-"), max_size=200)


def message(**more):
    plain = dict.fromkeys((field.name for field in fields(Message)), "x")
    return Message(**(plain | {"message_id": "ab" * 32, "address": "ana@seeds.example"} | more))


def read(mail):
    return email.message_from_bytes(mail, policy=default)


def test_a_message_is_an_email_with_text_before_html_and_a_one_click_unsubscription():
    url = "https://shop.example/mail/unsubscribe/" + "t" * 120
    mail = mime(message(subject="Ana, Äpfel für 3 €", text="Hallo", html="<p>é</p>", unsubscribe_url=url), **SHOP)
    parsed = read(mail)

    assert {name: str(parsed[name]) for name in ("From", "To", "Subject", "Message-ID", "Date")} == {
        "From": '"Marlow Märkt, Ltd" <hello@shop.example>',
        "To": "ana@seeds.example",
        "Subject": "Ana, Äpfel für 3 €",
        "Message-ID": f"<{'ab' * 32}@shop.example>",
        "Date": "None",
    }
    assert parsed["List-Unsubscribe"] == f"<{url}>"
    assert f"<{url}>".encode() in mail  # whole on one line: some providers do not unfold it
    assert parsed["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert [(part.get_content_type(), part.get_content()) for part in parsed.iter_parts()] == [
        ("text/plain", "Hallo\r\n"),
        ("text/html", "<p>é</p>\r\n"),
    ]


def test_the_date_is_one_line_more_and_another_message_has_another_boundary():
    dated = mime(message(), **SHOP, date=datetime(2018, 1, 2, 6, tzinfo=UTC))
    other = mime(message(message_id="cd" * 32), **SHOP)

    assert dated == b"Date: Tue, 02 Jan 2018 06:00:00 +0000\r\n" + mime(message(), **SHOP)
    assert read(dated).get_boundary() != read(other).get_boundary()


def test_an_address_may_be_in_any_script():
    parsed = read(mime(message(address="用户@例え.example", subject="日本"), **SHOP))

    assert (str(parsed["To"]), str(parsed["Subject"])) == ("用户@例え.example", "日本")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("two\r\nlines\x00words", "two lines words"),
        ("=?utf-8?q?Hello=0D=0ABcc:_eve@mail.example?=", "= ?utf-8?q?Hello=0D=0ABcc:_eve@mail.example?="),
        ("2 + 2 =?", "2 + 2 =?"),
    ],
)
def test_a_subject_and_a_sender_stay_words_on_one_line(given, said):
    parsed = read(mime(message(subject=given), **SHOP | {"sender": given}))

    assert (parsed["Subject"], parsed["From"].addresses[0].display_name) == (said, said)
    assert parsed.keys() == read(mime(message(), **SHOP)).keys()


@pytest.mark.parametrize(
    "change",
    [
        {"address": "ana@x.example\r\nBcc: b"},
        {"unsubscribe_url": "https://x.example/\nBcc: b"},
        {"unsubscribe_url": "https://x.example/" + "t" * 999},
    ],
)
def test_what_cannot_stand_in_a_head_is_refused(change):
    with pytest.raises(ValueError, match="breaks a line|above 998 bytes"):
        mime(message(**change), **SHOP)


@settings(max_examples=60, deadline=None)
@for_any(subject=st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=60), text=LINES, html=LINES)
def test_what_any_message_says_is_read_back_from_its_bytes(subject, text, html):
    mail = mime(message(subject=subject, text=text, html=html), **SHOP)
    parsed = read(mail)

    assert mail == mime(message(subject=subject, text=text, html=html), **SHOP)
    assert max(map(len, mail.split(b"\r\n"))) <= 998
    assert parsed["Subject"] == subject
    assert [part.get_content().replace("\r\n", "\n").removesuffix("\n") for part in parsed.iter_parts()] == [
        text.removesuffix("\n"),
        html.removesuffix("\n"),
    ]
