"""Manifests of payload files: written once a wave is settled, so that whoever waits for one reads a whole hand-over."""

from pyspark.sql import functions as F

from lettermill.delivery.marks import begun_waves, completed_key
from lettermill.delivery.providers.files.mails import FileProvider
from lettermill.delivery.providers.files.manifests import entries_of, write_manifest
from lettermill.sending.desk import Desk


def complete_files(desk: Desk) -> None:
    """Write the manifest of each wave of the slot that is settled and has none yet, where its provider is of files.

    Whoever settled a wave may have died before its manifest, or have been another sender. A wave with a message that is
    unknown waits until somebody has looked it up. The journal keeps which are complete: a manifest that was taken away
    does not come back.
    """
    if not isinstance(desk.provider, FileProvider):
        return
    for wave in _incomplete(desk):
        _write(desk, desk.provider, wave)
        desk.journal.create(completed_key(wave), {"at": desk.clock.time()})


def _incomplete(desk: Desk) -> list[str]:
    is_open, has_files = F.col("state").isin("claimed", "unknown"), F.col("state").isin("handed_over", "confirmed")
    waves = desk.slot.outbox().where("wave IS NOT NULL").groupBy("wave")
    settled = waves.agg(F.max(is_open).alias("is_open"), F.max(has_files).alias("has_files"))
    rows = settled.where("has_files AND NOT is_open").select("wave").orderBy("wave").collect()
    begun = begun_waves(desk.journal)  # of a wave before them nobody waits for a manifest any more
    return [
        row["wave"] for row in rows if row["wave"] in begun and desk.journal.read(completed_key(row["wave"])) is None
    ]


def _write(desk: Desk, provider: FileProvider, wave: str) -> None:
    is_in_file = (F.col("wave") == wave) & F.col("state").isin("handed_over", "confirmed")
    file = F.regexp_replace("provider_reference", r":\d+$", "").alias("file")
    rows = desk.slot.outbox().where(is_in_file).select(file).distinct().collect()
    account, credentials = provider.account, provider.credentials
    entries = entries_of(account.store(credentials), [f"{row['file']}:1" for row in rows], account=account, wave=wave)
    stamps = {"engine": desk.slot.engine}
    manifest = write_manifest(account.manifest_store(credentials), wave, entries, stamps, account=account)
    desk.run.note(f"payload files: {account.manifests or account.destination}/{manifest}")
