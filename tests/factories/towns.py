"""Municipalities for tests: a Polish and a Czech one that look like the real ones, and as many more as wanted."""

from typing import Any

from portal.core import events, tenancy
from portal.core.db import db, writing
from portal.core.tenancy import Municipality, Town

KNOWN: dict[str, dict[str, Any]] = {
    "lublin": {
        "code": "LUB",
        "name": {"pl": "Lublin", "cs": "Lublin", "en": "Lublin"},
        "centre_lat": 51.2260,
        "centre_lon": 22.5565,
        "box": [22.4634, 51.1398, 22.6735, 51.2966],
        "population": 329_565,
    },
    "ostrava-jih": {
        "code": "OJI",
        "name": {"pl": "Ostrawa-Południe", "cs": "Ostrava-Jih", "en": "Ostrava-South"},
        "country": "CZ",
        "currency": "CZK",
        "language": "cs",
        "zone": "Europe/Prague",
        "centre_lat": 49.7938,
        "centre_lon": 18.2510,
        "box": [18.20, 49.75, 18.29, 49.81],
        "population": 100_000,
    },
}


def make_town(slug: str = "lublin", **values: Any) -> Town:
    """Found a municipality; `values` are columns of its table."""
    title = slug.replace("-", " ").title()
    columns: dict[str, Any] = {
        "code": slug.replace("-", "")[:3].upper(),
        "name": {"pl": title, "cs": title, "en": title},
        "country": "PL",
        "currency": "PLN",
        "language": "pl",
        "zone": "Europe/Warsaw",
        "colours": {"brand": "#8a2432", "dark": "#6b1824", "ink": "#ffffff", "soft": "#f8e9ea"},
        "contact": {
            "office": {"pl": "Biuro Głosu Mieszkańców"},
            "email": f"kontakt@{slug}.example",
            "phone": "+48 00 000 00 01",
            "address": "ul. Próbna 1",
        },
        "centre_lat": 50.5,
        "centre_lon": 21.5,
        "box": [21.4, 50.4, 21.6, 50.6],
        "population": 10_000,
        **KNOWN.get(slug, {}),
        **values,
    }
    with writing():
        row = Municipality(slug=slug, **columns)
        db.session.add(row)
        db.session.flush()  # The modules that listen need its id.
        with tenancy.within(row.id):
            events.tell("municipality.founded", row)
    tenancy.forget_towns()
    return tenancy.town(slug)
