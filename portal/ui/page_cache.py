"""Finished pages for visitors without a session, kept ahead of Flask (docs/performance.md, rule 6).

An answer is kept only when its view said so (the private note header), it is a 200, sets no cookie and
holds no token. Its version is the municipality's content_version (the sum of all for pages over all
towns). Who comes without a session has changed nothing, so a page may be as old as `LAG` for them: in a busy
hour, when every second brings a change, pages are still kept. After a minute a page is stale anyhow, because
deadlines pass without a write.
"""

import gzip
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, TypeVar

from cachetools import LRUCache, TTLCache
from flask import has_request_context, request
from sqlalchemy import Connection, select
from sqlalchemy.exc import SQLAlchemyError

from portal.core import metrics, tenancy
from portal.core.config import Mode, Settings
from portal.core.db import db
from portal.core.taking import Taking, watch
from portal.core.tenancy import Municipality
from portal.ui.gateway import host_of

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment
    from flask import Flask

T = TypeVar("T")
NOTE = "X-Portal-Cache"
STATIC_FILES = "/static/"
BEFORE = "portal.version"
"""Where a request keeps the version of everything public at its coming."""
ENDPOINT = "portal.endpoint"
"""Where a request leaves the name of its page, for the figures of those answered from memory."""
MAX_BYTES = 64 * 1024 * 1024
MAX_ENTRY = 512 * 1024
MAX_VALUES = 4096
MAX_AGE = 60.0
POLL, SQLITE_POLL = 1.0, 0.001
"""Seconds in which the database is asked once at most whether something changed."""
LAG = 1.0
"""Seconds for which visitors without a session may be shown what was true before a change; none in test mode."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A kept answer: final bytes, plain and compressed, with the headers of each and of a 304."""

    endpoint: str
    scope: int
    version: int
    takes: Taking
    until: float
    etag: str
    headers: list[tuple[str, str]]
    packed_headers: list[tuple[str, str]]
    unchanged_headers: list[tuple[str, str]]
    body: bytes
    packed: bytes


class Versions:
    """content_version per municipality, read again only when the database moved.

    SQLite tells by `PRAGMA data_version` on a connection of its own, asked once a millisecond: the question lets
    other threads go first, which costs more than a kept page. Elsewhere the versions are read once a second.
    """

    def __init__(self, app: "Flask", lag: float) -> None:
        self._app = app
        self._lag = lag
        self._lagging: tuple[float, dict[int, int]] | None = None
        self._lock = threading.Lock()
        self._connection: Connection | None = None
        self._seen: int | None = None
        self._asked = 0.0
        self._on_sqlite = app.config["SQLALCHEMY_DATABASE_URI"].startswith("sqlite")
        self._values: dict[int, int] = {}
        self._facts: dict[int, int] = {}

    def of(self, scope: int) -> int:
        """The present version of a municipality; 0 sums all."""
        if time.monotonic() - self._asked >= (SQLITE_POLL if self._on_sqlite else min(POLL, self._lag)):
            with self._lock:
                self._refresh()
        return _version_in(self._values, scope)

    def least(self, scope: int) -> int:
        """The version a kept page must have at least: the one of up to `lag` seconds ago. Versions only grow.

        Where the database is not asked more often than that, what was read last is it.
        """
        if not self._on_sqlite:
            return self.of(scope)
        now = time.monotonic()
        if self._lagging is None or now - self._lagging[0] >= self._lag:
            self.of(scope)
            self._lagging = now, self._values
        return _version_in(self._lagging[1], scope)

    def look_again(self) -> None:
        """Ask the database at the next question: this process may just have written."""
        if self._on_sqlite:
            self._asked = 0.0

    def _refresh(self) -> None:
        if self._connection is None:
            with self._app.app_context():
                engine = db.engine
            self._connection = engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        self._asked = time.monotonic()
        if self._on_sqlite:
            # Straight on the driver: the watch runs on most anonymous requests.
            raw: Any = self._connection.connection.dbapi_connection
            seen = raw.execute("PRAGMA data_version").fetchone()[0]
            if seen == self._seen:
                return
            self._seen = seen
        rows = self._connection.execute(
            select(Municipality.id, Municipality.content_version, Municipality.facts_version)
        ).all()
        facts = {row.id: row.facts_version for row in rows}
        if facts != self._facts:
            # Another process may have changed a municipality: names and colours are read again too.
            tenancy.forget_towns()
        self._values, self._facts = {row.id: row.content_version for row in rows}, facts

    def close(self) -> None:
        """Let go of the connection: at the end, and when it broke."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
            self._connection, self._seen, self._asked, self._lagging = None, None, 0.0, None


def _version_in(values: dict[int, int], scope: int) -> int:
    return sum(values.values()) if scope == 0 else values.get(scope, 0)


class PageCache:
    """WSGI wrapper around all others and the application."""

    def __init__(self, inner: "WSGIApplication", app: "Flask", settings: Settings) -> None:
        self._inner = inner
        self._cookie = app.config["SESSION_COOKIE_NAME"] + "="
        self._hosts = settings.hosts
        self._lock = threading.Lock()
        self._entries: LRUCache[tuple[str, str], Entry] = LRUCache(MAX_BYTES, getsizeof=_size)
        self._values: TTLCache[tuple[str, int], tuple[int, Any]] = TTLCache(MAX_VALUES, MAX_AGE)
        self.versions = Versions(app, 0.0 if settings.mode is Mode.TEST else LAG)
        self._watch = watch(app)

    def clear(self) -> None:
        """Forget everything: tests that swap the database call this."""
        with self._lock:
            self._entries.clear()
            self._values.clear()
        self.versions.close()
        self._watch.forget()

    def until_change(self, name: str, scope: int, make: Callable[[], T]) -> T:
        """What `make` reads, kept until something public changes in the municipality, a minute at most.

        What is read in a transaction begun before the last change may be older than the version it would be
        kept under: it is given but not kept.
        """
        version = self.version(scope)
        with self._lock:
            kept = self._values.get((name, scope))
        if kept is not None and kept[0] == version:
            found: T = kept[1]
            return found
        found = make()
        # Nothing has changed since the request came, so its transaction, begun later, sees this version.
        if has_request_context() and request.environ.get(BEFORE) == self.version(0) >= 0:
            with self._lock:
                self._values[name, scope] = (version, found)
        return found

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer from the cache, or let the application answer and keep what may be kept.

        Outermost of all, so the process environment is still among the request's (`gateway`): what is asked of
        it here decides no more than whether a public page comes from the cache.
        """
        if not self._may_serve(environ):
            environ[BEFORE] = self.version(0)
            answer = self._inner(environ, _without_note(start_response))
            self.versions.look_again()
            return answer
        key = (environ.get("PATH_INFO", ""), environ.get("QUERY_STRING", ""))
        with self._lock:
            entry = self._entries.get(key)
        if (
            entry is not None
            and entry.until > time.monotonic()
            and self._is_recent(entry)
            and entry.takes == self._watch.now()  # A line above the page tells when forms are not taken.
        ):
            metrics.count(entry.endpoint, 200, kept=True)
            return _answer(entry, environ, start_response)
        return self._fill(key, environ, start_response)

    def _may_serve(self, environ: "WSGIEnvironment") -> bool:
        if environ["REQUEST_METHOD"] != "GET" or self._cookie in environ.get("HTTP_COOKIE", ""):
            return False
        if environ.get("PATH_INFO", "").startswith(STATIC_FILES):
            return False
        return host_of(environ.get("HTTP_HOST", "")) in self._hosts

    def version(self, scope: int) -> int:
        """The present version of a municipality, 0 for all of them together; -1 when it cannot be told."""
        try:
            return self.versions.of(scope)
        except SQLAlchemyError:
            self.versions.close()
            return -1

    def _is_recent(self, entry: Entry) -> bool:
        try:
            return entry.version >= self.versions.least(entry.scope)
        except SQLAlchemyError:
            self.versions.close()
            return False

    def _fill(
        self, key: tuple[str, str], environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        caught: dict[str, Any] = {}
        before = environ[BEFORE] = self.version(0)
        takes = self._watch.now()

        def catch(
            status: str, headers: list[tuple[str, str]], exc_info: Any = None
        ) -> Callable[[bytes], object]:
            caught.update(status=status, headers=headers, exc_info=exc_info)
            return lambda data: None

        answer = self._inner(environ, catch)
        headers: list[tuple[str, str]] = caught["headers"]
        note = next((value for name, value in headers if name == NOTE), None)
        kept = [(name, value) for name, value in headers if name != NOTE]
        cookie = any(name.lower() == "set-cookie" for name, _ in headers)
        if note is None or cookie or not caught["status"].startswith("200"):
            start_response(caught["status"], kept, caught["exc_info"])
            return answer
        try:
            body = b"".join(answer)
        finally:
            close = getattr(answer, "close", None)
            if close:
                close()
        entry = self._made(environ.get(ENDPOINT, ""), int(note), kept, body, takes)
        # Rendered while somebody published: serve it, but do not keep what may be older than its version.
        same = self.version(0) == before and self._watch.now() == takes
        if same and len(body) <= MAX_ENTRY and entry.version >= 0:
            with self._lock:
                self._entries[key] = entry
        return _answer(entry, environ, start_response)

    def _made(
        self, endpoint: str, scope: int, headers: list[tuple[str, str]], body: bytes, takes: Taking
    ) -> Entry:
        etag = f'"{blake2b(body, digest_size=12).hexdigest()}"'
        packed = gzip.compress(body, 6, mtime=0)
        common = [(n, v) for n, v in headers if n.lower() not in ("content-length", "vary", "etag")]
        common += [("Vary", "Cookie, Accept-Encoding"), ("ETag", etag)]
        return Entry(
            endpoint=endpoint,
            scope=scope,
            version=self.version(scope),
            takes=takes,
            until=time.monotonic() + MAX_AGE,
            etag=etag,
            headers=[*common, ("Content-Length", str(len(body)))],
            packed_headers=[*common, ("Content-Encoding", "gzip"), ("Content-Length", str(len(packed)))],
            unchanged_headers=[(n, v) for n, v in common if n.lower() != "content-type"],
            body=body,
            packed=packed,
        )


def _answer(entry: Entry, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
    # Copies, because what stands in front may add to the list.
    if entry.etag in environ.get("HTTP_IF_NONE_MATCH", ""):
        start_response("304 Not Modified", entry.unchanged_headers.copy())
        return []
    if "gzip" in environ.get("HTTP_ACCEPT_ENCODING", ""):
        start_response("200 OK", entry.packed_headers.copy())
        return [entry.packed]
    start_response("200 OK", entry.headers.copy())
    return [entry.body]


def _without_note(start_response: "StartResponse") -> "StartResponse":
    def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
        return start_response(status, [(n, v) for n, v in headers if n != NOTE], exc_info)

    return start


def _size(entry: Entry) -> int:
    return len(entry.body) + len(entry.packed) + 1024
