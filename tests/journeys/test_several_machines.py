"""Two web servers and two workers over one PostgreSQL, as on two machines: killed, without Redis, nothing lost.

Machine A runs granian, machine B gunicorn; each has a data folder of its own and shares the folder of uploads,
as docs/production.md says. Source: R24, R57, R59, R62, R63, R66 (docs/security.md).
"""

import contextlib
import http.client
import io
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from sqlalchemy import Engine, create_engine, text

import dev
from portal.core.config import ROOT, Settings
from tests.bench.drill import NEW, Lost, Person, draft
from tests.bench.servers import free_port, wait_for_answer
from tests.factories.databases import PostgresDatabases
from tests.journeys.server import _written

pytestmark = [
    pytest.mark.journey,
    pytest.mark.skipif(
        not os.environ.get("PORTAL_TEST_DATABASE_URL"),
        reason="several machines need PostgreSQL: set PORTAL_TEST_DATABASE_URL",
    ),
]
TOKEN = "Jq7xV1nL9rT4wZ8yKb3mHc6pQ2sD5fGa"
GUNICORN = (
    "-m gunicorn wsgi:app --bind 127.0.0.1:{port} --worker-class gthread --workers 2 --threads 2 --reuse-port "
    "--preload --graceful-timeout 5 --no-control-socket --log-level warning"
)
PATIENCE_S = 20.0


@dataclass
class Machines:
    """Both machines, and the Redis that goes away."""

    environ: dict[str, str]
    folder: Path
    engine: Engine
    ports: dict[str, int] = field(default_factory=lambda: {"a": free_port(), "b": free_port()})
    running: dict[str, "subprocess.Popen[bytes]"] = field(default_factory=dict)

    def start(self, name: str, machine: str, words: str) -> None:
        """A program of a machine, in a process group of its own."""
        data = self.folder / machine
        if not data.exists():
            data.mkdir()
            (data / "files").symlink_to(self.folder / "files")
        env = self.environ | {"PORTAL_DATA": str(data)}
        with (self.folder / "machines.log").open("ab") as log:
            self.running[name] = subprocess.Popen(
                [sys.executable, *words.split()],
                cwd=ROOT,
                env=env,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def kill(self, name: str) -> None:
        """`kill -9` on a program with all its processes."""
        process = self.running.pop(name)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def rows(self, statement: str, **values: Any) -> list[Any]:
        """What the database says."""
        with self.engine.connect() as connection:
            return list(connection.execute(text(statement), values).all())

    def write(self, statement: str) -> None:
        """Change the database behind the portal's back."""
        with self.engine.begin() as connection:
            connection.execute(text(statement))


@pytest.fixture
def machines(
    demo_database: None, settings: Settings, shared: Path, worker_id: str, tmp_path: Path
) -> Iterator[Machines]:
    own = PostgresDatabases(os.environ["PORTAL_TEST_DATABASE_URL"], f"{worker_id}_machines")
    own.restore("demo")
    (tmp_path / "files").mkdir()
    with socket.socket() as redis:
        redis.bind(("127.0.0.1", 0))
        redis.listen()
        environ = os.environ | {
            "PORTAL_MODE": "demo",
            "PORTAL_DATABASE_URL": own.url,
            "PORTAL_SECRET_KEY": settings.secret_key,
            "PORTAL_SEAL_KEYS": ",".join(
                f"{name}:{_written(key)}" for name, key in settings.seal_keys.items()
            ),
            "PORTAL_REDIS_URL": f"redis://127.0.0.1:{redis.getsockname()[1]}/0",
            "PORTAL_BASE_URL": "http://127.0.0.1:1",
            "PORTAL_METRICS_TOKEN": TOKEN,
            "PORTAL_RELAXED": "1",
        }
        made = Machines(environ, tmp_path, create_engine(own.url))
        try:
            made.start("web a", "a", dev.SERVER.format(host="127.0.0.1", port=made.ports["a"]))
            made.start("web b", "b", GUNICORN.format(port=made.ports["b"]))
            made.start("worker a", "a", "-m portal.worker")
            made.start("worker b", "b", "-m portal.worker")
            for port in made.ports.values():
                wait_for_answer(port, "/readyz")
            redis.close()  # From now on nobody answers there.
            yield made
        except (TimeoutError, Lost) as problem:
            log = (tmp_path / "machines.log").read_text(errors="replace")
            raise AssertionError(f"{problem}\n{log[-4000:]}") from problem
        finally:
            for name in list(made.running):
                made.kill(name)
            made.engine.dispose()


class Traveller(Person):
    """A browser that goes on at the other machine with the same cookies."""

    def move(self, port: int) -> "Traveller":
        """The same person at another machine."""
        self._port = port
        return self

    def upload(self, path: str, raw: bytes) -> int:
        """Send a photo with the form of this page; gives the status."""
        _, fields = self.form(path, {"photo"})
        border = "----the-border"
        parts = [
            f'--{border}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
            for name, value in fields.items()
        ]
        head = (
            f'--{border}\r\nContent-Disposition: form-data; name="photo"; filename="a.jpg"\r\n\r\n'.encode()
        )
        body = b"".join(parts) + head + raw + f"\r\n--{border}--\r\n".encode()
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=30)
        headers = {
            "Cookie": "; ".join(f"{name}={value}" for name, value in self._cookies.items()),
            "Content-Type": f"multipart/form-data; boundary={border}",
        }
        connection.request("POST", path, body, headers)
        status = connection.getresponse().status
        connection.close()
        return status


def photo() -> bytes:
    raw = io.BytesIO()
    Image.new("RGB", (64, 48), "green").save(raw, "JPEG")
    return raw.getvalue()


def file_case(port: int, title: str) -> tuple[Traveller, str]:
    """File an initiative; the person and the address of the receipt."""
    person = Traveller(port)
    email = f"{re.sub('[^a-z0-9]', '', title.lower())}@people.example"
    action, fields = person.form(draft(person, title, email), {"form_key"})
    answer = person.ask("POST", action, fields)
    assert answer.status == http.HTTPStatus.SEE_OTHER
    return person, answer.location


def metrics(port: int) -> str:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", "/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    answer = connection.getresponse()
    body = answer.read().decode()
    connection.close()
    assert answer.status == http.HTTPStatus.OK
    return body


def until(what: str, holds: Any, within_s: float = PATIENCE_S) -> None:
    give_up = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < give_up, f"Not within {within_s} s: {what}"
        time.sleep(0.1)


def told_everywhere(machines: Machines) -> set[str]:
    """What the processes say of forms once each of them must have heard: they look once a second, each for itself."""
    time.sleep(2.0)
    asked = [Person(port) for port in machines.ports.values() for _ in range(6)]
    return set(re.findall(r'"forms":\w+', " ".join(one.ask("GET", "/readyz").body for one in asked)))


def unsent(machines: Machines) -> int:
    found = machines.rows(
        "SELECT count(*) FROM notice WHERE about_id IN (SELECT id FROM initiative WHERE title LIKE 'Maszyna%') "
        "AND state <> 'sent'"
    )
    return int(found[0][0])


def test_two_machines_lose_nothing_and_do_nothing_twice(machines: Machines) -> None:
    a, b = machines.ports["a"], machines.ports["b"]
    filed: dict[str, str] = {}

    # Filed on one, seen on the other: session, receipt and upload.
    person = Traveller(a)
    preview = draft(person, "Maszyna pierwsza", "maszyna@people.example")
    photos = preview.rsplit("/", 1)[0] + "/photos"
    assert person.upload(photos, photo()) == http.HTTPStatus.SEE_OTHER
    picture = re.search(r'src="([^"]*/photos/\d+)"', person.move(b).ask("GET", photos).body)
    assert picture
    assert person.ask("GET", picture[1]).status == http.HTTPStatus.OK

    # The same post at both machines at the same instant makes one case.
    action, fields = person.form(preview, {"form_key"})
    twin = Traveller(a)
    twin._cookies = dict(person._cookies)
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda one: one.ask("POST", action, dict(fields)), (person, twin)))
    assert [answer.status for answer in answers] == [http.HTTPStatus.SEE_OTHER] * 2
    assert answers[0].location == answers[1].location
    filed["Maszyna pierwsza"] = answers[0].location
    assert person.ask("GET", answers[0].location).status == http.HTTPStatus.OK

    # Whichever process of a server is asked counts for all of them.
    told = [metrics(a) for _ in range(4)]
    counts = [
        sum(
            float(n)
            for n in re.findall(r'^portal_requests_total\{endpoint="initiatives\.new_.*\} (.+)$', one, re.M)
        )
        for one in told
    ]
    assert counts[0] >= 4
    assert len(set(counts)) == 1
    until("both workers are heard of", lambda: "portal_workers 2.0" in metrics(b))

    # Read-only is seen by both within two seconds, and ends.
    machines.write("INSERT INTO maintenance VALUES (1, now(), now() + interval '5 minutes')")
    assert told_everywhere(machines) == {'"forms":false'}
    refused = Person(b).ask("POST", NEW, {"title": "Maszyna nigdy", "text": "Tego nie wolno zapisać."})
    assert refused.status == http.HTTPStatus.SERVICE_UNAVAILABLE
    assert "Tego nie wolno zapisać." in refused.body
    machines.write("DELETE FROM maintenance")
    assert told_everywhere(machines) == {'"forms":true'}

    # One web server and the only worker awake are killed while people file.
    os.kill(machines.running["worker b"].pid, signal.SIGSTOP)
    for number in range(4):
        title = f"Maszyna przed {number}"
        filed[title] = file_case((a, b)[number % 2], title)[1]
    machines.kill("worker a")
    machines.kill("web a")
    for number in range(3):
        title = f"Maszyna potem {number}"
        filed[title] = file_case(b, title)[1]
    # What the dead worker held comes free after two minutes; here at once.
    machines.write("UPDATE job SET lease_until = now() - interval '1 second' WHERE lease_until > now()")
    os.kill(machines.running["worker b"].pid, signal.SIGCONT)

    # The other machine did everything, once.
    until("all messages are sent", lambda: unsent(machines) == 0)
    titles = Counter(
        title for (title,) in machines.rows("SELECT title FROM initiative WHERE title LIKE 'Maszyna%'")
    )
    assert titles == Counter(dict.fromkeys(filed, 1))
    numbers = {number.lower() for (number,) in machines.rows(
        "SELECT number FROM initiative WHERE title LIKE 'Maszyna%' AND state = 'submitted'"
    )}  # fmt: skip
    assert numbers == {location.rstrip("/").split("/")[-2] for location in filed.values()}
    told_to = machines.rows(
        "SELECT about_id, count(*) FROM notice "
        "WHERE about_id IN (SELECT id FROM initiative WHERE title LIKE 'Maszyna%') GROUP BY about_id"
    )
    assert sorted(count for _, count in told_to) == [1] * len(filed)
    assert machines.rows("SELECT kind FROM job WHERE dead_at IS NOT NULL") == []

    # The killed server comes back to the same data.
    machines.start("web a", "a", dev.SERVER.format(host="127.0.0.1", port=a))
    wait_for_answer(a, "/readyz")
    assert person.move(a).ask("GET", filed["Maszyna pierwsza"]).status == http.HTTPStatus.OK
