"""Manifests of payload files: written once a wave is settled, so that whoever waits for one reads a whole hand-over."""

from pyspark.sql import functions as F

from lettermill.delivery.providers.files.mails import FileProvider
from lettermill.delivery.providers.files.manifests import entries_of, write_manifest
from lettermill.sending.desk import Desk
from lettermill.tables.delivery import OUTBOX


def complete_files(desk: Desk, wave: str) -> None:
    """Write the wave's manifest, where its provider is of files and handed anything over.

    Again, it writes the same; what became known of a wave later is told by an error of the store, not by a new list.
    """
    if not isinstance(desk.provider, FileProvider):
        return
    handed_over = desk.run.lake.read(OUTBOX).where((F.col("wave") == wave) & (F.col("state") == "handed_over"))
    rows = handed_over.select(F.regexp_replace("provider_reference", r":\d+$", "").alias("file")).distinct().collect()
    if not rows:
        return
    account, credentials = desk.provider.account, desk.provider.credentials
    entries = entries_of(account.store(credentials), [f"{row['file']}:1" for row in rows], account=account, wave=wave)
    stamps = {"engine": desk.slot.engine}
    manifest = write_manifest(account.manifest_store(credentials), wave, entries, stamps, account=account)
    desk.run.note(f"payload files: {account.manifests or account.destination}/{manifest}")
