"""Lists, settings, moves, versions, translations and alerts of the desk."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select

from portal.articles import queries, services
from portal.articles.kinds import Standing
from portal.articles.models import Alert, Spot
from portal.core.actor import Actor
from portal.core.db import db
from portal.core.tenancy import Town
from tests.factories.articles import edit, make_article, places, text_block, translate
from tests.factories.browser import Browser
from tests.factories.towns import make_town

SignIn = Callable[[Browser, Actor], None]
BASE = "/en/lublin/desk"
SURE = {"website": ""}
"""Chooses the form of a page that only asks whether one is sure: the sign-out above has no such field."""


@pytest.fixture
def enter(
    client: Browser, town: Town, actor_as: Callable[..., Actor], sign_in: SignIn
) -> Callable[[str], Actor]:
    """Sign in with a role."""

    def sign(role: str) -> Actor:
        actor = actor_as(role)
        sign_in(client, actor)
        return actor

    return sign


def test_the_list_shows_pages_as_a_tree_and_filters(
    client: Browser, town: Town, enter: Callable[[str], Actor]
) -> None:
    editor = enter("editor")
    top, below = make_article(town, title="Top"), make_article(town, "private", title="Below")
    services.change_settings(
        editor, below.id, services.writing.Settings(below.slug, top.id, False, []), below.version
    )
    page = client.get(f"{BASE}/pages").text
    assert page.index(">Top<") < page.index(">Below<")
    assert "depth--1" in page
    page = client.get(f"{BASE}/pages?state=private&q=bel").text
    assert ">Top<" not in page
    assert ">Below<" in page
    assert "Nothing fits" in client.get(f"{BASE}/pages?q=zzz&state=nonsense").text
    assert "Nothing here yet" in client.get(f"{BASE}/pages?kind=news").text


def test_pages_are_arranged_by_buttons(client: Browser, town: Town, enter: Callable[[str], Actor]) -> None:
    enter("editor")
    make_article(town, title="First")
    second = make_article(town, title="Second")
    answer = client.post(
        f"{BASE}/pages/{second.id}/arrange",
        data={"csrf_token": _token(client, f"{BASE}/pages"), "step": "up"},
    )
    assert answer.headers["Location"].endswith(f"#page-{second.id}")
    assert [leaf.title for leaf in queries.leaves()] == ["Second", "First"]


def test_page_without_a_neighbour_has_no_button_to_pass_it(
    client: Browser, town: Town, enter: Callable[[str], Actor]
) -> None:
    editor = enter("editor")
    top = make_article(town, title="Top")
    make_article(town, title="Last")
    alone = make_article(town, "private", title="Alone below")
    services.change_settings(
        editor, alone.id, services.writing.Settings(alone.slug, top.id, False, []), alone.version
    )
    page = client.get(f"{BASE}/pages").text
    buttons = re.findall(r'value="(up|down)">[^<]*<span[^>]*>: ([^<]+)<', page)
    assert buttons == [("down", "Top"), ("up", "Last")]


def _token(client: Browser, path: str) -> str:
    found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', client.get(path).text)
    assert found
    return found[1]


def test_last_day_of_an_alert_counts_as_a_whole(
    client: Browser, town: Town, enter: Callable[[str], Actor], frozen: Callable[[str], None]
) -> None:
    frozen("2026-03-02 07:00")
    enter("editor")
    assert client.submit(f"{BASE}/alerts/new", _alert(start_time="", end_day="2026-03-02")).status_code == 303
    [alert] = db.session.scalars(select(Alert)).all()
    assert str(alert.starts_at) == "2026-03-01 23:00:00+00:00"
    assert str(alert.ends_at) == "2026-03-02 22:59:00+00:00"


def test_front_pages_are_offered_once(client: Browser, town: Town, enter: Callable[[str], Actor]) -> None:
    enter("editor")
    assert "spot=front" in client.get(f"{BASE}/pages").text
    assert "spot=home" in client.get(f"{BASE}/pages").text
    answer = client.submit(f"{BASE}/pages/new?kind=page&spot=front", {"title": "On top", "language": "pl"})
    assert answer.status_code == 303
    assert "spot=front" not in client.get(f"{BASE}/pages").text
    answer = client.submit(f"{BASE}/pages/new?kind=page&spot=front", {"title": "Again", "language": "pl"})
    assert answer.status_code == 422
    assert client.get(f"{BASE}/pages/new?spot=nonsense").status_code == 404


def test_only_the_leading_town_writes_the_portals_front_page(
    client: Browser, town: Town, actor_as: Callable[..., Actor], sign_in: SignIn
) -> None:
    other = make_town("ostrava-jih")
    sign_in(client, actor_as("editor", other))
    assert client.get("/en/ostrava-jih/desk/pages/new?spot=home").status_code == 404
    assert "spot=home" not in client.get("/en/ostrava-jih/desk/pages").text


# ---- moves ----


def test_a_page_goes_from_draft_to_public_and_back(
    client: Browser, town: Town, enter: Callable[[str], Actor]
) -> None:
    enter("editor")
    thing = make_article(town, "private")
    one = f"{BASE}/pages/{thing.id}"
    assert client.submit(f"{one}/move/publish", {"end_day": ""}).status_code == 303
    assert client.get(f"/pl/lublin/pages/{thing.slug}").status_code == 200
    edit(town, thing, text_block("changed"))
    assert "There are changes that the public does not see yet." in client.get(one).text
    assert client.submit(f"{one}/move/publish", {"minor": "y"}).status_code == 303
    assert "changed" in client.get(f"/pl/lublin/pages/{thing.slug}").text
    assert client.submit(f"{one}/move/withdraw", {"note": "Over."}).status_code == 303
    assert client.get(f"/pl/lublin/pages/{thing.slug}").status_code == 404
    assert "Over." in client.get(one).text


def test_what_is_missing_is_listed_with_links(
    client: Browser, town: Town, enter: Callable[[str], Actor]
) -> None:
    enter("editor")
    thing = make_article(town, "private", blocks=(places(("", "51", "22")),))
    page = client.get(f"{BASE}/pages/{thing.id}/move/publish").text
    assert f"/desk/pages/{thing.id}/edit#block-b003" in page
    assert "Name of the place" in page
    token = _token(client, f"{BASE}/pages/{thing.id}/edit")
    answer = client.post(f"{BASE}/pages/{thing.id}/move/publish", data={"csrf_token": token, "number": "2"})
    assert answer.status_code == 422
    assert queries.article(thing.id).state == "private"


def test_a_newer_version_stops_the_publishing_of_an_older_one(
    client: Browser, town: Town, enter: Callable[[str], Actor]
) -> None:
    enter("editor")
    thing = make_article(town, "private")
    path = f"{BASE}/pages/{thing.id}/move/publish"
    token = _token(client, path)
    edit(town, thing, text_block("not looked at"))
    answer = client.post(path, data={"csrf_token": token, "number": "2"})
    assert answer.status_code == 422
    assert "newer version" in answer.text
    assert queries.article(thing.id).state == "private"


def test_a_schedule_is_typed_as_people_type_and_told_in_local_time(
    client: Browser, town: Town, enter: Callable[[str], Actor], frozen: Callable[[str], None]
) -> None:
    frozen("2026-03-02 10:00")
    enter("editor")
    thing = make_article(town, "private")
    path = f"{BASE}/pages/{thing.id}/move/schedule"
    for wrong in (
        {"start_day": ""},
        {"start_day": "1.3.2026"},
        {"start_day": "soon"},
        {"start_day": "2026-03-05", "start_time": "25:00"},
        {"start_day": "2026-03-05", "end_day": "2026-03-04"},
    ):
        assert client.submit(path, wrong).status_code == 422, wrong
    answer = client.submit(
        path, {"start_day": "5.3.2026", "start_time": "8.30", "end_day": "2026-03-29", "end_time": "2:30"}
    )
    assert answer.status_code == 303
    found = queries.article(thing.id)
    assert str(found.publish_at) == "2026-03-05 07:30:00+00:00"
    # Half past two does not exist in that night: the clock goes forward.
    assert str(found.expire_at) == "2026-03-29 01:30:00+00:00"
    assert "5 March 2026, 08:30" in client.get(f"{BASE}/pages/{thing.id}").text
    assert 'value="08:30"' in client.get(path).text
    assert client.submit(f"{BASE}/pages/{thing.id}/move/unschedule", SURE).status_code == 303


@pytest.mark.parametrize(
    ("role", "state", "verbs"),
    [
        ("leader", "private", {"submit"}),
        ("leader", "pending", {"take-back"}),
        ("leader", "published", set()),
        ("editor", "pending", {"publish", "schedule", "send-back", "take-back"}),
        ("translator", "private", set()),
    ],
)
def test_everybody_is_offered_what_they_may(
    role: str, state: str, verbs: set[str], client: Browser, town: Town, enter: Callable[[str], Actor]
) -> None:
    enter(role)
    thing = make_article(town, state)
    page = client.get(f"{BASE}/pages/{thing.id}").text
    assert set(re.findall(r"/move/([a-z-]+)", page)) == verbs


def test_moves_that_cannot_be_lead_back(client: Browser, town: Town, enter: Callable[[str], Actor]) -> None:
    enter("editor")
    thing = make_article(town)
    assert client.get(f"{BASE}/pages/{thing.id}/move/submit").status_code == 303
    assert client.get(f"{BASE}/pages/{thing.id}/move/nonsense").status_code == 404
    pending = make_article(town, "pending", title="Other")
    answer = client.submit(f"{BASE}/pages/{pending.id}/move/send-back", {"note": ""})
    assert answer.status_code == 422


def test_a_draft_is_thrown_away_after_asking(
    client: Browser, town: Town, enter: Callable[[str], Actor]
) -> None:
    enter("editor")
    draft, public = make_article(town, "private"), make_article(town, title="Open")
    assert client.submit(f"{BASE}/pages/{draft.id}/drop", SURE).status_code == 303
    assert client.get(f"{BASE}/pages/{draft.id}").status_code == 404
    assert client.submit(f"{BASE}/pages/{public.id}/drop", SURE).status_code == 422


def test_settings_keep_what_was_typed(client: Browser, town: Town, enter: Callable[[str], Actor]) -> None:
    enter("editor")
    thing = make_article(town, "private")
    path = f"{BASE}/pages/{thing.id}/settings"
    answer = client.submit(path, {"slug": "Not An Address!"})
    assert answer.status_code == 422
    assert "not an address!" in answer.text.lower()
    assert client.submit(path, {"slug": "fine", "version": "99"}).status_code == 409
    assert client.submit(path, {"slug": "fine", "in_menu": "y"}).status_code == 303
    assert queries.article(thing.id).in_menu


# ---- versions ----


def test_versions_are_compared_and_taken_back(
    client: Browser, town: Town, enter: Callable[[str], Actor]
) -> None:
    enter("editor")
    thing = make_article(town)
    edit(town, thing, text_block("Sentences"))
    one = f"{BASE}/pages/{thing.id}"
    assert client.get(f"{one}/versions/pl").text.count('name="old"') == 3
    page = client.get(f"{one}/compare/pl").text
    assert "<del>Words</del>" in page
    assert "<ins>Sentences</ins>" in page
    assert "Both say the same." in client.get(f"{one}/compare/pl?old=2&new=2").text
    assert client.get(f"{one}/compare/pl?old=77&new=2").status_code == 404
    assert client.submit(f"{one}/restore/pl/2", SURE).status_code == 303
    assert queries.original(queries.article(thing.id)).number == 4
    assert client.get(f"{one}/versions/cs").status_code == 404


def test_translators_look_but_restore_only_translations(
    client: Browser, town: Town, enter: Callable[[str], Actor]
) -> None:
    thing = make_article(town)
    translate(town, thing)
    translate(town, thing, words="Jiná")
    enter("translator")
    one = f"{BASE}/pages/{thing.id}"
    assert "/restore/" not in client.get(f"{one}/versions/pl").text
    assert client.get(f"{one}/restore/pl/1").status_code == 403
    assert client.submit(f"{one}/restore/cs/1", SURE).status_code == 303


# ---- translations ----


def _words(**more: Any) -> dict[str, Any]:
    return {"title": "O nás", "b001-body": "Slova", "status": "human", **more}


def test_a_translation_is_written_beside_its_original(
    client: Browser, town: Town, enter: Callable[[str], Actor]
) -> None:
    enter("translator")
    thing = make_article(town, title="O nas", blocks=(text_block("Oryginalne słowa", "b001"),))
    assert "O nas" in client.get(f"{BASE}/translations").text
    path = f"{BASE}/pages/{thing.id}/translate/cs"
    page = client.get(path).text
    assert "Oryginalne słowa" in page
    assert client.submit(path, _words(do="save")).status_code == 303
    assert client.get(f"/cs/lublin/pages/{thing.slug}").text.count("O nás") == 0
    assert client.submit(path, _words(do="publish")).status_code == 303
    assert "<h1>O nás</h1>" in client.get(f"/cs/lublin/pages/{thing.slug}").text
    assert "Everything is translated" not in client.get(f"{BASE}/translations").text
    assert "Nothing fits" in client.get(f"{BASE}/translations?to=cs").text


def test_a_refused_translation_keeps_every_word(
    client: Browser, town: Town, enter: Callable[[str], Actor]
) -> None:
    enter("translator")
    thing = make_article(town)
    path = f"{BASE}/pages/{thing.id}/translate/cs"
    for wrong in (
        {"title": ""},
        {"status": ""},
        {"status": "machine", "do": "publish"},
        {"status": "reviewed"},
        {"summary": "x" * 301},
    ):
        answer = client.submit(path, _words(**wrong))
        assert answer.status_code == 422, wrong
        assert "Slova</textarea>" in answer.text.replace("\n", "")
    answer = client.submit(path, _words(**{"b001-body": "", "do": "publish"}))
    assert answer.status_code == 422
    assert "is not translated" in answer.text


def test_what_changed_since_is_shown_to_the_translator(
    client: Browser, town: Town, enter: Callable[[str], Actor], actor_as: Callable[..., Actor]
) -> None:
    thing = make_article(town)
    translate(town, thing)
    services.publish(actor_as("editor"), thing.id, edit(town, thing, text_block("Words and more")))
    enter("translator")
    assert "outdated" in client.get(f"{BASE}/translations").text
    page = client.get(f"{BASE}/pages/{thing.id}/translate/cs").text
    assert "What changed is marked below." in page
    assert "<ins> and more</ins>" in page
    assert "Slova</textarea>" in page.replace("\n", "")


def test_a_translator_hears_that_the_original_changed_meanwhile(
    client: Browser, town: Town, enter: Callable[[str], Actor], actor_as: Callable[..., Actor]
) -> None:
    thing = make_article(town)
    enter("translator")
    path = f"{BASE}/pages/{thing.id}/translate/cs"
    began_from = str(queries.original(thing).number)
    services.publish(actor_as("editor"), thing.id, edit(town, thing, text_block("Words and more", "b001")))
    words = "The original changed while you translated."
    sent = client.submit(path, _words(do="publish", based_on=began_from))
    assert words in client.get(sent.location).text
    sent = client.submit(path, _words(do="publish"))
    assert words not in client.get(sent.location).text


def test_two_translators_see_both_texts(client: Browser, town: Town, enter: Callable[[str], Actor]) -> None:
    thing = make_article(town)
    enter("translator")
    path = f"{BASE}/pages/{thing.id}/translate/cs"
    token = _token(client, path)
    translate(town, thing, words="Jejich")
    answer = client.post(path, data={**_words(), "csrf_token": token, "version": "0", "based_on": "2"})
    assert answer.status_code == 409
    assert "Jejich" in answer.text
    assert "Slova</textarea>" in answer.text.replace("\n", "")
    assert 'name="version" type="hidden" value="1"' in answer.text


def test_translations_have_no_original_and_no_strange_language(
    client: Browser, town: Town, enter: Callable[[str], Actor]
) -> None:
    enter("translator")
    thing = make_article(town)
    for language in ("pl", "de"):
        assert client.get(f"{BASE}/pages/{thing.id}/translate/{language}").status_code == 404


def test_the_work_lists_of_the_desk(client: Browser, town: Town, enter: Callable[[str], Actor]) -> None:
    make_article(town, "pending", title="Please read me")
    enter("editor")
    assert "Please read me" in client.get(BASE).text
    enter("translator")
    page = client.get(BASE).text
    assert "Translations to write or renew" in page
    assert "Pages that wait for your approval" not in page


# ---- alerts ----


def _alert(**more: Any) -> dict[str, Any]:
    return {
        "level": "warning",
        "text_pl": "Przegotuj wodę.",
        "start_day": "2026-03-02",
        "start_time": "09:00",
        "end_day": "2026-03-04",
        "end_time": "",
        **more,
    }


def test_an_alert_is_put_up_changed_and_taken_down(
    client: Browser, town: Town, enter: Callable[[str], Actor], frozen: Callable[[str], None]
) -> None:
    frozen("2026-03-02 10:00")
    enter("editor")
    assert client.submit(f"{BASE}/alerts/new", _alert()).status_code == 303
    assert "Przegotuj wodę." in client.get("/pl/lublin/").text
    [line] = queries.coming_alerts()
    path = f"{BASE}/alerts/{line.id}"
    answer = client.submit(
        path, _alert(text_pl="Woda jest dobra.", text_en="The water is fine.", href="/pl/lublin/news")
    )
    assert answer.status_code == 303
    assert "The water is fine." in client.get("/en/lublin/").text
    answer = client.submit(path, _alert(version="1", text_pl="Mój tekst"))
    assert answer.status_code == 409
    assert "Woda jest dobra." in answer.text
    assert "Mój tekst" in answer.text
    assert client.submit(f"{path}/end", SURE).status_code == 303
    assert "Woda" not in client.get("/pl/lublin/").text
    assert client.submit(f"{path}/end", SURE).status_code == 422
    assert "The water is fine." in client.get(f"{BASE}/alerts").text


def test_a_refused_alert_keeps_what_was_typed(
    client: Browser, town: Town, enter: Callable[[str], Actor], frozen: Callable[[str], None]
) -> None:
    frozen("2026-03-02 10:00")
    enter("editor")
    for wrong in (
        {"text_pl": "", "text_en": "Only English"},
        {"level": ""},
        {"end_day": "2026-03-01"},
        {"end_day": "2027-03-01"},
        {"start_time": "noon"},
        {"href": "javascript:alert(1)"},
        {"text_cs": "x" * 401},
    ):
        answer = client.submit(f"{BASE}/alerts/new", _alert(**wrong))
        assert answer.status_code == 422, wrong
        assert str(next(iter(wrong.values())))[:20] in answer.text
    assert not queries.coming_alerts()


def test_an_empty_alert_is_told_all_that_is_missing_at_once(
    client: Browser, town: Town, enter: Callable[[str], Actor]
) -> None:
    enter("editor")
    answer = client.submit(f"{BASE}/alerts/new", {"text_pl": "", "start_day": ""})
    assert answer.status_code == 422
    for problem in (
        "Choose how serious it is.",
        "Write the alert in Polski at least.",
        "Choose the day from which it is shown.",
        "Choose the day until which it is shown.",
    ):
        assert problem in answer.text


def test_leaders_put_up_no_alerts(client: Browser, town: Town, enter: Callable[[str], Actor]) -> None:
    enter("leader")
    assert client.get(f"{BASE}/alerts/new").status_code == 403


def test_a_front_text_is_previewed_and_published_like_any_page(
    client: Browser, town: Town, enter: Callable[[str], Actor]
) -> None:
    enter("editor")
    thing = make_article(town, spot=Spot.FRONT)
    page = client.get(f"{BASE}/pages/{thing.id}/preview/pl").text
    assert "It stands above the other parts of the front page" in page
    assert 'href="/en/lublin/"' in client.get(f"{BASE}/pages/{thing.id}").text
    assert client.get(f"{BASE}/pages/{thing.id}/settings").status_code == 200
    assert queries.standings(thing)["cs"] is Standing.MISSING
