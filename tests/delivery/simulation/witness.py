"""What a task really did at each of its calls, seen from outside: the marks are held against it."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lettermill.delivery.provider import Answer, Call, Connection, Outcome, Parcel, Status
from tests.delivery.simulation.stage import Actor, Stage


@dataclass
class Made:
    """A call: who made it, the step at which its mark was there, and how far it came."""

    actor: Actor
    messages: Sequence[str]
    marked_at: int
    is_sent: bool = False
    outcomes: Mapping[str, Status] | None = None
    """As the task wrote them; null while it has not."""

    def outcome(self, message_id: str) -> Status:
        return Status.UNKNOWN if self.outcomes is None else self.outcomes[message_id]


class Witness:
    """Told of every mark at the moment at which it is there."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.of_message: defaultdict[str, list[Made]] = defaultdict(list)
        self.made: list[Made] = []
        self.newest: dict[str, Made] = {}

    def written(self, key: str, content: Mapping[str, Any]) -> None:
        if key.endswith(".started") and "messages" in content:
            made = Made(self.stage.acting, content["messages"], self.stage.steps)
            self.made.append(made)
            self.newest[made.actor.name] = made
            for one in made.messages:
                self.of_message[one].append(made)
        if key.endswith(".done"):
            made = self.newest[self.stage.acting.name]
            pairs = zip(made.messages, content["outcomes"], strict=True)
            made.outcomes = {one: Status(outcome[0]) for one, outcome in pairs}

    def sent(self) -> None:
        self.newest[self.stage.acting.name].is_sent = True

    def require_gone(self, unknown: Sequence[str]) -> None:
        """Nobody calls a message unknown whose call is under way, in the hands of somebody who is well."""
        calls = [self.of_message[one][-1] for one in unknown]
        well = [call for call in calls if call.outcomes is None and call.actor.is_well]
        assert not well, "settled under its holder's hands"

    def ambiguous(self) -> set[str]:
        """The messages whose last call was cut off, or was never answered as far as anybody wrote."""
        return {one for one, calls in self.of_message.items() if calls[-1].outcome(one) == Status.UNKNOWN}


@dataclass
class TaskConnection:
    """The way to the provider, under the eyes of the witness."""

    connection: Connection
    witness: Witness

    def send(self, parcels: Sequence[Parcel], *, call: Call) -> Answer:
        self.witness.sent()
        return self.connection.send(parcels, call=call)

    def renew(self) -> None:
        self.connection.renew()

    def lookup(self, message_ids: Sequence[str], *, call: Call) -> Sequence[Outcome]:
        return self.connection.lookup(message_ids, call=call)

    def close(self) -> None: ...
