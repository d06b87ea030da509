"""Which keys a mark may have: they become paths, so none leads out of its folder, and none can hold an address."""

import re

from lettermill.errors import DeliveryError

PART = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.:=+-]*")


def checked_key(key: str) -> str:
    """The key, if every part of it is plain letters, digits and `_.:=+-`. Raises DeliveryError."""
    if not all(PART.fullmatch(part) for part in key.split("/")):
        raise _refused(key)
    return key


def checked_prefix(prefix: str) -> str:
    """The prefix of keys, which may end within a part or be empty. Raises DeliveryError."""
    *folders, last = prefix.split("/")
    if not all(PART.fullmatch(part) for part in folders) or not (last == "" or PART.fullmatch(last)):
        raise _refused(prefix)
    return prefix


def _refused(key: str) -> DeliveryError:
    mend = "name waves and holders with letters, digits and _.:=+- alone"
    return DeliveryError(f"{key!r} cannot be the key of a mark", place="journal", mend=mend)
