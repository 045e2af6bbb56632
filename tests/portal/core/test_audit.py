"""The audit chain: five kinds of tampering are found, and the database itself refuses changes (R36, F12)."""

import pytest
from sqlalchemy import delete, select, text, update
from sqlalchemy.exc import DBAPIError

from portal.core import audit, tenancy
from portal.core.actor import Actor, Channel
from portal.core.audit import AuditEntry, AuditHead
from portal.core.db import db, writing
from portal.core.tenancy import Municipality, Town
from portal.core.usecase import use_case

COMMAND = Actor(name="test", channel=Channel.COMMAND)


@use_case("account.own", code="test.noted")
def act(actor: Actor, number: int) -> None:
    audit.note(f"test:{number}", number=number)


@pytest.fixture
def chain(town: Town) -> int:
    for number in range(5):
        act(COMMAND, number)
    assert audit.verify() == []
    return town.id


def without_triggers() -> None:
    """What somebody with the database in hand would do first."""
    if db.engine.dialect.name == "sqlite":
        db.session.execute(text("DROP TRIGGER audit_entry_no_update"))
        db.session.execute(text("DROP TRIGGER audit_entry_no_delete"))
    else:
        db.session.execute(text("DROP TRIGGER audit_entry_only_grows ON audit_entry"))


def of(chain: int, seq: int) -> list[bool]:
    return [AuditEntry.chain == chain, AuditEntry.seq == seq]  # type: ignore[list-item]


@pytest.mark.parametrize("statement", [update(AuditEntry).values(code="x"), delete(AuditEntry)])
def test_the_database_refuses_to_change_the_log(chain: int, statement: object) -> None:
    with pytest.raises(DBAPIError, match="only grows"), writing():
        db.session.execute(statement)  # type: ignore[call-overload]


def test_a_changed_entry_is_found(chain: int) -> None:
    with writing():
        without_triggers()
        db.session.execute(update(AuditEntry).where(*of(chain, 2)).values(code="test.forged"))
    assert [gap.what for gap in audit.verify()] == ["changed"]


def test_a_removed_entry_is_found(chain: int) -> None:
    with writing():
        without_triggers()
        db.session.execute(delete(AuditEntry).where(*of(chain, 3)))
    assert "missing" in [gap.what for gap in audit.verify()]


def test_a_shortened_chain_is_found(chain: int) -> None:
    with writing():
        without_triggers()
        last = db.session.scalar(select(AuditHead.seq).where(AuditHead.chain == chain))
        db.session.execute(delete(AuditEntry).where(*of(chain, last or 0)))
    assert [gap.what for gap in audit.verify()] == ["cut short"]


def test_an_inserted_entry_is_found(chain: int) -> None:
    with writing():
        head = db.session.scalars(select(AuditHead).where(AuditHead.chain == chain)).one()
        forged = AuditEntry(
            chain=chain,
            seq=head.seq + 1,
            at=db.session.scalars(select(AuditEntry.at)).first(),
            user_id=1,
            channel="web",
            code="test.forged",
            subject="",
            details={},
            prev_hash=head.hash,
            hash="f" * 64,
        )
        db.session.add(forged)
    assert {gap.what for gap in audit.verify()} >= {"changed", "cut short"}


def test_a_lost_head_is_found(chain: int) -> None:
    with writing():
        db.session.execute(delete(AuditHead).where(AuditHead.chain == chain))
    assert [gap.what for gap in audit.verify()] == ["head missing"]


def test_personal_columns_appear_as_changed_only(town: Town) -> None:
    with writing():
        audit.begin(COMMAND, "test.personal")
        row = db.session.get_one(Municipality, town.id)
        Municipality.PERSONAL = ("mark",)  # type: ignore[misc]
        try:
            row.mark = "secret"
            db.session.flush()
        finally:
            Municipality.PERSONAL = ()  # type: ignore[misc]
        audit.seal()
    entry = db.session.scalars(select(AuditEntry).where(AuditEntry.code == "test.personal")).one()
    assert entry.details["rows"][0]["changes"]["mark"] == "changed"
    assert "secret" not in str(entry.details)


@use_case("account.own", code="test.first")
def act_in_two(actor: Actor, other: Town, *, fails: bool = False) -> None:
    audit.note("test:1")
    with tenancy.within(other.id), audit.beside(actor, "test.second"):
        audit.note("test:2")
    if fails:
        raise ValueError


def test_what_is_done_in_another_municipality_stands_in_its_chain(town: Town, other_town: Town) -> None:
    act_in_two(COMMAND, other_town)
    for place, code, subject in ((town, "test.first", "test:1"), (other_town, "test.second", "test:2")):
        entry = db.session.scalars(select(AuditEntry).where(AuditEntry.chain == place.id)).all()[-1]
        assert (entry.code, entry.subject) == (code, subject)
    assert audit.verify() == []


def test_of_an_act_that_fails_neither_chain_tells(town: Town, other_town: Town) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the act raises it bare
        act_in_two(COMMAND, other_town, fails=True)
    act(COMMAND, 1)
    codes = db.session.scalars(select(AuditEntry.code).where(AuditEntry.code.startswith("test."))).all()
    assert codes == ["test.noted"]
