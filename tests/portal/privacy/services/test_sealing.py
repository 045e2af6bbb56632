"""New keys: everything is sealed anew in batches, can be broken off, and says which old key may go (R40)."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update

from initiatives.models import Author
from portal.accounts.models import User
from portal.core import jobs, tenancy
from portal.core.actor import COMMANDER
from portal.core.config import Settings
from portal.core.db import Base, db, writing
from portal.core.jobs import Job
from portal.core.sealed import Sealed, ring
from portal.core.tenancy import Town
from portal.privacy.services import sealing
from tests.factories.accounts import make_member
from tests.portal.privacy.conftest import author_of

NEW = {"new": b"n" * 32}


@pytest.fixture
def rotated(settings: Settings) -> Iterator[None]:
    """A second key is in the ring, as after a change of PORTAL_SEAL_KEYS; the old one still opens."""
    yield
    ring.load(settings.seal_keys, settings.secret_key)


def rotate(settings: Settings) -> None:
    ring.load({**settings.seal_keys, **NEW}, settings.secret_key)


def only_new(settings: Settings) -> None:
    ring.load(NEW, settings.secret_key)


def test_every_sealed_column_is_in_the_list() -> None:
    names = {
        f"{mapper.local_table}.{column.key}"
        for mapper in Base.registry.mappers
        for column in mapper.columns
        if column.key.endswith("_sealed")
    }
    assert {column.label for column in sealing.columns()} == names


def test_all_cells_open_with_the_new_key_alone(
    app: Flask, town: Town, filed: Any, rotated: None, settings: Settings
) -> None:
    case = filed()
    member = make_member(town, "leader", email="adam@urzad.example")
    factor = member.totp
    with writing():
        jobs.enqueue("test.kind", {"secret": "list"})
    rotate(settings)
    with tenancy.within(None):
        done = sum(count for _column, count in sealing.reseal(COMMANDER))
        left = sealing.remaining()
    assert done == left["new"] > 0
    assert set(left) == {"new"}
    only_new(settings)
    db.session.rollback()
    assert author_of(case).email == "anna@people.example"
    user = db.session.scalars(select(User).where(User.id == member.id)).one()
    assert (user.email, user.totp) == ("adam@urzad.example", factor)
    row = db.session.scalars(select(Job).where(Job.kind == "test.kind")).one()
    assert json.loads(ring.open(row.payload_sealed, jobs.seal_of(row.id))) == {"secret": "list"}


def test_a_run_that_is_broken_off_goes_on_where_it_was(
    town: Town, filed: Any, rotated: None, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sealing, "BATCH", 1)
    for _ in range(3):
        filed()
    rotate(settings)
    run = sealing.reseal(COMMANDER)
    next(run)
    run.close()
    before = sealing.remaining()
    assert before["new"] == 1
    assert sum(count for _column, count in sealing.reseal(COMMANDER)) == before["test"]
    assert set(sealing.remaining()) == {"new"}
    assert list(sealing.reseal(COMMANDER)) == []


def test_a_cell_written_meanwhile_is_left_as_it_is(
    town: Town, filed: Any, rotated: None, settings: Settings
) -> None:
    case = filed()
    rotate(settings)
    stale = author_of(case)
    with writing():
        fresh = author_of(case)
        fresh.email = "nowa@people.example"
    column = next(one for one in sealing.columns() if one.label == "initiative_author.email_sealed")
    with writing():
        old = ring.seal("anna@people.example", Sealed.place_of(vars(Author)["email"], stale))
        stale = Author(id=stale.id, municipality_id=town.id, email_sealed=old)
        assert sealing._renew(column, stale) == 0
    db.session.rollback()
    assert author_of(case).email == "nowa@people.example"


def test_a_damaged_cell_stops_no_other_and_keeps_its_key_needed(
    town: Town, filed: Any, rotated: None, settings: Settings
) -> None:
    broken, fine = filed(), filed()
    with writing():
        db.session.execute(
            update(Author).where(Author.initiative_id == broken.id).values(name_sealed="test.AAAA")
        )
    rotate(settings)
    list(sealing.reseal(COMMANDER))
    assert sealing.remaining()["test"] == 1
    assert author_of(fine).name == "Anna Próbna"
