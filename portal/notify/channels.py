"""The ways out: SMTP, the SMS gate, and the console of demo and test mode, where nothing leaves.

A channel gets a finished letter and either delivers it or raises DeliveryError. It may deliver twice when
a worker dies between delivery and its note of it; the stable Message-ID and SMS index let the other side see.
"""

import json
import re
import smtplib
import ssl
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from email.utils import format_datetime
from http.client import HTTPException
from socket import gaierror
from typing import Any, Protocol
from urllib.error import HTTPError
from urllib.parse import SplitResult, parse_qs, parse_qsl, unquote, urlencode, urlsplit
from urllib.request import Request, urlopen

from portal.core.config import Settings
from portal.core.tokens import pseudonym
from portal.notify.kinds import Channel, Trouble
from portal.notify.rules import MOST_PARTS, Answer, meaning

TIMEOUT_S = 10
"""Per exchange with a server; all of them together stay below the lease of a job."""
REFUSED_FROM = 500
FIRST_GATE, SECOND_GATE = "first", "second"
REPORTS_PATH = "/sms/reports"
LOOPBACK = ("localhost", "127.0.0.1", "::1")
_ADDRESS = re.compile(r"[^\s<>]+@[^\s<>]+|\+?\d{7,}")


class DeliveryError(Exception):
    """A letter did not get through. `permanent` says that trying again is of no use (`core.jobs` reads it).

    `unsure`: the other side went silent and may have taken it. The text names no address and no number:
    servers like to repeat them.
    """

    def __init__(self, what: object, *, permanent: bool = False, unsure: bool = False) -> None:
        super().__init__(_ADDRESS.sub("…", str(what))[:300])
        self.permanent = permanent
        self.unsure = unsure


@dataclass(frozen=True, slots=True)
class Letter:
    """A message ready to go out: `to` is an address or an international number, `at` when it was written.

    `index` names an SMS at its gate, the same at every try; `tries` counts those before this one.
    """

    message_id: str
    to: str
    subject: str
    text: str
    html: str | None
    sender: str
    reply_to: str | None
    unsubscribe: str | None
    at: datetime
    index: str = ""
    tries: int = 0


class Sender(Protocol):
    """A way out."""

    def send(self, letter: Letter) -> str | None:
        """Deliver; the name of the gate that took an SMS. Raises DeliveryError."""


def sender(channel: Channel, settings: Settings) -> Sender:
    """The way out for a channel under these settings. Raises DeliveryError where there is none."""
    if channel is Channel.MAIL and settings.smtp_url:
        return Smtp(settings.smtp_url, mail_host(settings))
    if channel is Channel.SMS and settings.sms_url:
        return SmsGates(gates(settings))
    if settings.shows_demo:
        return Console()
    raise DeliveryError(f"No way out is set up for {channel}.")


def gates(settings: Settings) -> tuple["SmsGate", ...]:
    """The SMS gates that are set up, in the order in which they are asked."""
    given = (
        (FIRST_GATE, settings.sms_url, settings.sms_token),
        (SECOND_GATE, settings.sms2_url, settings.sms2_token),
    )
    return tuple(
        SmsGate(name, url, token or "", report_url(name, settings)) for name, url, token in given if url
    )


def report_url(gate: str, settings: Settings) -> str | None:
    """Where a gate tells how an SMS fared; None while no gate elsewhere could reach us."""
    local = urlsplit(settings.base_url).hostname in LOOPBACK
    if local and urlsplit(settings.sms_url or "").hostname not in LOOPBACK:
        return None
    return f"{settings.base_url}{REPORTS_PATH}/{gate}/{report_secret(gate)}"


def report_secret(gate: str) -> str:
    """What only a gate of ours knows: it stands in the address we give it for its reports."""
    return pseudonym("sms-report", gate)[:40]


class Console:
    """Demo and test mode: nothing leaves; the message viewer shows it."""

    def send(self, letter: Letter) -> str | None:
        """Count as delivered."""
        return None


class Smtp:
    """A mail server: `smtp://user:password@host:587?from=portal@town.example`, or `smtps://` for port 465."""

    def __init__(self, url: str, host: str) -> None:
        self._url = urlsplit(url)
        own = parse_qs(self._url.query).get("from", [""])[0]
        self._from = own or f"no-reply@{host}"

    def knock(self) -> None:
        """Connect, encrypt and sign in as for a letter, and send none. Raises DeliveryError."""
        server = self._connected()
        with suppress(OSError, smtplib.SMTPException):
            server.quit()
        server.close()

    def _connected(self) -> smtplib.SMTP:
        try:
            return _connected(self._url)
        except (OSError, ValueError, smtplib.SMTPException) as problem:
            raise DeliveryError(_words(problem)) from problem

    def send(self, letter: Letter) -> str | None:
        """Deliver one mail to one recipient."""
        message = compose(letter, self._from)
        server = self._connected()
        try:
            server.send_message(message)
        except smtplib.SMTPRecipientsRefused as problem:
            code, answer = next(iter(problem.recipients.values()))
            raise _refusal(code, answer) from problem
        except smtplib.SMTPDataError as problem:
            raise _refusal(problem.smtp_code, problem.smtp_error) from problem
        except (OSError, smtplib.SMTPException) as problem:
            # A sender refused or a sign-in failed is our own fault: worth another try once it is mended.
            raise DeliveryError(_words(problem)) from problem
        finally:
            # The mail is accepted or not by now; a server that hangs up rudely changes nothing about it.
            with suppress(OSError, smtplib.SMTPException):
                server.quit()
            server.close()
        return None


def mail_host(settings: Settings) -> str:
    """The domain our mail comes from; a portal run by number or on one's own machine names an example."""
    host = urlsplit(settings.base_url).hostname or ""
    return host if "." in host and not host.replace(".", "").isdigit() else "portal.example"


def compose(letter: Letter, from_address: str) -> EmailMessage:
    """The mail, the same bytes at every try. Raises DeliveryError for an address nobody can write to."""
    message = EmailMessage(policy=SMTP_POLICY)
    try:
        message["To"] = Address(addr_spec=_ascii_domain(letter.to))
    except (MessageError, ValueError, IndexError) as problem:
        raise DeliveryError(Trouble.NO_ADDRESS, permanent=True) from problem
    message["From"] = Address(display_name=_one_line(letter.sender), addr_spec=from_address)
    message["Subject"] = _one_line(letter.subject)
    message["Date"] = format_datetime(letter.at)
    message["Message-ID"] = letter.message_id
    message["Auto-Submitted"] = "auto-generated"
    if letter.reply_to:
        message["Reply-To"] = Address(addr_spec=letter.reply_to)
    if letter.unsubscribe:
        message["List-Unsubscribe"] = f"<{letter.unsubscribe}>"
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    message.set_content(letter.text + "\n")
    if letter.html:
        message.add_alternative(letter.html, subtype="html")
        message.set_boundary("=_" + re.sub(r"\W", "", letter.message_id)[:40])
    return message


class SmsGates:
    """The gates in order: the next is asked where one certainly took nothing (R64)."""

    def __init__(self, gates: tuple["SmsGate", ...]) -> None:
        self._gates = gates

    def send(self, letter: Letter) -> str | None:
        """Deliver one SMS by the first gate that takes it.

        A gate that went silent is asked once more before another one, which cannot see that it is a second time.
        """
        problems: list[DeliveryError] = []
        for gate in self._gates:
            try:
                return gate.send(letter)
            except DeliveryError as problem:
                problems.append(problem)
                if problem.permanent or (problem.unsure and not letter.tries):
                    raise
        words = "; ".join(str(problem) for problem in problems)
        raise DeliveryError(words, unsure=any(problem.unsure for problem in problems))


class SmsGate:
    """SMSAPI.pl or a gate that speaks like it: `https://api.smsapi.pl/sms.do?from=TOWN` and a token.

    Source: SMSAPI.pl, POST /sms.do; errors come as HTTP 200 with `error` and `message`. The parameter
    `skip_foreign` is not used: a Polish account would then drop every Czech number.
    """

    def __init__(self, name: str, url: str, token: str, reports: str | None = None) -> None:
        self.name = name
        self._url = urlsplit(url)
        self._token = token
        self._reports = reports

    @property
    def host(self) -> str:
        """The machine it stands on, for the portal operator."""
        return self._url.hostname or ""

    def send(self, letter: Letter) -> str | None:
        """Deliver one SMS; its index lets the gate drop a second delivery of the same."""
        found = self._asked(letter)
        error = found.get("error") if isinstance(found, dict) else "none of SMSAPI"
        if error is None:
            return self.name
        answer = meaning(error)
        if answer is Answer.TAKEN_BEFORE:
            return self.name
        raise DeliveryError(f"SMS gate {self.name}: error {error}", permanent=answer is Answer.NEVER)

    def _asked(self, letter: Letter) -> Any:
        request = Request(  # noqa: S310 - the address comes from the settings
            self._url._replace(query="").geturl(),
            data=urlencode(self._fields(letter)).encode(),
            headers={"Authorization": f"Bearer {self._token}"},
        )
        try:
            with urlopen(request, timeout=TIMEOUT_S) as answer:  # noqa: S310 - the same
                return json.loads(answer.read())
        except HTTPError as problem:
            problem.close()
            raise DeliveryError(f"SMS gate {self.name}: HTTP {problem.code}") from problem
        except (OSError, ValueError, HTTPException) as problem:
            # Only a connection that never stood is sure to have carried nothing.
            unsure = not isinstance(getattr(problem, "reason", None), ConnectionRefusedError | gaierror)
            raise DeliveryError(f"SMS gate {self.name}: {_words(problem)}", unsure=unsure) from problem

    def _fields(self, letter: Letter) -> dict[str, str]:
        fields = {
            **dict(parse_qsl(self._url.query)),
            "to": letter.to.removeprefix("+"),
            "message": letter.text,
            "encoding": "utf-8",
            "format": "json",
            "idx": letter.index,
            "check_idx": "1",
            "max_parts": str(MOST_PARTS),
        }
        return {**fields, "notify_url": self._reports} if self._reports else fields


def _connected(url: SplitResult) -> smtplib.SMTP:
    """A greeted connection, encrypted wherever the server can, signed in where the settings say so."""
    host = url.hostname or ""
    if url.scheme == "smtps":
        context = ssl.create_default_context()
        server: smtplib.SMTP = smtplib.SMTP_SSL(host, url.port or 465, timeout=TIMEOUT_S, context=context)
    else:
        server = smtplib.SMTP(host, url.port or 25, timeout=TIMEOUT_S)
    try:
        server.ehlo()
        # A relay on the machine itself has no certificate anybody could check, and no wire to listen on.
        if url.scheme != "smtps" and host not in LOOPBACK and server.has_extn("starttls"):
            server.starttls(context=ssl.create_default_context())
            server.ehlo()
        if url.username:
            _sign_in(server, host, unquote(url.username), unquote(url.password or ""))
    except BaseException:
        server.close()
        raise
    return server


def _sign_in(server: smtplib.SMTP, host: str, name: str, password: str) -> None:
    if host not in LOOPBACK and not isinstance(server.sock, ssl.SSLSocket):
        raise smtplib.SMTPException("The server offers no encryption; the password was not sent.")
    server.login(name, password)


def _refusal(code: int, answer: bytes | str) -> DeliveryError:
    text = answer.decode(errors="replace") if isinstance(answer, bytes) else answer
    return DeliveryError(f"{code} {text}", permanent=code >= REFUSED_FROM)


def _words(problem: Exception) -> str:
    """Kind of the problem and, where a server spoke, its code and words."""
    if isinstance(problem, smtplib.SMTPResponseException):
        return f"{problem.smtp_code} {problem.smtp_error!r}"
    return f"{type(problem).__name__}: {problem}"


def _ascii_domain(address: str) -> str:
    local, at, domain = address.rpartition("@")
    return f"{local}{at}{domain.encode('idna').decode()}"


def _one_line(text: str) -> str:
    return " ".join(text.split())
