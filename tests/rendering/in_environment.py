"""Prints the hashes of invented readers' messages as JSON, to be run in a process of another time zone or locale."""

import json
import locale
import sys
import tempfile
from pathlib import Path
from shutil import copytree

import pyarrow as pa

from lettermill.rendering.declared import arrow_type
from lettermill.rendering.digests import sha256_of
from lettermill.rendering.mail import mail
from lettermill.rendering.templates import load_template
from lettermill.settings import load_campaign
from tests.rendering.readers import reader, write_almanac

CAMPAIGNS = ("weekly_picks", "win_back", "almanac")
READERS = 40


def digests(campaign, *, folder):
    """Per part the hashes of the readers' messages, and the faults."""
    declared = load_campaign(campaign, folder=folder)
    template = load_template(declared, folder=folder)
    types = pa.struct([(name, arrow_type(one.type)) for name, one in declared.inputs.items()])
    inputs = pa.array([reader(declared, number) for number in range(READERS)], types)
    missing = pa.array([[]] * READERS, pa.list_(pa.string()))
    mails = mail(template, types).render(inputs, missing)
    hashes = {part: sha256_of(texts).to_pylist() for part, texts in mails.parts.items()}
    return {"version": template.version, "faults": mails.fault.to_pylist(), **hashes}


def main():
    """Take the machine's locale, as a program may, and render."""
    try:
        locale.setlocale(locale.LC_ALL, "")
    except locale.Error:
        sys.stderr.write("this machine has no such locale\n")
    with tempfile.TemporaryDirectory() as folder:
        campaigns = Path(folder) / "campaigns"
        copytree("campaigns", campaigns)
        write_almanac(campaigns)
        sys.stdout.write(json.dumps({name: digests(name, folder=campaigns) for name in CAMPAIGNS}))


if __name__ == "__main__":
    main()
