"""The roll-out: shares of a slot that leave one after another, and when it goes on, waits or stops.

Every message has a place from 0 up to 1, by a hash of its id; a step takes those below its share. Where a slot is, its
outbox tells: nothing is remembered beside it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from lettermill.delivery_rules import RollOut
from lettermill.durations import duration

DIGITS = 13
"""Digits of a hash that a place is made of: 52 bits, which a double holds exactly."""
STOPPED = "the roll-out has stopped"
LEFT = ("claimed", "handed_over", "confirmed", "rejected", "unknown")
"""States of a message that has left, or is about to."""


@dataclass(frozen=True)
class Tally:
    """What became of a slot so far.

    `left` and `waiting` count messages by step (each without those of the steps before): that have left, and that might
    leave now. `claimed` are on their way. Of all messages, `handed_over` were taken, whatever became of them later,
    `faulty` were held back when they were rendered again or refused by the provider, and events say that so many
    `bounced`, `complained` or `unsubscribed`. `last_at` is when the newest was handed over.
    """

    left: tuple[int, ...]
    waiting: tuple[int, ...]
    claimed: int = 0
    handed_over: int = 0
    faulty: int = 0
    bounced: int = 0
    complained: int = 0
    unsubscribed: int = 0
    last_at: datetime | None = None


@dataclass(frozen=True)
class Step:
    """Messages below `share` may leave: step `number`, from 0."""

    number: int
    share: float
    until: None = None

    @property
    def words(self) -> str:
        return f"the roll-out has come to {100 * self.share:.4g} % of all messages"


@dataclass(frozen=True)
class Wait:
    """No further messages may leave before `until`: those below `share` are being observed."""

    share: float
    until: datetime

    @property
    def words(self) -> str:
        return f"the roll-out observes {100 * self.share:.4g} % of all messages until {self.until:%Y-%m-%d %H:%M %Z}"


@dataclass(frozen=True)
class Stop:
    """Nothing may leave any more before somebody has looked: `why` has each threshold that was passed."""

    why: tuple[str, ...]
    share: float = 0.0
    until: None = None

    @property
    def words(self) -> str:
        return f"{STOPPED}: {'; '.join(self.why)}"


Reach = Step | Wait | Stop


def next_step(rules: RollOut, *, tally: Tally, now: datetime) -> Reach:
    """How far the roll-out reaches at a moment.

    A threshold that was passed stops it in every step. A step is done when none of its messages is on its way or might
    leave now; once it was observed, the next follows that has any. What must wait for other reasons (quiet hours) does
    not hold it up, and leaves when it may.
    """
    why = tuple(_passed(rules, tally))
    if why:
        return Stop(why)
    standing = max((number for number, left in enumerate(tally.left) if left), default=None)
    ahead = [number for number, waiting in enumerate(tally.waiting) if waiting]
    if standing is None or not ahead or tally.claimed or ahead[0] <= standing:
        number = ahead[0] if standing is None and ahead else standing or 0
        return Step(number, rules.steps[number])
    if tally.last_at is not None:
        until = tally.last_at + duration(rules.observe, of="observe")
        if now < until:
            return Wait(rules.steps[standing], until)
    return Step(ahead[0], rules.steps[ahead[0]])


def foreseen(rules: RollOut, *, reach: Reach, waiting: Sequence[int]) -> float:
    """The share of messages of which it is known when they may leave; `waiting` for the roll-out are so many by step.

    Until when a step is observed is known; when one will be out that has not begun is not.
    """
    ahead = (share for share, number in zip(rules.steps, waiting, strict=True) if number)
    return next(ahead, reach.share) if isinstance(reach, Wait) else reach.share


def unforeseen(rules: RollOut, *, reach: Reach, beyond: Sequence[int]) -> Iterator[str]:
    """What a forecast leaves out, in words: messages `beyond` what is foreseen, by step."""
    if isinstance(reach, Stop):
        if any(beyond):
            yield f"not in the forecast: {sum(beyond):,} messages, for which the roll-out has stopped"
        return
    for share, number in zip(rules.steps, beyond, strict=True):
        if number:
            step = f"{number:,} messages of the roll-out's step to {100 * share:.4g} %"
            yield f"not in the forecast: {step}, which begins {rules.observe} after the one before is out"


def _passed(rules: RollOut, tally: Tally) -> Iterator[str]:
    """Each threshold that was passed, in words with count, rate and limit."""
    tried = tally.handed_over + tally.faulty
    for name, of in (("bounced", tally.handed_over), ("complained", tally.handed_over), ("faulty", tried),
                     ("unsubscribed", tally.handed_over)):  # fmt: skip
        count, limit = getattr(tally, name), getattr(rules.stop, name)
        if of >= rules.at_least and count > limit * of:
            rate = f"{100 * count / of:.2f} %, above {100 * limit:.4g} %"
            yield f"{count:,} of {of:,} messages {_was(name)} ({rate}: delivery.roll_out.stop.{name})"


def _was(name: str) -> str:
    return "were faulty" if name == "faulty" else name


def place(message_id: Column) -> Column:
    """A message's place in the roll-out, from 0 up to 1: the same for ever, and even over any messages."""
    digits = F.substring(F.sha2(message_id, 256), 1, DIGITS)
    return F.conv(digits, 16, 10).cast("double") / F.lit(float(16**DIGITS))


def step_of(at: Column, steps: Sequence[float]) -> Column:
    """The first step that takes a message at a place, from 0."""
    step = F.lit(len(steps) - 1)
    for number in reversed(range(len(steps) - 1)):
        step = F.when(at < steps[number], number).otherwise(step)
    return step


def tally(rules: RollOut, *, outbox: DataFrame, judged: DataFrame, ledger: DataFrame, events: DataFrame) -> Tally:
    """Count a slot: its rows of delivery.outbox, of `fence.judged` and of delivery.ledger, and rows of delivery.events.

    What was handed over, and when, is read from the ledger: reports of later, bounces above all, change the outbox too.
    """
    steps, told = rules.steps, ("bounced", "complained", "unsubscribed")
    gone = outbox.where(F.col("state").isin(*LEFT)).select("message_id", "state")
    of_slot = events.where(F.col("kind").isin(*told)).join(gone.select("message_id"), on="message_id", how="left_semi")
    by_kind = of_slot.groupBy("kind").agg(F.countDistinct("message_id").alias("messages")).collect()
    is_taken = F.col("state").isin("handed_over", "unknown")
    is_refused = (F.col("state") == "rejected") & (F.col("state_before") == "claimed")
    counts = ledger.agg(
        F.count_distinct(F.when(is_taken, F.col("message_id"))).alias("handed_over"),
        F.count_distinct(F.when(is_refused, F.col("message_id"))).alias("faulty"),
        F.unix_micros(F.max(F.when(is_taken, F.col("changed_at")))).alias("last_at"),
    ).first()
    assert counts is not None  # what is counted as a whole has one row
    last_at = counts["last_at"]
    return Tally(
        left=by_step(gone.select(place(F.col("message_id")).alias("place")), steps),
        waiting=by_step(judged.where("verdict = 'leaves'"), steps),
        claimed=gone.where("state = 'claimed'").count(),
        handed_over=counts["handed_over"],
        faulty=counts["faulty"],
        **{row["kind"]: row["messages"] for row in by_kind},
        last_at=None if last_at is None else datetime.fromtimestamp(last_at / 1e6, UTC),
    )


def by_step(rows: DataFrame, steps: Sequence[float]) -> tuple[int, ...]:
    """How many of the rows, by their `place`, are of each step, without those of the steps before."""
    counted = rows.groupBy(step_of(F.col("place"), steps).alias("step")).count().collect()
    found = {row["step"]: row["count"] for row in counted}
    return tuple(found.get(number, 0) for number in range(len(steps)))
