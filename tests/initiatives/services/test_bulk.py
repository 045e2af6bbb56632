"""Bulk acts: each case for itself, what is left and why, messages that wait, and the way back."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from initiatives import queries, services
from initiatives.models import BulkAct, BulkItem, Done, Initiative
from initiatives.services import bulk as bulk_room
from initiatives.states import BULK, BULK_ENDS_PROPOSAL, WORKFLOW
from portal.content import queries as content_queries
from portal.content import services as content_services
from portal.content.models import Deadline
from portal.core import clock, jobs, tenancy
from portal.core.actor import Actor, acting
from portal.core.db import db, writing
from portal.core.errors import Conflict, Invalid, Missing, NotAllowed
from portal.core.jobs import Job
from portal.core.tenancy import Town
from portal.core.workflow import Lane
from portal.notify.values import unpack
from tests.factories import initiatives as factory

ActorAs = Callable[..., Actor]
WHY = "Bo tak jest najlepiej dla wszystkich."
LONG = 60.0


def make_initiative(*args: Any, **values: Any) -> Initiative:
    """One that keeps its values when the session it was made in is closed."""
    case = factory.make_initiative(*args, **values)
    db.session.refresh(case)
    db.session.expunge(case)
    return case


def begin(actor: Actor, verb: str, cases: list[Initiative], values: dict[str, Any] | None = None) -> int:
    seen = [(case.id, case.version) for case in cases]
    with acting(actor):
        bulk_id = services.start_bulk(
            actor, verb, values or {"note": WHY}, seen, "", f"key-{cases[0].id}-{verb}"
        )
        services.work_bulk(actor, bulk_id, LONG)
    return bulk_id


def take_back(actor: Actor, bulk_id: int) -> None:
    with acting(actor):
        services.undo_bulk(actor, bulk_id)
        services.work_bulk(actor, bulk_id, LONG)


def fresh(case: Initiative) -> Initiative:
    db.session.close()
    return queries.case(case.id)


def outcomes(bulk_id: int) -> dict[int, tuple[Done, str]]:
    db.session.close()
    rows = db.session.scalars(select(BulkItem).where(BulkItem.bulk_id == bulk_id))
    return {row.initiative_id: (row.outcome, str(unpack(row.why).get("why", ""))) for row in rows}


def team(actor_as: ActorAs) -> dict[str, Any]:
    one, two = actor_as("reviewer"), actor_as("reviewer")
    return {
        "department": "Wydział Dróg",
        "lead": one.user_id,
        "reviewers": [one.user_id, two.user_id],
        "note": "",
    }


def imported(town: Town, number: str) -> Initiative:
    case = make_initiative(
        town, "published", with_author=False, external_source="warszawa19115", external_number=number
    )
    with writing():
        content_services.finish_deadline(case)  # What is taken over runs no clock.
    return case


def test_every_verb_is_carried_out() -> None:
    assert set(bulk_room.STEPS) == set(BULK)
    assert set(BULK) - {"reply"} <= {move.verb for move in WORKFLOW.moves}


def test_many_are_assigned_each_as_an_act_of_its_own(town: Town, actor_as: ActorAs) -> None:
    leader, values = actor_as("leader"), team(actor_as)
    cases = [make_initiative(town, "published") for _ in range(3)]
    bulk_id = begin(leader, "assign", cases, values)
    assert {row[0] for row in outcomes(bulk_id).values()} == {Done.MOVED}
    for case in cases:
        now = fresh(case)
        assert (now.state, now.department, now.lead_user_id) == ("assigned", "Wydział Dróg", values["lead"])
        assert sorted(now.reviewer_ids) == sorted(values["reviewers"])
        assert content_queries.history(*case.about, tuple(Lane))[-1].user_id == leader.user_id
    assert queries.bulk_act(bulk_id).finished_at is not None


def test_what_changed_meanwhile_or_cannot_is_left_and_says_why(town: Town, actor_as: ActorAs) -> None:
    leader = actor_as("leader")
    good, changed, wrong, mine = (
        make_initiative(town, state) for state in ("submitted", "submitted", "assigned", "submitted")
    )
    seen = [(case.id, case.version) for case in (good, changed, wrong, mine)]
    services.reply(leader, changed.id, "Dzień dobry.")
    with writing():
        db.session.execute(
            update(Initiative).where(Initiative.id == mine.id).values(author_user_id=leader.user_id)
        )
    with acting(leader):
        bulk_id = services.start_bulk(leader, "publish", {"note": ""}, seen, "", "k" * 20)
        assert services.work_bulk(leader, bulk_id, LONG)
    found = outcomes(bulk_id)
    assert [found[case.id][0] for case in (good, changed, wrong, mine)] == [
        Done.MOVED, Done.LEFT, Done.LEFT, Done.LEFT,
    ]  # fmt: skip
    assert found[changed.id][1] == "Somebody changed it meanwhile."
    assert "moved on" in found[wrong.id][1]
    assert "took part" in found[mine.id][1]
    assert [fresh(case).state for case in (good, changed)] == ["published", "submitted"]


def test_a_case_of_which_the_text_tells_nothing_is_left(town: Town, actor_as: ActorAs) -> None:
    known, unknown = make_initiative(town, "assigned", department="Drogi"), make_initiative(town, "assigned")
    values = {"note": "Ma ją {department}.", "template": "Kto ją ma"}
    found = outcomes(begin(actor_as("leader"), "reply", [known, unknown], values))
    assert [found[case.id][0] for case in (known, unknown)] == [Done.MOVED, Done.LEFT]
    assert "not known of this case" in found[unknown.id][1]


def test_no_proposal_to_merge_is_lost_by_an_act_that_can_be_taken_back(town: Town, actor_as: ActorAs) -> None:
    merged_from = set(services.MERGED_FROM)
    assert set(BULK_ENDS_PROPOSAL) == {
        row.verb
        for row in WORKFLOW.moves
        if row.verb in BULK and merged_from & set(row.sources) and not merged_from >= set(row.targets)
    }
    leader = actor_as("leader")
    one, two, free = (make_initiative(town, "assigned") for _ in range(3))
    services.propose_merge(leader, one.id, two.number or "", WHY)
    cases = [fresh(case) for case in (one, two, free)]
    found = outcomes(begin(leader, "transfer", cases, {"to": "Zarząd Dróg", "note": WHY}))
    assert [found[case.id][0] for case in (one, two, free)] == [Done.LEFT, Done.LEFT, Done.MOVED]
    assert "proposal to merge" in found[one.id][1]
    assert fresh(one).merge_id is not None


def test_a_repeated_post_is_the_same_act(town: Town, actor_as: ActorAs) -> None:
    leader, case = actor_as("leader"), make_initiative(town, "submitted")
    seen = [(case.id, case.version)]
    made = [services.start_bulk(leader, "publish", {"note": ""}, seen, "", "k" * 20) for _ in range(2)]
    assert made[0] == made[1]


def test_nothing_foreign_or_too_much_is_begun(
    town: Town, other_town: Town, actor_as: ActorAs, monkeypatch: pytest.MonkeyPatch
) -> None:
    leader = actor_as("leader")
    foreign = make_initiative(other_town, "submitted")
    with pytest.raises(Invalid):
        services.start_bulk(leader, "publish", {"note": ""}, [(foreign.id, 1)], "", "a" * 20)
    cases = [make_initiative(town, "submitted") for _ in range(2)]
    monkeypatch.setattr(bulk_room, "BULK_MOST", 1)
    with pytest.raises(Invalid):
        services.start_bulk(leader, "publish", {}, [(case.id, 1) for case in cases], "", "b" * 20)
    with pytest.raises(Missing):
        services.start_bulk(leader, "decide", {}, [(cases[0].id, 1)], "", "c" * 20)
    with pytest.raises(NotAllowed):
        services.start_bulk(actor_as("reviewer"), "publish", {}, [(cases[0].id, 1)], "", "d" * 20)


def test_messages_wait_until_nobody_can_undo_it(
    town: Town, actor_as: ActorAs, run_jobs: Callable[[], int], outbox: Callable[[], list[Any]], frozen: Any
) -> None:
    frozen("2026-03-02 10:00")
    leader, case = actor_as("leader"), make_initiative(town, "submitted")
    fan = actor_as("resident")
    services_follow(fan, case)
    begin(leader, "publish", [case], {"note": ""})
    run_jobs()
    assert [row.state for row in outbox()] == ["waiting"]
    frozen("2026-03-02 10:10")
    run_jobs()
    assert [row.state for row in outbox()] == ["waiting"]
    frozen("2026-03-02 10:12")
    run_jobs()
    assert sorted((row.code, row.state) for row in outbox())[0] == ("initiative.published", "sent")
    assert len(outbox()) == 2  # The author, and who follows.


def services_follow(fan: Actor, case: Initiative) -> None:
    with writing():
        content_services.follow(
            case, person=content_services.person_of_user(fan.user_id or 0), user_id=fan.user_id, locale="pl"
        )


def test_an_undone_act_tells_nobody_and_leaves_all_as_it_was(
    town: Town, actor_as: ActorAs, run_jobs: Callable[[], int], outbox: Callable[[], list[Any]], frozen: Any
) -> None:
    frozen("2026-03-02 10:00")
    leader, case = actor_as("leader"), make_initiative(town, "held")
    services_follow(actor_as("resident"), case)
    bulk_id = begin(leader, "publish", [case], {"note": ""})
    assert fresh(case).is_public
    frozen("2026-03-02 10:05")
    take_back(leader, bulk_id)
    now = fresh(case)
    assert (now.state, now.is_public, now.phase) == ("held", False, "hidden")
    frozen("2026-03-02 12:00")
    run_jobs()
    assert outbox() == []
    assert [step.verb for step in content_queries.history(*case.about, tuple(Lane))][-2:] == [
        "publish",
        "undo",
    ]
    act = queries.bulk_act(bulk_id)
    assert (act.undone_by, act.restored_at is not None) == (leader.user_id, True)
    take_back(leader, bulk_id)  # Harmless the second time.


def test_people_and_clocks_are_put_back(town: Town, actor_as: ActorAs, frozen: Any) -> None:
    frozen("2026-03-02 10:00")
    leader = actor_as("leader")
    new, old = (
        make_initiative(town, "published"),
        make_initiative(town, "assigned", department="Wydział Zieleni"),
    )
    before = {case.id: (fresh(case).lead_user_id, set(fresh(case).reviewer_ids)) for case in (new, old)}
    clock_of = content_queries.open_deadlines(*new.about)[0]
    kept = (clock_of.id, clock_of.due_on)
    frozen("2026-03-06 10:00")
    bulk_id = begin(leader, "assign", [new, old], team(actor_as))
    assert content_queries.open_deadlines(*new.about) == []
    take_back(leader, bulk_id)
    for case, department in ((new, ""), (old, "Wydział Zieleni")):
        now = fresh(case)
        assert (now.lead_user_id, set(now.reviewer_ids)) == before[case.id]
        assert now.department == department
    assert fresh(new).state == "published"
    running = content_queries.open_deadlines(*new.about)
    assert [(row.id, row.due_on) for row in running] == [kept]
    assert db.session.scalars(select(Deadline).where(Deadline.object_id == new.id)).all() == running
    planned = select(Job.dedupe).where(Job.dedupe.startswith(f"deadline:{kept[0]}:"))
    assert len(db.session.scalars(planned).all()) == 3


def test_a_case_taken_over_is_untouched_again(town: Town, actor_as: ActorAs) -> None:
    leader, case = actor_as("leader"), imported(town, "19115-1")
    with acting(leader):
        assert queries.work_counts(leader, [queries.DeskFilter("imported")]) == (1,)
    bulk_id = begin(leader, "assign", [case], team(actor_as))
    with acting(leader):
        assert queries.work_counts(leader, [queries.DeskFilter("imported")]) == (0,)
    take_back(leader, bulk_id)
    now = fresh(case)
    assert (now.is_untouched_import, now.version) == (True, 3)
    assert content_queries.open_deadlines(*case.about) == []
    with acting(leader):
        assert queries.work_counts(leader, [queries.DeskFilter("imported")]) == (1,)


def test_what_changed_after_the_act_stays_and_is_told(
    town: Town, actor_as: ActorAs, run_jobs: Callable[[], int], outbox: Callable[[], list[Any]], frozen: Any
) -> None:
    frozen("2026-03-02 10:00")
    leader = actor_as("leader")
    one, two = make_initiative(town, "submitted"), make_initiative(town, "submitted")
    bulk_id = begin(leader, "publish", [one, two], {"note": ""})
    services.transfer(leader, two.id, "Zarząd Dróg", WHY)
    take_back(leader, bulk_id)
    found = outcomes(bulk_id)
    assert (found[one.id][0], found[two.id]) == (Done.UNDONE, (Done.KEPT, "Somebody changed it meanwhile."))
    frozen("2026-03-02 10:01")
    run_jobs()
    told = {(row.code, row.about_id) for row in outbox() if row.state == "sent"}
    assert told == {("initiative.published", two.id), ("initiative.transferred", two.id)}


def test_no_daily_summary_tells_of_what_can_be_undone(
    town: Town, actor_as: ActorAs, outbox: Callable[[], list[Any]], frozen: Any
) -> None:
    frozen("2026-03-02 10:00")
    leader = actor_as("leader")
    case = make_initiative(town, "planned", lead=leader)
    fan = actor_as("resident")
    services_follow(fan, case)
    begin(leader, "start", [case], {"note": "", "progress": None})
    frozen("2026-03-02 10:01")
    jobs.run_due()  # The worker spreads nothing yet.
    assert [row.code for row in outbox()] == ["initiative.progress"]
    frozen("2026-03-02 10:12")
    jobs.run_due()
    assert {row.state for row in outbox()} == {"sent", "quiet"}


def test_after_ten_minutes_it_stands(town: Town, actor_as: ActorAs, frozen: Any) -> None:
    frozen("2026-03-02 10:00")
    leader, case = actor_as("leader"), make_initiative(town, "submitted")
    bulk_id = begin(leader, "hold", [case])
    frozen("2026-03-02 10:10")
    with pytest.raises(Conflict):
        services.undo_bulk(leader, bulk_id)
    assert fresh(case).state == "held"


@pytest.mark.parametrize(
    ("verb", "state", "values"),
    [
        ("send_back", "submitted", {"note": "- Adres\n- Zdjęcie"}),
        ("hold", "submitted", {"note": WHY}),
        ("resume", "deferred", {}),
        ("transfer", "assigned", {"note": WHY, "to": "Powiat"}),
        ("reply", "assigned", {"note": WHY}),
        ("start_purpose", "assigned", {}),
        ("start_feasibility", "purpose_study", {}),
        ("start", "planned", {"note": "", "progress": 10}),
    ],
)
def test_each_verb_there_and_back(
    verb: str, state: str, values: dict[str, Any], town: Town, actor_as: ActorAs, outbox: Any
) -> None:
    leader = actor_as("leader")
    case = make_initiative(town, state, lead=leader, sheets=True if verb == "start_feasibility" else None)
    before = bulk_room._standing(fresh(case))
    bulk_id = begin(leader, verb, [case], values)
    assert outcomes(bulk_id)[case.id][0] is Done.MOVED, outcomes(bulk_id)
    assert fresh(case).version == 2
    take_back(leader, bulk_id)
    assert outcomes(bulk_id)[case.id][0] is Done.UNDONE, outcomes(bulk_id)
    assert bulk_room._standing(fresh(case)) == before
    assert [row for row in outbox() if row.about_id == case.id] == []


def test_what_a_request_leaves_a_job_does_as_who_began_it(
    town: Town, actor_as: ActorAs, run_jobs: Callable[[], int], frozen: Any
) -> None:
    frozen("2026-03-02 10:00")
    leader = actor_as("leader")
    cases = [make_initiative(town, "submitted") for _ in range(3)]
    bulk_id = services.start_bulk(
        leader, "publish", {"note": ""}, [(case.id, 1) for case in cases], "", "k" * 20
    )
    assert services.work_bulk(leader, bulk_id, -1) is False
    frozen("2026-03-02 10:01")
    run_jobs()
    assert {fresh(case).state for case in cases} == {"published"}
    assert content_queries.history(*cases[0].about, tuple(Lane))[-1].user_id == leader.user_id
    assert queries.bulk_act(bulk_id).undo_until == clock.now() + bulk_room.UNDO


def test_taken_back_while_it_runs(town: Town, actor_as: ActorAs) -> None:
    leader = actor_as("leader")
    cases = [make_initiative(town, "submitted") for _ in range(2)]
    bulk_id = services.start_bulk(
        leader, "publish", {"note": ""}, [(case.id, 1) for case in cases], "", "k" * 20
    )
    with acting(leader):
        bulk_room.STEPS["publish"](leader, cases[0].id, bulk_id)
    take_back(leader, bulk_id)
    found = outcomes(bulk_id)
    assert (found[cases[0].id][0], found[cases[1].id][0]) == (Done.UNDONE, Done.LEFT)
    assert {fresh(case).state for case in cases} == {"submitted"}


def test_without_who_began_it_the_rest_is_left(town: Town, actor_as: ActorAs) -> None:
    leader, case = actor_as("leader"), make_initiative(town, "submitted")
    bulk_id = services.start_bulk(leader, "publish", {"note": ""}, [(case.id, 1)], "", "k" * 20)
    services.give_up_bulk(bulk_id)
    assert outcomes(bulk_id)[case.id][0] is Done.LEFT
    assert fresh(case).state == "submitted"


def test_old_acts_are_forgotten(town: Town, actor_as: ActorAs) -> None:
    leader, case = actor_as("leader"), make_initiative(town, "submitted")
    begin(leader, "hold", [case])
    assert bulk_room.old_acts() == 0
    with writing():
        db.session.execute(update(BulkAct).values(at=clock.now() - timedelta(days=31)))
    assert bulk_room.old_acts() == 1
    with writing():
        assert bulk_room.end_old_acts(10) == 1
    assert db.session.scalars(select(BulkItem)).all() == []


# ---- to another municipality of the portal ----


def rows_there(place: Town) -> list[Initiative]:
    db.session.close()
    with tenancy.within(place.id):
        return list(db.session.scalars(select(Initiative).order_by(Initiative.id)))


def test_many_are_referred_to_a_municipality_and_taken_back(
    town: Town, other_town: Town, actor_as: ActorAs, outbox: Callable[[], list[Any]], frozen: Any
) -> None:
    frozen("2026-03-02 10:00")
    leader, chief = actor_as("leader"), actor_as("leader", other_town)
    cases = [make_initiative(town, "published"), make_initiative(town, "assigned")]
    values = {"note": WHY, "to": "", "town": other_town.slug}
    bulk_id = begin(leader, "transfer", cases, values)
    assert {outcomes(bulk_id)[case.id][0] for case in cases} == {Done.MOVED}
    assert [row.state for row in rows_there(other_town)] == ["published", "published"]
    held = {row.held_until for row in outbox()}
    assert chief.user_id in {row.user_id for row in outbox()}
    take_back(leader, bulk_id)
    assert {outcomes(bulk_id)[case.id][0] for case in cases} == {Done.UNDONE}
    assert [fresh(case).state for case in cases] == ["published", "assigned"]
    assert [row.state for row in rows_there(other_town)] == ["transferred", "transferred"]
    assert None not in held
    assert outbox() == []
    again = factory.make_initiative(town)
    services.transfer(leader, again.id, "", WHY, other_town.slug)
    services.transfer(leader, cases[0].id, "", WHY, other_town.slug)
    assert [row.state for row in rows_there(other_town)] == ["published", "transferred", "published"]


def test_messages_in_both_municipalities_wait_equally_long(
    town: Town, other_town: Town, actor_as: ActorAs, run_jobs: Callable[[], int], outbox: Any, frozen: Any
) -> None:
    frozen("2026-03-02 10:00")
    leader, case = actor_as("leader"), make_initiative(town)
    actor_as("leader", other_town)
    begin(leader, "transfer", [case], {"note": WHY, "to": "", "town": other_town.slug})
    waits = {row.held_until for row in outbox()}
    assert len(waits) == 1
    run_jobs()
    assert {row.state for row in outbox()} == {"waiting"}
    frozen("2026-03-02 10:12")
    run_jobs()
    assert {row.state for row in outbox()} == {"sent"}


def test_what_has_gone_on_there_is_kept(town: Town, other_town: Town, actor_as: ActorAs) -> None:
    leader, case = actor_as("leader"), make_initiative(town)
    bulk_id = begin(leader, "transfer", [case], {"note": WHY, "to": "", "town": other_town.slug})
    there = rows_there(other_town)[0]
    with tenancy.within(other_town.id):
        services.support(actor_as("resident"), there.id)
    take_back(leader, bulk_id)
    done, why = outcomes(bulk_id)[case.id]
    assert done is Done.KEPT
    assert "something has happened to it" in why
    assert fresh(case).state == "transferred"
    assert rows_there(other_town)[0].state == "published"
