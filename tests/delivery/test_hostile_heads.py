"""Payloads that would end a line of a mail's head add no header to it: parsed from the mail as it arrived."""

from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote

import pytest

from lettermill.delivery.provider import Status, Unpackable
from tests.delivery.contract import AT, calls, message, modules

CORPORA = Path("../shared/corpora/payloads")
FILES = (
    "CRLF Injection/Files/crlfinjection.txt",
    "XSS Injection/Intruders/IntrudersXSS.txt",
)
OURS = (
    "Hello\r\nBcc: everybody@mail.example",
    "Hello\nBcc: everybody@mail.example",
    "Hello\rBcc: everybody@mail.example",
    "Hello\r\n\r\n<p>another body</p>",
    "Hello\x00\r\n Folded: no",
    "Hello\u2028Bcc: everybody@mail.example",
    "Hello\x85Bcc: everybody@mail.example",
    "=?utf-8?q?Hello=0D=0ABcc:_everybody@mail.example?=",
    "=?UTF-8?B?SGVsbG8NCkJjYzogZXZlcnlib2R5QG1haWwuZXhhbXBsZQ==?=",
    "=\n?utf-8?q?Hello=0D=0ABcc:_everybody@mail.example?=",
    "=?utf-8 x?q?Hello=0D=0ABcc:_everybody@mail.example?=",
    "=?utf-8*de?Q?Hello=0D=0ABcc:_everybody@mail.example?=",
    '"Hello" <everybody@mail.example>, ',
    "Hello\x0b\x0cBcc: everybody@mail.example",
)
MAILERS = sorted(name for name, module in modules().items() if module.TRAITS.has_headers)


def payloads():
    """Each line as it stands, and with what it holds in per cent signs decoded as a server in front would."""
    missing = [name for name in FILES if not (CORPORA / name).is_file()]
    if missing:
        pytest.skip(f"{CORPORA / missing[0]} is not there")
    lines = [
        line for name in FILES for line in (CORPORA / name).read_text(errors="replace").splitlines() if line.strip()
    ]
    return [*lines, *(decoded for line in lines if (decoded := unquote(line)) != line)]


def arrived(name, texts):
    """The names in the heads of mails with each of the texts wherever a text can stand, and of one without."""
    with modules()[name].harness() as harness:
        provider, numbered = harness.made(), calls()
        connection = provider.connect()
        refused = 0
        for number, text in enumerate(["Hello", *texts]):
            hostile = named(provider, text)
            if hasattr(connection, "access"):
                connection.access = hostile.access
            one = message(number, subject=text, preheader=text, html=f"<p>{text}</p>", text=text, locale=text)
            try:
                parcel = hostile.pack(one, at=AT)
            except Unpackable:
                refused += 1
                continue
            (outcome,) = connection.send([parcel], call=next(numbered)).outcomes
            assert outcome.status == Status.HANDED_OVER, (text, outcome)
        connection.close()
        assert len(harness.fake.book.entries) + refused == len(texts) + 1
        return [entry.headers for entry in harness.fake.book.entries]


def named(provider, sender):
    """The same provider for a sender of that name."""
    if hasattr(provider, "access"):
        account = replace(provider.access.account, sender=sender)
        return replace(provider, access=replace(provider.access, account=account))
    return replace(provider, account=replace(provider.account, sender=sender))


@pytest.mark.parametrize("name", MAILERS)
def test_our_own_payloads_add_no_header(name):
    plain, *hostile = arrived(name, OURS)

    assert len(hostile) == len(OURS)
    assert set(hostile) == {plain}


@pytest.mark.parametrize("name", MAILERS)
def test_the_payloads_of_the_corpora_add_no_header(name):
    texts = payloads()

    plain, *hostile = arrived(name, texts)

    assert len(hostile) > len(texts) * 0.99
    assert set(hostile) == {plain}


@pytest.mark.parametrize("name", MAILERS)
@pytest.mark.parametrize("change", ["address", "unsubscribe_url"])
def test_an_address_or_a_link_that_breaks_a_line_is_refused_before_any_call(name, change):
    with modules()[name].harness() as harness:
        for text in OURS[:5]:
            broken = {"address": f"ana@mail.example{text[5:]}", "unsubscribe_url": f"https://mail.example/{text}"}
            with pytest.raises(Unpackable) as caught:
                harness.made().pack(message(1, **{change: broken[change]}), at=AT)
            assert "mail.example" not in str(caught.value)
