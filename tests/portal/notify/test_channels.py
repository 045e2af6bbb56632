"""The ways out, against servers on this machine that answer as they are told."""

import json
import smtplib
import ssl
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from portal.core.config import Mode
from portal.notify import channels
from portal.notify.channels import (
    Console,
    DeliveryError,
    SmsGate,
    SmsGates,
    Smtp,
    compose,
    gates,
    report_url,
    sender,
)
from portal.notify.kinds import Channel
from tests.factories.letters import letter


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


SMS = {"to": "+48601234567", "text": "Zażółć", "index": "5f.0"}


class TestSmsGate:
    def test_asks_with_number_text_and_own_index(self, gate: Any) -> None:
        reports = "https://portal.example/sms/reports/first/word"
        assert SmsGate("first", gate.url, "tok", reports).send(letter(**SMS)) == "first"
        (asked,) = gate.asked
        assert asked == {
            "to": "48601234567",
            "message": "Zażółć",
            "from": "LUBLIN",
            "encoding": "utf-8",
            "format": "json",
            "idx": "5f.0",
            "check_idx": "1",
            "max_parts": "6",
            "notify_url": reports,
        }
        assert gate.tokens == ["Bearer tok"]

    def test_the_same_again_is_dropped_by_the_gate_and_counts_as_sent(self, gate: Any) -> None:
        for _ in range(2):
            assert SmsGate("first", gate.url, "tok").send(letter(**SMS)) == "first"
        assert len(gate.asked) == 2
        assert len(gate.taken) == 1

    @pytest.mark.parametrize(
        ("answer", "status", "permanent", "unsure"),
        [
            ({"error": 13, "message": "No correct phonenumbers"}, 200, True, False),
            ({"error": 12, "message": "Too many parts"}, 200, True, False),
            ({"error": 59, "message": "Opted out"}, 200, True, False),
            ({"error": 103, "message": "No points"}, 200, False, False),
            ({"error": 101, "message": "Authorization failed"}, 200, False, False),
            ([], 200, False, False),
            ({}, 500, False, False),
            (None, 200, False, True),
        ],
    )
    def test_errors(self, gate: Any, answer: Any, status: int, permanent: bool, unsure: bool) -> None:
        gate.answer, gate.status = (b"<html>" if answer is None else json.dumps(answer).encode()), status
        with pytest.raises(DeliveryError) as failed:
            SmsGate("first", gate.url, "tok").send(letter(**SMS))
        assert (failed.value.permanent, failed.value.unsure) == (permanent, unsure)

    def test_nobody_there_has_certainly_taken_nothing(self, gate: Any) -> None:
        gate.stop()
        with pytest.raises(DeliveryError) as failed:
            SmsGate("first", gate.url, "tok").send(letter(**SMS))
        assert not failed.value.unsure

    def test_a_gate_that_goes_silent_may_have_taken_it(
        self, gate: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(channels, "TIMEOUT_S", 0.2)
        gate.silent = 0.6
        with pytest.raises(DeliveryError) as failed:
            SmsGate("first", gate.url, "tok").send(letter(**SMS))
        assert failed.value.unsure


class TestTwoGates:
    @pytest.fixture
    def both(self, gate: Any, second_gate: Any) -> SmsGates:
        return SmsGates((SmsGate("first", gate.url, "a"), SmsGate("second", second_gate.url, "b")))

    def test_the_first_one_does_it(self, both: SmsGates, second_gate: Any) -> None:
        assert both.send(letter(**SMS)) == "first"
        assert second_gate.asked == []

    def test_the_second_steps_in_where_the_first_is_down(
        self, both: SmsGates, gate: Any, second_gate: Any
    ) -> None:
        gate.stop()
        assert both.send(letter(**SMS)) == "second"
        assert second_gate.tokens == ["Bearer b"]

    def test_the_second_steps_in_where_the_first_has_no_points(self, both: SmsGates, gate: Any) -> None:
        gate.answer = b'{"error": 103}'
        assert both.send(letter(**SMS)) == "second"

    def test_a_number_that_does_not_exist_is_not_asked_for_twice(
        self, both: SmsGates, gate: Any, second_gate: Any
    ) -> None:
        gate.answer = b'{"error": 13}'
        with pytest.raises(DeliveryError) as failed:
            both.send(letter(**SMS))
        assert failed.value.permanent
        assert second_gate.asked == []

    def test_a_silent_gate_is_asked_once_more_before_the_other(
        self, both: SmsGates, gate: Any, second_gate: Any
    ) -> None:
        gate.answer = b"<html>"
        with pytest.raises(DeliveryError):
            both.send(letter(**SMS))
        assert second_gate.asked == []
        assert both.send(letter(**SMS, tries=1)) == "second"

    def test_both_are_down(self, both: SmsGates, gate: Any, second_gate: Any) -> None:
        gate.stop()
        second_gate.answer = b'{"error": 103}'
        with pytest.raises(DeliveryError, match=r"first.*second.*103") as failed:
            both.send(letter(**SMS))
        assert not failed.value.permanent
        assert not failed.value.unsure


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
        assert isinstance(sender(Channel.SMS, settings), SmsGates)
        assert [gate.name for gate in gates(settings)] == ["first"]
        configure(sms2_url="https://other.example/sms.do")
        found = gates(app.extensions["portal.settings"])
        assert [(gate.name, gate.host) for gate in found] == [
            ("first", "gate.example"),
            ("second", "other.example"),
        ]

    def test_production_without_a_way_out_says_so(self, app: Flask, configure: Callable[..., None]) -> None:
        configure(mode=Mode.PRODUCTION)
        with pytest.raises(DeliveryError, match="No way out"):
            sender(Channel.SMS, app.extensions["portal.settings"])


@pytest.mark.parametrize(
    ("base_url", "gate_url", "told"),
    [
        ("https://portal.lublin.example", "https://gate.example/sms.do", True),
        ("http://127.0.0.1:8000", "https://gate.example/sms.do", False),
        ("http://127.0.0.1:8000", "http://127.0.0.1:5096/sms.do", True),
    ],
)
def test_a_gate_is_told_where_to_report_if_it_can_reach_us(
    app: Flask, configure: Callable[..., None], base_url: str, gate_url: str, told: bool
) -> None:
    configure(base_url=base_url, sms_url=gate_url)
    found = report_url("first", app.extensions["portal.settings"])
    assert (found or "").startswith(f"{base_url}/sms/reports/first/") is told
