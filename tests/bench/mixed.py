"""An ordinary busy hour: 150 requests a second arrive whether or not the earlier ones are answered (F1).

Nine of ten read (front pages, list, list with a filter, search, a case, map, a desk of staff), one of ten writes
(support, comment, filing), each from a session of its own, over 10,000 cases on SQLite behind the server of
`dev.py run`, with a worker. Time counts from the instant a request was due, so that waiting is not left out. The
requests come from a process of its own; how late it sent them is told as well.

    python -m tests.bench.mixed prepare 600      sessions, drafts and cases for so many writes of each kind, as JSON
    python -m tests.bench.mixed send             carries out the plan on its input
"""

import json
import queue
import random
import secrets
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from dataclasses import asdict
from io import BufferedReader
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import dev
from portal.core.config import ROOT
from tests.bench import dataset
from tests.bench.drill import Portal
from tests.bench.figures import Figure, at_least, at_most, note
from tests.bench.load import Wanted, answer_of, bytes_of

SIZE = 10_000
RATE = 150
WRITES = 0.1
CONNECTIONS = 64
GOOD = {"200", "303", "304"}
P95_MS = 300.0
KINDS = ("support", "comment", "filing")
WORDS = ("przystanku", "ławka", "park", "ławostop", "bezpieczne przejście", "drzewa")


# The server's side -----------------------------------------------------------------------------------------


def prepare(count: int) -> dict[str, Any]:
    """What the writers and the readers need, over the data folder of the environment."""
    from portal.app import create_app
    from portal.core import tenancy
    from tests.bench import inside

    app = create_app()
    with app.app_context():
        town = tenancy.town(inside.TOWN)
        with tenancy.within(town.id):
            people = inside._people(town)
            resident = int(people["resident_id"])
            return {
                "cookie": f"{app.config['SESSION_COOKIE_NAME']}=",
                "leader": people["leader"],
                "numbers": inside.numbers(400),
                "box": ",".join(map(str, town.box)),
                "filing": inside.drafts(app, town, count, resident),
                "support": inside.supports(app, count, resident),
                "comment": [
                    {"path": one["path"].replace("/support", "/comment")} | session
                    for one, session in zip(
                        inside.supports(app, count, resident),
                        inside.sessions(app, count, resident),
                        strict=False,
                    )
                ],
            }


# The plan --------------------------------------------------------------------------------------------------


def plan(ready: dict[str, Any], seconds: int, seed: int) -> list[tuple[str, Wanted]]:
    """What is sent in turn, each with its kind."""
    chance = random.Random(seed)
    writes = {kind: iter(ready[kind]) for kind in KINDS}
    found: list[tuple[str, Wanted]] = []
    for _ in range(seconds * RATE):
        kind = chance.choice(KINDS)
        one = next(writes[kind], None) if chance.random() < WRITES else None
        found.append((kind, _write(kind, one, ready)) if one else _read(chance, ready))
    return found


def _write(kind: str, one: dict[str, str], ready: dict[str, Any]) -> Wanted:
    fields = {"csrf_token": one["token"], "form_key": secrets.token_urlsafe(16), "website": ""}
    if kind == "comment":
        fields |= {"stance": "for", "text": f"Popieram, bo codziennie tędy chodzę. {fields['form_key']}"}
    headers = {"Cookie": ready["cookie"] + one["cookie"]}
    return Wanted(one["path"], "POST", headers, urlencode(fields))


def _read(chance: random.Random, ready: dict[str, Any]) -> tuple[str, Wanted]:
    place = f"/{chance.choice(('pl', 'pl', 'pl', 'en', 'cs'))}/lublin"
    category = chance.choice(("greenery", "roads", "safety", "culture"))
    pages = {
        "front page": place + "/",
        "list": f"{place}/initiatives",
        "list with a filter": f"{place}/initiatives?category={category}",
        "search": f"{place}/initiatives?q={chance.choice(WORDS)}".replace(" ", "+"),
        "case": f"{place}/initiatives/{chance.choice(ready['numbers'])}",
        "map": f"{place}/initiatives/map/points.json?zoom={chance.choice((11, 12))}&box={ready['box']}",
        "desk": f"{place}/desk/initiatives",
    }
    kind = chance.choices(list(pages), (10, 25, 15, 10, 25, 10, 5))[0]
    headers = {"Accept-Encoding": "gzip"}
    if kind == "desk":
        headers["Cookie"] = ready["cookie"] + ready["leader"]
    path = pages[kind].encode("ascii", "ignore").decode() if kind != "search" else _quoted(pages[kind])
    return kind, Wanted(path, headers=headers)


def _quoted(path: str) -> str:
    return "".join(
        sign if sign.isascii() else "".join(f"%{byte:02X}" for byte in sign.encode()) for sign in path
    )


# The senders -----------------------------------------------------------------------------------------------


class Senders:
    """Connections that are kept open; each takes the next request that is due."""

    def __init__(self, port: int, payloads: list[bytes], rate: float) -> None:
        self._port = port
        self._payloads = payloads
        self._rate = rate
        self._due: queue.SimpleQueue[int | None] = queue.SimpleQueue()
        self._began = 0.0
        self.times: list[tuple[int, float, str]] = []
        self.late: list[float] = []

    def run(self) -> float:
        """Send all; how many seconds that took."""
        threads = [threading.Thread(target=self._serve) for _ in range(CONNECTIONS)]
        for thread in threads:
            thread.start()
        self._began = time.perf_counter() + 0.2
        for number in range(len(self._payloads)):
            wait = self._began + number / self._rate - time.perf_counter()
            if wait > 0:
                time.sleep(wait)
            self._due.put(number)
        for _ in threads:
            self._due.put(None)
        for thread in threads:
            thread.join()
        return time.perf_counter() - self._began

    def _serve(self) -> None:
        line, reader = self._connect()
        while (number := self._due.get()) is not None:
            due = self._began + number / self._rate
            self.late.append(time.perf_counter() - due)
            try:
                line.sendall(self._payloads[number])
                status, _ = answer_of(reader)
            except (OSError, IndexError, ValueError):
                status = "none"
                line.close()
                line, reader = self._connect()
            self.times.append((number, time.perf_counter() - due, status))
        line.close()

    def _connect(self) -> tuple[socket.socket, BufferedReader]:
        line = socket.create_connection(("127.0.0.1", self._port), timeout=30)
        return line, line.makefile("rb")


def send() -> dict[str, Any]:
    """Carry out the plan on the input."""
    given = json.load(sys.stdin)
    payloads = [bytes_of(wanted, given["port"]) for wanted in given["requests"]]
    senders = Senders(given["port"], payloads, given["rate"])
    seconds = senders.run()
    return {"seconds": seconds, "times": sorted(senders.times), "late": share(senders.late, 0.99) * 1000}


def share(values: list[float], part: float) -> float:
    """The value below which this part of them lies; 0 of none."""
    return sorted(values)[min(int(len(values) * part), len(values) - 1)] if values else 0.0


# The figure ------------------------------------------------------------------------------------------------


def load(folder: Path, seconds: int, seed: int) -> list[Figure]:
    """Start server and worker over a copy of the 10,000 cases, and let the requests arrive."""
    trial = Portal(folder / "load")
    shutil.copytree(dataset.ensure(SIZE), trial.folder)
    writes = int(seconds * RATE * WRITES / len(KINDS) * 1.2) + 10
    wanted = plan(trial.told("mixed", "prepare", str(writes)), seconds, seed)
    try:
        trial.start_web()
        trial.start_worker()
        note(f"  {len(wanted):,} requests in {seconds} s …")
        told = _carried_out(trial.port, [one for _, one in wanted])
    finally:
        trial.end()
    return _judged(wanted, told, seconds)


def _carried_out(port: int, wanted: list[Wanted]) -> dict[str, Any]:
    given = {"port": port, "rate": RATE, "requests": [asdict(one) for one in wanted]}
    done = subprocess.run(
        [dev.PYTHON, "-m", "tests.bench.mixed", "send"],
        cwd=ROOT,
        input=json.dumps(given),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _judged(wanted: list[tuple[str, Wanted]], told: dict[str, Any], seconds: int) -> list[Figure]:
    times: dict[str, list[float]] = {}
    errors: Counter[tuple[str, str]] = Counter()
    for number, took, status in told["times"]:
        kind = wanted[number][0]
        times.setdefault(kind, []).append(took * 1000)
        if status not in GOOD:
            errors[kind, status] += 1
    note("| kind | requests | p50 ms | p95 ms | p99 ms |\n|---|---|---|---|---|")
    for kind, took in sorted(times.items()):
        note(
            f"| {kind} | {len(took):,} | {share(took, 0.5):.0f} | {share(took, 0.95):.0f} | {share(took, 0.99):.0f} |"
        )
    note(f"  errors: {dict(errors) or 'none'}; sent late, p99: {told['late']:.0f} ms")
    everything = [took for some in times.values() for took in some]
    writes = sum(len(times.get(kind, ())) for kind in KINDS)
    return [
        at_least(
            "F1", f"requests a second, over {seconds} s", len(everything) / told["seconds"], RATE * 0.99
        ),
        at_most("F1", "p95 of all", share(everything, 0.95), P95_MS, " ms"),
        Figure(
            "F1",
            "p50; p99 of all",
            f"{share(everything, 0.5):.0f} ms; {share(everything, 0.99):.0f} ms",
            "–",
            True,
        ),
        at_most(
            "F1", f"errors among {len(everything):,}, of them {writes:,} writes", sum(errors.values()), 0
        ),
    ]


def main() -> None:
    """Prepare or send, and print what came of it."""
    print(json.dumps(prepare(int(sys.argv[2])) if sys.argv[1] == "prepare" else send()))


if __name__ == "__main__":
    main()
