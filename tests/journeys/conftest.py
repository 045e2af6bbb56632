"""Journeys: people walk through the running portal in a real browser.

    visit("pl")                             somebody without an account at a desk, 1280 pixels wide
    visit("cs", width=320)                  on a small phone
    visit("en", scripts=False)              with JavaScript switched off
    visit("pl", staff="leader@lublin.example")          signed in by password and code
    visit("pl", resident="teresa.wolniak@poczta.example")    signed in by the link of a message

Each worker of the run has its own server and demo data; journeys use cases they filed themselves, or leave
those of the demo data as they were. A machine without Chromium fails here, it never skips.
"""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

import dev
from portal.core.config import Settings
from tests.factories.databases import PostgresDatabases, SqliteDatabases
from tests.journeys.acts import sign_in_resident, sign_in_staff
from tests.journeys.server import LOG, running
from tests.journeys.visitor import Visitor, options

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # Nothing else can be reached, whatever a page asks for.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
)
PATIENCE_MS = 45_000

Visit = Callable[..., Visitor]


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """The browser of this worker."""
    program = os.environ.get("PORTAL_CHROMIUM") or dev.installed_chromium()
    if not program:
        pytest.fail("Journeys need Chromium: `python3 dev.py test` tells how to get it.", pytrace=False)
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=list(FLAGS))
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def journeys_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder of this worker's portal."""
    return tmp_path_factory.mktemp("journeys")


@pytest.fixture(scope="session")
def journeys_database(demo_database: None, shared: Path, journeys_data: Path, worker_id: str) -> str:
    """Address of this worker's own copy of the demo data."""
    address = os.environ.get("PORTAL_TEST_DATABASE_URL")
    own = (
        PostgresDatabases(address, f"{worker_id}_journeys")
        if address
        else SqliteDatabases(shared, journeys_data)
    )
    own.restore("demo")
    return own.url


@pytest.fixture(scope="session")
def portal_url(
    settings: Settings, shared: Path, journeys_database: str, journeys_data: Path
) -> Iterator[str]:
    """The running portal of this worker."""
    with running(settings, journeys_database, journeys_data, shared / "demo-files") as url:
        yield url


@dataclass(frozen=True, slots=True)
class Wallet:
    """What signing in left, for the next time: cookies by address, and the step of the last code of each."""

    cookies: dict[str, Any] = field(default_factory=dict)
    codes: dict[str, int] = field(default_factory=dict)


@pytest.fixture(scope="session")
def wallet() -> Wallet:
    """The cookies of this worker's people."""
    return Wallet()


@pytest.fixture
def visit(chromium: Browser, portal_url: str, wallet: Wallet, journeys_data: Path) -> Iterator[Visit]:
    """Open a browser for somebody; afterwards no page of theirs may have had anything to complain of."""
    opened: list[Visitor] = []

    def enter(
        lang: str = "pl",
        *,
        width: int = 1280,
        staff: str = "",
        resident: str = "",
        again: bool = False,
        scripts: bool = True,
        dark: bool = False,
    ) -> Visitor:
        who = staff or resident
        known = None if again else wallet.cookies.get(who)
        context = chromium.new_context(
            **options(lang, width, scripts=scripts, dark=dark), storage_state=known
        )
        context.set_default_timeout(PATIENCE_MS)
        visitor = Visitor(context, portal_url, lang)
        opened.append(visitor)
        if who and not known:
            if staff:
                sign_in_staff(visitor, staff, wallet.codes)
            else:
                sign_in_resident(visitor, resident)
            wallet.cookies[who] = context.storage_state()
        return visitor

    yield enter
    complaints = [line for visitor in opened for line in visitor.complaints]
    for visitor in opened:
        visitor.context.close()
    if any(line.startswith("500") for line in complaints):
        log = (journeys_data / LOG).read_text(errors="replace")
        complaints.append(f"The server says:\n{log[-6000:]}")
    assert not complaints, "\n".join(complaints)
