"""Asks a virus scanner, clamd, about a file by its own protocol INSTREAM, where PORTAL_CLAMAV names one.

The client on the package index is of 2014, and the protocol is a length before each piece and one line as the
answer. Anything but a clear answer is no answer: then a file waits (`Scan.WAITING`), it never passes.
"""

import socket
from enum import StrEnum
from urllib.parse import urlsplit

TIMEOUT = 20.0
PIECE = 64 * 1024
ANSWER_MOST = 4096


class Scan(StrEnum):
    """How a stored file stands with the scanner. One that was found is not stored any longer."""

    NONE = "none"
    WAITING = "waiting"
    CLEAN = "clean"


class ScannerDown(Exception):
    """The scanner gave no clear answer; the words say what it did, nothing of the file."""


def is_clean(address: str, raw: bytes) -> bool:
    """Whether the scanner finds nothing in these bytes. Raises ScannerDown."""
    try:
        with _connected(address) as link:
            link.sendall(b"zINSTREAM\0")
            try:
                for at in range(0, len(raw), PIECE):
                    piece = raw[at : at + PIECE]
                    link.sendall(len(piece).to_bytes(4, "big") + piece)
                link.sendall(bytes(4))
            except ConnectionError:
                # One that has enough says so before it has everything; its answer is read all the same.
                pass
            answer = _answer(link)
    except OSError as problem:
        raise ScannerDown(type(problem).__name__) from problem
    if answer == "stream: OK":
        return True
    if answer.startswith("stream: ") and answer.endswith(" FOUND"):
        return False
    raise ScannerDown("too large for it" if "size limit exceeded" in answer else "no clear answer")


def knock(address: str) -> None:
    """Ask whether it is there. Raises ScannerDown."""
    try:
        with _connected(address) as link:
            link.sendall(b"zPING\0")
            answer = _answer(link)
    except OSError as problem:
        raise ScannerDown(type(problem).__name__) from problem
    if answer != "PONG":
        raise ScannerDown("no clear answer")


def _connected(address: str) -> socket.socket:
    """A connection to `clamd:///path/of/the/socket` or `tcp://host:port`."""
    parts = urlsplit(address)
    if parts.scheme == "tcp":
        return socket.create_connection((parts.hostname or "", parts.port or 3310), TIMEOUT)
    link = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    link.settimeout(TIMEOUT)
    try:
        link.connect(parts.path)
    except OSError:
        link.close()
        raise
    return link


def _answer(link: socket.socket) -> str:
    """One answer, up to its zero byte."""
    found = b""
    while not found.endswith(b"\0"):
        more = link.recv(ANSWER_MOST)
        if not more or len(found) > ANSWER_MOST:
            break
        found += more
    return found.rstrip(b"\0\n").decode("utf-8", "replace")
