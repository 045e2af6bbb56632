"""Keys of the desk: named by each page as links, told on a page of their own, turned off for good by a switch."""

import re

import pytest

from initiatives.desk import shortcuts
from portal.accounts.models import User
from portal.core.db import db
from tests.factories.initiatives import make_initiative

DESK = "/en/lublin/desk/initiatives"


@pytest.fixture
def leader(actor_as, client, sign_in):
    """A leader, signed in."""
    actor = actor_as("leader")
    sign_in(client, actor)
    return actor


def keys(page):
    return dict(re.findall(r'data-key="(.)" href="([^"]+)"', page.text))


def test_a_case_names_the_steps_that_are_possible(client, town, leader):
    case = make_initiative(town, "submitted")
    base = f"{DESK}/{case.number.lower()}"
    found = keys(client.get(base))
    assert found == {
        "u": DESK,
        "/": f"{DESK}#q",
        "p": f"{base}/move/publish",
        "b": f"{base}/move/send-back",
        "r": f"{base}/move/reply",
        "n": "#text",
        "?": f"{DESK}/shortcuts",
    }
    assert 'id="text"' in client.get(base).text
    assert "a" in keys(client.get(f"{DESK}/{make_initiative(town, 'published').number.lower()}"))


def test_lists_and_the_board_name_theirs(client, town, leader):
    make_initiative(town, "published")
    for path in (DESK, f"{DESK}/board"):
        page = client.get(path)
        assert keys(page) == {"/": "#q", "?": f"{DESK}/shortcuts"}
        assert "<a data-case" in page.text or "data-case href" in page.text
        assert 'id="q"' in page.text


def test_every_key_is_told(client, town, leader):
    page = client.get(f"{DESK}/shortcuts").text
    told = set(re.findall(r"<kbd>(.)</kbd>", page))
    assert told == {key for key, _label in (*shortcuts.LISTED, *shortcuts.OF_CASE)}
    assert set(shortcuts.OF_VERBS.values()) | {shortcuts.NOTE_KEY} == {key for key, _l in shortcuts.OF_CASE}


def test_turned_off_and_on_again_for_the_account(client, town, leader):
    case = make_initiative(town, "submitted")
    assert client.submit(f"{DESK}/shortcuts", {"on": None, "form_key": "x" * 20}).status_code == 303
    assert db.session.get(User, leader.user_id).shortcuts is False
    for path in (DESK, f"{DESK}/board", f"{DESK}/{case.number.lower()}"):
        assert "data-shortcuts" not in client.get(path).text
    assert "They are turned off for you." in client.get(f"{DESK}/shortcuts").text
    assert client.submit(f"{DESK}/shortcuts", {"on": "y"}).status_code == 303
    assert keys(client.get(DESK))
