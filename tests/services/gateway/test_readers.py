"""Unsubscribing and choosing: by one click, on a page, by an API; never by looking, and never without a token of ours."""

import re

import pytest
from hypothesis import given as law
from hypothesis import strategies as st

from lettermill.campaigns.tokens import message_of_token, unsubscribe_token
from tests.services.gateway.conftest import TOKEN_KEY

MESSAGE = "ab" * 32
TOKEN = unsubscribe_token(MESSAGE, key=TOKEN_KEY, key_id="1")
ONE_CLICK = {"List-Unsubscribe": "One-Click"}
HTML = {"Accept": "text/html"}


def kept(caller):
    return [
        (
            event["event"],
            *(event["properties"][name] for name in ("email_id", "channel", "topic", "purpose", "state", "via")),
        )
        for event in caller.events()
    ]


def test_one_click_unsubscribes_at_once_without_a_redirect(caller):
    answer = caller.client.post(f"/mail/unsubscribe/{TOKEN}", data=ONE_CLICK)

    assert (answer.status_code, answer.history) == (200, [])
    assert kept(caller) == [("Unsubscribed", MESSAGE, "email", "all", "mail", "suppressed", "one click")]
    event = caller.events()[0]
    assert (event["type"], event["timestamp"], event["receivedAt"]) == ("track", *["2026-05-01T12:00:00.000Z"] * 2)


def test_mail_clients_may_post_multipart_too(caller):
    answer = caller.client.post(f"/mail/unsubscribe/{TOKEN}", files={"List-Unsubscribe": (None, "One-Click")})

    assert (answer.status_code, len(caller.events())) == (200, 1)


@pytest.mark.parametrize("page", ["unsubscribe", "preferences"])
def test_looking_changes_nothing(caller, page):
    for method in ("GET", "HEAD"):
        assert caller.client.request(method, f"/mail/{page}/{TOKEN}").status_code == 200

    assert caller.lines() == []


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"", "application/x-www-form-urlencoded", 400),
        (b"List-Unsubscribe=No", "application/x-www-form-urlencoded", 400),
        (b"\xff=\xff", "application/x-www-form-urlencoded", 400),
        (b"&".join(b"a=1" for _ in range(500)), "application/x-www-form-urlencoded", 400),
        (b"x" * 20_000, "application/x-www-form-urlencoded", 413),
        (b"--x\r\n", "multipart/form-data; boundary=x", 400),
        (b"x", "multipart/form-data", 400),
        (b"{}", "application/json", 415),
    ],
)
def test_a_post_that_is_no_one_click_unsubscribes_nobody(caller, body, kind, status):
    answer = caller.client.post(f"/mail/unsubscribe/{TOKEN}", content=body, headers={"Content-Type": kind})

    assert (answer.status_code, caller.lines()) == (status, [])


def test_a_page_asks_and_its_button_does_it(caller):
    page = caller.client.get(f"/mail/unsubscribe/{TOKEN}").text
    fields = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]+)">', page))
    action = re.search(r'<form method="post" action="([^"]+)">', page)[1]

    done = caller.client.post(action, data=fields, headers=HTML)

    assert "Marlow &amp; Market" in page
    assert "You are unsubscribed" in done.text
    assert kept(caller) == [("Unsubscribed", MESSAGE, "email", "all", "mail", "suppressed", "page")]


def test_choices_become_an_event_each_and_what_is_left_as_it_is_none(caller):
    page = caller.client.get(f"/mail/preferences/{TOKEN}").text
    assert {*re.findall(r'name="([^"]+)" value="yes"', page)} == {"all", "topic.offers", "topic.recipes", "profiling"}
    form = {"all": "yes", "topic.offers": "no", "topic.recipes": "", "topic.invented": "yes", "profiling": "no"}

    saved = caller.client.post(f"/mail/preferences/{TOKEN}", data=form, headers=HTML)

    assert kept(caller) == [
        ("Preferences Changed", MESSAGE, "email", "all", "mail", "granted", "page"),
        ("Preferences Changed", MESSAGE, "email", "all", "profiling", "denied", "page"),
        ("Preferences Changed", MESSAGE, "email", "offers", "mail", "denied", "page"),
    ]
    assert "Offers of the week: no more." in saved.text


def test_no_mail_at_all_on_the_page_of_choices_is_unsubscribing(caller):
    caller.client.post(f"/mail/preferences/{TOKEN}", data={"all": "no"}, headers=HTML)

    assert [event["event"] for event in caller.events()] == ["Unsubscribed"]


def test_a_shops_own_page_may_send_choices_as_json(caller):
    choices = [{"topic": "recipes", "state": "granted"}, {"purpose": "profiling", "state": "denied"}]

    answer = caller.client.post(f"/mail/preferences/{TOKEN}", json={"choices": choices})

    assert answer.json() == {"success": True}
    assert [row[3:] for row in kept(caller)] == [
        ("recipes", "mail", "granted", "api"),
        ("all", "profiling", "denied", "api"),
    ]


@pytest.mark.parametrize(
    "body",
    [[], {}, {"choices": [{}]}, {"choices": [{"state": "maybe"}]}, {"choices": [{"state": "granted", "topic": "invented"}]},
     {"choices": [{"state": "granted", "who": "ada@example.com"}]}],
)  # fmt: skip
def test_choices_that_nobody_has_are_refused(caller, body):
    answer = caller.client.post(f"/mail/preferences/{TOKEN}", json=body)

    assert (answer.status_code, caller.lines()) == (400, [])


FORGED = {
    "another message": TOKEN.replace("ab", "ac", 1),
    "another key id": TOKEN.replace("1.", "2.", 1),
    "unknown key id": TOKEN.replace("1.", "9.", 1),
    "cut": TOKEN[:-1],
    "longer": TOKEN + "A",
    "words": "ada",
    "no signature": f"1.{MESSAGE}.",
    "not ascii": "1.é.ö",
}


@pytest.mark.parametrize("token", FORGED.values(), ids=FORGED)
def test_a_forged_token_opens_nothing(caller, token):
    for path in ("unsubscribe", "preferences"):
        shown = caller.client.get(f"/mail/{path}/{token}")
        posted = caller.client.post(f"/mail/{path}/{token}", data=ONE_CLICK)
        assert (shown.status_code, posted.status_code) == (404, 404)
        assert "This link does not work" in shown.text

    assert caller.lines() == []


def test_a_key_may_be_changed_while_its_mails_lie_in_mailboxes(caller):
    for key, key_id in ((TOKEN_KEY, "1"), (b"the next key", "2")):
        token = unsubscribe_token(MESSAGE, key=key, key_id=key_id)
        assert caller.client.post(f"/mail/unsubscribe/{token}", data=ONE_CLICK).status_code == 200


@law(st.text(alphabet="0123456789abcdef.-_ABCé", max_size=140))
def test_no_text_is_a_token_but_those_that_were_signed(text):
    assert message_of_token(text, keys={"1": TOKEN_KEY, "": b"", "a": b"x"}) is None


def test_pages_load_nothing_run_nothing_and_stand_in_no_frame(caller):
    answer = caller.client.get(f"/mail/unsubscribe/{TOKEN}")

    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert (answer.headers["Cache-Control"], answer.headers["Referrer-Policy"]) == ("no-store", "no-referrer")
    assert "<script" not in answer.text
    assert "http" not in re.sub(r"https?://\S+\.example", "", answer.text)
