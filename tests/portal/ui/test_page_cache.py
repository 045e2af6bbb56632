"""Finished pages ahead of Flask: what is kept, for how long, for whom, and what never is."""

import gzip
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask, request_started
from sqlalchemy import update

from portal.core import tenancy
from portal.core.actor import Actor
from portal.core.config import ROOT, Mode
from portal.core.db import db, writing
from portal.core.tenancy import Municipality, Town
from portal.ui import page_cache
from portal.ui.fragments import until_change
from portal.ui.page_cache import BEFORE, NOTE, PageCache
from tests.factories.browser import Browser
from tests.factories.initiatives import make_initiative

LIST = "/pl/lublin/initiatives"

# Another process raises the version, as its own use case would.
OTHER_PROCESS = """
import sys
from sqlalchemy import create_engine, text
from portal.core.db import engine_options
engine = create_engine(sys.argv[1], **engine_options(sys.argv[1]))
with engine.begin() as connection:
    connection.execute(text("UPDATE municipality SET content_version = content_version + 1"))
"""


@pytest.fixture
def asked(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Paths that reached Flask."""
    # On a database that cannot tell of changes at once the versions are read each time.
    monkeypatch.setattr(page_cache, "POLL", 0.0)
    paths: list[str] = []

    def note(_sender: Flask, **_: Any) -> None:
        from flask import request

        paths.append(request.full_path.rstrip("?"))

    with request_started.connected_to(note, app):
        yield paths


@pytest.fixture
def cache(app: Flask) -> PageCache:
    found = app.extensions["portal.page_cache"]
    assert isinstance(found, PageCache)
    return found


def touch(town: Town) -> None:
    """A public change of the municipality."""
    with writing():
        db.session.execute(
            update(Municipality)
            .where(Municipality.id == town.id)
            .values(content_version=Municipality.content_version + 1)
        )


def test_second_visitor_gets_the_kept_page(client: Browser, town: Town, asked: list[str]) -> None:
    first, second = client.get(LIST), client.get(LIST)
    assert asked == [LIST]
    assert first.get_data() == second.get_data()
    assert second.status_code == 200
    for name in ("Content-Security-Policy", "Cache-Control", "Content-Language", "ETag"):
        assert first.headers[name] == second.headers[name]


def test_kept_page_costs_flask_nothing(client: Browser, town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    client.get(LIST)

    def fail(_environ: object, _start_response: object) -> Iterable[bytes]:
        raise AssertionError("The application was asked.")

    monkeypatch.setattr(client.application.extensions["portal.page_cache"], "_inner", fail)
    assert client.get(LIST).status_code == 200


def test_page_is_stale_with_the_next_public_change(client: Browser, town: Town, asked: list[str]) -> None:
    client.get(LIST)
    make_initiative(town, title="Nowa ławka nad zalewem")
    assert "Nowa ławka nad zalewem" in client.get(LIST).get_data(as_text=True)
    assert asked == [LIST, LIST]


def test_page_is_stale_after_a_change_in_another_process(
    client: Browser, town: Town, asked: list[str]
) -> None:
    client.get(LIST)
    url = db.engine.url.render_as_string(hide_password=False)
    subprocess.run([sys.executable, "-c", OTHER_PROCESS, url], cwd=ROOT, check=True)
    client.get(LIST)
    client.get(LIST)
    assert asked == [LIST, LIST]


def test_municipalities_are_read_again_when_their_facts_change_and_only_then(
    client: Browser, town: Town, asked: list[str]
) -> None:
    client.get(LIST)
    known = tenancy.towns()
    touch(town)
    client.get(LIST)
    assert tenancy.towns() is known
    # As another process would: this one is not told.
    with writing():
        row = db.session.get_one(Municipality, town.id)
        row.name = {**row.name, "pl": "Lublin nad Bystrzycą"}
    client.get(LIST)
    assert tenancy.town(town.slug).names["pl"] == "Lublin nad Bystrzycą"


def test_change_of_one_town_leaves_the_pages_of_others(
    client: Browser, town: Town, other_town: Town, asked: list[str]
) -> None:
    other, everywhere = "/pl/ostrava-jih/initiatives", "/pl/initiatives"
    for path in (LIST, other, everywhere):
        client.get(path)
    touch(town)
    asked.clear()
    for path in (LIST, other, everywhere):
        client.get(path)
    assert asked == [LIST, everywhere]


def test_visitors_may_see_what_was_true_a_moment_ago_and_no_longer(
    client: Browser, town: Town, asked: list[str], cache: PageCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    import time

    monkeypatch.setattr(cache.versions, "_lag", 10.0)
    monkeypatch.setattr(page_cache, "POLL", 10.0)
    client.get(LIST)
    client.get(LIST)
    touch(town)
    client.get(LIST)
    assert asked == [LIST]
    monkeypatch.setattr(page_cache, "time", SimpleNamespace(monotonic=lambda: time.monotonic() + 11))
    client.get(LIST)
    client.get(LIST)
    assert asked == [LIST, LIST]


def test_lag_is_a_second_outside_the_tests(app: Flask, settings: Any) -> None:
    served = PageCache(app.wsgi_app, app, replace(settings, mode=Mode.DEMO))
    assert served.versions._lag == page_cache.LAG == 1.0
    assert PageCache(app.wsgi_app, app, settings).versions._lag == 0.0


def test_page_lives_a_minute(
    client: Browser, town: Town, asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    import time

    client.get(LIST)
    later = SimpleNamespace(monotonic=lambda: time.monotonic() + page_cache.MAX_AGE)
    monkeypatch.setattr(page_cache, "time", later)
    client.get(LIST)
    assert asked == [LIST, LIST]


def test_page_rendered_during_a_change_is_not_kept(
    client: Browser, town: Town, asked: list[str], cache: PageCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    inner = cache._inner

    def slow(environ: Any, start_response: Any) -> Iterable[bytes]:
        answer = inner(environ, start_response)
        with client.application.app_context():
            touch(town)
        return answer

    monkeypatch.setattr(cache, "_inner", slow)
    client.get(LIST)
    monkeypatch.undo()
    monkeypatch.setattr(page_cache, "POLL", 0.0)
    client.get(LIST)
    assert asked == [LIST, LIST]


def test_somebody_with_a_session_goes_past_the_cache(
    client: Browser,
    town: Town,
    asked: list[str],
    actor_as: Callable[..., Actor],
    sign_in: Callable[[Browser, Actor], None],
) -> None:
    client.get(LIST)
    sign_in(client, actor_as("resident", name="Ewa Próbna"))
    for _ in range(2):
        page = client.get(LIST, headers={"Accept-Encoding": "gzip"})
        assert "Ewa Próbna" in page.get_data(as_text=True)
        assert "Content-Encoding" not in page.headers  # A page with a token is never compressed.
        assert page.headers["Cache-Control"] == "no-store"
    assert asked == [LIST, LIST, LIST]
    client.delete_cookie(client.application.config["SESSION_COOKIE_NAME"])
    assert "Ewa Próbna" not in client.get(LIST).get_data(as_text=True)


@pytest.mark.parametrize("path", [f"{LIST}/new", "/pl/sign-in", "/pl/follow"])
def test_pages_with_a_form_are_not_kept(app: Flask, town: Town, asked: list[str], path: str) -> None:
    for _ in range(2):
        browser = app.test_client()  # A new visitor each time: the first got a cookie.
        browser.get(path)
    assert len(asked) == 2


def test_no_kept_page_holds_a_token_or_sets_a_cookie(client: Browser, town: Town, cache: PageCache) -> None:
    number = make_initiative(town).number or ""
    for path in (LIST, f"{LIST}/map", f"{LIST}/{number.lower()}", "/pl/", "/pl/lublin", "/pl/initiatives"):
        client.get(path)
    assert len(cache._entries) >= 5
    for entry in cache._entries.values():
        assert b"csrf_token" not in entry.body
        assert b"form_key" not in entry.body
        assert not [name for name, _ in entry.headers if name.lower() == "set-cookie"]


def test_query_keys_the_route_does_not_list_go_past(client: Browser, town: Town, asked: list[str]) -> None:
    for _ in range(2):
        client.get(f"{LIST}?phase=study")
        client.get(f"{LIST}?phase=study&tracked=1")
    assert asked == [f"{LIST}?phase=study", f"{LIST}?phase=study&tracked=1", f"{LIST}?phase=study&tracked=1"]


def test_each_query_has_its_own_page(client: Browser, town: Town) -> None:
    make_initiative(town, "published", title="Ławka na skwerze")
    assert "Ławka na skwerze" in client.get(f"{LIST}?phase=new").get_data(as_text=True)
    assert "Ławka na skwerze" not in client.get(f"{LIST}?phase=built").get_data(as_text=True)


def test_reader_who_has_it_already_gets_304(client: Browser, town: Town, asked: list[str]) -> None:
    tag = client.get(LIST).headers["ETag"]
    again = client.get(LIST, headers={"If-None-Match": tag})
    assert again.status_code == 304
    assert again.get_data() == b""
    assert again.headers["ETag"] == tag
    assert "Cookie" in again.headers["Vary"]
    assert "Content-Length" not in again.headers
    assert client.get(LIST, headers={"If-None-Match": '"another"'}).status_code == 200
    assert asked == [LIST]


def test_page_travels_compressed_where_wanted(client: Browser, town: Town) -> None:
    plain = client.get(LIST)
    packed = client.get(LIST, headers={"Accept-Encoding": "gzip, br"})
    assert "Content-Encoding" not in plain.headers
    assert packed.headers["Content-Encoding"] == "gzip"
    assert int(packed.headers["Content-Length"]) == len(packed.get_data()) < len(plain.get_data()) / 3
    assert gzip.decompress(packed.get_data()) == plain.get_data()
    assert "Accept-Encoding" in packed.headers["Vary"]


def test_only_get_is_answered_from_the_cache(client: Browser, town: Town, asked: list[str]) -> None:
    client.get(LIST)
    head = client.head(LIST)
    assert head.status_code == 200
    assert head.get_data() == b""
    client.post(LIST)
    assert asked == [LIST, LIST, LIST]


def test_head_leaves_nothing_behind(client: Browser, town: Town, cache: PageCache) -> None:
    client.head(LIST)
    assert not cache._entries
    assert client.get(LIST).get_data()


def test_foreign_host_gets_no_kept_page(client: Browser, town: Town, asked: list[str]) -> None:
    client.get(LIST)
    for host in ("evil.example", "127.0.0.1.evil.example", "[", ""):
        assert client.get(LIST, headers={"Host": host}).status_code == 404, host
    assert client.get(LIST, headers={"Host": "127.0.0.1:8000"}).status_code == 200


def test_note_to_the_cache_is_never_sent(client: Browser, town: Town) -> None:
    for path in (LIST, f"{LIST}?other=1", "/pl/nowhere"):
        assert NOTE not in client.get(path).headers
    client.set_cookie(client.application.config["SESSION_COOKIE_NAME"], "x" * 43)
    assert NOTE not in client.get(LIST).headers


def test_missing_pages_are_not_kept(client: Browser, town: Town, asked: list[str]) -> None:
    path = f"{LIST}/lub-i-2026-9999"
    assert [client.get(path).status_code for _ in range(2)] == [404, 404]
    assert len(asked) == 2


class TestAround:
    """The wrapper around an application that answers as told."""

    @pytest.fixture
    def answers(self, app: Flask, town: Town, settings: Any) -> Callable[..., tuple[int, PageCache]]:
        """`answers(status, headers, body)`: how often the application was asked in two equal requests."""

        def ask(
            status: str = "200 OK", headers: list[tuple[str, str]] | None = None, body: bytes = b"page"
        ) -> tuple[int, PageCache]:
            times = 0
            told: dict[str, str] = {}

            def inner(_environ: Any, start_response: Any) -> Iterable[bytes]:
                nonlocal times
                times += 1
                start_response(status, [("Content-Type", "text/html"), *(headers or [])])
                return [body]

            def hear(_status: str, given: list[tuple[str, str]], _exc: object = None) -> None:
                told.update(given)

            cache = PageCache(inner, app, settings)
            for _ in range(2):
                environ = {"REQUEST_METHOD": "GET", "PATH_INFO": "/page", "HTTP_HOST": "localhost"}
                assert b"".join(cache(environ, hear)) == body  # type: ignore[arg-type]
            assert NOTE not in told
            cache.clear()
            return times, cache

        return ask

    def test_keeps_what_says_so(self, answers: Callable[..., tuple[int, PageCache]], town: Town) -> None:
        assert answers(headers=[(NOTE, str(town.id))])[0] == 1
        assert answers(headers=[(NOTE, "0")])[0] == 1

    def test_keeps_nothing_else(self, answers: Callable[..., tuple[int, PageCache]], town: Town) -> None:
        note = (NOTE, str(town.id))
        assert answers()[0] == 2
        assert answers("404 NOT FOUND", [note])[0] == 2
        assert answers("301 MOVED PERMANENTLY", [note, ("Location", "/")])[0] == 2
        assert answers(headers=[note, ("Set-Cookie", "portal=x")])[0] == 2
        assert answers(headers=[note], body=b"x" * (page_cache.MAX_ENTRY + 1))[0] == 2

    def test_is_bounded_in_bytes(self, app: Flask, town: Town, settings: Any) -> None:
        body = b"x" * page_cache.MAX_ENTRY

        def inner(_environ: Any, start_response: Any) -> Iterable[bytes]:
            start_response("200 OK", [(NOTE, str(town.id))])
            return [body]

        cache = PageCache(inner, app, settings)
        for number in range(2 * page_cache.MAX_BYTES // page_cache.MAX_ENTRY):
            environ = {"REQUEST_METHOD": "GET", "PATH_INFO": f"/{number}", "HTTP_HOST": "localhost"}
            cache(environ, lambda _status, _headers, _exc=None: None)  # type: ignore[arg-type,return-value]
        kept = sum(len(entry.body) + len(entry.packed) for entry in cache._entries.values())
        assert page_cache.MAX_BYTES / 2 < kept <= page_cache.MAX_BYTES
        cache.clear()


class TestValues:
    """Values that hold until the next public change."""

    @staticmethod
    def _read(client: Browser, town: Town, make: Callable[[], int], *, change: bool = False) -> int:
        """Ask for the value as a view of the town would."""
        app = client.application
        version = app.extensions["portal.page_cache"].version(0)
        with app.test_request_context(LIST, environ_overrides={BEFORE: version}):
            app.preprocess_request()
            if change:
                touch(town)
            return until_change("test", make)

    def test_is_read_once_per_change(self, client: Browser, town: Town, asked: list[str]) -> None:
        reads = iter(range(10))
        assert [self._read(client, town, lambda: next(reads)) for _ in range(3)] == [0, 0, 0]
        touch(town)
        assert [self._read(client, town, lambda: next(reads)) for _ in range(2)] == [1, 1]

    def test_is_not_kept_when_something_changed_meanwhile(
        self, client: Browser, town: Town, asked: list[str]
    ) -> None:
        reads = iter(range(10))
        assert self._read(client, town, lambda: next(reads), change=True) == 0
        assert self._read(client, town, lambda: next(reads)) == 1

    def test_is_each_towns_own(
        self, client: Browser, town: Town, other_town: Town, asked: list[str], cache: PageCache
    ) -> None:
        with client.application.test_request_context(environ_overrides={BEFORE: cache.version(0)}):
            assert cache.until_change("test", town.id, lambda: "here") == "here"
            assert cache.until_change("test", other_town.id, lambda: "there") == "there"
            assert cache.until_change("test", town.id, lambda: "not read") == "here"

    def test_is_not_kept_outside_a_request(self, town: Town, cache: PageCache) -> None:
        assert cache.until_change("test", town.id, lambda: 1) == 1
        assert cache.until_change("test", town.id, lambda: 2) == 2
