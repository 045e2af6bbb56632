"""Log lines: JSON, without the words of an error and without anything people wrote."""

import json
from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import text

from portal.core.actor import Actor
from portal.core.db import db
from portal.core.logs import errors_without_words
from portal.core.tenancy import Town
from tests.factories.browser import Browser
from tests.factories.initiatives import make_initiative

SECRETS = ("ewa.kowalska", "Kowalska", "tajny opis", "601 123 456")


def broken() -> None:
    try:
        int("ewa.kowalska@people.example")
    except ValueError as problem:
        raise RuntimeError("Kowalska") from problem


def test_an_error_is_told_by_kind_and_place_alone() -> None:
    try:
        broken()
    except RuntimeError as problem:
        for info in (problem, (type(problem), problem, problem.__traceback__), True):
            event = errors_without_words(None, "error", {"event": "request failed", "exc_info": info})
            written = json.dumps(event)
            assert not [secret for secret in SECRETS if secret in written]
            kinds = [one["error"] for one in event["exception"]]
            assert kinds == ["builtins.RuntimeError", "builtins.ValueError"]
            assert "test_logs.py" in event["exception"][0]["at"][-1]
            assert "broken" in event["exception"][0]["at"][-1]
            assert "exc_info" not in event


def test_a_database_that_quotes_a_row_does_not_reach_the_log(
    app: Flask,
    client: Browser,
    town: Town,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def view(**_values: object) -> None:
        db.session.execute(text("SELECT :who FROM nowhere"), {"who": "ewa.kowalska@people.example"})

    monkeypatch.setitem(app.view_functions, "pages.about", view)
    monkeypatch.setitem(app.config, "PROPAGATE_EXCEPTIONS", False)
    client.get("/en/about", environ_overrides={"portal.raise": ""})
    written = capsys.readouterr().out
    line = json.loads(written.splitlines()[-1])
    assert line["event"] == "request failed"
    assert line["endpoint"] == "pages.about"
    assert "ewa.kowalska" not in written


def test_a_day_of_the_portal_names_nobody(
    client: Browser,
    town: Town,
    actor_as: Callable[..., Actor],
    sign_in: Callable[[Browser, Actor], None],
    run_jobs: Callable[[], int],
    capsys: pytest.CaptureFixture[str],
) -> None:
    case = make_initiative(town, "published", email="ewa.kowalska@people.example", title="Kowalska prosi")
    number = (case.number or "").lower()
    new = "/pl/lublin/initiatives/new"
    idea = {"title": "Ławka dla Kowalska", "text": "tajny opis " * 6, "category": "greenery"}
    began = client.submit(new, idea).location.split("?")[0].rsplit("/", 1)[0]
    client.submit(f"{began}/where", {"place": "whole"})
    client.submit(f"{began}/you", {"name": "Ewa Kowalska", "email": "ewa.kowalska@people.example"})
    client.submit(f"{began}/preview", {})
    client.post("/pl/follow", data={"number": "tajny opis", "code": "x"})
    client.submit("/pl/sign-in", {"email": "ewa.kowalska@people.example"})
    sign_in(client, actor_as("leader", name="Jan Kowalska"))
    client.get(f"/pl/lublin/desk/initiatives/{number}")
    client.get("/pl/lublin/desk?q=Kowalska")
    run_jobs()
    written = capsys.readouterr().out
    for secret in (*SECRETS, number, number.upper()):
        assert secret not in written, secret
