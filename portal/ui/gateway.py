"""What stands between the server and the application: a clean request environment.

Some servers hand the whole process environment to every request, secrets included, and a variable named
like a header would look like one that a visitor sent. So nothing of the process reaches a request, nor does
a Host header that nobody can read: what comes after sees none, and knows no such host.
"""

import os
from collections.abc import Iterable
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


@lru_cache(maxsize=256)
def host_of(header: str) -> str | None:
    """The name in a Host header, without its port; None where nobody can read one."""
    try:
        parts = urlsplit("//" + header)
        _ = parts.port  # Checked last.
    except ValueError:
        return None
    return parts.hostname or ""


class Gateway:
    """WSGI wrapper that takes the process environment and an unreadable host out of a request's."""

    def __init__(self, inner: "WSGIApplication") -> None:
        self._inner = inner
        self._process = dict(os.environ)
        self._names = frozenset(self._process)

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Pass the request on without what only the process should know."""
        if not self._names.isdisjoint(environ):
            for name, value in self._process.items():
                if environ.get(name) == value:
                    del environ[name]
        if host_of(environ.get("HTTP_HOST", "")) is None:
            environ["HTTP_HOST"] = ""
        return self._inner(environ, start_response)
