"""What fails around the portal: mail servers and SMS gates in every way (F4); disk, database, Redis, gate (F5).

A real worker sends to `gateways.py`. Each message meets its fault at the first try; then the other side works
again, and the pauses between tries, which take hours, are declared over. Source: R63–R65 (docs/security.md).
"""

import time
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from tests.bench.drill import Portal
from tests.bench.figures import Figure, at_most, note
from tests.bench.gateways import MAIL_FAULTS, SLOW, SMS_FAULTS, MailStub, SmsStub

MESSAGES = 10
FEW = 2
"""Messages where each costs the worker ten seconds."""
PATIENCE_S = 180.0
LOOK_S = 0.5


@dataclass(frozen=True, slots=True)
class Fared:
    """What became of the messages of one fault, counted by recipients."""

    channel: str
    fault: str
    written: int
    never: int
    parked: int
    same_twice: int
    other_twice: int

    def __str__(self) -> str:
        """A row of a table."""
        words = (MAIL_FAULTS if self.channel == "mail" else SMS_FAULTS)[self.fault]
        return (
            f"| {self.channel} | {words} | {self.written} | {self.never} | {self.parked} | {self.same_twice} "
            f"| {self.other_twice} |"
        )


def count(
    channel: str, fault: str, people: list[str], taken: list[tuple[str, str]], rows: dict[str, Any]
) -> Fared:
    """Compare what was taken, as (recipient, id), with what the portal says of each recipient."""
    got: dict[str, list[str]] = {person: [] for person in people}
    for to, known in taken:
        if to in got:
            got[to].append(known)
    times = {person: Counter(ids) for person, ids in got.items()}
    return Fared(
        channel,
        fault,
        len(people),
        sum(not got[person] and not rows[person]["parked"] for person in people),
        sum(rows[person]["parked"] for person in people),
        sum(any(n > 1 for n in found.values()) for found in times.values()),
        sum(len(found) > 1 for found in times.values()),
    )


def messages(trial: Portal) -> list[Fared]:
    """All faults of both channels, one pair after the other."""
    mail, sms = MailStub(), SmsStub()
    trial.settings |= {
        "PORTAL_SMTP_URL": f"smtp://127.0.0.1:{mail.port}?from=portal@people.example",
        "PORTAL_SMS_URL": f"http://127.0.0.1:{sms.port}/sms.do?from=TOWN",
        "PORTAL_SMS_TOKEN": "token-of-the-drill",
    }
    found = []
    with ExitStack() as stack:
        stack.enter_context(sms.listening())
        pending = list(SMS_FAULTS)
        for fault in MAIL_FAULTS:
            sent = {"mail": fault} | ({"sms": pending.pop(0)} if pending else {})
            mail.fault, sms.fault = fault, sent.get("sms", "")
            people = {channel: _written(trial, channel, name) for channel, name in sent.items()}
            if trial.worker is None:
                trial.start_worker()
            everybody = [person for some in people.values() for person in some]
            _until(trial, everybody, lambda row: row["tries"] > 0 or row["settled"])
            mail.fault = sms.fault = ""
            if fault == "refused":
                stack.enter_context(mail.listening())
            rows = _settled(trial, everybody)
            for channel, name in sent.items():
                taken = [(f"+{to}", known) for to, known in sms.taken] if channel == "sms" else mail.taken
                found.append(count(channel, name, people[channel], taken, rows))
                note(str(found[-1]))
    return found


def _written(trial: Portal, channel: str, fault: str) -> list[str]:
    told = trial.told("messages", "write", channel, fault, str(FEW if fault in SLOW else MESSAGES))
    people: list[str] = told["people"]
    return people


def _until(trial: Portal, people: list[str], holds: Any) -> dict[str, Any]:
    """Wait until it holds of everybody's message, or for as long as we have patience; how they stand."""
    give_up = time.monotonic() + PATIENCE_S
    while True:
        rows = trial.told("messages", "fared")
        if all(holds(rows[person]) for person in people) or time.monotonic() > give_up:
            return rows
        time.sleep(LOOK_S)


def _settled(trial: Portal, people: list[str]) -> dict[str, Any]:
    """Let the worker try again at once until nothing waits any more."""
    give_up = time.monotonic() + PATIENCE_S
    while time.monotonic() < give_up and trial.told("messages", "hurry")["open"]:
        time.sleep(LOOK_S)
    return trial.told("messages", "fared")


def figures_of_messages(found: list[Fared]) -> list[Figure]:
    """The lines of F4."""
    written = sum(one.written for one in found)
    parked = sum(one.parked for one in found)
    expected = sum(one.written for one in found if one.fault == "permanent")
    return [
        at_most(
            "F4",
            f"messages never sent, of {written} over {len(found)} faults",
            sum(one.never for one in found),
            0,
        ),
        at_most("F4", "sent twice under different ids", sum(one.other_twice for one in found), 0),
        Figure(
            "F4", "parked, seen by staff: refused for good", str(parked), str(expected), parked == expected
        ),
        Figure(
            "F4",
            "sent again under the same id, as the other side can see",
            str(sum(one.same_twice for one in found)),
            "–",
            True,
        ),
    ]
