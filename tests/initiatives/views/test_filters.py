"""Kept filters by their pages: saved from the address of a list, shown above it, renamed, deleted."""

from urllib.parse import urlencode

import pytest
from werkzeug.datastructures import MultiDict

from initiatives import services
from initiatives.routes import FILTERS
from initiatives.views import filters
from tests.factories.initiatives import make_initiative

DESK = "/en/lublin/desk/initiatives"
LIST = "/en/lublin/initiatives"


@pytest.fixture
def leader(actor_as, client, sign_in):
    """A leader, signed in."""
    actor = actor_as("leader")
    sign_in(client, actor)
    return actor


def test_a_list_of_the_desk_is_kept_under_a_name(client, town, leader):
    make_initiative(town, "published", category="roads")
    assert "Save this filter" not in client.get(DESK).text
    page = client.get(f"{DESK}?tab=late&category=roads")
    assert f"{DESK}/filters?tab=late&amp;category=roads" in page.text
    form = f"{DESK}/filters?tab=late&category=roads&x=1"
    assert "Late, roads and pavements" in client.get(form).text
    saved = client.submit(form, {"name": "Roads <b>late</b>"})
    assert saved.status_code == 303
    assert saved.location.endswith("/desk/initiatives?tab=late&category=roads")
    page = client.get(DESK).text
    assert "Roads &lt;b&gt;late&lt;/b&gt;" in page
    assert "Rename or delete" in page


def test_a_name_twice_keeps_what_was_typed(client, town, leader):
    services.save_filter(leader, "desk", "Roads", "category=roads")
    again = client.submit(f"{DESK}/filters?mine=1", {"name": "roads"})
    assert again.status_code == 422
    assert "Another of your filters is called the same." in again.text
    assert 'value="roads"' in again.text
    assert client.submit(f"{DESK}/filters?mine=1", {"name": ""}).status_code == 422


def test_renamed_and_deleted(client, town, leader):
    kept = services.save_filter(leader, "desk", "Roads", "mine=1&state=assigned&q=bench")
    services.save_filter(leader, "desk", "Other", "mine=1")
    page = client.get(f"{DESK}/filters").text
    assert "only what is assigned to me, assigned, “bench”" in page
    one = f"{DESK}/filters/{kept}"
    assert client.submit(one, {"name": "Other"}).status_code == 422
    assert client.submit(one, {"name": "Streets"}).status_code == 303
    assert "Streets" in client.get(f"{DESK}/filters").text
    assert client.submit(one, {"act": "delete"}).status_code == 303
    assert client.get(one).status_code == 404
    assert "Streets" not in client.get(DESK).text


def test_without_any_it_says_how(client, town, leader):
    assert "You have saved no filter yet" in client.get(f"{DESK}/filters").text


def test_residents_keep_filters_of_the_public_list(client, town, actor_as, sign_in):
    make_initiative(town, "published", category="roads", district="Czuby")
    query = "phase=new&category=roads&district=Czuby&silent=1&outcome=done&sort=support"
    assert "My saved filters" not in client.get(f"{LIST}?{query}").text
    assert client.get(f"{LIST}/filters").status_code in (302, 303)
    sign_in(client, actor_as("resident"))
    page = client.get(f"{LIST}?{query}").text
    assert "Save this filter" in page
    form = client.get(f"{LIST}/filters?{query}").text
    for words in ("new", "roads and pavements", "Czuby", "no news from the office", "done", "most supported"):
        assert words in form
    saved = client.submit(f"{LIST}/filters?{query}", {"name": "Moje"})
    assert saved.status_code == 303
    assert "Moje" in client.get(f"{LIST}/filters").text


def test_every_filter_of_the_public_list_can_be_kept(app, town):
    asked = {
        "phase": "new", "category": "roads", "district": "Czuby", "outcome": "done", "silent": "1", "open": "1",
        "q": "ławka", "sort": "support",
    }  # fmt: skip
    assert set(asked) == set(FILTERS) - {"at"}
    with app.test_request_context("/en/lublin/initiatives"):
        assert filters._values("list", MultiDict(asked)) == asked
        assert "open for support" in filters._asks("list", urlencode(asked))


def test_a_stranger_finds_none_of_them(client, town, actor_as, sign_in, leader):
    kept = services.save_filter(leader, "list", "Moje", "category=roads")
    sign_in(client, actor_as("resident"))
    assert client.get(f"{LIST}/filters/{kept}").status_code == 404
    assert client.get(f"{DESK}/filters").status_code == 403
