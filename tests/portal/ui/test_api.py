"""An operation's schemas at work: every fault is named with its place, unchanged answers cost a 304."""

import json
from typing import Any

import pytest
from flask import Flask

from portal.core.registry import ApiRoute
from portal.ui import api

OPERATION = ApiRoute(
    "/things",
    "things",
    "Things.",
    lambda query, body: {"query": query, "body": body},
    {"type": "object"},
    method="POST",
    query={
        "size": {"type": "integer", "minimum": 1, "maximum": 9},
        "full": {"type": "boolean"},
        "kind": {"enum": ["a"]},
    },
    body={
        "type": "object",
        "required": ["name"],
        "additionalProperties": False,
        "properties": {
            "name": {"type": "string", "minLength": 1},
            "parts": {"type": "array", "items": {"type": "integer"}},
        },
    },
    status=201,
)


def asked(query: str = "", raw: bytes = b'{"name": "x"}', mimetype: str = "application/json") -> Any:
    with Flask(__name__).test_request_context(
        f"/things{query}", method="POST", data=raw, content_type=mimetype
    ):
        return api.route_of(OPERATION).view()


def errors(answer: Any) -> dict[str, str]:
    return {one["pointer"]: one["detail"] for one in answer.json["errors"]}


def test_values_come_as_the_schema_types_them() -> None:
    answer = asked("?size=3&full=true&kind=a")
    assert answer.status_code == 201
    assert answer.json == {"query": {"size": 3, "full": True, "kind": "a"}, "body": {"name": "x"}}


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("?size=0", "/size"),
        ("?size=ten", "/size"),
        ("?size=%D9%A3", "/size"),
        ("?size=9999999999999999999999", "/size"),
        ("?full=yes", "/full"),
        ("?kind=b", "/kind"),
        ("?colour=red", "/colour"),
        ("?kind=a&kind=a", "/kind"),
    ],
)
def test_a_wrong_parameter_is_named(query: str, pointer: str) -> None:
    answer = asked(query)
    assert (answer.status_code, answer.mimetype) == (400, api.PROBLEM)
    assert set(errors(answer)) == {pointer}


@pytest.mark.parametrize(
    ("raw", "pointers"),
    [
        (b"{}", {"/"}),
        (b'{"name": ""}', {"/name"}),
        (b'{"name": 5, "parts": ["x"]}', {"/name", "/parts/0"}),
        (b'{"name": "x", "more": 1}', {"/"}),
        (b"[]", {"/"}),
        (b"null", {"/"}),
    ],
)
def test_a_body_that_does_not_fit_is_told_by_pointer(raw: bytes, pointers: set[str]) -> None:
    answer = asked(raw=raw)
    assert (answer.status_code, set(errors(answer))) == (422, pointers)


@pytest.mark.parametrize("raw", [b"", b"{", b"\xff", b'{"name": NaN}', b"[" * 100_000])
def test_what_is_no_json_is_told(raw: bytes) -> None:
    assert asked(raw=raw).status_code in (400, 413)


def test_other_types_and_large_bodies_are_refused() -> None:
    assert asked(mimetype="text/plain").status_code == 415
    assert asked(raw=b'{"name": "' + b"x" * api.LARGEST_BODY + b'"}').status_code == 413


def test_an_answer_nobody_changed_is_not_sent_again() -> None:
    reading = ApiRoute("/x", "x", "X.", lambda: {"a": "ł"}, {"type": "object"})
    app = Flask(__name__)
    with app.test_request_context("/x"):
        first = api.route_of(reading).view()
    assert json.loads(first.get_data()) == {"a": "ł"}
    with app.test_request_context("/x", headers={"If-None-Match": first.headers["ETag"]}):
        assert api.route_of(reading).view().status_code == 304
