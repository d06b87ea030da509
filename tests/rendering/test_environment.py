"""A message's bytes depend on its template and context alone: no time zone, locale or hash seed of a machine."""

import json
import os
import subprocess
import sys

HOME = {"TZ": "Europe/Vienna", "LC_ALL": "C.UTF-8", "LANG": "C.UTF-8", "PYTHONHASHSEED": "1"}
ABROAD = {"TZ": "Pacific/Kiritimati", "LC_ALL": "tr_TR.UTF-8", "LANG": "tr_TR.UTF-8", "PYTHONHASHSEED": "4242"}


def rendered_in(environment):
    command = [sys.executable, "-m", "tests.rendering.in_environment"]
    path = os.pathsep.join(["src", "."])
    return subprocess.Popen(
        command,
        env=os.environ | environment | {"PYTHONPATH": path, "PYTHONUTF8": "0"},
        stdout=subprocess.PIPE,
        text=True,
    )


def test_another_process_time_zone_locale_and_hash_seed_give_the_same_bytes():
    processes = [rendered_in(HOME), rendered_in(ABROAD)]
    at_home, abroad = (json.loads(process.communicate()[0]) for process in processes)

    assert at_home == abroad
    assert {fault for campaign in at_home.values() for fault in campaign["faults"]} == {None}
    assert len({one for campaign in at_home.values() for one in campaign["html"]}) == 120
