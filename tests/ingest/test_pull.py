"""A pulled REST source is read whole, in order, within its limits, and every failure names source, path and mend."""

import json
from dataclasses import replace
from urllib.parse import parse_qs

import httpx2
import pytest
from hypothesis import given as invented
from hypothesis import strategies as st

from lettermill.errors import ConfigError, InputError
from lettermill.ingest.pull.asking import Asker
from lettermill.ingest.pull.authentication import Credential
from lettermill.ingest.pull.declaration import Authentication, Incremental, Paging, Pull
from lettermill.ingest.pull.paths import instant, written
from lettermill.ingest.pull.reader import PullReader
from lettermill.ingest.sources import Source
from lettermill.patience import Patience, Rate, TokenBucket
from lettermill.settings import load, validate
from tests.ingest.fake_crm import HubSpot, Salesforce
from tests.ingest.serving import TestClock, as_json, served

SECRETS = {
    "secret://hubspot/token": b"pat-eu1-secret\n",
    "secret://salesforce/client-id": b"consumer-key",
    "secret://salesforce/client-secret": b"consumer-secret",
    "secret://api/user": b"reader",
    "secret://api/token": b"s3cret",
    "secret://api/refresh": b"refresh-0",
}
DECLARED = load("local").sources


@pytest.fixture
def clock():
    return TestClock()


@pytest.fixture
def client():
    with httpx2.Client() as opened:
        yield opened


@pytest.fixture
def reading(clock, client):
    """A reader of a declaration, with the test's clock, no jitter and the secrets above."""

    def opened(declared, name="crm"):
        credential = Credential(name, declared.authentication, SECRETS.__getitem__, client, clock, lambda: 1.0)
        asker = Asker(
            name, client, credential, clock, lambda: 1.0, declared.patience, declared.rate, declared.final_words
        )
        return PullReader(name, declared, asker)

    return opened


def at(url, declared):
    """A shipped declaration, sent to a server of the test's own."""
    moved = httpx2.URL(url).join(httpx2.URL(declared.url).path)
    token_url = declared.authentication.token_url and str(
        httpx2.URL(url).join(httpx2.URL(declared.authentication.token_url).path)
    )
    return replace(declared, url=str(moved), authentication=replace(declared.authentication, token_url=token_url))


def ids(portions):
    return [row.origin.rsplit("/", 1)[1] for portion in portions for row in portion.rows]


def day(number):
    return f"2023-01-{number:02d}T00:00:00.000Z"


def test_hubspot_contacts_are_read_by_change_page_after_page_within_four_calls_a_second(clock, reading):
    fake = HubSpot(clock)
    for number in range(1, 29):
        fake.change(*range(number * 100, number * 100 + 50), at=day(number))

    with served(fake.answer) as url:
        reader = reading(at(url, DECLARED["hubspot_contacts"].pull))
        portions = list(reader.portions(None))

    assert ids(portions) == [str(n) for number in range(1, 29) for n in range(number * 100, number * 100 + 50)]
    assert portions[-1].position == {"since": day(28)}
    assert fake.refused == []
    assert len(fake.book) == 14
    assert json.loads(portions[0].rows[0].raw)["properties"]["email"] == "p100@shop.example"


def test_beyond_the_rows_that_one_search_lets_through_it_is_asked_anew_from_the_cursor(clock, reading):
    fake = HubSpot(clock, window=300)
    for number in range(1, 29):
        fake.change(*range(number * 100, number * 100 + 50), at=day(number))

    with served(fake.answer) as url:
        declared = at(url, DECLARED["hubspot_contacts"].pull)
        declared = replace(declared, paging=replace(declared.paging, window=300))
        portions = list(reading(declared).portions(None))

    assert sorted({*map(int, ids(portions))}) == [
        n for number in range(1, 29) for n in range(number * 100, number * 100 + 50)
    ]
    assert fake.refused == []


def test_more_rows_of_one_instant_than_a_search_lets_through_stop_with_the_mend(clock, reading):
    fake = HubSpot(clock, window=300)
    fake.change(*range(400), at=day(1))

    with served(fake.answer) as url:
        declared = at(url, DECLARED["hubspot_contacts"].pull)
        declared = replace(declared, paging=replace(declared.paging, window=300))
        with pytest.raises(InputError, match=r"more than 300 records changed at 2023-01-01(.|\n)*landing folder"):
            list(reading(declared).portions(None))


def test_the_next_run_asks_for_what_changed_since_and_five_minutes_before(clock, reading):
    fake = HubSpot(clock)
    fake.change(1, at="2023-01-01T00:00:00.000Z")
    fake.change(2, at="2023-01-01T10:00:00.000Z")

    with served(fake.answer) as url:
        reader = reading(at(url, DECLARED["hubspot_contacts"].pull))
        assert ids(reader.portions({"since": "2023-01-01T10:04:00.000Z"})) == ["2"]
        assert ids(reader.portions({"since": "2023-01-01T10:06:00.000Z"})) == []


def test_salesforce_accounts_follow_the_locators_through_the_ends_of_sessions(clock, reading):
    fake = Salesforce()
    for number in range(1, 20):
        fake.change(number, at=f"2023-01-{number:02d}T00:00:00.000+0000")

    with served(fake.answer) as url:
        reader = reading(at(url, DECLARED["salesforce_accounts"].pull))
        portions = list(reader.portions(None))

    assert ids(portions) == [f"001{number:015d}" for number in range(1, 20)]
    assert portions[-1].position == {"since": day(19)}
    assert len(fake.tokens) == 4
    assert reader.counts["new_tokens"] == 4


def test_a_wrong_client_secret_names_the_source_and_never_the_secret(clock, reading):
    fake = Salesforce(client_secret="another")

    with served(fake.answer) as url, pytest.raises(InputError) as caught:
        list(reading(at(url, DECLARED["salesforce_accounts"].pull)).portions(None))

    assert "source crm: the token endpoint answered 400" in str(caught.value)
    assert "/services/oauth2/token" in str(caught.value)
    assert "consumer" not in str(caught.value)


PAGINGS = {
    "page": Paging(by="page", parameter="page", size=2),
    "offset": Paging(by="offset", parameter="skip", size=2),
    "cursor": Paging(by="cursor", parameter="cursor", next="meta.next"),
    "next link in the answer": Paging(by="next_link", next="links.next"),
    "next link in the header": Paging(by="next_link"),
}


@pytest.mark.parametrize("paging", PAGINGS.values(), ids=PAGINGS)
@pytest.mark.parametrize("size", [0, 1, 2, 5, 6])
def test_every_kind_of_paging_reads_each_record_once(reading, paging, size):
    def answer(asked):
        records = [{"id": n} for n in range(size)]
        query = asked.query
        start = int(query.get("cursor", query.get("from", query.get("skip", 0))))
        start = 2 * (int(query["page"]) - 1) if "page" in query else start
        more = start + 2 < size
        link = f"/items?from={start + 2}&q=all"
        document = {"items": records[start : start + 2], "meta": {"next": start + 2 if more else None}}
        header = {"Link": f'<{link}>; rel="next", </items>; rel="first"'} if more else {}
        return as_json(document | {"links": {"next": link if more else None}}, **header)

    with served(answer) as url:
        declared = Pull(url=f"{url}/items", key="id", rows="items", params={"q": "all"}, paging=paging)
        assert ids(reading(declared).portions(None)) == [str(n) for n in range(size)]


def test_pages_that_go_in_circles_or_to_another_host_are_refused(reading):
    for link, words in {"/items": "go in circles", "https://elsewhere.example/items": "another host"}.items():
        with served(lambda _, link=link: as_json({"items": [{"id": 1}], "next": link})) as url:
            declared = Pull(url=f"{url}/items", key="id", rows="items", paging=Paging(by="next_link", next="next"))
            with pytest.raises(InputError, match=words):
                list(reading(declared).portions(None))


AUTHENTICATIONS = {
    "bearer": (Authentication(by="bearer", token="secret://api/token"), ("Authorization", "Bearer s3cret")),
    "basic": (
        Authentication(by="basic", user="secret://api/user", password="secret://api/token"),
        ("Authorization", "Basic cmVhZGVyOnMzY3JldA=="),
    ),
    "header": (Authentication(by="header", header="X-Api-Key", token="secret://api/token"), ("X-Api-Key", "s3cret")),
}


@pytest.mark.parametrize(("authentication", "header"), AUTHENTICATIONS.values(), ids=AUTHENTICATIONS)
def test_each_kind_of_authentication_sends_its_header(reading, authentication, header):
    name, value = header

    with served(lambda asked: as_json([{"id": 1}] if asked.headers.get(name) == value else {}, 200)) as url:
        declared = Pull(url=url, key="id", authentication=authentication)
        assert ids(reading(declared).portions(None)) == ["1"]


def test_a_refresh_token_that_rotates_is_used_once_and_an_access_token_not_past_its_end(clock, reading):
    granted = []

    def answer(asked):
        if asked.path == "/token":
            form = parse_qs(asked.body.decode())
            assert form["refresh_token"] == [f"refresh-{len(granted)}"]
            granted.append(f"access-{len(granted)}")
            return as_json(
                {"access_token": granted[-1], "expires_in": 3600, "refresh_token": f"refresh-{len(granted)}"}
            )
        assert asked.headers["Authorization"] == f"Bearer {granted[-1]}"
        clock.now += 2_000
        page = int(asked.query["page"])
        return as_json([{"id": page}] if page < 5 else [])

    with served(answer) as url:
        authentication = Authentication(
            by="oauth2_refresh_token",
            token_url=f"{url}/token",
            client_id="secret://api/user",
            client_secret="secret://api/token",
            refresh_token="secret://api/refresh",
        )
        declared = Pull(
            url=url, key="id", authentication=authentication, paging=Paging(by="page", parameter="page", size=1)
        )
        assert ids(reading(declared).portions(None)) == ["1", "2", "3", "4"]

    assert granted == ["access-0", "access-1", "access-2"]


@pytest.mark.parametrize("date", ["Tue, 14 Nov 2023 22:14:00 GMT", "Tue Nov 14 22:14:00 2023"])
def test_waits_follow_the_server_where_it_says_for_how_long_and_double_where_it_does_not(clock, reading, date):
    answers = [
        as_json({}, 429, Retry_After="7"),
        as_json({}, 503, Retry_After=date),  # the clock starts at 22:13:20
        as_json({}, 429),
        as_json({}, 502),
        None,
        as_json([{"id": 1}]),
    ]

    with served(lambda _: answers.pop(0)) as url:
        assert ids(reading(Pull(url=url, key="id")).portions(None)) == ["1"]

    assert clock.slept == [7, 33, 10 + 4, 8, 16]


def test_a_quota_that_will_not_come_back_stops_at_once(clock, reading):
    fake = HubSpot(clock)
    fake.faults = [as_json({"policyName": "DAILY", "errorType": "RATE_LIMIT"}, 429)]

    with served(fake.answer) as url, pytest.raises(InputError, match=r"answered 429 DAILY(.|\n)*run again tomorrow"):
        list(reading(at(url, DECLARED["hubspot_contacts"].pull)).portions(None))

    assert clock.slept == []


def test_a_longer_wait_than_the_longest_ends_the_run(reading):
    with (
        served(lambda _: as_json({}, 429, Retry_After="86400")) as url,
        pytest.raises(InputError, match="asks to wait 86400 s"),
    ):
        list(reading(Pull(url=url, key="id")).portions(None))


FAILURES = {
    "server errors": (as_json({}, 500), "answered 500, 6 times in a row(.|\n)*run again later"),
    "html": (
        (200, {"Content-Type": "text/html"}, b"<html>Log in</html>"),
        r"what is no JSON \(text/html\)(.|\n)*login",
    ),
    "not a number": (as_json(float("nan")), "what is no JSON"),
    "nested too deep": ((200, {}, b"[" * 200_000), "what is no JSON"),
    "another shape": (as_json({"data": []}), r"has no list at 'items' \(the answer has: data\)"),
    "no object": (as_json({"items": [1]}), "has no object at items.0"),
    "no id": (as_json({"items": [{"name": "x"}]}), "record 0 of a page has no id at id"),
    "not allowed": (as_json({"error": "insufficient_scope"}, 403), "answered 403 insufficient_scope(.|\n)*scopes"),
    "gone": (as_json({}, 404), "answered 404(.|\n)*versions of interfaces end"),
    "redirect": (
        (302, {"Location": "https://elsewhere.example/"}, b""),
        "answered 302(.|\n)*never sent after a redirect",
    ),
}


@pytest.mark.parametrize(("answer", "message"), FAILURES.values(), ids=FAILURES)
def test_a_failure_names_source_path_and_mend_and_no_secret(reading, answer, message):
    with served(lambda _: answer) as url:
        authentication = Authentication(by="bearer", token="secret://api/token")
        declared = Pull(
            url=f"{url}/v1/items", key="id", rows="items", params={"apikey": "k3y"}, authentication=authentication
        )
        with pytest.raises(InputError, match=message) as caught:
            list(reading(declared).portions(None))

    told = str(caught.value)
    assert "source crm" in told
    assert "at: /v1/items\n" in told
    assert "s3cret" not in told
    assert "k3y" not in told


def test_what_was_read_before_a_failure_is_handed_over_with_its_cursor(clock, reading):
    fake = HubSpot(clock)
    fake.change(*range(150), at=day(1))
    portions = []

    def failing(asked):
        return fake.answer(asked) if len(fake.book) < 1 else as_json({"results": "no list"})

    with served(failing) as url, pytest.raises(InputError):
        portions.extend(reading(at(url, DECLARED["hubspot_contacts"].pull)).portions(None))

    assert len(ids(portions)) == 100
    assert portions[-1].position == {"since": day(1)}


def test_a_change_in_the_future_does_not_move_the_cursor_past_now(clock, reading):
    fake = HubSpot(clock)
    fake.change(1, at="9999-12-31T00:00:00.000Z")

    with served(fake.answer) as url:
        portions = list(reading(at(url, DECLARED["hubspot_contacts"].pull)).portions(None))

    assert ids(portions) == ["1"]
    assert portions[-1].position == {"since": "2023-11-14T22:13:20.000Z"}


def test_records_out_of_order_are_refused_where_order_is_declared_and_move_the_cursor_at_the_end_where_not(reading):
    records = [{"id": 1, "at": day(9)}, {"id": 2, "at": day(3)}]

    with served(lambda _: as_json(records)) as url:
        ordered = Pull(url=url, key="id", params={"since": "{since}"}, incremental=Incremental(changed="at"))
        with pytest.raises(InputError, match="do not come in the order of at"):
            list(reading(ordered).portions(None))

        loose = replace(ordered, incremental=Incremental(changed="at", ordered=False))
        portions = list(reading(loose).portions({"since": day(2)}))

    assert [(len(portion.rows), portion.position) for portion in portions] == [
        (2, {"since": day(2)}),
        (0, {"since": day(9)}),
    ]


def test_half_a_surrogate_pair_is_kept_escaped(reading):
    with served(lambda _: as_json([{"id": 1, "name": "\ud83d"}])) as url:
        [portion] = reading(Pull(url=url, key="id")).portions(None)

    assert json.loads(portion.rows[0].raw) == {"id": 1, "name": "\ud83d"}


@invented(st.lists(st.floats(0, 5), min_size=1, max_size=60), st.integers(1, 10), st.floats(0.5, 10))
def test_a_token_bucket_never_lets_more_through_than_the_rate_in_any_period(pauses, calls, seconds):
    clock = TestClock(0.0)
    bucket = TokenBucket(Rate(calls, seconds), clock)
    taken = []
    for pause in pauses:
        clock.now += pause
        bucket.take()
        taken.append(clock.now)

    assert all(sum(start <= other < start + seconds * 0.999 for other in taken) <= calls for start in taken)


@invented(st.datetimes().map(lambda moment: moment.replace(microsecond=moment.microsecond // 1000 * 1000)))
def test_an_instant_reads_as_it_was_written(moment):
    whole = instant(moment.isoformat() + "Z")

    assert instant(written(whole, "iso")) == whole


WRONG = {
    "clear text": ({"url": "http://api.example", "key": "id"}, "must be https"),
    "credentials in the url": ({"url": "https://a:b@api.example", "key": "id"}, "holds credentials"),
    "a secret itself": (
        {"url": "https://api.example", "key": "id", "authentication": {"by": "bearer", "token": "abc"}},
        "never the secret itself",
    ),
    "a cursor that goes nowhere": (
        {"url": "https://api.example", "key": "id", "incremental": {"changed": "at"}},
        "must say {since}",
    ),
    "pages without size": (
        {"url": "https://api.example", "key": "id", "paging": {"by": "page", "parameter": "p"}},
        "needs size",
    ),
}


@pytest.mark.parametrize(("pull", "message"), WRONG.values(), ids=WRONG)
def test_a_declaration_that_cannot_be_meant_is_refused(pull, message):
    with pytest.raises(ConfigError, match=message):
        validate(Source, {"kind": "records", "holds": "people", "pull": pull}, place="conf")


def test_backoff_doubles_up_to_its_cap_and_jitter_spreads_it_from_nothing():
    patience = Patience(base_seconds=1, cap_seconds=10)

    assert [patience.backoff(attempt, lambda: 1.0) for attempt in range(1, 7)] == [1, 2, 4, 8, 10, 10]
    assert patience.backoff(5, lambda: 0.0) == 0
