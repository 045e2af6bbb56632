"""Filing: drafts that are kept, thrown away or sent, and what is recorded of them."""

import io
from collections.abc import Callable
from typing import Any

import pytest
from PIL import Image
from sqlalchemy import func, select

from initiatives import queries, rules, services
from initiatives.models import Author, Initiative, Place
from initiatives.services import What, Where, Who
from portal.content import queries as content_queries
from portal.content.models import Attachment, FileRole
from portal.core import files, tenancy
from portal.core.actor import Actor, Channel
from portal.core.audit import AuditEntry
from portal.core.db import db
from portal.core.errors import Conflict, Invalid, Missing, NotAllowed
from portal.core.tenancy import Town
from portal.core.workflow import Lane
from portal.notify.models import Notice
from tests.factories.initiatives import TEXT, TITLE

ActorAs = Callable[..., Actor]
WHAT = What(TITLE, TEXT, "greenery", cost=1250)
WHERE = Where(Place.POINT, 51.2465, 22.5684, "ul. Lipowa 3", "Śródmieście")


@pytest.fixture
def visitor(actor_as: ActorAs) -> Actor:
    return actor_as("visitor")


@pytest.fixture
def draft(visitor: Actor) -> str:
    """A complete draft."""
    token = services.start_draft(visitor, "pl", "begin")
    services.save_what(visitor, token, WHAT)
    services.save_where(visitor, token, WHERE)
    return token


def photo(name: str = "a.jpg") -> files.Stored:
    raw = io.BytesIO()
    Image.new("RGB", (60, 40), "teal").save(raw, "JPEG")
    return files.store_photo(raw.getvalue(), name)


def counted(table: Any) -> int:
    return db.session.scalar(select(func.count()).select_from(table)) or 0


def test_a_draft_keeps_what_was_written(town: Town, visitor: Actor, draft: str) -> None:
    services.save_who(visitor, draft, Who("Ewa", "ewa@poczta.example", shows_name=True))
    case = queries.draft_by_token(draft)
    assert (case.title, case.category, case.cost_minor, case.currency) == (TITLE, "greenery", 125_000, "PLN")
    assert (case.lat, case.lon, case.district) == (51.2465, 22.5684, "Śródmieście")
    assert case.author is not None
    assert (case.author.name, case.author.email, case.author.shows_name) == (
        "Ewa",
        "ewa@poczta.example",
        True,
    )
    assert case.number is None


def test_a_repeated_beginning_is_one_draft(town: Town, visitor: Actor) -> None:
    one, two = (services.start_draft(visitor, "pl", "same key") for _ in range(2))
    assert queries.draft_by_token(one).id == queries.draft_by_token(two).id
    assert counted(Initiative) == 1


def test_the_whole_municipality_has_no_point(town: Town, visitor: Actor, draft: str) -> None:
    services.save_where(visitor, draft, Where(Place.WHOLE, 51.2, 22.5))
    case = queries.draft_by_token(draft)
    assert (case.place, case.lat, case.lon) == (Place.WHOLE, None, None)


def test_a_name_that_is_not_given_is_not_shown(town: Town, visitor: Actor, draft: str) -> None:
    services.save_who(visitor, draft, Who(email="ewa@poczta.example", shows_name=True))
    author = queries.draft_by_token(draft).author
    assert author is not None
    assert author.shows_name is False


def test_a_draft_changed_on_another_device_is_a_conflict(town: Town, visitor: Actor, draft: str) -> None:
    seen = queries.draft_by_token(draft).version
    services.save_what(visitor, draft, What("Inny tytuł", TEXT, "roads"), seen)
    with pytest.raises(Conflict):
        services.save_where(visitor, draft, Where(Place.WHOLE), seen)
    case = queries.draft_by_token(draft)
    assert (case.title, case.place) == ("Inny tytuł", Place.POINT)


@pytest.mark.parametrize("token", ["", "nonsense", "1"])
def test_a_link_that_is_none_opens_no_draft(town: Town, visitor: Actor, token: str) -> None:
    with pytest.raises(Missing):
        services.save_what(visitor, token, WHAT)


def test_the_link_of_a_draft_opens_it_in_its_own_town_only(
    town: Town, other_town: Town, visitor: Actor, draft: str
) -> None:
    with tenancy.within(other_town.id), pytest.raises(Missing):
        queries.draft_by_token(draft)


def test_there_is_a_most_of_photos(
    town: Town, visitor: Actor, draft: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rules, "PHOTOS_MAX", 1)
    services.add_file(visitor, draft, photo(), FileRole.PHOTO, "Przystanek")
    with pytest.raises(Invalid, match="1 photos already"):
        services.add_file(visitor, draft, photo("b.jpg"), FileRole.PHOTO, "")
    assert [row.alt for row in content_queries.files(*queries.draft_by_token(draft).about)] == ["Przystanek"]


def test_a_photo_sent_twice_hangs_once(town: Town, visitor: Actor, draft: str) -> None:
    kept = [
        services.add_file(visitor, draft, photo(name), FileRole.PHOTO, "")
        for name in ("a.jpg", "a.jpg", "b.jpg")
    ]
    assert kept == [True, False, True]
    assert counted(Attachment) == 2


def test_a_removed_photo_leaves_no_file(town: Town, visitor: Actor, draft: str) -> None:
    stored = photo()
    services.add_file(visitor, draft, stored, FileRole.PHOTO, "")
    (row,) = content_queries.files(*queries.draft_by_token(draft).about)
    services.remove_file(visitor, draft, row.id)
    services.remove_file(visitor, draft, row.id)
    assert counted(Attachment) == 0
    assert not files.exists(stored.key)


def test_a_photo_of_another_draft_stays(town: Town, visitor: Actor, draft: str) -> None:
    services.add_file(visitor, draft, photo(), FileRole.PHOTO, "")
    (row,) = content_queries.files(*queries.draft_by_token(draft).about)
    services.remove_file(visitor, services.start_draft(visitor, "pl", "another"), row.id)
    assert counted(Attachment) == 1


def test_a_dropped_draft_is_gone_with_files_and_contact(town: Town, visitor: Actor, draft: str) -> None:
    stored = photo()
    services.add_file(visitor, draft, stored, FileRole.PHOTO, "")
    services.drop_draft(visitor, draft)
    assert (counted(Initiative), counted(Author), counted(Attachment)) == (0, 0, 0)
    assert not files.exists(stored.key)


def test_sending_gives_number_code_clock_and_history(town: Town, visitor: Actor, draft: str) -> None:
    receipt = services.submit(visitor, draft, "send")
    assert services.submit(visitor, draft, "send") == receipt
    assert receipt.code is not None
    case = services.open_by_code(receipt.number, receipt.code)
    assert (case.id, case.state, case.phase, case.listed_at) == (
        receipt.initiative_id,
        "submitted",
        "hidden",
        None,
    )
    assert case.submitted_at is not None
    assert [row.key for row in content_queries.open_deadlines(*case.about)] == ["check"]
    (step,) = content_queries.history(*case.about, tuple(Lane))
    assert (step.verb, step.who, step.lane) == ("submit", "author", Lane.AUTHOR)


def test_a_sent_draft_takes_no_more_words(town: Town, visitor: Actor, draft: str) -> None:
    services.submit(visitor, draft, "send")
    with pytest.raises(Missing) as caught:
        services.save_what(visitor, draft, WHAT)
    assert "sent already" in str(caught.value.reason)


def test_an_incomplete_draft_is_not_sent_and_takes_no_number(town: Town, visitor: Actor, draft: str) -> None:
    services.save_what(visitor, draft, What(TITLE, "Za krótko.", "greenery"))
    with pytest.raises(Invalid):
        services.submit(visitor, draft, "send")
    case = queries.draft_by_token(draft)
    assert (case.state, case.number) == ("draft", None)
    services.save_what(visitor, draft, WHAT)
    assert services.submit(visitor, draft, "send").number.endswith("-0001")


def test_an_account_gets_no_code_and_owns_the_case(town: Town, actor_as: ActorAs) -> None:
    ewa = actor_as("resident")
    token = services.start_draft(ewa, "pl", "begin")
    services.save_what(ewa, token, WHAT)
    services.save_where(ewa, token, WHERE)
    receipt = services.submit(ewa, token, "send")
    case = queries.case(receipt.initiative_id)
    assert receipt.code is None
    assert case.author_user_id == ewa.user_id
    assert case.author is not None
    assert case.author.code_hash is None


def test_a_call_belongs_to_the_caller_and_names_who_took_it(town: Town, actor_as: ActorAs) -> None:
    operator = actor_as("operator")
    receipt = services.take_call(operator, Channel.PHONE, WHAT, WHERE, Who(phone="+48602123456"), "pl", "k")
    case = queries.case(receipt.initiative_id)
    assert (case.channel, case.taken_by_user_id, case.author_user_id) == (
        Channel.PHONE,
        operator.user_id,
        None,
    )
    assert case.author is not None
    assert (case.author.phone, case.author.user_id) == ("+48602123456", None)
    assert receipt.code is not None
    entry = db.session.scalars(select(AuditEntry).where(AuditEntry.code == "initiative.taken")).one()
    assert (entry.user_id, entry.channel, entry.on_behalf) == (operator.user_id, "phone", True)


def test_only_operators_write_for_others(town: Town, actor_as: ActorAs) -> None:
    with pytest.raises(NotAllowed):
        services.take_call(actor_as("resident"), Channel.PHONE, WHAT, WHERE, Who(), "pl", "k")
    assert counted(Initiative) == 0


def test_the_link_of_a_draft_goes_out_once_and_ends_with_it(town: Town, visitor: Actor, draft: str) -> None:
    for _ in range(2):
        services.send_draft_link(visitor, draft, "ewa@poczta.example", "cs", "the-same-form")
    notice = db.session.scalars(select(Notice)).one()
    assert (notice.code, notice.email, notice.locale) == ("initiative.draft_link", "ewa@poczta.example", "cs")
    assert TITLE not in str(notice.values)
    services.drop_draft(visitor, draft)
    assert counted(Notice) == 0
