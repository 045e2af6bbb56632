"""Reading for the portal's own pages: municipalities in order, what waits on a desk, how the machine is."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import lru_cache
from hashlib import sha256
from typing import Any

from flask import current_app
from sqlalchemy import func, literal, select
from sqlalchemy.exc import SQLAlchemyError

from portal.core import clock, disk, files, jobs, taking, tenancy
from portal.core.actor import PORTAL, Actor
from portal.core.collate import sort_key
from portal.core.config import PACKAGE
from portal.core.db import db, sqlite_driver
from portal.core.errors import Missing
from portal.core.i18n import Text, current_locale, from_json
from portal.core.jobs import Job
from portal.core.metrics import Gauge
from portal.core.policy import can
from portal.core.registry import News, WorkItem, registry
from portal.core.stores import StoreDown
from portal.core.tenancy import Municipality, Town
from portal.notify.kinds import Channel, Delivery
from portal.notify.models import Notice
from portal.pages.rules import Health, disk_health, message_health, worker_health
from portal.ui.pages import address

DEAD_SHOWN = 50
ITEMS_SHOWN = 5
LATE_AFTER = timedelta(minutes=5)
NEWS_SHOWN = 6


def municipalities() -> list[Municipality]:
    """All municipalities in the order they were founded, as they stand in the database now."""
    return list(db.session.scalars(select(Municipality).order_by(Municipality.id)))


def municipality(municipality_id: int) -> Municipality:
    """One municipality, for whoever is about to change it. Raises Missing."""
    found = db.session.scalar(
        select(Municipality).where(Municipality.id == municipality_id).with_for_update()
    )
    if found is None:
        raise Missing
    return found


def made_from(town: Town, section: str) -> str:
    """A mark of what a page of settings was filled from: it changes with what stands there. Source: R61."""
    contact = {key: value for key, value in town.contact.items() if key != "statement"}
    stands: dict[str, Any] = {
        "name": [town.names, town.taglines, town.intros],
        "look": [town.colours, town.mark],
        "contact": contact,
        "days": [sorted(town.closures), town.contact.get("statement", {})],
    }
    return sha256(json.dumps(stands[section], sort_keys=True).encode()).hexdigest()[:16]


def towns_in_order() -> list[Town]:
    """All municipalities by name, in the order of the reader's language."""
    locale = current_locale()
    return sorted(tenancy.towns().values(), key=lambda town: sort_key(town.name, locale))


def leading_town() -> Town | None:
    """The municipality that answers for the shared pages: the one founded first, the leading partner."""
    return min(tenancy.towns().values(), key=lambda town: town.id, default=None)


@dataclass(frozen=True, slots=True)
class Contact:
    """How to reach an office. Every part may be empty; `access` describes how one gets into its building.

    `phone` has spaces that do not break; `call` is the number for a `tel:` address.
    """

    office: str
    email: str
    phone: str
    call: str
    address: str
    hours: str
    coordinator: str
    protection_email: str
    access: str


def contact_of(town: Town) -> Contact:
    """The contacts of a municipality in the reader's language; texts may be stored as {locale: text} or plain."""

    def text(name: str) -> str:
        value = town.contact.get(name, "")
        return from_json(value, first=town.language) if isinstance(value, dict) else str(value)

    return Contact(
        office=text("office"),
        email=text("email"),
        phone=text("phone").replace(" ", "\N{NO-BREAK SPACE}"),
        call=text("phone").replace(" ", ""),
        address=text("address"),
        hours=text("hours"),
        coordinator=text("coordinator") or text("office"),
        protection_email=text("protection_email") or text("email"),
        access=text("access"),
    )


@dataclass(frozen=True, slots=True)
class NewsBlock:
    """What one module has new: records for its own card template, and where to read all (or empty)."""

    title: Text
    template: str
    items: list[Any]
    href: str


def news(limit: int = NEWS_SHOWN) -> list[NewsBlock]:
    """What is new in the municipality in scope, or in all of them; modules with nothing new are left out."""
    blocks = []
    for module in registry.modules:
        for record in module.news:
            items = _items(record, limit)
            if items:
                blocks.append(NewsBlock(record.title, record.template, items, address(record.endpoint)))
    return blocks


def _items(record: News, limit: int) -> list[Any]:
    if tenancy.current_id() is not None:
        return record.items(limit)
    with tenancy.unscoped("what is public and new in all municipalities"):
        return record.items(limit)


@dataclass(frozen=True, slots=True)
class FrontPiece:
    """What an office wrote above a front page: a record for the template that shows it."""

    template: str
    front: Any


def fronts() -> list[FrontPiece]:
    """What stands above the built-in parts of this front page."""
    pieces = ((record, record.piece()) for module in registry.modules for record in module.fronts)
    return [FrontPiece(record.template, piece) for record, piece in pieces if piece is not None]


@dataclass(frozen=True, slots=True)
class Number:
    """A figure with its words."""

    label: Text
    value: int


def numbers() -> list[Number]:
    """Figures of the municipality in scope, of all modules."""
    return [Number(fact.label, fact.value()) for module in registry.modules for fact in module.facts]


@dataclass(frozen=True, slots=True)
class Waiting:
    """A work list with its first rows: what one can act on, `late` when it lists what is overdue."""

    key: str
    label: Text
    count: int
    late: bool
    items: list[WorkItem]

    @property
    def more(self) -> int:
        """How many rows are not shown."""
        return max(self.count - len(self.items), 0)


def waiting(actor: Actor, limit: int = ITEMS_SHOWN) -> list[Waiting]:
    """The work lists this person may see in the municipality in scope, late ones first."""
    lists = [
        Waiting(
            record.key,
            record.label,
            record.count(actor),
            record.late,
            record.items(actor, limit) if limit else [],
        )
        for module in registry.modules
        for record in module.work
        if can(actor, record.permission)
    ]
    return sorted(lists, key=lambda found: not found.late)


@dataclass(frozen=True, slots=True)
class DeskSummary:
    """One municipality somebody works for, and how much waits there."""

    town: Town
    lists: list[Waiting]


def desks(actor: Actor) -> list[DeskSummary]:
    """The municipalities this person has a role in, by name, with counts only."""
    found = []
    for town in towns_in_order():
        if not actor.roles.get(town.id):
            continue
        there = replace(actor, municipality_id=town.id)
        with tenancy.within(town.id):
            found.append(DeskSummary(town, waiting(there, limit=0)))
    return found


def runs_portal(actor: Actor) -> bool:
    """Whether this person holds a role for the whole installation."""
    return bool(actor.roles.get(PORTAL))


@dataclass(frozen=True, slots=True)
class Check:
    """One part of the installation. `value` is a figure for machines and people: a share, seconds, or nothing."""

    key: str
    health: Health
    value: int | None = None


def checks() -> list[Check]:
    """How database, migrations, disk, the store of files, messages and workers are; a part that cannot be asked failed. Source: R66."""
    return [_database(), _migrations(), _disk(), _files(), _messages(), _worker()]


def _database() -> Check:
    try:
        db.session.scalar(select(literal(1)))
    except SQLAlchemyError:
        db.session.rollback()
        return Check("database", Health.FAILED)
    return Check("database", Health.WELL)


def database_version() -> str:
    """Engine and version of a database that answers, such as `sqlite 3.53.4`."""
    dialect = db.engine.dialect
    if dialect.name == "sqlite":
        return f"sqlite {sqlite_driver().sqlite_version}"
    version = dialect.server_version_info or ()
    return f"{dialect.name} {'.'.join(map(str, version))}"


def _migrations() -> Check:
    from alembic.migration import MigrationContext  # noqa: PLC0415 - heavy, and asked for by this check alone
    from alembic.util import CommandError  # noqa: PLC0415 - as above

    try:
        there = MigrationContext.configure(db.session.connection()).get_current_heads()
        good = set(there) == set(_heads())
    except (SQLAlchemyError, CommandError):
        db.session.rollback()
        good = False
    return Check("migrations", Health.WELL if good else Health.FAILED)


@lru_cache(maxsize=1)
def _heads() -> tuple[str, ...]:
    """The newest migrations of this release; files do not change while the process runs."""
    from alembic.script import ScriptDirectory  # noqa: PLC0415 - see _migrations

    return tuple(ScriptDirectory(str(PACKAGE / "migrations")).get_heads())


def _disk() -> Check:
    try:
        free = disk.free_share(current_app.extensions["portal.settings"].data)
    except OSError:
        return Check("disk", Health.FAILED)
    return Check("disk", disk_health(free), int(free * 100))


def _files() -> Check:
    """Whether the store of uploads answers. Pages go on without it, so a server keeps its visitors."""
    try:
        files.store().knock()
    except StoreDown:
        return Check("files", Health.WARNING)
    return Check("files", Health.WELL)


def oldest_unsent() -> timedelta | None:
    """How long the oldest message that should have gone out by itself has been waiting; None when none waits."""
    with tenancy.unscoped("health of the installation: an age, no content"):
        since = db.session.scalar(
            select(func.min(Notice.created_at)).where(
                Notice.state.in_((Delivery.WAITING, Delivery.FAILED)),
                Notice.channel.in_((Channel.MAIL, Channel.SMS)),
            )
        )
    return None if since is None else max(clock.now() - since, timedelta())


def _messages() -> Check:
    try:
        oldest = oldest_unsent()
    except SQLAlchemyError:
        db.session.rollback()
        return Check("messages", Health.FAILED)
    return Check("messages", message_health(oldest), None if oldest is None else int(oldest.total_seconds()))


def _worker() -> Check:
    try:
        heard = jobs.last_beat()
    except SQLAlchemyError:
        db.session.rollback()
        return Check("worker", Health.FAILED)
    silent = None if heard is None else max(clock.now() - heard, timedelta())
    # While the portal is read-only workers pause, and write not even this.
    paused = taking.now().read_only_until is not None
    health = Health.WELL if paused else worker_health(silent, jobs.SILENT_AFTER)
    return Check("worker", health, None if silent is None else int(silent.total_seconds()))


@dataclass(frozen=True, slots=True)
class Room:
    """What a municipality keeps in uploads, of how much, in megabytes of a million bytes."""

    town: Town
    used_mb: int
    quota_mb: int

    @property
    def percent(self) -> int:
        """The share that is used, rounded down."""
        return self.used_mb * 100 // self.quota_mb


def rooms() -> list[Room]:
    """Room for uploads of all municipalities, the fullest first."""
    settings = current_app.extensions["portal.settings"]
    found = [
        Room(tenancy.snapshot(row), row.upload_bytes // 1_000_000, row.upload_quota_mb or settings.quota_mb)
        for row in municipalities()
    ]
    return sorted(found, key=lambda room: (-room.percent, room.town.slug))


@dataclass(frozen=True, slots=True)
class JobNumbers:
    """Due work in figures: waiting for its hour, due and not yet taken, given up."""

    planned: int
    due: int
    dead: int


def job_numbers() -> JobNumbers:
    """How much due work there is."""
    now = clock.now()
    open_ = select(func.count()).select_from(Job).where(Job.done_at.is_(None))
    alive = open_.where(Job.dead_at.is_(None))
    return JobNumbers(
        planned=db.session.scalar(alive.where(Job.due_at > now)) or 0,
        due=db.session.scalar(alive.where(Job.due_at <= now)) or 0,
        dead=db.session.scalar(open_.where(Job.dead_at.is_not(None))) or 0,
    )


def gauges() -> list[Gauge]:
    """What the database and the disk tell about the installation, for monitoring: counts and ages, nothing personal."""
    jobs_found, oldest, heard = job_numbers(), oldest_unsent(), jobs.last_beat()
    silent = -1.0 if heard is None else (clock.now() - heard).total_seconds()
    takes = taking.now()
    states = {
        "planned": jobs_found.planned,
        "due": jobs_found.due,
        "late": _late_jobs(),
        "dead": jobs_found.dead,
    }
    free = disk.free_share(current_app.extensions["portal.settings"].data)
    return [
        Gauge("portal_jobs", "Due work by state; late: due for five minutes.", _by("state", states)),
        Gauge("portal_messages", "Messages by channel and how they fared.", _deliveries()),
        _one("portal_oldest_unsent_message_seconds", "Age of the oldest message still to be sent; 0: none.",
             oldest.total_seconds() if oldest else 0.0),
        _one("portal_workers", "Workers heard of within three minutes.", jobs.living()),
        _one("portal_worker_silence_seconds", "Since a worker was last heard of; -1: never.", silent),
        _one("portal_disk_free_ratio", "Free share of the disk of the data folder.", free),
        _one("portal_read_only", "1 while nothing is written.", float(takes.read_only_until is not None)),
    ]  # fmt: skip


def _one(name: str, text: str, value: float) -> Gauge:
    return Gauge(name, text, (({}, value),))


def _by(label: str, values: Mapping[str, float]) -> tuple[tuple[dict[str, str], float], ...]:
    return tuple(({label: key}, value) for key, value in values.items())


def _late_jobs() -> int:
    late = select(func.count()).where(
        Job.done_at.is_(None), Job.dead_at.is_(None), Job.due_at < clock.now() - LATE_AFTER
    )
    return db.session.scalar(late) or 0


def _deliveries() -> tuple[tuple[dict[str, str], float], ...]:
    with tenancy.unscoped("monitoring of the installation: counts, no content"):
        rows = db.session.execute(
            select(Notice.channel, Notice.state, func.count()).group_by(Notice.channel, Notice.state)
        ).all()
    return tuple(
        ({"channel": channel.value, "state": state.value}, float(number))
        for channel, state, number in sorted(rows)
    )


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """Work the machine gave up: what kind, whose, since when, and the error without personal data."""

    id: int
    kind: str
    town: Town | None
    dead_at: Any
    tries: int
    error: str


def dead_letters(limit: int = DEAD_SHOWN) -> list[DeadLetter]:
    """The newest dead letters of all municipalities."""
    by_id = {town.id: town for town in tenancy.towns().values()}
    rows = db.session.execute(
        select(Job.id, Job.kind, Job.municipality_id, Job.dead_at, Job.tries, Job.last_error)
        .where(Job.dead_at.is_not(None), Job.done_at.is_(None))
        .order_by(Job.dead_at.desc(), Job.id)
        .limit(limit)
    )
    return [
        # Only the kind of the error: its text may quote an address of a person (R37).
        DeadLetter(
            row.id,
            row.kind,
            by_id.get(row.municipality_id),
            row.dead_at,
            row.tries,
            (row.last_error or "").partition(":")[0],
        )
        for row in rows
    ]


def dead_letter(job_id: int) -> Job:
    """A dead letter by id. Raises Missing."""
    job = db.session.scalar(
        select(Job).where(Job.id == job_id, Job.dead_at.is_not(None), Job.done_at.is_(None))
    )
    if job is None:
        raise Missing
    return job
