"""A scanner on this machine that speaks clamd's protocol: INSTREAM and PING, pieces with their lengths, one answer."""

import socketserver
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread

EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$" + b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
"""The harmless string every scanner finds, kept in two pieces so that none finds it here."""


class Clamd:
    """What it was sent, and how it behaves: `size_limit` like StreamMaxLength, `broken` hangs up in the middle."""

    def __init__(self, port: int) -> None:
        self.address = f"tcp://127.0.0.1:{port}"
        self.streams: list[bytes] = []
        self.size_limit = 25 * 1024 * 1024
        self.broken = False
        self.babbles = False


class _Handler(socketserver.StreamRequestHandler):
    clamd: Clamd

    def handle(self) -> None:
        command = b""
        while not command.endswith(b"\0"):
            command += self.rfile.read(1)
        if self.clamd.broken:
            return
        if self.clamd.babbles:
            self.wfile.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        elif command == b"zPING\0":
            self.wfile.write(b"PONG\0")
        elif command == b"zINSTREAM\0":
            self.wfile.write(self._scan())
        else:
            self.wfile.write(b"UNKNOWN COMMAND\0")

    def _scan(self) -> bytes:
        raw = b""
        while size := int.from_bytes(self.rfile.read(4), "big"):
            if len(raw) + size > self.clamd.size_limit:
                return b"INSTREAM size limit exceeded. ERROR\0"
            raw += self.rfile.read(size)
        self.clamd.streams.append(raw)
        return b"stream: Eicar-Test-Signature FOUND\0" if EICAR in raw else b"stream: OK\0"


@contextmanager
def running() -> Iterator[Clamd]:
    """A scanner that answers on a port of its own until the block ends."""
    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {}))
    server.daemon_threads = True
    clamd = Clamd(server.server_address[1])
    server.RequestHandlerClass.clamd = clamd  # type: ignore[attr-defined]
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield clamd
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
