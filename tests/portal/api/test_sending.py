"""The wire: never into our own network, never after a redirect, never without the right certificate."""

import socket
from typing import Any

import pytest

from portal.api import sending
from portal.api.sending import NotSent


def resolving(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> None:
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 443)) for address in addresses]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)


class Answer:
    """An answer of a server."""

    def __init__(self, status: int) -> None:
        self.status = status

    def read(self, _size: int) -> bytes:
        return b""


@pytest.fixture
def connected(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Requests that got as far as a connection, with the address it was pinned to; set `status` first."""
    told: list[Any] = []

    def request(self: Any, method: str, path: str, body: bytes, headers: dict[str, str]) -> None:
        told.append((self._address, self.host, method, path))

    monkeypatch.setattr(sending._Pinned, "request", request)
    monkeypatch.setattr(sending._Pinned, "getresponse", lambda _: Answer(200))
    return told


def test_a_message_goes_to_the_address_that_was_looked_at(
    connected: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    resolving(monkeypatch, "93.184.216.34")
    assert sending.post("https://example.org/hook?a=1", b"{}", {}) == 200
    assert connected == [("93.184.216.34", "example.org", "POST", "/hook?a=1")]


@pytest.mark.parametrize(
    "addresses", [("127.0.0.1",), ("93.184.216.34", "10.0.0.1"), ("169.254.169.254",), ()]
)
def test_a_name_that_leads_inside_is_not_called(
    connected: list[Any], monkeypatch: pytest.MonkeyPatch, addresses: tuple[str, ...]
) -> None:
    resolving(monkeypatch, *addresses)
    with pytest.raises(NotSent, match="public network"):
        sending.post("https://example.org/hook", b"{}", {})
    assert connected == []


def test_a_name_nobody_knows_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror("no such name")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(NotSent, match="not known"):
        sending.post("https://example.org/hook", b"{}", {})


@pytest.mark.parametrize("status", [301, 307, 404, 500])
def test_redirects_and_refusals_are_no_delivery(
    connected: list[Any], monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    resolving(monkeypatch, "93.184.216.34")
    monkeypatch.setattr(sending._Pinned, "getresponse", lambda _: Answer(status))
    with pytest.raises(NotSent) as caught:
        sending.post("https://example.org/hook", b"{}", {})
    assert caught.value.status == status
    assert len(connected) == 1


def test_a_server_that_speaks_no_tls_is_no_server(monkeypatch: pytest.MonkeyPatch) -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    monkeypatch.setattr(sending, "is_public", lambda _: True)
    resolving(monkeypatch, "127.0.0.1")
    monkeypatch.setattr(sending, "TIMEOUT_S", 0.3)
    with pytest.raises(NotSent, match="No answer"):
        sending.post(f"https://example.org:{port}/", b"{}", {})
    listener.close()
