"""The ten municipalities of the demo data: facts and looks from here, words and contacts from the caller.

The words lie with the initiatives' demo texts, which a feature may not import; so whoever plants the demo
data tells them as the fact `demo.towns_described`. Centres and boxes come from coarse public outlines (± 0.5 km).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from portal.core.actor import COMMANDER
from portal.core.events import Fact
from portal.pages.kinds import Motif, Palette
from portal.pages.rules import Box, NewMunicipality
from portal.pages.services import found_municipality


@dataclass(frozen=True, slots=True)
class Facts:
    """What stands fixed of a demo municipality. `box` is (min lon, min lat, max lon, max lat)."""

    code: str
    country: str
    lon: float
    lat: float
    box: Box
    population: int
    colours: Palette
    mark: Motif


# Source: product plan, section 9 (slugs and codes); GUS and the offices' own sites (populations).
TOWNS: Mapping[str, Facts] = {
    "lublin": Facts(
        "LUB", "PL", 22.5565, 51.2260, (22.4634, 51.1398, 22.6735, 51.2966), 329565,
        Palette("#8a2432", "#6b1824", "#ffffff", "#f8e9ea"), Motif.TOWER,
    ),
    "swidnik": Facts(
        "SWI", "PL", 22.6832, 51.2195, (22.6388, 51.1911, 22.7194, 51.2425), 36680,
        Palette("#0f5f9e", "#0a4778", "#ffffff", "#e3eff8"), Motif.SUN,
    ),
    "poniatowa": Facts(
        "PON", "PL", 22.0994, 51.2099, (22.0247, 51.1536, 22.1710, 51.2782), 13133,
        Palette("#2b6a2f", "#1e4f22", "#ffffff", "#e5f1e4"), Motif.TREE,
    ),
    "konopnica": Facts(
        "KON", "PL", 22.4167, 51.2171, (22.3407, 51.1589, 22.5159, 51.2708), 12643,
        Palette("#5a6410", "#434b0a", "#ffffff", "#eff1da"), Motif.HILLS,
    ),
    "powiat-lezajski": Facts(
        "PLE", "PL", 22.4189, 50.2687, (22.1886, 50.1231, 22.6876, 50.4001), 69370,
        Palette("#4c3f92", "#382d70", "#ffffff", "#edebf8"), Motif.BRIDGE,
    ),
    "gmina-lezajsk": Facts(
        "GLE", "PL", 22.4130, 50.2388, (22.2335, 50.1640, 22.6063, 50.3433), 19890,
        Palette("#08676f", "#064d54", "#ffffff", "#dff0f1"), Motif.RIVER,
    ),
    "grodzisko-dolne": Facts(
        "GRO", "PL", 22.4451, 50.1640, (22.3546, 50.1231, 22.5266, 50.2069), 7812,
        Palette("#875700", "#644000", "#ffffff", "#f8eed9"), Motif.FIELDS,
    ),
    "rzeszow": Facts(
        "RZE", "PL", 21.9948, 50.0219, (21.8588, 49.9326, 22.0928, 50.0817), 197000,
        Palette("#1d3c78", "#132b59", "#ffffff", "#e6ebf6"), Motif.CASTLE,
    ),
    "wodzislaw-slaski": Facts(
        "WOD", "PL", 18.4476, 50.0055, (18.3585, 49.9659, 18.5110, 50.0387), 45571,
        Palette("#a33b12", "#7c2b0a", "#ffffff", "#fbe9e0"), Motif.WHEEL,
    ),
    "ostrava-jih": Facts(
        "OJI", "CZ", 18.2510, 49.7938, (18.20, 49.75, 18.29, 49.81), 100000,
        Palette("#8c2a6a", "#691d4e", "#ffffff", "#f7e8f1"), Motif.MINE,
    ),
}  # fmt: skip

_PROTECTION = {"PL": "iod", "CZ": "poverenec"}
"""Mailbox of the data-protection officer, by country."""


def towns_described(fact: Fact) -> None:
    """Hear the words and found the municipalities they describe."""
    seed_towns(fact.values["towns"])


def seed_towns(data: Mapping[str, Any]) -> None:
    """Found the ten, in the order of the caller's list.

    `data["towns"]` holds records of slug, name, tagline, intro (each {locale: text}) and contact (office as
    {locale: text}, email, phone, address). Runs inside the transaction that plants all demo data.
    """
    for words in data["towns"]:
        facts = TOWNS[words["slug"]]
        contact = words["contact"]
        domain = contact["email"].rpartition("@")[2]
        colours = facts.colours
        found_municipality(
            COMMANDER,
            NewMunicipality(
                slug=words["slug"],
                names=words["name"],
                country=facts.country,
                lat=facts.lat,
                lon=facts.lon,
                code=facts.code,
                box=facts.box,
                population=facts.population,
                colours={
                    "brand": colours.brand,
                    "dark": colours.dark,
                    "ink": colours.ink,
                    "soft": colours.soft,
                },
                mark=facts.mark,
                taglines=words["tagline"],
                intros=words["intro"],
                contact={**contact, "protection_email": f"{_PROTECTION[facts.country]}@{domain}"},
            ),
        )
