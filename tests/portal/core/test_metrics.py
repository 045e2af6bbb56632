"""Figures of several processes in one answer, and what becomes of those of servers that are gone."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from portal.core import metrics
from portal.core.config import ROOT

COUNTING = """
import sys
from pathlib import Path
from portal.core.metrics import Gauge, Meter
meter = Meter(Path(sys.argv[1]))
for _ in range(int(sys.argv[2])):
    meter.count("pages.home", 200, kept=False, seconds=0.02)
meter.count("pages.home", 304, kept=True, seconds=None)
body, media_type = meter.written([Gauge("portal_jobs", "Due work.", (({"state": "due"}, 3.0),))])
print(media_type)
print(body.decode())
"""


def counted(folder: Path, times: int) -> str:
    done = subprocess.run(
        [sys.executable, "-c", COUNTING, str(folder), str(times)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_any_process_answers_for_all(tmp_path: Path) -> None:
    counted(tmp_path, 3)
    told = counted(tmp_path, 4)
    assert told.startswith("text/plain; version=")
    assert 'portal_requests_total{endpoint="pages.home",kept="no",status="2xx"} 7.0' in told
    assert 'portal_requests_total{endpoint="pages.home",kept="yes",status="3xx"} 2.0' in told
    assert 'portal_request_seconds_count{endpoint="pages.home"} 7.0' in told
    assert 'portal_request_seconds_bucket{endpoint="pages.home",le="0.025"} 7.0' in told
    assert 'portal_jobs{state="due"} 3.0' in told


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="only Linux tells when a process began")
def test_figures_of_servers_that_are_gone_are_removed(tmp_path: Path) -> None:
    own = tmp_path / metrics._server()
    host = own.name.partition(f"-{os.getpgrp()}")[0]
    gone = tmp_path / f"{host}-{os.getpgrp()}-1"
    elsewhere = tmp_path / "another-machine-1-2"
    for folder in (own, gone, elsewhere):
        folder.mkdir()
    metrics._forget_gone(tmp_path)
    assert own.exists()
    assert not gone.exists()  # The number came round again.
    assert elsewhere.exists()


def test_without_a_token_nothing_is_counted() -> None:
    assert metrics.meter() is None
    metrics.count("pages.home", 200)
