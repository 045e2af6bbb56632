"""The administrator's pages: a key is shown once, a webhook is tried, stopped and removed, and only by whom it may."""

import re
from collections.abc import Callable
from typing import Any

import pytest

from portal.api import queries, services
from portal.core.actor import Actor
from tests.factories.browser import Browser

DESK = "/en/lublin/desk/api"
KEY = {"name": "Registry", "roles": ["leader"], "scopes": ["initiative.desk"], "days": "30"}


@pytest.fixture
def at_desk(client: Browser, admin: Actor, sign_in: Any) -> Browser:
    """The administrator's browser."""
    sign_in(client, admin)
    return client


def press(browser: Browser, page: str, path: str) -> int:
    """Send the button of a page that posts to `path`; the status of the answer."""
    token = re.search(r'name="csrf_token" value="([^"]+)"', browser.get(page).text)
    assert token
    return browser.post(path, data={"csrf_token": token[1]}).status_code


def test_a_key_is_shown_once_and_works(at_desk: Browser, ask: Callable[..., Any]) -> None:
    answer = at_desk.submit(f"{DESK}/keys/new", KEY)
    assert answer.status_code == 200
    secret = re.search(r"pk_[\w-]{43}", answer.text)
    assert secret
    assert answer.headers["Cache-Control"] == "no-store"
    assert secret[0] not in at_desk.get(DESK).text
    assert ask("/municipalities/lublin/desk/initiatives", key=secret[0]).status_code == 200


def test_what_is_missing_is_named_and_what_was_typed_stays(at_desk: Browser) -> None:
    answer = at_desk.submit(f"{DESK}/keys/new", {**KEY, "name": "Registry", "roles": [], "scopes": []})
    assert answer.status_code == 422
    for text in ("Choose at least one role.", "Choose at least one permission.", 'value="Registry"'):
        assert text in answer.text
    assert queries.all_keys() == []


def test_a_key_is_ended_after_a_question(at_desk: Browser, admin: Actor) -> None:
    services.make_key(admin, "Registry", ["leader"], ["initiative.desk"], 30, "k")
    path = f"{DESK}/keys/{queries.all_keys()[0].id}/end"
    assert "Whatever uses it stops working at once." in at_desk.get(path).text
    assert press(at_desk, path, path) == 303
    assert "Ended on" in at_desk.get(DESK).text


def test_a_webhook_is_set_up_tried_stopped_and_removed(at_desk: Browser) -> None:
    wrong = at_desk.submit(
        f"{DESK}/webhooks/new", {"name": "R", "address": "http://x", "events": ["initiative"]}
    )
    assert (wrong.status_code, "https://" in wrong.text, 'value="http://x"' in wrong.text) == (
        422,
        True,
        True,
    )
    made = at_desk.submit(
        f"{DESK}/webhooks/new", {"name": "R", "address": "https://example.org/h", "events": ["initiative"]}
    )
    assert made.status_code == 303
    page = at_desk.get(made.location).text
    assert (queries.webhooks()[0].secret or "?") in page
    for act, told in (("stop", "Stopped on"), ("start", "Send a trial message"), ("try", "ping")):
        assert press(at_desk, made.location, f"{made.location}/{act}") == 303
        assert told in at_desk.get(made.location).text
    assert at_desk.get(f"{made.location}/stop").status_code == 303
    assert at_desk.get(f"{made.location}/dance").status_code == 404
    assert "are forgotten" in at_desk.get(f"{made.location}/remove").text
    assert press(at_desk, f"{made.location}/remove", f"{made.location}/remove") == 303
    assert queries.webhooks() == []


@pytest.mark.parametrize("role", ["leader", "dpo", "operator"])
def test_nobody_else_sees_keys(
    client: Browser, actor_as: Callable[..., Actor], sign_in: Any, role: str
) -> None:
    sign_in(client, actor_as(role))
    assert client.get(DESK).status_code == 403
