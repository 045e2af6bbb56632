"""What blocks show: each kind, headings in order, maps with their data."""

import json
import re
from collections.abc import Callable

from flask import Flask

from portal.articles import queries, services
from portal.articles.kinds import KINDS, Block, Item
from portal.core.actor import Actor
from portal.core.tenancy import Town
from tests.factories.articles import edit, heading, make_article, places
from tests.factories.browser import Browser
from tests.journeys.acts import photo


def _one_of_each(file: int, document: int) -> tuple[Block, ...]:
    special = {"file": str(file), "level": "2", "href": "/pl/lublin/news", "type": "news", "count": "3"}
    made = []
    for number, kind in enumerate(KINDS, 1):
        values = {field.name: special.get(field.name, f"{kind.key} {field.name}") for field in kind.fields}
        own = {
            "lat": "51.2",
            "lon": "22.5",
            "file": f"{document}",
            "phone": "+48 81 466 00 00",
            "email": "a@b.example",
        }
        items = {field.name: own.get(field.name, f"{kind.key} item {field.name}") for field in kind.items}
        made.append(Block(f"b{number:03d}", kind.key, values, (Item("i001", items),) if kind.items else ()))
    return tuple(made)


def _pdf() -> bytes:
    return b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"


def test_every_kind_of_block_is_shown(client: Browser, town: Town, actor_as: Callable[..., Actor]) -> None:
    editor, thing = actor_as("editor"), make_article(town)
    make_article(town, kind="news", title="Listed news")
    picture = services.add_file(editor, thing.id, photo(), "a.jpg", picture=True)
    paper = services.add_file(editor, thing.id, _pdf(), "rules.pdf", picture=False)
    services.publish(editor, thing.id, edit(town, thing, *_one_of_each(picture, paper), actor=editor))
    page = client.get(f"/cs/lublin/pages/{thing.slug}").text
    for words in (
        "text body",
        "heading text",
        'alt="image alt"',
        "image caption",
        'href="/cs/lublin/news"',
        "Listed news",
        "places item name",
        'href="tel:+48814660000"',
        'href="mailto:a@b.example"',
        "documents item title",
        "accordion item question",
        "figures item value",
    ):
        assert words in page, words
    assert client.get(f"/pl/lublin/pages/files/{thing.id}/{picture}?size=small").mimetype == "image/webp"
    answer = client.get(f"/pl/lublin/pages/documents/{thing.id}/i001")
    assert answer.status_code == 302
    answer = client.get(answer.headers["Location"])
    assert answer.mimetype == "application/pdf"
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert "sandbox" in answer.headers["Content-Security-Policy"]


def test_a_map_of_places_has_pins_and_cards(client: Browser, town: Town, app: Flask) -> None:
    block = places(("Town hall", "51.2480", "22,5681"), ("Market", "51.2", "22.6"))
    thing = make_article(town, blocks=(block,))
    version = queries.original(thing)
    base = f"/pl/lublin/pages/places/{version.id}/{block.id}"
    assert f"{base}.json" in client.get(f"{base}.js").text
    points = json.loads(client.get(f"{base}.json").text)["points"]
    assert [point[1:4] for point in points] == [["Town hall", 51.248, 22.5681], ["Market", 51.2, 22.6]]
    assert json.loads(client.get(f"{base}.json?card=2").text)["title"] == "Market"
    for bad in ("0", "3", "x", "9" * 30):
        assert client.get(f"{base}.json?card={bad}").status_code == 404
    assert client.get(f"/pl/lublin/pages/places/{version.id}/b999.js").status_code == 404
    draft = make_article(town, "private", title="Draft", blocks=(block,))
    assert (
        client.get(f"/pl/lublin/pages/places/{queries.original(draft).id}/{block.id}.json").status_code == 404
    )


def test_no_heading_skips_a_level(client: Browser, town: Town) -> None:
    deep = Block("b001", "heading", {"text": "Deep", "level": "3"})
    thing = make_article(
        town, blocks=(deep, heading("Part"), Block("b004", "heading", {"text": "Sub", "level": "3"}))
    )
    page = client.get(f"/pl/lublin/pages/{thing.slug}").text
    assert re.findall(r"<h(\d)>(?:Deep|Part|Sub)<", page) == ["2", "2", "3"]
