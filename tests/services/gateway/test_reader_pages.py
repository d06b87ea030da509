"""The readers' pages in a real browser: no wider than the screen, and large enough to touch, on a phone and at a desk."""

import json
import re
import subprocess
from html import escape

import pytest

from lettermill.chromium import find_chromium
from tests.services.gateway.test_readers import HTML, TOKEN

WIDTHS = (360, 1280)
MEASURE = """
addEventListener('load', () => {
  const told = [...document.querySelectorAll('iframe')].map(frame => {
    const page = frame.contentDocument;
    const heights = [...page.querySelectorAll('button, label')].map(one => one.getBoundingClientRect().height);
    return [page.documentElement.scrollWidth, page.querySelectorAll('h1').length, Math.min(44, ...heights)];
  });
  document.getElementById('told').textContent = 'told ' + JSON.stringify(told);
});
"""


@pytest.mark.skipif(find_chromium() is None, reason="no chromium on this machine")
def test_pages_fit_the_screen_and_the_finger(caller, tmp_path):
    pages = [
        caller.client.get(f"/mail/unsubscribe/{TOKEN}").text,
        caller.client.get(f"/mail/preferences/{TOKEN}").text,
        caller.client.post(f"/mail/preferences/{TOKEN}", data={"all": "yes"}, headers=HTML).text,
        caller.client.get("/mail/unsubscribe/x").text,
    ]
    frames = "".join(
        f'<iframe srcdoc="{escape(page)}" style="width: {width}px; height: 900px; border: 0"></iframe>'
        for page in pages
        for width in WIDTHS
    )
    harness = tmp_path / "harness.html"
    harness.write_text(f'<!DOCTYPE html><meta charset="utf-8">{frames}<p id="told"></p><script>{MEASURE}</script>')
    command = [
        str(find_chromium()), "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
        "--disable-background-networking",
        f"--user-data-dir={tmp_path / 'profile'}", "--virtual-time-budget=5000", "--dump-dom", harness.as_uri(),
    ]  # fmt: skip

    shown = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout

    told = json.loads(re.search(r"told (\[.*\])<", shown)[1])
    assert told == [[width, 1, 44] for _ in pages for width in WIDTHS]
