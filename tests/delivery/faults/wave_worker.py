"""A worker that hands one wave over, without Spark: the protocol itself, a journal of files, a provider over HTTP."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from pathlib import Path

from lettermill.clocks import SystemChance, SystemClock
from lettermill.delivery.batches import hand_over_batches
from lettermill.delivery.credentials import Credential
from lettermill.delivery.handing import Batch
from lettermill.delivery.journals.local import LocalJournal
from lettermill.delivery.lease import Lease
from lettermill.delivery.marks import wave_lease
from lettermill.delivery.provider import Limits, Message, Parcel, Provider
from lettermill.delivery.providers.braze.account import Account
from lettermill.delivery.providers.braze.mails import mail_provider
from lettermill.delivery.recovery import begin_wave
from lettermill.delivery.tasks import Line
from lettermill.patience import Patience
from lettermill.sending.leases import kept
from tests.delivery.fakes.braze import CAMPAIGN, KEY

PATIENCE = Patience(base_seconds=0.05, cap_seconds=0.5, throttled_seconds=0.2)
CONNECTIONS = 4


def provider_at(url: str) -> Provider:
    """The account of the fake at a URL."""
    limits = Limits(messages=50, bytes=4_000_000, envelope=512, connections=CONNECTIONS)
    account = Account(url, "secret://braze/key", CAMPAIGN, mails=limits)
    return mail_provider(account, name="braze", secret=lambda name: Credential(name, KEY.encode()))


def _always() -> bool:
    return True


def _parcel(message_id: str, provider: Provider) -> Parcel:
    person = message_id.rpartition("-")[2]
    address = f"{person}@shop.example"
    message = Message(message_id, person, address, "spring", "1", "en", "Spring", "", "<p>", "-", "https://", "v")
    return provider.pack(message, at=datetime(2018, 1, 1, tzinfo=UTC))


def hand_over_wave(
    folder: Path, url: str, wave: str, batches: Mapping[int, Sequence[str]], lease_seconds: float, said: Connection
) -> None:
    """The work of a process: begin the wave, take its lease and say so; told to go on, hand it over, and end."""
    journal, clock, provider = LocalJournal(folder), SystemClock(), provider_at(url)
    lease = Lease(journal, wave_lease(wave), f"worker of {wave}", lease_seconds, clock)
    begin_wave(journal, wave, batches=max(batches) + 1)
    said.send(lease.acquire())
    said.recv()
    line = Line(wave, provider, journal, _always, float("inf"), clock, SystemChance(), PATIENCE)
    packed = (Batch(number, [_parcel(one, provider) for one in ids]) for number, ids in batches.items())
    with kept(lease, every=lease.seconds / 3):
        hand_over_batches(packed, terms=line.terms(), connections=line.connections)
    lease.release()
