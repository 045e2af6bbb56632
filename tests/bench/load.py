"""A small load generator: keep-alive connections over plain sockets, in a process of its own.

Reads a plan as JSON from its input and prints what happened as JSON. Every connection has one request under
way; the requests of a plan are sent in turn, each as often as needed or, with `once`, a single time.

    {"port": 8000, "connections": 8, "seconds": 1.0, "once": false,
     "requests": [{"method": "GET", "path": "/", "headers": {}, "body": ""}]}
"""

import json
import socket
import subprocess
import sys
import time
from collections import Counter
from dataclasses import asdict, dataclass, field
from io import BufferedReader
from itertools import cycle
from typing import Any

from portal.core.config import ROOT


@dataclass(frozen=True, slots=True)
class Wanted:
    """One request of a plan."""

    path: str
    method: str = "GET"
    headers: dict[str, str] = field(default_factory=dict)
    body: str = ""


@dataclass(frozen=True, slots=True)
class Told:
    """What a plan came to; times in ms, `size` the bytes of the last body on the wire."""

    done: int
    seconds: float
    statuses: dict[str, int]
    p50: float
    p99: float
    size: int

    @property
    def failed(self) -> int:
        """Answers that were errors of the server."""
        return sum(n for status, n in self.statuses.items() if status >= "500")


def run(
    port: int, requests: list[Wanted], *, connections: int = 8, seconds: float = 1.0, once: bool = False
) -> Told:
    """Carry a plan out in another process and wait for it."""
    plan = {
        "port": port,
        "connections": connections,
        "seconds": seconds,
        "once": once,
        "requests": [asdict(wanted) for wanted in requests],
    }
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.load"],
        input=json.dumps(plan),
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=True,
    )
    return Told(**json.loads(done.stdout))


def bytes_of(wanted: dict[str, Any], port: int) -> bytes:
    """A request as it goes over the wire."""
    body = wanted["body"].encode()
    headers = {"Host": f"127.0.0.1:{port}", **wanted["headers"]}
    if body:
        headers |= {"Content-Type": "application/x-www-form-urlencoded", "Content-Length": str(len(body))}
    lines = [
        f"{wanted['method']} {wanted['path']} HTTP/1.1",
        *(f"{name}: {value}" for name, value in headers.items()),
    ]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def answer_of(reader: BufferedReader) -> tuple[str, int]:
    """Status and size of the body of the next answer."""
    status = reader.readline().split()[1].decode()
    length, in_chunks = 0, False
    while (line := reader.readline()) not in (b"\r\n", b""):
        name, _, value = line.lower().partition(b":")
        if name == b"content-length":
            length = int(value)
        in_chunks = in_chunks or (name == b"transfer-encoding" and b"chunked" in value)
    if in_chunks:  # A file that is written while it is sent.
        while size := int(reader.readline(), 16):
            length += size
            reader.read(size + 2)
        reader.readline()
    elif length:
        reader.read(length)
    return status, length


class _Lines:
    """Open connections, what is under way on each, and what came back."""

    def __init__(self, port: int, count: int) -> None:
        self._lines = [socket.create_connection(("127.0.0.1", port)) for _ in range(count)]
        self._readers = [line.makefile("rb") for line in self._lines]
        self.under_way: dict[int, float] = {}
        self.statuses: Counter[str] = Counter()
        self.times: list[float] = []
        self.size = 0

    def send(self, number: int, payload: bytes | None) -> None:
        """Put a request on a connection; nothing when there is none left."""
        if payload is not None:
            self.under_way[number] = time.perf_counter()
            self._lines[number].sendall(payload)

    def receive(self, number: int) -> None:
        """Wait for the answer of a connection."""
        status, self.size = answer_of(self._readers[number])
        self.times.append((time.perf_counter() - self.under_way.pop(number)) * 1000)
        self.statuses[status] += 1


def _carry_out(plan: dict[str, Any]) -> dict[str, Any]:
    payloads = [bytes_of(wanted, plan["port"]) for wanted in plan["requests"]]
    following = iter(payloads) if plan["once"] else cycle(payloads)
    lines = _Lines(plan["port"], plan["connections"])
    started = time.perf_counter()
    until = started + plan["seconds"]
    for number in range(plan["connections"]):
        lines.send(number, next(following, None))
    while lines.under_way:
        for number in list(lines.under_way):
            lines.receive(number)
            if plan["once"] or time.perf_counter() < until:
                lines.send(number, next(following, None))
    seconds = time.perf_counter() - started
    times = sorted(lines.times)
    return {
        "done": len(times),
        "seconds": seconds,
        "statuses": dict(lines.statuses),
        "p50": times[len(times) // 2],
        "p99": times[int(len(times) * 0.99)],
        "size": lines.size,
    }


if __name__ == "__main__":
    print(json.dumps(_carry_out(json.load(sys.stdin))))
