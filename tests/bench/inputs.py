"""Hostile inputs at every route by each of its methods as every role, against the server of `dev.py run` (F6).

Each role first visits all pages it may open, then sends bad requests at them: what the forms there ask for stands
in the requests, tokens and all, so that they reach what lies behind the door. At the end every page is looked at
once more by everybody, with all links on it: a mark that was stored must still be text. The same seed sends the
same inputs; a page that an earlier input has closed is sent what its address allows.

Source: R42–R47, F6, the stories T4, T7–T11 and T22 (docs/security.md).
"""

import http.client
import random
import socket
import time
from collections import Counter
from dataclasses import dataclass, field
from http.cookies import CookieError, SimpleCookie
from itertools import zip_longest
from statistics import median
from typing import Any
from urllib.parse import urljoin, urlsplit

from portal.accounts.roles import Role
from tests.bench.drill import Portal
from tests.bench.figures import Figure, at_least, at_most, note
from tests.bench.furnished import PROGRAM, TOWN
from tests.bench.hostile import Page, Sent, gets, marks_run, posts, programs

ROLES = ("visitor", "resident", *(role.value for role in Role), PROGRAM)
LEAST_SENT = 5_000
SLOWEST_S = 1.0
PAGES_LOOKED_AT = 250
"""Pages a role looks at in the end."""
UNREAD_BYTES = 1 << 16
"""Addresses for machines hang up on larger bodies instead of reading them: then no answer arrives."""
LAST = ("sign_out", "erase", "leave")
"""Ends of sessions and accounts come last for each role."""
SHOWN = 30


@dataclass(slots=True)
class Came:
    """What came back."""

    status: int
    headers: dict[str, str]  # names in small letters
    body: bytes
    seconds: float

    @property
    def page(self) -> Page:
        """What stands on it."""
        return Page(self.body.decode(errors="replace"))

    @property
    def is_page(self) -> bool:
        """Whether it is HTML."""
        return "html" in self.headers.get("content-type", "")


@dataclass(slots=True)
class Outcome:
    """What came of all inputs."""

    sent: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    routes: set[tuple[str, str]] = field(default_factory=set)
    times: list[float] = field(default_factory=list)
    slow: list[str] = field(default_factory=list)
    crashes: list[str] = field(default_factory=list)
    ran: list[str] = field(default_factory=list)
    silent: list[str] = field(default_factory=list)
    unread: int = 0
    stored: int = 0
    looked_at: int = 0

    def figures(self, routes: int) -> list[Figure]:
        """The lines of F6."""
        return [
            at_least("F6", "hostile inputs sent", self.sent, LEAST_SENT),
            at_least("F6", f"routes × methods asked, of {routes}", len(self.routes), routes),
            at_most("F6", "answers 5xx", len(self.crashes), 0),
            at_most("F6", "requests without an answer", len(self.silent), 0),
            at_most(
                "F6", f"marks run, in all answers and {self.looked_at:,} pages afterwards", len(self.ran), 0
            ),
            at_most("F6", "slowest answer", max(self.times), SLOWEST_S, " s"),
            Figure("F6", "median answer", f"{median(self.times) * 1000:.1f} ms", "–", True),
        ]


class Stranger:
    """Somebody of a role, who goes on as another person of that role when a session has ended."""

    def __init__(self, port: int, found: dict[str, Any]) -> None:
        self._port = port
        self._name = found.get("cookie", "")
        self._sessions: list[str] = list(found.get("sessions", []))
        self._key = found.get("key", "")
        self.cookies: dict[str, str] = {}
        self.next_person()

    def next_person(self) -> bool:
        """Go on as the next; False when there is nobody left."""
        if not self._sessions:
            return False
        self.cookies = {self._name: self._sessions.pop(0)}
        return True

    def ask(self, sent: Sent) -> Came | None:
        """Send; None when no answer came."""
        own = (
            {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
            if self.cookies
            else {}
        )
        if self._key:
            own["Authorization"] = f"Bearer {self._key}"
        if sent.method == "POST":
            own["Sec-Fetch-Site"] = "same-origin"
        own |= sent.headers
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=30)
        started = time.perf_counter()
        try:
            connection.putrequest(sent.method, sent.path, skip_accept_encoding=True)
            for name, value in own.items():
                connection.putheader(name, value.encode("latin-1", errors="replace"))
            if sent.body is not None:
                connection.putheader("Content-Length", str(len(sent.body)))
            connection.endheaders(sent.body)
            answer = connection.getresponse()
            body = answer.read()
        except (OSError, http.client.HTTPException):
            return None
        finally:
            connection.close()
        seconds = time.perf_counter() - started
        self._keep(answer.headers.get_all("Set-Cookie", []))
        return Came(
            answer.status, {name.lower(): value for name, value in answer.headers.items()}, body, seconds
        )

    def _keep(self, lines: list[str]) -> None:
        for line in lines:
            try:
                self.cookies.update({name: morsel.value for name, morsel in SimpleCookie(line).items()})
            except CookieError:
                continue

    def get(self, path: str) -> Came | None:
        """A page as anybody would open it."""
        return self.ask(Sent("page", "GET", path))


class Attack:
    """All inputs of one role."""

    def __init__(
        self, role: str, stranger: Stranger, found: dict[str, Any], told: Outcome, seed: int
    ) -> None:
        self._role = role
        self._stranger = stranger
        self._found = found
        self._told = told
        self._chance = random.Random(f"{seed}:{role}")
        self._foreign = found["foreign"] | {"home": TOWN}
        self._forms: dict[str, Any] = {}
        self.addresses: list[str] = []

    def run(self) -> None:
        """Visit, then send."""
        targets = sorted(self._found["targets"], key=lambda target: target["endpoint"].endswith(LAST))
        for target in targets:
            if "GET" in target["methods"]:
                self._learn(target["path"])
        for target in targets:
            for method in target["methods"]:
                self._told.routes.add((target["endpoint"], method))
                for sent in self._inputs(target, method):
                    self._send(sent)
            self._come_back()

    def _learn(self, path: str) -> None:
        came = self._stranger.get(path)
        if came is None or came.status != http.HTTPStatus.OK or not came.is_page:
            return
        self.addresses.append(path)
        for form in came.page.forms:
            self._forms[urljoin(path, form.action) if form.action else path] = form

    def _inputs(self, target: dict[str, Any], method: str) -> list[Sent]:
        path = target["path"]
        if method == "GET":
            return gets(self._chance, path, target["pattern"], target["keys"], self._foreign)
        if self._role == PROGRAM:
            return programs(self._chance, method, path)
        found: list[Sent] = []
        # Each is sent with the page as it is now: an input may have changed it or used its key up.
        for number in range(9):
            form = self._form_at(path, target)
            found.append(posts(self._chance, path, form)[number])
            self._send(found.pop())
        return found

    def _form_at(self, path: str, target: dict[str, Any]) -> Any:
        if "GET" in target["methods"]:
            self._learn(path)
        form = self._forms.get(path)
        if form is None:
            form = next(iter(self._forms.values()), None)
        return form or _BARE

    def _send(self, sent: Sent) -> None:
        told = self._told
        told.sent += 1
        told.kinds[sent.kind] += 1
        came = self._stranger.ask(sent)
        what = f"{self._role}: {sent.kind}: {sent.method} {sent.path[:150]} {(sent.body or b'')[:600]!r} {dict(sent.headers)!s:.200}"
        if came is None:
            if len(sent.body or b"") > UNREAD_BYTES:
                told.unread += 1
            else:
                told.silent.append(what)
            return
        told.statuses[came.status] += 1
        told.times.append(came.seconds)
        taken = came.status == http.HTTPStatus.SEE_OTHER and "/sign-in" not in came.headers.get(
            "location", ""
        )
        told.stored += sent.kind == "marks" and taken
        if came.status >= http.HTTPStatus.INTERNAL_SERVER_ERROR:
            told.crashes.append(f"{came.status} {what}")
        if came.seconds > SLOWEST_S:
            told.slow.append(f"{came.seconds:.2f} s {what[:300]}")
        self._weigh(came, what)

    def _weigh(self, came: Came, what: str) -> None:
        ran = marks_run(came.headers.get("content-type", ""), came.headers, came.body)
        self._told.ran += [f"{mark} – {what[:400]}" for mark in ran]

    def _come_back(self) -> None:
        """Go on as somebody else of the role once the session has ended."""
        if self._role in ("visitor", PROGRAM):
            return
        came = self._stranger.get("/en/account")
        if came is None or came.status != http.HTTPStatus.OK:
            self._stranger.next_person()

    def look(self) -> None:
        """Open every page again and what it links to: marks that were stored must be text."""
        waiting, seen = list(self.addresses), set[str]()
        while waiting and len(seen) < PAGES_LOOKED_AT + len(self.addresses):
            path = waiting.pop(0)
            if path in seen or "sign-out" in path:
                continue
            seen.add(path)
            came = self._stranger.get(path)
            if came is None:
                self._told.silent.append(f"{self._role}: GET {path}")
                continue
            self._told.looked_at += 1
            if came.status >= http.HTTPStatus.INTERNAL_SERVER_ERROR:
                self._told.crashes.append(f"{came.status} {self._role}: looking at {path}")
            self._weigh(came, f"{self._role}: looking at {path}")
            if came.is_page:
                waiting += own_links(path, came.page.links)


def own_links(path: str, links: list[str]) -> list[str]:
    """Addresses of ours that a page links to, without what stands behind #; broken ones are left out."""
    found = []
    for link in links:
        try:
            parts = urlsplit(urljoin(path, link))
        except ValueError:
            continue
        if not parts.netloc and parts.path.startswith("/") and parts.scheme == "":
            found.append(parts._replace(fragment="").geturl())
    return [link for link in found if link.isascii() and " " not in link]


_BARE = Page(
    "<form method=post><input name=csrf_token><input name=form_key><input name=title><textarea name=text></textarea>"
    "<input name=note><input name=email><input name=code><input name=number></form>"
).forms[0]
"""What is sent where no page of the role holds a form."""


def broken_requests(port: int, told: Outcome) -> None:
    """What is no HTTP any more: the server may hang up, but must answer the next one."""
    for raw in (
        b"GET /en/\xff\xfe HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"POST /en/follow HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: -1\r\n\r\n",
        b"POST /en/follow HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 10\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"GET /en/ HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        b"GET /en/ HTTP/1.1\r\nHost: 127.0.0.1\r\nX: a\x00b\r\n\r\n",
        b"G\x00T / HTTP/1.1\r\n\r\n",
        b"GET http://evil.example/ HTTP/1.1\r\nHost: evil.example\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00",
    ):
        told.sent += 1
        told.kinds["no HTTP"] += 1
        with socket.create_connection(("127.0.0.1", port), timeout=2) as line:
            line.sendall(raw)
            try:
                first = line.recv(200)
            except OSError:
                continue
        if first.startswith(b"HTTP/1.1 5"):
            told.crashes.append(f"{first[:60]!r} {raw!r}")


def attack(trial: Portal, seed: int, roles: tuple[str, ...] = ROLES) -> tuple[Outcome, int]:
    """Send everything; what came of it, and how many pairs of route and method there are."""
    told, attacks, routes = Outcome(), list[Attack](), set[tuple[str, str]]()
    trial.told("messages", "write", "mail", "none", "0")  # A database.
    trial.start_web()
    trial.start_worker()
    for role in roles:
        found = trial.told("furnished", role)
        routes |= {(one["endpoint"], method) for one in found["targets"] for method in one["methods"]}
        stranger = Stranger(trial.port, found)
        attacks.append(Attack(role, stranger, found, told, seed))
        before = told.sent
        attacks[-1].run()
        note(f"  {role}: {told.sent - before:,} inputs, {len(told.crashes)} crashes so far")
    broken_requests(trial.port, told)
    for one in attacks:
        one.look()
    return told, len(routes)


def tell(told: Outcome) -> None:
    """What the figures do not say."""
    note(
        f"Answers: {dict(sorted(told.statuses.items()))}; marks taken by a form: {told.stored}; hung up on: {told.unread}"
    )
    note(f"Kinds: {dict(told.kinds.most_common())}")
    for lines in zip_longest(told.crashes[:SHOWN], told.ran[:SHOWN], told.silent[:SHOWN], told.slow[:SHOWN]):
        for line in filter(None, lines):
            note(f"  {line}")
