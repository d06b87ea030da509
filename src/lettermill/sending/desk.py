"""What a send works with: a slot, the provider that takes its messages, the journal, and the moment."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from lettermill.clocks import SystemChance, SystemClock
from lettermill.delivery.journal import Journal
from lettermill.delivery.provider import Provider
from lettermill.errors import ConfigError
from lettermill.job import Run
from lettermill.patience import Chance, Clock
from lettermill.sending.journals import open_journal
from lettermill.sending.providers import mail_provider
from lettermill.sending.slot import Slot


@dataclass(frozen=True)
class Desk:
    """One sender at work on one slot. `holder` names it in the leases it takes."""

    slot: Slot
    provider: Provider
    journal: Journal
    clock: Clock = field(default_factory=SystemClock)
    chance: Chance = field(default_factory=SystemChance)
    since: float = 0.0

    @property
    def run(self) -> Run:
        return self.slot.run

    @property
    def holder(self) -> str:
        return self.run.run_id

    def moment(self) -> datetime:
        """The moment the run works for, moved on by what it has taken so far: a send may take hours."""
        return self.run.as_of + timedelta(seconds=self.clock.time() - self.since)

    def now(self) -> Run:
        """The run as of that moment, for what is asked of the tables anew."""
        return replace(self.run, as_of=self.moment())


def open_desk(slot: Slot) -> Desk:
    """A desk by the settings: the campaign's provider and the lake's journal. Raises ConfigError for what cannot be."""
    settings = slot.run.settings
    if slot.run.spark.sparkContext.getConf().get("spark.speculation", "false") == "true":
        # A second copy of a task leaves at once, and Spark would take it for the task's end.
        mend = "set spark.speculation to false for this job"
        raise ConfigError("tasks that call a provider cannot be speculated on", place="spark.speculation", mend=mend)
    clock = SystemClock()
    provider = mail_provider(slot.campaign.provider, settings=settings)
    return Desk(slot, provider, open_journal(settings), clock=clock, since=clock.time())


def last_second(desk: Desk, *, closes_at: datetime | None = None) -> float:
    """When nothing of the slot may leave any more, in seconds of the desk's clock; never, where nothing says so.

    What is being handed over may have to end before, when its people's hours close.
    """
    campaign = desk.slot.campaign
    last = campaign.delivery.last_moment(occurrence=desk.slot.occurrence, timezone=campaign.default_timezone)
    ends = [moment for moment in (last, closes_at) if moment is not None]
    return desk.clock.time() + (min(ends) - desk.moment()).total_seconds() if ends else float("inf")


def unsubscribe_address(desk: Desk) -> str:
    """The address of an unsubscription before the message's token."""
    return f"{desk.run.settings.campaigns.shop['url']}/mail/unsubscribe/"
