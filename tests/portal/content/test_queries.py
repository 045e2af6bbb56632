"""Histories by lane, the nearest clocks, files and comments as their readers may see them."""

from datetime import date, timedelta

import pytest
from sqlalchemy import select

from initiatives.models import Initiative
from portal.content import move, queries, services, talk
from portal.content.models import Attachment, CommentState, FileRole, Stance
from portal.core import clock
from portal.core.actor import NOBODY
from portal.core.db import db, writing
from portal.core.files import Stored
from portal.core.tenancy import Town
from portal.core.workflow import Lane
from tests.factories.initiatives import make_initiative


@pytest.fixture
def case(town: Town) -> Initiative:
    """A case that was just sent."""
    return make_initiative(town, "submitted")


def stored(name: str) -> Stored:
    return Stored(
        key=name,
        thumb_key=None,
        original_key=None,
        media_type="image/webp",
        size=1,
        name=name,
        width=1,
        height=1,
    )


def test_each_reader_sees_their_lanes_oldest_first(case: Initiative) -> None:
    with writing():
        for lane in (Lane.INTERNAL, Lane.PUBLIC, Lane.AUTHOR):
            move.record(NOBODY, case, f"say-{lane}", lane=lane, note=lane)
    written = [step.verb for step in queries.history(*case.about, tuple(Lane))]
    assert written == ["submit", "say-internal", "say-public", "say-author"]
    assert [step.note for step in queries.history(*case.about, (Lane.PUBLIC,))] == ["public"]
    assert queries.history("survey", case.id, tuple(Lane)) == []


def test_the_nearest_clock_of_each_thing_counts(town: Town, case: Initiative) -> None:
    idle = make_initiative(town, "lapsed")
    today = clock.today(town.zone)
    with writing():
        services.finish_deadline(case)
        for key, days in (("late", 9), ("soon", 3)):
            services.start_deadline_on(case, key, today + timedelta(days=days))
        services.start_deadline_on(case, "over", today)
        services.finish_deadline(case, "over")
    assert [row.key for row in queries.open_deadlines(*case.about)] == ["soon", "late"]
    found: dict[int, date] = queries.next_due("initiative", [case.id, idle.id])
    assert found == {case.id: today + timedelta(days=3)}


def test_files_are_those_of_the_thing_and_of_the_reader(town: Town, case: Initiative) -> None:
    other = make_initiative(town)
    with writing():
        plan = services.attach(case, stored("plan.pdf"), FileRole.DOCUMENT)
        first = services.attach(case, stored("a.webp"), FileRole.PHOTO)
        services.attach(case, stored("b.webp"), FileRole.PHOTO)
        db.session.flush()
        plan.public = False
        number, hidden = first.id, plan.id
    assert [row.name for row in queries.files(*case.about)] == ["a.webp", "b.webp"]
    assert [row.name for row in queries.files(*case.about, public_only=False)] == [
        "plan.pdf",
        "a.webp",
        "b.webp",
    ]
    assert queries.attachment(*case.about, number) is not None
    assert queries.attachment(*other.about, number) is None
    column = queries.first_photo("initiative", Initiative.id)
    photos = dict(map(tuple, db.session.execute(select(Initiative.id, column))))
    assert photos == {case.id: number, other.id: None}
    assert db.session.get_one(Attachment, hidden).role is FileRole.DOCUMENT


def test_held_and_hidden_comments_are_for_staff(case: Initiative) -> None:
    with writing():
        for state in CommentState:
            services.add_comment(
                case, stance=Stance.NEUTRAL, text=state, language="pl", user_id=None, name="", state=state
            )
    shown = talk.page(*case.about, "old", None).items
    assert [(row.text, row.is_seen) for row in shown] == [("visible", True), ("taken_back", False)]
    everything = [row.text for row in db.session.execute(talk.everything(*case.about))]
    assert everything == ["visible", "held", "hidden", "taken_back"]


def test_following_is_known_by_person(case: Initiative) -> None:
    with writing():
        services.follow(case, person="one", user_id=None, locale="pl")
    assert queries.follows(*case.about, "one")
    assert not queries.follows(*case.about, "two")
