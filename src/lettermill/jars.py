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
    if _fetched(settings):
        return {"spark.jars": ",".join(str(jar.absolute()) for jar in sorted((settings.jars / "jars").glob("*.jar")))}
    ivy = settings.jars / "ivysettings.xml"
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
    _open(settings.jars)
    if _fetched(settings):
        yield
        return
    with (settings.jars / "fetching.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not _fetched(settings):
            shutil.rmtree(settings.jars / "jars", ignore_errors=True)  # those of other packages or of a broken fetch
        yield
        _listing(settings.jars).write_text("\n".join(settings.packages))


def _fetched(settings: SparkSettings) -> bool:
    """Whether the folder's jars are those of the packages asked for; packages.txt says which they are."""
    listing = _listing(settings.jars)
    return listing.is_file() and listing.read_text() == "\n".join(settings.packages)


def _listing(jars: Path) -> Path:
    return jars / "packages.txt"


def _open(jars: Path) -> None:
    try:
        jars.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise PlatformError(
            f"cannot keep jars: {error.strerror}", place=str(jars), mend="free disk, or set spark.jars in conf"
        ) from error
