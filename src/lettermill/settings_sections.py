"""The sections of the settings that are no stage's own: where things are, and what the platform needs."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal

from lettermill import tables
from lettermill.delivery.journals.keys import PART
from lettermill.delivery.machine_rules import MachineRules
from lettermill.delivery.payloads import Format
from lettermill.delivery.provider import Limits
from lettermill.delivery.providers.files.account import Account
from lettermill.durations import duration
from lettermill.patience import Patience
from lettermill.tables.models import CLASSIFIERS, score_column


@dataclass(frozen=True)
class LakeSettings:
    """Where tables live: `root` for a folder, or `catalog` for a Unity Catalog."""

    checkpoints: Path
    root: Path | None = None
    catalog: str | None = None

    def __post_init__(self) -> None:
        if (self.root is None) == (self.catalog is None):
            raise ValueError("give either root (a folder) or catalog (a Unity Catalog), not both")


@dataclass(frozen=True)
class SparkSettings:
    """The local session; on a cluster the platform decides."""

    master: str = "local[2]"
    driver_memory: str = "4g"
    java_options: str = "-Xss16m -XX:+UseParallelGC"  # ALS nests deeply; few cores collect fastest all at once
    shuffle_partitions: int = 2
    jars: Path = Path(".jars")
    packages: tuple[str, ...] = ()


@dataclass(frozen=True)
class MlflowSettings:
    """The tracking server and registry; `artifacts` is used when the tracking store is a local database."""

    tracking_uri: str
    registry_uri: str
    experiment: str
    artifacts: str | None = None


@dataclass(frozen=True)
class CampaignsSettings:
    """Where campaign folders are, and the shop every mail speaks for."""

    folder: Path
    shop: Mapping[str, str]


@dataclass(frozen=True)
class FilesSettings:
    """Payload files of our own layout, in a folder."""

    folder: Path
    formats: tuple[Format, ...] = ("jsonl", "csv")
    max_rows: int = 100_000
    max_bytes: int = 50_000_000

    def account(self, folder: Path | None = None) -> Account:
        """The provider's account of it; `folder` stands in place of the usual one."""
        limits = Limits(messages=self.max_rows, bytes=self.max_bytes)
        return Account(str(folder or self.folder), formats=self.formats, limits=limits)


@dataclass(frozen=True)
class JournalAccount:
    """How the bucket of a journal is reached: `endpoint` for a store that speaks S3, and keys, references to secrets,
    unless the machine has its own."""

    endpoint: str | None = None
    region: str | None = None
    access_key: str = ""
    secret_key: str = ""

    def __post_init__(self) -> None:
        if bool(self.access_key) != bool(self.secret_key):
            raise ValueError("access_key and secret_key go together")


FEWEST_DAYS_OF_MARKS = 7
"""Longer than any task sleeps that may still wake up and call."""


@dataclass(frozen=True)
class DeliverySettings:
    """Hand-over. `test_addresses` are all that test mode may mail: addresses, or `@domain` for a whole domain.

    `providers` are accounts by name, each of a `kind` (its name, where it says none) and with what that kind needs:
    docs/delivery.md. `journal` is a folder or `s3://bucket/prefix` (reached by `journal_account`), outside the lake and
    not restored with it. A wave has at most `wave_messages`, fewer where people's choices keep cutting it off; who
    holds one is given `lease_seconds` at a time. Marks of settled waves are kept for `keep_marks_days` after nothing of
    them could leave any more, 7 at least: a task that slept, in a machine that was paused, has to find them. `patience`
    is for each batch. `machines` says which opens and clicks are taken for no person's. A dry run supposes
    `call_seconds` for a call.
    """

    test_addresses: tuple[str, ...] = ()
    providers: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    journal: str = "var/journal"
    journal_account: JournalAccount = field(default_factory=JournalAccount)
    wave_messages: int = 500_000
    lease_seconds: float = 120.0
    keep_marks_days: float = 30.0
    patience: Patience = field(default_factory=Patience)
    tasks: int = 2
    call_seconds: float = 0.25
    machines: MachineRules = field(default_factory=MachineRules)

    def __post_init__(self) -> None:
        for name in ("call_seconds", "wave_messages", "lease_seconds", "tasks"):
            if getattr(self, name) <= 0:
                raise ValueError(f"{name} must be above 0, is {getattr(self, name)}")
        if not self.keep_marks_days >= FEWEST_DAYS_OF_MARKS:
            raise ValueError(f"keep_marks_days must be at least {FEWEST_DAYS_OF_MARKS}, is {self.keep_marks_days}")
        for name in self.providers:
            if not PART.fullmatch(name):  # who shares an account is told by marks that have its name
                raise ValueError(f"providers: no account can be called {name!r}; take letters, digits and _.:=+- alone")


@dataclass(frozen=True)
class AlertWebhook:
    """A receiver of alerts; `key` refers to the secret that signs them, `whsec_...`."""

    url: str
    key: str


@dataclass(frozen=True)
class AlertMail:
    """Whom alerts are mailed to, and over which server; `password` refers to the secret of `user`."""

    host: str
    sender: str
    recipients: tuple[str, ...]
    port: int = 587
    tls: Literal["starttls", "implicit", "none"] = "starttls"
    user: str = ""
    password: str = ""


@dataclass(frozen=True)
class AlertsSettings:
    """Over what somebody hears of what cannot wait, beside the log; the same is not told again for `quiet`."""

    webhook: AlertWebhook | None = None
    mail: AlertMail | None = None
    quiet: str = "1 hour"

    def __post_init__(self) -> None:
        duration(self.quiet, of="quiet")


@dataclass(frozen=True)
class ErasureSettings:
    """Erasing people. Versions of tables younger than `retention_hours` are kept, so a purge waits as long; `derived`
    are files and folders that can be made again (previews, reports): those that show an erased person are removed."""

    certificates: Path = Path("var/certificates")
    retention_hours: float = 168.0
    derived: tuple[Path, ...] = ()


@dataclass(frozen=True)
class SyncSettings:
    """Attributes that providers keep of people: `destinations` names, for each, columns of profiles.people and
    features.people, and scores as an audience does, `<model>_score`."""

    destinations: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        scores = [score_column(model) for model in CLASSIFIERS]
        known = [*tables.profiles.PEOPLE.column_names, *tables.features.PEOPLE.column_names, *scores]
        for destination, attributes in self.destinations.items():
            for name in attributes:
                if name not in known:
                    near = get_close_matches(name, known, n=1)
                    meant = f"did you mean {near[0]!r}? " if near else ""
                    raise ValueError(
                        f"destinations.{destination}: no attribute {name!r}; {meant}Name columns of profiles.people or "
                        f"features.people (docs/tables.md), or a score: {', '.join(scores)}"
                    )


@dataclass(frozen=True)
class SecretsSettings:
    """References `secret://scope/key`, resolved where they are used and nowhere else."""

    unsubscribe_key: str
    address_key: str


@dataclass(frozen=True)
class ModelsSettings:
    """What models are told beside the knobs that stand with their code: departments that hold no merchandise."""

    excluded_departments: tuple[str, ...] = ()
    seed: int = 7
