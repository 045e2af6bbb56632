"""Every route × role × municipality × method (R20, R23, F8): nobody gets in who may not, and nothing ends in a 500.

The table is made from the registry, so a new route is in it the moment it exists. A case is there in both
towns; whoever has no right at the door is refused or sent to sign in, staff of one town are strangers in
the other, and what is public is open to everybody. That whoever holds a right gets in with it is asked, with
things to use it on, by `test_access_granted.py`.
"""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask, url_for
from werkzeug.test import TestResponse

from portal.accounts.roles import Role
from portal.core import policy
from portal.core.actor import Actor
from portal.core.registry import PUBLIC, Place, Route, registry
from portal.core.tenancy import Town
from tests.factories.articles import make_article
from tests.factories.browser import Browser
from tests.factories.counted import count
from tests.factories.initiatives import make_initiative

ROLES = ("visitor", "resident", *(role.value for role in Role))
VALUES: dict[str, Any] = {
    "draft": "no-such-draft",
    "token": "no-such-token",
    "secret": "no-such-secret",
    "gate": "first",
    "code": "initiative.received",
    "verb": "publish",
    "kind": "purpose",
    "language": "cs",
    "z": 8,
    "x": 140,
    "y": 84,
}
REFUSED = {303, 401, 403, 404}


def _routes() -> list[tuple[str, Route]]:
    return [(f"{m.name}.{r.endpoint}", r) for m in registry.modules for r in m.routes]


def _address(app: Flask, endpoint: str, route: Route, town: Town, number: str) -> str:
    values: dict[str, Any] = {"number": number, "slug": town.slug, **VALUES}
    rule = next(rule for rule in app.url_map.iter_rules() if rule.endpoint == endpoint)
    for name in rule.arguments:
        values.setdefault(name, 1)
    with app.test_request_context("/en/"):
        wanted = {name: values[name] for name in rule.arguments if name not in ("lang", "town")}
        if route.place is Place.TOWN:
            wanted |= {"lang": "en", "town": town.slug}
        elif route.place is Place.PORTAL:
            wanted |= {"lang": "en"}
        return url_for(endpoint, **wanted)


def _may_enter(route: Route, actor: Actor, town: Town) -> bool:
    if route.permission == PUBLIC:
        return True
    standing = Actor(
        user_id=actor.user_id,
        roles=actor.roles,
        fresh=actor.fresh,
        municipality_id=town.id,
        channel=actor.channel,
    )
    return bool(policy.can(standing, route.permission))


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("at_home", [True, False], ids=["own town", "other town"])
def test_nobody_gets_in_who_may_not(
    role: str,
    at_home: bool,
    app: Flask,
    client: Browser,
    town: Town,
    other_town: Town,
    actor_as: Callable[..., Actor],
    sign_in: Callable[[Browser, Actor], None],
) -> None:
    actor = actor_as(role, town)
    place = town if at_home else other_town
    numbers = [(make_initiative(place, state).number or "").lower() for state in ("published", "submitted")]
    make_article(place)
    if role != "visitor":
        sign_in(client, actor)
    wrong: list[str] = []
    asked = 0
    for endpoint, route in _routes():
        if endpoint in ("accounts.sign_out",):
            continue  # Would end the session this test walks with.
        enters = _may_enter(route, actor, place)
        # Each address once: only those of a case differ by its number.
        for address in dict.fromkeys(_address(app, endpoint, route, place, number) for number in numbers):
            for method in route.methods:
                response = client.open(address, method=method, headers={"Sec-Fetch-Site": "same-origin"})
                asked += 1
                if problem := _problem(route, response, method, enters=enters):
                    wrong.append(f"{method} {address}: {role} {problem} ({response.status})")
    count("F8", f"door {role} {at_home}", asked, len(wrong))
    assert not wrong, "\n".join(wrong)


def _problem(route: Route, response: TestResponse, method: str, *, enters: bool) -> str:
    """What is wrong with an answer; empty when nothing is."""
    status = response.status_code
    if status >= 500:
        return "meets a crash"
    if not enters and status not in REFUSED and not (method == "POST" and status == 400):
        return "got in"
    asks_who = "next=" in response.headers.get("Location", "")
    if route.permission == PUBLIC and (status in (401, 403) or asks_who):
        return "is refused what is public"
    return ""


def test_a_hidden_case_is_not_there_for_strangers(client: Browser, town: Town) -> None:
    hidden = make_initiative(town, "submitted")
    number, title = (hidden.number or "").lower(), hidden.title
    for part in ("", "/print", "/support", "/files/1", "/receipt"):
        response = client.get(f"/pl/lublin/initiatives/{number}{part}")
        assert response.status_code in (303, 404), part
        assert title not in response.get_data(as_text=True)


def test_a_case_of_another_town_is_not_there(client: Browser, town: Town, other_town: Town) -> None:
    theirs = make_initiative(other_town, "published")
    number = (theirs.number or "").lower()
    assert client.get(f"/pl/ostrava-jih/initiatives/{number}").status_code == 200
    assert client.get(f"/pl/lublin/initiatives/{number}").status_code == 404


def test_foreign_posts_are_refused(client: Browser, town: Town) -> None:
    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}):
        assert client.post("/en/follow", data={"number": "x"}, headers=headers).status_code == 403


def test_a_post_without_token_only_shows_the_form_again(client: Browser, town: Town) -> None:
    assert client.post("/en/follow", data={"number": "x", "code": "y"}).status_code == 422


def test_a_foreign_host_is_refused(client: Browser, town: Town) -> None:
    assert client.get("/en/", headers={"Host": "evil.example"}).status_code == 404
