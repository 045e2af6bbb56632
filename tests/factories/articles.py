"""Pages and news for tests: written, and as far on their way as a test needs them."""

from typing import Any

from portal.articles import queries, services
from portal.articles.kinds import Block, Content, Item, Standing
from portal.articles.models import Article, Spot
from portal.articles.services.translating import Translation
from portal.core import tenancy
from portal.core.actor import COMMANDER, acting
from portal.core.db import db
from portal.core.tenancy import Town


def text_block(words: str = "Words", id_: str = "b001") -> Block:
    """A block of text."""
    return Block(id_, "text", {"body": words})


def heading(words: str = "Heading", id_: str = "b002") -> Block:
    """A heading."""
    return Block(id_, "heading", {"text": words, "level": "2"})


def places(*points: tuple[str, str, str], id_: str = "b003") -> Block:
    """A map of places: name, latitude, longitude."""
    items = tuple(
        Item(f"i{number:03d}", {"name": name, "text": "", "lat": lat, "lon": lon})
        for number, (name, lat, lon) in enumerate(points, 1)
    )
    return Block(id_, "places", {"title": ""}, items)


def make_article(
    town: Town,
    state: str = "published",
    *,
    kind: str = "page",
    title: str = "About us",
    summary: str = "",
    blocks: tuple[Block, ...] | None = None,
    language: str = "pl",
    actor: Any = COMMANDER,
    spot: Spot = Spot.PAGE,
    key: str = "",
) -> Article:
    """A page or news item of `town` in a state: private, pending, published, withdrawn."""
    with tenancy.within(town.id), acting(actor):
        key = key or f"{title}-{state}-{kind}".replace(" ", "-").ljust(16, "x")
        made = services.create(actor, kind, title, language, key, spot=spot)
        content = Content(title, summary, blocks if blocks is not None else (text_block(),))
        number = services.save(actor, made, content, 1)
        if state == "pending":
            services.submit(actor, made)
        if state in ("published", "withdrawn"):
            services.publish(actor, made, number)
        if state == "withdrawn":
            services.withdraw(actor, made)
        found = queries.article(made)
        # It keeps its values when a request of the test closes the session.
        db.session.refresh(found)
        db.session.expunge(found)
        return found


def edit(town: Town, thing: Article, *blocks: Block, title: str = "About us", actor: Any = COMMANDER) -> int:
    """Save another version of the original; its number."""
    with tenancy.within(town.id):
        number = queries.original(queries.article(thing.id)).number
        return services.save(actor, thing.id, Content(title, "", blocks), number)


def translate(
    town: Town,
    thing: Article,
    language: str = "cs",
    *,
    title: str = "O nás",
    words: str = "Slova",
    status: Standing = Standing.HUMAN,
    show: bool = True,
    actor: Any = COMMANDER,
) -> int:
    """Translate every word of the newest original into `words`."""
    from portal.articles import rules

    with tenancy.within(town.id):
        source = queries.original(queries.article(thing.id))
        before = queries.tongue(thing.id, language)
        made = Translation(
            title,
            "",
            dict.fromkeys(rules.spoken_words(source.content.blocks), words),
            status,
            before.latest if before else 0,
            source.number,
        )
        return services.translate(actor, thing.id, language, made, show=show)
