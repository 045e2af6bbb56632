"""The ways out, against servers on this machine that answer as they are told."""

import http.server
import json
import smtplib
import ssl
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs

import pytest
from flask import Flask

from portal.core.config import Mode
from portal.notify import channels
from portal.notify.channels import Console, DeliveryError, Letter, SmsGate, Smtp, compose, sender
from portal.notify.kinds import Channel


def letter(**changed: Any) -> Letter:
    given = {
        "message_id": "<0123456789abcdef@portal.example>",
        "to": "jan@people.example",
        "subject": "Zażółć gęślą jaźń",
        "text": "Dzień dobry,\nžluťoučký kůň.",
        "html": "<p>Dzień dobry</p>",
        "sender": "Ostrava-Jih, úřad",
        "reply_to": "podatelna@ostrava-jih.example",
        "unsubscribe": None,
        "at": datetime(2026, 11, 21, 10, 30, tzinfo=UTC),
    }
    return Letter(**{**given, **changed})


class TestCompose:
    def test_headers_and_both_parts(self) -> None:
        mail = compose(letter(), "no-reply@portal.example")
        assert mail["Subject"] == "Zażółć gęślą jaźń"
        assert mail["From"] == '"Ostrava-Jih, úřad" <no-reply@portal.example>'
        assert mail["To"] == "jan@people.example"
        assert mail["Reply-To"] == "podatelna@ostrava-jih.example"
        assert mail["Message-ID"] == "<0123456789abcdef@portal.example>"
        assert mail["Auto-Submitted"] == "auto-generated"
        assert mail["Date"] == "Sat, 21 Nov 2026 10:30:00 +0000"
        assert [part.get_content_type() for part in mail.iter_parts()] == ["text/plain", "text/html"]
        assert b"=?utf-8?" in mail.as_bytes()

    def test_without_html_it_is_plain_text(self) -> None:
        assert compose(letter(html=None), "a@b.example").get_content_type() == "text/plain"

    def test_the_same_letter_is_the_same_bytes(self) -> None:
        first, second = (compose(letter(), "no-reply@portal.example").as_bytes() for _ in range(2))
        assert first == second

    def test_mass_mail_names_the_way_out(self) -> None:
        mail = compose(letter(unsubscribe="https://p.example/pl/stop"), "a@b.example")
        assert mail["List-Unsubscribe"] == "<https://p.example/pl/stop>"
        assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        assert compose(letter(), "a@b.example")["List-Unsubscribe"] is None

    @pytest.mark.parametrize("field", ["subject", "sender"])
    def test_no_header_can_be_slipped_in(self, field: str) -> None:
        mail = compose(letter(**{field: "Hello\r\nBcc: all@people.example\n\nBody"}), "a@b.example")
        assert mail["Bcc"] is None
        assert b"\nBcc:" not in mail.as_bytes()

    @pytest.mark.parametrize(
        "address",
        ["", "nobody", "a b@x.example", "jan@x.example\r\nBcc: y@x.example", "jan@x.example, y@x.example"],
    )
    def test_an_address_nobody_can_write_to_is_refused_for_good(self, address: str) -> None:
        with pytest.raises(DeliveryError) as failed:
            compose(letter(to=address), "a@b.example")
        assert failed.value.permanent

    def test_a_domain_with_accents_is_spelt_for_machines(self) -> None:
        assert compose(letter(to="jan@bücher.example"), "a@b.example")["To"] == "jan@xn--bcher-kva.example"


class TestSmtp:
    def test_delivers(self, mail_server: Any) -> None:
        Smtp(mail_server.url + "?from=portal@town.example", "portal.example").send(letter())
        (mail,) = mail_server.mails
        assert mail["From"].addresses[0].addr_spec == "portal@town.example"
        assert mail.get_body(("plain",)).get_content().splitlines()[1] == "žluťoučký kůň."
        assert [line for line in mail_server.heard if line.lower().startswith("rcpt")] == [
            "rcpt TO:<jan@people.example>"
        ]

    def test_signs_in_where_the_settings_say_so(self, mail_server: Any) -> None:
        url = mail_server.url.replace("//", "//portal:se%3Acret@")
        Smtp(url, "portal.example").send(letter())
        assert any(line.startswith("AUTH PLAIN") for line in mail_server.heard)

    def test_no_password_over_an_open_line(self) -> None:
        class Open(smtplib.SMTP):
            sock = None

        with pytest.raises(smtplib.SMTPException, match="password was not sent"):
            channels._sign_in(Open(), "mail.example", "portal", "secret")

    @pytest.mark.parametrize(
        ("url", "port", "said"),
        [
            ("smtp://mail.example", 25, ["ehlo", "starttls", "ehlo", "send", "quit"]),
            ("smtp://mail.example:587", 587, ["ehlo", "starttls", "ehlo", "send", "quit"]),
            ("smtps://mail.example", 465, ["ehlo", "send", "quit"]),
        ],
    )
    def test_the_line_is_encrypted_wherever_it_can_be(
        self, monkeypatch: pytest.MonkeyPatch, url: str, port: int, said: list[str]
    ) -> None:
        heard: list[Any] = []

        class Fake:
            def __init__(self, host: str, port: int, **options: Any) -> None:
                assert options["timeout"] == channels.TIMEOUT_S
                heard.append((host, port))

            def ehlo(self) -> None:
                heard.append("ehlo")

            def has_extn(self, name: str) -> bool:
                return name == "starttls"

            def starttls(self, context: ssl.SSLContext) -> None:
                assert context.check_hostname
                heard.append("starttls")

            def send_message(self, _message: object) -> None:
                heard.append("send")

            def quit(self) -> None:
                heard.append("quit")

            def close(self) -> None: ...

        monkeypatch.setattr(smtplib, "SMTP", Fake)
        monkeypatch.setattr(smtplib, "SMTP_SSL", Fake)
        Smtp(url, "portal.example").send(letter())
        assert heard == [("mail.example", port), *said]

    @pytest.mark.parametrize(
        ("verb", "answer", "permanent"),
        [
            ("RCPT", "550 5.1.1 <jan@people.example> unknown", True),
            ("RCPT", "451 greylisted", False),
            ("END", "554 spam", True),
            ("END", "452 disk full", False),
            ("MAIL", "550 not you", False),
            ("MAIL", "421 busy", False),
        ],
    )
    def test_only_a_refused_recipient_is_refused_for_good(
        self, mail_server: Any, verb: str, answer: str, permanent: bool
    ) -> None:
        mail_server.answers[verb] = [answer]
        with pytest.raises(DeliveryError) as failed:
            Smtp(mail_server.url, "portal.example").send(letter())
        assert failed.value.permanent is permanent
        assert answer[:3] in str(failed.value)
        assert "@" not in str(failed.value)

    def test_a_refused_sign_in_is_worth_another_try(self, mail_server: Any) -> None:
        mail_server.answers["AUTH"] = ["535 no", "535 no", "535 no"]
        with pytest.raises(DeliveryError) as failed:
            Smtp(mail_server.url.replace("//", "//a:b@"), "portal.example").send(letter())
        assert not failed.value.permanent

    def test_a_server_that_is_down_is_worth_another_try(self, mail_server: Any) -> None:
        mail_server.stop()
        with pytest.raises(DeliveryError) as failed:
            Smtp(mail_server.url, "portal.example").send(letter())
        assert not failed.value.permanent

    def test_a_server_that_hangs_up_after_taking_the_mail_has_taken_it(self, mail_server: Any) -> None:
        mail_server.rude = True
        Smtp(mail_server.url, "portal.example").send(letter())
        assert len(mail_server.mails) == 1


class Gate:
    """An SMS gate that answers what it is told and remembers what it was asked."""

    def __init__(self) -> None:
        self.answer: Any = {"count": 1, "list": []}
        self.status = 200
        self.asked: list[dict[str, list[str]]] = []
        self.tokens: list[str | None] = []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                outer.asked.append(parse_qs(body))
                outer.tokens.append(self.headers["Authorization"])
                self.send_response(outer.status)
                self.end_headers()
                self.wfile.write(json.dumps(outer.answer).encode())

            def log_message(self, *_: Any) -> None: ...

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01}).start()
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/sms.do?from=LUBLIN"


@pytest.fixture
def gate() -> Iterator[Gate]:
    gate = Gate()
    yield gate
    gate.server.shutdown()
    gate.server.server_close()


class TestKnock:
    def test_signs_in_and_sends_nothing(self, mail_server: Any) -> None:
        Smtp(mail_server.url.replace("//", "//user:word@"), "portal.example").knock()
        verbs = [line.split()[0].upper() for line in mail_server.heard]
        assert "AUTH" in verbs
        assert not {"MAIL", "DATA"} & set(verbs)

    def test_a_password_that_is_refused_is_told(self, mail_server: Any) -> None:
        mail_server.answers["AUTH"] = ["535 wrong"] * 3
        with pytest.raises(DeliveryError, match="535"):
            Smtp(mail_server.url.replace("//", "//user:word@"), "portal.example").knock()

    def test_nobody_there(self, mail_server: Any) -> None:
        mail_server.stop()
        with pytest.raises(DeliveryError, match="ConnectionRefusedError"):
            Smtp(mail_server.url, "portal.example").knock()


class TestSmsGate:
    def test_asks_with_number_text_and_own_index(self, gate: Gate) -> None:
        SmsGate(gate.url, "tok").send(letter(to="+48601234567", text="Zażółć"))
        (asked,) = gate.asked
        assert asked["to"] == ["48601234567"]
        assert asked["message"] == ["Zażółć"]
        assert asked["from"] == ["LUBLIN"]
        assert asked["idx"] == ["0123456789abcdef"]
        assert asked["check_idx"] == ["1"]
        assert gate.tokens == ["Bearer tok"]

    @pytest.mark.parametrize(
        ("answer", "status", "permanent"),
        [
            ({"error": 13, "message": "No correct phonenumbers"}, 200, True),
            ({"error": 103, "message": "No points"}, 200, False),
            ([], 200, False),
            ({}, 500, False),
        ],
    )
    def test_errors(self, gate: Gate, answer: Any, status: int, permanent: bool) -> None:
        gate.answer, gate.status = answer, status
        with pytest.raises(DeliveryError) as failed:
            SmsGate(gate.url, "tok").send(letter(to="+48601234567"))
        assert failed.value.permanent is permanent

    def test_an_answer_that_is_none(self, gate: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(json, "loads", lambda _: (_ for _ in ()).throw(ValueError("no JSON")))
        with pytest.raises(DeliveryError):
            SmsGate(gate.url, "tok").send(letter(to="+48601234567"))


def test_errors_name_nobody() -> None:
    text = str(DeliveryError("550 <jan@people.example> and +48601234567 unknown"))
    assert text == "550 <…> and … unknown"


class TestSender:
    def test_demo_and_test_mode_send_nothing_out(self, app: Flask) -> None:
        settings = app.extensions["portal.settings"]
        for channel in (Channel.MAIL, Channel.SMS):
            assert isinstance(sender(channel, settings), Console)
            sender(channel, settings).send(letter())

    def test_what_is_set_up_is_used(self, app: Flask, configure: Callable[..., None]) -> None:
        configure(smtp_url="smtp://mail.example", sms_url="https://gate.example/sms.do")
        settings = app.extensions["portal.settings"]
        assert isinstance(sender(Channel.MAIL, settings), Smtp)
        assert isinstance(sender(Channel.SMS, settings), SmsGate)

    def test_production_without_a_way_out_says_so(self, app: Flask, configure: Callable[..., None]) -> None:
        configure(mode=Mode.PRODUCTION)
        with pytest.raises(DeliveryError, match="No way out"):
            sender(Channel.SMS, app.extensions["portal.settings"])
