"""Files in a folder: written under a name of their own, flushed to the disk, and linked to their name when whole."""

import errno
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from lettermill.delivery.exchange import CutOff
from lettermill.delivery.providers.files.stores.store import NotStored, Put, sha256_of

NO_LINKS = {errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS}
"""What file systems without hard links answer, such as those that stand for an object store."""


@dataclass(frozen=True)
class FolderStore:
    """A Store below `root`. `part` ends the names of files that are still written."""

    root: Path
    part: str = ".part"

    def put(self, name: str, content: bytes) -> Put:
        """The part's name is used once: two writers of one name never write into one file."""
        final = self.root / name
        part = final.with_name(f"{final.name}.{uuid4().hex}{self.part}")
        try:
            _make(final.parent)
            if not final.exists():
                _write(part, content)
                if _publish(part, final):
                    return _kept(final)
            return Put.SAME if final.read_bytes() == content else Put.OTHER
        except OSError as error:
            raise NotStored(f"no file was written: {error.strerror}") from None
        finally:
            _forget(part)

    def get(self, name: str) -> bytes | None:
        try:
            return (self.root / name).read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise NotStored(f"the file cannot be read: {error.strerror}") from None

    def checksum(self, name: str) -> str | None:
        content = self.get(name)
        return None if content is None else sha256_of(content)

    def names(self, prefix: str = "") -> Sequence[str]:
        every = (path.relative_to(self.root).as_posix() for path in self.root.rglob("*") if path.is_file())
        return sorted(name for name in every if name.startswith(prefix) and not name.endswith(self.part))

    def close(self) -> None:
        """Nothing is open."""


def _make(folder: Path) -> None:
    """Make a folder and what leads to it, each noted on the disk in the one above."""
    if not folder.is_dir():
        _make(folder.parent)
        folder.mkdir(exist_ok=True)
        _flush(folder.parent)


def _write(part: Path, content: bytes) -> None:
    with part.open("xb") as opened:
        opened.write(content)
        opened.flush()
        os.fsync(opened.fileno())


def _publish(part: Path, final: Path) -> bool:
    """Give the file its name, unless another has it; tell whether it was given."""
    try:
        os.link(part, final)
    except FileExistsError:
        return False
    except OSError as error:
        if error.errno not in NO_LINKS:
            raise
        if final.exists():
            return False
        part.rename(final)
    return True


def _kept(final: Path) -> Put:
    """Note the name on the disk. Raises CutOff where a crash could still take it back."""
    try:
        _flush(final.parent)
    except OSError as error:
        raise CutOff(f"whether the file stays is not certain: {error.strerror}") from None
    return Put.WRITTEN


def _forget(part: Path) -> None:
    try:
        part.unlink(missing_ok=True)
    except OSError:
        return  # the folder itself is out of reach, which was told


def _flush(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno != errno.EINVAL:  # a file system that keeps folders by itself
            raise
    finally:
        os.close(descriptor)
