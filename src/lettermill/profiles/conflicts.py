"""Which of several claims about an attribute holds, since when, and what was known of that when.

Plain functions of a set of claims: their order, their repetition, and the portions they came in make no difference.
Instants are microseconds since 1970.
"""

from bisect import bisect_left, insort
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby, zip_longest
from operator import attrgetter
from typing import NamedTuple

from lettermill.profiles.policy import Rule

DAY = 24 * 3600 * 1_000_000
UNDISPUTED = "undisputed"
TOLD = 50
"""Losers that a decision names at most, those that stood first: somebody may be sending another value every second."""
_AT = attrgetter("at")


class Claim(NamedTuple):
    """A source says of a record that an attribute has a value from `at` on; we could know it from `known` on.

    `row` is the latest source row (origin, position) that says so, and decides between claims of one instant;
    `evidence` is the first.
    """

    at: int
    source: str
    row: tuple[str, int]
    value: str
    record: str
    known: int
    evidence: str


class Loser(NamedTuple):
    """Another value that stood while the winner held, since when, by which source."""

    value: str
    source: str
    since: int


class Decision(NamedTuple):
    """The value that holds from `valid_from` until `valid_to` (None: still), and why."""

    valid_from: int
    valid_to: int | None
    value: str
    source: str
    evidence: str
    rule: str
    losers: tuple[Loser, ...]


class Known(NamedTuple):
    """A decision, and from when until when (None: still) it was what could be known."""

    decision: Decision
    known_from: int
    known_to: int | None


class _Verdict(NamedTuple):
    at: int
    winner: Claim
    rule: str
    losers: tuple[Loser, ...]


def history(claims: Iterable[Claim], *, rule: Rule, trust: Mapping[str, float]) -> list[Decision]:
    """What holds when, by all that is claimed."""
    account = _Account(rule, trust)
    account.hear({*claims})
    return account.decisions


def known_history(claims: Iterable[Claim], *, rule: Rule, trust: Mapping[str, float]) -> list[Known]:
    """What holds when, as could be known at each moment; what is still known so is what `history` gives."""
    account, closed = _Account(rule, trust), list[Known]()
    since: dict[Decision, int] = {}
    for moment, news in groupby(sorted({*claims}, key=attrgetter("known")), key=attrgetter("known")):
        gone, instead = account.hear(news)
        closed += [Known(decision, since.pop(decision), moment) for decision in gone - instead]
        since |= dict.fromkeys(instead - gone, moment)
    return sorted([*closed, *(Known(decision, known, None) for decision, known in since.items())], key=_by_time)


def _by_time(row: Known) -> tuple[int, int]:
    return row.decision.valid_from, row.known_from


class _Account:
    """Claims as they are heard, and what holds by them.

    What holds before the earliest of new claims stays as it was, so that claims that come one after another, as those
    of a browser that says the same at every visit, take no longer the more there are.
    """

    def __init__(self, rule: Rule, trust: Mapping[str, float]) -> None:
        self.decisions: list[Decision] = []
        self._runs: list[_Run] = []
        self._claims: list[Claim] = []
        self._by_record: dict[str, list[Claim]] = {}
        self._rule, self._trust = rule, trust
        self._within = None if rule.within_days is None else rule.within_days * DAY

    def hear(self, news: Iterable[Claim]) -> tuple[set[Decision], set[Decision]]:
        """Take claims in that are new; the decisions that they do away with, and those that hold instead."""
        new = list(news)
        for claim in new:
            insort(self._claims, claim)
            insort(self._by_record.setdefault(claim.record, []), claim)
        earliest = min(map(_AT, new), default=0)
        gone = self._withdraw(earliest)
        stays = len(self.decisions)
        for verdict in self._verdicts(earliest):
            if not (self._runs and self._runs[-1].takes(verdict)):
                self._runs.append(_Run([verdict]))
        ends = (*(run.begin for run in self._runs[stays + 1 :]), None)
        self.decisions += [run.decision(until=end) for run, end in zip(self._runs[stays:], ends, strict=True)]
        return gone, {*self.decisions[stays:]}

    def _withdraw(self, earliest: int) -> set[Decision]:
        """Forget what holds from `earliest` on, and what holds until then, since it may go on: those decisions."""
        while self._runs and self._runs[-1].begin >= earliest:
            self._runs.pop()
        stays = max(0, len(self._runs) - 1)
        if self._runs:
            self._runs[-1] = self._runs[-1].until(earliest)
        gone, self.decisions = {*self.decisions[stays:]}, self.decisions[:stays]
        return gone

    def _verdicts(self, since: int) -> Iterator[_Verdict]:
        """Who wins at each instant, from `since` on, at which another might."""
        before = ((own, bisect_left(own, since, key=_AT)) for own in self._by_record.values())
        standing = {own[place - 1].record: own[place - 1] for own, place in before if place}
        coming = deque(self._claims[bisect_left(self._claims, since, key=_AT) :])
        for instant in sorted({*map(_AT, coming), *self._outdated(since)}):
            while coming and coming[0].at <= instant:
                claim = coming.popleft()
                standing[claim.record] = claim
            winner, decided_by = _winner(list(standing.values()), self._rule, self._trust, at=instant)
            yield _Verdict(instant, winner, decided_by, _losers(standing.values(), winner))

    def _outdated(self, since: int) -> Iterator[int]:
        """When claims that still stand become too old for the rule, from `since` on."""
        if self._within is None:
            return
        for own in self._by_record.values():
            last = max(0, bisect_left(own, since, key=_AT) - 1)
            for claim, following in zip_longest(own[last:], own[last + 1 :]):
                instant = claim.at + self._within
                if instant >= since and (following is None or following.at > instant):
                    yield instant


@dataclass
class _Run:
    """Verdicts that follow each other for the same value of the same source; but for the first, those alone in which
    another value has lost than before."""

    verdicts: list[_Verdict]

    @property
    def begin(self) -> int:
        return self.verdicts[0].at

    def until(self, instant: int) -> "_Run":
        """What of it lies before an instant that is later than its beginning."""
        return _Run([verdict for verdict in self.verdicts if verdict.at < instant])

    def takes(self, verdict: _Verdict) -> bool:
        """Take a later verdict in, if it belongs here; tell whether it does."""
        winner = self.verdicts[0].winner
        if (winner.value, winner.source) != (verdict.winner.value, verdict.winner.source):
            return False
        lost = self._lost()
        if len(lost) < TOLD and not lost.keys() >= {one[:2] for one in verdict.losers}:
            self.verdicts.append(verdict)
        return True

    def decision(self, *, until: int | None) -> Decision:
        lost = [Loser(*pair, since) for pair, since in self._lost().items()]
        told = sorted(sorted(lost, key=lambda one: (one.since, one))[:TOLD])
        rule = next((verdict.rule for verdict in self.verdicts if verdict.losers), UNDISPUTED)
        winner = self.verdicts[0].winner
        return Decision(self.begin, until, winner.value, winner.source, winner.evidence, rule, tuple(told))

    def _lost(self) -> dict[tuple[str, str], int]:
        """Value and source of each loser, and since when it stood."""
        losers = [one for verdict in self.verdicts for one in verdict.losers]
        return {one[:2]: one.since for one in sorted(losers, key=attrgetter("since"), reverse=True)}


def _winner(claims: list[Claim], rule: Rule, trust: Mapping[str, float], *, at: int) -> tuple[Claim, str]:
    """The claim that holds at an instant, and the rule that decided. A claim's own order is that of writing."""
    if rule.rule == "source_priority":
        places = {source: -place for place, source in enumerate(rule.order)}
        return max(claims, key=lambda claim: (places.get(claim.source, -len(places)), claim)), rule.rule
    if rule.rule == "most_frequent":
        votes = Counter(claim.value for claim in claims)
        return max(claims, key=lambda claim: (votes[claim.value], claim)), rule.rule
    if rule.rule == "most_trusted":
        assert rule.within_days is not None  # the rule's own check
        young = [claim for claim in claims if at - claim.at < rule.within_days * DAY]
        if young:
            return max(young, key=lambda claim: (trust.get(claim.source, 0.0), claim)), rule.rule
    return max(claims), "last_write"


def _losers(claims: Iterable[Claim], winner: Claim) -> tuple[Loser, ...]:
    return tuple(Loser(claim.value, claim.source, claim.at) for claim in claims if claim.value != winner.value)
