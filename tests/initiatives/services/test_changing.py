"""A change after the decision: who proposes and answers it, what it leaves as it was, its clock, and who comes first."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from initiatives import privacy, queries, rules, services
from initiatives.models import Audience, Change, ChangeOf, ChangeState, Figure, Initiative, Place
from initiatives.services import ChangeAsked, ReplyAsked, Rewritten, forgetting
from initiatives.states import CHANGEABLE
from portal.content import queries as content_queries
from portal.content.models import Deadline
from portal.content.move import worded_from
from portal.core import actor as actors
from portal.core.actor import Actor
from portal.core.db import db, writing
from portal.core.errors import Conflict, Invalid, NotAllowed
from portal.core.tenancy import Town
from portal.core.workflow import Lane
from portal.notify.kinds import Delivery
from tests.factories.initiatives import TEXT, TITLE, make_initiative
from tests.factories.races import at_once

ActorAs = Callable[..., Actor]
ASKED = ChangeAsked(ChangeOf.PLACE, "Proszę o ławkę po drugiej stronie.", "Tam jest cień.")
CHANGES, WHY = "Ławka stanie po drugiej stronie.", "Miejsca jest dość."


@pytest.fixture
def leader(actor_as: ActorAs) -> Actor:
    return actor_as("leader")


@pytest.fixture
def ewa(actor_as: ActorAs) -> Actor:
    return actor_as("resident", name="Ewa Sadowa")


@pytest.fixture
def case(town: Town, ewa: Actor) -> Initiative:
    return make_initiative(town, "adopted", author=ewa)


def propose(ewa: Actor, case: Initiative, key: str = "k") -> Change:
    services.propose_change(ewa, case.id, ASKED, key)
    return queries.changes(case.id)[0]


def version(case: Initiative) -> int:
    return queries.case(case.id).version


def public_steps(case: Initiative) -> list[tuple[str, str]]:
    return [(step.verb, step.note) for step in content_queries.history(*case.about, (Lane.PUBLIC,))]


def codes(messages: Any) -> list[str]:
    return [message.code for message in messages]


def test_it_is_accepted_and_the_decision_stays(
    leader: Actor, ewa: Actor, case: Initiative, actor_as: ActorAs, outbox: Any, run_jobs: Any
) -> None:
    services.follow(actor_as("resident"), case.id, "pl")
    row = propose(ewa, case)
    assert queries.case(case.id).change_id == row.id
    assert codes(outbox()) == ["initiative.change_proposed", "initiative.change_waits"]
    services.accept_change(leader, case.id, f" {CHANGES} ", WHY, version(case))
    now = queries.case(case.id)
    assert (now.state, now.change_id, now.title, now.text) == ("adopted", None, TITLE, TEXT)
    [row] = queries.changes(case.id)
    assert (row.outcome, row.changes, row.reasons, row.user_id) == ("accepted", CHANGES, WHY, leader.user_id)
    assert public_steps(case)[-2:] == [("propose_change", ""), ("accept_change", f"{CHANGES}\n{WHY}")]
    run_jobs()
    told = [notice for notice in outbox() if notice.code == "initiative.change_accepted"]
    # The author at once; who follows reads it in the daily summary.
    assert {(notice.user_id == ewa.user_id, notice.state is Delivery.QUIET) for notice in told} == {
        (True, False),
        (False, True),
    }


def test_it_is_declined_and_may_be_proposed_again(
    leader: Actor, ewa: Actor, case: Initiative, actor_as: ActorAs, outbox: Any, run_jobs: Any
) -> None:
    services.follow(actor_as("resident"), case.id, "pl")
    propose(ewa, case)
    for wrong in ("", "  "):
        with pytest.raises(Invalid) as caught:
            services.decline_change(leader, case.id, wrong, version(case))
        assert "note" in caught.value.fields
    services.decline_change(leader, case.id, WHY, version(case))
    run_jobs()
    assert codes(outbox()).count("initiative.change_declined") == 1
    propose(ewa, case, "another")
    assert [row.outcome for row in queries.changes(case.id)] == ["open", "declined"]


def test_one_at_a_time_and_a_double_click_is_one(ewa: Actor, case: Initiative) -> None:
    propose(ewa, case)
    propose(ewa, case)
    with pytest.raises(Conflict):
        propose(ewa, case, "another")
    assert len(queries.changes(case.id)) == 1


@pytest.mark.parametrize("state", ["published", "recommendation", "refused", "done", "abandoned"])
def test_only_what_is_being_carried_out(town: Town, ewa: Actor, state: str) -> None:
    case = make_initiative(town, state, author=ewa)
    with pytest.raises(Conflict):
        propose(ewa, case)
    for proper in CHANGEABLE:
        propose(ewa, make_initiative(town, proper, author=ewa))


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        (ChangeAsked(ChangeOf.WORK, " ", "x"), "wanted"),
        (ChangeAsked(ChangeOf.WORK, "x", " "), "why"),
        (ChangeAsked(ChangeOf.WORK, "x" * (rules.CHANGE_MAX + 1), "x"), "wanted"),
        (ChangeAsked(ChangeOf.WORK, "x", "Proszę dzwonić: 602 123 456"), "why"),
        (ChangeAsked(ChangeOf.WORK, "Pisz na ewa@people.example", "x"), "wanted"),
    ],
)
def test_what_everybody_would_read_and_must_not_is_refused(
    ewa: Actor, case: Initiative, asked: ChangeAsked, field: str
) -> None:
    with pytest.raises(Invalid) as caught:
        services.propose_change(ewa, case.id, asked, "k")
    assert list(caught.value.fields) == [field]


def test_only_its_author_proposes_also_by_code_or_through_the_operator(
    town: Town, actor_as: ActorAs, ewa: Actor
) -> None:
    operator = actor_as("operator")
    case = make_initiative(town, "planned", taken_by_user_id=operator.user_id)
    for stranger in (ewa, actor_as("operator"), actor_as("leader")):
        with pytest.raises(NotAllowed):
            propose(stranger, case)
    with_code = Actor(municipality_id=town.id, cases=frozenset({case.about}))
    services.withdraw_change(with_code, case.id, propose(with_code, case, "one").id)
    propose(operator, case, "two")
    last = content_queries.history(*case.about, (Lane.PUBLIC,))[-1]
    assert (last.who, last.user_id) == ("operator", operator.user_id)


def test_nobody_answers_for_a_case_they_took_part_in(town: Town, actor_as: ActorAs) -> None:
    author, fan = actor_as("leader"), actor_as("leader")
    case = make_initiative(town, "adopted", author=author)
    services.support(fan, case.id)
    propose(author, case)
    for partial in (author, actor_as("reviewer"), actor_as("decision_maker")):
        with pytest.raises(NotAllowed):
            services.decline_change(partial, case.id, WHY, version(case))
    with actors.acting(fan), pytest.raises(NotAllowed):
        services.accept_change(fan, case.id, CHANGES, WHY, version(case))


def test_title_text_and_place_are_written_anew_and_kept_as_they_were(
    leader: Actor, ewa: Actor, case: Initiative
) -> None:
    propose(ewa, case)
    lat, lon = case.lat or 0, case.lon or 0
    new = Rewritten("Ławka w cieniu", TEXT, "ul. Lipowa 3", (lat + 0.001, lon))
    services.accept_change(leader, case.id, CHANGES, WHY, version(case), new)
    now = queries.case(case.id)
    assert (now.title, now.folded, now.text, now.address) == (
        "Ławka w cieniu", "lawka w cieniu", TEXT, "ul. Lipowa 3",
    )  # fmt: skip
    assert (now.lat, now.place) == (lat + 0.001, Place.POINT)
    before = queries.changes(case.id)[0].before
    assert before == {"title": TITLE, "address": "", "place": "point", "lat": lat, "lon": lon}
    [told] = queries.changes_told(now)
    assert [words for _label, words in told.before] == [TITLE, f"{lat:.5f}, {lon:.5f}"]


@pytest.mark.parametrize(
    "new", [Rewritten(title="Ła"), Rewritten(text="Za krótko"), Rewritten(point=(10.0, 10.0))]
)
def test_what_is_written_anew_keeps_to_the_limits(
    leader: Actor, ewa: Actor, case: Initiative, new: Rewritten
) -> None:
    propose(ewa, case)
    seen = version(case)
    with pytest.raises(Invalid):
        services.accept_change(leader, case.id, CHANGES, WHY, seen, new)
    with pytest.raises(Invalid) as caught:
        services.accept_change(leader, case.id, " ", WHY, seen)
    assert "changes" in caught.value.fields
    now = queries.case(case.id)
    assert (now.title, now.text, now.change_id is None) == (TITLE, TEXT, False)
    services.accept_change(leader, case.id, CHANGES, WHY, seen, Rewritten(point=(now.lat or 0, now.lon or 0)))
    assert queries.changes(case.id)[0].before == {}


def test_the_clock_warns_the_leaders_escalates_and_runs_on(
    town: Town, ewa: Actor, actor_as: ActorAs, frozen: Callable[[str], None], run_jobs: Any, outbox: Any
) -> None:
    frozen("2026-03-02 10:00")
    leader, head = actor_as("leader"), actor_as("decision_maker", is_head=True)
    case = make_initiative(town, "adopted", author=ewa, lead=leader)
    propose(ewa, case)
    [clock] = content_queries.open_deadlines(*case.about)
    assert (clock.key, clock.due_on.isoformat()) == ("change", "2026-03-16")
    services.realise(leader, case.id, "plan", WHY)
    assert [row.key for row in content_queries.open_deadlines(*case.about)] == ["change"]

    def rung() -> list[int | None]:
        run_jobs()
        return [notice.user_id for notice in outbox() if notice.code == "initiative.deadline"]

    frozen("2026-03-12 09:00")
    assert rung() == [leader.user_id]
    frozen("2026-03-17 09:00")
    assert rung() == [leader.user_id] * 2
    frozen("2026-03-24 09:00")
    assert rung() == [leader.user_id, leader.user_id, head.user_id]
    services.decline_change(leader, case.id, WHY, version(case))
    assert content_queries.open_deadlines(*case.about) == []


def test_an_office_sets_its_own_days(
    town: Town, ewa: Actor, case: Initiative, leader: Actor, frozen: Callable[[str], None]
) -> None:
    frozen("2026-03-02 10:00")
    days = {**queries.office().days, "change": 5}
    services.save_days(leader, town.id, days, queries.settings_mark(queries.office(), "days"))
    propose(ewa, case)
    assert content_queries.open_deadlines(*case.about)[0].due_on.isoformat() == "2026-03-09"


@pytest.mark.parametrize(
    ("state", "act"),
    [
        ("planned", lambda who, case: services.realise(who, case.id, "abandon", WHY, outcome="unneeded")),
        ("in_progress", lambda who, case: services.realise(who, case.id, "finish", WHY, target="done")),
        ("adopted", lambda who, case: services.correct(who, case.id, WHY)),
    ],
)
def test_a_proposal_falls_when_the_case_moves_out_of_reach(
    town: Town, ewa: Actor, leader: Actor, state: str, act: Callable[[Actor, Initiative], None]
) -> None:
    case = make_initiative(town, state, author=ewa, lead=leader)
    propose(ewa, case)
    act(leader, case)
    assert queries.case(case.id).change_id is None
    assert queries.changes(case.id)[0].outcome is ChangeState.OVERTAKEN
    assert public_steps(case)[-1] == ("close_change", "")
    assert "change" not in [row.key for row in content_queries.open_deadlines(*case.about)]
    with pytest.raises(Conflict):
        services.decline_change(leader, case.id, WHY, version(case))


def test_a_step_between_states_of_work_leaves_it_open(town: Town, ewa: Actor, leader: Actor) -> None:
    case = make_initiative(town, "in_progress", author=ewa, lead=leader)
    row = propose(ewa, case)
    services.correct(leader, case.id, WHY)
    now = queries.case(case.id)
    assert (now.state, now.change_id) == ("planned", row.id)


def test_its_author_takes_it_back_while_it_is_open(ewa: Actor, leader: Actor, case: Initiative) -> None:
    row = propose(ewa, case)
    seen = version(case)
    services.withdraw_change(ewa, case.id, row.id)
    assert queries.changes(case.id)[0].outcome is ChangeState.WITHDRAWN
    for late in (
        lambda: services.withdraw_change(ewa, case.id, row.id),
        lambda: services.accept_change(leader, case.id, CHANGES, WHY, seen),
    ):
        with pytest.raises(Conflict):
            late()
    propose(ewa, case, "another")
    for stale in (
        lambda: services.withdraw_change(ewa, case.id, row.id),
        lambda: services.accept_change(leader, case.id, CHANGES, WHY, seen),
    ):
        with pytest.raises(Conflict):
            stale()


def test_clocks_counted_on_and_anew_are_the_same(town: Town, ewa: Actor, leader: Actor) -> None:
    case = make_initiative(town, "adopted", author=ewa, lead=leader)
    propose(ewa, case)
    services.realise(leader, case.id, "plan", WHY)
    services.decline_change(leader, case.id, WHY, version(case))

    def figures() -> list[Any]:
        return sorted(
            (row.part.value, row.key, row.what, row.bucket, row.n)
            for row in db.session.scalars(select(Figure))
            if row.n
        )

    counted = figures()
    with writing():
        services.rebuild_counts(town.id)
    db.session.expire_all()
    assert figures() == counted


def test_of_a_case_without_publication_nobody_else_hears(
    town: Town, ewa: Actor, leader: Actor, outbox: Any
) -> None:
    case = make_initiative(town, "adopted", author=ewa, audience=Audience.TEAM, listed_at=None)
    services.propose_change(ewa, case.id, ChangeAsked(ChangeOf.WORK, "Tel. 602 123 456", "Bo tak."), "k")
    services.accept_change(leader, case.id, CHANGES, WHY, version(case), shown=False)
    assert {notice.user_id for notice in outbox()} == {ewa.user_id, leader.user_id}
    [hidden] = queries.changes_told(queries.case(case.id))
    [own] = queries.changes_told(queries.case(case.id), mine=True)
    assert (hidden.wanted, own.wanted) == ("", "Tel. 602 123 456")


def test_the_answer_is_offered_in_the_language_of_the_author(
    town: Town, other_town: Town, leader: Actor, actor_as: ActorAs
) -> None:
    eva = actor_as("resident", locale="cs")
    case = make_initiative(town, "adopted", author=eva)
    told = ReplyAsked("Změna", ["decline_change"], {"pl": "Nie.", "cs": "Ne."})
    services.save_reply(leader, town.id, None, told, queries.settings_mark(queries.office(), "replies"))
    assert services.language_of(queries.case(case.id), "decline_change") == "cs"
    propose(eva, case)
    with worded_from(case.about, "Změna", "cs"):
        services.decline_change(leader, case.id, "Ne.", version(case))
    assert queries.changes(case.id)[0].language == "cs"


def test_a_copy_holds_it_and_an_erasure_leaves_the_public_record(
    town: Town, ewa: Actor, leader: Actor, case: Initiative
) -> None:
    hidden = make_initiative(town, "adopted", author=ewa, audience=Audience.TEAM, listed_at=None)
    for one in (case, hidden):
        propose(ewa, one, f"k{one.id}")
    copied = [row for row in privacy.export(ewa.user_id or 0) if row["kind"] == "change"]
    assert [(row["number"], row["text"]) for row in copied] == [
        (one.number, ASKED.wanted) for one in (case, hidden)
    ]
    with writing():
        privacy.erase(ewa.user_id or 0)
    assert queries.changes(case.id)[0].wanted == ASKED.wanted
    [blank] = queries.changes(hidden.id)
    assert (blank.wanted, blank.why, blank.outcome) == ("", "", "withdrawn")
    with writing():
        forgetting.erase_case(queries.case(hidden.id))
    assert queries.changes(hidden.id) == []
    running = select(Deadline).where(Deadline.object_id == hidden.id, Deadline.done_at.is_(None))
    assert db.session.scalars(running).all() == []


def test_of_two_answers_at_once_one_holds(
    app: Flask, town: Town, ewa: Actor, leader: Actor, case: Initiative, actor_as: ActorAs
) -> None:
    propose(ewa, case)
    other, seen, case_id = actor_as("leader"), version(case), case.id
    fared = at_once(
        app,
        town,
        lambda: services.accept_change(leader, case_id, CHANGES, WHY, seen),
        lambda: services.decline_change(other, case_id, WHY, seen),
    )
    assert sorted(fared) == ["Conflict", "done"]
    steps = [step.verb for step in content_queries.history("initiative", case_id, (Lane.PUBLIC,))]
    assert len({"accept_change", "decline_change"} & set(steps)) == 1


def test_of_two_proposals_at_once_one_is_taken(app: Flask, town: Town, ewa: Actor, case: Initiative) -> None:
    case_id = case.id
    acts = [lambda key=key: services.propose_change(ewa, case_id, ASKED, key) for key in ("a", "b")]
    assert sorted(at_once(app, town, *acts)) == ["Conflict", "done"]
    assert len(queries.changes(case_id)) == 1
