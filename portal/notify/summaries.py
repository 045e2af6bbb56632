"""The daily summary: the news of one municipality that somebody wanted once a day, an entry for each case."""

from typing import Any

from sqlalchemy import ColumnElement, delete, or_, select, update

from portal.core import clock
from portal.core.db import db
from portal.core.i18n import speaking
from portal.core.registry import registry
from portal.notify import choices, outbox
from portal.notify.kinds import Channel, Choice, Delivery
from portal.notify.models import Notice
from portal.notify.outbox import Recipient
from portal.notify.render import subject_of
from portal.notify.values import Value, unpack


def ripe() -> tuple[ColumnElement[bool], ...]:
    """What goes into a summary now: it waits for one, and cannot be called back any more."""
    free = or_(Notice.held_until.is_(None), Notice.held_until <= clock.now())
    return Notice.state == Delivery.QUIET, free


def gather(user_id: int) -> None:
    """Write the summary of one person in the municipality in scope, in the transaction at hand.

    What concerns one case is one entry, with the newest message on top of the others. The summary itself
    goes out like any message; those it holds are settled in the same transaction, so none comes twice.
    What its reader has stopped since it was written is dropped: nobody was told of it.
    """
    found = db.session.scalars(
        select(Notice)
        .where(Notice.user_id == user_id, *ripe())
        .order_by(Notice.created_at.desc(), Notice.id.desc())
        .with_for_update()
    ).all()
    categories = {row.id: _may_stop(row) for row in found}
    stopped = _stopped(user_id)
    rows = [row for row in found if categories[row.id] not in stopped]
    gone = [row.id for row in found if categories[row.id] in stopped]
    db.session.execute(delete(Notice).where(Notice.id.in_(gone)))
    if not rows:
        return
    newest = rows[0]
    cases: dict[Any, list[Notice]] = {}
    for row in rows:
        cases.setdefault((row.about_kind, row.about_id) if row.about_kind else row.id, []).append(row)
    with speaking(newest.locale):
        entries: list[Value] = [_entry(about) for about in cases.values()]
    db.session.execute(
        update(Notice)
        .where(Notice.id.in_([row.id for row in rows]))
        .values(state=Delivery.GATHERED, sent_at=clock.now(), values_sealed=None)
    )
    values: dict[str, Value] = {"entries": entries, "choose": "/account/notifications"}
    mutable = dict.fromkeys(filter(None, (categories[row.id] for row in rows)))
    if mutable:
        values["unsubscribe"] = outbox.MUTE_PATH + outbox.mute_token(user_id, *mutable)
    outbox.send(
        "notify.digest",
        Recipient(locale=newest.locale, email=newest.email, name=newest.name, user_id=user_id),
        values,
        secret=("unsubscribe",) if mutable else (),
    )


def _may_stop(row: Notice) -> str:
    """The category of a message that its reader may stop; empty for any other. Its own link says so."""
    link = str(unpack(row.values).get("values", {}).get("unsubscribe", ""))
    told = outbox.muted_by(link.removeprefix(outbox.MUTE_PATH))
    return told[1][0].key if told else ""


def _stopped(user_id: int) -> set[str]:
    """The categories of which somebody wants no mail."""
    chosen = choices.of(user_id)
    return {key for key, ways in chosen.items() if ways.get(Channel.MAIL) is Choice.NEVER}


def _entry(rows: list[Notice]) -> Value:
    """One case: what happened last, how much before that, where to read on. No text and no secret (R48)."""
    found: dict[str, Any] = unpack(rows[0].values).get("values", {})
    kind = registry.notices[rows[0].code]
    secret = unpack(rows[0].values).get("secret", ())
    for_staff = bool(kind.category) and registry.categories[kind.category].staff
    names = ("desk", "page") if for_staff else ("page",)
    links = [found[name] for name in names if found.get(name) and name not in secret]
    return {
        "subject": subject_of(kind, found),
        "title": str(found.get("title") or ""),
        "link": links[0] if links else "",
        "more": len(rows) - 1,
    }
