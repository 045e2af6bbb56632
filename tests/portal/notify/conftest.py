"""For messages: kinds and templates of our own, and mail servers and SMS gates that do what a test tells them."""

import http.server
import json
import socketserver
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default as default_policy
from typing import Any
from urllib.parse import parse_qs

import pytest
from flask import Flask
from jinja2 import ChoiceLoader, DictLoader
from sqlalchemy import select

from portal.core import clock, tenancy
from portal.core.db import db, writing
from portal.core.i18n import lazy_gettext as _l
from portal.core.registry import NoticeKind, registry
from portal.notify import outbox as door
from portal.notify.models import Attempt
from portal.notify.outbox import Recipient

TEMPLATES = {
    "test/mail/received.txt": "We have it since {{ at|datetime }}.\n\n\nUntil {{ due|day }}.\n{{ label }}\nCode: {{ code }}",
    "test/mail/link.txt": "Open {{ url('notify.demo_messages', to=token) }}.\n\nOr {{ link }}",
    "test/mail/ways.txt": "Your page: {{ address(link) }}\nPublic: {{ address(page) }}",
    "test/mail/short.txt": "Long words for a mail.",
    "test/mail/short.sms.txt": "Short\nwords for {{ number }}.",
    "test/mail/plain.txt": "Words.",
    "test/mail/parts.txt": "One.\n\n{% if due %}Two.{% endif %}\n\n{% if due %}\nThree:\n{{ due }}\n{% else %}\nFour.\n{% endif %}\n",
    "test/mail/paths.txt": "See {{ address('/lublin/initiatives/lub-i-2026-0042') }}, and {{ title }}.",
}
KINDS = {
    "test.received": "We have received your initiative %(number)s",
    "test.link": "Your link",
    "test.ways": "Ways",
    "test.short": "Something short",
    "test.plain": "Plain 100 % words",
    "test.paths": "Paths",
    "test.parts": "Parts",
    "test.greedy": "To %(name)s",
    "test.lost": "No template",
}


@pytest.fixture
def kinds(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """Kinds of messages with their templates, as a module would bring them."""
    for code, subject in KINDS.items():
        name = "plain" if code == "test.greedy" else code.removeprefix("test.")
        kind = NoticeKind(code, _l(subject), f"test/mail/{name}.txt", f"Kind {name}")
        monkeypatch.setitem(registry.notices, code, kind)
    pages = app.jinja_loader
    assert pages is not None
    monkeypatch.setattr(app, "jinja_loader", ChoiceLoader([DictLoader(TEMPLATES), pages]))
    for key in ("portal.notify.texts", "portal.notify.pages"):
        monkeypatch.setitem(app.extensions, key, None)
        del app.extensions[key]


@pytest.fixture
def write(kinds: None) -> Callable[..., None]:
    """`write("test.plain", email=…)` as a use case of the municipality in scope would."""

    def send(
        code: str = "test.plain",
        values: dict[str, Any] | None = None,
        about: tuple[str, int] | None = ("initiative", 5),
        *,
        secret: tuple[str, ...] = (),
        dedupe: str | None = None,
        **contact: Any,
    ) -> None:
        recipient = Recipient(**{"locale": "pl", **(contact or {"email": "jan@people.example"})})
        with writing():
            door.send(code, recipient, values or {}, about, secret=secret, dedupe=dedupe)

    return send


@pytest.fixture
def write_for_nobody(write: Callable[..., None]) -> Callable[..., None]:
    """Like `write`, for messages of the installation."""

    def send(*args: Any, **kwargs: Any) -> None:
        here = tenancy.current_id()
        tenancy.enter(None)
        write(*args, **{"about": None, **kwargs})
        tenancy.enter(here)

    return send


@pytest.fixture
def configure(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """`configure(smtp_url=…)` changes settings for one test."""

    def change(**values: Any) -> None:
        settings = app.extensions["portal.settings"]
        monkeypatch.setitem(app.extensions, "portal.settings", replace(settings, **values))

    return change


class Conversation(socketserver.StreamRequestHandler):
    """What the mail server says to one client."""

    server: "Listener"

    def say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())

    def handle(self) -> None:
        self.say("220 ready")
        while line := self.rfile.readline().decode().strip():
            verb = line.upper().split(" ", 1)[0]
            self.server.owner.heard.append(line)
            prepared = self.server.owner.answers.get(verb)
            if prepared:
                self.say(prepared.pop(0))
            elif verb == "DATA":
                self.receive()
                if self.server.owner.rude:
                    return
            else:
                self.say(ANSWERS.get(verb, "250 ok"))

    def receive(self) -> None:
        self.say("354 go on")
        lines = []
        while (line := self.rfile.readline()) != b".\r\n":
            lines.append(line)
        prepared = self.server.owner.answers.get("END")
        answer = prepared.pop(0) if prepared else "250 taken"
        if answer.startswith("250"):
            self.server.owner.raw.append(b"".join(lines))
        self.say(answer)


ANSWERS = {"EHLO": "250-here\r\n250 AUTH PLAIN", "AUTH": "235 welcome", "QUIT": "221 bye"}


class Listener(socketserver.ThreadingTCPServer):
    """The socket of a mail server."""

    allow_reuse_address = True

    def __init__(self, owner: "MailServer", port: int) -> None:
        self.owner = owner
        super().__init__(("127.0.0.1", port), Conversation)


class MailServer:
    """A mail server on a free port. `answers` replaces answers to a verb, END being the end of the mail.

    `raw` collects the mails taken, `heard` every line said; a `rude` server hangs up after taking a mail.
    """

    def __init__(self) -> None:
        self.answers: dict[str, list[str]] = {}
        self.raw: list[bytes] = []
        self.heard: list[str] = []
        self.rude = False
        self.port = 0
        self._server: Listener | None = None
        self.start()

    def start(self) -> None:
        self._server = Listener(self, self.port)
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}).start()

    def stop(self) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    @property
    def mails(self) -> list[EmailMessage]:
        return [message_from_bytes(raw, policy=default_policy) for raw in self.raw]


@pytest.fixture
def mail_server() -> Iterator[MailServer]:
    """A mail server of this test."""
    server = MailServer()
    yield server
    server.stop()


class SmsStub:
    """An SMS gate that answers as SMSAPI does, or the bytes of `answer` with `status`, after `silent` seconds.

    `asked` holds the fields of every request, `taken` those it would send: one per `idx` where `check_idx` asks for it.
    """

    def __init__(self) -> None:
        self.answer: bytes | None = None
        self.status = 200
        self.silent = 0.0
        self.asked: list[dict[str, str]] = []
        self.taken: list[dict[str, str]] = []
        self.tokens: list[str | None] = []
        stub = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                fields = {name: values[0] for name, values in parse_qs(body, keep_blank_values=True).items()}
                stub.asked.append(fields)
                stub.tokens.append(self.headers["Authorization"])
                time.sleep(stub.silent)
                answer = json.dumps(stub.reply(fields)).encode() if stub.answer is None else stub.answer
                self.send_response(stub.status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_: Any) -> None: ...

        self.port = 0
        self._handler = Handler
        self._server: http.server.ThreadingHTTPServer | None = None
        self.start()

    def reply(self, fields: dict[str, str]) -> dict[str, Any]:
        if fields.get("check_idx") == "1" and any(one.get("idx") == fields.get("idx") for one in self.taken):
            return {"error": 53, "message": "Not unique idx"}
        if not fields.get("to", "").isdigit():
            return {"error": 13, "message": "No correct phonenumbers", "invalid_numbers": []}
        self.taken.append(fields)
        one = {
            "id": f"7074{len(self.taken)}", "points": 0.16, "number": fields["to"], "date_sent": 1_764_000_000,
            "submitted_number": fields["to"], "status": "QUEUE", "error": None, "idx": fields.get("idx"), "parts": 1,
        }  # fmt: skip
        return {"count": 1, "list": [one]}

    def start(self) -> None:
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", self.port), self._handler)
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}).start()

    def stop(self) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/sms.do?from=LUBLIN"

    @property
    def texts(self) -> list[str]:
        return [fields["message"] for fields in self.taken]


@pytest.fixture
def gate() -> Iterator[SmsStub]:
    """An SMS gate of this test."""
    stub = SmsStub()
    yield stub
    stub.stop()


@pytest.fixture
def second_gate() -> Iterator[SmsStub]:
    """Another one."""
    stub = SmsStub()
    yield stub
    stub.stop()


@pytest.fixture
def later(run_jobs: Callable[[], int], time_machine: Any) -> Callable[..., int]:
    """`later(minutes=10)` moves the clock on and does what is due then."""

    def go(**units: float) -> int:
        time_machine.move_to(clock.now() + timedelta(**units), tick=False)
        return run_jobs()

    time_machine.move_to(clock.now(), tick=False)
    return go


def story(notice_id: int) -> list[str]:
    """What happened to a message, in order."""
    rows = db.session.scalars(select(Attempt).where(Attempt.notice_id == notice_id).order_by(Attempt.at))
    return [row.outcome.value for row in rows]


@pytest.fixture
def story_of() -> Callable[[int], list[str]]:
    """`story_of(notice_id)`: what happened to a message, in order."""
    return story
