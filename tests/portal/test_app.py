"""The application as production starts it: its cookies and headers, the proxies it believes, how much it takes."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from portal.app import MAX_FORM_MEMORY, MAX_FORM_PARTS
from portal.core.config import ROOT
from tests.factories.browser import Browser
from tests.portal.core.test_config import GOOD

ASK = """
import json, sys
from wsgi import app
headers, base = json.loads(sys.argv[1])
answer = app.test_client().get("/.well-known/security.txt", base_url=base, headers=headers)
names = ("SESSION_COOKIE_NAME", "SESSION_COOKIE_SECURE", "SESSION_COOKIE_HTTPONLY", "SESSION_COOKIE_SAMESITE")
print(json.dumps([answer.status_code, dict(answer.headers), {name: app.config[name] for name in names}]))
"""


def production(
    folder: Path, headers: dict[str, str] | None = None, base: str = "https://portal.example", **settings: str
) -> tuple[int, dict[str, str], dict[str, Any]]:
    """Status and headers of an answer, and the settings of the cookie, in a process of its own."""
    given = {name: value for name, value in os.environ.items() if not name.startswith("PORTAL_")}
    done = subprocess.run(
        [sys.executable, "-c", ASK, json.dumps([headers or {}, base])],
        cwd=ROOT,
        env=given | GOOD | {"PORTAL_DATA": str(folder)} | settings,
        capture_output=True,
        text=True,
        check=True,
    )
    status, told, cookie = json.loads(done.stdout.splitlines()[-1])
    return status, told, cookie


def test_production_keeps_its_cookie_and_its_pages_to_https(tmp_path: Path) -> None:
    """Source: R11, R15 (docs/security.md)."""
    status, headers, cookie = production(tmp_path)
    assert status == 200
    assert headers["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains"
    assert cookie == {
        "SESSION_COOKIE_NAME": "__Host-portal",
        "SESSION_COOKIE_SECURE": True,
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
    }


FORWARDED = {
    "X-Forwarded-Host": "portal.example",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-For": "192.0.2.1",
}


@pytest.mark.parametrize(
    ("proxies", "base", "forwarded", "status"),
    [
        ("0", "https://elsewhere.example", "portal.example", 404),
        ("0", "https://portal.example", "elsewhere.example", 200),
        ("1", "http://127.0.0.1", "portal.example", 200),
        ("1", "https://portal.example", "elsewhere.example", 404),
    ],
)
def test_forwarded_names_count_only_where_a_proxy_is_set(
    tmp_path: Path, proxies: str, base: str, forwarded: str, status: int
) -> None:
    """Source: R17 (docs/security.md)."""
    headers = {**FORWARDED, "X-Forwarded-Host": forwarded}
    assert production(tmp_path, headers, base, PORTAL_TRUSTED_PROXIES=proxies)[0] == status


def test_every_answer_has_the_headers_that_fence_it_in(client: Browser) -> None:
    """Source: R15 (docs/security.md). Pages, refusals and answers for machines alike."""
    for path in ("/en/", "/en/nothing-here", "/healthz", "/api/v1/openapi.json", "/robots.txt"):
        headers = client.get(path).headers
        policy = dict(part.strip().split(" ", 1) for part in headers["Content-Security-Policy"].split(";"))
        assert policy["default-src"] == policy["base-uri"] == policy["object-src"] == "'none'", path
        assert policy["frame-ancestors"] == "'none'"
        assert policy["form-action"] == policy["style-src"] == "'self'"
        assert "unsafe" not in headers["Content-Security-Policy"]
        assert "nonce" not in headers["Content-Security-Policy"]
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
        assert {"Referrer-Policy", "Permissions-Policy", "X-Frame-Options"} <= set(headers.keys())


@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "multipart/form-data"])
@pytest.mark.parametrize(
    "sent",
    [
        {f"field{number}": "1" for number in range(MAX_FORM_PARTS + 1)},
        {"text": "x" * (MAX_FORM_MEMORY + 1)},
    ],
    ids=["too many fields", "too long"],
)
def test_a_form_of_more_than_anybody_types_is_refused(
    client: Browser, kind: str, sent: dict[str, str]
) -> None:
    """Source: R43 (docs/security.md)."""
    # Written out here: the test client would keep a large form in a file it never closes.
    parts = [
        f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in sent.items()
    ]
    data = urlencode(sent) if kind.endswith("urlencoded") else "".join(parts) + "--b--\r\n"
    assert client.post("/en/sign-in", data=data, content_type=f"{kind}; boundary=b").status_code == 413
