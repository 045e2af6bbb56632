"""What stands between a message and the SMS gate: stop switches, the budget of a day, limits of numbers and networks.

Every SMS costs money and may be asked for by strangers (T13 in docs/security.md): whatever cannot be decided
here, such as a database that is taken, stops the SMS and nothing else (R55, R56).
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select, update

from portal.core import clock, throttle
from portal.core.db import db, insert_or_keep, writing
from portal.core.errors import TooMany
from portal.core.throttle import Limit
from portal.notify import rules
from portal.notify.channels import DeliveryError
from portal.notify.kinds import Trouble
from portal.notify.models import MessageRule, SmsDay
from portal.notify.rules import SmsLength

INSTALLATION = 0
"""The `place` of messages that belong to no municipality, and of the switch above all of them."""
MINUTE = Limit("sms-minute", 1, 60)
DAY = Limit("sms-day", 5, 86_400)
NETWORK = Limit("sms-network", 20, 3_600)
"""Per number, and per network of visitors whose acts made the portal write. Source: R55."""


@dataclass(frozen=True, slots=True)
class Rule:
    """How a place sends: `parts_a_day` is its budget, `folds` drops marks of letters; `window_left` where
    the window of its envelopes is; `version` for edits.
    """

    place: int
    parts_a_day: int = rules.DEFAULT_PARTS_A_DAY
    folds: bool = False
    window_left: bool = False
    stopped_at: datetime | None = None
    stopped_by: int | None = None
    stop_reason: str = ""
    held: bool = False
    version: int = 0


@dataclass(frozen=True, slots=True)
class Request:
    """An SMS about to go out: from which place, in whose local day, to which number, how long."""

    place: int
    zone: str
    phone: str
    length: SmsLength
    network_key: str | None


def rule_of(place: int) -> Rule:
    """What was decided for a place, or what holds where nobody decided."""
    row = db.session.scalar(select(MessageRule).where(MessageRule.place == place))
    if row is None:
        return Rule(place)
    return Rule(
        place,
        row.parts_a_day,
        row.folds,
        row.window_left,
        row.stopped_at,
        row.stopped_by,
        row.stop_reason or "",
        row.held,
        row.version,
    )


def is_stopped(place: int) -> bool:
    """Whether SMS of a place are switched off, by its office or by the portal operator for all."""
    statement = select(MessageRule.place).where(
        MessageRule.place.in_((place, INSTALLATION)), MessageRule.stopped_at.is_not(None)
    )
    return db.session.scalar(statement.limit(1)) is not None


def used(place: int, day: date) -> int:
    """Parts of this local day so far."""
    return db.session.scalar(select(SmsDay.parts).where(SmsDay.place == place, SmsDay.day == day)) or 0


@contextmanager
def allowed(request: Request, warn: Callable[[int, int], None]) -> Iterator[None]:
    """Hand over within this block, if at all: raises DeliveryError where a switch or a limit says no.

    What was counted is given back when the gate certainly took nothing, so that an outage uses nothing up.
    `warn(used, budget)` is called inside the transaction that crosses the alarm's share of the budget.
    """
    if is_stopped(request.place):
        raise DeliveryError(Trouble.SMS_OFF)
    day = clock.today(request.zone)
    with _counted(request), _spent(request, day, warn):
        yield


@contextmanager
def _counted(request: Request) -> Iterator[None]:
    counters: list[tuple[Limit, str]] = [(MINUTE, request.phone), (DAY, request.phone)]
    if request.network_key:
        counters.append((NETWORK, request.network_key))
    taken: list[tuple[Limit, str]] = []
    try:
        for limit, key in counters:
            throttle.hit(limit, key)
            taken.append((limit, key))
        yield
    except TooMany as problem:
        _give_back(taken)
        raise DeliveryError(Trouble.SMS_OFTEN) from problem
    except DeliveryError as problem:
        if not problem.unsure:
            _give_back(taken)
        raise


def _give_back(taken: list[tuple[Limit, str]]) -> None:
    for limit, key in taken:
        throttle.give_back(limit, key)


@contextmanager
def _spent(request: Request, day: date, warn: Callable[[int, int], None]) -> Iterator[None]:
    budget = rule_of(request.place).parts_a_day
    here = (SmsDay.place == request.place, SmsDay.day == day)
    parts = request.length.parts
    with writing():
        insert_or_keep(SmsDay, place=request.place, day=day, parts=0)
        more = update(SmsDay).where(*here, SmsDay.parts + parts <= budget).values(parts=SmsDay.parts + parts)
        if not db.session.execute(more).rowcount:  # type: ignore[attr-defined]
            raise DeliveryError(Trouble.SMS_SPENT)
        now = used(request.place, day)
        if rules.is_alarm(now - parts, now, budget):
            warn(now, budget)
    try:
        yield
    except DeliveryError as problem:
        if not problem.unsure:
            with writing():
                db.session.execute(update(SmsDay).where(*here).values(parts=SmsDay.parts - parts))
        raise
