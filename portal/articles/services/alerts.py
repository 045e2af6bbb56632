"""Alerts: put up, changed, taken down. The clock turns them on and off; due work ages the pages that show them."""

from dataclasses import dataclass
from datetime import datetime

from portal.articles import queries, rules
from portal.articles.kinds import Level
from portal.articles.models import Alert
from portal.content import services as content_services
from portal.core import audit, clock, events, jobs
from portal.core.actor import Actor
from portal.core.db import db
from portal.core.errors import Conflict, Invalid
from portal.core.i18n import lazy_gettext as _l
from portal.core.usecase import once, use_case


@dataclass(frozen=True, slots=True)
class AlertWords:
    """What an alert says, where it leads, how loud it is and how long it runs."""

    level: Level
    texts: dict[str, str]
    href: str
    starts_at: datetime
    ends_at: datetime


@use_case("alert.manage", code="alert.put_up")
def put_up_alert(actor: Actor, words: AlertWords, key: str) -> int:
    """Put an alert up; its id. Raises Invalid for times that cannot be."""

    def act() -> int:
        _check(words)
        row = Alert(user_id=actor.user_id, created_at=clock.now(), version=1)
        _write(row, words)
        db.session.add(row)
        db.session.flush()  # Its due work names it.
        _plan(row)
        audit.note(f"alert:{row.id}")
        return row.id

    return int(once("alert.new", key, act))


@use_case("alert.manage", code="alert.changed", load=queries.alert)
def change_alert(actor: Actor, row: Alert, words: AlertWords, version: int) -> None:
    """Change an alert. Raises Conflict carrying the present one when somebody else did, Invalid."""
    content_services.need_version(row, version)
    _check(words)
    _write(row, words)
    row.version += 1
    _plan(row)
    audit.note(f"alert:{row.id}")


@use_case("alert.manage", code="alert.ended", load=queries.alert)
def end_alert(actor: Actor, row: Alert) -> None:
    """Take it down now. Raises Conflict when it is over already."""
    now = clock.now()
    if row.ends_at <= now:
        raise Conflict(_l("This alert is over already."))
    row.starts_at, row.ends_at = min(row.starts_at, now), now
    row.version += 1
    audit.note(f"alert:{row.id}")
    events.tell("content.changed", row)


def _check(words: AlertWords) -> None:
    wrong = rules.alert_problems(words.starts_at, words.ends_at)
    if words.ends_at <= clock.now():
        wrong = {"end_day": _l("This moment has passed. Choose a later one.")}
    if wrong:
        raise Invalid("", wrong)


def _write(row: Alert, words: AlertWords) -> None:
    row.level, row.texts, row.href = words.level, words.texts, words.href
    row.starts_at, row.ends_at = words.starts_at, words.ends_at


def _plan(row: Alert) -> None:
    """Age the pages now, and again at both ends."""
    events.tell("content.changed", row)
    for at in (row.starts_at, row.ends_at):
        if at > clock.now():
            jobs.enqueue(
                "alert.turn", {}, due_at=at, dedupe=f"alert.turn:{row.id}:{at.isoformat()}:{row.version}"
            )
