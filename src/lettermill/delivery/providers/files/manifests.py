"""Manifests: which files of a wave belong together. A manifest comes last and at once, so whoever waits for it never
reads half a hand-over; and it is made of the files as they are, so it is no word but what can be checked.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from lettermill.delivery.payloads import INERT, QUOTED, Format, decoded, suffix
from lettermill.delivery.providers.files.account import Account
from lettermill.delivery.providers.files.naming import Wave, beside
from lettermill.delivery.providers.files.stores.store import Put, Store, sha256_of
from lettermill.errors import DeliveryError


@dataclass(frozen=True)
class FileEntry:
    """A file of a manifest. `template_versions` are those of its rows, sorted."""

    name: str
    format: Format
    bytes: int
    sha256: str
    rows: int
    template_versions: tuple[str, ...]


def entries_of(store: Store, references: Iterable[str | None], *, account: Account, wave: str) -> list[FileEntry]:
    """The files that messages of a wave refer to, in every format, by name.

    `references` are of messages that were handed over, each `<file name>:<line>`. Raises DeliveryError where a file is
    not there, NotStored where the store is out of reach.
    """
    first = suffix(account.forms[0], is_packed=account.is_packed)
    named = {reference.rpartition(":")[0] for reference in references if reference}
    stems = sorted(name.removesuffix(first) for name in named)
    home = Wave.of(wave).home(account.home)
    return [_entry(store, stem, format_, account=account, home=home) for stem in stems for format_ in account.forms]


def _entry(store: Store, stem: str, format_: Format, *, account: Account, home: str) -> FileEntry:
    name = stem + suffix(format_, is_packed=account.is_packed)
    content = store.get(beside(home, name))
    if content is None:
        mend = "bring the file back as it was handed over, or find out who took it away"
        raise DeliveryError(f"{name} was handed over and is not there", place=account.destination, mend=mend)
    versions = [account.looks.template_version(row) for row in decoded(content, format_)]
    return FileEntry(name, format_, len(content), sha256_of(content), len(versions), tuple(sorted({*versions})))


def write_manifest(
    store: Store,
    wave: str,
    entries: Iterable[FileEntry],
    stamps: Mapping[str, Any] | None = None,
    *,
    account: Account,
) -> str | None:
    """Write a wave's manifest, once all its messages are settled; its name below the store, null for a wave of no file.

    The same files and stamps are the same bytes. `stamps` go in as they are, such as the engine that rendered. Raises
    DeliveryError where the manifest is there with other content, NotStored and CutOff as the store does.
    """
    listed = sorted(entries, key=lambda one: one.name)
    if not listed:
        return None
    of = Wave.of(wave)
    # Where files of several slots lie together, the manifests still have a folder for each.
    name = beside(of.home(), of.manifest)
    content = {
        "campaign": of.campaign,
        "occurrence": of.occurrence,
        "wave": wave,
        "rows": sum(entry.rows for entry in listed if entry.format == account.forms[0]),
        "template_versions": sorted({version for entry in listed for version in entry.template_versions}),
        "layout": account.layout,
        "columns": list(account.looks.headers),
        "fields": [name for name, _ in account.looks.columns],
        "folder": of.home(account.home),
        "files": [asdict(entry) for entry in listed],
        **({"csv": _csv(account)} if "csv" in account.forms else {}),
        **(stamps or {}),
    }
    if store.put(name, written(content)) == Put.OTHER:
        mend = "look whether files of the wave were changed or came later; move the manifest away to have a new one"
        raise DeliveryError(f"{name} is there with other content", place=account.destination, mend=mend)
    return name


def written(content: Mapping[str, Any]) -> bytes:
    """A manifest as it stands in its file."""
    return (json.dumps(content, indent=2, ensure_ascii=False) + "\n").encode()


def _csv(account: Account) -> str:
    return f"{QUOTED}; {INERT}" if account.looks.is_inert else QUOTED
