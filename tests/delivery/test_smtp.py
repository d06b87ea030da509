"""Mails through a real mail server that breaks at each phase: what it may have taken, and what it cannot have."""

import email
from email.policy import default

import pytest

from lettermill.delivery.credentials import Credential
from lettermill.delivery.provider import Limits, Outcome, Signal, Status
from lettermill.delivery.providers.smtp import Account, mail_provider
from lettermill.errors import ConfigError
from tests.delivery.contract import AT, calls, message, messages
from tests.delivery.fakes.smtp import PASSWORD, PHASES, USER, MailServer, certified


def provider(port, *, word=PASSWORD, **changes):
    plain = {"sender": "Märkt", "sender_address": "hello@shop.example", "tls": "none"}
    if changes.get("user"):
        plain["password"] = "secret://smtp/password"
    account = Account(host="127.0.0.1", port=port, **{**plain, **changes})
    return mail_provider(account, name="smtp", secret=lambda reference: Credential(reference, word.encode()))


def sent(made, *those):
    """The answers to mails over one connection."""
    connection = made.connect()
    try:
        return [connection.send([made.pack(one, at=AT)], call=call) for one, call in zip(those, calls(), strict=False)]
    finally:
        connection.close()


def told(answer):
    (outcome,) = answer.outcomes
    return outcome.status, answer.signal


@pytest.mark.parametrize(
    ("phase", "status", "is_taken"),
    [
        ("EHLO", Status.DEFERRED, False),
        ("MAIL", Status.DEFERRED, False),
        ("RCPT", Status.DEFERRED, False),
        ("DATA begun", Status.DEFERRED, False),
        ("DATA ended", Status.UNKNOWN, False),
        ("taken", Status.UNKNOWN, True),
    ],
)
def test_only_a_cut_between_the_end_of_the_data_and_its_answer_leaves_a_doubt(phase, status, is_taken):
    fake = MailServer()
    fake.cuts.append(phase)
    with fake.serving() as port:
        first, second = sent(provider(port), message(1), message(2))

    assert told(first) == (status, Signal.FAILING)
    assert told(second) == (Status.HANDED_OVER, Signal.FINE)
    assert fake.book.message_ids == [message(n).message_id for n in ([1, 2] if is_taken else [2])]
    assert {*PHASES} >= {phase}


@pytest.mark.parametrize(
    ("phase", "reply", "expected"),
    [
        ("MAIL", "421 4.7.0 Too many connections", (Status.DEFERRED, Signal.THROTTLED)),
        ("MAIL", "450 4.7.1 Rate limit", (Status.DEFERRED, Signal.THROTTLED)),
        ("MAIL", "452 4.3.1 Insufficient system storage", (Status.DEFERRED, Signal.THROTTLED)),
        ("MAIL", "451 4.3.0 Local error", (Status.DEFERRED, Signal.FAILING)),
        ("MAIL", "530 5.7.0 Authentication required", (Status.DEFERRED, Signal.BLOCKED)),
        ("MAIL", "550 5.7.1 Sender refused", (Status.DEFERRED, Signal.BLOCKED)),
        ("MAIL", "552 5.3.4 Too large", (Status.REJECTED, Signal.FINE)),
        ("RCPT", "450 4.2.0 Greylisted", (Status.DEFERRED, Signal.FINE)),
        ("RCPT", "452 4.2.2 Mailbox full", (Status.DEFERRED, Signal.FINE)),
        ("RCPT", "550 5.1.1 No such user", (Status.REJECTED, Signal.FINE)),
        ("RCPT", "551 5.1.6 Moved", (Status.REJECTED, Signal.FINE)),
        ("RCPT", "421 4.3.2 Shutting down", (Status.DEFERRED, Signal.THROTTLED)),
        ("RCPT", "251 2.1.5 Will forward", (Status.HANDED_OVER, Signal.FINE)),
        ("DATA", "451 4.7.1 Try later", (Status.DEFERRED, Signal.FINE)),
        ("DATA", "554 5.7.1 Spam", (Status.REJECTED, Signal.FINE)),
        ("DATA", "552 5.2.2 Over quota", (Status.REJECTED, Signal.FINE)),
        ("DATA", "354 Go on", (Status.UNKNOWN, Signal.FAILING)),
    ],
)
def test_each_reply_means_one_thing_and_the_next_mail_goes_its_way(phase, reply, expected):
    fake = MailServer(replies={phase: reply})
    with fake.serving() as port:
        made = provider(port)
        connection, numbered = made.connect(), calls()
        first = connection.send([made.pack(message(1), at=AT)], call=next(numbered))
        fake.replies.clear()
        second = connection.send([made.pack(message(2), at=AT)], call=next(numbered))
        connection.close()

    assert told(first) == expected
    assert told(second) == (Status.HANDED_OVER, Signal.FINE)
    if expected[0] != Status.HANDED_OVER:
        assert first.said == first.outcomes[0].reason == reply


@pytest.mark.parametrize("tls", ["starttls", "implicit"])
def test_mails_go_over_tls_with_a_user_and_have_the_queues_id(tmp_path, tls):
    fake, pem = MailServer(), certified(tmp_path)
    with fake.serving(tls=tls, pem=pem, needs_user=True) as port:
        secure = {"tls": tls, "authority": str(pem), "user": USER}
        made = provider(port, **secure)
        (answer,) = sent(made, message(1))
        (wrong,) = sent(provider(port, **secure, word="wrong"), message(2))
        (nobody,) = sent(provider(port, **{**secure, "user": ""}), message(3))
        (stranger,) = sent(provider(port, **{**secure, "authority": ""}), message(4))

    reference = "250 2.0.0 OK: queued as 000001"
    assert answer.outcomes == (Outcome(message(1).message_id, Status.HANDED_OVER, reference=reference),)
    assert told(wrong) == told(nobody) == (Status.DEFERRED, Signal.BLOCKED)
    assert (told(stranger), stranger.said) == ((Status.DEFERRED, Signal.FAILING), "cut off: SSLCertVerificationError")
    assert PASSWORD not in repr(made)
    assert len(fake.mails) == 1


def test_a_server_without_tls_gets_nothing_where_tls_is_asked_for():
    fake = MailServer()
    with fake.serving() as port:
        (answer,) = sent(provider(port, tls="starttls"), message(1))

    assert told(answer) == (Status.DEFERRED, Signal.BLOCKED)
    assert fake.mails == []


def test_a_password_is_never_sent_without_tls():
    with pytest.raises(ConfigError, match="a password would leave without TLS"):
        provider(25, user=USER)


def test_many_mails_for_a_call_are_refused_in_conf():
    with pytest.raises(ConfigError, match=r"limits.messages is 2"):
        provider(25, limits=Limits(messages=2, bytes=1_000))


def test_mails_go_over_one_session_until_it_has_had_its_number():
    fake = MailServer()
    with fake.serving() as port:
        answers = sent(provider(port, mails_per_session=3), *messages(7))

    assert {told(answer) for answer in answers} == {(Status.HANDED_OVER, Signal.FINE)}
    assert fake.sessions == 3


def test_a_session_that_the_server_ended_while_it_lay_idle_costs_no_mail():
    fake = MailServer()
    with fake.serving() as port:
        made = provider(port)
        connection, numbered = made.connect(), calls()
        connection.send([made.pack(message(1), at=AT)], call=next(numbered))
        fake.cuts.append("MAIL")
        answer = connection.send([made.pack(message(2), at=AT)], call=next(numbered))
        connection.close()

    assert told(answer) == (Status.HANDED_OVER, Signal.FINE)
    assert fake.book.message_ids == [message(1).message_id, message(2).message_id]
    assert fake.sessions == 2


def test_a_mail_arrives_as_it_was_made_with_lines_that_begin_with_dots():
    text = ".\r\n..\r\n.hidden\r\nQUIT\r\n.\r\n"
    fake = MailServer()
    with fake.serving() as port:
        made = provider(port, return_path="bounces@shop.example")
        (answer,) = sent(made, message(1, text=text))

    assert told(answer) == (Status.HANDED_OVER, Signal.FINE)
    assert (fake.mails, fake.senders) == ([made.pack(message(1, text=text), at=AT).body], ["bounces@shop.example"])
    assert fake.book.entries[0].text == text


def test_an_address_in_another_script_arrives_or_is_refused_by_a_server_that_does_not_know_it():
    one = message(1, address="用户@例え.example")
    old = MailServer(knows_other_scripts=False)
    fake = MailServer()
    with fake.serving() as port, old.serving() as old_port:
        (answer,) = sent(provider(port), one)
        refused, after = sent(provider(old_port), one, message(2))

    assert told(answer) == (Status.HANDED_OVER, Signal.FINE)
    assert fake.book.entries[0].address == "用户@例え.example"
    assert email.message_from_bytes(fake.mails[0], policy=default)["To"] == "用户@例え.example"
    assert told(refused) == (Status.REJECTED, Signal.FINE)
    assert refused.said == "the server takes no addresses in other scripts"
    assert told(after) == (Status.HANDED_OVER, Signal.FINE)


def test_a_mail_above_the_size_that_the_server_tells_is_refused_before_its_data():
    fake = MailServer(most_bytes=4_000)
    with fake.serving() as port:
        large, small = sent(provider(port), message(1, html="x" * 4_000), message(2))

    assert told(large) == (Status.REJECTED, Signal.FINE)
    assert large.said.startswith("552 ")
    assert told(small) == (Status.HANDED_OVER, Signal.FINE)


def test_two_accounts_that_differ_in_a_password_look_alike():
    one, other = (provider(587, tls="starttls", user=USER, word=word) for word in ("one", "other"))

    assert one != other
    assert repr(one) == repr(other)
