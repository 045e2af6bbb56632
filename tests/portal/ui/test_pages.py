"""The frame of a page: languages, menus, the person, notices."""

from collections.abc import Callable
from contextvars import Context

import pytest
from flask import Flask, g

from portal.core import actor as actors
from portal.core.actor import Actor
from portal.core.registry import MenuItem, Module, registry
from portal.core.tenancy import Town
from portal.ui import pages
from portal.ui.pages import Site
from tests.factories.browser import Browser

ActorAs = Callable[..., Actor]


@pytest.fixture
def frame(app: Flask, town: Town) -> Callable[..., Site]:
    """`frame("/en/lublin/", actor)`: the frame this reader gets there."""

    def of(path: str, actor: Actor | None) -> Site:
        with app.test_request_context(path):
            app.preprocess_request()
            if actor is not None:
                actors.become(actor)
            g.on_desk = "/desk" in path
            return pages.site()

    # In a context of its own, as each request has one: the frame is kept in it.
    return lambda path, actor=None: Context().run(of, path, actor)


def hrefs(links: tuple[pages.Link, ...]) -> list[str]:
    return [link.href for link in links]


def test_the_same_page_is_offered_in_each_language_with_its_filter(frame: Callable[..., Site]) -> None:
    found = frame("/pl/lublin/initiatives?phase=new&q=park")
    assert {language.code: language.href for language in found.languages} == {
        code: f"/{code}/lublin/initiatives?phase=new&q=park" for code in ("pl", "cs", "en")
    }
    assert [language.code for language in found.languages if language.current] == ["pl"]


def test_a_page_without_language_offers_the_front_pages(frame: Callable[..., Site]) -> None:
    assert {language.href for language in frame("/robots.txt").languages} == {"/pl/", "/cs/", "/en/"}


def test_the_menu_marks_the_nearest_entry(frame: Callable[..., Site]) -> None:
    def here(path: str) -> list[str]:
        return [link.href for link in frame(path).menu if link.current]

    assert here("/en/lublin/initiatives") == ["/en/lublin/initiatives"]
    assert here("/en/lublin/initiatives/map") == ["/en/lublin/initiatives/map"]
    assert here("/en/lublin/initiatives/lub-i-2026-0001") == ["/en/lublin/initiatives"]
    assert here("/en/lublin/") == ["/en/lublin/"]


def test_the_desk_menu_is_that_of_the_role_and_of_the_desk_alone(
    frame: Callable[..., Site], actor_as: ActorAs
) -> None:
    operator, translator = actor_as("operator"), actor_as("translator")
    assert "/en/lublin/desk/initiatives/call" in hrefs(frame("/en/lublin/desk", operator).desk_menu)
    assert "/en/lublin/desk/initiatives/call" not in hrefs(frame("/en/lublin/desk", translator).desk_menu)
    assert frame("/en/lublin/", operator).desk_menu == ()


def test_a_stale_sign_in_hides_no_entry(
    frame: Callable[..., Site], actor_as: ActorAs, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever only has to prove once more who they are still finds the way."""
    entry = MenuItem("accounts.invite", "Invite", permission="member.manage", desk=True)
    monkeypatch.setattr(registry, "modules", (Module("weighty", "", menu=(entry,)),))
    monkeypatch.setattr(pages, "_standings", {})
    stale, stranger = actor_as("admin", fresh=False), actor_as("leader")
    assert hrefs(frame("/en/lublin/desk", stale).desk_menu) == ["/en/lublin/desk/members/invite"]
    assert hrefs(frame("/en/lublin/desk", stranger).desk_menu) == []


def test_the_person_finds_the_desk_of_this_town_or_all_of_theirs(
    frame: Callable[..., Site], actor_as: ActorAs, other_town: Town
) -> None:
    leader, guest, resident = actor_as("leader"), actor_as("leader", other_town), actor_as("resident")
    assert frame("/en/lublin/").person is None
    found = {
        name: frame("/en/lublin/", actor).person
        for name, actor in (("here", leader), ("there", guest), ("none", resident))
    }
    assert {name: person and person.desk_href for name, person in found.items()} == {
        "here": "/en/lublin/desk",
        "there": "/en/desk",
        "none": "",
    }


def test_a_town_changed_by_its_office_is_shown_as_it_is_now(frame: Callable[..., Site], town: Town) -> None:
    from dataclasses import replace

    before = frame("/en/lublin/").municipality
    assert before is not None
    with_new_colour = replace(town, colours={**town.colours, "brand": "#000000"})
    assert before == frame("/en/lublin/").municipality
    assert before.theme_href.startswith("/theme/lublin.css?v=")
    assert before.theme_href.rpartition("=")[2] != f"{pages.crc32(repr(with_new_colour).encode()):x}"


def test_addresses_nobody_offers_are_empty(app: Flask, town: Town) -> None:
    with app.test_request_context("/en/lublin/"):
        app.preprocess_request()
        assert pages.address("surveys.listing") == ""
        assert pages.address("initiatives.detail") == "", "its number is missing"
        assert pages.address("pages.town") == "/en/lublin/"


def test_addresses_on_paper_carry_the_name_of_the_portal(app: Flask, town: Town) -> None:
    with app.test_request_context("/en/lublin/", headers={"Host": "localhost:1"}):
        app.preprocess_request()
        base = app.extensions["portal.settings"].base_url
        assert pages.public_address("pages.town") == f"{base}/en/lublin/"


def test_a_notice_is_shown_once_on_the_next_page(
    client: Browser, town: Town, actor_as: ActorAs, sign_in: Callable[[Browser, Actor], None]
) -> None:
    sign_in(client, actor_as("resident"))
    client.submit("/en/account", {"name": "Ewa Sadowa"})
    assert "Your account is saved." in client.get("/en/account").text
    assert "Your account is saved." not in client.get("/en/account").text


def test_a_page_says_its_language(client: Browser, town: Town) -> None:
    assert client.get("/cs/lublin/").headers["Content-Language"] == "cs"


def test_files_of_the_front_end_are_named_by_their_content() -> None:
    assert pages.asset("no-such.css") == "/static/no-such.css"
    for name, hashed in pages.manifest().items():
        if "." in name:
            assert pages.asset(name) == f"/static/{hashed}"
