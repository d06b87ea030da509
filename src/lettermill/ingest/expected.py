"""What a source is expected to bring, and when: what its audit is held against."""

from dataclasses import dataclass
from datetime import timedelta

from lettermill.durations import duration


@dataclass(frozen=True)
class Expected:
    """Within the time `within` (36 hours) something arrives, and it is from `rows[0]` to `rows[1]` rows."""

    within: str
    rows: tuple[int, int] | None = None

    def __post_init__(self) -> None:
        if not duration(self.within, of="within"):
            raise ValueError("within must be longer than nothing")
        if self.rows is not None and not 0 <= self.rows[0] <= self.rows[1]:
            raise ValueError(f"rows must be the fewest and the most, as [100, 5000], is {list(self.rows)}")

    @property
    def span(self) -> timedelta:
        return duration(self.within, of="within")
