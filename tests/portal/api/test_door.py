"""Who asks: a key, or nobody; a cookie counts for nothing."""

from collections.abc import Callable
from typing import Any

import pytest

from portal.api import queries, services
from portal.core.actor import Actor
from portal.core.tenancy import Town
from tests.factories.browser import Browser

Ask = Callable[..., Any]
WORK = "/municipalities/lublin/desk/initiatives"


def test_a_key_opens_what_it_was_given(ask: Ask, key: str) -> None:
    assert ask(WORK, key=key).status_code == 200


@pytest.mark.parametrize("secret", ["", "pk_wrong", "pk_" + "x" * 43])
def test_without_a_good_key_the_answer_says_how_to_send_one(ask: Ask, key: str, secret: str) -> None:
    answer = ask(WORK, key=secret)
    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "Bearer")
    assert answer.mimetype == "application/problem+json"


@pytest.mark.parametrize("header", ["Basic YTpi", "Bearer", "Bearer ", "x"])
def test_another_kind_of_header_is_no_key(client: Browser, town: Town, header: str) -> None:
    assert client.get("/api/v1/municipalities", headers={"Authorization": header}).status_code == 401


def test_a_key_works_in_its_municipality_only(ask: Ask, key: str, other_town: Town) -> None:
    assert ask(f"/municipalities/{other_town.slug}/desk/initiatives", key=key).status_code == 403


def test_a_key_without_the_scope_is_refused_although_its_role_may(ask: Ask, admin: Actor) -> None:
    narrow = services.make_key(admin, "R", ["leader"], ["initiative.take"], 30, "narrow")
    answer = ask(WORK, key=narrow)
    assert (answer.status_code, "was not given" in answer.json["detail"]) == (403, True)


def test_a_scope_without_the_role_is_refused_too(ask: Ask, admin: Actor) -> None:
    wrong = services.make_key(admin, "R", ["translator"], ["initiative.desk"], 30, "wrong")
    assert ask(WORK, key=wrong).status_code == 403


def test_an_ended_key_stops_at_the_next_request(ask: Ask, key: str, admin: Actor) -> None:
    services.end_key(admin, queries.all_keys()[0].id)
    assert ask(WORK, key=key).status_code == 401


def test_the_session_of_a_browser_means_nothing_here(
    client: Browser, actor_as: Callable[..., Actor], sign_in: Any
) -> None:
    sign_in(client, actor_as("leader"))
    assert client.get("/en/lublin/desk/initiatives").status_code == 200
    assert client.get(f"/api/v1{WORK}").status_code == 401


def test_labels_come_in_the_language_asked_for(ask: Ask, town: Town) -> None:
    names = {lang: ask(f"/municipalities/lublin?lang={lang}").json["name"] for lang in ("pl", "cs", "en")}
    assert names == {"pl": "Lublin", "cs": "Lublin", "en": "Lublin"}
    assert ask("/municipalities/lublin?lang=de").status_code == 400


def test_too_many_requests_are_told_when_to_come_back(
    ask: Ask, town: Town, app: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app.extensions["portal.rates"], "hit", lambda *_: 7)
    answer = ask("/municipalities")
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "7")
