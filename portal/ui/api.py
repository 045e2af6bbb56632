"""Answering machines: an operation of the registry as a route, its query and body checked by its schemas.

What is wrong comes back as a problem document (RFC 9457) that names each field by a JSON pointer.
"""

import json
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from flask import Response, request

from portal.core.i18n import LOCALES, Text
from portal.core.registry import ApiRoute, Place, Route, Schema
from portal.ui import georeport

ROOT = "/api/v1"
PROBLEM = "application/problem+json"
LARGEST_BODY = 64 * 1024
"""Bytes of a body at most: texts, never files."""
COMMON: dict[str, Schema] = {"lang": {"type": "string", "enum": list(LOCALES)}}
"""Parameters of every operation: the language of labels."""
TEXT: Schema = {"type": "string"}
MAYBE_TEXT: Schema = {"type": ["string", "null"]}
WHEN: Schema = {"type": ["string", "null"], "format": "date-time"}
LINKS: Schema = {"type": "object", "additionalProperties": TEXT}
TRUTH = {"true": True, "false": False}


def object_of(**properties: Schema) -> Schema:
    """The schema of an object that always has all of these."""
    return {"type": "object", "required": sorted(properties), "properties": properties}


def list_of(schema: Schema) -> Schema:
    """The schema of a list."""
    return {"type": "array", "items": schema}


def reference(name: str) -> Schema:
    """A schema by its name in the document."""
    return {"$ref": f"#/components/schemas/{name}"}


class Unreadable(Exception):
    """The request does not have the form that the document describes: `errors` maps pointer → what is wrong."""

    def __init__(self, status: int, detail: str, errors: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.errors = errors or {}


def route_of(operation: ApiRoute) -> Route:
    """The route that carries an operation out."""

    def enter(**values: Any) -> Response:
        try:
            query = _query(operation)
            if operation.query:
                values["query"] = query
            if operation.body is not None:
                values["body"] = _body(operation)
        except Unreadable as problem_found:
            title = "The request is not as the OpenAPI document says"
            return problem(problem_found.status, title, str(problem_found), problem_found.errors)
        return answer(operation.view(**values), operation)

    return Route(
        operation.path,
        operation.name,
        enter,
        operation.permission,
        methods=(operation.method,),
        place=Place.BARE,
        csrf=False,
    )


def answer(found: Any, operation: ApiRoute) -> Response:
    """What the view gave, as JSON; unchanged answers cost a 304."""
    body = json.dumps(found, ensure_ascii=False, separators=(",", ":"))
    response = Response(body, operation.status, mimetype=operation.media_type)
    # Anybody's page may show what is public; a key is never sent by a browser of its own accord.
    response.headers["Access-Control-Allow-Origin"] = "*"
    if request.method in ("GET", "HEAD"):
        response.headers["Cache-Control"] = "no-cache" if not request.authorization else "no-store"
        response.headers["Vary"] = "Authorization, Accept-Language"
        response.add_etag()
        response.make_conditional(request)
    return response


def problem(status: int, title: str, detail: str, errors: Mapping[str, Text] | None = None) -> Response:
    """A problem document; `errors` maps a field or JSON pointer → what to do."""
    if georeport.is_asked():
        return georeport.refusal(status, detail or title, errors)
    found: dict[str, Any] = {
        "type": "about:blank",
        "title": title,
        "status": status,
        "detail": detail or title,
    }
    if errors:
        found["errors"] = [
            {"pointer": name if name.startswith("/") else f"/{name}", "detail": str(text)}
            for name, text in errors.items()
        ]
    response = Response(json.dumps(found, ensure_ascii=False), status, mimetype=PROBLEM)
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.headers["Cache-Control"] = "no-store"
    return response


def _query(operation: ApiRoute) -> dict[str, Any]:
    """The parameters as their schemas want them. Raises Unreadable for unknown, repeated and wrong ones."""
    errors: dict[str, str] = {}
    found: dict[str, Any] = {}
    schemas = COMMON | dict(operation.query)
    for name in request.args:
        if name not in schemas:
            known = ", ".join(schemas)
            errors[f"/{name}"] = f"There is no such parameter; known are: {known}."
        elif len(request.args.getlist(name)) > 1:
            errors[f"/{name}"] = "This parameter stands more than once."
        else:
            found[name] = _coerced(request.args[name], schemas[name])
    schema = {"type": "object", "properties": schemas}
    errors |= _complaints(found, json.dumps(schema, sort_keys=True))
    if errors:
        raise Unreadable(400, "A parameter of the address is not right.", errors)
    return found


def _coerced(text: str, schema: Schema) -> Any:
    """Text of an address as the type that the schema names; left as text where it is none of that type."""
    match schema.get("type"):
        case "integer" if re.fullmatch(r"-?\d{1,18}", text, re.ASCII):
            return int(text)
        case "boolean" if text in TRUTH:
            return TRUTH[text]
    return text


def _body(operation: ApiRoute) -> Any:
    """What was sent. Raises Unreadable unless it is JSON of the operation's schema."""
    if request.mimetype != "application/json":
        raise Unreadable(415, "Send the body as application/json.")
    if (request.content_length or 0) > LARGEST_BODY:
        raise Unreadable(413, f"The body has more than {LARGEST_BODY} bytes.")
    try:
        found = json.loads(request.get_data(cache=False).decode(), parse_constant=_no_number)
    except (ValueError, RecursionError) as wrong:
        raise Unreadable(400, "The body is not JSON in UTF-8.") from wrong
    if errors := _complaints(found, json.dumps(operation.body, sort_keys=True)):
        raise Unreadable(422, "The body does not fit its schema.", errors)
    return found


def _no_number(name: str) -> None:
    raise ValueError(f"{name} is no number of JSON")


def _complaints(found: Any, schema: str) -> dict[str, str]:
    """What a value has that its schema forbids, by JSON pointer, at most twenty."""
    told: dict[str, str] = {}
    for error in _validator(schema).iter_errors(found):
        pointer = "/" + "/".join(str(part) for part in error.absolute_path)
        told.setdefault(pointer, error.message[:200])
        if len(told) == 20:
            break
    return told


@lru_cache(maxsize=256)
def _validator(schema: str) -> Any:
    from jsonschema import (  # type: ignore[import-untyped]  # noqa: PLC0415 - only who answers machines needs it
        Draft202012Validator,
    )

    return Draft202012Validator(json.loads(schema))
