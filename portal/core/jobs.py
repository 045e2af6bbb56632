"""Due work as rows: outbox, reminder book and timetable in one. The database that holds the case holds it.

A use case writes its jobs in its own transaction; a worker takes due rows by lease, runs them and marks
them done. A killed worker's lease runs out; a failing job is tried again with growing pauses, then becomes
a dead letter that staff see. Everything is compared in UTC. Source: R62, R63, R71 (docs/security.md).
"""

import json
import math
import os
import random
import secrets
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy import Index, case, delete, func, or_, select, update
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Mapped, mapped_column

from portal.core import clock, taking, tenancy
from portal.core.actor import Actor, Channel, acting
from portal.core.db import Base, Key, UtcDateTime, db, insert_or_keep, tidy_log, writing
from portal.core.errors import Busy, Full
from portal.core.registry import Daily, registry
from portal.core.sealed import new_row_id, ring

log = structlog.get_logger(__name__)

LEASE = timedelta(minutes=2)
KEPT = timedelta(days=7)
TIDY_SECONDS = 60
PAUSED_SECONDS = 0.5
BEAT_SECONDS = 30
SILENT_AFTER = timedelta(minutes=3)
"""A worker not heard of for so long does not run; a job may take two minutes."""
PAUSE_STEP = timedelta(minutes=5)
LONGEST_PAUSE = timedelta(hours=1)


class Job(Base):
    """One piece of due work. `dedupe` makes a second row for the same thing impossible."""

    __tablename__ = "job"
    __table_args__ = (
        Index("ix_job_due", "done_at", "dead_at", "due_at"),
        Index("ix_job_kind", "kind"),
    )
    AUDITED = False

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    municipality_id: Mapped[int | None] = mapped_column(Key)
    kind: Mapped[str]
    payload_sealed: Mapped[str]
    dedupe: Mapped[str] = mapped_column(unique=True)
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    lease_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    tries: Mapped[int] = mapped_column(default=0)
    last_error: Mapped[str | None]
    done_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    dead_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class WorkerBeat(Base):
    """A worker and when it was last heard of, so that its silence is seen on every machine."""

    __tablename__ = "worker_beat"
    AUDITED = False

    name: Mapped[str] = mapped_column(primary_key=True)
    began_at: Mapped[datetime] = mapped_column(UtcDateTime)
    seen_at: Mapped[datetime] = mapped_column(UtcDateTime)


@dataclass(frozen=True, slots=True)
class Taken:
    """A leased job, outside any transaction."""

    id: int
    municipality_id: int | None
    kind: str
    payload: dict[str, Any]
    tries: int
    lease_until: datetime


def enqueue(
    kind: str, payload: dict[str, Any], *, due_at: datetime | None = None, dedupe: str | None = None
) -> bool:
    """Write a due row into the running transaction; False when one with this `dedupe` is there already."""
    row_id = new_row_id()
    return insert_or_keep(
        Job,
        id=row_id,
        municipality_id=tenancy.current_id(),
        kind=kind,
        payload_sealed=ring.seal(json.dumps(payload), seal_of(row_id)),
        dedupe=dedupe or f"{kind}:{secrets.token_hex(12)}",
        due_at=due_at or clock.now(),
        tries=0,
    )


def seal_of(job_id: int) -> str:
    """What the payload of a job is bound to."""
    return f"job|{job_id}"


def cancel(dedupe_prefix: str) -> int:
    """Withdraw work not yet done whose `dedupe` begins so; how many rows."""
    statement = delete(Job).where(
        Job.dedupe.startswith(dedupe_prefix, autoescape=True), Job.done_at.is_(None), Job.dead_at.is_(None)
    )
    return int(db.session.execute(statement).rowcount)  # type: ignore[attr-defined]


def take_due(now: datetime | None = None) -> Taken | None:
    """Lease the job that is due longest, or None. Two workers never lease the same row."""
    now = now or clock.now()
    with writing():
        job = db.session.scalar(
            select(Job)
            .where(
                Job.done_at.is_(None),
                Job.dead_at.is_(None),
                Job.due_at <= now,
                or_(Job.lease_until.is_(None), Job.lease_until < now),
            )
            .order_by(Job.due_at, Job.id)
            .limit(1)
            .with_for_update(skip_locked=True)
        )
        if job is None:
            return None
        job.lease_until = now + LEASE
        job.tries += 1
        payload = json.loads(ring.open(job.payload_sealed, seal_of(job.id)))
        return Taken(job.id, job.municipality_id, job.kind, payload, job.tries, job.lease_until)


def next_due() -> datetime | None:
    """When the next row can be taken, for the worker's sleep: due, and no longer leased by another."""
    free_at = case((Job.lease_until > Job.due_at, Job.lease_until), else_=Job.due_at)
    statement = select(func.min(free_at)).where(Job.done_at.is_(None), Job.dead_at.is_(None))
    found: datetime | None = db.session.scalar(statement)
    db.session.rollback()
    return found


def run(job: Taken) -> bool:
    """Run one leased job and settle it; whether it succeeded. Never raises for a failing job."""
    kind = registry.jobs.get(job.kind)
    actor = Actor(name=job.kind, channel=Channel.JOB, municipality_id=job.municipality_id)
    # Of no municipality means in none, whatever scope the caller stands in.
    scope = tenancy.within(job.municipality_id)
    try:
        if kind is None:
            raise LookupError(f"No module knows the job {job.kind}.")  # noqa: TRY301 - settled below like any failure
        with acting(actor), scope:
            kind.run(job.payload)
    except Exception as problem:
        db.session.rollback()
        log.warning("job failed", kind=job.kind, job=job.id, tries=job.tries, error=type(problem).__name__)
        _failed(job, problem, kind.tries if kind else 1)
        return False
    with writing():
        _own(job, done_at=clock.now(), lease_until=None, last_error=None)
    return True


def _own(job: Taken, **values: Any) -> None:
    """Change the row only while our lease stands: a late worker must not overwrite its successor."""
    db.session.execute(
        update(Job).where(Job.id == job.id, Job.lease_until == job.lease_until).values(**values)
    )


def _failed(job: Taken, problem: Exception, tries: int) -> None:
    now = clock.now()
    text = f"{type(problem).__name__}: {problem}"[:500]
    with writing():
        if job.tries >= tries or getattr(problem, "permanent", False):
            _own(job, dead_at=now, lease_until=None, last_error=text)
        else:
            _own(job, due_at=now + pause(job.tries), lease_until=None, last_error=text)


def pause(tries: int) -> timedelta:
    """Wait before the next try: five minutes more each time, an hour at most, ± 20 %."""
    base = min(PAUSE_STEP * tries, LONGEST_PAUSE)
    return base * random.uniform(0.8, 1.2)  # noqa: S311 - jitter, not a secret


def run_due(limit: int = 1000) -> int:
    """Run everything that is due now; how many. Tests and `flask jobs run` call this directly."""
    count = 0
    while count < limit and (job := take_due()):
        run(job)
        count += 1
    return count


def revive(job_id: int) -> None:
    """Give a dead letter a new life; called inside a use case."""
    db.session.execute(
        update(Job).where(Job.id == job_id).values(dead_at=None, tries=0, due_at=clock.now(), last_error=None)
    )


def count_old() -> int:
    """Work done more than a week ago."""
    old = Job.done_at < clock.now() - KEPT
    return db.session.scalar(select(func.count()).select_from(Job).where(old)) or 0


def purge() -> int:
    """Forget it; how many rows."""
    statement = delete(Job).where(Job.done_at < clock.now() - KEPT)
    return int(db.session.execute(statement).rowcount)  # type: ignore[attr-defined]


def plan_daily() -> None:
    """Make sure every daily duty has its next row; called by each worker at start and by the row itself."""
    with writing():
        for module in registry.modules:
            for daily in module.daily:
                enqueue_daily(daily)


def enqueue_daily(daily: Daily, zone: str = "Europe/Warsaw") -> None:
    """Write the row of the next local `hour` o'clock; both countries share the zone's offset."""
    local = clock.now().astimezone(ZoneInfo(zone))
    at = local.replace(hour=daily.hour, minute=0, second=0, microsecond=0)
    if at <= local:
        at += timedelta(days=1)
    enqueue("daily", {"key": daily.key}, due_at=at, dedupe=f"daily:{daily.key}:{at.date().isoformat()}")


def run_daily(payload: dict[str, Any]) -> None:
    """Handler of the `daily` rows: plans the successor first, so that a failing day does not end the series."""
    for module in registry.modules:
        for daily in module.daily:
            if daily.key == payload["key"]:
                with writing():
                    enqueue_daily(daily)
                daily.run()


def beat(name: str) -> None:
    """Say that this worker lives, and forget those silent for a day."""
    now = clock.now()
    with writing():
        db.session.execute(delete(WorkerBeat).where(WorkerBeat.seen_at < now - timedelta(days=1)))
        if not insert_or_keep(WorkerBeat, name=name, began_at=now, seen_at=now):
            db.session.execute(update(WorkerBeat).where(WorkerBeat.name == name).values(seen_at=now))


def last_beat() -> datetime | None:
    """When a worker was last heard of."""
    found: datetime | None = db.session.scalar(select(func.max(WorkerBeat.seen_at)))
    return found


def living() -> int:
    """How many workers were heard of lately."""
    since = clock.now() - SILENT_AFTER
    statement = select(func.count()).select_from(WorkerBeat).where(WorkerBeat.seen_at > since)
    return db.session.scalar(statement) or 0


def loop(stopping: Iterator[bool]) -> None:
    """Take, run, sleep at most a second; ends after the row in hand once `stopping` yields True.

    While the portal is read-only it takes nothing and writes nothing.
    """
    worker = _Worker()
    for stop in stopping:
        if stop:
            break
        if taking.now().read_only_until is not None:
            time.sleep(PAUSED_SECONDS)
            continue
        try:
            idle = worker.step()
        except (Busy, Full, OperationalError) as problem:
            # Taken, full or gone for a while: what is due stays due.
            db.session.rollback()
            log.warning("database does not answer", error=type(problem).__name__)
            idle = 1.0
        if idle:
            time.sleep(idle)


class _Worker:
    """What a worker process remembers between two rows."""

    def __init__(self) -> None:
        self._name = f"{socket.gethostname()}:{os.getpid()}"
        self._planned = False
        self._tidied = time.monotonic()
        self._beaten = -math.inf

    def step(self) -> float:
        """Do what is due, one row at most; how many seconds there is nothing to do."""
        if not self._planned:
            plan_daily()
            self._planned = True
        if time.monotonic() - self._beaten > BEAT_SECONDS:
            beat(self._name)
            self._beaten = time.monotonic()
        if time.monotonic() - self._tidied > TIDY_SECONDS:
            self._tidied = time.monotonic()
            tidy_log()
        if (job := take_due()) is not None:
            # Nothing tells a worker that a municipality was founded or changed meanwhile.
            tenancy.forget_towns()
            run(job)
            return 0.0
        due = next_due()
        wait = 1.0 if due is None else (due - clock.now()).total_seconds()
        return min(max(wait, 0.05), 1.0)


@contextmanager
def as_job(name: str, municipality_id: int) -> Iterator[Actor]:
    """Act as a job inside one municipality: for daily duties that visit each."""
    actor = Actor(name=name, channel=Channel.JOB, municipality_id=municipality_id)
    with tenancy.within(municipality_id), acting(actor):
        yield actor
