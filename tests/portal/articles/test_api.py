"""Pages, news and alerts over `/api/v1`."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from portal.articles import queries, services
from portal.articles.kinds import Level
from portal.articles.services.alerts import AlertWords
from portal.core import clock
from portal.core.actor import Actor
from portal.core.tenancy import Town
from tests.factories.articles import make_article, places, text_block, translate

HERE = "/api/v1/municipalities/lublin"


@pytest.fixture
def ask(app: Flask) -> Callable[[str], Any]:
    """Asks below the municipality, without any cookie."""
    return lambda path: app.test_client(use_cookies=False).get(HERE + path)


def test_a_page_is_given_as_blocks_in_the_language_asked_for(ask: Callable[[str], Any], town: Town) -> None:
    thing = make_article(
        town, blocks=[text_block("**Ławka** [więcej](/pl/lublin/news)"), places(("Park", "51.2", "22.5"))]
    )
    translate(town, thing, "cs", title="Lavička")
    found = ask(f"/pages/{thing.slug}").json
    assert (found["kind"], found["municipality"], found["language"]) == ("page", "lublin", "pl")
    assert "<strong>Ławka</strong>" in found["blocks"][0]["html"]
    assert found["blocks"][1]["items"][0]["values"]["name"] == "Park"
    czech = ask(f"/pages/{thing.slug}?lang=cs").json
    assert (czech["title"], czech["language"], czech["is_outdated"]) == ("Lavička", "cs", False)
    assert czech["links"]["html"].endswith(f"/cs/lublin/pages/{thing.slug}")
    kept = ask(f"/pages/{thing.slug}/@translations").json["items"]
    assert [(row["language"], row["html"].split("/")[3]) for row in kept] == [("pl", "pl"), ("cs", "cs")]


def test_what_is_not_public_is_not_there(ask: Callable[[str], Any], town: Town) -> None:
    draft, gone = make_article(town, "private"), make_article(town, "withdrawn")
    public = make_article(town)
    for thing in (draft, gone):
        for end in ("", "/@history", "/@translations", "/@workflow"):
            assert ask(f"/pages/{thing.slug}{end}").status_code == 404
    assert ask(f"/news/{public.slug}").status_code == 404
    assert [row["slug"] for row in ask("/pages").json["items"]] == [public.slug]


def test_history_tells_of_publishing_alone(
    ask: Callable[[str], Any], town: Town, actor_as: Callable[..., Actor]
) -> None:
    thing = make_article(town, "private")
    services.submit(actor_as("editor"), thing.id, "Please read")
    services.publish(actor_as("editor"), thing.id, 2)
    steps = ask(f"/pages/{thing.slug}/@history").json["items"]
    assert [step["verb"] for step in steps] == ["publish"]
    assert "Please read" not in str(steps)
    assert ask(f"/pages/{thing.slug}/@workflow").json["state"]["key"] == "published"


def test_news_come_newest_first_by_pages_and_years(ask: Callable[[str], Any], town: Town) -> None:
    slugs = [make_article(town, kind="news", title=f"News {n}").slug for n in range(3)]
    first = ask("/news?size=2").json
    assert [row["slug"] for row in first["items"]] == [slugs[2], slugs[1]]
    rest = ask(f"/news?size=2&at={first['older']}").json
    assert [row["slug"] for row in rest["items"]] == [slugs[0]]
    year = clock.now().year
    assert len(ask(f"/news?year={year}").json["items"]) == 3
    assert ask(f"/news?year={year - 1}").json["items"] == []
    assert ask("/news?year=12").status_code == 400


def test_alerts_that_run_are_told(
    ask: Callable[[str], Any], town: Town, actor_as: Callable[..., Actor]
) -> None:
    now = clock.now()
    for number, start in enumerate((now - timedelta(hours=1), now + timedelta(hours=5))):
        words = AlertWords(Level.WARNING, {"pl": f"Uwaga {number}"}, "", start, now + timedelta(hours=9))
        services.put_up_alert(actor_as("editor"), words, f"k{number}")
    assert [row["text"] for row in ask("/alerts").json["items"]] == ["Uwaga 0"]
    assert len(queries.coming_alerts()) == 2
