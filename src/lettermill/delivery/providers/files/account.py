"""Where payload files go, what they look like, and with which keys: `delivery.providers.<name>` of conf."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Literal
from urllib.parse import unquote, urlsplit

from lettermill.delivery.credentials import Credential
from lettermill.delivery.payloads import Format
from lettermill.delivery.provider import Limits
from lettermill.delivery.providers.files.layouts import BRAZE, LAYOUTS, LETTERMILL, Layout
from lettermill.delivery.providers.files.naming import SLOT
from lettermill.delivery.providers.files.stores.folder import FolderStore
from lettermill.delivery.providers.files.stores.store import Store
from lettermill.errors import PlatformError

IDENTITIES = {"EXTERNAL_ID", "EMAIL"}
"""Of those that Braze knows, what we have: a row has exactly one."""


@dataclass(frozen=True)
class Account:
    """Payload files below `destination`: a folder, `s3://bucket/prefix`, or `sftp://user@host:port/folder`.

    `columns` stand in place of the layout's, by the message's field: a field that is not named is left out. `limits`
    bound a file, before it is packed. `home` is the folder of a slot's files, empty where an importer watches one
    folder; manifests go to `manifests`, which has to be elsewhere for an importer that takes whatever comes.

    S3: `endpoint`, `region`, and keys unless the machine has its own. SFTP: `host_key` as a known_hosts file has it,
    from its type on, and a private key or a password. Keys are references `secret://scope/key`.
    """

    destination: str
    layout: Literal["lettermill", "braze", "sfmc", "hubspot", "klaviyo"] = "lettermill"
    formats: tuple[Format, ...] = ()
    limits: Limits | None = None
    gzip: bool | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    home: str = SLOT
    manifests: str = ""
    endpoint: str | None = None
    region: str | None = None
    access_key: str = ""
    secret_key: str = ""
    host_key: str = ""
    private_key: str = ""
    password: str = ""
    timeout_seconds: float = 60.0

    def __post_init__(self) -> None:
        for problem in (*self._form_problems(), *self._limit_problems(), *self._place_problems()):
            raise ValueError(problem)

    @cached_property
    def looks(self) -> Layout:
        """The layout, with the columns of this account."""
        return LAYOUTS[self.layout].with_columns(self.columns)

    @property
    def forms(self) -> tuple[Format, ...]:
        """The formats of a hand-over; the first is the one that a message's reference names."""
        default: tuple[Format, ...] = ("jsonl", "csv") if self.layout == LETTERMILL.name else self.looks.formats[:1]
        return self.formats or default

    @property
    def bounds(self) -> Limits:
        """Of one file; what a format adds to its rows is in the envelope."""
        limits = self.limits or self.looks.limits
        return replace(limits, envelope=max(limits.envelope, sum(len(one) + 4 for one in self.looks.headers)))

    @property
    def is_folder(self) -> bool:
        """Whether its files lie on this machine, so that they can be looked through."""
        return not urlsplit(self.destination).scheme

    @property
    def is_packed(self) -> bool:
        return self.looks.is_packed if self.gzip is None else self.gzip

    def credentials(self, secret: Callable[[str], Credential]) -> Mapping[str, Credential]:
        """The keys that conf names, resolved."""
        named = {name: getattr(self, name) for name in ("access_key", "secret_key", "private_key", "password")}
        return {name: secret(reference) for name, reference in named.items() if reference}

    def store(self, credentials: Mapping[str, Credential]) -> Store:
        """Where its files lie."""
        return self._opened(self.destination, credentials)

    def manifest_store(self, credentials: Mapping[str, Credential]) -> Store:
        """Where its manifests lie."""
        return self._opened(self.manifests or self.destination, credentials)

    def _opened(self, destination: str, credentials: Mapping[str, Credential]) -> Store:
        url = urlsplit(destination)
        if url.scheme == "s3":
            from lettermill.delivery.providers.files.stores.s3 import S3Store  # takes a while, and few need it

            keys = {name: credentials.get(name) for name in ("access_key", "secret_key")}
            where = {"endpoint": self.endpoint, "region": self.region, "timeout_seconds": self.timeout_seconds}
            return S3Store(url.netloc, url.path.strip("/"), **where, **keys)  # type: ignore[arg-type]
        if url.scheme == "sftp":
            try:
                from lettermill.delivery.providers.files.stores.sftp import PORT, SftpStore
            except ModuleNotFoundError:
                mend = "install lettermill[sftp]"
                raise PlatformError("SFTP needs the library paramiko", place=destination, mend=mend) from None
            return SftpStore(
                url.hostname or "",
                unquote(url.username or ""),
                url.path or "/",
                self.host_key,
                port=url.port or PORT,
                private_key=credentials.get("private_key"),
                password=credentials.get("password"),
                part=self.looks.part,
                timeout_seconds=self.timeout_seconds,
            )
        return FolderStore(Path(destination), part=self.looks.part)

    def _form_problems(self) -> list[str]:
        taken = ", ".join(self.looks.formats)
        unknown = {*self.columns} - {name for name, _ in LETTERMILL.columns}
        found = [f"{self.layout} imports {taken}, not {one}" for one in self.forms if one not in self.looks.formats]
        if len({*self.forms}) < len(self.forms) or (self.layout != LETTERMILL.name and len(self.forms) > 1):
            found.append("a format stands once, and an importer is given one alone: two would import everybody twice")
        if unknown:
            found.append(f"columns names no field of a message: {', '.join(sorted(unknown))}")
        if self.layout == BRAZE.name and not (len(self.looks.columns) == 1 and {*self.looks.headers} & IDENTITIES):
            found.append("Braze takes one identity: columns is {person_id: EXTERNAL_ID} or {address: EMAIL}")
        if self.layout != BRAZE.name and self.columns and "message_id" not in self.columns:
            found.append("columns needs message_id, by which a person's row is found again")
        return found

    def _limit_problems(self) -> list[str]:
        bounds, looks = self.bounds, self.looks
        found = []
        if looks.most_rows and bounds.messages > looks.most_rows:
            found.append(f"{self.layout} takes {looks.most_rows:,} rows in a file, not {bounds.messages:,}")
        if looks.most_bytes and bounds.bytes > looks.most_bytes:
            found.append(f"{self.layout} takes {looks.most_bytes:,} bytes in a file, not {bounds.bytes:,}")
        return found

    def _place_problems(self) -> list[str]:
        url = urlsplit(self.destination)
        if url.scheme not in ("", "s3", "sftp"):
            return [f"destination is a folder, s3:// or sftp://, not {url.scheme}://"]
        if url.password is not None:
            return ["destination has no password in it: password names a secret"]
        if url.scheme == "sftp" and not (url.hostname and url.username and self.host_key):
            return ["sftp:// needs a user, a host, and host_key, by which the host is known"]
        if url.scheme == "s3" and not url.netloc:
            return ["s3:// needs a bucket"]
        if self.layout == BRAZE.name and f"{self.manifests or self.destination}/".startswith(f"{self.destination}/"):
            return ["manifests goes elsewhere: Braze imports whatever comes below the destination"]
        if bool(self.access_key) != bool(self.secret_key):
            return ["access_key and secret_key go together"]
        return []
