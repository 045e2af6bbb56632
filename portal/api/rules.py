"""The OpenAPI document made from the operations of all modules, and what of webhooks can be decided without a wire. Pure."""

import base64
import hmac
import ipaddress
import re
from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import Any
from urllib.parse import urlsplit

from portal.core.i18n import Text
from portal.core.i18n import lazy_gettext as _l
from portal.core.registry import PUBLIC, ApiRoute, Schema

PROBLEM: Schema = {
    "type": "object",
    "description": "A problem document (RFC 9457).",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["pointer", "detail"],
                "properties": {"pointer": {"type": "string"}, "detail": {"type": "string"}},
            },
        },
    },
}
REFUSALS = {
    400: "The request cannot be read, or a parameter is unknown or not of its schema.",
    401: "The operation needs a key.",
    403: "The key was not given the permission.",
    404: "There is no such thing, or it is not public.",
    409: "Somebody else changed it first; read it again.",
    413: "The body is too large.",
    415: "The body is not application/json.",
    422: "The body does not fit, or the act is not possible; `errors` names the fields.",
    429: "Too many requests; `Retry-After` says how long to wait.",
    503: "The portal is busy; nothing was written.",
}
_CONVERTER = re.compile(r"<(?:(\w+):)?(\w+)>")
_PATH_SCHEMAS: dict[str, Schema] = {
    "slug": {"type": "string", "pattern": "^[a-z0-9]+(-[a-z0-9]+)*$"},
    "int": {"type": "integer", "minimum": 0},
}

TRIES = 20
"""Tries of a delivery, over some seventeen hours; then it is a dead letter."""
FAILURES_TO_STOP = 100
"""Tries that failed one after another, after which a webhook is stopped."""
KEY_DAYS = (30, 90, 365)
"""How long a key may live; none lives for ever."""


def document(
    operations: Iterable[ApiRoute],
    schemas: Mapping[str, Schema],
    common: Mapping[str, Schema],
    *,
    root: str,
    version: str,
) -> dict[str, Any]:
    """The OpenAPI 3.1 document of these operations, which all take the `common` parameters.

    `root` is the public address of the API.
    """
    paths: dict[str, dict[str, Any]] = {}
    for operation in operations:
        path = _CONVERTER.sub(r"{\2}", operation.path) or "/"
        paths.setdefault(path, {})[operation.method.lower()] = _operation(operation, common)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Residents' portal",
            "version": version,
            "description": "What is public of all municipalities, and acts of their staff by key. Times are UTC; texts "
            "keep the language they were written in; labels come in the language asked for by `lang`.",
            "license": {"name": "EUPL-1.2", "identifier": "EUPL-1.2"},
        },
        "servers": [{"url": root}],
        "paths": paths,
        "components": {
            "schemas": {"Problem": PROBLEM, **schemas},
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
            "responses": {
                str(status): {
                    "description": text,
                    "content": {"application/problem+json": {"schema": _ref("Problem")}},
                }
                for status, text in REFUSALS.items()
            },
        },
    }


def _ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def _operation(operation: ApiRoute, common: Mapping[str, Schema]) -> dict[str, Any]:
    parameters: list[dict[str, Any]] = [
        {"name": name, "in": "path", "required": True, "schema": _PATH_SCHEMAS.get(kind, {"type": "string"})}
        for kind, name in _CONVERTER.findall(operation.path)
    ]
    parameters += [
        {"name": name, "in": "query", "required": False, "schema": schema}
        for name, schema in {**operation.query, **common}.items()
    ]
    refusals = [400, 404, 429, 503]
    if operation.permission != PUBLIC:
        refusals += [401, 403]
    if operation.body is not None:
        refusals += [409, 413, 415, 422]
    found: dict[str, Any] = {
        "operationId": operation.name,
        "summary": operation.summary,
        "parameters": parameters,
        "responses": {
            str(operation.status): {
                "description": "Done.",
                "content": {operation.media_type: {"schema": operation.answer}},
            },
            **{str(status): {"$ref": f"#/components/responses/{status}"} for status in sorted(refusals)},
        },
    }
    if operation.body is not None:
        found["requestBody"] = {"required": True, "content": {"application/json": {"schema": operation.body}}}
    if operation.permission != PUBLIC:
        found["security"] = [{"key": []}]
        found["description"] = f"The key needs the permission `{operation.permission}`."
    return found


# ---- webhooks ----


def signature(secret: bytes, message_id: str, at: int, body: bytes) -> str:
    """`v1,<base64>` as Standard Webhooks have it: HMAC-SHA-256 over id, Unix second and body."""
    signed = f"{message_id}.{at}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(secret, signed, sha256).digest()).decode()


def target_problem(address: str) -> Text | None:
    """Why no webhook may be sent to this address; None for a good one. What it resolves to is asked later (T16)."""
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        return _l("Write a whole address, such as https://example.org/hook.")
    if parts.scheme != "https" or not parts.hostname or parts.username or parts.fragment:
        return _l("Write a whole address that begins with https://, without a name or password in it.")
    if port not in (None, 443, 8443):
        return _l("Only the ports 443 and 8443 are possible.")
    if "." not in parts.hostname or _is_address(parts.hostname):
        return _l("Name the server by its name in the public network.")
    return None


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return host.replace(".", "").isdigit()
    return True


def is_public(address: str) -> bool:
    """Whether an IP address lies in the public network: nothing of ours, of the machine, or of its neighbours."""
    found = ipaddress.ip_address(address)
    mapped = getattr(found, "ipv4_mapped", None)
    if mapped is not None:
        found = mapped
    return found.is_global and not found.is_multicast
