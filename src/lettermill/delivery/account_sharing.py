"""One account, many senders: those who call it now divide its rates, and what one is told to wait, all wait.

accounts/<account>/<rates>/senders/<wave>/<n>   a wave is handed over, until its lease ends (lettermill.delivery.lease)
accounts/<account>/<rates>/pauses/<until>       nobody calls before that moment, in milliseconds since 1970

Calls that a provider counts apart (Braze's of mails and of attributes) have other rates, and are shared apart.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from lettermill.delivery.journal import Journal
from lettermill.delivery.lease import Holding, Lease, holding_of
from lettermill.delivery.pace import Pace
from lettermill.delivery.provider import Callee, Limits
from lettermill.patience import Clock

FORGOTTEN_SECONDS = 3_600.0
"""Whose lease ended so long ago is gone."""


@dataclass(frozen=True)
class Account:
    """What those who share a provider's rates leave each other in the journal, below `folder`."""

    journal: Journal
    folder: str

    def presence(self, wave: str, *, seconds: float, clock: Clock) -> Lease:
        """The lease by which a wave is counted among the senders."""
        return Lease(self.journal, self._sender(wave), wave, seconds, clock)

    def leave(self, wave: str) -> None:
        """Count a wave among the senders no more."""
        self.journal.remove(self._sender(wave))

    def present(self, now: float) -> set[str]:
        """The waves that are handed over at `now`; what is left of those that were killed long ago is removed."""
        senders = self.senders(self.journal.keys(self._senders))
        newest = {wave: holding_of(self.journal, key) for wave, key in senders.items()}
        for wave, holding in newest.items():
            if holding is not None and holding.until < now - FORGOTTEN_SECONDS:
                self.leave(wave)
        return {wave for wave, holding in newest.items() if is_sender(holding, now)}

    def pause(self, until: float, *, wave: str) -> None:
        """Let nobody call before this moment, unless all are told to wait for longer already."""
        earlier = self.pauses(self.journal.keys(self._pauses))
        if until > max(earlier, default=0.0):
            self.journal.create(self._pause(until), {"wave": wave})
            for one in earlier:
                self.journal.remove(self._pause(one))

    def pauses(self, keys: Sequence[str]) -> list[float]:
        """The moments before which nobody is to call, of the marks among the keys."""
        marks = (key.removeprefix(self._pauses) for key in keys if key.startswith(self._pauses))
        return [int(mark) / 1_000 for mark in marks]

    def senders(self, keys: Sequence[str]) -> dict[str, str]:
        """The newest mark of each wave that is or was handed over, of those among the keys, by wave."""
        return {key.split("/")[-2]: key for key in keys if key.startswith(self._senders)}

    @property
    def _pauses(self) -> str:
        return f"{self.folder}pauses/"

    @property
    def _senders(self) -> str:
        return f"{self.folder}senders/"

    def _pause(self, until: float) -> str:
        return f"{self._pauses}{round(until * 1_000):015d}"

    def _sender(self, wave: str) -> str:
        return f"{self._senders}{wave}"


def is_sender(newest: Holding | None, now: float) -> bool:
    """Whether a wave is handed over, by its newest mark; so it is, where that was renewed since it was listed."""
    return newest is None or newest.is_held(now)


def account_of(provider: Callee, journal: Journal) -> Account:
    """The account that a provider's calls are counted for."""
    return Account(journal, f"accounts/{provider.name}/{_rates(provider.limits)}/")


def _rates(limits: Limits) -> str:
    """`200in1+r1000in60`: calls and recipients, in how many seconds."""
    calls = [f"{rate.calls}in{rate.seconds:g}" for rate in limits.calls if rate.calls]
    recipients = [f"r{rate.calls}in{rate.seconds:g}" for rate in limits.recipients if rate.calls]
    return "+".join([*calls, *recipients]) or "unlimited"


@dataclass
class AccountShare:
    """What one task of a wave has of an account: its `pace`, the slower the more waves are handed over at once.

    It looks before each call: a provider's wish to be left alone (HTTP's Retry-After) is for whoever has its key. What
    another task begins in the moment between the wish and its mark is beyond anybody.
    """

    account: Account
    wave: str
    pace: Pace
    clock: Clock
    _read: dict[str, Holding | None] = field(init=False, default_factory=dict)

    def look(self) -> None:
        """Keep to what the marks of other tasks and other senders say."""
        keys = self.account.journal.keys(self.account.folder)
        now = self.clock.time()
        self.pace.pause(max(self.account.pauses(keys), default=now) - now)
        self.pace.divide(1 + self._others(keys, now=now))

    def pause(self, seconds: float) -> None:
        """Let nobody call for so long, as the provider asked."""
        self.pace.pause(seconds)
        if seconds > 0:
            self.account.pause(self.clock.time() + seconds, wave=self.wave)

    def _others(self, keys: Sequence[str], *, now: float) -> int:
        """How many other waves are handed over now; each mark is read once."""
        newest = [key for wave, key in self.account.senders(keys).items() if wave != self.wave]
        known = self._read
        read = {key: known[key] if key in known else holding_of(self.account.journal, key) for key in newest}
        self._read = read
        return sum(is_sender(holding, now) for holding in read.values())
