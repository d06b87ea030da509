"""Keys that may call the gateway. The file holds a salted hash of each; the key itself is shown once, when made."""

import hmac
import json
import os
import secrets
from dataclasses import asdict, dataclass, field
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal

from lettermill.errors import ConfigError

Right = Literal["write", "read"]
"""`write` sends events, and may stand in a page that anybody reads; `read` asks about people, and may not."""
PREFIX = "lm"
SHORTEST = 24
"""Characters of a key brought from elsewhere: what is hashed fast has to be too long to guess."""


@dataclass(frozen=True)
class Key:
    """One key: `hash` is HMAC-SHA256 of the key under `salt`; `source` is what it writes to, or the gateway's own."""

    id: str
    name: str
    right: Right
    salt: str
    hash: str
    created_at: str
    source: str | None = None
    foreign: bool = False

    def fits(self, secret: str) -> bool:
        return hmac.compare_digest(self.hash, _hashed(secret, self.salt))


@dataclass
class Keyring:
    """The keys of a file, read anew when the file changes."""

    file: Path
    _keys: dict[str, Key] = field(default_factory=dict)
    _seen: tuple[int, int, int] | None = None

    def find(self, secret: str) -> Key | None:
        """The key that `secret` is, or None."""
        self._refresh()
        named = self._keys.get(_id_of(secret))
        if named is not None and named.fits(secret):
            return named
        return next((key for key in self._keys.values() if key.foreign and key.fits(secret)), None)

    def all(self) -> list[Key]:
        self._refresh()
        return list(self._keys.values())

    def _refresh(self) -> None:
        try:
            state = self.file.stat()
        except FileNotFoundError:
            self._keys, self._seen = {}, None
            return
        seen = (state.st_mtime_ns, state.st_size, state.st_ino)
        if seen != self._seen:
            self._keys = {key.id: key for key in read_keys(self.file)}
            self._seen = seen


def read_keys(file: Path) -> list[Key]:
    """The keys of a file, none if there is no file. Raises ConfigError where the file is none of ours."""
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
        return [Key(**key) for key in content["keys"]]
    except FileNotFoundError:
        return []
    except (ValueError, KeyError, TypeError):
        raise ConfigError(
            "the file holds no keys of the gateway",
            place=str(file),
            mend="restore it, or move it away and make new keys",
        ) from None


def new_key(
    file: Path, *, name: str, right: Right, source: str | None, now: datetime, secret: str | None = None
) -> str:
    """Add a key to the file and return it, for the only time. `secret` is a key brought from elsewhere.

    Raises ConfigError for a name that is taken, or a foreign key that is short or known.
    """
    keys = read_keys(file)
    if any(key.name == name for key in keys):
        raise ConfigError(f"there is a key {name!r}", place=str(file), mend="choose another name, or revoke that key")
    if secret is not None and (len(secret) < SHORTEST or Keyring(file).find(secret)):
        mend = f"bring one of {SHORTEST} characters or more that is not in use, or let a new one be made"
        raise ConfigError("the key is too short, or known already", place=str(file), mend=mend)
    identity = secrets.token_hex(4)
    shown = secret or f"{PREFIX}_{identity}_{secrets.token_urlsafe(32)}"
    salt = secrets.token_hex(16)
    key = Key(
        id=identity, name=name, right=right, salt=salt, hash=_hashed(shown, salt), source=source,
        created_at=f"{now:%Y-%m-%dT%H:%M:%SZ}", foreign=secret is not None,
    )  # fmt: skip
    _write(file, [*keys, key])
    return shown


def revoke_key(file: Path, *, name: str) -> None:
    """Take a key away; it is refused from the next call on. Raises ConfigError where there is none."""
    keys = read_keys(file)
    left = [key for key in keys if key.name != name]
    if len(left) == len(keys):
        known = ", ".join(key.name for key in keys) or "none"
        raise ConfigError(f"no key {name!r}", place=str(file), mend=f"keys here: {known}")
    _write(file, left)


def _id_of(secret: str) -> str:
    parts = secret.split("_", 2)
    return parts[1] if len(parts) == 3 and parts[0] == PREFIX else ""


def _hashed(secret: str, salt: str) -> str:
    return hmac.new(bytes.fromhex(salt), secret.encode(), sha256).hexdigest()


def _write(file: Path, keys: list[Key]) -> None:
    content: dict[str, Any] = {"keys": [asdict(key) for key in keys]}
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_name(f".{file.name}.part")
    with os.fdopen(os.open(part, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "w", encoding="utf-8") as written:
        json.dump(content, written, indent=2)
        written.flush()
        os.fsync(written.fileno())
    os.replace(part, file)
