"""Nothing of the process environment reaches a request, nor a host that nobody can read."""

from typing import Any

import pytest

from portal.ui.gateway import Gateway


def test_the_process_environment_stays_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORTAL_SECRET_KEY", "hush")
    monkeypatch.setenv("HTTP_X_FORWARDED_FOR", "10.0.0.1")
    seen: dict[str, Any] = {}

    def inner(environ: dict[str, Any], _start: Any) -> list[bytes]:
        seen.update(environ)
        return []

    gateway = Gateway(inner)
    gateway(
        {"PATH_INFO": "/", "PORTAL_SECRET_KEY": "hush", "HTTP_X_FORWARDED_FOR": "10.0.0.1"}, lambda *_: None
    )  # type: ignore[arg-type,misc]
    assert seen == {"PATH_INFO": "/"}


def test_a_header_the_visitor_sent_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_X_FORWARDED_FOR", "10.0.0.1")
    seen: dict[str, Any] = {}

    def inner(environ: dict[str, Any], _start: Any) -> list[bytes]:
        seen.update(environ)
        return []

    Gateway(inner)({"HTTP_X_FORWARDED_FOR": "192.0.2.7"}, lambda *_: None)  # type: ignore[arg-type,misc]
    assert seen == {"HTTP_X_FORWARDED_FOR": "192.0.2.7"}


@pytest.mark.parametrize(
    ("sent", "passed_on"),
    [
        ("[", ""),
        ("[::1", ""),
        ("localhost:port", ""),
        ("localhost:99999", ""),
        ("localhost:80", "localhost:80"),
    ],
)
def test_an_unreadable_host_is_none(sent: str, passed_on: str) -> None:
    seen: dict[str, Any] = {}

    def inner(environ: dict[str, Any], _start: Any) -> list[bytes]:
        seen.update(environ)
        return []

    Gateway(inner)({"HTTP_HOST": sent}, lambda *_: None)  # type: ignore[arg-type,misc]
    assert seen == {"HTTP_HOST": passed_on}
