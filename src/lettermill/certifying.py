"""What a certificate of erasure says: whom (by keyed hash), what was touched when, what was searched, what stays."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from lettermill.certificates import write_certificate
from lettermill.code_version import git_commit
from lettermill.erasing import STAYS
from lettermill.job import Run
from lettermill.payload_places import out_of_reach
from lettermill.profiles.erasures import Erasure
from lettermill.scanning import Scan
from lettermill.settings import Settings

BEYOND = (
    "aggregates: counts and sums in reports, metrics and results of experiments",
    "models: what they learnt from many people, among them this one, until they are trained again",
    "what a provider (ESP) was handed over: ask it to erase its copy",
    "topics and streams that rows came from, until their own retention ends",
    "backups of the lake outside of it",
)


def scanned_roots(settings: Settings) -> list[Path]:
    """Every folder and file of the settings that this machine can read byte by byte, in the order to search them:

    the gateway moves files from its spool into the landing folder, so that what left the one is found in the other.
    """
    database = settings.mlflow.tracking_uri.removeprefix("sqlite:///")
    roots: list[Path | None] = [settings.gateway.files.spool, settings.landing]
    roots += [settings.lake.root, settings.lake.checkpoints, settings.files.folder]
    roots += [Path(settings.mlflow.artifacts)] if settings.mlflow.artifacts else []
    roots += [Path(database)] if database != settings.mlflow.tracking_uri else []
    return [root for root in (*roots, *settings.derived_files) if root is not None and root.exists()]


def certify(run: Run, due: Sequence[Erasure], *, touched: Mapping[str, int], scan: Scan) -> tuple[Path, str]:
    """Write the certificate of requests that are purged now; its file and hash.

    `touched` counts what this run erased, by table and kind of file.
    """
    content = {
        "requests": [
            {
                "request_id": one.request_id,
                "person_id": one.person_id,
                "identifiers": list(one.identifiers),
                "requested_at": str(one.requested_at),
                "deleted_at": str(one.deleted_at),
                "purged_at": run.started_at.isoformat(),
            }
            for one in due
        ],
        "run_id": run.run_id,
        "code": git_commit(),
        "touched": dict(touched),
        "searched": {
            "files": scan.files,
            "bytes": scan.bytes,
            "hits": len(scan.hits),
            "folders": [str(root) for root in scanned_roots(run.settings)],
        },
        "stays": {
            **STAYS,
            "beyond the lake": list(BEYOND),
            "payload files neither changed nor searched": out_of_reach(run.settings),
        },
    }
    return write_certificate(run.settings.erasure.certificates, content)
