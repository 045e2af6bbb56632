"""Doing with what content types share: deadlines, files, comments, follows. Called inside use cases."""

from collections.abc import Collection, Sequence
from datetime import date, datetime, time, timedelta
from math import ceil
from pathlib import PurePosixPath
from typing import Any

from flask import current_app
from sqlalchemy import BigInteger, cast, delete, func, select, update

from portal.content.models import (
    Attachment,
    Comment,
    CommentState,
    Deadline,
    FileRole,
    Follow,
    Link,
    Stance,
)
from portal.content.move import Movable
from portal.core import audit, clock, events, files, jobs, tenancy
from portal.core.actor import Actor
from portal.core.calendar import add_working_days, deadline_instant, to_utc, working_days_between
from portal.core.db import db, insert_or_keep
from portal.core.errors import Conflict, Invalid
from portal.core.files import Stored
from portal.core.i18n import lazy_gettext as _l
from portal.core.scanning import Scan
from portal.core.sealed import new_row_id, ring
from portal.core.tenancy import Municipality
from portal.core.usecase import use_case

SCAN_AGAIN = timedelta(minutes=5)
"""When a file that could not be scanned is tried again."""
MEGABYTE = 1_000_000
WARNING_SHARE = 0.8
"""Part of the working days after which a warning goes out. Source: product 5.1."""
WARNING_HOUR = time(8)
"""Local time of a warning: a message of the night would wake people."""
HEAD_AFTER_DAYS = 5
"""Working days after which a late deadline goes to the head of the office. Source: product 5.1."""


def need_version(thing: Any, version: int, mine: object = None) -> None:
    """Refuse an edit made from an older version (R61). Raises Conflict carrying the present thing."""
    if thing.version != version:
        raise Conflict(
            _l("Somebody else changed this meanwhile. Compare both texts and save again."), theirs=thing
        )


def start_deadline(
    thing: Movable,
    key: str,
    working_days: int,
    start: date | None = None,
    warning_share: float = WARNING_SHARE,
) -> Deadline:
    """Start a clock in working days of the office's calendar; an open one of this key is replaced.

    It warns in the morning of the working day on which `warning_share` of them has come.
    """
    finish_deadline(thing, key)
    start = start or clock.today(tenancy.town_by_id(thing.municipality_id).zone)
    return _open_deadline(thing, key, start, due_day(thing, working_days, start), warning_share)


def due_day(thing: Movable, working_days: int, start: date | None = None) -> date:
    """The day on which a clock of so many working days ends, begun on a local day or today."""
    town = tenancy.town_by_id(thing.municipality_id)
    return add_working_days(start or clock.today(town.zone), working_days, town.country, town.closed_days)


def start_deadline_on(thing: Movable, key: str, due: date) -> Deadline:
    """Start a clock that ends on a given calendar day."""
    town = tenancy.town_by_id(thing.municipality_id)
    finish_deadline(thing, key)
    return _open_deadline(thing, key, clock.today(town.zone), due)


def extend_deadline(thing: Movable, key: str, due: date) -> Deadline:
    """Give the open clock of this key a new day, once. Raises Conflict when it was extended before."""
    row = open_deadline(thing, key)
    if row is None or row.extended:
        raise Conflict(_l("This deadline was extended once already, or has ended."))
    row.due_on, row.extended, row.level = due, True, 0
    _plan(row)
    return row


def open_deadline(thing: Movable, key: str) -> Deadline | None:
    """The running clock of this key."""
    return db.session.scalar(
        select(Deadline).where(
            Deadline.kind == thing.KIND,
            Deadline.object_id == thing.id,
            Deadline.key == key,
            Deadline.done_at.is_(None),
        )
    )


def finish_deadline(thing: Movable, *keys: str) -> None:
    """Stop the clocks of these keys; all of the thing's without any."""
    statement = select(Deadline).where(
        Deadline.kind == thing.KIND, Deadline.object_id == thing.id, Deadline.done_at.is_(None)
    )
    for row in db.session.scalars(statement):
        if not keys or row.key in keys:
            row.done_at = clock.now()


def restore_deadlines(thing: Movable, ids: Collection[int]) -> None:
    """Let just these clocks of a thing run, as before an act that is taken back: others it started are gone.

    A clock that runs again does so with the days it had; what it has told already it does not tell again.
    """
    rows = db.session.scalars(
        select(Deadline).where(Deadline.kind == thing.KIND, Deadline.object_id == thing.id)
    ).all()
    for row in rows:
        if row.id in ids and row.done_at is not None:
            row.done_at = None
            _unplan(row)
            _plan(row)
        elif row.id not in ids and row.done_at is None:
            _unplan(row)
            db.session.delete(row)


def _unplan(row: Deadline) -> None:
    """Withdraw the rows that `_plan` wrote."""
    keys = [_alarm_key(row, level) for level in (1, 2, 3)]
    db.session.execute(delete(jobs.Job).where(jobs.Job.dedupe.in_(keys)))


def _open_deadline(
    thing: Movable, key: str, start: date, due: date, warning_share: float = WARNING_SHARE
) -> Deadline:
    row = Deadline(
        municipality_id=thing.municipality_id,
        kind=thing.KIND,
        object_id=thing.id,
        key=key,
        started_on=start,
        due_on=due,
        level=0,
    )
    db.session.add(row)
    db.session.flush()  # The jobs below name the row.
    _plan(row, warning_share)
    return row


def _plan(row: Deadline, warning_share: float = WARNING_SHARE) -> None:
    """Write the rows that warn, tell the leader when late, the head five working days later."""
    for level, at in enumerate(alarms(row, warning_share), start=1):
        jobs.enqueue(
            "content.deadline",
            {"deadline": row.id, "level": level, "due_on": row.due_on.isoformat()},
            due_at=at,
            dedupe=_alarm_key(row, level),
        )


def _alarm_key(row: Deadline, level: int) -> str:
    return f"deadline:{row.id}:{row.due_on.isoformat()}:{level}"


def alarms(row: Deadline, warning_share: float = WARNING_SHARE) -> tuple[datetime, datetime, datetime]:
    """When a clock reaches its levels: a warning, late, late for so long that the head is told."""
    town = tenancy.town_by_id(row.municipality_id)
    length = working_days_between(row.started_on, row.due_on, town.country, town.closed_days)
    warning_day = add_working_days(
        row.started_on, max(0, ceil(length * warning_share)), town.country, town.closed_days
    )
    head_day = add_working_days(row.due_on, HEAD_AFTER_DAYS, town.country, town.closed_days)
    return (
        # A clock that starts and ends on free days has no working day to warn on.
        to_utc(datetime.combine(min(warning_day, row.due_on), WARNING_HOUR), town.zone),
        deadline_instant(row.due_on, town.zone),
        deadline_instant(head_day, town.zone),
    )


def attach(thing: Movable, stored: Stored, role: FileRole, alt: str = "") -> Attachment:
    """Hang a stored file on a thing. Raises Invalid when its municipality has no room left."""
    _take_room(thing.municipality_id, stored.size)
    row = Attachment(
        municipality_id=thing.municipality_id,
        kind=thing.KIND,
        object_id=thing.id,
        role=role,
        key=stored.key,
        thumb_key=stored.thumb_key,
        original_key=stored.original_key,
        media_type=stored.media_type,
        size=stored.size,
        name=stored.name,
        alt=alt,
        width=stored.width,
        height=stored.height,
        scan=stored.scan,
        created_at=clock.now(),
    )
    db.session.add(row)
    if row.waits:
        db.session.flush()  # The job names it.
        _scan_later(row)
    return row


def _scan_later(row: Attachment) -> None:
    jobs.enqueue("content.scan", {"file": row.id}, due_at=clock.now() + SCAN_AGAIN, dedupe=f"scan:{row.id}")


def redact(row: Attachment, boxes: Sequence[files.Box]) -> Attachment:
    """Black these parts of a picture out, or none any more; the answer is the row that takes its place, under a new address.

    Always drawn from the picture as it was before, which is kept for staff.
    """
    plain, plain_thumb = row.plain_key or row.key, row.plain_thumb_key or row.thumb_key
    drawn = (row.key, row.thumb_key) if row.plain_key else ()
    key, thumb = files.black_out(plain, boxes) if boxes else (plain, plain_thumb)
    new = Attachment(
        **{name: getattr(row, name) for name in _KEPT},
        key=key,
        thumb_key=thumb,
        plain_key=plain if boxes else None,
        plain_thumb_key=plain_thumb if boxes else None,
        boxes=[list(box) for box in boxes],
        place=row.place or row.id,
    )
    db.session.delete(row)
    db.session.add(new)
    db.session.flush()  # Whoever redacts goes on with the new row.
    for old in drawn:
        files.remove(old)
    return new


def copy_file(row: Attachment, thing: Movable) -> Attachment:
    """Hang a copy of a file on a thing of another municipality: alternative text, blacked out parts and scan go along.

    Its bytes are stored once more, also what came in, so that each municipality ends its own in time. Raises Invalid
    when the other one has no room left.
    """
    _take_room(thing.municipality_id, row.size)
    same = {name: getattr(row, name) for name in _KEPT if name not in _OF_THING}
    keys = {name: files.copy(getattr(row, name)) for name in _KEYS}
    new = Attachment(
        municipality_id=thing.municipality_id,
        kind=thing.KIND,
        object_id=thing.id,
        boxes=row.boxes,
        **same,
        **keys,
    )
    db.session.add(new)
    db.session.flush()  # The job names it, and the pictures keep their order.
    if new.waits:
        _scan_later(new)
    return new


_KEYS = ("key", "thumb_key", "original_key", "plain_key", "plain_thumb_key")
_OF_THING = ("municipality_id", "kind", "object_id", "original_key")
_KEPT = (
    "municipality_id", "kind", "object_id", "role", "original_key", "media_type", "size", "name", "alt", "width",
    "height", "public", "scan", "created_at",
)  # fmt: skip


def detach(row: Attachment) -> None:
    """Delete a file with all its sizes, and give its room back."""
    for key in row.keys:
        files.remove(key)
    db.session.execute(
        update(Municipality)
        .where(Municipality.id == row.municipality_id)
        .values(upload_bytes=Municipality.upload_bytes - row.size)
    )
    db.session.delete(row)


def forget_file_names(kind: str, object_id: int) -> None:
    """Call a thing's files by number: the names they came with may be those of people."""
    mine = select(Attachment).where(Attachment.kind == kind, Attachment.object_id == object_id)
    for row in db.session.scalars(mine):
        row.name = f"{row.id}{PurePosixPath(row.key).suffix}"


def _take_room(municipality_id: int, size: int) -> None:
    """Count a file to its municipality: one row, no sum, and two at once cannot both take the last room."""
    default = current_app.extensions["portal.settings"].quota_mb
    # PostgreSQL reckons with 32 bits where nobody says otherwise.
    limit = cast(func.coalesce(Municipality.upload_quota_mb, default), BigInteger) * MEGABYTE
    taken = db.session.execute(
        update(Municipality)
        .where(Municipality.id == municipality_id, Municipality.upload_bytes + size <= limit)
        .values(upload_bytes=Municipality.upload_bytes + size)
    )
    if not taken.rowcount:  # type: ignore[attr-defined]
        raise Invalid(
            _l(
                "The municipality has used up its room for files. Go on without the file and tell the office; the rest of "
                "what you wrote is kept."
            )
        )


def recount(municipality_id: int) -> None:
    """Set the counter of one municipality to the sum of its files; who takes room meanwhile waits."""
    db.session.execute(select(Municipality.id).where(Municipality.id == municipality_id).with_for_update())
    total = db.session.scalar(
        select(func.coalesce(func.sum(Attachment.size), 0)).where(
            Attachment.municipality_id == municipality_id
        )
    )
    db.session.execute(
        update(Municipality).where(Municipality.id == municipality_id).values(upload_bytes=int(total or 0))
    )


@use_case("file.check", code="file.checked")
def settle_scan(actor: Actor, file_id: int, *, clean: bool) -> None:
    """Let a file that waited be seen, or remove it and tell whoever listens to `file.found`. Its name is logged nowhere."""
    row = db.session.scalar(select(Attachment).where(Attachment.id == file_id).with_for_update())
    if row is None or not row.waits:
        return
    audit.note(f"{row.kind}:{row.object_id}", file=row.id, clean=clean)
    if clean:
        row.scan = Scan.CLEAN
    else:
        events.tell("file.found", row)
        detach(row)
    events.tell("content.changed", row)


def add_comment(
    thing: Movable,
    *,
    stance: Stance,
    text: str,
    language: str,
    user_id: int | None,
    name: str,
    state: CommentState,
) -> Comment:
    """Add what somebody says."""
    row = Comment(
        municipality_id=thing.municipality_id,
        kind=thing.KIND,
        object_id=thing.id,
        at=clock.now(),
        stance=stance,
        state=state,
        user_id=user_id,
        name=name,
        text=text,
        language=language,
    )
    db.session.add(row)
    return row


def person_of_user(user_id: int) -> str:
    """Pseudonym that makes "once per person" for an account."""
    return ring.lookup("person", f"user:{user_id}")


def person_of_email(email: str) -> str:
    """Pseudonym of a confirmed e-mail address."""
    return ring.lookup("person", f"email:{email.lower()}")


def follow(
    thing: Movable, *, person: str, user_id: int | None, locale: str, email: str | None = None
) -> bool:
    """Follow a thing; False when this person does already."""
    row = Follow(id=new_row_id(), municipality_id=thing.municipality_id)
    row.email = email
    return insert_or_keep(
        Follow,
        id=row.id,
        municipality_id=thing.municipality_id,
        kind=thing.KIND,
        object_id=thing.id,
        person=person,
        user_id=user_id,
        locale=locale,
        email_sealed=row.email_sealed,
        created_at=clock.now(),
    )


def unfollow(thing: Movable, person: str) -> bool:
    """Stop following; False when this person did not follow."""
    statement = delete(Follow).where(
        Follow.kind == thing.KIND, Follow.object_id == thing.id, Follow.person == person
    )
    return bool(db.session.execute(statement).rowcount)  # type: ignore[attr-defined]


def link(thing: Movable, to_kind: str, to_id: int, role: str) -> None:
    """Tie a thing to another one."""
    insert_or_keep(
        Link,
        municipality_id=thing.municipality_id,
        from_kind=thing.KIND,
        from_id=thing.id,
        to_kind=to_kind,
        to_id=to_id,
        role=role,
        created_at=clock.now(),
    )
