"""The virus scanner: clean and found are told apart, and anything but a clear answer is none."""

import socket
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import pytest

from portal.core import scanning
from portal.core.scanning import ScannerDown
from tests import clamd as fake
from tests.clamd import EICAR, Clamd


@pytest.fixture
def clamd() -> Iterator[Clamd]:
    with fake.running() as found:
        yield found


@pytest.mark.parametrize("size", [0, 1, scanning.PIECE, scanning.PIECE + 1, 3_000_000])
def test_the_scanner_gets_every_byte(clamd: Clamd, size: int) -> None:
    raw = b"\0\1\2" * (size // 3) + b"x" * (size % 3)
    assert scanning.is_clean(clamd.address, raw)
    assert clamd.streams == [raw]


def test_what_is_found_is_not_clean(clamd: Clamd) -> None:
    assert not scanning.is_clean(clamd.address, EICAR)
    assert not scanning.is_clean(clamd.address, b"x" * (scanning.PIECE - 10) + EICAR), "across two pieces"


def test_a_file_too_large_for_the_scanner_has_no_answer(clamd: Clamd) -> None:
    clamd.size_limit = 1_000_000
    with pytest.raises(ScannerDown):
        scanning.is_clean(clamd.address, b"x" * 9_000_000)


@pytest.mark.parametrize("how", ["broken", "babbles"])
def test_a_scanner_without_a_clear_answer_is_down(clamd: Clamd, how: str) -> None:
    setattr(clamd, how, True)
    with pytest.raises(ScannerDown):
        scanning.is_clean(clamd.address, b"x")
    with pytest.raises(ScannerDown):
        scanning.knock(clamd.address)


def test_a_scanner_that_is_not_there_is_down(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    for address in (f"tcp://127.0.0.1:{port}", f"clamd://{tmp_path}/clamd.ctl"):
        with pytest.raises(ScannerDown):
            scanning.is_clean(address, b"x")


def test_it_is_asked_over_a_socket_of_the_machine(clamd: Clamd, tmp_path: Path) -> None:
    scanning.knock(clamd.address)
    path = tmp_path / "clamd.ctl"

    def answer(door: socket.socket) -> None:
        link, _ = door.accept()
        with link:
            link.recv(100)
            link.sendall(b"PONG\0")

    with socket.socket(socket.AF_UNIX) as door:
        door.bind(str(path))
        door.listen(1)
        thread = Thread(target=answer, args=(door,))
        thread.start()
        scanning.knock(f"clamd://{path}")
        thread.join()
