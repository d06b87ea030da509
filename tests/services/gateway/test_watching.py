"""What operators see: health, counters, ids; and keys as they are kept."""

from dataclasses import dataclass

import pytest

from lettermill.errors import ConfigError
from lettermill.services.gateway.keyring import Keyring, new_key, read_keys, revoke_key
from lettermill.services.gateway.refusals import unavailable
from tests.services.gateway.conftest import NOW

TRACK = {"event": "Viewed", "userId": "ada@example.com", "messageId": "m"}


@dataclass
class BrokenSink:
    error: Exception

    def start(self):
        pass

    async def put(self, _):
        raise self.error

    def fault(self):
        return "the disk is full"

    def close(self):
        pass


def test_health_says_whether_events_would_become_durable(caller, open_gateway):
    broken = open_gateway(sink=BrokenSink(unavailable("the disk is full")))
    paths = ("/healthz/live", "/healthz", "/healthz/ready")

    assert [caller.client.get(path).status_code for path in paths] == [200, 200, 200]
    assert [broken.client.get(path).status_code for path in paths] == [200, 503, 503]


def test_an_event_that_is_not_durable_is_not_acknowledged(open_gateway):
    caller = open_gateway(sink=BrokenSink(unavailable("the disk is full")))

    answer = caller.post("/v1/track", TRACK)

    assert (answer.status_code, answer.headers["Retry-After"], answer.json()["success"]) == (503, "5", False)


def test_a_fault_of_ours_is_an_answer_with_an_id_and_its_words_are_not_in_the_log(open_gateway, caplog):
    caller = open_gateway(sink=BrokenSink(RuntimeError("ada@example.com could not be put")))

    answer = caller.post("/v1/track", TRACK)

    assert (answer.status_code, answer.json()["cause"]) == (500, "our_fault")
    assert answer.json()["requestId"] == answer.headers["X-Request-Id"]
    assert answer.headers["X-Request-Id"] in caplog.text
    assert "RuntimeError" in caplog.text
    assert "ada@" not in caplog.text


def test_metrics_count_by_words_of_ours_alone(caller):
    caller.post("/v1/batch", {"batch": [TRACK, TRACK]})
    caller.post("/v1/track", b"{")
    caller.client.request("SPY", "/ada@example.com")
    caller.client.get("/another")

    told = caller.client.get("/metrics").text

    for line in (
        'lettermill_gateway_events_total{door="segment",source="gateway"} 2.0',
        'lettermill_gateway_refused_total{cause="not_json",route="/v1/track"} 1.0',
        'lettermill_gateway_requests_total{method="other",route="none",status="404"} 1.0',
        'lettermill_gateway_requests_total{method="GET",route="none",status="404"} 1.0',
        "lettermill_gateway_durable_seconds_count 1.0",
    ):
        assert line in told
    assert "ada" not in told


def test_a_request_id_is_the_callers_where_it_is_one_and_else_ours(caller):
    given = [caller.post("/v1/track", TRACK, headers={"X-Request-Id": id_}) for id_ in ("order-12345", 'x"\t{', "")]

    ids = [answer.headers["X-Request-Id"] for answer in given]
    assert ids[0] == "order-12345"
    assert [len(each) for each in ids[1:]] == [32, 32]


def test_wrong_paths_and_methods_are_answered_in_the_same_shape(caller):
    answers = [caller.client.get("/v1/track"), caller.client.post("/v2/track")]

    assert [(answer.status_code, answer.json()["cause"]) for answer in answers] == [(405, "method"), (404, "no_path")]


def test_keys_are_kept_as_salted_hashes_and_found_by_what_was_shown(tmp_path):
    file = tmp_path / "keys" / "keys.json"
    shown = new_key(file, name="shop", right="write", source="web", now=NOW)
    brought = new_key(file, name="old", right="write", source=None, now=NOW, secret="x" * 32)
    ring = Keyring(file)

    assert (ring.find(shown).name, ring.find(shown).source, ring.find(brought).name) == ("shop", "web", "old")
    assert [ring.find(wrong) for wrong in (shown + "x", shown[:-1], "", "lm_", "y" * 32)] == [None] * 5
    assert shown not in file.read_text()
    assert "xxxx" not in file.read_text()
    assert file.stat().st_mode & 0o077 == 0
    assert len({key.salt for key in read_keys(file)}) == 2


def test_a_revoked_key_is_refused_from_the_next_call_on(caller):
    assert caller.post("/v1/track", TRACK).status_code == 200

    revoke_key(caller.gateway.settings.keys, name="write 0")

    assert caller.post("/v1/track", TRACK).status_code == 401


@pytest.mark.parametrize("secret", ["short", "x" * 32])
def test_a_foreign_key_that_is_short_or_known_is_refused(tmp_path, secret):
    new_key(tmp_path / "keys", name="first", right="write", source=None, now=NOW, secret="x" * 32)

    with pytest.raises(ConfigError, match="too short, or known already"):
        new_key(tmp_path / "keys", name="second", right="write", source=None, now=NOW, secret=secret)


def test_names_of_keys_are_taken_once_and_a_wrong_name_is_told_the_right_ones(tmp_path):
    new_key(tmp_path / "keys", name="shop", right="write", source=None, now=NOW)

    with pytest.raises(ConfigError, match="there is a key 'shop'"):
        new_key(tmp_path / "keys", name="shop", right="read", source=None, now=NOW)
    with pytest.raises(ConfigError, match="keys here: shop"):
        revoke_key(tmp_path / "keys", name="show")


def test_a_file_that_holds_no_keys_is_named(tmp_path):
    (tmp_path / "keys").write_text("[]")

    with pytest.raises(ConfigError, match="holds no keys"):
        Keyring(tmp_path / "keys").find("x")
