"""Which code is running."""

import os
import subprocess
import sys
from shutil import make_archive

from lettermill.code_version import PACKAGE, fingerprint

PRINT = "from lettermill.code_version import fingerprint; print(fingerprint('models', 'features'))"


def test_a_fingerprint_covers_the_named_packages_and_no_others():
    assert len({fingerprint("models"), fingerprint("features"), fingerprint("models", "features")}) == 3


def test_a_zipped_wheel_has_the_fingerprint_of_the_folder_it_was_made_of(tmp_path):
    wheel = make_archive(str(tmp_path / "wheel"), "zip", PACKAGE.parent, PACKAGE.name)

    printed = subprocess.run(
        [sys.executable, "-S", "-c", PRINT], env=os.environ | {"PYTHONPATH": wheel}, capture_output=True, text=True
    )

    assert printed.stdout.strip() == fingerprint("models", "features"), printed.stderr
