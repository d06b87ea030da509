"""What is taken for a machine among those who open and click: rules as data, which conf may change."""

from dataclasses import dataclass


@dataclass(frozen=True)
class MachineRules:
    """What is taken for a machine, beside what its provider calls one.

    `user_agents` are patterns: Apple's mail privacy names itself `Mozilla/5.0` and nothing more; Google's, Yahoo's and
    other proxies and scanners have names. A click `seconds_after_delivery` or sooner is a scanner's, before delivery
    too: it looks first and delivers then. So are clicks on `links` or more different links within `within_seconds`.
    """

    user_agents: tuple[str, ...] = (
        r"^\s*Mozilla/5\.0\s*$",
        "GoogleImageProxy|ggpht",
        "YahooMailProxy",
        "(?i)barracuda|mimecast|proofpoint|safelinks|urldefense|trendmicro",
        "(?i)python-requests|^curl/|^wget/|headlesschrome|bot[/ ;)]|crawler|spider",
    )
    seconds_after_delivery: float = 2.0
    links: int = 3
    within_seconds: float = 5.0

    def __post_init__(self) -> None:
        if self.links < 2:
            raise ValueError(f"links is from 2 on, is {self.links}: whoever clicks once is no machine for that")
        if self.seconds_after_delivery < 0 or self.within_seconds < 0:
            raise ValueError("seconds_after_delivery and within_seconds are not below 0")
