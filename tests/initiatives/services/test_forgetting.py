"""What has had its time goes, to the day, and nothing else does."""

import io
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from PIL import Image
from sqlalchemy import func, select, update

from initiatives import privacy, queries, rules, services
from initiatives.models import Author, Initiative, Reviewer, Support
from initiatives.services import forgetting
from portal.content import services as content
from portal.content.models import Attachment, Comment, CommentState, FileRole, Follow, Stance
from portal.core import clock, files, tenancy
from portal.core.actor import Actor
from portal.core.db import db, writing
from portal.core.errors import Missing
from portal.core.tenancy import Town
from portal.notify.models import Notice
from portal.search.models import SearchDocument
from tests.factories.initiatives import make_initiative, merge

ActorAs = Callable[..., Actor]
Frozen = Callable[[str], None]


def end(key: str, limit: int = 100) -> int:
    """Carry a record out in the municipality in scope; what it counted before is what it does."""
    record = next(row for row in privacy.RETENTION if row.key == key)
    assert record.due is not None
    assert record.erase is not None
    due = record.due()
    with writing():
        done = record.erase(limit)
    assert done == min(due, limit)
    return done


def photo(case: Initiative) -> tuple[str, str]:
    """Hang a photo on a case; keys of the cleaned and of the original file."""
    raw = io.BytesIO()
    Image.new("RGB", (40, 30), "red").save(raw, "JPEG")
    stored = files.store_photo(raw.getvalue(), "photo.jpg")
    with writing():
        content.attach(case, stored, FileRole.PHOTO)
    return stored.key, stored.original_key or ""


def author_of(case: Initiative) -> Author:
    db.session.rollback()
    author = queries.case(case.id).author
    assert author is not None
    return author


@pytest.mark.parametrize("state", ["confirmed", "refused", "withdrawn", "done", "lapsed", "transferred"])
def test_contacts_go_twelve_months_after_the_last_state(
    town: Town, frozen: Frozen, outbox: Any, state: str
) -> None:
    frozen("2026-03-02 10:00")
    case = make_initiative(town, state, with_code=True)
    frozen("2027-03-02 09:59")
    assert end("initiative.contact") == 0
    assert author_of(case).email == "author@people.example"
    frozen("2027-03-02 10:01")
    with writing():
        queries.case(case.id).updated_at = clock.now()  # An edit long after the end changes nothing.
    assert end("initiative.contact") == 1
    author = author_of(case)
    assert {getattr(author, name) for name in forgetting.HELD_BY} == {None}
    assert queries.case(case.id).text
    assert end("initiative.contact") == 0


@pytest.mark.parametrize(
    "state", ["submitted", "published", "recommendation", "in_progress", "disputed", "held"]
)
def test_contacts_of_a_case_that_goes_on_stay(town: Town, frozen: Frozen, state: str) -> None:
    frozen("2026-03-02 10:00")
    case = make_initiative(town, state)
    frozen("2029-03-02 10:00")
    assert end("initiative.contact") == 0
    assert author_of(case).email == "author@people.example"


def test_the_messages_about_a_case_go_with_its_contacts(
    town: Town, frozen: Frozen, actor_as: ActorAs
) -> None:
    frozen("2026-03-02 10:00")
    case = make_initiative(town, "submitted")
    services.publish(actor_as("reviewer"), case.id)
    services.transfer(actor_as("leader"), case.id, "Powiat", "Droga powiatowa.")
    assert db.session.scalar(select(func.count(Notice.id)))
    frozen("2027-03-03 10:00")
    assert end("initiative.contact") == 1
    assert db.session.scalar(select(func.count(Notice.id))) == 0


def test_one_town_ends_only_its_own(town: Town, other_town: Town, frozen: Frozen) -> None:
    frozen("2026-03-02 10:00")
    theirs = make_initiative(other_town, "confirmed")
    frozen("2027-03-03 10:00")
    assert end("initiative.contact") == 0
    with tenancy.within(other_town.id):
        assert author_of(theirs).email == "author@people.example"


def test_batches_take_what_is_left_the_next_time(town: Town, frozen: Frozen) -> None:
    frozen("2026-03-02 10:00")
    for _ in range(3):
        make_initiative(town, "confirmed")
    frozen("2027-03-03 10:00")
    assert [end("initiative.contact", 2) for _ in range(3)] == [2, 1, 0]


def test_originals_go_and_cleaned_photos_stay(town: Town, frozen: Frozen) -> None:
    frozen("2026-03-02 10:00")
    old, going_on = make_initiative(town, "confirmed"), make_initiative(town, "published")
    clean, original = photo(old)
    _, other = photo(going_on)
    frozen("2027-03-03 10:00")
    assert end("initiative.original") == 1
    assert files.exists(clean)
    assert not files.exists(original)
    assert files.exists(other)


def test_a_photo_blacked_out_after_that_keeps_nothing_below(
    town: Town, frozen: Frozen, actor_as: ActorAs
) -> None:
    frozen("2026-03-02 10:00")
    old = make_initiative(town, "confirmed")
    photo(old)
    frozen("2027-03-03 10:00")
    assert end("initiative.original") == 1
    (row,) = db.session.scalars(select(Attachment))
    services.redact_photo(actor_as("reviewer"), old.id, row.id, [(0, 0, 50, 100)], "Twarz.")
    assert end("initiative.original") == 1
    (row,) = db.session.scalars(select(Attachment))
    assert (row.plain_key, row.plain_thumb_key) == (None, None)
    assert end("initiative.original") == 0


def test_supports_become_a_number_a_month_after_the_end(
    town: Town, frozen: Frozen, actor_as: ActorAs
) -> None:
    frozen("2026-03-02 10:00")
    case, open_case = make_initiative(town, "confirmed"), make_initiative(town, "published")
    ewa = actor_as("resident")
    for one in (case, open_case):
        services.support(ewa, one.id)
        services.follow(ewa, one.id, "pl")
    frozen("2026-04-01 10:59")
    assert end("initiative.support") == 0
    frozen("2026-04-01 11:01")
    assert end("initiative.support") == 1
    db.session.rollback()
    assert queries.case(case.id).support_count == 1
    assert db.session.scalars(select(Support.initiative_id)).all() == [open_case.id]
    assert db.session.scalars(select(Follow.object_id)).all() == [open_case.id]


def test_a_merged_case_has_ended_when_the_joint_one_has(
    town: Town, frozen: Frozen, actor_as: ActorAs
) -> None:
    frozen("2026-03-02 10:00")
    ewa, leader = actor_as("resident"), actor_as("leader")
    first, second = make_initiative(town), make_initiative(town, email="two@people.example")
    joint = make_initiative(town, email="three@people.example")
    filed = make_initiative(town, author=ewa)
    _, original = photo(first)
    for one in (first, second):
        services.support(ewa, one.id)
    for one, other in ((first, second), (second, joint), (filed, joint)):
        merge(leader, one, other)
    frozen("2027-06-01 10:00")
    for key in ("initiative.support", "initiative.contact", "initiative.original"):
        assert end(key) == 0
    assert privacy.is_busy(ewa.user_id or 0)
    services.transfer(leader, joint.id, "Powiat", "Droga powiatowa.")
    assert not privacy.is_busy(ewa.user_id or 0)
    frozen("2027-07-01 10:01")
    assert end("initiative.support") == 2
    assert db.session.scalar(select(func.count(Support.id))) == 0
    assert author_of(first).email == "author@people.example"
    frozen("2028-06-01 10:01")
    assert end("initiative.contact") == 4
    assert author_of(first).email is None
    assert end("initiative.original") == 1
    assert not files.exists(original)


def test_whom_we_wrote_to_is_forgotten_of_a_case_without_an_author(
    town: Town, frozen: Frozen, actor_as: ActorAs
) -> None:
    frozen("2026-03-02 10:00")
    leader = actor_as("leader")
    case, joint = make_initiative(town), make_initiative(town, with_author=False)
    merge(leader, case, joint)
    services.transfer(leader, joint.id, "Powiat", "Droga powiatowa.")
    about = (Notice.about_kind == joint.KIND, Notice.about_id == joint.id)
    assert db.session.scalar(select(func.count(Notice.id)).where(*about))
    frozen("2027-03-03 10:00")
    end("initiative.contact")
    assert db.session.scalar(select(func.count(Notice.id))) == 0


def test_a_held_case_is_deleted_with_all_that_hangs_on_it(
    town: Town, frozen: Frozen, actor_as: ActorAs
) -> None:
    frozen("2026-03-02 10:00")
    case = make_initiative(town, "submitted")
    services.hold(actor_as("reviewer"), case.id, "Groźby.")
    _, original = photo(case)
    with writing():
        db.session.add(Reviewer(municipality_id=town.id, initiative_id=case.id, user_id=1))
        content.add_comment(
            case,
            stance=Stance.FOR,
            text="x",
            language="pl",
            user_id=None,
            name="",
            state=CommentState.VISIBLE,
        )
    frozen("2026-05-31 10:59")
    assert end("initiative.held") == 0
    frozen("2026-05-31 11:01")
    assert end("initiative.held") == 1
    with pytest.raises(Missing):
        queries.case(case.id)
    for model in (Author, Attachment, Reviewer, Comment, Notice, SearchDocument):
        assert db.session.scalar(select(func.count()).select_from(model)) == 0, model
    assert not files.exists(original)


def aged(case: Initiative, days: int) -> Initiative:
    """The case as if nobody had touched it for so many days."""
    with tenancy.within(case.municipality_id), writing():
        past = clock.now() - timedelta(days=days, minutes=1)
        db.session.execute(update(Initiative).where(Initiative.id == case.id).values(updated_at=past))
    return case


def test_drafts_nobody_touched_are_forgotten(town: Town, other_town: Town) -> None:
    old, theirs = (aged(make_initiative(place, "draft"), rules.DRAFT_DAYS) for place in (town, other_town))
    young = aged(make_initiative(town, "draft"), rules.DRAFT_DAYS - 1)
    others = [aged(make_initiative(town, state), 300) for state in ("submitted", "returned", "published")]
    assert end("initiative.draft") == 1
    with pytest.raises(Missing):
        queries.case(old.id)
    assert [queries.case(case.id).state for case in (young, *others)] == [
        "draft",
        "submitted",
        "returned",
        "published",
    ]
    with tenancy.within(other_town.id):
        assert queries.case(theirs.id).state == "draft"


def test_a_forgotten_draft_leaves_no_contact(town: Town) -> None:
    aged(make_initiative(town, "draft", email="tajny@people.example"), rules.DRAFT_DAYS)
    end("initiative.draft")
    assert db.session.scalar(select(func.count()).select_from(Author)) == 0
