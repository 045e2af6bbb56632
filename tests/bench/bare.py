"""What the portal is measured against: the framework saying hello, and a bare WSGI app with the same bytes."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from flask import Flask

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

hello = Flask("hello")


@hello.get("/")
def greet() -> str:
    """The least a Flask application can do."""
    return "hello"


_BODY = Path(os.environ["BENCH_BODY"]).read_bytes() if os.environ.get("BENCH_BODY") else b"hello"
_HEADERS = [("Content-Type", "text/html; charset=utf-8"), ("Content-Length", str(len(_BODY)))]


def same(_environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
    """The bytes of a page of ours, without any framework."""
    start_response("200 OK", _HEADERS)
    return [_BODY]
