"""Budgets, letters and stop switches, through the browser and by command."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from portal.core.audit import AuditEntry
from portal.core.db import db, writing
from portal.core.tenancy import Town
from portal.notify import services, sms
from portal.notify.models import MessageRule, SmsDay

HERE = "/pl/lublin/desk/messages/settings"
LIST = "/en/lublin/desk/messages"
WARNING = "SMS are stopped. Messages take another way, or wait."
PORTAL = "/en/portal/messages"


@pytest.fixture
def admin(client: Any, sign_in: Callable[..., None], actor_as: Callable[..., Any]) -> Any:
    sign_in(client, actor_as("admin"))
    return client


@pytest.fixture
def portal_operator(client: Any, sign_in: Callable[..., None], actor_as: Callable[..., Any]) -> Any:
    sign_in(client, actor_as("portal_operator", None))
    return client


def codes() -> list[str]:
    db.session.rollback()
    return list(db.session.scalars(select(AuditEntry.code).order_by(AuditEntry.id)))


class TestOffice:
    def test_an_administrator_stops_and_starts_sms(self, town: Town, admin: Any) -> None:
        assert admin.get(HERE).status_code == 200
        answer = admin.submit(HERE, {"stop-reason": "Too many codes"})
        assert answer.status_code == 303
        assert sms.is_stopped(town.id)
        page = admin.get(HERE).text
        assert "Too many codes" in page
        assert admin.post(f"{HERE}/start", data=token(page)).status_code == 303
        assert not sms.is_stopped(town.id)
        assert codes()[-2:] == ["sms.stopped", "sms.started"]

    def test_who_reads_the_messages_is_told_that_none_go_out_as_sms(
        self, town: Town, client: Any, sign_in: Callable[..., None], actor_as: Callable[..., Any]
    ) -> None:
        sign_in(client, actor_as("leader"))
        assert WARNING not in client.get(LIST).text
        services.stop_here(actor_as("admin"), "Too many codes")
        assert WARNING in client.get(LIST).text

    def test_a_stop_needs_a_reason(self, town: Town, admin: Any) -> None:
        answer = admin.submit(HERE, {"stop-reason": ""})
        assert answer.status_code == 422
        assert "govuk-error-summary" in answer.text
        assert not sms.is_stopped(town.id)
        assert admin.submit(HERE, {"stop-reason": "x" * 201}).status_code == 422

    def test_what_the_portal_operator_stopped_stays_stopped(
        self, town: Town, admin: Any, actor_as: Callable[..., Any]
    ) -> None:
        page = admin.get(HERE).text
        services.stop(actor_as("portal_operator", None), town.id, "attack")
        assert "/start" not in admin.get(HERE).text
        assert admin.post(f"{HERE}/start", data=token(page)).status_code == 409
        assert sms.is_stopped(town.id)

    def test_letters_lose_their_marks_by_a_tick(self, town: Town, admin: Any) -> None:
        page = admin.get(HERE).text
        assert "Każdy może" in page
        assert "Kazdy moze" in page
        assert admin.submit(HERE, {"folds": "y"}).status_code == 303
        assert sms.rule_of(town.id).folds
        assert admin.submit(HERE, {"folds": None, "version": "1"}).status_code == 303
        assert not sms.rule_of(town.id).folds

    @pytest.mark.parametrize("version", ["0", "x", "", "9" * 30])
    def test_an_edit_from_an_older_version_is_shown_again(self, town: Town, admin: Any, version: str) -> None:
        admin.submit(HERE, {"folds": "y"})
        answer = admin.submit(HERE, {"folds": None, "version": version})
        assert answer.status_code == 409
        assert sms.rule_of(town.id).folds

    def test_only_administrators_enter(
        self, town: Town, app: Flask, sign_in: Callable[..., None], actor_as: Callable[..., Any]
    ) -> None:
        for role in ("leader", "editor", "portal_operator"):
            browser = app.test_client()
            sign_in(browser, actor_as(role, None if role == "portal_operator" else town))
            assert browser.get(HERE).status_code == 403

    def test_the_office_sees_what_was_used_today(self, town: Town, admin: Any) -> None:
        from portal.core import clock

        with writing():
            db.session.add(SmsDay(place=town.id, day=clock.today(town.zone), parts=850))
        page = admin.get(HERE.replace("/pl/", "/en/")).text
        assert "850 of 1,000 parts are used" in page
        assert "Most of today’s SMS are used up" in page


class TestPortal:
    def test_sees_ways_gates_and_places(
        self, town: Town, other_town: Town, portal_operator: Any, configure: Callable[..., None]
    ) -> None:
        assert "No gate is set up" in portal_operator.get(PORTAL).text
        configure(sms_url="https://gate.example/sms.do", sms2_url="https://other.example/sms.do")
        page = portal_operator.get(PORTAL).text
        for words in ("gate.example", "other.example", "Lublin", "Ostrava-South", "The whole installation"):
            assert words in page

    def test_stops_everything(self, town: Town, portal_operator: Any) -> None:
        address = f"{PORTAL}/installation"
        assert portal_operator.submit(address, {"stop-reason": "attack"}).status_code == 303
        assert sms.is_stopped(town.id)
        assert "attack" in portal_operator.get(PORTAL).text
        page = portal_operator.get(address).text
        assert portal_operator.post(f"{address}/start", data=token(page)).status_code == 303
        assert not sms.is_stopped(town.id)

    def test_stops_one_and_sets_its_budget(self, town: Town, other_town: Town, portal_operator: Any) -> None:
        address = f"{PORTAL}/of/lublin"
        assert portal_operator.submit(address, {"parts": "50"}).status_code == 303
        assert sms.rule_of(town.id).parts_a_day == 50
        assert portal_operator.submit(address, {"stop-reason": "attack"}).status_code == 303
        assert (sms.is_stopped(town.id), sms.is_stopped(other_town.id)) == (True, False)
        page = portal_operator.get(address).text
        assert portal_operator.post(f"{address}/start", data=token(page)).status_code == 303
        assert not sms.is_stopped(town.id)

    @pytest.mark.parametrize("parts", ["-1", "100001", "many", "", "1.5", "9" * 40])
    def test_a_budget_out_of_bounds_is_shown_again(
        self, town: Town, portal_operator: Any, parts: str
    ) -> None:
        answer = portal_operator.submit(f"{PORTAL}/of/lublin", {"parts": parts})
        assert answer.status_code == 422
        assert parts in answer.text
        assert sms.rule_of(town.id).parts_a_day == 1000

    def test_an_older_budget_is_shown_again(self, town: Town, portal_operator: Any) -> None:
        portal_operator.submit(f"{PORTAL}/of/lublin", {"parts": "50"})
        answer = portal_operator.submit(f"{PORTAL}/of/lublin", {"parts": "60", "version": "0"})
        assert answer.status_code == 409
        assert sms.rule_of(town.id).parts_a_day == 50

    def test_a_stop_without_reason_is_shown_again(self, town: Town, portal_operator: Any) -> None:
        assert portal_operator.submit(f"{PORTAL}/of/lublin", {"stop-reason": " "}).status_code == 422
        assert portal_operator.get(f"{PORTAL}/of/nowhere").status_code == 404

    def test_administrators_stay_out(self, town: Town, admin: Any) -> None:
        for path in ("", "/installation", "/of/lublin"):
            assert admin.get(PORTAL + path).status_code == 403


class TestCommands:
    def test_show_stop_start_budget(self, app: Flask, town: Town, configure: Callable[..., None]) -> None:
        configure(sms_url="https://gate.example/sms.do")
        run = app.test_cli_runner().invoke
        assert run(args=["messages", "stop", "lublin", "--reason", "attack"]).exit_code == 0
        shown = run(args=["messages", "show"]).output
        assert "stopped: attack" in shown
        assert "gate first (gate.example): 0 taken" in shown
        assert run(args=["messages", "start", "lublin"]).exit_code == 0
        assert run(args=["messages", "budget", "lublin", "7"]).exit_code == 0
        assert run(args=["messages", "budget", "-", "8"]).exit_code == 0
        assert (sms.rule_of(town.id).parts_a_day, sms.rule_of(0).parts_a_day) == (7, 8)
        assert run(args=["messages", "stop", "--reason", "all"]).exit_code == 0
        assert sms.is_stopped(town.id)
        assert run(args=["messages", "start"]).exit_code == 0

    def test_what_is_wrong_is_said(self, app: Flask, town: Town) -> None:
        run = app.test_cli_runner().invoke
        nowhere = run(args=["messages", "start", "nowhere"])
        assert (nowhere.exit_code, "no municipality nowhere" in nowhere.output) == (1, True)
        much = run(args=["messages", "budget", "lublin", "999999"])
        assert (much.exit_code, "0 to 100,000" in much.output) == (1, True)
        assert run(args=["messages", "stop"]).exit_code == 2
        assert db.session.scalars(select(MessageRule)).all() == []


def token(page: str) -> dict[str, str]:
    """The token of a page, for a button that may be gone meanwhile."""
    return {"csrf_token": page.split('name="csrf_token" type="hidden" value="')[1].split('"', maxsplit=1)[0]}
