"""What the portal takes just now: everything; no uploads; no forms of residents; nothing, while it is looked after.

Two causes, one answer for pages, sessions, uploads and workers:

- the disk of the data folder fills up (`disk.py`);
- somebody who runs the portal made it read-only for a while: `flask maintenance on --minutes 15` writes the one
  row of `maintenance`. Reading goes on, nobody writes, workers pause. It ends at its hour by itself.

Every process asks once a second, on both databases, so all of them know within two seconds. A request asks
`now()`, which costs nothing. Source: R65, R68 (docs/security.md).
"""

import threading
import time
from dataclasses import dataclass
from datetime import datetime

from flask import Flask, current_app
from sqlalchemy import CheckConstraint, Engine, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Mapped, mapped_column

from portal.core import actor as actors
from portal.core import clock, disk
from portal.core.config import Settings
from portal.core.db import Base, Key, UtcDateTime, db
from portal.core.errors import ReadOnly

LOOK_SECONDS = 1.0
SEEN_WITHIN_SECONDS = 2.0
"""After so long every process has seen that the mode changed."""


class Maintenance(Base):
    """The one row that makes the portal read-only until an instant; no row, no maintenance."""

    __tablename__ = "maintenance"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=False)
    begun_at: Mapped[datetime] = mapped_column(UtcDateTime)
    until_at: Mapped[datetime] = mapped_column(UtcDateTime)


@dataclass(frozen=True, slots=True)
class Taking:
    """What is taken. `read_only_until` is the expected end of the maintenance, None outside one."""

    read_only_until: datetime | None = None
    uploads: bool = True
    forms: bool = True


EVERYTHING = Taking()


class Watch:
    """What the portal takes, asked anew once a second; one a process."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._lock = threading.Lock()
        self._engine: Engine | None = None
        self._asked: float | None = None
        self._until: datetime | None = None
        self._free = 1.0

    def now(self) -> Taking:
        """What is taken at this instant. While one thread asks, the others go by the last answer."""
        asked = self._asked
        stale = asked is None or time.monotonic() - asked > LOOK_SECONDS
        # Who comes before the first answer waits for it.
        if stale and self._lock.acquire(blocking=asked is None):
            try:
                self._look()
            finally:
                self._lock.release()
        until, free = self._until, self._free
        if until is None and free >= disk.UPLOADS_LEAST:
            return EVERYTHING
        return Taking(
            until if until is not None and until > clock.now() else None,
            disk.takes_uploads(free),
            disk.takes_forms(free),
        )

    def forget(self) -> None:
        """Ask anew at the next question."""
        self._asked = None

    def _look(self) -> None:
        settings: Settings = self._app.extensions["portal.settings"]
        try:
            self._free = disk.free_share(settings.data)
        except OSError:
            self._free = 1.0  # Health tells that it cannot be read; a write that fails says so itself.
        try:
            if self._engine is None:
                with self._app.app_context():
                    self._engine = db.engine
            with self._engine.connect() as connection:
                self._until = connection.scalar(select(Maintenance.until_at))
        except SQLAlchemyError:
            # No database, or none of this release yet: then nothing says that reading is all there is.
            self._until = None
        self._asked = time.monotonic()


def watch(app: Flask | None = None) -> Watch:
    """The watch of an application."""
    found: Watch = (app or current_app).extensions["portal.taking"]
    return found


def now() -> Taking:
    """What the portal takes at this instant."""
    return watch().now()


def need_writable() -> None:
    """Raise ReadOnly while nothing may be written; jobs in hand and commands are not asked."""
    until = now().read_only_until
    if until is not None and not actors.current().is_system:
        raise ReadOnly(until)
