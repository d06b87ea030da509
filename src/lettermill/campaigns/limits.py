"""Limits that a campaign sets its pre-flight: how old inputs may be, and what blocks a send."""

from dataclasses import dataclass
from typing import Literal

Policy = Literal["block", "warn"]
"""Hold the message back, or only tell."""


@dataclass(frozen=True)
class Preflight:
    """What blocks a send, and what holds a single message back.

    A run is blocked where a share of its messages is above one of: `max_faulty_share` (faulty), `max_stale_share` (with
    an input older than its `max_age`, even where the input only warns), `max_leftover_share` (that show template
    syntax, even where it came with the data), `max_empty_block_share` (with a block that was reached and shows nothing:
    1.0, since a block that skips itself is no fault). A message whose html is larger than `max_html_bytes` is faulty,
    and so is one in which syntax of the template is left over, unless `leftovers` only warns.
    """

    max_faulty_share: float = 0.0
    max_stale_share: float = 0.1
    max_leftover_share: float = 0.01
    max_empty_block_share: float = 1.0
    max_html_bytes: int | None = None
    leftovers: Policy = "block"

    def __post_init__(self) -> None:
        for name in ("max_faulty_share", "max_stale_share", "max_leftover_share", "max_empty_block_share"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} must be a share from 0 to 1, is {getattr(self, name)}")
        if self.max_html_bytes is not None and self.max_html_bytes < 1:
            raise ValueError(f"max_html_bytes must be 1 or more, is {self.max_html_bytes}")
