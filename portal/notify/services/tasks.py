"""Letters and calls for people without e-mail: printed in batches, posted; called, called again, planned anew.

Every step is a row of the message's story, with who did it.
"""

from collections.abc import Iterable
from datetime import date

from sqlalchemy import select, update

from portal.core import audit, calendar, clock, readings, tenancy
from portal.core.actor import Actor
from portal.core.db import db
from portal.core.errors import Conflict, Invalid
from portal.core.i18n import lazy_gettext as _l
from portal.core.readings import Why
from portal.core.sealed import new_row_id
from portal.core.tenancy import Town
from portal.core.usecase import once, use_case
from portal.notify import queries, rules
from portal.notify.delivery import record
from portal.notify.kinds import Channel, Delivery, Outcome
from portal.notify.models import LetterBatch, Notice
from portal.notify.services.acts import done

NO_CALL = _l("This is not a call that waits to be made.")


@use_case("message.read", code="letters.printed")
def make_batch(actor: Actor, notice_ids: Iterable[int], form_key: str) -> int:
    """Put waiting letters into a batch to be printed together; its id, the same for a repeated post.

    Letters that somebody else has taken meanwhile are left out. Raises Invalid when none is left.
    """

    def make() -> int:
        ids = _free_letters(notice_ids)
        if not ids:
            raise Invalid(_l("Tick at least one letter that still waits."))
        batch = LetterBatch(
            id=new_row_id(), made_at=clock.now(), made_by=actor.user_id, letters=len(ids), posted_at=None
        )
        db.session.add(batch)
        db.session.flush()  # The letters point to it.
        db.session.execute(update(Notice).where(Notice.id.in_(ids)).values(batch_id=batch.id))
        for notice_id in ids:
            record(notice_id, Outcome.PRINTED, user_id=actor.user_id)
        audit.note(f"letters:{batch.id}", letters=len(ids))
        return batch.id

    made: int = once("letters", form_key, make)
    return made


def _free_letters(notice_ids: Iterable[int]) -> list[int]:
    wanted = list(dict.fromkeys(notice_ids))[: queries.LETTERS_AT_ONCE]
    free = select(Notice.id).where(*queries.FREE_LETTERS, Notice.id.in_(wanted)).with_for_update()
    return list(db.session.scalars(free))


@use_case("message.read", code="letters.opened", load=queries.batch)
def read_batch(_actor: Actor, batch: LetterBatch, why: Why) -> None:
    """Somebody opens the pages with all addresses: the audit log keeps who, when, of which cases and why (R35)."""
    letters = queries.letters_of(batch.id)
    readings.record(f"letters:{batch.id}", why, *(letter.case_number for letter in letters))
    audit.note(letters=len(letters))


@use_case("message.read", code="letters.posted", load=queries.batch)
def settle_batch(actor: Actor, batch: LetterBatch, posted: Iterable[int]) -> int:
    """Tick off the letters that were posted, put the others back; how many were posted. Harmless when repeated."""
    waiting = {letter.id for letter in queries.letters_of(batch.id)}
    gone = waiting & set(posted)
    for notice_id in sorted(gone):
        done(notice_id, actor.user_id)
    for notice_id in sorted(waiting - gone):
        db.session.execute(update(Notice).where(Notice.id == notice_id).values(batch_id=None))
        record(notice_id, Outcome.SPOILT, user_id=actor.user_id)
    batch.posted_at = batch.posted_at or clock.now()
    audit.note(f"letters:{batch.id}", posted=len(gone), back=len(waiting) - len(gone))
    return len(gone)


@use_case("message.read", code="call.unreached", load=queries.one)
def not_reached(actor: Actor, notice: Notice, unreached: int, note: str = "") -> bool:
    """Nobody answered: the next working day, and after the second time somebody decides; whether it is so far.

    `unreached` is what the page showed: a post that comes twice counts once. Raises Conflict for other messages.
    """
    _need_call(notice)
    if notice.unreached == unreached:
        town = _town(notice)
        today = clock.today(town.zone)
        tomorrow = calendar.add_working_days(today, 1, town.country, town.closed_days)
        _change(notice, unreached=unreached + 1, due_on=tomorrow)
        _note(actor, notice, Outcome.UNREACHED, note)
        return unreached + 1 >= rules.UNREACHED_TWICE
    return notice.unreached >= rules.UNREACHED_TWICE


@use_case("message.read", code="call.planned", load=queries.one)
def plan_call(actor: Actor, notice: Notice, due_on: date, note: str = "") -> None:
    """Choose another day for a call; counting begins anew. Raises Invalid for a day that will not do, Conflict."""
    _need_call(notice)
    town = _town(notice)
    works = calendar.is_working_day(due_on, town.country, town.closed_days)
    problem = rules.plan_problem(due_on, clock.today(town.zone), works=works)
    if problem:
        raise Invalid(_l("The call was not planned."), {"due_on": problem})
    _change(notice, unreached=0, due_on=due_on)
    _note(actor, notice, Outcome.PLANNED, note)


@use_case("message.read", code="call.by_letter", load=queries.one)
def by_letter(actor: Actor, notice: Notice) -> None:
    """Write instead of calling. Raises Conflict where no postal address is known."""
    _need_call(notice)
    if not notice.postal:
        raise Conflict(_l("No postal address is known. Plan another day, or give up."))
    _change(notice, channel=Channel.LETTER, unreached=0, due_on=None)
    _note(actor, notice, Outcome.BY_LETTER)


@use_case("message.read", code="message.given_up", load=queries.one)
def give_up(actor: Actor, notice: Notice, note: str) -> None:
    """Nobody can be told: the message counts as not delivered, with the reason. Raises Conflict for other messages."""
    if notice.state is Delivery.DEAD:
        return
    if not notice.channel.is_task or notice.state is not Delivery.WAITING:
        raise Conflict(_l("This is not a letter or a call that waits to be done."))
    _change(notice, state=Delivery.DEAD, batch_id=None)
    _note(actor, notice, Outcome.GIVEN_UP, note)


def _need_call(notice: Notice) -> None:
    if notice.channel is not Channel.PHONE or notice.state is not Delivery.WAITING:
        raise Conflict(NO_CALL)


def _town(notice: Notice) -> Town:
    return tenancy.town_by_id(notice.municipality_id or 0)


def _change(notice: Notice, **values: object) -> None:
    db.session.execute(update(Notice).where(Notice.id == notice.id).values(**values))


def _note(actor: Actor, notice: Notice, outcome: Outcome, note: str = "") -> None:
    audit.note(f"message:{notice.id}", message=notice.code)
    record(notice.id, outcome, user_id=actor.user_id, note=note)
