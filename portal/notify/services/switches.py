"""Who may stop SMS, how many a day may cost: the office for itself, the portal operator for everybody."""

from sqlalchemy import select

from portal.core import audit, clock, tenancy
from portal.core.actor import Actor
from portal.core.db import db, insert_or_keep
from portal.core.errors import Conflict, Invalid
from portal.core.i18n import lazy_gettext as _l
from portal.core.usecase import use_case
from portal.notify import rules, sms
from portal.notify.models import MessageRule

HELD = _l(
    "The portal operator has stopped SMS of this municipality. Write to them; only they start them again."
)
CHANGED = _l("Somebody else changed this meanwhile. Look at what holds now, then repeat your change.")


@use_case("message.settings", code="sms.stopped")
def stop_here(actor: Actor, reason: str) -> None:
    """Send no SMS of one's own municipality any more; harmless the second time."""
    _stop(actor, _here(), reason, held=False)


@use_case("message.settings", code="sms.started")
def start_here(actor: Actor) -> None:
    """Send them again. Raises Conflict where the portal operator has stopped them."""
    row = _row(_here())
    if row.held:
        raise Conflict(HELD)
    _start(row)


@use_case("message.settings", code="message.ways")
def set_ways(actor: Actor, *, folds: bool, window_left: bool, version: int) -> None:
    """How SMS and letters of one's municipality look. Raises Conflict for an older version."""
    row = _row(_here(), version)
    row.folds, row.window_left = folds, window_left


@use_case("portal.operate", code="sms.stopped")
def stop(actor: Actor, place: int, reason: str) -> None:
    """Send no SMS of a place any more, of no place at all with `sms.INSTALLATION`; only `start` undoes it."""
    _stop(actor, place, reason, held=True)


@use_case("portal.operate", code="sms.started")
def start(actor: Actor, place: int) -> None:
    """Send them again, whoever has stopped them."""
    _start(_row(place))


@use_case("portal.operate", code="sms.budget")
def set_budget(actor: Actor, place: int, parts: int, version: int | None = None) -> None:
    """How many parts a place may send in a local day; without `version` whatever holds now.

    Raises Invalid for a figure out of bounds, Conflict for an older version.
    """
    if not 0 <= parts <= rules.MOST_PARTS_A_DAY:
        wrong = {"parts": _l("Write a whole number from 0 to 100,000.")}
        raise Invalid(_l("The budget was not changed."), wrong)
    _row(place, version).parts_a_day = parts


def _here() -> int:
    """The municipality in scope: an administrator's page always has one."""
    place = tenancy.current_id()
    if place is None:
        raise RuntimeError("SMS of no municipality are the portal operator's.")
    return place


def _row(place: int, version: int | None = None) -> MessageRule:
    """The row of a place, locked, of the version the page was made from."""
    if version is not None and version != sms.rule_of(place).version:
        raise Conflict(CHANGED)
    new = sms.Rule(place)
    insert_or_keep(
        MessageRule,
        place=place,
        parts_a_day=new.parts_a_day,
        folds=new.folds,
        window_left=new.window_left,
        held=new.held,
        version=new.version,
    )
    row = db.session.scalars(select(MessageRule).where(MessageRule.place == place).with_for_update()).one()
    row.version += 1
    audit.note(f"sms:{place}")
    return row


def _stop(actor: Actor, place: int, reason: str, *, held: bool) -> None:
    row = _row(place)
    if row.stopped_at is None:
        row.stopped_at, row.stopped_by, row.stop_reason = clock.now(), actor.user_id, reason
    row.held = row.held or held


def _start(row: MessageRule) -> None:
    row.stopped_at = row.stopped_by = row.stop_reason = None
    row.held = False
