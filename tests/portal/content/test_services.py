"""Deadlines, follows, comments, links and versions of what content types share."""

from collections.abc import Callable
from datetime import date, timedelta

import pytest
from sqlalchemy import select, update

from initiatives.models import Initiative
from portal.content import queries, services, talk
from portal.content.models import CommentState, FileRole, Link, Stance
from portal.core.db import db, writing
from portal.core.errors import Conflict, Invalid
from portal.core.files import Stored
from portal.core.jobs import Job
from portal.core.tenancy import Municipality, Town
from tests.factories.initiatives import make_initiative

Frozen = Callable[[str], None]


@pytest.fixture
def case(town: Town, frozen: Frozen) -> Initiative:
    """A case on a Thursday before Easter; its own clock is stopped."""
    frozen("2026-04-02 10:00")
    found = make_initiative(town, "published")
    with writing():
        services.finish_deadline(found)
    return found


def alarms(deadline_id: int, due: date) -> list[str]:
    """Local hours of the due work that belongs to a clock, the earliest first."""
    mark = f"deadline:{deadline_id}:{due.isoformat()}:"
    rows = db.session.scalars(select(Job).where(Job.dedupe.startswith(mark)).order_by(Job.due_at))
    return [f"{row.due_at:%Y-%m-%d %H:%M}" for row in rows]


def test_a_clock_counts_working_days_and_rings_three_times(case: Initiative) -> None:
    with writing():
        row = services.start_deadline(case, "check", 2)
    assert row.due_on == date(2026, 4, 7), "Friday works, Easter Monday does not"
    # In the morning of the working day on which 80 % of them have come, at the end of the last, five working days later.
    assert alarms(row.id, row.due_on) == ["2026-04-07 06:00", "2026-04-07 22:00", "2026-04-14 22:00"]


def test_a_clock_started_again_replaces_the_open_one(case: Initiative) -> None:
    with writing():
        services.start_deadline(case, "check", 2)
        second = services.start_deadline(case, "check", 9)
    assert [row.id for row in queries.open_deadlines(*case.about)] == [second.id]


def test_only_the_named_clocks_are_stopped(case: Initiative) -> None:
    with writing():
        services.start_deadline(case, "check", 2)
        services.start_deadline_on(case, "appeal", date(2026, 4, 20))
        services.finish_deadline(case, "check")
    assert [row.key for row in queries.open_deadlines(*case.about)] == ["appeal"]


def test_a_clock_is_extended_once_and_rings_on_its_new_day(case: Initiative) -> None:
    with writing():
        row = services.start_deadline(case, "purpose", 15)
        services.extend_deadline(case, "purpose", date(2026, 6, 1))
    assert (row.due_on, row.extended, row.level) == (date(2026, 6, 1), True, 0)
    assert len(alarms(row.id, date(2026, 6, 1))) == 3
    with pytest.raises(Conflict), writing():
        services.extend_deadline(case, "purpose", date(2026, 7, 1))
    with pytest.raises(Conflict), writing():
        services.extend_deadline(case, "decision", date(2026, 7, 1))


def test_an_edit_of_an_older_version_carries_the_present_one(case: Initiative) -> None:
    services.need_version(case, case.version)
    with pytest.raises(Conflict) as caught:
        services.need_version(case, case.version - 1)
    assert caught.value.theirs is case


def test_somebody_follows_once(case: Initiative) -> None:
    person = services.person_of_email("Anna@Poczta.example")
    assert person == services.person_of_email("anna@poczta.example")
    assert person != services.person_of_user(1) != services.person_of_user(2)
    with writing():
        assert services.follow(case, person=person, user_id=None, locale="pl", email="anna@poczta.example")
        assert not services.follow(case, person=person, user_id=None, locale="cs")
    [row] = queries.followers(*case.about)
    assert (row.email, row.locale) == ("anna@poczta.example", "pl")
    with writing():
        assert services.unfollow(case, person)
        assert not services.unfollow(case, person)
    assert queries.followers(*case.about) == []


def test_a_tie_is_made_once(case: Initiative, town: Town) -> None:
    other = make_initiative(town)
    with writing():
        for _ in range(2):
            services.link(case, "initiative", other.id, "merged")
    [row] = db.session.scalars(select(Link))
    assert (row.from_id, row.to_id, row.role, row.municipality_id) == (case.id, other.id, "merged", town.id)


def test_a_comment_is_written_as_it_was_said(case: Initiative) -> None:
    with writing():
        services.add_comment(
            case,
            stance=Stance.FOR,
            text="Tak.",
            language="pl",
            user_id=3,
            name="Ewa",
            state=CommentState.VISIBLE,
        )
    [row] = talk.page(*case.about, "new", None).items
    assert (row.text, row.stance, row.name, row.official) == ("Tak.", Stance.FOR, "Ewa", False)


def test_closures_of_the_office_are_no_working_days(town: Town, frozen: Frozen) -> None:
    from portal.core import tenancy
    from portal.core.tenancy import Municipality

    frozen("2026-03-02 10:00")
    found = make_initiative(town, "published")
    with writing():
        db.session.get_one(Municipality, town.id).closures = ["2026-03-03"]
    tenancy.forget_towns()
    with writing():
        row = services.start_deadline(found, "check", 1)
    assert row.due_on - timedelta(days=2) == date(2026, 3, 2)


# Room for files


def used(town: Town) -> int:
    return db.session.scalar(select(Municipality.upload_bytes).where(Municipality.id == town.id)) or 0


def test_room_is_counted_with_the_file_and_given_back_with_it(case: Initiative, town: Town) -> None:
    with writing():
        row = services.attach(
            case, Stored("ab.pdf", None, None, "application/pdf", 1500, "a.pdf"), FileRole.DOCUMENT
        )
    assert used(town) == 1500
    with writing():
        services.detach(row)
    assert used(town) == 0


def test_a_municipality_without_room_takes_no_file_and_a_file_refused_takes_none(
    case: Initiative, town: Town, other_town: Town
) -> None:
    stored = Stored("ab.pdf", None, None, "application/pdf", 600_000, "a.pdf")
    with writing():
        db.session.execute(update(Municipality).where(Municipality.id == town.id).values(upload_quota_mb=1))
        services.attach(case, stored, FileRole.DOCUMENT)
    with pytest.raises(Invalid) as refused, writing():
        services.attach(case, stored, FileRole.DOCUMENT)
    assert "used up its room" in str(refused.value.reason)
    assert used(town) == 600_000
    assert used(other_town) == 0
