"""jobs/send_campaign.py, but for one thing: it dies at a step of the protocol.

python -m tests.delivery.faults.dying_send STEP SIDE CERTIFICATE <arguments of the job>
"""

import sys
from dataclasses import replace
from pathlib import Path
from typing import cast

import send_campaign

from lettermill.delivery.providers.files.mails import FileProvider
from lettermill.job import Run
from lettermill.sending.desk import Desk, open_desk
from lettermill.sending.sender import send
from lettermill.sending.slot import open_slot
from tests.delivery.faults.dying import OPERATIONS, Death, DyingAccount, DyingJournal, DyingLake, DyingProvider, Side


def dying(desk: Desk, death: Death) -> Desk:
    """The desk with everything wrapped; its run has to have a lake that dies."""
    provider = desk.provider
    if isinstance(provider, FileProvider):
        account = DyingAccount(**{k: v for k, v in vars(provider.account).items() if k != "looks"}, death=death)
        return replace(desk, journal=DyingJournal(desk.journal, death), provider=replace(provider, account=account))
    return replace(desk, journal=DyingJournal(desk.journal, death), provider=DyingProvider(provider, death))


def main(step: str, side: str, certificate: str, *argv: str) -> None:
    death = Death(OPERATIONS[step], cast(Side, side), Path(certificate))

    def work(run: Run) -> None:
        mortal = replace(run, lake=DyingLake(**vars(run.lake), death=death))
        send(dying(open_desk(open_slot(mortal)), death))

    replace(send_campaign.main, work=work)(list(argv))


if __name__ == "__main__":
    main(*sys.argv[1:])
