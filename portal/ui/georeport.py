"""Open311 GeoReport v2 as a shape: the same answer in JSON or XML, refusals as the standard has them.

What is served in it lies with the module that serves it. Source: GeoReport v2, wiki.open311.org.
"""

import json
import re
from collections.abc import Mapping
from typing import Any
from xml.sax.saxutils import escape

from flask import Response, request

from portal.core.i18n import Text

ROOT = "/open311/"
ITEM = {
    "services": "service",
    "service_requests": "request",
    "attributes": "attribute",
    "values": "value",
    "errors": "error",
    "endpoints": "endpoint",
    "formats": "format",
}
"""What one of a list is called in XML."""
STATUS = {401: 403, 422: 400}
"""The standard knows 400 for what was sent wrongly and 403 for keys."""
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def is_asked() -> bool:
    """Whether this request came to an address of the standard."""
    return request.path.startswith(ROOT)


def answer(root: str, found: Any, form: str, status: int = 200) -> Response:
    """What was found in the form asked for; unchanged answers cost a 304."""
    if form == "xml":
        body = '<?xml version="1.0" encoding="utf-8"?>\n' + _xml(root, found)
        response = Response(body, status, content_type="text/xml; charset=utf-8")
    else:
        response = Response(
            json.dumps(found, ensure_ascii=False), status, content_type="application/json; charset=utf-8"
        )
    # Anybody's page may show what is public; a key is never sent by a browser of its own accord.
    response.headers["Access-Control-Allow-Origin"] = "*"
    if status == 200 and request.method in ("GET", "HEAD"):
        response.headers["Cache-Control"] = "no-cache"
        response.headers["Vary"] = "Accept-Language"
        response.add_etag()
        response.make_conditional(request)
    else:
        response.headers["Cache-Control"] = "no-store"
    return response


def refusal(status: int, detail: str, errors: Mapping[str, Text] | None = None) -> Response:
    """A refusal: a list of code and description; `errors` maps a field → what to do."""
    status = STATUS.get(status, status)
    told = [f"{name}: {text}" for name, text in errors.items()] if errors else [detail]
    form = "xml" if request.path.endswith(".xml") else "json"
    return answer("errors", [{"code": status, "description": text} for text in told], form, status)


def _xml(name: str, value: Any) -> str:
    if isinstance(value, Mapping):
        inner = "".join(_xml(key, part) for key, part in value.items())
    elif isinstance(value, list):
        inner = "".join(_xml(ITEM[name], part) for part in value)
    elif value is None:
        return f"<{name}/>"
    elif isinstance(value, bool):
        inner = "true" if value else "false"
    else:
        inner = escape(_FORBIDDEN.sub("", str(value)))
    return f"<{name}>{inner}</{name}>"
