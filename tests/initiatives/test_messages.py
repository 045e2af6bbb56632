"""Who is told what, and by which way."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select

from initiatives import messages, queries, services
from initiatives.models import Initiative
from portal.accounts.models import User
from portal.content import move
from portal.core.actor import Actor
from portal.core.db import db, writing
from portal.core.tenancy import Town
from portal.notify.kinds import Delivery
from portal.notify.values import unpack
from tests.factories.initiatives import make_initiative

ActorAs = Callable[..., Actor]
Outbox = Callable[[], list[Any]]
WHY = "Bo tak jest najlepiej."


def tell_author(case: Initiative, **columns: Any) -> None:
    with writing():
        found = queries.case(case.id)
        assert found.author is not None
        for name, value in columns.items():
            setattr(found.author, name, value)
        messages.to_author(found, "initiative.held", note=WHY)


def values(notice: Any) -> dict[str, Any]:
    found: dict[str, Any] = unpack(notice.values)["values"]
    return found


def test_what_was_completed_is_acknowledged_in_other_words_than_the_first_time(
    town: Town, actor_as: ActorAs, outbox: Outbox
) -> None:
    author = actor_as("resident")
    for state, code in (("draft", "initiative.received"), ("returned", "initiative.completed")):
        case = make_initiative(town, state, author=author)
        with writing():
            move.run(author, queries.case(case.id), "submit")
        assert [notice.code for notice in outbox()][-1:] == [code]


@pytest.mark.parametrize(
    ("contact", "channels"),
    [
        ({"email": "ewa@poczta.example", "phone": "+48602123456"}, ["mail"]),
        ({"phone": "+48602123456", "postal": "Lipowa 3"}, ["sms"]),
        ({"postal": "Lipowa 3, Lublin"}, ["letter"]),
        ({"phone": "+48815361234"}, ["phone"]),
        ({}, []),
    ],
)
def test_an_author_is_told_by_the_way_they_chose(
    town: Town, outbox: Outbox, contact: dict[str, str], channels: list[str]
) -> None:
    case = make_initiative(town, "held", email=None)
    tell_author(case, locale="cs", **contact)
    told = outbox()
    assert [(notice.channel.value, notice.locale) for notice in told] == [(way, "cs") for way in channels]


def test_an_account_is_told_at_its_own_address_in_its_own_language(
    town: Town, actor_as: ActorAs, outbox: Outbox
) -> None:
    ewa = actor_as("resident", email="ewa@konto.example", locale="cs")
    tell_author(make_initiative(town, "held", author=ewa), email="stary@people.example")
    (told,) = outbox()
    assert (told.email, told.user_id, told.locale) == ("ewa@konto.example", ewa.user_id, "cs")


def test_an_imported_case_has_nobody_to_tell(town: Town, actor_as: ActorAs, outbox: Outbox) -> None:
    case = make_initiative(town, "submitted", with_author=False)
    services.publish(actor_as("reviewer"), case.id)
    assert outbox() == []


def test_a_link_of_a_message_is_secret_and_for_the_author_only(
    town: Town, actor_as: ActorAs, outbox: Outbox, run_jobs: Callable[[], int]
) -> None:
    fan = actor_as("resident")
    case = make_initiative(town, "recommendation")
    services.follow(fan, case.id, "pl")
    services.decide(actor_as("decision_maker"), case.id, "adopted", WHY)
    waiting = [notice for notice in outbox() if notice.email == "author@people.example"]
    packed = unpack(waiting[0].values)
    assert packed["secret"] == ["link"]
    assert packed["values"]["link"].startswith("/follow/")
    token = packed["values"]["link"].removeprefix("/follow/")
    run_jobs()
    bodies = {notice.user_id: notice.body for notice in outbox()}
    assert set(bodies) == {None, fan.user_id}
    assert not [body for body in bodies.values() if token in body]
    assert "/follow/" not in bodies[fan.user_id]


def test_followers_hear_of_a_decision_but_not_of_an_appeal(
    town: Town, actor_as: ActorAs, outbox: Outbox, run_jobs: Callable[[], int]
) -> None:
    author, fan, maker = actor_as("resident"), actor_as("resident"), actor_as("decision_maker")
    case = make_initiative(town, "recommendation", author=author)
    services.follow(fan, case.id, "pl")
    services.decide(maker, case.id, "refused", WHY)
    services.appeal(author, case.id, "Mówi pan Jan Kot.")
    run_jobs()
    told = [(notice.code, notice.user_id) for notice in outbox()]
    assert sorted(told, key=str) == sorted(
        [
            ("initiative.decided", author.user_id),
            ("initiative.decided", fan.user_id),
            ("initiative.appealed", author.user_id),
            ("initiative.appealed", maker.user_id),
        ],
        key=str,
    )


def test_no_words_of_the_author_reach_followers(
    town: Town, actor_as: ActorAs, outbox: Outbox, run_jobs: Callable[[], int]
) -> None:
    author, fan = actor_as("resident"), actor_as("resident")
    case = make_initiative(town, author=author)
    services.follow(fan, case.id, "pl")
    services.withdraw(author, case.id, "Bo Jan Kot tak chciał.")
    run_jobs()
    told = [notice for notice in outbox() if notice.user_id == fan.user_id]
    assert [notice.code for notice in told] == ["initiative.withdrawn"]
    assert "Kot" not in (told[0].body or "") + (told[0].html or "")


def test_somebody_who_stopped_following_hears_no_more(
    town: Town, actor_as: ActorAs, outbox: Outbox, run_jobs: Callable[[], int]
) -> None:
    fan, case = actor_as("resident"), make_initiative(town, "recommendation")
    services.follow(fan, case.id, "pl")
    services.decide(actor_as("decision_maker"), case.id, "adopted", WHY)
    services.unfollow(fan, case.id)
    run_jobs()
    assert [notice.user_id for notice in outbox()] == [None]


def test_a_closed_account_is_told_nothing(town: Town, actor_as: ActorAs, outbox: Outbox) -> None:
    ewa = actor_as("resident")
    case = make_initiative(town, "submitted", author=ewa)
    with writing():
        db.session.delete(db.session.scalars(select(User).where(User.id == ewa.user_id)).one())
    services.publish(actor_as("reviewer"), case.id)
    assert outbox() == []


def test_only_the_office_of_the_town_is_told(
    town: Town, other_town: Town, actor_as: ActorAs, outbox: Outbox
) -> None:
    here = actor_as("leader")
    actor_as("leader", other_town)
    actor_as("reviewer")
    with writing():
        messages.to_team(queries.case(make_initiative(town).id), "initiative.reported", reason=WHY)
    (told,) = outbox()
    assert (told.user_id, values(told)["link"], values(told)["is_author"]) == (here.user_id, "", False)


def test_a_warning_goes_to_who_works_on_it(town: Town, actor_as: ActorAs, outbox: Outbox) -> None:
    lead, maker, reviewer = actor_as("leader"), actor_as("decision_maker"), actor_as("reviewer")
    study = make_initiative(town, "purpose_study", lead=lead, reviewers=[reviewer])
    free = make_initiative(town, "submitted")
    seen = 0
    for case, key, people in (
        (study, "purpose", {lead.user_id, reviewer.user_id}),
        (study, "decision", {maker.user_id}),
        (free, "check", {lead.user_id, reviewer.user_id}),
    ):
        with writing():
            messages.deadline(queries.case(case.id), key, 1, case.local_today)
        told = outbox()
        assert {notice.user_id for notice in told[seen:]} == people, key
        seen = len(told)


def test_a_new_code_makes_earlier_links_useless(town: Town, actor_as: ActorAs) -> None:
    case = make_initiative(town, "submitted", with_code=True)
    before = messages.follow_token(queries.case(case.id))
    services.new_code(actor_as("reviewer"), case.id, "k")
    assert messages.follow_token(queries.case(case.id)) != before


def test_followers_hear_of_progress_once_a_day_and_of_the_decision_at_once(
    town: Town, actor_as: ActorAs, outbox: Outbox, run_jobs: Callable[[], int]
) -> None:
    case = make_initiative(town, "adopted", author=actor_as("resident"))
    follower = actor_as("resident")
    services.follow(follower, case.id, "pl")
    with writing():
        for code in ("initiative.progress", "initiative.decided"):
            messages.to_followers(queries.case(case.id), code)
            messages.to_author(queries.case(case.id), code)
    run_jobs()
    told = {(n.code, n.user_id == follower.user_id): n.state for n in outbox()}
    assert told == {
        ("initiative.progress", True): Delivery.QUIET,
        ("initiative.progress", False): Delivery.SENT,
        ("initiative.decided", True): Delivery.SENT,
        ("initiative.decided", False): Delivery.SENT,
    }
