"""The portal as it runs for people: web processes and a worker over a copy of the demo data.

Journeys talk to it through the browser alone, so they meet what only a real server has: several processes
with a page cache each, and messages that a worker writes a moment later.
"""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from portal.core.config import ROOT, Settings

LOG = "server.log"
READY_WITHIN_S = 60
END_WITHIN_S = 15
WEB = (
    "-m granian --interface wsgi wsgi:app --host 127.0.0.1 --port {port} --http 1 --no-ws --workers 2 "
    "--blocking-threads 2 --workers-kill-timeout 5 --log-level warning"
)


@contextmanager
def running(settings: Settings, database_url: str, data: Path, files: Path) -> Iterator[str]:
    """Run web server and worker over this database and a copy of these files; gives the portal's address.

    The keys are those of `settings`, by which the demo data was sealed. Throttles are lifted, as every
    visitor of a run comes from the same address.
    """
    shutil.copytree(files, data / "files")
    port = _free_port()
    url = f"http://127.0.0.1:{port}"
    left_out = {"PYTHONDONTWRITEBYTECODE"}
    env = {name: value for name, value in os.environ.items() if name not in left_out} | {
        "PORTAL_MODE": "demo",
        "PORTAL_DATA": str(data),
        "PORTAL_DATABASE_URL": database_url,
        "PORTAL_SECRET_KEY": settings.secret_key,
        "PORTAL_SEAL_KEYS": ",".join(f"{name}:{_written(key)}" for name, key in settings.seal_keys.items()),
        "PORTAL_REDIS_URL": settings.redis_url or "",
        "PORTAL_BASE_URL": url,
        "PORTAL_RELAXED": "1",
    }
    log = data / LOG
    with log.open("wb") as output:
        children = [
            subprocess.Popen([sys.executable, *words], cwd=ROOT, env=env, stdout=output, stderr=output)
            for words in (WEB.format(port=port).split(), ["-m", "portal.worker"])
        ]
        try:
            _wait_until_ready(url, children, log)
            yield url
        finally:
            _end(children)


def _written(key: bytes) -> str:
    return urlsafe_b64encode(key).decode()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_until_ready(url: str, children: list[subprocess.Popen[bytes]], log: Path) -> None:
    give_up = time.monotonic() + READY_WITHIN_S
    while time.monotonic() < give_up and all(child.poll() is None for child in children):
        try:
            with urllib.request.urlopen(f"{url}/readyz", timeout=5):  # noqa: S310 - our own address
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    raise AssertionError(f"The portal did not start:\n{log.read_text(errors='replace')}")


def _end(children: list[subprocess.Popen[bytes]]) -> None:
    for child in children:
        child.terminate()
    for child in children:
        try:
            child.wait(END_WITHIN_S)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
