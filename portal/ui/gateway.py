"""What stands between the server and the application: a clean request environment.

Some servers hand the whole process environment to every request, secrets included, and a variable named
like a header would look like one that a visitor sent. So nothing of the process reaches a request, nor does
a Host header that nobody can read: what comes after sees none, and knows no such host.
"""

import os
from collections.abc import Iterable
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


class Gateway:
    """WSGI wrapper that takes the process environment and an unreadable host out of a request's."""

    def __init__(self, inner: "WSGIApplication") -> None:
        self._inner = inner
        self._process = dict(os.environ)

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Pass the request on without what only the process should know."""
        for name, value in self._process.items():
            if environ.get(name) == value:
                del environ[name]
        try:
            # The port is read too: it is the part that is checked last.
            _ = urlsplit("//" + environ.get("HTTP_HOST", "")).port
        except ValueError:
            environ["HTTP_HOST"] = ""
        return self._inner(environ, start_response)
