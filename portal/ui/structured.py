"""What a public page is about, for search engines and for whoever shares it: schema.org as a JSON-LD data block.

A data block is not run, so the content policy stays as strict as it is. Source: schema.org 29; issue 3, part 5.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import current_app
from markupsafe import Markup

from portal.core.tenancy import Town
from portal.ui.pages import Link, public_address

Thing = Mapping[str, Any]
DESCRIPTION_MAX = 200
"""Characters of a description: what search engines and networks show."""


@dataclass(frozen=True, slots=True)
class Meta:
    """What the head of a page says of it: a sentence or two, a picture's address or "", and the data block."""

    description: str
    image: str
    graph: Markup


def meta(description: str, *things: Thing, crumbs: Sequence[Link] = (), image: str = "") -> Meta:
    """The head of a page that is about these things and stands below these pages."""
    words = " ".join(description.split())
    if len(words) > DESCRIPTION_MAX:
        words = words[:DESCRIPTION_MAX].rsplit(" ", 1)[0] + "…"
    found = [_bare(thing) for thing in things]
    if crumbs:
        found.append(_trail(crumbs))
    body = json.dumps(
        {"@context": "https://schema.org", "@graph": found}, ensure_ascii=False, separators=(",", ":")
    )
    # Nothing somebody wrote may end the block.
    return Meta(words, image, Markup(body.replace("<", "\\u003c")))  # noqa: S704 - see above


def office(town: Town) -> dict[str, Any]:
    """A municipality as the publisher of what stands on its pages."""
    return {
        "@type": "GovernmentOrganization",
        "@id": f"{public_address('pages.town', lang=town.language, town=town.slug)}#office",
        "name": town.name,
        "url": public_address("pages.town", lang=town.language, town=town.slug),
        "logo": public_address("pages.mark", slug=town.slug),
        "email": town.contact.get("email"),
        "telephone": town.contact.get("phone"),
    }


def place(lat: float | None, lon: float | None, name: str) -> dict[str, Any] | None:
    """Where something is; nothing when neither a point nor words are known."""
    if lat is None and not name:
        return None
    geo = None if lat is None else {"@type": "GeoCoordinates", "latitude": lat, "longitude": lon}
    return _bare({"@type": "Place", "address": name, "geo": geo})


def counted(kind: str, number: int) -> dict[str, Any]:
    """How often people did something (`LikeAction`, `CommentAction`)."""
    return {
        "@type": "InteractionCounter",
        "interactionType": f"https://schema.org/{kind}",
        "userInteractionCount": number,
    }


def _bare(thing: Thing) -> dict[str, Any]:
    """Without what is not known."""
    return {name: value for name, value in thing.items() if value not in (None, "", [], ())}


def _trail(crumbs: Sequence[Link]) -> dict[str, Any]:
    base: str = current_app.extensions["portal.settings"].base_url
    return {
        "@type": "BreadcrumbList",
        "itemListElement": [
            {"@type": "ListItem", "position": number, "name": str(link.label), "item": base + link.href}
            for number, link in enumerate(crumbs, 1)
        ],
    }
