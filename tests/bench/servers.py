"""Starting the server the portal runs under, and reading what its processes cost.

CPU is what the kernel booked on the server's processes, in ticks of 10 ms: a round must be long enough. Memory
is PSS, which divides shared pages fairly between the processes that share them.
"""

import contextlib
import http.client
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import dev
from portal.core.config import ROOT

TICK_MS = 1000 / os.sysconf("SC_CLK_TCK")
READY_WITHIN_S = 60
STOP_WITHIN_S = 10
LAST_WORDS = 3000
ABSENT = Path(__file__).parent / "absent"
"""Modules that are not there in production, whatever this environment has."""


@dataclass(frozen=True, slots=True)
class Server:
    """A running server; `process` is its first process, the workers are its children."""

    process: subprocess.Popen[bytes]
    port: int
    cold_start_s: float

    def tree(self) -> list[int]:
        """Ids of all its processes, the first one before its workers."""
        found, waiting = [], [self.process.pid]
        while waiting:
            pid = waiting.pop(0)
            found.append(pid)
            with contextlib.suppress(OSError):
                for task in os.listdir(f"/proc/{pid}/task"):
                    waiting += map(int, Path(f"/proc/{pid}/task/{task}/children").read_text().split())
        return found

    def cpu_ms(self) -> float:
        """Processor time of all of them since they began."""
        return sum(_cpu_ms(pid) for pid in self.tree())

    def workers_mb(self) -> list[float]:
        """Memory of each worker, in MB of 10⁶ bytes."""
        return [size for pid in self.tree()[1:] if (size := _pss_mb(pid)) > 20]


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def serving(app: str, path: str, port: int | None = None, **environ: str) -> Iterator[Server]:
    """The server of `dev.py run` around a WSGI application, answering at `path`, until the block ends."""
    port = port or free_port()
    words = dev.SERVER.format(host="127.0.0.1", port=port).replace("wsgi:app", app).split()
    env = dev.child_env(
        PORTAL_BASE_URL=f"http://127.0.0.1:{port}", PORTAL_MODE="demo", PORTAL_PROOF="0/0", **environ
    )
    env.pop("PORTAL_DATABASE_URL", None)
    env["PYTHONPATH"] = os.pathsep.join(filter(None, (str(ABSENT), env.get("PYTHONPATH"))))
    started = time.monotonic()
    with tempfile.TemporaryFile("w+", errors="replace") as log:
        process = subprocess.Popen(
            [dev.PYTHON, *words], cwd=ROOT, env=env, stdout=log, stderr=log, start_new_session=True
        )
        try:
            wait_for_answer(port, path)
            yield Server(process, port, time.monotonic() - started)
        except Exception:
            log.seek(0)
            print("\nThe server's last words:\n" + log.read()[-LAST_WORDS:], file=sys.stderr)
            raise
        finally:
            stop(process)


def wait_for_answer(port: int, path: str, within_s: float = READY_WITHIN_S) -> None:
    """Return with the first 200. Raises TimeoutError."""
    give_up = time.monotonic() + within_s
    while time.monotonic() < give_up:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.request("GET", path)
            if connection.getresponse().status == http.HTTPStatus.OK:
                return
        except (OSError, http.client.HTTPException):
            pass
        finally:
            connection.close()
        time.sleep(0.02)
    raise TimeoutError(f"No answer at {path} within {within_s} s.")


def stop(process: "subprocess.Popen[bytes]") -> None:
    """End a program that was started in a session of its own, with everything it started."""
    process.terminate()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(STOP_WITHIN_S)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _cpu_ms(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) * TICK_MS


def _pss_mb(pid: int) -> float:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) * 1024 / 1e6 for line in lines if line.startswith("Pss:")), 0.0)
