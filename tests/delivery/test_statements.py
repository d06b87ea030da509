"""What a provider says when it is asked becomes events as webhooks bring them, once however often it is asked."""

import json
from datetime import UTC, datetime, timedelta

from hypothesis import given as for_any
from hypothesis import strategies as st

from lettermill.delivery.profile_provider import Statement
from lettermill.delivery.statements import statement_events

AT = datetime(2026, 5, 1, 11, 59, tzinfo=UTC)
NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)


def lines(*statements, now=NOW):
    return list(statement_events(statements, provider="sendgrid", source="email", received_at=now))


def test_each_statement_is_an_event_in_our_words():
    told = lines(
        Statement("ada@x.example", "bounced", AT, "mailbox full"),
        Statement("ada@x.example", "complained", AT),
        Statement("ada@x.example", "unsubscribed", AT),
        Statement("ada@x.example", "unsubscribed", AT, topic="news"),
        Statement("ada@x.example", "resubscribed", AT, topic="news"),
    )

    choice = {"channel": "email", "topic": "all", "purpose": "mail", "state": "suppressed"}
    events = [json.loads(raw) for _, _, _, raw, _ in told]
    assert [(event["event"], event["properties"]) for event in events] == [
        ("Email Bounced", {"email": "ada@x.example", "reason": "mailbox full", "bounce_type": "hard"}),
        ("Email Marked as Spam", {"email": "ada@x.example"}),
        ("Unsubscribed", {"email": "ada@x.example", **choice}),
        ("Unsubscribed", {"email": "ada@x.example", **choice, "topic": "news"}),
        ("Preferences Changed", {"email": "ada@x.example", **choice, "topic": "news", "state": "granted"}),
    ]
    (source, origin, position, _, day_ends_at), first = told[0], events[0]
    assert (source, position, day_ends_at) == ("email", int(AT.timestamp()) * 1_000_000, NOW)
    assert first == first | {
        "messageId": f"sendgrid:{origin.removeprefix('sendgrid/statements/')}", "type": "track", "provider": "sendgrid",
        "timestamp": "2026-05-01T11:59:00.000Z", "receivedAt": "2026-05-01T12:00:00.000Z",
    }  # fmt: skip
    assert len({line[1] for line in told}) == 5


@for_any(
    st.emails(),
    st.sampled_from(["bounced", "complained", "unsubscribed", "resubscribed"]),
    st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)),
)
def test_a_statement_that_is_pulled_again_has_the_key_it_had_and_no_address_in_it(address, kind, at):
    (first,) = lines(Statement(address, kind, at))
    (again,) = lines(Statement(f" {address.upper()} ", kind, at, "told otherwise"), now=NOW + timedelta(days=9))

    if address.upper().lower() == address.lower():
        assert first[:3] == again[:3]
    assert address not in first[1]
