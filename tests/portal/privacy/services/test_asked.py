"""Requests of people: copy and erasure in one municipality, two people for much, tombstones."""

import io
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from PIL import Image
from sqlalchemy import func, select

from initiatives import queries as cases
from initiatives import services as initiatives
from initiatives.models import Initiative
from portal.accounts.services import account
from portal.content import services as content
from portal.content.models import Attachment, FileRole
from portal.core import files, tenancy
from portal.core.actor import Actor
from portal.core.audit import AuditEntry
from portal.core.db import db, writing
from portal.core.errors import Invalid, NotAllowed, TooMany
from portal.core.tenancy import Town
from portal.notify.models import Notice
from portal.privacy import privacy, queries, rules
from portal.privacy.models import DataRequest
from portal.privacy.queries import Known
from portal.privacy.services import asked
from portal.search.models import SearchDocument
from tests.factories.initiatives import CODE, TEXT, make_initiative
from tests.portal.privacy.conftest import author_of, erased_lines

ActorAs = Callable[..., Actor]
ANNA = Known(email="anna@people.example")


def opened(actor: Actor, known: Known = ANNA, key: str = "key-of-a-form-0001") -> int:
    return asked.open_request(actor, known, "document", key)


def test_a_request_keeps_who_sealed_and_says_nobody_in_the_log(
    town: Town, actor_as: ActorAs, filed: Any
) -> None:
    filed()
    officer = actor_as("dpo")
    row = queries.request(opened(officer))
    assert row.who == '["anna@people.example"]'
    assert "anna" not in (row.who_sealed or "")
    entry = db.session.scalars(select(AuditEntry).where(AuditEntry.code == "privacy.asked")).one()
    assert "anna" not in str(entry.details)
    assert not set(row.keys) & set(str(entry.details).split('"'))


def test_a_repeated_post_is_one_request(town: Town, actor_as: ActorAs, filed: Any) -> None:
    filed()
    officer = actor_as("dpo")
    assert opened(officer) == opened(officer)


def test_nobody_is_asked_about_who_is_not_here(town: Town, actor_as: ActorAs) -> None:
    with pytest.raises(Invalid):
        opened(actor_as("dpo"))


def test_codes_cannot_be_guessed_at_the_desk(town: Town, actor_as: ActorAs, filed: Any) -> None:
    case = filed(with_code=True)
    officer = actor_as("dpo")
    for _ in range(10):
        with pytest.raises(Invalid):
            opened(officer, Known(number=case.number or "", code="0000-0000-0000-0000"))
    with pytest.raises(TooMany):
        opened(officer, Known(number=case.number or "", code=CODE))


def test_a_copy_holds_what_is_kept_here_and_nothing_of_elsewhere(
    town: Town, other_town: Town, actor_as: ActorAs, filed: Any
) -> None:
    here, _there = filed(), filed(place=other_town)
    officer = actor_as("dpo")
    parts = asked.copy(officer, opened(officer))
    records = [row for part in parts for row in part.records]
    assert [row["number"] for row in records] == [here.number]
    assert (records[0]["email"], records[0]["text"]) == ("anna@people.example", TEXT)
    db.session.rollback()
    entry = db.session.scalars(select(AuditEntry).where(AuditEntry.code == "privacy.copied")).one()
    assert entry.details["counts"]["initiatives"] == 1
    assert "anna" not in str(entry.details)


@pytest.mark.parametrize("role", ["leader", "reviewer", "operator", "decision_maker", "portal_operator"])
def test_others_hand_out_and_erase_nothing(town: Town, actor_as: ActorAs, filed: Any, role: str) -> None:
    filed()
    request_id = opened(actor_as("dpo"))
    for act in (asked.copy, asked.erase):
        with pytest.raises(NotAllowed):
            act(actor_as(role), request_id)


def test_an_erasure_asks_for_signing_in_again(town: Town, actor_as: ActorAs, filed: Any) -> None:
    filed()
    request_id = opened(actor_as("dpo"))
    with pytest.raises(NotAllowed):
        asked.erase(actor_as("dpo", fresh=False), request_id)


def test_an_erasure_reaches_contacts_messages_and_leaves_words_counts_and_a_tombstone(
    app: Flask, town: Town, other_town: Town, actor_as: ActorAs, filed: Any
) -> None:
    case, theirs = filed("submitted"), filed(place=other_town)
    initiatives.publish(actor_as("reviewer"), case.id)
    assert db.session.scalar(select(func.count(Notice.id))) == 1
    officer = actor_as("dpo")
    request_id = opened(officer)
    assert asked.erase(officer, request_id)
    db.session.rollback()
    author = author_of(case)
    assert {author.name, author.email, author.phone, author.person, author.phone_key} == {None}
    assert cases.case(case.id).text == TEXT
    assert db.session.scalar(select(func.count(Notice.id))) == 0
    assert author_of(theirs).email == "anna@people.example"
    row = queries.request(request_id)
    assert (row.who, row.keys, row.person_id) == (None, [], None)
    assert row.erased_by_id == officer.user_id
    assert row.counts["initiatives"] == 1
    (line,) = erased_lines(app)
    assert line["town"] == "lublin"
    assert "anna" not in str(line)


def test_a_case_the_public_never_saw_loses_words_files_and_place_in_the_search(
    town: Town, actor_as: ActorAs, filed: Any
) -> None:
    case = filed("submitted", title="Schody do mojej piwnicy")
    raw = io.BytesIO()
    Image.new("RGB", (40, 30), "red").save(raw, "JPEG")
    stored = files.store_photo(raw.getvalue(), "a.jpg")
    with writing():
        content.attach(case, stored, FileRole.PHOTO)
    officer = actor_as("dpo")
    asked.erase(officer, opened(officer))
    db.session.rollback()
    after = cases.case(case.id)
    assert (after.state, after.text, after.address, after.lat) == ("withdrawn", "", "", None)
    assert "piwnicy" not in after.title
    assert after.title
    assert db.session.scalar(select(func.count(Attachment.id))) == 0
    assert not files.exists(stored.key)
    assert not files.exists(stored.original_key or "")
    (found,) = db.session.scalars(select(SearchDocument)).all()
    assert "piwnic" not in found.words
    assert not found.public
    assert db.session.scalar(select(func.count(Notice.id))) == 0


def test_a_draft_goes_whole(town: Town, actor_as: ActorAs, filed: Any) -> None:
    filed("draft")
    officer = actor_as("dpo")
    asked.erase(officer, opened(officer))
    db.session.rollback()
    assert db.session.scalar(select(func.count(Initiative.id))) == 0


def test_much_at_once_waits_for_a_second_person(
    town: Town, actor_as: ActorAs, filed: Any, monkeypatch: pytest.MonkeyPatch, outbox: Any
) -> None:
    monkeypatch.setattr(rules, "MASS_RECORDS", 2)
    first, _second = filed(), filed()
    officer, admin = actor_as("dpo"), actor_as("admin")
    request_id = opened(officer)
    assert not asked.erase(officer, request_id)
    db.session.rollback()
    assert author_of(first).email == "anna@people.example"
    assert [row.user_id for row in outbox() if row.code == "privacy.second"] == [admin.user_id]
    with pytest.raises(NotAllowed):
        asked.erase(officer, request_id)
    db.session.rollback()
    assert author_of(first).email == "anna@people.example"
    assert asked.erase(admin, request_id)
    db.session.rollback()
    assert author_of(first).email is None
    row = queries.request(request_id)
    assert (row.erasure_asked_by_id, row.erased_by_id) == (officer.user_id, admin.user_id)


def test_an_answered_request_opens_nothing_again(town: Town, actor_as: ActorAs, filed: Any) -> None:
    filed()
    officer = actor_as("dpo")
    request_id = opened(officer)
    asked.erase(officer, request_id)
    for act in (asked.copy, asked.erase):
        with pytest.raises(Invalid):
            act(officer, request_id)


def test_whose_request_it_was_is_forgotten_after_a_month(
    town: Town, actor_as: ActorAs, filed: Any, frozen: Any
) -> None:
    frozen("2026-03-02 10:00")
    filed()
    officer = actor_as("dpo")
    request_id = opened(officer)
    asked.copy(officer, request_id)
    record = next(row for row in privacy.RETENTION if row.key == "privacy.request")
    assert record.due is not None
    assert record.erase is not None
    frozen("2026-03-31 10:00")
    assert record.due() == 0
    frozen("2026-04-02 10:00")
    assert record.due() == 1
    with writing():
        assert record.erase(100) == 1
    db.session.rollback()
    assert queries.request(request_id).is_over
    assert queries.request(request_id).copied_by_id == officer.user_id


def test_erasing_an_account_takes_its_requests_along(town: Town, actor_as: ActorAs) -> None:
    ewa = actor_as("resident", email="ewa@people.example")
    make_initiative(town, author=ewa)
    request_id = opened(actor_as("dpo"), Known(email="ewa@people.example"))
    account.erase(ewa, ewa.user_id or 0)
    db.session.rollback()
    with tenancy.within(town.id):
        assert db.session.scalars(select(DataRequest)).one().is_over
        assert queries.request(request_id).keys == []
