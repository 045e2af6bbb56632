"""Figures for Prometheus: what the server processes count, added up; kept only where PORTAL_METRICS_TOKEN is set.

Every process of a server counts into files of its own, in a folder of the server under the data folder, so
that whichever process is asked answers for all of them. A folder is named after the process group (the
server, under systemd and `dev.py run` alike) and is removed when a later server starts and that one has
gone. Labels are endpoints, classes of status and states: never an address, a number of a case or a person (R37).
"""

import os
import shutil
import socket
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from portal.core.config import Settings

BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.3, 1.0, 3.0, 10.0)
"""Seconds; 0.3 is the p95 we hold (docs/performance.md)."""


@dataclass(frozen=True, slots=True)
class Gauge:
    """A figure read when somebody asks: name, help, and values by label (`{"state": "due"}` → 3)."""

    name: str
    text: str
    values: tuple[tuple[Mapping[str, str], float], ...]


class Meter:
    """The counters of this process."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        # The library reads it when it is imported first; nothing else of the portal imports it.
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder)
        from prometheus_client import CollectorRegistry, Counter, Histogram  # noqa: PLC0415 - see above

        own = CollectorRegistry()
        self.folder = folder
        self._requests = Counter(
            "portal_requests",
            "Requests by endpoint and class of status; kept: answered from memory.",
            ["endpoint", "status", "kept"],
            registry=own,
        )
        self._seconds = Histogram(
            "portal_request_seconds",
            "Time to answer, without what was kept in memory.",
            ["endpoint"],
            buckets=BUCKETS,
            registry=own,
        )

    def count(self, endpoint: str, status: int, *, kept: bool, seconds: float | None) -> None:
        """One request."""
        self._requests.labels(endpoint, f"{status // 100}xx", "yes" if kept else "no").inc()
        if seconds is not None:
            self._seconds.labels(endpoint).observe(seconds)

    def written(self, gauges: Iterable[Gauge]) -> tuple[bytes, str]:
        """Everything in Prometheus' text format, and its media type."""
        from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest  # noqa: PLC0415
        from prometheus_client.multiprocess import MultiProcessCollector  # noqa: PLC0415

        everything = CollectorRegistry()
        MultiProcessCollector(everything, path=str(self.folder))  # type: ignore[no-untyped-call]
        everything.register(_Gauges(gauges))
        return generate_latest(everything), CONTENT_TYPE_LATEST


class _Gauges:
    """What the library calls a collector."""

    def __init__(self, gauges: Iterable[Gauge]) -> None:
        self._gauges = tuple(gauges)

    def collect(self) -> Iterable[Any]:
        """The figures as the library wants them."""
        from prometheus_client.core import GaugeMetricFamily  # noqa: PLC0415 - see Meter

        for gauge in self._gauges:
            names = list(gauge.values[0][0]) if gauge.values else []
            family = GaugeMetricFamily(gauge.name, gauge.text, labels=names)
            for labels, value in gauge.values:
                family.add_metric(list(labels.values()), value)
            yield family


_meter: Meter | None = None


def prepare(settings: Settings) -> None:
    """Begin to count, where there is a token; once a process."""
    global _meter  # noqa: PLW0603 - one meter a process, as the library has one folder a process
    if settings.metrics_token is None or _meter is not None:
        return
    root = settings.data / "metrics"
    _forget_gone(root)
    _meter = Meter(root / _server())


def meter() -> Meter | None:
    """The meter of this process, if figures are kept."""
    return _meter


def count(endpoint: str | None, status: int, *, kept: bool = False, seconds: float | None = None) -> None:
    """Count a request; costs nothing where no figures are kept. No endpoint: nothing at that address."""
    if _meter is not None:
        _meter.count(endpoint or "none", status, kept=kept, seconds=seconds)


def _server() -> str:
    leader = os.getpgrp() if sys.platform != "win32" else os.getppid()
    return f"{socket.gethostname()}-{leader}-{_began(leader)}"


def _began(pid: int) -> str:
    """When a process began, in ticks since the machine did; `gone` when there is none: numbers come round again."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except OSError:
        return "gone"


def _forget_gone(root: Path) -> None:
    """Remove the figures of servers of this machine that run no more."""
    if not Path("/proc/self/stat").exists():
        return  # Not Linux: nobody can tell.
    here = socket.gethostname()
    for folder in root.glob(f"{here}-*"):
        leader, _, began = folder.name.removeprefix(f"{here}-").partition("-")
        if leader.isdigit() and _began(int(leader)) != began:
            shutil.rmtree(folder, ignore_errors=True)
