"""Did it help: who is asked, when, once; what each answer does; and what the owner answers to an objection."""

from collections.abc import Callable

import pytest
from sqlalchemy import select

from initiatives import queries, services
from initiatives.models import Asked, Echo, Helped, Initiative
from portal.content import queries as content_queries
from portal.content import services as content
from portal.core import jobs
from portal.core.actor import Actor, Channel
from portal.core.db import db, writing
from portal.core.errors import Conflict, Invalid, Missing
from portal.core.tenancy import Town
from portal.core.workflow import Lane
from portal.notify.models import Notice
from tests.factories.initiatives import make_initiative

ActorAs = Callable[..., Actor]
Frozen = Callable[[str], None]
WHY = "Ławka stoi za daleko."
VISITOR = Actor()


@pytest.fixture
def lead(actor_as: ActorAs) -> Actor:
    return actor_as("leader")


def finished(town: Town, lead: Actor, people: list[Actor] = [], **values: object) -> Initiative:  # noqa: B006
    number = make_initiative(town, "in_progress", lead=lead, **values).id  # type: ignore[arg-type]
    for person in people:
        services.support(person, number)
    services.realise(lead, number, "finish", "Ławka stoi.", "done")
    return number


def now(case: int) -> Initiative:
    db.session.close()
    return queries.case(case)


def echoes(case: int, number: int = 1) -> dict[Asked, list[Echo]]:
    rows = db.session.scalars(
        select(Echo).where(Echo.initiative_id == case, Echo.round == number).order_by(Echo.id)
    ).all()
    return {kind: [row for row in rows if row.asked_as is kind] for kind in Asked}


def say(row: Echo, answer: str, words: str = "") -> None:
    services.answer_echo(VISITOR, services.echo_token(row), answer, words)


def asked() -> int:
    return len(db.session.scalars(select(Notice.id).where(Notice.code == "initiative.asked")).all())


def test_everybody_with_a_contact_is_asked_once_four_weeks_after(
    town: Town, lead: Actor, actor_as: ActorAs, frozen: Frozen
) -> None:
    frozen("2026-03-10 10:00")
    people = [actor_as("resident") for _ in range(2)]
    case = finished(town, lead, people)
    services.follow(people[0], case, "pl")  # Supports and follows: still one question.
    with writing():
        content.follow(
            queries.case(case), person="p1", user_id=None, locale="cs", email="karel@people.example"
        )
    frozen("2026-04-07 08:59")
    jobs.run_due()
    assert asked() == 0
    frozen("2026-04-07 09:00")
    jobs.run_due()
    found = echoes(case)
    assert [len(found[kind]) for kind in Asked] == [1, 2, 1]
    assert asked() == 4
    services.ask(Actor(municipality_id=town.id, channel=Channel.JOB), case, 1)
    assert asked() == 4


def test_nobody_is_asked_while_the_work_goes_on_again(town: Town, lead: Actor, frozen: Frozen) -> None:
    frozen("2026-03-10 10:00")
    case = finished(town, lead)
    services.correct(lead, case, "Jeszcze nie.")
    frozen("2026-04-08 10:00")
    jobs.run_due()
    assert asked() == 0


def test_each_answers_once_and_a_no_needs_words(
    town: Town, lead: Actor, actor_as: ActorAs, frozen: Frozen
) -> None:
    frozen("2026-03-10 10:00")
    case = finished(town, lead, [actor_as("resident")])
    frozen("2026-04-08 10:00")
    jobs.run_due()
    row = echoes(case)[Asked.SUPPORTER][0]
    link = services.echo_token(row)
    for answer, words in (("no", " "), ("", "x"), ("perhaps", "x")):
        with pytest.raises(Invalid):
            say(row, answer, words)
    say(row, "no", WHY)
    with pytest.raises(Conflict):
        say(row, "yes")
    said = queries.echo_counts(case, 1)
    assert (said.asked, said.no, said.answers, said.is_shown, now(case).state) == (1, 1, 1, False, "done")
    for token in ("", "forged", link + "x"):
        with pytest.raises(Missing):
            services.answer_echo(VISITOR, token, "yes", "")


@pytest.mark.parametrize(("answer", "state"), [("yes", "confirmed"), ("partly", "done"), ("no", "disputed")])
def test_the_authors_answer_moves_the_case(
    town: Town, lead: Actor, frozen: Frozen, answer: str, state: str
) -> None:
    frozen("2026-03-10 10:00")
    case = finished(town, lead)
    frozen("2026-04-08 10:00")
    jobs.run_due()
    say(echoes(case)[Asked.AUTHOR][0], answer, WHY)
    assert now(case).state == state
    clocks = [row.key for row in content_queries.open_deadlines("initiative", case)]
    assert clocks == (["dispute"] if answer == "no" else [])
    told = db.session.scalars(select(Notice.id).where(Notice.code == "initiative.disputed")).all()
    assert bool(told) == (answer == "no")


def test_the_owner_answers_an_objection_or_mends_it(town: Town, lead: Actor, frozen: Frozen) -> None:
    frozen("2026-03-10 10:00")
    for verb, target, state in (
        ("answer", "partly_done", "partly_done"),
        ("answer", "done", "done"),
        ("resume_work", None, "in_progress"),
    ):
        case = finished(town, lead)
        opened = Actor(cases=frozenset({("initiative", case)}))
        services.judge(opened, case, "dispute", WHY)
        with pytest.raises(Conflict):
            services.realise(lead, case, "finish", WHY, "done")
        services.realise(lead, case, verb, "Tak zapisano w decyzji.", target)
        assert now(case).state == state
        # Once for each time it was done.
        with pytest.raises(Conflict):
            services.judge(opened, case, "dispute", WHY)


def test_a_redo_is_asked_about_anew(town: Town, lead: Actor, actor_as: ActorAs, frozen: Frozen) -> None:
    frozen("2026-03-10 10:00")
    case = finished(town, lead, [actor_as("resident")])
    frozen("2026-04-08 10:00")
    jobs.run_due()
    first = echoes(case)[Asked.AUTHOR][0]
    say(first, "no", WHY)
    services.realise(lead, case, "resume_work", "")
    with pytest.raises(Conflict):
        say(echoes(case)[Asked.SUPPORTER][0], "yes")
    services.realise(lead, case, "finish", "Przesunięto.", "done")
    frozen("2026-05-08 10:00")
    jobs.run_due()
    again = echoes(case, 2)
    assert [len(again[kind]) for kind in Asked] == [1, 1, 0]
    say(again[Asked.AUTHOR][0], "yes")
    assert now(case).state == "confirmed"


def test_most_saying_no_goes_to_the_leaders_once(
    town: Town, lead: Actor, actor_as: ActorAs, frozen: Frozen
) -> None:
    frozen("2026-03-10 10:00")
    case = finished(town, lead, [actor_as("resident") for _ in range(5)])
    frozen("2026-04-08 10:00")
    jobs.run_due()
    told = select(Notice.id).where(Notice.code == "initiative.contradicted")
    rows = echoes(case)[Asked.SUPPORTER]
    for nth, row in enumerate(rows):
        say(row, "no", WHY)
        assert bool(db.session.scalars(told).all()) == (nth >= 2)
    steps = content_queries.history("initiative", case, (Lane.INTERNAL,))
    assert [step.verb for step in steps].count("echo") == 1
    assert queries.echo_counts(case, 1).no == 5
    assert all(row.answer is Helped.NO for row in rows)
