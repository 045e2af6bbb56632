"""Pages and news as everybody reads them."""

import re
from collections.abc import Callable
from datetime import timedelta
from xml.etree import ElementTree

import pytest
from sqlalchemy import update

from portal.articles import queries, services
from portal.articles.kinds import Block, Item, Level
from portal.articles.models import Spot
from portal.articles.services.alerts import AlertWords
from portal.articles.services.writing import Settings
from portal.content.models import Attachment
from portal.core import clock
from portal.core.actor import Actor
from portal.core.db import db, writing
from portal.core.scanning import Scan
from portal.core.tenancy import Town
from tests.factories.articles import edit, make_article, text_block, translate
from tests.factories.browser import Browser
from tests.journeys.acts import photo

SignIn = Callable[[Browser, Actor], None]


def test_a_page_is_public_when_it_is_published_and_not_before(client: Browser, town: Town) -> None:
    draft, public = make_article(town, "private", title="Draft"), make_article(town, title="Open")
    gone = make_article(town, "withdrawn", title="Gone")
    assert client.get(f"/pl/lublin/pages/{public.slug}").status_code == 200
    for thing in (draft, gone):
        assert client.get(f"/pl/lublin/pages/{thing.slug}").status_code == 404
        assert client.get(f"/pl/lublin/news/{thing.slug}").status_code == 404
    assert client.get(f"/pl/ostrava-jih/pages/{public.slug}").status_code == 404


def test_an_old_address_leads_to_the_new_one(
    client: Browser, town: Town, actor_as: Callable[..., Actor]
) -> None:
    for kind, folder in (("page", "pages"), ("news", "news")):
        thing = make_article(town, kind=kind)
        settings = Settings("who-we-are", None, False, [])
        services.change_settings(actor_as("editor"), thing.id, settings, queries.article(thing.id).version)
        answer = client.get(f"/cs/lublin/{folder}/{thing.slug}")
        assert (answer.status_code, answer.location) == (301, f"/cs/lublin/{folder}/who-we-are")
        assert client.get(f"/cs/lublin/{folder}/nowhere").status_code == 404


def test_a_page_is_kept_by_the_cache_until_it_changes(
    client: Browser, town: Town, actor_as: Callable[..., Actor]
) -> None:
    thing = make_article(town)
    path = f"/pl/lublin/pages/{thing.slug}"
    first = client.get(path)
    assert first.headers.get("ETag")
    assert client.get(path, headers={"If-None-Match": first.headers["ETag"]}).status_code == 304
    services.publish(actor_as("editor"), thing.id, edit(town, thing, text_block("brand-new words")))
    assert "brand-new words" in client.get(path).text


def test_a_reader_is_told_about_missing_and_old_translations(
    client: Browser, town: Town, actor_as: Callable[..., Actor]
) -> None:
    thing = make_article(town, title="Ławki")
    path = f"lublin/pages/{thing.slug}"
    page = client.get(f"/cs/{path}").text
    assert '<h1 lang="pl">Ławki</h1>' in page
    assert "Polski" in page
    translate(town, thing, "cs", title="Lavičky")
    assert "<h1>Lavičky</h1>" in client.get(f"/cs/{path}").text
    services.publish(actor_as("editor"), thing.id, edit(town, thing, text_block("more"), title="Ławki"))
    page = client.get(f"/cs/{path}").text
    assert "?original=1" in page
    original = client.get(f"/cs/{path}?original=1").text
    assert '<h1 lang="pl">Ławki</h1>' in original


def test_files_of_drafts_are_for_the_office_only(
    client: Browser, town: Town, actor_as: Callable[..., Actor], sign_in: SignIn
) -> None:
    editor, thing = actor_as("editor"), make_article(town, "private")
    picture = services.add_file(editor, thing.id, photo(), "a.jpg", picture=True)
    path = f"/pl/lublin/pages/files/{thing.id}/{picture}"
    assert client.get(path).status_code == 404
    sign_in(client, editor)
    assert client.get(path).status_code == 200
    other = make_article(town, "private", title="Other")
    assert client.get(f"/pl/lublin/pages/files/{other.id}/{picture}").status_code == 404


def test_a_picture_that_waits_for_the_scanner_is_for_the_office_and_a_document_for_nobody(
    client: Browser, town: Town, actor_as: Callable[..., Actor], sign_in: SignIn
) -> None:
    editor, thing = actor_as("editor"), make_article(town, "private")
    ids = [
        services.add_file(editor, thing.id, photo(), "a.jpg", picture=True),
        services.add_file(editor, thing.id, b"%PDF-1.4\n%%EOF", "a.pdf", picture=False),
    ]
    with writing():
        db.session.execute(update(Attachment).values(scan=Scan.WAITING))
    paths = [f"/pl/lublin/pages/files/{thing.id}/{one}" for one in ids]
    assert [client.get(path).status_code for path in paths] == [404, 404]
    sign_in(client, editor)
    assert [client.get(path).status_code for path in paths] == [200, 404]


def test_what_people_write_is_escaped(client: Browser, town: Town) -> None:
    attack = '"><script>alert(1)</script>'
    items = (Item("i001", {"question": attack, "answer": attack}),)
    thing = make_article(
        town,
        title=attack,
        summary=attack,
        blocks=(text_block(attack), Block("b002", "accordion", {"title": attack}, items)),
    )
    for path in (f"pages/{thing.slug}", "pages"):
        assert "<script>alert" not in client.get(f"/pl/lublin/{path}").text


# ---- news ----


def test_news_have_a_list_an_archive_and_a_feed(
    client: Browser, town: Town, frozen: Callable[[str], None]
) -> None:
    frozen("2025-06-01 12:00")
    make_article(town, kind="news", title="Old & good", summary="Last year <b>")
    frozen("2026-06-01 12:00")
    make_article(town, kind="news", title="Fresh")
    page = client.get("/en/lublin/news").text
    assert page.index("Fresh") < page.index("Old &amp; good")
    archive = client.get("/en/lublin/news?year=2025").text
    assert "Fresh" not in archive
    assert "Old &amp; good" in archive
    answer = client.get("/en/lublin/news.atom")
    assert answer.mimetype == "application/atom+xml"
    tree = ElementTree.fromstring(answer.get_data())
    atom = "{http://www.w3.org/2005/Atom}"
    assert [entry.findtext(f"{atom}title") for entry in tree.iter(f"{atom}entry")] == ["Fresh", "Old & good"]
    assert "http" in (tree.find(f"{atom}entry/{atom}link").attrib["href"])  # type: ignore[union-attr]


@pytest.mark.parametrize("query", ["year=1", "year=abc", "year=99999999999", "at=nonsense"])
def test_lists_refuse_addresses_nobody_wrote(client: Browser, town: Town, query: str) -> None:
    assert client.get(f"/pl/lublin/news?{query}").status_code == 404


def test_empty_lists_say_so(client: Browser, town: Town) -> None:
    assert client.get("/en/lublin/news").status_code == 200
    assert client.get("/en/lublin/pages").status_code == 200
    assert client.get("/en/lublin/news.atom").status_code == 200


def test_news_stand_on_the_front_pages(client: Browser, town: Town) -> None:
    make_article(town, kind="news", title="Fresh news")
    assert "Fresh news" in client.get("/en/").text
    assert "Fresh news" in client.get("/en/lublin/").text


# ---- on other pages ----


def test_front_pages_can_be_written_and_stay_cached(
    client: Browser, town: Town, actor_as: Callable[..., Actor], sign_in: SignIn
) -> None:
    assert "On top" not in client.get("/pl/lublin/").text
    thing = make_article(town, spot=Spot.FRONT, blocks=(text_block("On top"),))
    make_article(town, spot=Spot.HOME, title="Home", blocks=(text_block("Above all"),))
    page = client.get("/pl/lublin/")
    assert "On top" in page.text
    assert "Above all" not in page.text
    assert client.get("/pl/lublin/", headers={"If-None-Match": page.headers["ETag"]}).status_code == 304
    home = client.get("/pl/")
    assert "Above all" in home.text
    assert client.get("/pl/", headers={"If-None-Match": home.headers["ETag"]}).status_code == 304
    assert client.get("/pl/lublin/pages/front").status_code == 301
    editor = actor_as("editor")
    services.publish(editor, thing.id, edit(town, thing, text_block("Newer words")))
    assert "Newer words" in client.get("/pl/lublin/").text
    sign_in(client, editor)
    assert f"/pl/lublin/desk/pages/{thing.id}" in client.get("/pl/lublin/").text


def test_pages_join_the_menu_and_the_sitemap(
    client: Browser, town: Town, actor_as: Callable[..., Actor]
) -> None:
    thing = make_article(town, title="Who we are")
    assert "Who we are</a></li>" not in client.get("/pl/lublin/").text
    services.change_settings(
        actor_as("editor"), thing.id, Settings(thing.slug, None, True, []), queries.article(thing.id).version
    )
    assert "Who we are</a>" in client.get("/pl/lublin/contact").text
    translate(town, thing, "cs")
    sitemap = client.get("/sitemap.xml").text
    assert f"/pl/lublin/pages/{thing.slug}" in sitemap
    assert f"/cs/lublin/pages/{thing.slug}" in sitemap
    assert f"/en/lublin/pages/{thing.slug}" not in sitemap


def test_alerts_stand_on_every_page_of_their_town(
    client: Browser, town: Town, other_town: Town, actor_as: Callable[..., Actor]
) -> None:
    now = clock.now()
    texts = {"pl": "Woda!", "en": "Water!"}
    words = AlertWords(Level.DANGER, texts, "/pl/lublin/news", now, now + timedelta(days=1))
    made = services.put_up_alert(actor_as("editor"), words, "alert-form-key-05")
    for path in ("", "contact", "initiatives", "news", "pages/nowhere"):
        assert "Water!" in client.get(f"/en/lublin/{path}").text, path
    assert '<span lang="pl">Woda!</span>' in client.get("/cs/lublin/").text
    assert 'href="/en/lublin/news"' in client.get("/en/lublin/").text
    assert "Water!" not in client.get("/en/ostrava-jih/").text
    assert "Water!" not in client.get("/en/").text
    services.end_alert(actor_as("editor"), made)
    assert "Water!" not in client.get("/en/lublin/").text


@pytest.mark.parametrize(
    "path", ["", "lublin/", "lublin/pages", "lublin/news", "lublin/contact", "lublin/nowhere"]
)
def test_the_funding_strip_is_on_every_page(client: Browser, town: Town, path: str) -> None:
    page = client.get(f"/en/{path}").text
    assert "European Social Fund" in page
    for logo in ("funding-eu", "funding-pas"):
        assert re.search(rf'src="/static/{logo}[^"]*\.svg"', page), logo
