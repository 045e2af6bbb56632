"""The author's page of a change after the decision, and what the page of the case tells of it."""

import re
from collections.abc import Callable

import pytest
from flask import Flask

from initiatives import queries, services
from initiatives.models import Audience, Decision, Initiative
from portal.core import clock
from portal.core.actor import Actor
from portal.core.db import db, writing
from portal.core.tenancy import Town
from tests.factories.browser import Browser
from tests.factories.initiatives import CODE, make_initiative

ActorAs = Callable[..., Actor]
WANTED, REASON = "Proszę o ławkę po drugiej stronie.", "Tam jest cień."
WORDS = {"of": "place", "wanted": WANTED, "why": REASON}
CHANGES, WHY = "Ławka stanie po drugiej stronie.", "Miejsca jest dość."


def href(case: Initiative, act: str = "") -> str:
    return f"/en/lublin/initiatives/{(case.number or '').lower()}" + (f"/{act}" if act else "")


@pytest.fixture
def case(town: Town, ewa: Actor) -> Initiative:
    return make_initiative(town, "adopted", author=ewa, decided_by_user_id=1)


def test_an_author_proposes_and_everybody_reads_it_without_a_name(
    client: Browser, app: Flask, case: Initiative
) -> None:
    assert href(case, "change") in client.get(href(case)).text
    answer = client.submit(href(case, "change"), WORDS)
    assert (answer.status_code, answer.location) == (303, href(case))
    mine = client.get(href(case)).text
    assert href(case, "change/withdraw") in mine
    public = app.test_client().get(href(case)).text
    assert "The author proposes a change" in public
    assert WANTED in public
    assert "The office answers until" in public
    assert href(case, "change") not in public
    assert "Ewa Sadowa" not in public


def test_what_is_wrong_is_named_and_what_was_typed_stays(client: Browser, case: Initiative) -> None:
    for wrong, told in (
        ({**WORDS, "wanted": " "}, "Write what should change."),
        ({**WORDS, "why": ""}, "Write why it should change."),
        ({**WORDS, "of": None}, "Choose one."),
        ({**WORDS, "why": "602 123 456"}, "Everybody reads this. Take it out: 602 123 456"),
    ):
        answer = client.submit(href(case, "change"), wrong)
        assert (answer.status_code, told in answer.text) == (422, True), told
        assert (WANTED if wrong["wanted"] == WANTED else REASON) in answer.text
    sent = client.post(href(case, "change"), data={**WORDS, "of": "nonsense"})
    assert sent.status_code == 422


def test_a_page_that_came_too_late_keeps_its_words(
    client: Browser, town: Town, ewa: Actor, case: Initiative, actor_as: ActorAs
) -> None:
    page = client.get(href(case, "change")).text
    sent = WORDS | {
        name: (re.search(rf'name="{name}"[^>]* value="([^"]+)"', page) or [""] * 2)[1]
        for name in ("csrf_token", "form_key")
    }
    assert client.post(href(case, "change"), data=sent).status_code == 303
    assert client.post(href(case, "change"), data=sent).status_code == 303  # A double click.
    second = client.post(href(case, "change"), data={**sent, "form_key": "another"})
    assert (second.status_code, "Wait for the answer" in second.text, WANTED in second.text) == (
        422,
        True,
        True,
    )
    services.decline_change(actor_as("leader"), case.id, WHY, queries.case(case.id).version)
    services.correct(actor_as("leader"), case.id, WHY)
    late = client.post(href(case, "change"), data={**sent, "form_key": "third"})
    assert late.status_code == 422
    assert "while an adopted initiative is being carried out" in late.text
    assert WANTED in late.text


def test_a_proposal_is_taken_back_after_a_question(client: Browser, case: Initiative) -> None:
    client.submit(href(case, "change"), WORDS)
    assert WANTED in client.get(href(case, "change/withdraw")).text
    read = str(queries.case(case.id).change_id)
    answer = client.submit(href(case, "change/withdraw"), {"change": read})
    assert (answer.status_code, queries.case(case.id).change_id) == (303, None)
    assert "taken back by the author" in client.get(href(case)).text
    again = client.submit(href(case, "change/withdraw"), {"change": read})
    assert (again.status_code, "There is no open proposal" in again.text) == (422, True)


def test_what_changes_stands_beside_the_decision_and_on_paper(
    client: Browser, town: Town, ewa: Actor, case: Initiative, actor_as: ActorAs
) -> None:
    leader = actor_as("leader")
    client.submit(href(case, "change"), WORDS)
    new = services.Rewritten(title="Ławka w cieniu")
    with writing():
        db.session.add(
            Decision(
                municipality_id=town.id,
                initiative_id=case.id,
                at=clock.now(),
                verdict="adopted",
                reasons="Tak.",
            )
        )
    services.accept_change(leader, case.id, CHANGES, WHY, queries.case(case.id).version, new)
    page = client.get(href(case)).text
    for told in ("Changed on", CHANGES, WHY, "Before the change", "Ławka przy przystanku"):
        assert told in page
    assert page.index("Changed on") < page.index("The proposed change was accepted")
    printed = client.get(href(case, "print")).text
    assert CHANGES in printed
    assert client.get(href(case, "pdf")).status_code == 200
    shown = client.get(f"/api/v1/municipalities/lublin/initiatives/{(case.number or '').lower()}").json
    assert shown is not None
    [told_to_programs] = shown["changes"]
    assert told_to_programs["outcome"]["key"] == "accepted"
    assert (told_to_programs["wanted"], told_to_programs["changes"]) == (WANTED, CHANGES)


def test_of_a_case_decided_elsewhere_it_stands_alone(
    client: Browser, app: Flask, town: Town, ewa: Actor, actor_as: ActorAs
) -> None:
    case = make_initiative(town, "planned", author=ewa)
    client.submit(href(case, "change"), WORDS)
    services.accept_change(actor_as("leader"), case.id, CHANGES, WHY, queries.case(case.id).version)
    for page in (href(case), href(case, "print")):
        text = app.test_client().get(page).text
        assert "Changed on" in text
        assert CHANGES in text


def test_hidden_words_are_hidden_from_the_public(
    client: Browser, app: Flask, case: Initiative, actor_as: ActorAs
) -> None:
    client.submit(href(case, "change"), WORDS)
    services.decline_change(actor_as("leader"), case.id, WHY, queries.case(case.id).version, shown=False)
    public = app.test_client().get(href(case)).text
    assert "The office does not show the author’s words." in public
    assert WANTED not in public
    assert WANTED in client.get(href(case)).text


def test_a_case_without_publication_tells_nobody(client: Browser, app: Flask, town: Town, ewa: Actor) -> None:
    case = make_initiative(
        town, "adopted", author=ewa, audience=Audience.TEAM, listed_at=None, decided_by_user_id=1
    )
    assert "Only you and the team read what you write." in client.get(href(case, "change")).text
    assert client.submit(href(case, "change"), WORDS).status_code == 303
    assert WANTED in client.get(href(case)).text
    other = app.test_client()
    assert other.get(href(case)).status_code == 404
    assert (
        other.get(f"/api/v1/municipalities/lublin/initiatives/{(case.number or '').lower()}").status_code
        == 404
    )


def test_number_and_code_open_the_page(client: Browser, town: Town) -> None:
    case = make_initiative(town, "in_progress", with_code=True)
    assert client.get(href(case, "change")).status_code in (401, 403, 303)
    client.submit("/en/follow", {"number": case.number, "code": CODE})
    assert client.submit(href(case, "change"), WORDS).status_code == 303
    assert queries.case(case.id).change_id is not None
