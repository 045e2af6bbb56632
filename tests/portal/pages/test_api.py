"""Answers for machines."""

import gc
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit
from xml.etree import ElementTree

import pytest
from flask import Flask
from sqlalchemy.exc import OperationalError
from structlog.testing import capture_logs

from portal.core import clock, jobs, metrics, taking
from portal.core.db import db, writing
from portal.core.metrics import Meter
from portal.core.taking import Maintenance
from portal.core.tenancy import Town
from portal.notify.outbox import Recipient, send
from portal.pages import api, queries
from portal.ui.pages import look_version
from tests.factories.browser import Browser
from tests.factories.initiatives import make_initiative


def test_the_theme_sets_the_towns_colours(client: Browser, town: Town) -> None:
    answer = client.get("/theme/lublin.css")
    assert answer.mimetype == "text/css"
    assert (
        answer.text
        == ":root{--brand:#8a2432;--brand-dark:#6b1824;--brand-ink:#ffffff;--brand-soft:#f8e9ea}\n"
    )


@pytest.mark.parametrize("ending", ["css", "svg"])
def test_only_an_address_with_the_version_is_kept_for_long(client: Browser, town: Town, ending: str) -> None:
    # A version this process does not know may be a newer one: its colours must not be kept under that address.
    for short in ("", "?v=1"):
        kept = client.get(f"/theme/lublin.{ending}{short}").headers["Cache-Control"]
        assert kept == "public, max-age=300"
    kept = client.get(f"/theme/lublin.{ending}?v={look_version(town)}").headers["Cache-Control"]
    assert kept == "public, max-age=31536000, immutable"


def test_the_mark_is_a_picture(client: Browser, town: Town) -> None:
    answer = client.get("/theme/lublin.svg")
    assert answer.mimetype == "image/svg+xml"
    assert ElementTree.fromstring(answer.text).tag.endswith("svg")


@pytest.mark.parametrize(
    "path", ["/theme/atlantis.css", "/theme/atlantis.svg", "/theme/LUBLIN.css", "/theme/lublin.png"]
)
def test_a_foreign_theme_is_missing(client: Browser, town: Town, path: str) -> None:
    assert client.get(path).status_code == 404


def test_a_tile_is_a_picture_and_a_wrong_one_missing(client: Browser) -> None:
    answer = client.get("/map/tiles/7/71/43.svg")
    assert (answer.status_code, answer.mimetype) == (200, "image/svg+xml")
    assert answer.headers["Cache-Control"] == "public, max-age=86400"
    assert client.get("/map/tiles/7/700/43.svg").status_code == 404
    assert client.get("/map/tiles/99/1/1.svg").status_code == 404


def test_the_icon_is_found_where_browsers_look(client: Browser) -> None:
    answer = client.get("/favicon.ico")
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith("/static/favicon")


def test_health_asks_nothing(client: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queries, "checks", _broken)
    answer = client.get("/healthz")
    assert (answer.status_code, answer.get_json()) == (200, {"status": "ok"})
    assert answer.headers["Cache-Control"] == "no-store"


def _broken(*_args: Any, **_kwargs: Any) -> Any:
    raise OperationalError("SELECT 1", {}, Exception("gone"))


def test_a_sound_installation_is_ready(client: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.disk_usage", _disk(50))
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert answer.get_json() == {
        "status": "ready",
        "checks": {
            "database": {"status": "ok", "value": None},
            "migrations": {"status": "ok", "value": None},
            "disk": {"status": "ok", "value": 50},
            "files": {"status": "ok", "value": None},
            "messages": {"status": "ok", "value": None},
            "worker": {"status": "warning", "value": None},
        },
        "takes": {"uploads": True, "forms": True, "read_only_until": None},
    }
    jobs.beat("here:1")
    assert _status(client, "worker") == (200, "ok")


def _disk(free: int) -> Any:
    class Usage:
        total = 100

    usage = Usage()
    usage.free = free  # type: ignore[attr-defined]
    return lambda _path: usage


def _status(client: Browser, part: str) -> tuple[int, str]:
    answer = client.get("/readyz")
    return answer.status_code, answer.get_json()["checks"][part]["status"]


def test_a_database_that_is_gone_is_not_ready(client: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    class Session:
        scalar = staticmethod(_broken)
        connection = staticmethod(_broken)

        def rollback(self) -> None: ...

    monkeypatch.setattr("portal.pages.queries.db.session", Session())
    parts = {check.key: check.health for check in queries.checks()}
    assert (parts["database"], parts["migrations"], parts["messages"]) == ("failed",) * 3
    assert parts["worker"] == "failed"


def test_tables_of_another_release_are_not_ready(client: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queries, "_heads", lambda: ("9999",))
    assert _status(client, "migrations") == (503, "failed")
    assert client.get("/readyz").get_json()["status"] == "not ready"


def test_a_disk_nearly_full_warns_and_a_full_one_fails(
    client: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shutil.disk_usage", _disk(9))
    assert _status(client, "disk") == (200, "warning")
    monkeypatch.setattr("shutil.disk_usage", _disk(1))
    assert _status(client, "disk") == (503, "failed")


def test_a_disk_that_cannot_be_read_fails(client: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    def unreadable(_path: object) -> None:
        raise OSError

    monkeypatch.setattr("shutil.disk_usage", unreadable)
    assert _status(client, "disk") == (503, "failed")


def test_a_silent_worker_warns_but_not_while_it_pauses(
    client: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs.beat("here:1")
    later = clock.now() + timedelta(minutes=4)
    monkeypatch.setattr("portal.core.clock.now", lambda: later)
    assert _status(client, "worker") == (200, "warning")
    with writing():
        db.session.add(Maintenance(id=1, begun_at=later, until_at=later + timedelta(minutes=5)))
    taking.watch().forget()
    assert _status(client, "worker") == (200, "ok")


def test_what_is_refused_is_told(client: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    for free, uploads, forms in ((9, False, True), (4, False, False)):
        monkeypatch.setattr("shutil.disk_usage", _disk(free))
        taking.watch().forget()
        told = client.get("/readyz").get_json()["takes"]
        assert (told["uploads"], told["forms"]) == (uploads, forms)


def test_a_message_that_waits_too_long_warns(
    client: Browser, town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    with writing():
        send(next(iter(_codes())), Recipient("pl", email="ewa@people.example"), {})
    assert _status(client, "messages") == (200, "ok")
    later = clock.now() + timedelta(hours=2)
    monkeypatch.setattr("portal.core.clock.now", lambda: later)
    assert _status(client, "messages") == (200, "warning")


def _codes() -> list[str]:
    from portal.core.registry import registry

    return sorted(registry.notices)


def test_a_demonstration_is_not_indexed(client: Browser) -> None:
    assert client.get("/robots.txt").text == "User-agent: *\nDisallow: /\n"


def test_the_real_portal_keeps_private_places_from_robots(
    client: Browser, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Production:
        shows_demo = False
        base_url = "https://portal.example"

    monkeypatch.setattr(api, "_settings", Production)
    lines = client.get("/robots.txt").text.splitlines()
    assert "Disallow: /cs/account" in lines
    assert "Disallow: /" not in lines
    assert lines[-1] == "Sitemap: https://portal.example/sitemap.xml"


def test_every_address_of_the_sitemap_answers(client: Browser, town: Town, other_town: Town) -> None:
    tree = ElementTree.fromstring(client.get("/sitemap.xml").text)
    space = {"s": api.SITEMAP, "x": api.XHTML}
    entries = tree.findall("s:url", space)
    paths = [urlsplit(entry.findtext("s:loc", "", space)).path for entry in entries]
    assert {"/pl/", "/cs/about", "/en/lublin/", "/pl/ostrava-jih/privacy"} <= set(paths)
    for entry, path in zip(entries, paths, strict=True):
        twins = {link.get("hreflang") for link in entry.findall("x:link", space)}
        assert twins == {"pl", "cs", "en"}
        assert client.get(path).status_code == 200, path


@pytest.mark.parametrize(("asked", "language"), [("cs", "cs"), ("de", "pl"), ("en-GB,en;q=0.9", "en")])
def test_the_search_description_speaks_the_browsers_language(
    client: Browser, asked: str, language: str
) -> None:
    answer = client.get("/opensearch.xml", headers={"Accept-Language": asked})
    assert answer.mimetype == "application/opensearchdescription+xml"
    assert "Accept-Language" in answer.headers["Vary"]
    tree = ElementTree.fromstring(answer.text)
    space = {"o": api.OPENSEARCH}
    assert len(tree.findtext("o:ShortName", "", space)) <= 16
    assert tree.findtext("o:Language", "", space) == language
    url = tree.find("o:Url", space)
    assert url is not None
    assert url.attrib["template"].endswith(f"/{language}/search?q={{searchTerms}}")


def test_security_txt_names_a_contact_and_a_day(client: Browser) -> None:
    answer = client.get("/.well-known/security.txt")
    assert answer.mimetype == "text/plain"
    fields = dict(line.split(": ", 1) for line in answer.text.splitlines())
    assert client.get(urlsplit(fields["Contact"]).path).status_code == 200
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT00:00:00Z", fields["Expires"])


@pytest.fixture
def no_reports(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api, "_reports", Counter())


OLD = {
    "csp-report": {
        "document-uri": "https://portal.example/pl/follow/secret",
        "violated-directive": "script-src 'self'",
        "blocked-uri": "https://evil.example/x.js?token=1",
    }
}
NEW = [{"type": "csp-violation", "body": {"effectiveDirective": "img-src", "blockedURL": "inline"}}]


def test_reports_are_counted_without_addresses(client: Browser, no_reports: None) -> None:
    with capture_logs() as lines:
        for report in (OLD, OLD, NEW):
            assert client.post("/csp-report", json=report).status_code == 204
    assert [(line["directive"], line["blocked"], line["count"]) for line in lines] == [
        ("script-src", "evil.example", 1),
        ("img-src", "inline", 1),
    ]
    assert "secret" not in str(lines)
    assert "token" not in str(lines)
    assert api._reports[("script-src", "evil.example")] == 2


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"3",
        b'{"csp-report": 7}',
        b'{"csp-report": {"effective-directive": 5}}',
        b'{"csp-report": {"effective-directive": "a b\\u0000", "blocked-uri": "x"}}',
        b'{"csp-report": {"effective-directive": "<script>", "blocked-uri": "x"}}',
        b"\xff\xfe",
    ],
)
def test_nonsense_is_taken_calmly(client: Browser, no_reports: None, body: bytes) -> None:
    assert client.post("/csp-report", data=body).status_code == 204
    assert not api._reports


@pytest.mark.parametrize("blocked", ["http://[::1", "\n", "https://a b.example/", "ÿ" * 300, ""])
def test_a_strange_source_is_called_other(client: Browser, no_reports: None, blocked: str) -> None:
    report = {"csp-report": {"effective-directive": "img-src", "blocked-uri": blocked}}
    assert client.post("/csp-report", json=report).status_code == 204
    assert set(api._reports) == {("img-src", "other")}


def test_a_long_report_is_refused(client: Browser, no_reports: None) -> None:
    assert client.post("/csp-report", data=b"x" * (api.LARGEST_REPORT + 1)).status_code == 413


def test_a_flood_of_kinds_fills_no_memory(
    client: Browser, no_reports: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api, "MOST_KINDS", 3)
    for number in range(5):
        report = {
            "csp-report": {"effective-directive": "img-src", "blocked-uri": f"https://h{number}.example/"}
        }
        client.post("/csp-report", json=report)
    assert len(api._reports) == 3


TOKEN = "Jq7xV1nL9rT4wZ8yKb3mHc6pQ2sD5fGa"
LABEL = re.compile(r'(\w+)="([^"]*)"')


@pytest.fixture(scope="session")
def counting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Meter]:
    """The library keeps one folder a process, so there is one meter for all tests."""
    yield Meter(tmp_path_factory.mktemp("metrics"))
    from prometheus_client.mmap_dict import MmapedDict

    # It never closes its files, since a process counts until its end.
    for found in gc.get_objects():
        if isinstance(found, MmapedDict):
            found.close()


@pytest.fixture
def metered(app: Flask, counting: Meter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics, "_meter", counting)
    settings = replace(app.extensions["portal.settings"], metrics_token=TOKEN)
    monkeypatch.setitem(app.extensions, "portal.settings", settings)


def ask(client: Browser, token: str = TOKEN) -> Any:
    return client.get("/metrics", headers={"Authorization": f"Bearer {token}"})


def figure(told: str, line: str) -> float:
    found = re.search(rf"^{re.escape(line)} (.+)$", told, re.M)
    return float(found[1]) if found else 0.0


def test_metrics_are_there_only_for_the_token(client: Browser, metered: None) -> None:
    assert ask(client).status_code == 200
    assert ask(client).headers["Cache-Control"] == "no-store"
    for headers in ({}, {"Authorization": "Bearer "}, {"Authorization": f"Basic {TOKEN}"}):
        assert client.get("/metrics", headers=headers).status_code == 404
    assert ask(client, TOKEN[:-1]).status_code == 404
    assert ask(client, "ż" * 32).status_code == 404


def test_without_the_setting_there_are_no_metrics(client: Browser) -> None:
    assert ask(client).status_code == 404
    assert ask(client, "").status_code == 404


def test_requests_are_counted_by_page_and_kept_ones_apart(
    client: Browser, town: Town, metered: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("portal.ui.page_cache.POLL", 0.0)
    live = 'portal_requests_total{endpoint="pages.town",kept="no",status="2xx"}'
    kept = 'portal_requests_total{endpoint="pages.town",kept="yes",status="2xx"}'
    nowhere = 'portal_requests_total{endpoint="none",kept="no",status="4xx"}'
    before = ask(client).text
    for _ in range(3):
        client.get("/en/lublin/")
    client.get("/nothing/at/this/address")
    after = ask(client).text
    assert figure(after, live) - figure(before, live) == 1
    assert figure(after, kept) - figure(before, kept) == 2
    assert figure(after, nowhere) - figure(before, nowhere) == 1
    seconds = 'portal_request_seconds_count{endpoint="pages.town"}'
    assert figure(after, seconds) - figure(before, seconds) == 1


def test_metrics_tell_of_work_messages_and_workers(client: Browser, town: Town, metered: None) -> None:
    with writing():
        send(next(iter(_codes())), Recipient("pl", email="ewa@people.example"), {})
        jobs.enqueue("stub", {}, due_at=clock.now() - timedelta(minutes=6))
        jobs.enqueue("stub", {}, due_at=clock.now() + timedelta(days=1))
    jobs.beat("here:1")
    told = ask(client).text
    assert figure(told, 'portal_jobs{state="late"}') == 1
    assert figure(told, 'portal_jobs{state="due"}') == 2
    assert figure(told, 'portal_jobs{state="planned"}') == 1
    assert figure(told, 'portal_jobs{state="dead"}') == 0
    assert figure(told, 'portal_messages{channel="mail",state="waiting"}') == 1
    assert figure(told, "portal_workers") == 1
    assert 0 <= figure(told, "portal_worker_silence_seconds") < 60
    assert 0 < figure(told, "portal_disk_free_ratio") <= 1
    assert figure(told, "portal_read_only") == 0


def test_labels_name_no_address_case_or_person(client: Browser, town: Town, metered: None) -> None:
    number = (make_initiative(town).number or "").lower()
    for path in (
        f"/en/lublin/initiatives/{number}",
        "/en/follow/secret-of-somebody",
        "/en/lublin/desk",
        "/en/search?q=Kowalska",
    ):
        client.get(path)
    told = ask(client).text
    for secret in (number, "secret-of-somebody", "Kowalska", "lublin"):
        assert secret not in told
    allowed = {"endpoint", "status", "kept", "le", "state", "channel"}
    assert {name for name, _value in LABEL.findall(told)} <= allowed
    endpoints = {value for name, value in LABEL.findall(told) if name == "endpoint"}
    assert endpoints <= {"none", *client.application.view_functions}
