"""Files on a server over SFTP: uploaded under another name, measured, and renamed where nothing has the name.

The rename is the protocol's own, which never replaces a file (draft-ietf-secsh-filexfer-02, section 6.5); the host's
key is pinned, and there is no other way to trust it.
"""

import io
import posixpath
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from stat import S_ISDIR
from uuid import uuid4

import paramiko

from lettermill.delivery.credentials import Credential
from lettermill.delivery.exchange import CutOff
from lettermill.delivery.provider import Signal
from lettermill.delivery.providers.files.stores.store import NotStored, Put, sha256_of

KEYS: tuple[type[paramiko.PKey], ...] = (paramiko.Ed25519Key, paramiko.ECDSAKey, paramiko.RSAKey)
NO_WAY_IN = (
    paramiko.AuthenticationException,
    paramiko.BadHostKeyException,
    paramiko.ssh_exception.IncompatiblePeer,  # the host has no key of the pinned type
)
PORT = 22


@dataclass
class SftpStore:
    """A Store below `root` of a server. `host_key` is its line of a known_hosts file from the key's type on.

    `part` ends the names of files that are still written.
    """

    host: str
    user: str
    root: str
    host_key: str
    port: int = PORT
    private_key: Credential | None = None
    password: Credential | None = None
    part: str = ".part"
    timeout_seconds: float = 60.0
    _client: paramiko.SSHClient | None = field(default=None, init=False, repr=False)
    _sftp: paramiko.SFTPClient | None = field(default=None, init=False, repr=False)

    def put(self, name: str, content: bytes) -> Put:
        """The part's name is used once: two writers of one name never write into one file."""
        final = self._path(name)
        part = f"{final}.{uuid4().hex}{self.part}"
        with self._asking() as sftp:
            is_free = _size(sftp, final) is None
            if is_free:
                _make(sftp, posixpath.dirname(final))
                sftp.putfo(io.BytesIO(content), part, file_size=len(content), confirm=True)
        if is_free and self._renamed(part, final):
            return Put.WRITTEN
        with self._asking() as sftp:
            is_same = _size(sftp, final) == len(content) and _read(sftp, final) == content
        return Put.SAME if is_same else Put.OTHER

    def get(self, name: str) -> bytes | None:
        with self._asking() as sftp:
            return _read(sftp, self._path(name))

    def checksum(self, name: str) -> str | None:
        """Of the content, read back: the protocol has no word for it that every server knows."""
        content = self.get(name)
        return None if content is None else sha256_of(content)

    def names(self, prefix: str = "") -> Sequence[str]:
        with self._asking() as sftp:
            every = (path.removeprefix(self._path("")) for path in _files_below(sftp, self.root))
            return sorted(name for name in every if name.startswith(prefix) and not name.endswith(self.part))

    def close(self) -> None:
        if self._client is not None:
            self._client.close()
        self._client = self._sftp = None

    def _path(self, name: str) -> str:
        return posixpath.join(self.root, name)

    @contextmanager
    def _asking(self) -> Iterator[paramiko.SFTPClient]:
        """The open session, for what gives no name. Raises NotStored, and connects anew the next time."""
        try:
            yield self._sftp or self._connected()
        except NotStored:
            self.close()
            raise
        except (OSError, EOFError, paramiko.SSHException) as error:
            self.close()
            raise NotStored(f"the server did not do it: {_words(error)}") from None

    def _renamed(self, part: str, final: str) -> bool:
        """Give a whole file its name; tell whether it was given, or another has it. Raises NotStored, or CutOff."""
        assert self._sftp is not None
        try:
            self._sftp.rename(part, final)
            return True
        except (OSError, EOFError, paramiko.SSHException) as refusal:
            words = _words(refusal)
        try:
            if _size(self._sftp, final) is None:
                self._sftp.remove(part)
                raise NotStored(f"the server did not give the name: {words}")
            _forget(self._sftp, part)
        except (OSError, EOFError, paramiko.SSHException) as error:
            self.close()
            raise CutOff(f"cut off while the name was given: {_words(error)}") from None
        return False

    def _connected(self) -> paramiko.SFTPClient:
        client = paramiko.SSHClient()
        client.set_missing_host_key_policy(paramiko.RejectPolicy())
        known_as = self.host if self.port == PORT else f"[{self.host}]:{self.port}"
        key = self._pinned(known_as)
        client.get_host_keys().add(known_as, key.get_name(), key)
        self._client = client
        try:
            client.connect(
                self.host,
                port=self.port,
                username=self.user,
                password=self.password.text if self.password else None,
                pkey=_private(self.private_key) if self.private_key else None,
                allow_agent=False,
                look_for_keys=False,
                timeout=self.timeout_seconds,
                banner_timeout=self.timeout_seconds,
                auth_timeout=self.timeout_seconds,
            )
            self._sftp = client.open_sftp()
        except NO_WAY_IN as error:
            raise NotStored(f"no way in: {type(error).__name__}", signal=Signal.BLOCKED) from None
        self._sftp.get_channel().settimeout(self.timeout_seconds)  # type: ignore[union-attr]
        return self._sftp

    def _pinned(self, known_as: str) -> paramiko.PKey:
        try:
            entry = paramiko.hostkeys.HostKeyEntry.from_line(f"{known_as} {self.host_key}")
        except (paramiko.SSHException, paramiko.hostkeys.InvalidHostKey):
            entry = None
        if entry is None or entry.key is None:
            raise NotStored("host_key is no key as known_hosts has it", signal=Signal.BLOCKED)
        return entry.key


def _private(key: Credential) -> paramiko.PKey:
    for kind in KEYS:
        try:
            return kind.from_private_key(io.StringIO(key.text))
        except (paramiko.SSHException, ValueError):
            continue
    raise NotStored(f"{key.reference} is no private key without a passphrase", signal=Signal.BLOCKED)


def _size(sftp: paramiko.SFTPClient, path: str) -> int | None:
    try:
        return sftp.stat(path).st_size
    except FileNotFoundError:
        return None


def _read(sftp: paramiko.SFTPClient, path: str) -> bytes | None:
    content = io.BytesIO()
    try:
        sftp.getfo(path, content)
    except FileNotFoundError:
        return None
    return content.getvalue()


def _forget(sftp: paramiko.SFTPClient, part: str) -> None:
    """Remove what is left of a part; a server may have taken it away with the refusal."""
    if _size(sftp, part) is not None:
        sftp.remove(part)


def _make(sftp: paramiko.SFTPClient, folder: str) -> None:
    """Make a folder and what leads to it, unless somebody else has in the meantime."""
    if folder in ("", "/") or _size(sftp, folder) is not None:
        return
    _make(sftp, posixpath.dirname(folder))
    try:
        sftp.mkdir(folder)
    except OSError:
        if _size(sftp, folder) is None:
            raise


def _files_below(sftp: paramiko.SFTPClient, folder: str) -> Iterator[str]:
    try:
        entries = sftp.listdir_attr(folder)
    except FileNotFoundError:
        return
    for entry in entries:
        path = posixpath.join(folder, entry.filename)
        if S_ISDIR(entry.st_mode or 0):
            yield from _files_below(sftp, path)
        else:
            yield path


def _words(error: Exception) -> str:
    """What the error is; a server's own words could hold anything."""
    return type(error).__name__
