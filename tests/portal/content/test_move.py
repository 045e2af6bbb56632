"""The state door: permission, guards, words, history, event."""

from collections.abc import Callable

import pytest
from sqlalchemy import select

from initiatives import rules
from initiatives.models import Initiative
from portal.content import move
from portal.content.models import StateChange
from portal.core import events
from portal.core.actor import Actor
from portal.core.db import db, writing
from portal.core.errors import Conflict, Invalid, NotAllowed
from portal.core.tenancy import Town
from portal.core.workflow import Lane
from tests.factories.initiatives import make_initiative

ActorAs = Callable[..., Actor]


def again(case: Initiative) -> Initiative:
    from initiatives import queries

    return queries.case(case.id)


def test_a_move_changes_the_state_and_writes_one_step(town: Town, actor_as: ActorAs) -> None:
    case = make_initiative(town, "submitted")
    with writing():
        step = move.run(actor_as("reviewer"), again(case), "publish", note=" Looks good. ", who="reviewer")
    assert (step.from_state, step.to_state, step.lane) == ("submitted", "published", Lane.PUBLIC)
    assert step.note == "Looks good."
    assert again(case).state == "published"


def test_a_step_not_possible_from_here_is_a_conflict(town: Town, actor_as: ActorAs) -> None:
    case = make_initiative(town, "published")
    with pytest.raises(Conflict), writing():
        move.run(actor_as("reviewer"), again(case), "publish")


def test_without_the_right_nothing_moves(town: Town, actor_as: ActorAs) -> None:
    case = make_initiative(town, "submitted")
    with pytest.raises(NotAllowed), writing():
        move.run(actor_as("translator"), again(case), "publish")
    assert again(case).state == "submitted"


def test_a_reason_is_asked_where_the_table_says_so(town: Town, actor_as: ActorAs) -> None:
    case = make_initiative(town, "submitted")
    with pytest.raises(Invalid) as caught, writing():
        move.run(actor_as("reviewer"), again(case), "hold", note="   ")
    assert "note" in caught.value.fields


def test_a_guard_refuses_with_its_reason(town: Town, actor_as: ActorAs) -> None:
    case = make_initiative(town, "submitted", returned_once=True)
    with pytest.raises(Invalid) as caught, writing():
        move.run(actor_as("reviewer"), again(case), "send_back", note="Address")
    assert caught.value.reason == rules.not_returned_before(again(case))


def test_among_several_results_one_must_be_chosen(town: Town, actor_as: ActorAs) -> None:
    case = make_initiative(town, "recommendation")
    with pytest.raises(Invalid), writing():
        move.run(actor_as("decision_maker"), again(case), "decide", note="Because.", target="built")


def test_the_fact_is_told_inside_the_transaction(town: Town, actor_as: ActorAs) -> None:
    heard: list[str] = []

    def listener(fact: events.Fact) -> None:
        heard.append(fact.values["step"].verb)

    events.listen("initiative.moved", listener)
    case = make_initiative(town, "submitted")
    with writing():
        move.run(actor_as("reviewer"), again(case), "publish")
    events._listeners["initiative.moved"].remove(listener)
    assert heard == ["publish"]


def test_history_cannot_be_rewritten(town: Town, actor_as: ActorAs) -> None:
    from sqlalchemy import delete, update
    from sqlalchemy.exc import DBAPIError

    case = make_initiative(town, "submitted")
    with writing():
        move.run(actor_as("reviewer"), again(case), "publish")
    for statement in (update(StateChange).values(note="forged"), delete(StateChange)):
        with pytest.raises(DBAPIError, match="only grows"), writing():
            db.session.execute(statement)
    assert db.session.scalars(select(StateChange.note).where(StateChange.verb == "publish")).one() == ""


def test_a_step_names_the_template_its_words_began_with(town: Town, actor_as: ActorAs) -> None:
    case = make_initiative(town, "submitted")
    reviewer = actor_as("reviewer")
    other = make_initiative(town, "published")
    with writing(), move.worded_from(case.about, "Brak adresu", "pl"):
        sent = move.run(reviewer, again(case), "send_back", note="Adres")
        assert (sent.template, sent.language) == ("Brak adresu", "pl")
        # What follows by itself, or for another case, has words of its own.
        for thing, who in ((again(case), "system"), (again(other), "leader")):
            step = move.record(reviewer, thing, "no_merge", note="LUB-I-2026-0001", who=who)
            assert (step.template, step.language) == ("", "")
        assert move.record(reviewer, again(case), "late", internal_note="check").template == ""
    with writing():
        assert move.record(reviewer, again(case), "reply", note="Adres").template == ""
