"""The demo data show every state, every standing of a translation, every kind of block."""

from flask import Flask
from sqlalchemy import select

from portal.articles import queries, rules
from portal.articles.kinds import KINDS, Standing
from portal.articles.models import Article, ArticleText, ArticleVersion
from portal.articles.states import STATES
from portal.core import tenancy
from portal.core.db import db
from tests.factories.browser import Browser


def test_the_demo_shows_everything_there_is(seeded_app: Flask) -> None:
    states, standings, kinds, languages = set(), set(), set(), set()
    for town in tenancy.towns().values():
        with tenancy.within(town.id):
            for thing in db.session.scalars(select(Article)):
                states.add(thing.state)
                standings |= set(queries.standings(thing).values())
                languages.add(thing.language)
            for version in db.session.scalars(select(ArticleVersion)):
                kinds |= {block.kind for block in version.content.blocks}
    assert states == {state.key for state in STATES}
    assert standings == set(Standing)
    assert languages == {"pl", "cs"}
    assert kinds >= {kind.key for kind in KINDS} - {"heading"}


def test_what_is_public_in_the_demo_is_whole(seeded_app: Flask) -> None:
    for town in tenancy.towns().values():
        with tenancy.within(town.id):
            for text in db.session.scalars(select(ArticleText).where(ArticleText.public.is_not(None))):
                content = queries.version(text.article_id, text.language, text.public or 0).content
                assert not rules.lacks(content), (content.title, text.language)


def test_the_demo_has_news_pages_and_an_alert_to_read(seeded_app: Flask, client: Browser) -> None:
    assert "Adampol" in client.get("/pl/swidnik/").text
    assert "Adampol" not in client.get("/pl/lublin/").text
    for path in (
        "/pl/lublin/pages/about",
        "/cs/lublin/pages/help",
        "/en/ostrava-jih/pages/about",
        "/en/rzeszow/news",
    ):
        assert client.get(path).status_code == 200
    assert "?original=1" in client.get("/cs/wodzislaw-slaski/pages/partners").text
    assert client.get("/pl/search?q=ławek").status_code == 200
