"""Which of several claims about an attribute holds, since when, and what was known of that when.

Plain functions of a set of claims: their order, their repetition, and the portions they came in make no difference.
Instants are microseconds since 1970.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from operator import attrgetter
from typing import NamedTuple

from lettermill.profiles.policy import Rule

DAY = 24 * 3600 * 1_000_000
UNDISPUTED = "undisputed"


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
    return _decisions(_verdicts(sorted({*claims}), rule, trust, since=None))


def known_history(claims: Iterable[Claim], *, rule: Rule, trust: Mapping[str, float]) -> list[Known]:
    """What holds when, as could be known at each moment; what is still known so is what `history` gives."""
    standing: dict[Decision, int] = {}
    closed: list[Known] = []
    heard: list[Claim] = []
    verdicts: list[_Verdict] = []
    for moment, news in groupby(sorted({*claims}, key=attrgetter("known")), key=attrgetter("known")):
        new = list(news)
        heard = sorted([*heard, *new])
        earliest = min(claim.at for claim in new)
        kept = [verdict for verdict in verdicts if verdict.at < earliest]
        verdicts = [*kept, *_verdicts(heard, rule, trust, since=earliest)]
        holding = _decisions(verdicts)
        gone = standing.keys() - {*holding}
        closed += [Known(decision, standing.pop(decision), moment) for decision in gone]
        standing |= {decision: moment for decision in holding if decision not in standing}
    return sorted([*closed, *(Known(decision, since, None) for decision, since in standing.items())], key=_by_time)


def _by_time(row: Known) -> tuple[int, int]:
    return row.decision.valid_from, row.known_from


def _verdicts(claims: list[Claim], rule: Rule, trust: Mapping[str, float], *, since: int | None) -> Iterator[_Verdict]:
    """Who wins at each instant, from `since` on, at which another might; `claims` in order."""
    within = None if rule.within_days is None else rule.within_days * DAY
    instants = {claim.at for claim in claims} | ({claim.at + within for claim in claims} if within else set())
    standing: dict[str, Claim] = {}
    coming = iter(claims)
    following = next(coming, None)
    for instant in sorted(instants):
        while following is not None and following.at <= instant:
            standing[following.record] = following
            following = next(coming, None)
        if since is None or instant >= since:
            winner, decided_by = _winner(list(standing.values()), rule, trust, at=instant)
            yield _Verdict(instant, winner, decided_by, _losers(standing.values(), winner))


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


def _decisions(verdicts: Iterable[_Verdict]) -> list[Decision]:
    """Join verdicts that follow each other for the same value of the same source."""
    found: list[Decision] = []
    for (value, source), run in groupby(verdicts, key=lambda verdict: (verdict.winner.value, verdict.winner.source)):
        first, *rest = run
        losers: dict[tuple[str, str], int] = {}
        for verdict in (first, *rest):
            for lost in verdict.losers:
                losers[lost[:2]] = min(lost.since, losers.get(lost[:2], lost.since))
        disputed = next((verdict.rule for verdict in (first, *rest) if verdict.losers), UNDISPUTED)
        ordered = tuple(sorted(Loser(*pair, since) for pair, since in losers.items()))
        if found:
            found[-1] = found[-1]._replace(valid_to=first.at)
        found.append(Decision(first.at, None, value, source, first.winner.evidence, disputed, ordered))
    return found
