"""Signatures on paper: counted twice and blind, struck out with a reason, and never a name.

A sheet counts once two countings agree. Whoever counts second does not see the first number; if they differ, both are
shown and it is counted again, until the last two agree or one of them is met.
"""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import func, select

from initiatives import queries, rules
from initiatives.counting import PAPER
from initiatives.models import Initiative, SheetState, SignatureSheet
from initiatives.services import figures, supporting
from initiatives.services.joining import need_public
from initiatives.services.settling import count
from portal.content import move
from portal.core import clock, tenancy
from portal.core.actor import Actor
from portal.core.calendar import local_day
from portal.core.db import db
from portal.core.errors import Conflict, Invalid, Missing
from portal.core.i18n import Filled, Text, speaking
from portal.core.i18n import gettext as _
from portal.core.i18n import lazy_gettext as _l
from portal.core.usecase import once, use_case
from portal.core.workflow import Lane

CHANGED = _l("Somebody else worked on this sheet meanwhile. Look at it as it stands now.")


@dataclass(frozen=True, slots=True)
class Counted:
    """A sheet as somebody enters it."""

    valid: int | None
    signed_on: date | None
    place: str = ""
    remark: str = ""


@use_case("initiative.count", code="initiative.sheet_entered", load=queries.case)
def enter_sheet(actor: Actor, case: Initiative, entered: Counted, key: str) -> int:
    """Enter a sheet with the first counting; the number to write on it. A repeated post enters nothing.

    Raises Invalid for numbers, days and words out of bounds.
    """
    need_public(case)
    _need_sound(case, entered)

    def act() -> int:
        last = select(func.max(SignatureSheet.serial)).where(SignatureSheet.initiative_id == case.id)
        row = SignatureSheet(
            municipality_id=case.municipality_id,
            initiative_id=case.id,
            serial=(db.session.scalar(last) or 0) + 1,
            signed_on=entered.signed_on,
            place=entered.place.strip(),
            remark=entered.remark.strip(),
            state=SheetState.WAITING,
            first=entered.valid,
            first_at=clock.now(),
            first_by=actor.user_id,
        )
        db.session.add(row)
        db.session.flush()
        return row.serial

    return int(once(f"initiative.sheet:{case.id}", key, act))


def _need_sound(case: Initiative, entered: Counted) -> None:
    wrong: dict[str, Text] = {}
    if entered.valid is None or not 0 <= entered.valid <= rules.SIGNATURES_MAX:
        wrong["valid"] = _number_wanted()
    if entered.signed_on is None or entered.signed_on > case.local_today:
        wrong["signed_on"] = _l("Write the day of the last signature; it cannot lie ahead.")
    elif entered.signed_on > supporting.paper_until(case):
        wrong["signed_on"] = supporting.LATE_SIGNATURE
    elif case.listed_at and entered.signed_on < local_day(case.listed_at, _zone(case)):
        wrong["signed_on"] = _l("The initiative was not public yet on that day. Check the date.")
    if len(entered.place) > rules.PLACE_MAX:
        wrong["place"] = _l("This text is too long. Shorten it.")
    if len(entered.remark) > rules.REMARK_MAX:
        wrong["remark"] = _l("This text is too long. Shorten it.")
    if wrong:
        raise Invalid(_l("The sheet was not entered."), wrong)


def _number_wanted() -> str:
    return str(Filled("Write a whole number from 0 to %(most)s.", {"most": rules.SIGNATURES_MAX}))


def _zone(case: Initiative) -> str:
    return tenancy.town_by_id(case.municipality_id).zone


@use_case("initiative.count", code="initiative.sheet_counted", load=queries.case)
def count_again(actor: Actor, case: Initiative, sheet_id: int, valid: int | None, version: int) -> bool:
    """Count a sheet another time; whether it agrees with an earlier counting, so that it counts now.

    Raises Missing, Conflict when it was counted or struck out meanwhile, Invalid for what is no number.
    """
    need_public(case)
    row = _sheet(case, sheet_id, version)
    if row.state not in (SheetState.WAITING, SheetState.DIFFERS):
        raise Conflict(CHANGED)
    if valid is None or not 0 <= valid <= rules.SIGNATURES_MAX:
        raise Invalid(_number_wanted(), {"valid": _number_wanted()})
    row.version += 1
    agreed = rules.agreed([n for n in (row.first, row.second) if n is not None], valid)
    if row.second is not None and row.second_at is not None:
        # Of three different numbers the last two are compared.
        row.first, row.first_at, row.first_by = row.second, row.second_at, row.second_by
    row.second, row.second_at, row.second_by = valid, clock.now(), actor.user_id
    if agreed is None:
        row.state = SheetState.DIFFERS
        return False
    row.state, row.valid, row.counted_at = SheetState.COUNTED, agreed, row.second_at
    _add(case, agreed)
    note = counted_note(row.serial, agreed, tenancy.town_by_id(case.municipality_id).language)
    move.record(actor, case, "sheet", lane=Lane.INTERNAL, internal_note=note, who="team")
    return True


def counted_note(serial: int, valid: int, language: str) -> str:
    """What the history says of a sheet that counts, in the language of the office."""
    with speaking(language):
        return _("Sheet %(serial)s, valid signatures: %(n)s", serial=serial, n=valid)


@use_case("initiative.count", code="initiative.sheet_struck", load=queries.case)
def strike_sheet(actor: Actor, case: Initiative, sheet_id: int, why: str, version: int) -> None:
    """Strike a sheet out with a reason; what it counted is taken off again, and the public reads why."""
    row = _sheet(case, sheet_id, version)
    if row.state is SheetState.STRUCK:
        raise Conflict(CHANGED)
    words = why.strip()
    if not words or len(words) > rules.REMARK_MAX:
        reason: Text = _l("Give a reason.") if not words else _l("This text is too long. Shorten it.")
        raise Invalid(reason, {"why": reason})
    was_counted = row.state is SheetState.COUNTED
    row.state, row.struck_at, row.struck_by, row.struck_why = (
        SheetState.STRUCK,
        clock.now(),
        actor.user_id,
        words,
    )
    row.version += 1
    if was_counted:
        _add(case, -(row.valid or 0), counted_at=row.counted_at)
    move.record(
        actor,
        case,
        "sheet_struck",
        lane=Lane.PUBLIC if was_counted else Lane.INTERNAL,
        note=words if was_counted else "",
        internal_note="" if was_counted else words,
        who="team",
    )


def _sheet(case: Initiative, sheet_id: int, version: int) -> SignatureSheet:
    row = db.session.scalar(
        select(SignatureSheet)
        .where(SignatureSheet.initiative_id == case.id, SignatureSheet.id == sheet_id)
        .with_for_update()
    )
    if row is None:
        raise Missing
    if row.version != version:
        raise Conflict(CHANGED)
    return row


def _add(case: Initiative, n: int, counted_at: datetime | None = None) -> None:
    """Shift both counters, the figures, and see whether that reaches the threshold."""
    if not n:
        return
    count(case, support_count=n, paper_count=n)
    day = local_day(counted_at, _zone(case)) if counted_at else case.local_today
    figures.supported(case, PAPER, day, n)
    if n > 0:
        supporting.weigh(case, case.support_count + n)
