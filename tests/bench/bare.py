"""What the portal is measured against: the framework saying hello, and a bare WSGI app with the same bytes."""

import json
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


_FOLDER = Path(os.environ.get("BENCH_ANSWER", "."))
_BODY = (_FOLDER / "body").read_bytes() if os.environ.get("BENCH_ANSWER") else b"hello"
_HEADERS = json.loads((_FOLDER / "headers.json").read_text()) if os.environ.get("BENCH_ANSWER") else []


def same(_environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
    """The bytes of an answer of ours, headers and body, without any framework."""
    start_response("200 OK", [(name, value) for name, value in _HEADERS])
    return [_BODY]
