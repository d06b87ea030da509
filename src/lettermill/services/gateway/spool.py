"""One file being written: appended to, synced, and moved into the landing folder whole.

A file is locked as long as a living process writes to it; the lock goes with the process, however that ends. So
whoever gets the lock may bring the file home: cut what was torn, and publish the rest.
"""

import errno
import fcntl
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

import orjson

TRIES = 5


@dataclass
class SpoolFile:
    """`size` is how far the file is durable: nothing beyond it was ever acknowledged."""

    path: Path
    descriptor: int
    opened_at: float
    size: int = 0

    def append(self, content: bytes) -> None:
        """Write and sync. On an OSError the file is cut back to what was durable before, or closed if it cannot be."""
        try:
            written = 0
            while written < len(content):
                written += os.write(self.descriptor, memoryview(content)[written:])
            os.fsync(self.descriptor)
        except OSError:
            self._cut_back()
            raise
        self.size += len(content)

    @property
    def is_open(self) -> bool:
        return self.descriptor >= 0

    def close(self) -> None:
        """Let the lock go; the file stays for whoever brings it home."""
        if self.is_open:
            os.close(self.descriptor)
            self.descriptor = -1

    def publish(self, folder: Path) -> None:
        """Move the file, whole and synced, into `folder`; an empty one goes. Raises OSError, and it still stands."""
        if self.size:
            _move(self.path, folder / self.path.name)
        else:
            self.path.unlink()
        self.close()

    def _cut_back(self) -> None:
        try:
            os.ftruncate(self.descriptor, self.size)
            os.lseek(self.descriptor, 0, os.SEEK_END)
            os.fsync(self.descriptor)
        except OSError:
            self.close()


def new_file(folder: Path, name: str, *, now: float) -> SpoolFile:
    """Make `folder/name`, locked. The name itself is durable too, or a loss of power could take the file away."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    for _ in range(TRIES):
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_APPEND, 0o640)
        if _locked(descriptor, path):
            sync_folder(folder)
            return SpoolFile(path, descriptor, opened_at=now)
        os.close(descriptor)  # another process brought the empty file home before it was locked
    raise OSError(errno.EBUSY, "other processes take every new file", str(path))


def abandoned(folder: Path, *, now: float) -> list[SpoolFile]:
    """Files in `folder` that no living process writes to, each cut after its last whole line, and locked."""
    found = []
    for path in sorted(folder.glob("*.jsonl")):
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_APPEND)
        except FileNotFoundError:
            continue  # another process brought it home meanwhile
        if not _locked(descriptor, path):
            os.close(descriptor)
            continue
        whole = _whole_lines(descriptor)
        os.ftruncate(descriptor, whole)
        os.fsync(descriptor)
        found.append(SpoolFile(path, descriptor, opened_at=now, size=whole))
    return found


def sync_folder(folder: Path) -> None:
    """Make the names in `folder` durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _whole_lines(descriptor: int) -> int:
    """How many bytes hold whole lines of JSON. What follows the first that is none was torn before it was synced:
    a group is synced before the next is written, so nothing behind it was acknowledged."""
    whole = 0
    with os.fdopen(os.dup(descriptor), "rb") as file:
        file.seek(0)
        for line in file:
            if not line.endswith(b"\n") or not _is_json(line):
                break
            whole += len(line)
    return whole


def _is_json(line: bytes) -> bool:
    try:
        orjson.loads(line)
    except orjson.JSONDecodeError:
        return False
    return True


def _locked(descriptor: int, path: Path) -> bool:
    """Take the lock, unless another process has it or took the file away in between."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return os.fstat(descriptor).st_ino == path.stat().st_ino
    except (BlockingIOError, FileNotFoundError):
        return False


def _move(path: Path, to: Path) -> None:
    """Move in one step, also to another file system. The file counts as new: Spark's stream passes over files that are
    a week older than the newest it has seen."""
    to.parent.mkdir(parents=True, exist_ok=True)
    os.utime(path)
    try:
        os.rename(path, to)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        part = to.with_name(f".{to.name}.part")  # Spark's file source skips names with a leading dot
        shutil.copyfile(path, part)
        with part.open("rb") as copied:
            os.fsync(copied.fileno())
        os.rename(part, to)
        sync_folder(to.parent)
        path.unlink()
    sync_folder(to.parent)
    sync_folder(path.parent)
