"""Handing over a batch: each call is marked before it and after it, so that nobody ever makes it again.

Between any two steps everything may stop: what the marks say is then enough to settle the batch.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple

from lettermill.delivery.account_sharing import AccountShare
from lettermill.delivery.breaker import Breaker, RetryBudget
from lettermill.delivery.journal import Journal
from lettermill.delivery.marks import done, done_key, started, started_key
from lettermill.delivery.provider import Answer, Call, Callee, Connection, Outcome, Parcel, Signal, Status, answered
from lettermill.delivery.splitting import calls_of, size_of, too_large
from lettermill.delivery.stopping import Stopping
from lettermill.delivery.tally import Ending, Tally
from lettermill.errors import DeliveryError
from lettermill.patience import Chance, Clock, Patience

FENCE_REASON = "given back to the fence"
LATE_REASON = "no time was left for it"
STOPPED_REASON = "given back: its wave was stopped before its call left"


class Batch(NamedTuple):
    """Messages of one batch of a wave: `parcels` to hand over, and what is `rejected` without any call."""

    number: int
    parcels: Sequence[Parcel]
    rejected: Sequence[Outcome] = ()


@dataclass(frozen=True)
class Terms:
    """What holds for all batches of one task, and what its threads share.

    `fence` tells whether nothing has changed since the wave was fenced; it is asked before each call. `not_after` (in
    seconds since 1970) is when nothing may leave any more. Share of the account, breaker, budget and stop are those of
    the task.
    """

    wave: str
    provider: Callee
    journal: Journal
    fence: Callable[[], bool]
    not_after: float
    clock: Clock
    chance: Chance
    patience: Patience
    account: AccountShare
    breaker: Breaker
    budget: RetryBudget
    stop: Stopping


def hand_over_batch(batch: Batch, *, lent: Callable[[], AbstractContextManager[Connection]], terms: Terms) -> Tally:
    """Call for the messages of a batch until each is answered or given up.

    A connection is `lent` for a call, from before its mark until it is answered: what comes afterwards leaves it to
    another batch. Deferred messages are offered again, as often as the patience allows; unknown ones never. Raises
    DeliveryError where the journal holds an answer that only this hand-over could have written.
    """
    return _HandOver(batch, lent, terms).run()


class _Ended(Exception):  # noqa: N818 (it says what happened)
    def __init__(self, ending: Ending) -> None:
        self.ending = ending


@dataclass
class _HandOver:
    batch: Batch
    lent: Callable[[], AbstractContextManager[Connection]]
    terms: Terms
    tally: Tally = field(default_factory=Tally)
    number: int = 0
    last: dict[str, Status] = field(default_factory=dict)
    is_renewed: bool = False
    failures: int = 0
    hold_back: float = 0.0

    def run(self) -> Tally:
        large = {parcel.message_id: too_large(parcel, self.terms.provider.limits) for parcel in self.batch.parcels}
        rejected = [*self.batch.rejected, *(outcome for outcome in large.values() if outcome)]
        try:
            if rejected:
                self._begin([one.message_id for one in rejected])
                self._answer(Answer(tuple(rejected)))
            self._call_in_rounds([parcel for parcel in self.batch.parcels if not large[parcel.message_id]])
            ending = Ending.DONE
        except _Ended as ended:
            ending = ended.ending
        self.tally.endings[ending] += 1
        self.tally.messages = len(self.batch.parcels) + len(self.batch.rejected)
        self.tally.outcomes = Counter(str(status) for status in self.last.values())
        return self.tally

    def _call_in_rounds(self, waiting: list[Parcel]) -> None:
        """Offer all, then all that were deferred, and so on."""
        limits, patience = self.terms.provider.limits, self.terms.patience
        is_retry_spent = False  # waiting as asked, or with a new credential, puts no load on anybody
        for attempt in range(1, patience.attempts + 1):
            deferred: list[Parcel] = []
            signals: set[Signal] = set()
            for parcels in calls_of(waiting, limits):
                if attempt > 1:
                    if is_retry_spent and not self.terms.budget.spend_retry():
                        continue
                    self.tally.retries += 1
                answer = self._call(parcels)
                again = [one for one in parcels if self.last[one.message_id] == Status.DEFERRED]
                if again:
                    signals.add(answer.signal)
                    deferred += again
            if not deferred:
                return
            waiting, is_retry_spent = deferred, bool(signals - {Signal.THROTTLED, Signal.EXPIRED})
            if is_retry_spent:
                self.hold_back = max(self.hold_back, patience.backoff(attempt, self.terms.chance))

    def _call(self, parcels: list[Parcel]) -> Answer:
        self._wait(parcels)
        with self.lent() as connection:
            answer = self._called(parcels, connection)
            self._leave_alone(answer)
        self._answer(answer)
        self._heed(answer, connection)
        return answer

    def _called(self, parcels: list[Parcel], connection: Connection) -> Answer:
        terms = self.terms
        try:
            self._require_open()
            self._begin([parcel.message_id for parcel in parcels])
            self._stand_by(parcels)
        except BaseException:
            terms.breaker.leave()
            raise
        terms.budget.spend_call()
        self.tally.calls += 1
        self.tally.bytes += size_of(parcels, terms.provider.limits)
        return _whole(connection.send(parcels, call=Call(terms.wave, self.batch.number, self.number)), parcels)

    def _wait(self, parcels: list[Parcel]) -> None:
        if self.hold_back:
            self.terms.clock.sleep(self.hold_back)
        waited = self.hold_back + self.terms.breaker.enter() + self.terms.account.pace.take(len(parcels))
        self.tally.waited += waited
        self.hold_back = 0.0

    def _stand_by(self, parcels: list[Parcel]) -> None:
        """Wait until a call that is marked may leave; where it may not any more, it is answered as deferred."""
        reasons = {Ending.FENCED: FENCE_REASON, Ending.LATE: LATE_REASON, Ending.STOPPED: STOPPED_REASON}
        while True:
            self.tally.waited += self.terms.account.pace.space(len(parcels))
            # Asked after the mark: what people chose before the mark was there is seen.
            ending = self._closed() if self.terms.fence() else Ending.FENCED
            if ending:
                self._answer(answered(parcels, Status.DEFERRED, reason=reasons[ending]))
                raise _Ended(ending)
            self.terms.account.look()
            if not self.terms.account.pace.is_paused:  # another may have been told to wait while the fence was asked
                return

    def _require_open(self) -> None:
        if ending := self._closed():
            raise _Ended(ending)

    def _closed(self) -> Ending | None:
        """Why no call may begin any more; null while one may."""
        if self.terms.stop.is_stopped() or self.terms.breaker.is_spent:
            return Ending.STOPPED
        return Ending.LATE if self.terms.clock.time() >= self.terms.not_after else None

    def _begin(self, messages: list[str]) -> None:
        self.number += 1
        key = started_key(self.terms.wave, self.batch.number, self.number)
        if not self.terms.journal.create(key, started(messages, at=self.terms.clock.time())):
            raise _Ended(Ending.LEFT)
        # Until there is an answer; what is thrown from here on leaves them so.
        self.last.update(dict.fromkeys(messages, Status.UNKNOWN))

    def _answer(self, answer: Answer) -> None:
        key = done_key(self.terms.wave, self.batch.number, self.number)
        content = done(answer.outcomes, signal=str(answer.signal), at=self.terms.clock.time())
        if not self.terms.journal.create(key, content):
            mend = "find out who else writes to this journal; nothing was called twice"
            raise DeliveryError("the answer of a call is there before it was written", place=key, mend=mend)
        self.last.update({one.message_id: one.status for one in answer.outcomes})

    def _heed(self, answer: Answer, connection: Connection) -> None:
        """Take to heart what an answer says of the account."""
        handlers: dict[Signal, Callable[[Answer], None]] = {
            Signal.FINE: self._go_on,
            Signal.THROTTLED: self._slow_down,
            Signal.FAILING: self._back_off,
            Signal.EXPIRED: partial(self._renew, connection=connection),
            Signal.BLOCKED: self._stop,
        }
        if answer.signal != Signal.FAILING:
            self.failures = 0
            self.terms.breaker.went_well()
        if answer.signal not in (Signal.EXPIRED, Signal.FAILING):
            self.is_renewed = False
        handlers[answer.signal](answer)

    def _leave_alone(self, answer: Answer) -> None:
        """Hold back every call to the account, as long as the provider asks: at once, since a mark takes its time."""
        wait = self._asked_wait(answer)
        if answer.signal == Signal.BLOCKED or wait > self.terms.patience.longest_seconds:
            self.terms.stop.end_task()
        else:
            self.terms.account.pause(wait)

    def _asked_wait(self, answer: Answer) -> float:
        if answer.wait is not None:
            return answer.wait
        return self.terms.patience.throttled_seconds if answer.signal == Signal.THROTTLED else 0.0

    def _go_on(self, answer: Answer) -> None:
        """Stop the wave where the provider asks for more time than the patience has; any less is waited already."""
        wait = self._asked_wait(answer)
        if wait > self.terms.patience.longest_seconds:
            self._stop(answer, said=f"the provider asks to wait for {wait:,.0f} s: {answer.said}")

    def _slow_down(self, answer: Answer) -> None:
        self.tally.throttled += 1
        self._go_on(answer)

    def _back_off(self, answer: Answer) -> None:
        self.failures += 1
        self.tally.failed += 1
        self.terms.breaker.failed()
        if self.terms.breaker.is_spent:
            self._stop(answer)
        self._go_on(answer)
        self.hold_back = self.terms.patience.backoff(self.failures, self.terms.chance)

    def _renew(self, answer: Answer, *, connection: Connection) -> None:
        self._go_on(answer)
        if self.is_renewed:
            self._stop(answer, said=f"a new credential has expired at once: {answer.said}")
        try:
            connection.renew()
        except DeliveryError as error:
            self._stop(answer, said=error.problem)
        self.is_renewed = True

    def _stop(self, answer: Answer, *, said: str | None = None) -> None:
        signal = Signal.BLOCKED if answer.signal == Signal.EXPIRED else answer.signal
        self.terms.stop.stop(signal=str(signal), said=answer.said if said is None else said)
        raise _Ended(Ending.STOPPED)


def _whole(answer: Answer, parcels: Sequence[Parcel]) -> Answer:
    """The answer, if it is one for each parcel in order; else nobody knows what became of any."""
    if [one.message_id for one in answer.outcomes] == [parcel.message_id for parcel in parcels]:
        return answer
    reason = f"{len(answer.outcomes)} answers that do not match the {len(parcels)} messages of the call"
    return answered(parcels, Status.UNKNOWN, reason=reason, signal=answer.signal, wait=answer.wait)
