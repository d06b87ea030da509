"""The report in a real browser: nothing of it is wider than the screen, on a phone and at a desk."""

import re
import shutil
import subprocess
from html import escape

import pytest

from tests.monitoring.test_report import EVERYTHING, NOTHING, page

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
WIDTHS = (390, 800, 1280)
MEASURE = """
Promise.all([...document.querySelectorAll('iframe')].map(frame => new Promise(done => {
  const measured = () => done(frame.contentDocument.documentElement.scrollWidth);
  frame.contentDocument.readyState === 'complete' ? measured() : frame.onload = measured;
}))).then(widths => { document.getElementById('told').textContent = 'widths ' + widths.join(' '); });
"""


@pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine")
def test_the_page_is_as_wide_as_the_screen_and_no_wider(tmp_path):
    frames = "".join(
        f'<iframe srcdoc="{escape(page(report))}" style="width: {width}px; height: 900px; border: 0"></iframe>'
        for report in (EVERYTHING, NOTHING)
        for width in WIDTHS
    )
    harness = tmp_path / "harness.html"
    harness.write_text(f'<!DOCTYPE html><meta charset="utf-8">{frames}<p id="told"></p><script>{MEASURE}</script>')
    command = [
        str(CHROMIUM), "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
        "--disable-background-networking",
        f"--user-data-dir={tmp_path / 'profile'}", "--virtual-time-budget=10000", "--dump-dom", harness.as_uri(),
    ]  # fmt: skip

    shown = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout

    told = re.search(r"widths ([\d ]+)<", shown)
    assert told is not None, shown[-500:]
    assert [int(width) for width in told[1].split()] == [*WIDTHS, *WIDTHS]
