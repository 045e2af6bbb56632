"""A mail server and an SMS gate that fail as asked, and remember what they took.

    with MailStub("dropped") as mail: …; mail.fault = ""      from now on it works

The gate speaks as SMSAPI.pl does (`portal/notify/channels.SmsGate`).
"""

import contextlib
import http.server
import json
import socketserver
import threading
import time
from collections.abc import Iterator
from email import message_from_bytes
from typing import Any
from urllib.parse import parse_qs

SILENT_S = 12.0
"""Longer than the portal waits for an answer (`channels.TIMEOUT_S`)."""
MAIL_FAULTS = {
    "refused": "connection refused",
    "dropped": "connection lost after the mail, which was not taken",
    "temporary": "451, try later",
    "permanent": "550, no such mailbox",
    "slow": f"taken, but answered only after {SILENT_S:.0f} s",
    "unheard": "taken, then the connection is lost before the answer",
}
SMS_FAULTS = {
    "timeout": f"no answer within {SILENT_S:.0f} s, not taken",
    "broken": "HTTP 503",
    "temporary": "error 103, no credit",
    "permanent": "error 13, no such number",
    "unheard": "taken, then the connection is lost before the answer",
}
SLOW = ("slow", "timeout")
"""Faults that cost the worker seconds for each message."""


class MailStub:
    """Takes mails on a free port of this machine; `taken` holds (recipient, Message-ID) in order."""

    def __init__(self, fault: str = "") -> None:
        self.fault = fault
        self.taken: list[tuple[str, str]] = []
        self._server = _MailListener(self)
        self.port = int(self._server.server_address[1])

    def take(self, to: str, raw: bytes) -> None:
        """Remember a mail."""
        self.taken.append((to, message_from_bytes(raw)["Message-ID"]))

    @contextlib.contextmanager
    def listening(self) -> Iterator["MailStub"]:
        """Take mails until the block ends; before it, the port is bound and refuses."""
        self._server.server_activate()
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}).start()
        try:
            yield self
        finally:
            self._server.shutdown()
            self._server.server_close()


class _MailListener(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, stub: MailStub) -> None:
        self.stub = stub
        super().__init__(("127.0.0.1", 0), _Conversation, bind_and_activate=False)
        self.server_bind()

    def handle_error(self, _request: Any, _client: Any) -> None:
        """The other side hung up, as it may."""


class _Conversation(socketserver.StreamRequestHandler):
    server: _MailListener

    def say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())

    def handle(self) -> None:
        self.say("220 stub")
        to = ""
        while line := self.rfile.readline().decode(errors="replace").strip():
            verb = line.upper().split(" ", 1)[0]
            if verb == "DATA":
                if not self._data(to):
                    return
                continue
            if verb == "RCPT":
                to = line.split("<", 1)[-1].split(">", 1)[0]
            self.say({"EHLO": "250 stub", "QUIT": "221 bye"}.get(verb, "250 ok"))

    def _data(self, to: str) -> bool:
        """Hear a mail to its end; whether the conversation goes on."""
        self.say("354 go on")
        lines = []
        while (line := self.rfile.readline()) not in (b".\r\n", b""):
            lines.append(line)
        stub, fault = self.server.stub, self.server.stub.fault
        if fault in ("", "slow", "unheard"):
            stub.take(to, b"".join(lines))
        if fault in ("dropped", "unheard"):
            return False
        if fault == "slow":
            time.sleep(SILENT_S)
        self.say({"temporary": "451 try later", "permanent": "550 no such mailbox"}.get(fault, "250 taken"))
        return True


class SmsStub:
    """Takes SMS on a free port of this machine; `taken` holds (number, idx) in order, one for each idx."""

    def __init__(self, fault: str = "") -> None:
        self.fault = fault
        self.taken: list[tuple[str, str]] = []
        self._server = _SmsListener(self)
        self.port = int(self._server.server_address[1])

    def reply(self, fields: dict[str, str]) -> dict[str, Any] | None:
        """What is answered; None hangs up."""
        number, index, fault = fields["to"], fields["idx"], self.fault
        if fault == "timeout":
            time.sleep(SILENT_S)
            return None
        if fault == "temporary":
            return {"error": 103, "message": "Not enough credits"}
        if fault == "permanent":
            return {"error": 13, "message": "No correct phonenumbers"}
        if fields.get("check_idx") == "1" and index in {known for _, known in self.taken}:
            return {"error": 53, "message": "Not unique idx"}
        self.taken.append((number, index))
        return (
            None
            if fault == "unheard"
            else {"count": 1, "list": [{"number": number, "status": "QUEUE", "idx": index}]}
        )

    @contextlib.contextmanager
    def listening(self) -> Iterator["SmsStub"]:
        """Take SMS until the block ends."""
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}).start()
        try:
            yield self
        finally:
            self._server.shutdown()
            self._server.server_close()


class _SmsListener(http.server.ThreadingHTTPServer):
    def __init__(self, stub: SmsStub) -> None:
        self.stub = stub
        super().__init__(("127.0.0.1", 0), _Request)

    def handle_error(self, _request: Any, _client: Any) -> None:
        """The other side hung up, as it may."""


class _Request(http.server.BaseHTTPRequestHandler):
    server: _SmsListener

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        if self.server.stub.fault == "broken":
            self.send_error(503)
            return
        answer = self.server.stub.reply({name: values[0] for name, values in parse_qs(body).items()})
        if answer is None:
            return
        told = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(told)))
        self.end_headers()
        self.wfile.write(told)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""
