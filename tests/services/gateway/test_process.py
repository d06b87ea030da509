"""The gateway as a process: killed at any moment it loses nothing it acknowledged; asked to stop it brings all home."""

import socket
import threading
from contextlib import ExitStack
from urllib.parse import urlsplit

import httpx2
import pytest

from tests.services.gateway.running import site


def post_until_it_dies(url, key, acknowledged, *, name):
    with httpx2.Client(base_url=url, auth=(key, ""), timeout=10) as client:
        for number in range(100_000):
            batch = [{"type": "track", "messageId": f"{name}-{number}-{part}"} for part in range(3)]
            try:
                answer = client.post("/v1/batch", json={"batch": batch})
            except httpx2.HTTPError:
                return
            assert answer.status_code == 200
            acknowledged.extend(event["messageId"] for event in batch)


def run_and_kill(place, *, name, after):
    """Send from four clients, kill -9 when `after` events are acknowledged; returns what was acknowledged."""
    acknowledged = []
    with place.gateway() as process:
        senders = [
            threading.Thread(
                target=post_until_it_dies,
                args=(process.url, place.write_key, acknowledged),
                kwargs={"name": f"{name}{n}"},
            )
            for n in range(4)
        ]
        for sender in senders:
            sender.start()
        while len(acknowledged) < after and any(sender.is_alive() for sender in senders):
            senders[0].join(0.01)
        process.kill()
        for sender in senders:
            sender.join()
    return acknowledged


def test_every_acknowledged_event_is_found_after_a_kill_and_a_restart(tmp_path):
    place = site(tmp_path)

    acknowledged = run_and_kill(place, name="a", after=300)
    unlanded = place.landed()
    with place.gateway() as process:
        home = {event["messageId"] for event in place.landed()}
        answer = httpx2.post(f"{process.url}/v1/track", json={"messageId": "last"}, auth=(place.write_key, ""))

    assert unlanded == []
    assert answer.json() == {"success": True}
    assert len(acknowledged) >= 300
    assert {*acknowledged} <= home
    assert {event["messageId"] for event in place.landed()} == home | {"last"}
    assert [*(tmp_path / "spool").rglob("*.jsonl")] == []


def test_the_log_tells_of_requests_without_addresses_or_keys(tmp_path):
    place = site(tmp_path)
    with place.gateway() as process, httpx2.Client(base_url=process.url) as client:
        client.post(
            "/v1/track",
            json={"userId": "ada@example.com"},
            auth=(place.write_key, ""),
            headers={"X-Request-Id": "mine-12345"},
        )
        client.post("/v1/track", content=b'{"userId": ada@example.com', auth=(place.write_key, ""))
        client.get("/nobody@example.com?key=" + place.write_key)

    log = process.log.read_text()
    assert '"request_id":"mine-12345","method":"POST","route":"/v1/track","status":200' in log
    assert '"route":"none","status":404' in log
    requests = "".join(line for line in log.splitlines() if "request_id" in line)
    assert [secret for secret in (place.write_key, "example.com", "ada", "127.0.0.1") if secret in requests] == []


def test_slow_senders_of_large_bodies_keep_only_each_other_waiting(tmp_path):
    place = site(tmp_path, limits={"bodies": 2})
    head = f"POST /v1/batch HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {place.write_key}\r\nContent-Length: 400000\r\n\r\n"
    with place.gateway() as process, ExitStack() as held:
        address = urlsplit(process.url)
        for _ in range(20):
            connection = held.enter_context(socket.create_connection((address.hostname, address.port)))
            connection.sendall(head.encode() + b"[" * 100_000)
        answer = httpx2.post(
            f"{process.url}/v1/track", json={"messageId": "small"}, auth=(place.write_key, ""), timeout=10
        )

    assert answer.status_code == 200


@pytest.mark.acceptance
def test_twenty_kills_lose_nothing(tmp_path):
    place = site(tmp_path, files={"spool": str(tmp_path / "spool"), "max_seconds": 0.5, "max_bytes": 20_000})
    acknowledged = [one for kill in range(20) for one in run_and_kill(place, name=f"k{kill}-", after=37 * (kill + 1))]
    with place.gateway():
        pass

    assert {*acknowledged} <= {event["messageId"] for event in place.landed()}
