"""The demo data: complete, believable on whatever day it is planted, and the same each time."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import ColumnElement, func, select

from initiatives import queries
from initiatives.models import (
    Author,
    Change,
    ChangeState,
    Count,
    Decision,
    Initiative,
    Mention,
    Merge,
    MergeState,
    Milestone,
    Reviewer,
    SavedFilter,
    Sheet,
    StudyKind,
    Support,
    Translation,
)
from initiatives.rules import study_complete, synthesis_complete
from initiatives.seed import numbers_of, roads, texts
from initiatives.seed.pictures import SCENES, draw
from initiatives.seed.plots import Plot, plots_of
from initiatives.seed.team import Resident, Team
from initiatives.states import CATEGORIES, WORKFLOW, WORKING_DAYS
from portal.content.models import Attachment, Comment, CommentState, Deadline, FileRole, StateChange
from portal.core import clock, files, tenancy
from portal.core.calendar import add_working_days, is_working_day, local_day
from portal.core.db import Base, db
from portal.core.jobs import Job
from portal.core.tenancy import Town
from portal.core.tokens import CaseCounter, next_number
from portal.core.workflow import Note

SLUGS = {
    "lublin": 61,
    "swidnik": 25,
    "poniatowa": 15,
    "konopnica": 12,
    "powiat-lezajski": 12,
    "gmina-lezajsk": 14,
    "grodzisko-dolne": 12,
    "rzeszow": 25,
    "wodzislaw-slaski": 15,
    "ostrava-jih": 30,
}
ASIDES = (
    "propose",
    "agree",
    "joined",
    "note",
    "late",
    "milestone",
    "extend",
    "news",
    "reply",
    "threshold",
    "sheet",
    "sheet_struck",
    "propose_change",
    "accept_change",
    "decline_change",
)
TEAM = Team(reviewers=(1, 2, 3), leader=4, deciders=(5, 6), operator=7)
RESIDENTS = [Resident(10, "Ewa", "pl"), Resident(11, "Eva", "cs"), Resident(12, "Eve", "en")]
MOMENTS = (
    "2026-01-01 00:10",
    "2026-02-28 12:00",
    "2026-03-29 23:50",
    "2026-04-06 09:00",
    "2026-05-03 18:00",
    "2026-08-15 07:00",
    "2026-10-25 03:00",
    "2026-11-20 10:00",
    "2026-12-27 10:00",
    "2027-01-06 16:00",
)
"""New Year's night, turns of the clock, Easter Monday, Sundays and holidays, and two plain days (UTC)."""


def a_town(slug: str) -> Town:
    czech = slug == "ostrava-jih"
    return Town(
        id=1,
        slug=slug,
        code=slug[:3].upper(),
        names={},
        taglines={},
        intros={},
        country="CZ" if czech else "PL",
        currency="CZK" if czech else "PLN",
        language="cs" if czech else "pl",
        zone="Europe/Prague" if czech else "Europe/Warsaw",
        colours={},
        mark="",
        contact={},
        centre=(50.0, 20.0),
        box=(19.0, 49.0, 21.0, 51.0),
        population=None,
        closures=frozenset(),
    )


def all_plots(now: datetime) -> list[Plot]:
    return [plot for slug in SLUGS for plot in plots_of(a_town(slug), TEAM, RESIDENTS[:1], now, RESIDENTS)]


@pytest.fixture(params=MOMENTS)
def plots(request: pytest.FixtureRequest) -> list[Plot]:
    return all_plots(datetime.fromisoformat(request.param).replace(tzinfo=UTC))


def test_every_road_keeps_to_the_workflow_and_lies_in_the_last_24_months(plots: list[Plot]) -> None:
    for plot in plots:
        here = WORKFLOW.initial
        for step in plot.steps:
            move = WORKFLOW.move(step.verb)
            assert here in move.sources, plot.key
            assert step.to in move.targets, plot.key
            here = step.to
        assert here == plot.state
        moments = [step.at for step in plot.steps]
        assert moments == sorted(set(moments)), plot.key
        assert all(plot.now - timedelta(days=730) < at < plot.now for at in [*moments, plot.begun_at])


def test_staff_work_on_working_days(plots: list[Plot]) -> None:
    for plot in plots:
        for step in plot.steps:
            if step.verb not in roads.AUTHORS and step.verb != "lapse":
                assert is_working_day(plot.day(step.at), plot.town.country), (plot.key, step.verb)


def test_eight_clocks_are_late_and_three_of_them_escalated(plots: list[Plot]) -> None:
    late, within_a_week = {}, 0
    for plot in plots:
        if plot.state not in WORKING_DAYS:
            continue
        _, days = WORKING_DAYS[plot.state]
        due = add_working_days(plot.day(plot.steps[-1].at), days, plot.town.country)
        if plot.key in roads.EXTENDED:
            due = add_working_days(due, roads.EXTENDED[plot.key], plot.town.country)
        today = local_day(plot.now, plot.town.zone)
        if due < today and (plot.state != "published" or plot.key in roads.LATE):
            late[plot.key] = add_working_days(due, 5, plot.town.country) < today
        within_a_week += today <= due <= today + timedelta(days=7)
    assert late.keys() == roads.LATE.keys()
    assert sum(late.values()) == 3
    assert within_a_week >= 10


def test_what_may_still_be_appealed_belongs_to_somebody_who_can_sign_in(plots: list[Plot]) -> None:
    by_key = {plot.key: plot for plot in plots}
    for key in roads.FRESH_REFUSALS:
        decided = by_key[key].at("decide")
        assert decided is not None
        assert by_key[key].now - decided < timedelta(days=7)
        assert by_key[key].author is not None


def test_the_same_each_time() -> None:
    now = datetime(2026, 11, 20, 10, tzinfo=UTC)
    again = all_plots(now)
    for one, other in zip(all_plots(now), again, strict=True):
        assert (one.key, one.steps, one.author, one.study) == (
            other.key,
            other.steps,
            other.author,
            other.study,
        )
        assert one.rng.random() == other.rng.random()


def test_numbers_follow_the_order_of_filing_in_each_year() -> None:
    plots = plots_of(a_town("lublin"), TEAM, RESIDENTS[:1], datetime(2026, 2, 10, 10, tzinfo=UTC), RESIDENTS)
    filed = [plot for plot in plots if plot.steps]
    years = Counter(plot.day(plot.begun_at).year for plot in filed)
    numbers = list(numbers_of(plots).values())
    assert numbers == [
        f"LUB-I-{year}-{nth:04}" for year in sorted(years) for nth in range(1, years[year] + 1)
    ]


def test_each_scene_is_drawn_the_same_each_time() -> None:
    used = {record.get("picture") for slug in SLUGS for record in texts.initiatives(slug)} - {None}
    assert used == set(SCENES)
    assert draw("bench", "lub-003") == draw("bench", "lub-003") != draw("bench", "gle-003")


def test_offices_have_words_for_everything_in_both_languages() -> None:
    polish, czech = texts.phrases("pl"), texts.phrases("cs")
    assert polish.keys() == czech.keys()
    for words in (polish, czech):
        assert set(words["departments"]) == set(CATEGORIES)
        assert set(words["alt"]) == set(words["photo_names"]) == set(SCENES)


# ---- planted ----


def test_every_state_category_and_town_is_there(seeded_app: object) -> None:
    with tenancy.unscoped("counting the demo data"):
        towns = {town.id: slug for slug, town in tenancy.towns().items()}
        # What was referred has a row in both.
        cases = list(db.session.scalars(select(Initiative).where(Initiative.referred_from_id.is_(None))))
    assert Counter(towns[case.municipality_id] for case in cases) == SLUGS
    states = Counter(case.state for case in cases)
    assert set(states) == set(WORKFLOW.keys())
    assert min(states.values()) >= 2
    assert {case.category for case in cases} == set(CATEGORIES)
    for slug in ("lublin", "ostrava-jih"):
        here = {case.state for case in cases if towns[case.municipality_id] == slug}
        assert here >= set(WORKFLOW.public_keys())
    channels = Counter(case.channel.value for case in cases)
    assert (channels["web"], channels["phone"], channels["meeting"]) == (168, 32, 21)


def test_the_small_things_are_there_in_numbers(seeded_app: object) -> None:
    with tenancy.unscoped("counting the demo data"):

        def count(model: type[Base], *conditions: ColumnElement[bool]) -> int:
            return db.session.scalar(select(func.count()).select_from(model).where(*conditions)) or 0

        ours = Attachment.kind == "initiative"
        assert count(Attachment, ours, Attachment.role == FileRole.PHOTO) == 40
        assert count(Attachment, ours, Attachment.role == FileRole.DOCUMENT) == 12
        assert count(Comment) > 300
        assert count(Comment, Comment.official.is_(True)) >= 15
        assert count(Comment, Comment.state == CommentState.HELD) == 2
        assert count(Support) > 3900
        assert count(Translation) >= 25
        assert count(StateChange, StateChange.verb == "correct") == 2
        assert count(Milestone, Milestone.done_on.is_not(None)) > 50
        assert count(Deadline, Deadline.done_at.is_(None), Deadline.level == 3) == 3
        assert count(Author, Author.user_id.is_not(None)) > 40
        assert count(Decision, Decision.on_appeal.is_(True)) == 2


def test_every_case_could_have_come_by_the_use_cases(seeded_app: object) -> None:
    with tenancy.unscoped("looking through the demo data"):
        ids = [
            (town.id, case_id)
            for town in tenancy.towns().values()
            for case_id in db.session.scalars(
                select(Initiative.id).where(
                    # It did come by one.
                    Initiative.municipality_id == town.id,
                    Initiative.referred_from_id.is_(None),
                )
            )
        ]
    for town_id, case_id in ids:
        with tenancy.within(town_id):
            check_case(queries.case(case_id))


def check_case(case: Initiative) -> None:
    """One planted case agrees with the workflow, its guards and its own counters."""
    assert case.phase == case.present.phase
    assert (case.number is None) == (case.state == "draft")
    assert case.is_public == (case.present.public and not case.withheld)
    assert case.author is not None
    assert case.author.user_id == case.author_user_id
    if case.author.user_id is None and case.number:
        assert case.author.code_hash
    here = WORKFLOW.initial
    steps = db.session.scalars(
        select(StateChange)
        .where(StateChange.kind == case.KIND, StateChange.object_id == case.id)
        .order_by(StateChange.id)
    ).all()
    assert [step.at for step in steps] == sorted(step.at for step in steps)
    for step in steps:
        assert step.at < clock.now()
        if step.verb not in ASIDES:
            assert step.from_state == here
            assert step.lane is WORKFLOW.move(step.verb).lane
            assert step.note or WORKFLOW.move(step.verb).note is not Note.REQUIRED, (case, step.verb)
            here = step.to_state
    assert here == case.state
    if "decide" in {step.verb for step in steps} or case.state == "recommendation":
        assert study_complete(case) is None
        assert synthesis_complete(case) is None
    if "assign" in {step.verb for step in steps}:
        assert len(set(case.reviewer_ids)) == 2
        assert case.lead_user_id
        assert case.department
    if case.state == "partly_adopted":
        last = db.session.scalars(
            select(Decision).where(Decision.initiative_id == case.id).order_by(Decision.id.desc())
        ).first()
        assert last is not None
        assert last.left_out
    supports = db.session.scalar(
        select(func.count()).select_from(Support).where(Support.initiative_id == case.id)
    )
    assert supports == case.online_count
    seen = select(func.count()).where(
        Comment.kind == "initiative", Comment.object_id == case.id, Comment.state == CommentState.VISIBLE
    )
    assert db.session.scalar(seen) == case.comment_count
    if case.lat is not None and case.lon is not None:
        west, south, east, north = tenancy.town_by_id(case.municipality_id).box
        assert west <= case.lon <= east, case
        assert south <= case.lat <= north, case


def test_staff_have_no_stake_in_what_they_study(seeded_app: object) -> None:
    with tenancy.unscoped("looking through the demo data"):
        statement = (
            select(Reviewer)
            .join(Support, Support.initiative_id == Reviewer.initiative_id)
            .where(Support.user_id == Reviewer.user_id)
        )
        assert db.session.scalars(statement).all() == []
        authors = select(Initiative.author_user_id).where(Initiative.author_user_id.is_not(None))
        assert db.session.scalars(select(Reviewer).where(Reviewer.user_id.in_(authors))).all() == []


def test_reviewers_do_not_write_the_same(seeded_app: object, town: Town) -> None:
    sheets = db.session.scalars(
        select(Sheet).where(Sheet.finished, Sheet.kind == StudyKind.FEASIBILITY).order_by(Sheet.id)
    ).all()
    by_case: dict[int, list[Sheet]] = {}
    for sheet in sheets:
        by_case.setdefault(sheet.initiative_id, []).append(sheet)
    assert by_case
    assert all(one.parts != other.parts for one, other in by_case.values())


def test_counters_and_numbers_go_on_from_here(seeded_app: object, town: Town) -> None:
    listed = db.session.scalar(
        select(func.count()).select_from(Initiative).where(Initiative.listed_at.is_not(None))
    )
    assert db.session.scalar(select(func.sum(Count.n))) == listed
    year = clock.today(town.zone).year
    last = db.session.scalar(select(CaseCounter.last).where(CaseCounter.year == year)) or 0
    assert next_number(town, "I") == f"LUB-I-{year}-{last + 1:04}"


def test_pictures_and_documents_can_be_read(seeded_app: object, town: Town) -> None:
    rows = db.session.scalars(select(Attachment).where(Attachment.kind == "initiative")).all()
    assert rows
    for row in rows:
        assert files.read(row.key)
        if row.role.is_picture:
            assert row.alt.startswith("Rysunek: ")
            assert files.read(row.thumb_key or "")[8:12] == b"WEBP"
        else:
            assert files.read(row.key).startswith(b"%PDF-")


def test_supporters_of_a_merged_case_count_once(seeded_app: object, town: Town) -> None:
    merged = db.session.scalars(select(Initiative).where(Initiative.state == "merged")).one()
    joint = db.session.get_one(Initiative, merged.merged_into_id)
    assert joint.joined_count == 1
    for case in (merged, joint):
        people = db.session.scalars(select(Support.person).where(Support.initiative_id == case.id)).all()
        assert len(people) == len(set(people)) == case.support_count
    assert merged.support_count < joint.support_count


def test_a_proposal_to_merge_waits_for_an_author_with_an_account(seeded_app: object, town: Town) -> None:
    row = db.session.scalars(select(Merge).where(Merge.outcome == MergeState.OPEN)).one()
    assert (row.case_agrees, row.into_agrees) == (None, True)
    pair = [db.session.get_one(Initiative, key) for key in (row.initiative_id, row.into_id)]
    assert [case.merge_id for case in pair] == [row.id, row.id]
    assert all(case.author_user_id for case in pair)
    due = db.session.scalars(select(Job).where(Job.kind == "initiative.merge")).all()
    assert len(due) == 2


def test_proposed_changes_wait_or_are_answered(seeded_app: object, town: Town) -> None:
    rows = db.session.scalars(select(Change).order_by(Change.outcome)).all()
    assert [row.outcome for row in rows] == ["accepted", "declined", "open"]
    for row in rows:
        case = db.session.get_one(Initiative, row.initiative_id)
        assert case.author_user_id
        assert (case.change_id == row.id) is (row.outcome is ChangeState.OPEN)
        clock_row = db.session.scalars(
            select(Deadline).where(Deadline.object_id == case.id, Deadline.key == "change")
        ).one()
        assert clock_row.done_at == row.ended_at
        assert clock_row.due_on >= case.local_today or row.ended_at
    accepted = rows[0]
    assert accepted.before["text"] != db.session.get_one(Initiative, accepted.initiative_id).text


def test_spent_sums_are_those_that_the_words_name(seeded_app: object) -> None:
    with tenancy.unscoped("looking through the demo data"):
        told = dict(
            db.session.execute(
                select(StateChange.note, Initiative.spent_minor)
                .join(Initiative, Initiative.id == StateChange.object_id)
                .where(StateChange.verb == "finish")
            ).all()
        )
    [cistern] = [spent for words, spent in told.items() if words.startswith("Nádrž 20 kubíků")]
    assert cistern == 65_500_000


def test_the_desk_has_mentions_letters_and_filters(seeded_app: object) -> None:
    with tenancy.unscoped("looking through the demo data"):
        mentions = db.session.scalars(select(Mention)).all()
        notes = {
            row.id: row for row in db.session.scalars(select(StateChange).where(StateChange.verb == "note"))
        }
        assert all("@" in notes[row.step_id].internal_note for row in mentions)
        assert len(mentions) >= 10
        assert {row.place for row in db.session.scalars(select(SavedFilter))} == {"desk", "list"}
        answered = db.session.scalars(select(StateChange).where(StateChange.template != "")).all()
        assert answered
        assert not [row for row in answered if "{" in row.note]


def test_one_case_is_referred_within_the_portal_and_can_be_read_on_both_sides(seeded_app: object) -> None:
    county, rural = tenancy.town("powiat-lezajski"), tenancy.town("gmina-lezajsk")
    with tenancy.unscoped("both rows of the case"):
        arrived = db.session.scalars(select(Initiative).where(Initiative.referred_from_id.is_not(None))).one()
        left = db.session.scalars(
            select(Initiative).where(Initiative.number == arrived.number, Initiative.id != arrived.id)
        ).one()
    assert (left.municipality_id, left.state, left.referred_to_id) == (county.id, "transferred", rural.id)
    assert (arrived.municipality_id, arrived.state) == (rural.id, "published")
    assert left.is_public
    assert arrived.is_public
