"""Erase everybody who asked to be (profiles.erasures): rows, files, then history; scan for them, and certify it.

`lettermill person erase ID` writes a request. Rows that arrived for them since are taken out as well, every time.
States: requested, deleted (rows and files are gone), purged (no version has them, a scan finds nothing, and there is
a certificate). A purge waits until versions are older than `erasure.retention_hours`. Running it again changes nothing.
`--dry-run yes` tells what would go and changes nothing.
"""

from lettermill.certificates import require_certificates
from lettermill.certifying import certify, scanned_roots
from lettermill.erasing import Erasing
from lettermill.errors import ErasureError
from lettermill.file_erasing import erase_files
from lettermill.job import Argument, Run, job
from lettermill.scanning import Finder, search
from lettermill.secrets import resolve


@job(Argument("--dry-run", "yes: tell what would be erased, and change nothing", default="no"))
def main(run: Run) -> None:
    settings, is_rehearsal = run.settings, run.arguments.dry_run == "yes"
    erasing = Erasing.of(run.lake, key=resolve(settings.secrets.address_key), reads=settings.row_reader)
    require_certificates(settings.erasure.certificates, erasing.certified)
    if not erasing.requests:
        run.note("nobody has asked to be erased")
        return
    if not is_rehearsal:
        erasing.require_read()

    touched: dict[str, int] = {}
    with run.doing("looking for rows of erased people"):
        found = list(erasing.find())
    message_ids = erasing.message_ids
    for one in found:
        touched[one.table.name] = one.keys.count()
        if not is_rehearsal:
            with run.doing(f"erasing from {one.table.name}"):
                erasing.delete(one)
    with run.doing("erasing from files"):
        files = erase_files(settings, erasing, is_rehearsal=is_rehearsal)
    touched |= {name: number for name, number in files.items() if number}
    run.count(people=len(erasing.requests), messages=len(message_ids), **_named(touched))
    if is_rehearsal:
        return

    waiting = [one for one in erasing.requests if one.state == "requested"]
    erasing.store([one.deleted(run.started_at) for one in waiting])
    retain = settings.erasure.retention_hours
    due = erasing.due(now=run.started_at, retain_hours=retain)
    if touched or due:
        with run.doing("purging history"):
            erasing.purge(retain_hours=retain)
    if not due:
        held = sum(one.state == "deleted" for one in erasing.requests)
        run.note(f"{held:,} requests wait until versions are {retain:g} hours old" if held else "nothing left to purge")
        return
    with run.doing("searching every byte"):
        scan = search(scanned_roots(settings), Finder(erasing.hashes, key=erasing.key, reads=erasing.reads))
    if scan.hits:
        raise ErasureError(
            f"{len(scan.hits):,} files still name somebody who was erased",
            place=", ".join(scan.hits[:3]),
            mend="remove or rewrite them, then erase again; the requests stay `deleted`, not `purged`",
        )
    file, sha256 = certify(run, due, touched=touched, scan=scan)
    erasing.store([one.purged(run.started_at, certificate=sha256) for one in due])
    run.note(f"{len(due):,} requests purged; {scan.files:,} files, {scan.bytes:,} bytes searched; certificate {file}")


def _named(touched: dict[str, int]) -> dict[str, int]:
    return {f"erased_from_{name}".replace(" ", "_"): number for name, number in touched.items()}


if __name__ == "__main__":
    main()
