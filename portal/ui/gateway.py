"""What stands between the server and the application: a clean request environment.

Some servers hand the whole process environment to every request, secrets included, and a variable named
like a header would look like one that a visitor sent. So nothing of the process reaches a request.
"""

import os
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


class Gateway:
    """WSGI wrapper that takes the process environment out of the request's."""

    def __init__(self, inner: "WSGIApplication") -> None:
        self._inner = inner
        self._process = dict(os.environ)

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Pass the request on without what only the process should know."""
        for name, value in self._process.items():
            if environ.get(name) == value:
                del environ[name]
        return self._inner(environ, start_response)
