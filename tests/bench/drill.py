"""Volleys of equal requests and kills at any instant; nothing may be lost or double.

A portal of its own is started in a temporary folder: the server of `dev.py run` and a worker, both real. It is also
the portal on trial of the other parts of the drill (`drills.py`).

1. Volleys: 24 equal posts of one form make one case; 24 supports of one person count once.
2. Kills: people file initiatives through the steps of the form while `kill -9` falls on the whole server,
   on one of its processes or on the worker, at random instants. Whoever got a receipt must be found
   afterwards; no case may be half-written; server and worker must be ready again within five seconds.

Source: R57–R63, F3 and F7 (docs/security.md).
"""

import contextlib
import http.client
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import urlencode, urljoin

import dev
from portal.core.config import ROOT
from tests.bench.figures import Figure, at_most, note
from tests.bench.servers import free_port, stop, wait_for_answer
from tests.factories.browser import Forms

CLIENTS = 24
FILERS = 4
READY_WITHIN_S = 5.0
PATIENCE_S = 60.0
LEASE_S = 150
"""A killed worker's lease has run out after this."""
LONGEST_PAUSE_S = 2.5
"""Between two kills, after everything is ready again."""
TRIAL = "Próba"
"""How the titles of all that is filed under the kills begin."""
NEW = "/pl/lublin/initiatives/new"


class Lost(Exception):
    """The connection broke or nobody answers: the caller does not know what became of the request."""


@dataclass(slots=True)
class Answer:
    """What came back."""

    status: int
    location: str
    body: str


class Person:
    """A browser without script: keeps cookies, fills forms in."""

    def __init__(self, port: int, cookie: str = "") -> None:
        self._port = port
        self._cookies: dict[str, str] = dict([cookie.split("=", 1)]) if cookie else {}

    def ask(self, method: str, path: str, fields: dict[str, str] | None = None) -> Answer:
        """One request. Raises Lost."""
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self._cookies.items())}
        body = None
        if fields is not None:
            body = urlencode(fields)
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=30)
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            text = answer.read().decode(errors="replace")
        except (OSError, http.client.HTTPException) as problem:
            raise Lost from problem
        finally:
            connection.close()
        for line in answer.headers.get_all("Set-Cookie", []):
            for name, morsel in SimpleCookie(line).items():
                self._cookies[name] = morsel.value
        return Answer(answer.status, answer.headers.get("Location", ""), text)

    def form(self, path: str, wanted: set[str]) -> tuple[str, dict[str, str]]:
        """Address and fields of the form on a page that has these fields. Raises Lost for another page."""
        page = self.ask("GET", path)
        if page.status != http.HTTPStatus.OK:
            raise Lost(f"{path} answers {page.status}")
        found = Forms(page.body)
        for (action, fields), names in zip(found.found, found.names, strict=True):
            if wanted <= names:
                return urljoin(path, action) if action else path, dict(fields)
        raise RuntimeError(f"{path} has no form with {wanted}")

    def submit(self, path: str, values: dict[str, str]) -> Answer:
        """Fill a form in and send it. Raises Lost unless it is taken."""
        action, fields = self.form(path, set(values))
        answer = self.ask("POST", action, fields | values)
        if answer.status != http.HTTPStatus.SEE_OTHER:
            raise Lost(f"{path} answers {answer.status}")
        return answer


def draft(person: Person, title: str, email: str = "") -> str:
    """Go through the steps up to the last; gives the address of the page that sends. Raises Lost."""
    text = f"{title}. Przy przystanku nie ma gdzie usiąść, a autobus jeździ co godzinę. Proszę o ławkę."
    started = person.submit(NEW, {"title": title, "text": text, "category": "greenery"})
    base = started.location.split("?")[0].rsplit("/", 1)[0]
    person.submit(f"{base}/where", {"place": "point", "lat": "51,2465", "lon": "22,5684"})
    if email:
        person.submit(f"{base}/you", {"name": "Anna Próbna", "email": email})
    return f"{base}/preview"


@dataclass(slots=True)
class Portal:
    """The portal on trial, in a folder of its own."""

    folder: Path
    port: int = field(default_factory=free_port)
    settings: dict[str, str] = field(default_factory=dict)
    web: "subprocess.Popen[bytes] | None" = None
    worker: "subprocess.Popen[bytes] | None" = None

    @property
    def log(self) -> Path:
        """What its processes say."""
        return self.folder / "drill.log"

    def environ(self) -> dict[str, str]:
        """Throttles are lifted, since everybody comes from the same address."""
        env = dev.child_env(
            PORTAL_DATA=str(self.folder),
            PORTAL_MODE="demo",
            PORTAL_RELAXED="1",
            PORTAL_BASE_URL=f"http://127.0.0.1:{self.port}",
        )
        env.pop("PORTAL_DATABASE_URL", None)
        return env | self.settings

    def stage(self, *words: str) -> dict[str, Any]:
        """Run `tests.bench.stage` over the folder."""
        return self.told("stage", *words)

    def told(self, script: str, *words: str) -> dict[str, Any]:
        """Run a script of `tests.bench` over the folder; what it prints last."""
        done = subprocess.run(
            [dev.PYTHON, "-m", f"tests.bench.{script}", *words],
            cwd=ROOT,
            env=self.environ(),
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return found

    def flask(self, *words: str) -> "subprocess.CompletedProcess[str]":
        """Run a command of the portal over the folder."""
        return subprocess.run(
            [dev.PYTHON, "-m", "flask", *words],
            cwd=ROOT,
            env=self.environ(),
            capture_output=True,
            text=True,
            check=False,
        )

    def start_web(self) -> float:
        """Start the server; seconds until it is ready."""
        words = dev.SERVER.format(host="127.0.0.1", port=self.port).split()
        self.web = self._start(words)
        started = time.monotonic()
        wait_for_answer(self.port, "/readyz")
        return time.monotonic() - started

    def start_worker(self) -> float:
        """Start the worker; seconds until it looks for due work, which it says in its log with its number."""
        self.worker = self._start(["-m", "portal.worker"])
        started = time.monotonic()
        told = f'"pid": {self.worker.pid}'
        while time.monotonic() - started < PATIENCE_S:
            lines = self.log.read_text(errors="replace").splitlines()
            if any("worker started" in line and told in line for line in lines):
                return time.monotonic() - started
            time.sleep(0.02)
        raise TimeoutError(f"The worker did not begin within {PATIENCE_S} s.")

    def _start(self, words: list[str]) -> "subprocess.Popen[bytes]":
        with self.log.open("ab") as log:
            return subprocess.Popen(
                [dev.PYTHON, *words],
                cwd=ROOT,
                env=self.environ(),
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def kill_web(self) -> float:
        """`kill -9` on the server with all its processes, then start it again; seconds until it is ready."""
        _kill_group(self.web)
        return self.start_web()

    def kill_one(self, chance: random.Random) -> float:
        """`kill -9` on one of the server's processes; seconds until there are as many as before.

        A server whose process dies again within seconds of its start gives up; then it is started anew, as
        the system's supervisor does (docs/production.md).
        """
        before, started = self._web_processes(), time.monotonic()
        if before:
            with contextlib.suppress(ProcessLookupError):
                os.kill(chance.choice(before), signal.SIGKILL)
        while time.monotonic() - started < PATIENCE_S:
            if self._gave_up():
                self.start_web()
                return time.monotonic() - started
            with contextlib.suppress(TimeoutError):
                if len(self._web_processes()) >= len(before):
                    wait_for_answer(self.port, "/readyz", within_s=0.5)
                    return time.monotonic() - started
            time.sleep(0.02)
        raise TimeoutError(f"The server was not itself again within {PATIENCE_S} s.")

    def _gave_up(self) -> bool:
        return self.web is not None and self.web.poll() is not None

    def _web_processes(self) -> list[int]:
        if self.web is None:
            return []
        path = Path(f"/proc/{self.web.pid}/task/{self.web.pid}/children")
        return [int(pid) for pid in path.read_text().split() if _serves(int(pid))]

    def kill_worker(self) -> float:
        """`kill -9` on the worker, then start it again; seconds until it looks for due work."""
        _kill_group(self.worker)
        return self.start_worker()

    def end(self) -> None:
        """End both."""
        for process in (self.web, self.worker):
            if process is not None:
                stop(process)


def _serves(pid: int) -> bool:
    """Whether a child of the server answers requests: Python keeps a helper beside them."""
    try:
        return b"resource_tracker" not in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False


def _kill_group(process: "subprocess.Popen[bytes] | None") -> None:
    if process is not None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@contextlib.contextmanager
def portal(folder: Path, volleys: int) -> Iterator[tuple[Portal, dict[str, Any]]]:
    """A portal that runs until the block ends, and what was prepared in it."""
    trial = Portal(folder)
    prepared = trial.stage("prepare", str(volleys))
    try:
        trial.start_web()
        trial.start_worker()
        yield trial, prepared
    finally:
        trial.end()


# Volleys ---------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Volleys:
    """What came of the volleys."""

    fired: int = 0
    cases_too_many: int = 0
    supports_too_many: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    other_receipts: int = 0


def fire_volleys(trial: Portal, prepared: dict[str, Any]) -> Volleys:
    """Equal posts of one form, and supports of one person from many devices, all at the same instant."""
    told = Volleys()
    for number, case in enumerate(prepared["cases"]):
        told.fired += 1
        receipts = _equal_posts(trial, f"Salwa {number:04d}", told)
        told.other_receipts += max(len(receipts) - 1, 0)
        _supports(trial, prepared, case, told)
    after = trial.stage("inspect")
    told.cases_too_many = abs(sum(title.startswith("Salwa") for _, title in after["filed"]) - told.fired)
    told.supports_too_many = sum(abs(n - 1) for n in after["supports"].values())
    if after["problems"]:
        raise SystemExit("\n".join(["Rows do not fit together after the volleys:", *after["problems"]]))
    return told


def _equal_posts(trial: Portal, title: str, told: Volleys) -> set[str]:
    person = Person(trial.port)
    action, fields = person.form(draft(person, title), {"form_key"})
    with ThreadPoolExecutor(CLIENTS) as pool:
        answers = list(pool.map(lambda _: person.ask("POST", action, fields), range(CLIENTS)))
    told.statuses.update(answer.status for answer in answers)
    return {answer.location for answer in answers if answer.status == http.HTTPStatus.SEE_OTHER}


def _supports(trial: Portal, prepared: dict[str, Any], case: str, told: Volleys) -> None:
    path = f"/pl/lublin/initiatives/{case}/support"
    people = [Person(trial.port, prepared["cookie"] + session) for session in prepared["sessions"]]
    forms = [person.form(path, {"form_key"}) for person in people]
    with ThreadPoolExecutor(CLIENTS) as pool:
        answers = list(pool.map(lambda pair: pair[0].ask("POST", *pair[1]), zip(people, forms, strict=True)))
    told.statuses.update(answer.status for answer in answers)


# Kills -----------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Filings:
    """What the people who file know; `acknowledged` maps their title to the number on the receipt."""

    acknowledged: dict[str, str] = field(default_factory=dict)
    tried: int = 0
    repeated: int = 0
    unheard: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)


def keep_filing(port: int, name: str, told: Filings, stopping: threading.Event) -> None:
    """File one initiative after the other until told to stop."""
    serial = 0
    while not stopping.is_set():
        serial += 1
        title = f"{TRIAL} {name} {serial:05d}"
        person = Person(port)
        try:
            path = draft(person, title, f"{name}.{serial}@people.example")
            action, fields = person.form(path, {"form_key"})
        except Lost:
            stopping.wait(0.05)
            continue
        with told.lock:
            told.tried += 1
        _send(person, action, fields, title, told)


def _send(person: Person, action: str, fields: dict[str, str], title: str, told: Filings) -> None:
    """Send the last form; when the answer is lost, send the same again until there is one."""
    give_up = time.monotonic() + PATIENCE_S
    first = True
    while time.monotonic() < give_up:
        try:
            answer = person.ask("POST", action, fields)
        except Lost:
            answer = None
        if answer is not None and answer.status == http.HTTPStatus.SEE_OTHER and "receipt" in answer.location:
            with told.lock:
                told.acknowledged[title] = answer.location.split("/")[-2].upper()
                told.repeated += not first
            return
        if answer is not None and answer.status < http.HTTPStatus.INTERNAL_SERVER_ERROR:
            break
        first = False
        time.sleep(0.05)
    with told.lock:
        told.unheard.append(title)


@dataclass(slots=True)
class Kills:
    """What came of the kills."""

    kills: Counter[str] = field(default_factory=Counter)
    ready_s: list[float] = field(default_factory=list)
    worker_ready_s: list[float] = field(default_factory=list)
    filings: Filings = field(default_factory=Filings)
    lost: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    waiting: int = 0


def kill(trial: Portal, kills: int, *, seed: int = 1, settle: bool = True) -> Kills:
    """Kill at random instants while people file; then look at every row."""
    told, chance, stopping = Kills(), random.Random(seed), threading.Event()
    filers = [
        threading.Thread(target=keep_filing, args=(trial.port, f"f{number}", told.filings, stopping))
        for number in range(FILERS)
    ]
    for filer in filers:
        filer.start()
    try:
        for number in range(kills):
            time.sleep(chance.uniform(0.0, LONGEST_PAUSE_S))
            what = chance.choice(("server", "one process", "worker"))
            told.kills[what] += 1
            if what == "server":
                told.ready_s.append(trial.kill_web())
            elif what == "one process":
                told.ready_s.append(trial.kill_one(chance))
            else:
                told.worker_ready_s.append(trial.kill_worker())
            if sys.stdout.isatty() or not (number + 1) % 20:
                print(f"\r  {number + 1} of {kills} kills", end="", flush=True)
    finally:
        stopping.set()
        for filer in filers:
            filer.join()
    print()
    _settle(trial, told, wait_s=LEASE_S if settle else 0)
    return told


def _settle(trial: Portal, told: Kills, wait_s: float) -> None:
    give_up = time.monotonic() + wait_s
    after = trial.stage("inspect")
    while after["waiting"] and time.monotonic() < give_up:
        time.sleep(2)
        after = trial.stage("inspect")
    told.waiting, told.problems = after["waiting"], after["problems"]
    known = told.filings.acknowledged
    told.lost = [title for title, number in known.items() if [number, title] not in after["filed"]]
    # Whoever heard nothing may be filed or not, but never half: the rows above say so.
    told.problems += [f"{title} is filed twice" for title in filed_twice(after["filed"])]


def filed_twice(filed: list[list[str]]) -> list[str]:
    """Titles that stand on more than one case; each filing of the kills has a title of its own."""
    tried = Counter(title for _, title in filed if title.startswith(TRIAL))
    return [title for title, n in tried.items() if n > 1]


# The figures -----------------------------------------------------------------------------------------------


def volleys_and_kills(folder: Path, volleys: int, kills: int, seed: int) -> list[Figure]:
    """Both, on one portal; prints what the figures do not say."""
    with portal(folder, volleys) as (trial, prepared):
        note(f"  {volleys} volleys of {CLIENTS} equal posts and of {CLIENTS} supports …")
        fired = fire_volleys(trial, prepared)
        note(f"  {kills} kills, seed {seed} …")
        struck = kill(trial, kills, seed=seed)
    _tell(fired, struck)
    return figures(fired, struck)


def figures(volleys: Volleys, kills: Kills) -> list[Figure]:
    """The lines of F3 and F7."""
    slowest = max(kills.ready_s, default=0.0)
    slowest_worker = max(kills.worker_ready_s, default=0.0)
    return [
        at_most("F7", "cases too many or too few in volleys", volleys.cases_too_many, 0),
        at_most("F7", "supports too many or too few in volleys", volleys.supports_too_many, 0),
        at_most("F7", "different receipts of equal posts", volleys.other_receipts, 0),
        at_most("F3", "acknowledged filings lost", len(kills.lost), 0),
        at_most("F3", "rows half-written or not adding up", len(kills.problems), 0),
        at_most("F3", "pieces of work left over", kills.waiting, 0),
        at_most(
            "F3", "until the server is ready again, the longest", round(slowest, 1), READY_WITHIN_S, " s"
        ),
        at_most("F3", "until the worker is, the longest", round(slowest_worker, 1), READY_WITHIN_S, " s"),
    ]


def _tell(volleys: Volleys, kills: Kills) -> None:
    answers = ", ".join(f"{n} × {status}" for status, n in sorted(volleys.statuses.items()))
    note(f"  Volleys: {volleys.fired} of each kind; answers: {answers}")
    by_kind = ", ".join(f"{n} on the {what}" for what, n in kills.kills.items())
    filings = kills.filings
    note(
        f"  Kills: {sum(kills.kills.values())} ({by_kind}). Filings: {filings.tried} sent, "
        f"{len(filings.acknowledged)} acknowledged ({filings.repeated} only when sent again), "
        f"{len(filings.unheard)} without an answer that says so\n"
        f"  Ready again after {median(kills.ready_s or [0.0]):.1f} s (median)"
    )
    for line in [*kills.lost, *kills.problems][:40]:
        note(f"  {line}")
