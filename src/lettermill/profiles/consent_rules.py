"""What counts as consent and what takes it away: rules as data, which conf fills in."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True)
class Suppression:
    """One rule: `times` events of `kind` within `within_days` days suppress a person.

    `bounce_type` narrows bounces; one that names no type is a hard one. `said_by` is `mailbox` for what nothing lifts,
    `person` for what the person can take back. `scope` is `stated` (the event's channel, topic and purpose) or
    `everything`: all mail.
    """

    kind: str
    times: int = 1
    within_days: int = 30
    bounce_type: Literal["hard", "soft"] | None = None
    said_by: Literal["person", "mailbox"] = "mailbox"
    scope: Literal["stated", "everything"] = "everything"

    def __post_init__(self) -> None:
        if self.times < 1 or self.within_days < 1:
            raise ValueError(f"times and within_days are from 1 on, are {self.times} and {self.within_days}")


@dataclass(frozen=True)
class ConsentRules:
    """`suppress` names each rule by the reason that is kept. Grants of the sources in `double_opt_in` count only once
    the person has confirmed them, within `confirm_within_days` days."""

    suppress: Mapping[str, Suppression] = field(default_factory=dict)
    double_opt_in: tuple[str, ...] = ()
    confirm_within_days: int = 30
