"""Merging with consent: who is asked, what their answers come to, where supports count, and who comes first."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from initiatives import queries, services
from initiatives.models import Initiative, Merge, Support
from portal.content import queries as content_queries
from portal.content import services as content
from portal.content.models import Link
from portal.core.actor import Actor
from portal.core.db import db, writing
from portal.core.errors import Conflict, Invalid, Missing, NotAllowed
from portal.core.tenancy import Town
from portal.core.workflow import Lane
from tests.factories.initiatives import make_initiative, merge
from tests.factories.races import at_once

ActorAs = Callable[..., Actor]
WHY = "Oba wnioski mówią o tym samym miejscu."
NO = "Moja ławka jest gdzie indziej."


def author_of(*cases: Initiative) -> Actor:
    """Whoever opened these cases with their numbers and codes."""
    return Actor(municipality_id=cases[0].municipality_id, cases=frozenset(case.about for case in cases))


def proposed(leader: Actor, case: Initiative, target: Initiative) -> int:
    services.propose_merge(leader, case.id, target.number or "", WHY)
    found = queries.case(case.id).merge_id
    assert found is not None
    return found


def say(case: Initiative, merge_id: int, words: str = "", *, agrees: bool) -> None:
    services.answer_merge(author_of(case), case.id, merge_id, words, agrees=agrees)


def merge_row(merge_id: int) -> Merge:
    found = queries.merge_by_id(merge_id)
    assert found is not None
    return found


def verbs(case: Initiative) -> list[str]:
    return [step.verb for step in content_queries.history(*case.about, tuple(Lane))]


def codes(messages: Any) -> list[str]:
    return [message.code for message in messages]


@pytest.fixture
def leader(actor_as: ActorAs) -> Actor:
    return actor_as("leader")


@pytest.fixture
def case(town: Town) -> Initiative:
    return make_initiative(town, email="one@people.example")


@pytest.fixture
def target(town: Town) -> Initiative:
    return make_initiative(town, email="two@people.example", title="Ławki na przystankach")


def test_nothing_is_merged_before_both_authors_agree(
    leader: Actor, case: Initiative, target: Initiative, outbox: Any
) -> None:
    merge_id = proposed(leader, case, target)
    assert codes(outbox()).count("initiative.merge_asked") == 2
    say(case, merge_id, agrees=True)
    assert queries.case(case.id).state == "published"
    say(target, merge_id, agrees=True)
    source, joint = queries.case(case.id), queries.case(target.id)
    assert (source.state, source.merged_into_id, source.merge_id) == ("merged", target.id, None)
    assert (joint.state, joint.joined_count, joint.merge_id) == ("published", 1, None)
    assert merge_row(merge_id).outcome == "done"
    assert db.session.execute(select(Link.from_id, Link.to_id, Link.role)).all() == [
        (case.id, target.id, "merged")
    ]
    assert verbs(target)[-3:] == ["propose", "agree", "joined"]


def test_a_no_ends_it_and_the_leader_reads_why(
    leader: Actor, case: Initiative, target: Initiative, outbox: Any
) -> None:
    merge_id = proposed(leader, case, target)
    with pytest.raises(Invalid) as caught:
        say(target, merge_id, agrees=False)
    assert "note" in caught.value.fields
    say(target, merge_id, NO, agrees=False)
    assert (queries.case(case.id).state, queries.case(case.id).merge_id) == ("published", None)
    assert merge_row(merge_id).outcome == "refused"
    told = codes(outbox())
    assert told.count("initiative.merge_answered") == 1
    assert told.count("initiative.merge_off") == 1  # The one who did not say no.
    steps = content_queries.history(*target.about, (Lane.PUBLIC,))
    assert NO not in {step.note for step in steps}
    with pytest.raises(Conflict):
        say(case, merge_id, agrees=True)


def test_a_yes_can_become_a_no_while_the_other_is_silent(
    leader: Actor, case: Initiative, target: Initiative
) -> None:
    merge_id = proposed(leader, case, target)
    say(case, merge_id, agrees=True)
    say(case, merge_id, agrees=True)
    assert verbs(case).count("agree") == 1
    say(case, merge_id, NO, agrees=False)
    assert merge_row(merge_id).outcome == "refused"


def test_silence_of_somebody_who_was_told_is_no_consent(
    leader: Actor,
    case: Initiative,
    target: Initiative,
    frozen: Callable[[str], None],
    run_jobs: Any,
    outbox: Any,
) -> None:
    frozen("2026-03-02 10:00")
    merge_id = proposed(leader, case, target)
    say(case, merge_id, agrees=True)
    frozen("2026-03-07 08:30")
    run_jobs()
    assert codes(outbox()).count("initiative.merge_asked") == 3  # Once more to the silent one alone.
    frozen("2026-03-09 23:00")
    run_jobs()
    assert merge_row(merge_id).outcome == "open"
    frozen("2026-03-10 00:30")
    run_jobs()
    assert merge_row(merge_id).outcome == "expired"
    assert (queries.case(case.id).state, queries.case(target.id).merge_id) == ("published", None)
    assert codes(outbox()).count("initiative.merge_off") == 2


def test_who_cannot_be_reached_holds_nobody_up(
    town: Town, leader: Actor, case: Initiative, frozen: Callable[[str], None], run_jobs: Any
) -> None:
    frozen("2026-03-02 10:00")
    nobody = make_initiative(town, with_author=False)
    merge_id = proposed(leader, nobody, case)
    say(case, merge_id, agrees=True)
    assert queries.case(nobody.id).merged_into_id == case.id
    looks = make_initiative(town, email=None, with_code=True)
    merge_id = proposed(leader, looks, case)
    say(case, merge_id, agrees=True)
    assert queries.case(looks.id).state == "published"  # Still seven days to say no.
    frozen("2026-03-10 00:30")
    run_jobs()
    assert queries.case(looks.id).merged_into_id == case.id
    assert queries.case(case.id).joined_count == 2


def test_an_erased_author_holds_nobody_up(
    town: Town, leader: Actor, case: Initiative, target: Initiative
) -> None:
    merge_id = proposed(leader, case, target)
    with writing():
        erased = queries.case(case.id)
        assert erased.author is not None
        erased.author.email = erased.author.name = None
    say(target, merge_id, agrees=True)
    assert queries.case(case.id).state == "merged"


def test_where_nobody_can_say_no_it_is_merged_at_once(town: Town, leader: Actor) -> None:
    one, two = make_initiative(town, with_author=False), make_initiative(town, with_author=False)
    services.propose_merge(leader, one.id, two.number or "", WHY)
    assert queries.case(one.id).merged_into_id == two.id


def test_an_author_of_both_answers_once(town: Town, leader: Actor, actor_as: ActorAs) -> None:
    ewa = actor_as("resident")
    one, two = make_initiative(town, author=ewa), make_initiative(town, author=ewa)
    merge_id = proposed(leader, one, two)
    services.answer_merge(ewa, one.id, merge_id, "", agrees=True)
    assert queries.case(one.id).state == "merged"


def test_an_operator_answers_for_a_caller(
    town: Town, leader: Actor, actor_as: ActorAs, target: Initiative
) -> None:
    operator = actor_as("operator")
    called = make_initiative(town, taken_by_user_id=operator.user_id)
    merge_id = proposed(leader, called, target)
    services.answer_merge(operator, called.id, merge_id, "", agrees=True)
    last = content_queries.history(*called.about, tuple(Lane))[-1]
    assert (last.verb, last.who, last.lane) == ("agree", "operator", Lane.AUTHOR)


def test_nobody_else_answers(leader: Actor, case: Initiative, target: Initiative, actor_as: ActorAs) -> None:
    merge_id = proposed(leader, case, target)
    for stranger in (actor_as("resident"), leader, author_of(target)):
        with pytest.raises(NotAllowed):
            services.answer_merge(stranger, case.id, merge_id, "", agrees=True)


def test_the_leader_takes_it_back_from_either_side(
    leader: Actor, case: Initiative, target: Initiative, outbox: Any
) -> None:
    merge_id = proposed(leader, case, target)
    with pytest.raises(Invalid):
        services.drop_merge(leader, target.id, " ")
    services.drop_merge(leader, target.id, "Pomyłka.")
    assert merge_row(merge_id).outcome == "dropped"
    assert codes(outbox()).count("initiative.merge_off") == 2
    assert "drop_merge" in verbs(case)
    with pytest.raises(Conflict):
        services.drop_merge(leader, case.id, "Pomyłka.")
    proposed(leader, target, case)


def test_a_proposal_falls_when_a_case_moves_on(
    town: Town, leader: Actor, case: Initiative, target: Initiative
) -> None:
    merge_id = proposed(leader, case, target)
    services.withdraw(author_of(target), target.id, "")
    assert merge_row(merge_id).outcome == "overtaken"
    assert queries.case(case.id).merge_id is None


def test_assigning_it_leaves_the_proposal_open(
    leader: Actor, case: Initiative, target: Initiative, actor_as: ActorAs
) -> None:
    merge_id = proposed(leader, case, target)
    team = [actor_as("reviewer").user_id or 0 for _ in range(2)]
    services.assign(leader, case.id, "Drogi", team[0], team)
    assert merge_row(merge_id).outcome == "open"
    say(case, merge_id, agrees=True)
    say(target, merge_id, agrees=True)
    assert queries.case(case.id).state == "merged"


def test_only_one_proposal_at_a_time(town: Town, leader: Actor, case: Initiative, target: Initiative) -> None:
    proposed(leader, case, target)
    third = make_initiative(town)
    for one, other in ((case, target), (target, case), (third, case), (target, third)):
        with pytest.raises(Conflict):
            services.propose_merge(leader, one.id, other.number or "", WHY)


def test_it_needs_another_public_case_that_goes_on(
    town: Town, other_town: Town, leader: Actor, case: Initiative
) -> None:
    for number, problem in (
        (case.number, Invalid),
        (make_initiative(town, "submitted").number, Invalid),
        (make_initiative(town, "refused").number, Invalid),
        (make_initiative(other_town).number, Missing),
        ("nonsense", Missing),
    ):
        with pytest.raises(problem):
            services.propose_merge(leader, case.id, number or "", WHY)
    study = make_initiative(town, "purpose_study")
    with pytest.raises(Conflict):
        services.propose_merge(leader, study.id, case.number or "", WHY)
    with pytest.raises(Invalid):
        services.propose_merge(leader, case.id, study.number or "", " ")


def test_two_cases_are_not_merged_into_each_other(
    leader: Actor, case: Initiative, target: Initiative
) -> None:
    merge(leader, case, target)
    with pytest.raises(Invalid):
        services.propose_merge(leader, target.id, case.number or "", WHY)


def test_supporters_keep_their_say(
    leader: Actor, case: Initiative, target: Initiative, actor_as: ActorAs
) -> None:
    both, only, stays = (actor_as("resident") for _ in range(3))
    for who, what in ((both, case), (both, target), (only, case), (stays, case)):
        services.support(who, what.id)
    merge(leader, case, target)
    assert (queries.case(case.id).support_count, queries.case(target.id).support_count) == (3, 1)
    for who in (both, only, only):
        services.move_support(who, case.id)
    assert (queries.case(case.id).support_count, queries.case(target.id).support_count) == (1, 2)
    rows = db.session.execute(
        select(Support.initiative_id, func.count()).group_by(Support.initiative_id)
    ).all()
    assert {row[0]: row[1] for row in rows} == {case.id: 1, target.id: 2}
    services.unsupport(stays, case.id)
    with pytest.raises(Missing):
        services.move_support(stays, case.id)
    with pytest.raises(Conflict):
        services.support(stays, case.id)


def test_supporters_are_told_once(
    leader: Actor, case: Initiative, target: Initiative, actor_as: ActorAs, run_jobs: Any, outbox: Any
) -> None:
    fan, follower = actor_as("resident"), actor_as("resident")
    for who in (fan, follower):
        services.support(who, case.id)
    services.follow(follower, case.id, "pl")
    merge(leader, case, target)
    run_jobs()
    assert codes(outbox()).count("initiative.merged") == 3  # The author, and each supporter once.


def test_a_support_goes_through_to_the_last_joint_page(
    town: Town, leader: Actor, case: Initiative, target: Initiative, actor_as: ActorAs
) -> None:
    fan, last = actor_as("resident"), make_initiative(town, with_author=False)
    services.support(fan, case.id)
    merge(leader, case, target)
    merge(leader, target, last)
    assert services.move_support(fan, case.id).id == last.id
    assert queries.case(last.id).support_count == 1


def test_a_split_case_stands_alone_again(
    leader: Actor, case: Initiative, target: Initiative, actor_as: ActorAs
) -> None:
    fan = actor_as("resident")
    services.support(fan, case.id)
    merge(leader, case, target)
    services.split(leader, case.id, WHY)
    found, joint = queries.case(case.id), queries.case(target.id)
    assert (found.state, found.merged_into_id, found.merge_consented) == ("published", None, False)
    assert (joint.joined_count, verbs(target)[-1]) == (0, "left")
    with pytest.raises(Conflict):
        services.move_support(fan, case.id)
    merge(leader, case, target)
    services.correct(leader, case.id, WHY)
    assert queries.case(target.id).joined_count == 0
    assert queries.case(case.id).merged_into_id is None


def test_joint_authors_stay_so_when_the_joint_page_is_merged(
    town: Town, leader: Actor, case: Initiative, target: Initiative, outbox: Any
) -> None:
    last = make_initiative(town, email="three@people.example")
    merge(leader, case, target)
    merge(leader, target, last)
    assert [one.id for one in queries.joined_to([last.id])] == [case.id, target.id]
    before = codes(outbox()).count("initiative.transferred")
    services.transfer(leader, last.id, "Zarząd Dróg", WHY)
    assert codes(outbox()).count("initiative.transferred") - before == 3


@pytest.mark.parametrize("how", ["withdrawn", "corrected"])
def test_nothing_stays_merged_into_a_case_that_is_gone(
    leader: Actor, case: Initiative, target: Initiative, actor_as: ActorAs, outbox: Any, how: str
) -> None:
    fan = actor_as("resident")
    services.support(fan, case.id)
    merge(leader, case, target)
    if how == "withdrawn":
        services.withdraw(author_of(target), target.id, "")
    else:
        services.correct(leader, target.id, "W tytule jest nazwisko.")
    found, joint = queries.case(case.id), queries.case(target.id)
    assert (found.state, found.merged_into_id, found.support_count) == ("published", None, 1)
    assert joint.joined_count == 0
    assert joint.state == ("withdrawn" if how == "withdrawn" else "submitted")
    assert content.open_deadline(found, "assign") is not None
    assert codes(outbox()).count("initiative.split") == 1
    step = content_queries.history(*case.about, (Lane.PUBLIC,))[-1]
    assert (step.verb, step.who) == ("split", "system")
    assert "nie jest już publiczna" in step.note


def test_joint_authors_hear_of_the_joint_page(
    leader: Actor, case: Initiative, target: Initiative, actor_as: ActorAs, outbox: Any
) -> None:
    merge(leader, case, target)
    before = codes(outbox()).count("initiative.transferred")
    services.transfer(leader, target.id, "Zarząd Dróg", WHY)
    assert codes(outbox()).count("initiative.transferred") - before == 2


# ---- at the same instant ----


def test_both_authors_agree_at_the_same_instant(
    app: Flask, town: Town, leader: Actor, case: Initiative, target: Initiative
) -> None:
    merge_id = proposed(leader, case, target)
    pair = [(one, author_of(one), one.id) for one in (case, target)]
    acts = [
        (lambda who=who, key=key: services.answer_merge(who, key, merge_id, "", agrees=True))
        for _one, who, key in pair
    ]
    case_id, target_id = case.id, target.id
    assert at_once(app, town, *acts) == ["done", "done"]
    assert queries.case(case_id).state == "merged"
    assert queries.case(target_id).joined_count == 1


def test_the_last_yes_and_taking_it_back_do_not_both_win(
    app: Flask, town: Town, leader: Actor, case: Initiative, target: Initiative
) -> None:
    merge_id = proposed(leader, case, target)
    say(case, merge_id, agrees=True)
    who, target_id, case_id = author_of(target), target.id, case.id
    fared = at_once(
        app,
        town,
        lambda: services.answer_merge(who, target_id, merge_id, "", agrees=True),
        lambda: services.drop_merge(leader, case_id, "Pomyłka."),
    )
    assert sorted(fared) == ["Conflict", "done"]
    merged = queries.case(case_id).state == "merged"
    assert merge_row(merge_id).outcome == ("done" if merged else "dropped")
    assert queries.case(target_id).joined_count == int(merged)


def test_a_support_moved_many_times_at_once_counts_once(
    app: Flask, town: Town, leader: Actor, case: Initiative, target: Initiative, actor_as: ActorAs
) -> None:
    fan, case_id, target_id = actor_as("resident"), case.id, target.id
    services.support(fan, case_id)
    merge(leader, case, target)
    at_once(app, town, *[lambda: services.move_support(fan, case_id)] * 8)
    assert (queries.case(case_id).support_count, queries.case(target_id).support_count) == (0, 1)


def test_the_last_day_is_a_calendar_day(leader: Actor, case: Initiative, target: Initiative) -> None:
    merge_id = proposed(leader, case, target)
    assert merge_row(merge_id).until == case.local_today + timedelta(days=7)
    assert content.open_deadline(case, "assign") is not None
