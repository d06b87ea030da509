"""What a Kinesis source declares in conf."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from lettermill.patience import Patience


@dataclass(frozen=True)
class Kinesis:
    """One stream. Credentials come from where AWS's own tools look (environment, profile, the machine's role).

    `start` says where the first run begins: `earliest`, `latest`, or an instant with a zone. `read_by` says who reads:
    `platform` is Spark's format `kinesis`, which Databricks has; `aws` goes through AWS's interface in the driver;
    `auto` takes the platform's where it is there. The two keep their positions apart: to change from one to the other
    is to start anew. `service_credential` is Databricks' name for its right to read the stream. A shard answers five
    calls a second; `calls_per_second` leaves some of them to others.
    """

    stream: str
    region: str
    start: str = "earliest"
    read_by: Literal["auto", "platform", "aws"] = "auto"
    endpoint_url: str = ""
    service_credential: str = ""
    records_per_call: int = 10_000
    rows_per_commit: int = 50_000
    bytes_per_commit: int = 64_000_000
    calls_per_second: float = 4.0
    patience: Patience = field(default_factory=Patience)

    def __post_init__(self) -> None:
        if self.start in ("earliest", "latest"):
            return
        try:
            zone = datetime.fromisoformat(self.start).tzinfo
        except ValueError:
            zone = None
        if zone is None:
            raise ValueError(f"start must be earliest, latest or an instant with a zone, is {self.start!r}")
