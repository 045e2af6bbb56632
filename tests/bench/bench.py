"""`python3 dev.py bench`: what the portal costs beside the bare framework on the same server, in one run.

For each size (1,000, 10,000, 100,000 and 1,000,000 generated initiatives, see `dataset.py`) it starts the
server of `dev.py run` three times, around the portal, a Flask hello and a bare WSGI app with the same bytes,
and lets a load generator ask them in turn, several rounds. The judged figure is CPU of the server's processes
per request, the median of the rounds: rates swing with whatever else the machine does. Nothing is changed
outside the data folder but that the cases filed by the bench stay in its databases.

    python3 dev.py bench                 all sizes; building them takes some minutes, once
    python3 dev.py bench --quick         1,000 only
    python3 dev.py bench --sizes 1000 100000 --rounds 3

Targets P1–P20: docs/performance.md. Peers are not started: their CPU is known in multiples of Flask's hello.
"""

import argparse
import json
import os
import platform
import re
import secrets
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from urllib.request import Request, urlopen

from portal.core.config import ROOT
from portal.core.db import sqlite_driver
from tests.bench import dataset
from tests.bench.load import Told, Wanted, run
from tests.bench.servers import Server, serving

SIZES = (1_000, 10_000, 100_000, 1_000_000)
ROUNDS = 5
SECONDS = 1.0
FILINGS = 64
WRITERS = 32
BIG_ENOUGH = 100_000
"""From this size on the list has so many pages that a run shows no card twice."""
EXPECTED = {"200", "303", "304", "503"}
"""Statuses that may come: 503 is a filing refused because the database was taken, and is counted."""
ADDED_BY_SERVER = {"server", "date", "connection"}
ROUND_TRIPS = 600
"""Pages of the list a round may ask for."""

PLONE_LIST, PLONE_JSON, ADHOCRACY_LIST = 256, 130, 1050
"""CPU of the peers' lists of 20, 20 and 15 in multiples of Flask's hello, measured once on one machine."""
PLONE_MB, PLONE_START_S = 180, 4.5


@dataclass(slots=True)
class Case:
    """One kind of request and what it cost in each round."""

    server: Server
    requests: Callable[[int], list[Wanted]]
    connections: int = 8
    once: bool = False
    cpu: list[float] = field(default_factory=list)
    rates: list[float] = field(default_factory=list)
    told: list[Told] = field(default_factory=list)

    def play(self, turn: int, seconds: float) -> None:
        """One round."""
        before = self.server.cpu_ms()
        told = run(
            self.server.port,
            self.requests(turn),
            connections=self.connections,
            seconds=seconds,
            once=self.once,
        )
        if unexpected := told.statuses.keys() - EXPECTED:
            raise RuntimeError(f"{self.requests(turn)[0].path} answers {', '.join(unexpected)}")
        self.cpu.append((self.server.cpu_ms() - before) / told.done)
        self.rates.append(told.done / told.seconds)
        self.told.append(told)

    def forget(self) -> None:
        """Take the rounds so far for warm-up."""
        for kept in (self.cpu, self.rates, self.told):
            kept.clear()

    @property
    def cpu_ms(self) -> float:
        """CPU per request, the median round."""
        return statistics.median(self.cpu)

    @property
    def rate(self) -> float:
        """Requests a second, the median round."""
        return statistics.median(self.rates)


@dataclass(frozen=True, slots=True)
class Result:
    """One size: cases by name, and what was measured without a server."""

    size: int
    cases: dict[str, Case]
    inside: dict[str, Any]
    workers_mb: list[float]
    cold_start_s: float
    commits_per_s: float

    def cpu(self, name: str) -> float:
        """CPU per request of a case."""
        return self.cases[name].cpu_ms


def fetch(port: int, path: str, **headers: str) -> tuple[bytes, Any]:
    """Body and headers of one answer."""
    request = Request(f"http://127.0.0.1:{port}{path}", headers=headers)
    with urlopen(request, timeout=30) as answer:  # noqa: S310 - our own server
        return answer.read(), answer.headers


def measure(size: int, rounds: int, seconds: float) -> Result:
    """Everything about one size."""
    folder = dataset.ensure(size)
    print(f"\n{size:,} initiatives: queries and pages without a server …", flush=True)
    inside = _inside(size, FILINGS * rounds)
    with ExitStack() as stack, tempfile.TemporaryDirectory() as scratch:
        portal = stack.enter_context(serving("wsgi:app", "/pl/lublin/initiatives", PORTAL_DATA=str(folder)))
        body, headers = fetch(portal.port, "/pl/lublin/initiatives", **{"Accept-Encoding": "gzip"})
        (Path(scratch) / "body").write_bytes(body)
        ours = [(name, value) for name, value in headers.items() if name not in ADDED_BY_SERVER]
        (Path(scratch) / "headers.json").write_text(json.dumps(ours))
        hello = stack.enter_context(serving("tests.bench.bare:hello", "/"))
        bare = stack.enter_context(serving("tests.bench.bare:same", "/", BENCH_ANSWER=scratch))
        # Programs may ask 300 times a minute, which is less than is measured.
        relaxed = stack.enter_context(
            serving("wsgi:app", "/healthz", PORTAL_DATA=str(folder), PORTAL_RELAXED="1")
        )
        cases = _cases(portal, relaxed, hello, bare, inside)
        for case in cases.values():
            if not case.once:
                case.play(0, 0.5)  # Warm-up: caches, connections, first compilation of templates.
                case.forget()
        for turn in range(rounds):
            for name, case in cases.items():
                print(f"\r  round {turn + 1} of {rounds}: {name:<28}", end="", flush=True)
                case.play(turn + 1, seconds)
        print("\r" + " " * 60, end="\r", flush=True)
        return Result(size, cases, inside, portal.workers_mb(), portal.cold_start_s, _commits_per_s(folder))


def _inside(size: int, filings: int) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.inside", str(size), str(filings)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _cases(
    portal: Server, relaxed: Server, hello: Server, bare: Server, inside: dict[str, Any]
) -> dict[str, Case]:
    listing, points = "/pl/lublin/initiatives", "/pl/lublin/initiatives/map/points.json"
    cookie = {"Cookie": inside["cookie"] + inside["people"]["resident"]}
    gzip = {"Accept-Encoding": "gzip"}
    _, headers = fetch(portal.port, listing, **gzip)
    unchanged = {**gzip, "If-None-Match": headers["ETag"]}
    filings, supports = _posts(inside, "drafts"), _posts(inside, "supports")

    def always(path: str, **headers: str) -> Callable[[int], list[Wanted]]:
        wanted = [Wanted(path, headers=headers)]
        return lambda _turn: wanted

    def cursors_of(turn: int) -> list[str]:
        cursors: list[str] = inside["cursors"]
        first = turn * ROUND_TRIPS % max(len(cursors) - ROUND_TRIPS, 1)
        return cursors[first : first + ROUND_TRIPS]

    def pages(turn: int) -> list[Wanted]:
        return [Wanted(f"{listing}?bench=1&at={at}") for at in cursors_of(turn)]

    def pages_for_programs(turn: int) -> list[Wanted]:
        of_town = "/api/v1/municipalities/lublin/initiatives?size=20"
        return [Wanted(f"{of_town}&at={at}") for at in cursors_of(turn)]

    def details(turn: int) -> list[Wanted]:
        return [Wanted(f"{path}?bench=1") for path in inside["details"]]

    return {
        "hello (Flask)": Case(hello, always("/")),
        "same bytes (bare WSGI)": Case(bare, always("/")),
        "list, live": Case(portal, pages),
        "list, live, first page": Case(portal, always(f"{listing}?bench=1")),
        "list, signed in": Case(portal, always(listing, **cookie)),
        "list, kept": Case(portal, always(listing, **gzip)),
        "list, unchanged (304)": Case(portal, always(listing, **unchanged)),
        # One at a time: who reads several long answers in turn keeps the server's threads waiting for one another.
        "file of a list (JSON), live": Case(
            portal, always(f"{listing}.json?bench=1&{inside['file']}"), connections=1
        ),
        # A list for programs comes in pages of twenty as the peers' does; each page is another, so none is kept.
        "list by the API, live": Case(relaxed, pages_for_programs),
        "one initiative, live": Case(portal, details),
        "map data, whole town": Case(portal, always(f"{points}?bench=1&zoom=11&box={inside['box']}")),
        "map data, a small box": Case(portal, always(f"{points}?bench=1&zoom=15&box={inside['small_box']}")),
        "search": Case(portal, always("/pl/lublin/search?q=przystanku")),
        "support (POST)": Case(
            portal, lambda _turn: list(islice(supports, FILINGS)), connections=WRITERS, once=True
        ),
        "filing (POST)": Case(
            portal, lambda _turn: list(islice(filings, FILINGS)), connections=WRITERS, once=True
        ),
    }


def _posts(inside: dict[str, Any], what: str) -> Iterator[Wanted]:
    """Forms to be sent, each a single time and from a session of its own."""
    for ready in inside[what]:
        fields = {"csrf_token": ready["token"], "form_key": secrets.token_urlsafe(16), "website": ""}
        headers = {"Cookie": inside["cookie"] + ready["cookie"]}
        yield Wanted(ready["path"], "POST", headers, urlencode(fields))


def _commits_per_s(folder: Path) -> float:
    """Durable commits of one row that this disk bears, one after another."""
    path = folder / "commits.sqlite"
    connection = sqlite_driver().connect(str(path), isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("CREATE TABLE IF NOT EXISTS row (text TEXT)")
    started, count = time.perf_counter(), 300
    for _ in range(count):
        connection.execute("INSERT INTO row VALUES ('a row as short as can be')")
    rate = count / (time.perf_counter() - started)
    connection.close()
    for name in ("", "-wal", "-shm"):
        Path(f"{path}{name}").unlink(missing_ok=True)
    return rate


# What it came to -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Target:
    """A line of the table of targets; `measured` as text, `holds` unknown where a size is missing."""

    key: str
    what: str
    measured: str
    must: str
    holds: bool


def targets(results: dict[int, Result]) -> Iterator[Target]:
    """Every target that the sizes at hand can judge."""
    biggest = results[max(results)]
    yield from _of_pages(results.get(BIG_ENOUGH, biggest))
    if 1_000 in results:  # As many as the peer had.
        yield from _of_api(results[1_000])
    yield from _of_writing(results.get(10_000, biggest))
    if {10_000, 1_000_000} <= results.keys():
        yield from _of_growth(results[10_000], results[1_000_000])
    yield from _of_lists(biggest)
    yield from _of_server(biggest)


def _of_pages(r: Result) -> Iterator[Target]:
    hello, live = r.cpu("hello (Flask)"), r.cpu("list, live")
    signed = r.cpu("list, signed in")
    kept, bare = r.cpu("list, kept"), r.cpu("same bytes (bare WSGI)")
    unchanged = r.cpu("list, unchanged (304)")
    yield _at_least("P1", "list, live / Plone's listing", PLONE_LIST * hello / live, 12, "×")
    yield _at_least("P2", "list, live / adhocracy+'s list", ADHOCRACY_LIST * hello / live, 50, "×")
    yield _at_least("P3", "list, live / Flask's hello", 100 * hello / live, 5, " %")
    yield _at_least("P4", "list, signed in / Plone's listing", PLONE_LIST * hello / signed, 25, "×")
    yield _at_least("P5", "list, kept / bare WSGI, same bytes", 100 * bare / kept, 80, " %")
    yield _at_most("P6", "304 / 200 of the kept page, CPU", unchanged / kept, 1.0, "")
    yield _at_most("P8", "translation in the live list", 100 * r.inside["translation"], 15, " %")


def _of_api(r: Result) -> Iterator[Target]:
    page = r.cpu("list by the API, live")
    yield _at_least("P7", "list as JSON / Plone's", PLONE_JSON * r.cpu("hello (Flask)") / page, 12, "×")


def _of_lists(r: Result) -> Iterator[Target]:
    sent = r.inside["statements"]
    for page in ("list", "detail", "desk"):
        yield _at_most("P9", f"statements, {page}", sent[page], 6, "")
    cpu = r.inside["cpu"]
    yield _at_most("P15", "last page of the list / first", cpu["deepest"] / cpu["list"], 1.2, "×")
    # The first is kept ready until the next public change; the second tells what the depth itself costs.
    yield _at_most("P15", "last page of the list / second", cpu["deepest"] / cpu["second"], 1.2, "×")
    whole = max(told.size for told in r.cases["map data, whole town"].told)
    small = max(told.size for told in r.cases["map data, a small box"].told)
    yield _at_most("P17", "map, features", r.inside["features"], 500, "")
    yield _at_most("P17", "map, answer", max(whole, small) / 1000, 60, " kB")
    slowest = max(r.inside["sql"]["search common"], r.inside["sql"]["search rare"])
    yield _at_most("P18", "search, newest first", slowest, 5, " ms")
    # The likest among the newest that hold any of the words: the one search that is not by age.
    yield _at_most("P18", "search, by relevance (similar cases)", r.inside["sql"]["similar"], 50, " ms")


def _of_writing(r: Result) -> Iterator[Target]:
    filing = r.cases["filing (POST)"]
    failed = sum(told.failed for told in filing.told)
    spread = statistics.median(told.p99 / told.p50 for told in filing.told)
    support = r.cpu("support (POST)")
    yield _at_least(
        "P10",
        "support (an insert and a counter) / Flask's hello",
        100 * r.cpu("hello (Flask)") / support,
        15,
        " %",
    )
    yield _at_least("P10", "filing / Flask's hello", 100 * r.cpu("hello (Flask)") / filing.cpu_ms, 15, " %")
    if r.commits_per_s < 500:
        share = 100 * filing.rate / r.commits_per_s
        yield _at_least("P11", "filing / raw durable commits", share, 70, " %")
    yield _at_most("P12", f"failed of {sum(t.done for t in filing.told)} filings", failed, 0, "")
    yield _at_most("P12", f"filing, p99 / p50 at {WRITERS} clients", spread, 5, "×")


def _of_growth(small: Result, big: Result) -> Iterator[Target]:
    one, two = small.inside, big.inside
    yield _at_most("P13", "list query, 1M / 10k", two["sql"]["list"] / one["sql"]["list"], 5, "×")
    yield _at_most("P13", "list query at 1M", two["sql"]["list"], 0.3, " ms")
    yield _at_most("P14", "list page, 1M / 10k", two["cpu"]["list"] / one["cpu"]["list"], 1.15, "×")
    yield _at_most("P16", "map, whole, 1M / 10k", two["sql"]["map whole"] / one["sql"]["map whole"], 1.5, "×")
    yield _at_most("P16", "map, whole, at 1M", two["sql"]["map whole"], 1, " ms")


def _of_server(r: Result) -> Iterator[Target]:
    yield _at_most("P19", "memory of a worker / Plone's", max(r.workers_mb) / PLONE_MB, 0.45, "")
    yield _at_most("P20", "cold start / Plone's", r.cold_start_s / PLONE_START_S, 0.25, "")


def _at_least(key: str, what: str, value: float, must: float, unit: str) -> Target:
    return Target(key, what, f"{value:.3g}{unit}", f"≥ {must}{unit}", value >= must)


def _at_most(key: str, what: str, value: float, must: float, unit: str) -> Target:
    return Target(key, what, f"{value:.3g}{unit}", f"≤ {must}{unit}", value <= must)


def tell(results: dict[int, Result]) -> None:
    """Print all tables, as Markdown, ready for docs/performance.md."""
    print(f"\nMachine: {machine()}\n")
    print("CPU of the server per request in ms (requests a second), medians\n")
    last = results[max(results)]
    print("| case | " + " | ".join(f"{size:,}" for size in results) + f" | × hello at {last.size:,} |")
    print("|---|" + "---|" * (len(results) + 1))
    for name in last.cases:
        cells = [f"{r.cpu(name):.3f} ({r.cases[name].rate:,.0f})" for r in results.values()]
        cells.append(f"{last.cpu(name) / last.cpu('hello (Flask)'):.3g}")
        print(f"| {name} | " + " | ".join(cells) + " |")
    print("\nTime of the database alone in ms, the least of 40\n")
    print("| query | " + " | ".join(f"{size:,}" for size in results) + " |")
    print("|---|" + "---|" * len(results))
    for name in last.inside["sql"]:
        print(f"| {name} | " + " | ".join(f"{r.inside['sql'][name]:.3f}" for r in results.values()) + " |")
    print("\nBytes of the pages: " + ", ".join(f"{k} {v:,}" for k, v in last.inside["bytes"].items()))
    print("Statements: " + ", ".join(f"{k} {v}" for k, v in last.inside["statements"].items()))
    weight = last.cases["list, kept"].told[-1].size
    print(f"The list on the wire, compressed: {weight:,} bytes")
    print("Memory of a worker, MB: " + ", ".join(f"{size:.0f}" for size in last.workers_mb))
    print(
        f"Start to the first page: {last.cold_start_s:.1f} s; durable commits: {last.commits_per_s:,.0f}/s\n"
    )
    print("| target | what | measured | must | |")
    print("|---|---|---|---|---|")
    for line in targets(results):
        verdict = "holds" if line.holds else "**missed**"
        print(f"| {line.key} | {line.what} | {line.measured} | {line.must} | {verdict} |")


def machine() -> str:
    """What this was measured on."""
    names = re.findall(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    busy = os.getloadavg()[1]
    return (
        f"{len(os.sched_getaffinity(0))} processors ({names[0] if names else 'unknown'}), {memory:.0f} GB, "
        f"Python {platform.python_version()}, SQLite {sqlite_driver().sqlite_version}, "
        f"load of the last five minutes {busy:.1f}"
    )


def main() -> None:
    """Measure and tell."""
    parser = argparse.ArgumentParser(
        "python3 dev.py bench", description="Measures the portal on this machine."
    )
    parser.add_argument("--quick", action="store_true", help="1,000 initiatives only, fewer rounds")
    parser.add_argument("--sizes", type=int, nargs="+", default=list(SIZES), help="other sizes")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="rounds of each case (default 5)")
    options = parser.parse_args()
    if options.quick:
        options.sizes, options.rounds = [1_000], min(options.rounds, 3)
    print(f"Databases lie in {dataset.BASE}; those that are missing are built first.", flush=True)
    for size in options.sizes:
        dataset.ensure(size)
    tell({size: measure(size, options.rounds, SECONDS) for size in sorted(options.sizes)})


if __name__ == "__main__":
    main()
