"""Every address of the portal with real things in it, for one role: what hostile inputs are aimed at.

Runs in a process of its own over the data folder of a drill and prints JSON. Towns and things are those of the
test of rights (`tests/house/test_access_granted.py`), so that a new route is in it the moment it exists.

    python -m tests.bench.furnished leader
"""

import json
import re
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import count
from typing import Any

from flask import Flask
from flask_migrate import upgrade

from portal.api import queries as api_queries
from portal.api import services as api_services
from portal.articles.models import Article
from portal.core import policy, tenancy
from portal.core.registry import PUBLIC, Place, Route, registry
from portal.core.tenancy import Town
from portal.core.tokens import new_secret
from tests.factories import actors as people
from tests.factories.actors import make_actor, make_session
from tests.factories.articles import make_article, translate
from tests.factories.initiatives import make_initiative
from tests.factories.towns import make_town
from tests.house.test_access import VALUES
from tests.house.test_access_granted import MOVES, Furnished, complete

PROGRAM = "program"
"""A key of the API, which is no role of people."""
SPARE = 12
"""People of a role: an input may end a session, close an account or take a role away."""
TOWN, FOREIGN = "lublin", "ostrava-jih"
PARAMETER = re.compile(r"<(?:\w+:)?(\w+)>")


class Ours(Furnished):
    """Things of one role among those of others in the same town."""

    def article(self, state: str = "published") -> Article:
        """A page of this role's own: of equal words there is one only."""
        if state not in self.articles:
            made = self.articles[state] = make_article(
                self.town, state, title=f"A {state} page for a {self.role}"
            )
            translate(self.town, made)
        return self.articles[state]


def furnish(app: Flask, role: str) -> dict[str, Any]:
    """Sessions of people of this role, and the addresses they are asked at: path, pattern, methods, endpoint."""
    upgrade()
    towns = tenancy.towns()
    town = towns.get(TOWN) or make_town(TOWN)
    foreign = towns.get(FOREIGN) or make_town(FOREIGN)
    with tenancy.within(foreign.id):
        strange = make_initiative(foreign, "submitted")
    found: dict[str, Any] = {"foreign": {"town": foreign.slug, "number": (strange.number or "").lower()}}
    if role == PROGRAM:
        return found | _program(app, town)
    with tenancy.within(town.id):
        actors = [make_actor(role, town) for _ in range(1 if role == "visitor" else SPARE)]
        if actors[0].user_id is not None:
            complete(actors[0].user_id)
        furnished = Ours(town, role, actors[0])
        targets = list(_targets(furnished))
        own = frozenset(case.about for (_, is_own), case in furnished.cases.items() if is_own)
        if role == "visitor":
            actors = [replace(actors[0], cases=own) for _ in range(SPARE)]
        return found | {
            "cookie": app.config["SESSION_COOKIE_NAME"],
            "sessions": [make_session(actor) for actor in actors],
            "targets": targets,
        }


def _targets(furnished: Furnished) -> Iterator[dict[str, Any]]:
    """A visitor asks everything, everybody else what their role is granted and the public pages with forms."""
    for module in registry.modules:
        for route in module.routes:
            endpoint = f"{module.name}.{route.endpoint}"
            held = route.permission == PUBLIC or furnished.role in policy.holders(route.permission)
            if not (held or furnished.role == "visitor"):
                continue
            if route.permission == PUBLIC and furnished.role != "visitor" and "POST" not in route.methods:
                continue
            variants = MOVES[endpoint](furnished) if held and endpoint in MOVES else [(None, True)]
            for values, _ in variants:
                yield _target(furnished, endpoint, route, values)


def _target(
    furnished: Furnished, endpoint: str, route: Route, values: dict[str, Any] | None
) -> dict[str, Any]:
    prefix = {Place.TOWN: f"/en/{furnished.town.slug}", Place.PORTAL: "/en", Place.BARE: ""}[route.place]
    pattern = prefix + route.path
    names = PARAMETER.findall(route.path)
    holders = policy.holders(route.permission) if route.permission != PUBLIC else {furnished.role}
    # A door that stays shut needs nothing behind it.
    value = furnished.value if furnished.role in holders else _guess
    given = values or {name: _value(value, name, endpoint, route) for name in names}
    return {
        "endpoint": endpoint,
        "pattern": pattern,
        "path": PARAMETER.sub(lambda found: str(given[found[1]]), pattern),
        "methods": list(route.methods),
        "keys": list(route.cache or ()),
    }


def _value(value: Callable[[str, str, Route], Any], name: str, endpoint: str, route: Route) -> Any:
    try:
        return value(name, endpoint, route)
    except KeyError:  # A parameter of public pages alone.
        return _guess(name, endpoint, route)


def _guess(name: str, _endpoint: str, _route: Route) -> Any:
    return VALUES.get(name, 1)


def _program(app: Flask, town: Town) -> dict[str, Any]:
    with tenancy.within(town.id):
        scopes = [key for key, _ in api_queries.scopes_offered()]
        admin = make_actor("admin", town)
        secret = api_services.make_key(admin, "Drill", ["leader", "reviewer"], scopes, 30, new_secret())
        number = (make_initiative(town, "published").number or "").lower()
    given = {"town": town.slug, "number": number, "verb": "publish"}
    return {
        "key": secret,
        "targets": [
            {
                "endpoint": rule.endpoint,
                "pattern": rule.rule,
                "path": PARAMETER.sub(lambda found: str(given[found[1]]), rule.rule),
                "methods": sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}),
                "keys": ["size", "at", "q", "state", "phase", "category", "since", "lang"],
            }
            for rule in app.url_map.iter_rules()
            if rule.rule.startswith("/api/")
        ],
    }


def main() -> None:
    """Furnish the data folder of the environment for one role."""
    from portal.app import create_app

    # Every role comes in a process of its own, and no two people may have the same address.
    people._serial = count(time.time_ns() // 1_000_000)
    app = create_app()
    with app.app_context():
        found = furnish(app, sys.argv[1])
    print(json.dumps(found))


if __name__ == "__main__":
    main()
