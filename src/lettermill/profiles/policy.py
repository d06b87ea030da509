"""What a company decides about its profiles: what counts as evidence of identity, and which source is believed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["customer_id", "email", "phone", "anonymous_id", "device"]
RuleName = Literal["last_write", "source_priority", "most_trusted", "most_frequent"]


@dataclass(frozen=True)
class Probable:
    """Pairs of records that are alike: suggested from `suggest_above` on, used as evidence only where `use` is true
    and the probability reaches `use_above`."""

    suggest_above: float = 0.9
    use: bool = False
    use_above: float = 0.99

    def __post_init__(self) -> None:
        for name in ("suggest_above", "use_above"):
            if not 0 < getattr(self, name) <= 1:
                raise ValueError(f"{name} must be a probability above 0, up to 1, is {getattr(self, name)}")


@dataclass(frozen=True)
class IdentityPolicy:
    """When an identifier proves nothing.

    `shared_by_at_most`: kind -> distinct customers that may share one identifier (a customer is a customer id, or a
    record without one; for a customer id its records are counted); a kind that is not named has no limit.
    `component_at_most`: identifiers that one person may have. `phone_region`: ISO 3166-1 alpha-2.
    """

    shared_by_at_most: Mapping[Kind, int] = field(
        default_factory=lambda: {"customer_id": 50, "email": 5, "phone": 5, "anonymous_id": 1, "device": 1}
    )
    component_at_most: int = 1000
    phone_region: str = "US"
    probable: Probable = field(default_factory=Probable)

    def __post_init__(self) -> None:
        for name, limit in (*self.shared_by_at_most.items(), ("component_at_most", self.component_at_most)):
            if limit < 1:
                raise ValueError(f"{name} must be 1 or more, is {limit}")
        if len(self.phone_region) != 2 or not self.phone_region.isupper():
            raise ValueError(f"phone_region must be a country code such as US, is {self.phone_region!r}")


@dataclass(frozen=True)
class Rule:
    """How the value of an attribute is chosen among what records say. Of equals, the last write wins.

    - `last_write`: the last.
    - `source_priority`: the one of the source that stands first in `order`; sources that it does not name come last.
    - `most_trusted`: the one of the most trusted source among those not older than `within_days`; the last of all where
      none is so young.
    - `most_frequent`: the value that most records have.
    """

    rule: RuleName = "last_write"
    order: tuple[str, ...] = ()
    within_days: int | None = None

    def __post_init__(self) -> None:
        if (self.rule == "source_priority") != bool(self.order):
            raise ValueError("order lists the sources, the best first, and belongs to the rule source_priority")
        if (self.rule == "most_trusted") != (self.within_days is not None):
            raise ValueError("within_days says how old a value may be, and belongs to the rule most_trusted")
        if self.within_days is not None and self.within_days < 1:
            raise ValueError(f"within_days must be 1 or more, is {self.within_days}")


@dataclass(frozen=True)
class ConflictPolicy:
    """A rule per attribute, or the default; `trust` says how far each source is believed, from 0 to 1."""

    trust: Mapping[str, float] = field(default_factory=dict)
    default: Rule = field(default_factory=Rule)
    attributes: Mapping[str, Rule] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for source, trust in self.trust.items():
            if not 0 <= trust <= 1:
                raise ValueError(f"trust.{source} must be from 0 to 1, is {trust}")

    def rule(self, attribute: str) -> Rule:
        """The rule that decides an attribute."""
        return self.attributes.get(attribute, self.default)


@dataclass(frozen=True)
class ProfilesPolicy:
    """The file profiles.yml of conf."""

    identity: IdentityPolicy = field(default_factory=IdentityPolicy)
    conflicts: ConflictPolicy = field(default_factory=ConflictPolicy)
