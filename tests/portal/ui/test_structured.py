"""What pages say of themselves to search engines and networks."""

import html
import json
import re
from typing import Any

from portal.core import clock
from portal.core.tenancy import Town
from portal.ui import structured
from portal.ui.pages import Link
from tests.factories.articles import make_article
from tests.factories.browser import Browser
from tests.factories.initiatives import make_initiative


def read(page: str) -> dict[str, Any]:
    """The things of a page's data block by their type."""
    block = re.search(r'<script type="application/ld\+json">(.+?)</script>', page, re.DOTALL)
    assert block
    found = json.loads(block[1])
    assert found["@context"] == "https://schema.org"
    return {thing["@type"]: thing for thing in found["@graph"]}


def described(page: str) -> str:
    found = re.search(r'<meta name="description" content="([^"]*)">', page)
    assert found
    return html.unescape(found[1])


def test_an_initiative_tells_where_it_stands_and_nothing_of_its_author(client: Browser, town: Town) -> None:
    case = make_initiative(
        town, "published", title="Ławka </script><b>", text="Przy szkole nie ma gdzie usiąść. " * 20,
        lat=51.2465, lon=22.5684, email="ewa@poczta.example",
    )  # fmt: skip
    page = client.get(f"/cs/lublin/initiatives/{(case.number or '').lower()}").text
    found = read(page)
    about = found["CreativeWork"]
    assert (about["headline"], about["identifier"]) == ("Ławka </script><b>", case.number)
    assert about["contentLocation"]["geo"] == {
        "@type": "GeoCoordinates",
        "latitude": 51.2465,
        "longitude": 22.5684,
    }
    assert about["url"].endswith(f"/cs/lublin/initiatives/{(case.number or '').lower()}")
    assert about["publisher"]["name"] == "Lublin"
    assert found["BreadcrumbList"]["itemListElement"][-1]["item"].endswith("/cs/lublin/initiatives")
    assert "ewa@poczta.example" not in page
    assert described(page).startswith("Przy szkole")
    assert len(described(page)) <= structured.DESCRIPTION_MAX + 1


def test_a_withdrawn_case_says_nothing_more(client: Browser, town: Town) -> None:
    case = make_initiative(town, "withdrawn", listed_at=clock.now())
    page = client.get(f"/pl/lublin/initiatives/{(case.number or '').lower()}").text
    assert "ld+json" not in page
    assert 'name="description"' not in page


def test_front_pages_and_news_say_what_they_are(client: Browser, town: Town) -> None:
    search = read(client.get("/pl/").text)["WebSite"]["potentialAction"]
    assert search["target"]["urlTemplate"].endswith("/pl/search?q={words}")
    assert read(client.get("/pl/lublin/").text)["GovernmentOrganization"]["name"] == "Lublin"
    news = make_article(town, kind="news", title="Otwarte", summary="Krótko")
    page = client.get(f"/pl/lublin/news/{news.slug}").text
    assert read(page)["NewsArticle"]["headline"] == "Otwarte"
    assert described(page) == "Krótko"


def test_what_is_not_known_is_left_out(town: Town) -> None:
    assert structured.place(None, None, "") is None
    made = structured.meta("a", {"@type": "Thing", "name": "", "image": []}, crumbs=[Link("<b>", "/x")])
    assert "<" not in made.graph
    assert json.loads(made.graph)["@graph"][0] == {"@type": "Thing"}
