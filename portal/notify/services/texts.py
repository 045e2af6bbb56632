"""An office's own words for messages: written, taken back, an earlier version taken up again."""

from dataclasses import asdict

from portal.core import audit, clock
from portal.core.actor import Actor
from portal.core.db import db
from portal.core.errors import Conflict, Invalid, Missing
from portal.core.i18n import LOCALES
from portal.core.i18n import lazy_gettext as _l
from portal.core.sealed import new_row_id
from portal.core.usecase import use_case
from portal.notify import queries, rules
from portal.notify.models import NoticeText
from portal.notify.rules import OwnText

CHANGED = _l("Somebody else changed this text meanwhile. Both are shown; save yours again if it is to hold.")


@use_case("message.settings", code="message.worded")
def write_text(actor: Actor, code: str, locale: str, own: OwnText, version: int) -> None:
    """Put one's own words in force, made from `version` (0: ours). Raises Invalid, Conflict with the text that holds.

    Words that are in force already make no new version. Words that are all empty are ours again.
    """
    kind = queries.kind(code)
    known = {place.name for place in kind.placeholders} | {rules.OFFICE}
    required = {place.name for place in kind.placeholders if place.required}
    problems = rules.text_problems(own, known, required)
    if problems:
        raise Invalid(_l("The text was not saved."), dict(problems))
    _put(actor, code, locale, own, version)


@use_case("message.settings", code="message.unworded")
def drop_text(actor: Actor, code: str, locale: str, version: int) -> None:
    """Let our words hold again. Raises Conflict for an older version."""
    queries.kind(code)
    _put(actor, code, locale, OwnText(), version)


@use_case("message.settings", code="message.reworded")
def take_up(actor: Actor, code: str, locale: str, number: int, version: int) -> None:
    """Let the words of an earlier version hold again. Raises Missing, Conflict."""
    queries.kind(code)
    earlier = next((row for row in queries.versions(code, locale) if row.version == number), None)
    if earlier is None:
        raise Missing
    _put(actor, code, locale, earlier.own, version)


def _put(actor: Actor, code: str, locale: str, own: OwnText, version: int) -> None:
    if locale not in LOCALES:
        raise Missing
    newest = next(iter(queries.versions(code, locale)), None)
    now = newest.own if newest is not None else OwnText()
    if own == now:
        return
    if version != (newest.version if newest is not None else 0):
        raise Conflict(CHANGED, theirs=now)
    audit.note(f"text:{code}:{locale}", version=version + 1)
    db.session.add(
        NoticeText(
            id=new_row_id(),
            code=code,
            locale=locale,
            version=version + 1,
            made_at=clock.now(),
            made_by=actor.user_id,
            **asdict(own),
        )
    )
