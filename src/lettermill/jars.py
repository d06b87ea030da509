"""The jars a local Spark needs: fetched once through Ivy into the project's own folder, later taken from there."""

import fcntl
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lettermill.errors import PlatformError
from lettermill.settings_sections import SparkSettings

# One resolver: Spark's default chain trips over half-filled local Maven caches.
IVY_SETTINGS = """<ivysettings>
  <settings defaultResolver="central"/>
  <resolvers><ibiblio name="central" m2compatible="true"/></resolvers>
</ivysettings>
"""


def jars_conf(settings: SparkSettings) -> dict[str, str]:
    """Spark conf that names the jars fetched before, or the packages for Ivy to fetch into the folder."""
    if jars := _fetched(settings):
        return {"spark.jars": ",".join(str(jar.absolute()) for jar in jars)}
    ivy = settings.jars / "ivysettings.xml"
    with _keeping(settings.jars):
        ivy.write_text(IVY_SETTINGS)
    return {
        "spark.jars.packages": ",".join(settings.packages),
        "spark.jars.ivy": str(settings.jars.absolute()),
        "spark.jars.ivySettings": str(ivy.absolute()),
    }


@contextmanager
def fetching_alone(settings: SparkSettings) -> Iterator[None]:
    """Let one process fetch while others wait; Ivy breaks when two fill one cache. Raises PlatformError.

    The body starts Spark with `jars_conf`; when it ends well, the jars are remembered as fetched.
    """
    if _fetched(settings):
        yield
        return
    with _keeping(settings.jars):
        lock = (settings.jars / "fetching.lock").open("w")
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not _fetched(settings):
            shutil.rmtree(settings.jars / "jars", ignore_errors=True)  # those of other packages or of a broken fetch
        yield
        _listing(settings.jars).write_text("\n".join(settings.packages))


def _fetched(settings: SparkSettings) -> list[Path]:
    """The folder's jars, where they are those of the packages asked for; packages.txt says which they are."""
    listing = _listing(settings.jars)
    if not listing.is_file() or listing.read_text() != "\n".join(settings.packages):
        return []
    return sorted((settings.jars / "jars").glob("*.jar"))


def _listing(jars: Path) -> Path:
    return jars / "packages.txt"


@contextmanager
def _keeping(jars: Path) -> Iterator[None]:
    """Make the folder; what cannot be kept in it is a PlatformError."""
    try:
        jars.mkdir(parents=True, exist_ok=True)
        yield
    except OSError as error:
        raise PlatformError(
            f"cannot keep jars: {error.strerror}", place=str(jars), mend="free disk, or set spark.jars in conf"
        ) from error
