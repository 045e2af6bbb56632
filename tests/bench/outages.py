"""The disk is full, the database taken, Redis and the gates are gone: does reading go on, and is nothing lost? (F5)

A real server and worker in a small file system of their own (as root; else the disk is left out). While a fault
lasts, pages are read and forms are sent; afterwards the very same forms are sent again.
Source: R56, R58, R65 (docs/security.md).
"""

import contextlib
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from portal.core.db import sqlite_driver
from tests.bench.drill import NEW, Answer, Lost, Person, Portal, draft
from tests.bench.figures import Figure, at_most, note
from tests.bench.servers import free_port

PAGES = (
    "/pl/",
    "/pl/lublin/",
    "/pl/lublin/initiatives",
    "/pl/lublin/initiatives?phase=new",
    "/pl/search?q=przystanek",
)
FRESH = "bench"
"""A query key no route lists: past the page cache."""
DISK_MB = 200
SEEN_S = 2.5
"""After so long every process has looked at the disk again."""
LONGEST_READ_S = 2.0
MARK = "Tego zdania nie wolno zgubić: ławka przy przystanku."


@dataclass(slots=True)
class Came:
    """What came of one fault."""

    name: str
    writes: str
    pages: int = 0
    pages_failed: int = 0
    slow: int = 0
    posts: int = 0
    unclean: list[str] = field(default_factory=list)
    words_lost: int = 0
    refused_later: int = 0

    def __str__(self) -> str:
        """A row of a table."""
        return (
            f"| {self.name} | {self.pages_failed} of {self.pages} | {self.writes}: {self.posts - len(self.unclean)} "
            f"of {self.posts} | {self.words_lost} | {self.refused_later} |"
        )


class Trial:
    """A portal whose surroundings fail, and the cases it has acknowledged."""

    def __init__(self, portal: Portal) -> None:
        self.portal = portal
        self.acknowledged: list[str] = []
        self._serial = 0

    def file(self, title: str) -> None:
        """File a case as on a good day."""
        person = Person(self.portal.port)
        action, fields = person.form(
            draft(person, title, f"a{len(self.acknowledged)}@people.example"), {"form_key"}
        )
        self._taken(person.ask("POST", action, fields))

    def _taken(self, answer: Answer) -> bool:
        if answer.status == 303 and "receipt" in answer.location:
            self.acknowledged.append(answer.location.split("/")[-2].upper())
            return True
        return False

    def during(self, fault: "contextlib.AbstractContextManager[None]", came: Came) -> None:
        """Read and write while a fault lasts; then send the same forms again."""
        self._serial += 1
        ready = [self._ready(f"{came.name} {self._serial}.{number}") for number in range(3)]
        typing = Person(self.portal.port)
        action, fields = typing.form(NEW, {"title", "text"})
        fields |= {"title": "Ławka na placu", "text": MARK, "category": "greenery"}
        with fault:
            self._read(came)
            answers = [(person, path, sent, _asked(person, path, sent)) for person, path, sent in ready]
            told = _asked(typing, action, fields)
        for _, path, _, answer in answers:
            self._judge(came, path, answer)
        self._judge(came, action, told)
        came.words_lost += (
            told is not None and told.status == 503 and "Tego zdania nie wolno zgubi" not in told.body
        )
        for person, path, sent, answer in answers:
            if answer is None or not self._taken(answer):
                came.refused_later += not self._taken(_patient(person, path, sent))
        note(str(came))

    def _ready(self, title: str) -> tuple[Person, str, dict[str, str]]:
        person = Person(self.portal.port)
        return person, *person.form(
            draft(person, title, f"b{title.replace(' ', '')}@people.example"), {"form_key"}
        )

    def _read(self, came: Came) -> None:
        reader = Person(self.portal.port)
        for path in (*PAGES, *(f"{path}{'&' if '?' in path else '?'}{FRESH}=1" for path in PAGES)):
            started = time.monotonic()
            answer = _asked(reader, path)
            came.pages += 1
            came.pages_failed += answer is None or answer.status != 200
            came.slow += time.monotonic() - started > LONGEST_READ_S

    def _judge(self, came: Came, path: str, answer: Answer | None) -> None:
        came.posts += 1
        wanted = 503 if came.writes == "503" else 303
        if answer is None or answer.status != wanted:
            came.unclean.append(f"{came.name}: {path} answers {answer.status if answer else 'nothing'}")


def _asked(person: Person, path: str, fields: dict[str, str] | None = None) -> Answer | None:
    try:
        return person.ask("POST" if fields else "GET", path, fields)
    except Lost:
        return None


def _patient(person: Person, path: str, fields: dict[str, str]) -> Answer:
    """Send again until the portal has seen that it is well."""
    for _ in range(10):
        answer = _asked(person, path, fields)
        if answer is not None and answer.status == 303:
            return answer
        time.sleep(1)
    return Answer(0, "", "")


# The faults ------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def little_room(folder: Path, left_share: float) -> Iterator[None]:
    """Fill the file system up to this share."""
    ballast = folder / "ballast"
    room = os.statvfs(folder)
    left = int(room.f_blocks * room.f_frsize * left_share)
    with ballast.open("wb") as file, contextlib.suppress(OSError):
        for _ in range(max(room.f_bavail * room.f_frsize - left, 0) >> 12):
            file.write(bytes(4096))
            file.flush()
    try:
        time.sleep(SEEN_S)
        yield
    finally:
        ballast.unlink()
        time.sleep(SEEN_S)


@contextlib.contextmanager
def taken_database(folder: Path) -> Iterator[None]:
    """Another program writes and does not end."""
    connection = sqlite_driver().connect(str(folder / "portal.sqlite"), isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        connection.execute("ROLLBACK")
        connection.close()


@contextlib.contextmanager
def small_disk(folder: Path) -> Iterator[bool]:
    """A file system of its own in the folder; False where we may not mount one."""
    words = ["mount", "-t", "tmpfs", "-o", f"size={DISK_MB}m", "tmpfs", str(folder)]
    mounted = os.geteuid() == 0 and subprocess.run(words, capture_output=True, check=False).returncode == 0
    try:
        yield mounted
    finally:
        if mounted:
            subprocess.run(["umount", "-l", str(folder)], check=False)


def outages(folder: Path) -> list[Figure]:
    """Every fault, one after the other."""
    data = folder / "outages"
    data.mkdir()
    with small_disk(data) as mounted:
        portal = Portal(data)
        portal.settings |= {
            "PORTAL_REDIS_URL": f"redis://127.0.0.1:{free_port()}/0",
            "PORTAL_SMTP_URL": f"smtp://127.0.0.1:{free_port()}?from=portal@people.example",
        }
        portal.stage("prepare", "3")
        trial, found = Trial(portal), list[Came]()
        try:
            portal.start_web()
            portal.start_worker()
            faults: list[tuple[Came, Callable[[], Any]]] = [
                (Came("Redis and mail server gone", "taken"), contextlib.nullcontext),
                (Came("database taken", "503"), lambda: taken_database(data)),
            ]
            if mounted:
                faults += [
                    (Came("disk below 5 %", "503"), lambda: little_room(data, 0.03)),
                    (Came("disk full to the last byte", "503"), lambda: little_room(data, 0.0)),
                ]
            for came, fault in faults:
                trial.file(f"Przed {came.name}")
                trial.during(fault(), came)
                found.append(came)
            after = portal.stage("inspect")
        finally:
            portal.end()
    numbers = {number for number, _ in after["filed"]}
    lost = [number for number in trial.acknowledged if number not in numbers]
    for line in [*(line for came in found for line in came.unclean), *after["problems"]]:
        note(f"  {line}")
    return [
        at_most(
            "F5",
            f"pages that failed, of {sum(c.pages for c in found)} over {len(found)} faults",
            sum(c.pages_failed for c in found),
            0,
        ),
        at_most(
            "F5",
            f"writes neither done nor refused by a clean 503, of {sum(c.posts for c in found)}",
            sum(len(c.unclean) for c in found),
            0,
        ),
        at_most("F5", "refused pages without the words typed", sum(c.words_lost for c in found), 0),
        at_most(
            "F5",
            f"acknowledged cases lost, of {len(trial.acknowledged)}; same forms refused later",
            len(lost) + sum(c.refused_later for c in found),
            0,
        ),
        at_most("F5", "rows half-written or not adding up", len(after["problems"]), 0),
    ]
