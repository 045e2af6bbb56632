"""Initiatives for other programs: what is public as on the pages, and the desk's moves by key."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from initiatives import queries, services
from initiatives.models import Audience, ChangeOf, Initiative
from initiatives.services import ChangeAsked
from portal.api import services as keys
from portal.content import services as content
from portal.content.models import FileRole
from portal.core.actor import Actor
from portal.core.db import db, writing
from portal.core.files import Stored
from portal.core.tenancy import Town
from tests.factories.initiatives import TEXT, make_initiative, merge

BASE = "/api/v1/municipalities/lublin/initiatives"
Send = Callable[..., Any]
WORDS = {"title": "Ławka przy szkole", "text": TEXT, "category": "greenery", "place": "whole"}


@pytest.fixture
def send(app: Flask, actor_as: Callable[..., Actor], town: Town) -> Send:
    """`send("…")` reads without a key; `send("…", {…})` posts with one; `roles=` narrows it."""
    scopes = [
        "initiative.desk",
        "initiative.take",
        "initiative.moderate",
        "initiative.assign",
        "initiative.correct",
    ]
    secrets = {
        role: keys.make_key(actor_as("admin"), "Registry", [role], scopes, 30, role)
        for role in ("leader", "operator", "reviewer")
    }

    def go(path: str, body: Any = None, role: str = "leader") -> Any:
        headers = {} if body is None else {"Authorization": f"Bearer {secrets[role]}"}
        method = "GET" if body in (None, "read") else "POST"
        return app.test_client(use_cookies=False).open(
            BASE + path, method=method, headers=headers, json=body if method == "POST" else None
        )

    return go


def number(case: Initiative) -> str:
    return (case.number or "").lower()


def test_the_list_shows_what_the_page_shows(town: Town, send: Send) -> None:
    shown = make_initiative(town, "published", category="roads")
    make_initiative(town, "adopted", category="greenery")
    make_initiative(town, "submitted", category="roads")
    found = send("?category=roads").json["items"]
    assert [item["number"] for item in found] == [shown.number]
    assert found[0]["links"]["html"].endswith(f"/pl/lublin/initiatives/{number(shown)}")
    assert len(send("?size=1").json["items"]) == 1
    older = send("?size=1").json["older"]
    assert [item["number"] for item in send(f"?size=1&at={older}").json["items"]] == [shown.number]


@pytest.mark.parametrize("state", ["submitted", "held", "returned", "draft"])
def test_what_is_not_public_is_not_there(town: Town, send: Send, state: str) -> None:
    case = make_initiative(town, state)
    path = f"/{number(case) or 'lub-i-2026-0001'}"
    for part in ("", "/@history", "/@workflow", "/@translations", "/comments"):
        assert send(path + part).status_code == 404, part


def test_one_initiative_has_everything_but_people(town: Town, send: Send) -> None:
    case = make_initiative(town, "adopted", sheets=True)
    found = send(f"/{number(case)}").json
    assert (found["number"], found["state"]["key"], found["phase"]["key"]) == (
        case.number,
        "adopted",
        "building",
    )
    assert found["text"] == case.text
    assert not {"author", "name", "email", "phone"} & set(found)


def test_of_a_withdrawn_one_title_and_day_are_left(
    town: Town, send: Send, actor_as: Callable[..., Actor]
) -> None:
    author = actor_as("resident")
    case = make_initiative(town, "published", author=author, address="Lipowa 3")
    services.withdraw(author, case.id, "Już nie trzeba.")
    found = send(f"/{number(case)}").json
    assert found["title"] == case.title
    assert (found["text"], found["address"], found["lat"]) == ("", "", None)
    assert "Już nie trzeba." not in send(f"/{number(case)}/@history").text


def test_the_history_is_the_public_one(town: Town, send: Send, actor_as: Callable[..., Actor]) -> None:
    case = make_initiative(town, "submitted")
    services.publish(actor_as("reviewer"), case.id, "Dziękujemy.")
    services.add_note(actor_as("reviewer"), case.id, "Tylko dla nas.", "k")
    steps = send(f"/{number(case)}/@history").json["items"]
    assert [(step["verb"], step["note"]) for step in steps] == [("publish", "Dziękujemy.")]


def test_moves_are_shown_to_a_key_and_made_by_it(town: Town, send: Send) -> None:
    case = make_initiative(town, "submitted")
    shown = send(f"/{number(case)}/@workflow", "read", role="reviewer").json
    assert {"publish", "send_back", "hold"} <= {move["verb"] for move in shown["moves"]}
    answer = send(f"/{number(case)}/@workflow/publish", {"version": shown["version"]}, role="reviewer")
    assert (answer.status_code, answer.json["state"]["key"]) == (200, "published")
    assert send(f"/{number(case)}/@workflow").json["moves"] == []


def test_a_move_from_an_older_version_is_a_conflict(town: Town, send: Send) -> None:
    case = make_initiative(town, "submitted")
    for version in (case.version + 1, 0):
        answer = send(f"/{number(case)}/@workflow/publish", {"version": version}, role="reviewer")
        assert answer.status_code == 409
    assert queries.case(case.id).state == "submitted"


def test_a_move_says_which_fields_are_wrong(town: Town, send: Send) -> None:
    case = make_initiative(town, "submitted")
    answer = send(f"/{number(case)}/@workflow/hold", {"version": case.version, "note": ""}, role="reviewer")
    assert answer.status_code == 422
    assert [one["pointer"] for one in answer.json["errors"]] == ["/note"]
    assert send(f"/{number(case)}/@workflow/dance", {"version": case.version}).status_code == 404


def test_a_role_of_the_key_does_not_do_what_its_people_may_not(town: Town, send: Send) -> None:
    case = make_initiative(town, "published")
    body = {"version": case.version, "note": "To nie nasze.", "to": "Powiat"}
    assert send(f"/{number(case)}/@workflow/transfer", body, role="reviewer").status_code == 403
    assert send(f"/{number(case)}/@workflow/transfer", body, role="leader").status_code == 200


def test_the_registry_files_for_somebody_once(town: Town, send: Send) -> None:
    body = {**WORDS, "idempotency_key": "letter-2026-1", "name": "Anna Próbna", "channel": "paper"}
    first, again = (send("", body, role="operator") for _ in range(2))
    assert (first.status_code, first.json) == (201, again.json)
    assert first.json["code"]
    case = queries.case_by_number(first.json["number"])
    assert (case.title, case.channel.value, case.state) == ("Ławka przy szkole", "paper", "submitted")
    assert db.session.scalar(select(func.count()).select_from(Initiative)) == 1


def test_what_is_wrong_with_a_filing_is_told_by_field(town: Town, send: Send) -> None:
    far = {
        **WORDS,
        "idempotency_key": "letter-2026-2",
        "place": "point",
        "lat": 10.0,
        "lon": 10.0,
        "title": "x",
    }
    answer = send("", far, role="operator")
    assert answer.status_code == 422
    assert {"/place", "/title"} <= {one["pointer"] for one in answer.json["errors"]}
    assert send("", {**far, "colour": "red"}, role="operator").status_code == 422
    assert send("", far, role="reviewer").status_code == 403


def test_the_working_list_is_for_keys(app: Flask, town: Town, send: Send) -> None:
    hidden = make_initiative(town, "submitted")
    path = "/../desk/initiatives".replace("/..", "")
    address = BASE.removesuffix("/initiatives") + path
    assert app.test_client().get(address).status_code == 401
    case = send(f"/{number(hidden)}/@workflow", "read").json
    assert case["state"]["key"] == "submitted"


def test_a_decided_one_gives_studies_and_synthesis_and_nobody_who_wrote_them(send: Send, town: Town) -> None:
    case = make_initiative(
        town, "adopted", wanted="Ławka.", allowed="Miejsce jest.", tradeoff="Mniejsza.", plan_time="Rok.",
        cost_once_minor=90_000,
    )  # fmt: skip
    found = send(f"/{number(case)}").json
    assert found["synthesis"] == {
        "wanted": "Ławka.",
        "allowed": "Miejsce jest.",
        "tradeoff": "Mniejsza.",
        "time": "Rok.",
        "owner": "",
        "risks": "",
        "cost_once": {"minor": 90_000, "currency": "PLN"},
        "cost_yearly": None,
    }
    assert {study["score"] for study in found["studies"]} == {4.0}
    assert {study["kind"] for study in found["studies"]} == {"purpose", "feasibility"}
    assert all(part["findings"] for study in found["studies"] for part in study["parts"])
    assert (found["channel"]["key"], found["place"]) == ("web", "point")


def test_before_the_decision_nothing_of_the_studies_is_told(send: Send, town: Town) -> None:
    case = make_initiative(
        town, "recommendation", wanted="Ławka.", allowed="Miejsce jest.", tradeoff="Mniejsza."
    )
    found = send(f"/{number(case)}").json
    assert (found["synthesis"], found["studies"]) == (None, [])


def test_documents_stand_beside_photos(send: Send, town: Town) -> None:
    case = make_initiative(town, "published")
    with writing():
        for role in (FileRole.PHOTO, FileRole.DOCUMENT):
            stored = Stored("k", None, None, "application/pdf", 1, "plan.pdf")
            content.attach(case, stored, role, "Plan")
    found = send(f"/{number(case)}").json
    assert (len(found["photos"]), [document["name"] for document in found["documents"]]) == (1, ["plan.pdf"])


def test_a_move_of_a_withheld_case_does_not_promise_publication(town: Town, send: Send) -> None:
    case = make_initiative(town, "submitted", audience=Audience.TEAM)
    shown = send(f"/{number(case)}/@workflow", "read", role="reviewer").json
    [label] = [move["label"] for move in shown["moves"] if move["verb"] == "publish"]
    assert label == "Przyjmij bez publikacji"


def test_a_joint_case_lists_those_that_go_on_in_it(
    town: Town, send: Send, actor_as: Callable[..., Actor]
) -> None:
    leader = actor_as("leader")
    first, second, joint = (make_initiative(town, "published", title=f"Ławka {name}") for name in "ABC")
    merge(leader, first, second)
    merge(leader, second, joint)
    found = send(f"/{number(joint)}").json["joined"]
    assert [one["number"] for one in found] == [first.number, second.number]
    assert found[0]["links"]["self"].endswith(f"{BASE}/{number(first)}")
    assert [one["number"] for one in send(f"/{number(second)}").json["joined"]] == [first.number]
    assert send(f"/{number(second)}").json["merged_into"] == joint.number
    assert send(f"/{number(first)}").json["joined"] == []
    assert all("joined" not in item for item in send("").json["items"])


def test_a_proposed_change_is_read_by_all_and_answered_by_key(town: Town, send: Send) -> None:
    case = make_initiative(town, "adopted")
    author = Actor(municipality_id=town.id, cases=frozenset({case.about}))
    asked = ChangeAsked(ChangeOf.WORK, "Dwie ławki.", "Jedna to za mało.")
    services.propose_change(author, case.id, asked, "k")
    [told] = send(f"/{number(case)}").json["changes"]
    assert (told["wanted"], told["outcome"]["key"], told["answered_at"]) == ("Dwie ławki.", "open", None)
    assert told["due_on"]
    path = f"/{number(case)}/@workflow/accept_change"
    body = {"version": queries.case(case.id).version, "note": "Jest miejsce."}
    assert send(path, body).status_code == 422
    assert send(path, {**body, "changes": "Będą dwie."}, role="reviewer").status_code == 403
    assert send(path, {**body, "changes": "Będą dwie."}).status_code == 200
    assert send(path, {**body, "changes": "Będą dwie."}).status_code == 409
    [told] = send(f"/{number(case)}").json["changes"]
    assert (told["changes"], told["reasons"], told["due_on"]) == ("Będą dwie.", "Jest miejsce.", None)
