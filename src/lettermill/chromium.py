"""Pictures of pages by Chromium, where there is one. Nothing of a page is loaded from a network, and no script runs."""

import os
import re
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from html import escape
from itertools import product
from pathlib import Path
from types import TracebackType

from lettermill.errors import PlatformError

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
SECONDS = 60
TALLEST = 12_000  # pixels; taller surfaces are not painted whole
POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:"
FLAGS = (
    "--headless", "--disable-gpu", "--hide-scrollbars", "--disable-background-networking", "--no-first-run",
    "--disable-extensions", "--host-resolver-rules=MAP * ~NOTFOUND", "--force-device-scale-factor=1",
    "--virtual-time-budget=5000",
)  # fmt: skip
COLOURS: Mapping[str, Sequence[str]] = {"light": (), "dark": ("--blink-settings=preferredColorScheme=0",)}
"""The colours that a reader prefers, with what makes a browser ask for them."""
AT_A_TIME = 2
MEASURE = """
addEventListener('load', () => {
  const heights = [...document.querySelectorAll('iframe')].map(one => one.contentDocument.documentElement.scrollHeight);
  document.getElementById('told').textContent = 'heights ' + heights.join(' ');
});
"""


def find_chromium() -> str | None:
    """The Chromium of this machine: CHROMIUM says which, else the first on the path."""
    named = os.environ.get("CHROMIUM")
    return named or next((found for name in NAMES if (found := shutil.which(name))), None)


@dataclass
class Camera:
    """Takes pictures of pages with one browser profile, which is gone afterwards."""

    program: str
    folder: tempfile.TemporaryDirectory[str] = field(default_factory=tempfile.TemporaryDirectory)

    def __enter__(self) -> "Camera":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.folder.cleanup()

    def heights(self, pages: Sequence[str], *, widths: Sequence[int]) -> dict[tuple[int, int], int]:
        """How tall each page is at each width: (place in `pages`, width) -> pixels."""
        keys = [(place, width) for place in range(len(pages)) for width in widths]
        frames = "".join(_frame(pages[place], width=width, height=100) for place, width in keys)
        shown = self._run(f'{frames}<p id="told"></p><script>{MEASURE}</script>', "--dump-dom")
        told = re.search(r"heights ([\d ]+)<", shown)
        if told is None:
            raise self._failed("it measured no page")
        return dict(zip(keys, (min(int(height), TALLEST) for height in told[1].split()), strict=True))

    def picture(self, page: str, *, to: Path, width: int, height: int, flags: Sequence[str] = ()) -> None:
        """Write a PNG of the page; `flags` are those of COLOURS that the reader prefers."""
        how = [f"--window-size={width},{height}", f"--screenshot={to.absolute()}", *flags]
        self._run(_frame(page, width=width, height=height), *how)
        if not to.is_file():
            raise self._failed(f"it wrote no {to.name}")

    def _run(self, body: str, *flags: str) -> str:
        home = Path(self.folder.name) / str(threading.get_ident())  # a profile serves one browser at a time
        home.mkdir(exist_ok=True)
        harness, style = home / "harness.html", "margin: 0; overflow: hidden"
        harness.write_text(f'<!DOCTYPE html><meta charset="utf-8"><body style="{style}">{body}', encoding="utf-8")
        as_root = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
        command = [self.program, *FLAGS, *as_root, f"--user-data-dir={home / 'profile'}", *flags]
        try:
            done = subprocess.run(
                [*command, harness.as_uri()], capture_output=True, text=True, timeout=SECONDS, check=True
            )
        except (OSError, subprocess.SubprocessError) as error:
            raise self._failed(str(error).splitlines()[0]) from error
        return done.stdout

    def _failed(self, why: str) -> PlatformError:
        return PlatformError(f"Chromium took no picture: {why:.200}", place=self.program, mend="give --no-pictures")


def _frame(page: str, *, width: int, height: int) -> str:
    """The page in a frame: a window of a headless Chromium is never narrower than 500 pixels, a frame is."""
    style = f"display: block; border: 0; width: {width}px; height: {height}px"
    return f'<iframe sandbox="allow-same-origin" srcdoc="{escape(guarded(page))}" style="{style}"></iframe>'


def guarded(page: str) -> str:
    """The page with a policy under which it loads nothing."""
    policy = f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
    headed = re.sub(r"<head(\s[^>]*)?>", lambda found: found.group(0) + policy, page, count=1, flags=re.IGNORECASE)
    return headed if headed != page else policy + page


def pictures(
    pages: Mapping[str, str], *, folder: Path, widths: Mapping[str, int], camera: Camera
) -> dict[str, dict[str, Path]]:
    """Pictures of each page (by name) at each width (by name), light and dark: name -> `phone-dark` -> file."""
    heights = camera.heights(list(pages.values()), widths=list(widths.values()))
    taken: dict[str, dict[str, Path]] = {name: {} for name in pages}
    waiting = []
    with ThreadPoolExecutor(max_workers=AT_A_TIME) as browsers:
        for place, (name, page) in enumerate(pages.items()):
            for (screen, width), (colours, flags) in product(widths.items(), COLOURS.items()):
                file = taken[name][f"{screen}-{colours}"] = folder / f"{name}-{screen}-{colours}.png"
                size = {"width": width, "height": heights[place, width]}
                waiting.append(browsers.submit(camera.picture, page, to=file, flags=flags, **size))
    for one in waiting:
        one.result()
    return taken
