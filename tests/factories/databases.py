"""Databases for tests: a template is made once per run and copied for each test, which is faster than cleaning.

`empty` holds the migrated tables, `demo` the demo data with its files. All workers of a run share them: the
first who needs one makes it under a lock, the others wait. Each worker has one live database of its own.
SQLite copies files; PostgreSQL (PORTAL_TEST_DATABASE_URL names a database of somebody who may create others)
clones on the server, and leaves its databases to be replaced by the next run.
"""

import fcntl
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import create_engine, make_url, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool

CLONE_TRIES = 50


class SqliteDatabases:
    """One file per worker and one per template."""

    def __init__(self, shared: Path, own: Path) -> None:
        self._shared = shared
        self._live = own / "portal.sqlite"
        self.url = f"sqlite:///{self._live}"

    def clear(self) -> None:
        """Begin with no tables at all."""
        for leftover in self._live.parent.glob(self._live.name + "*"):
            leftover.unlink()

    def keep(self, name: str) -> None:
        """Make the live database a template; nobody is connected to it."""
        shutil.copyfile(self._live, self._shared / f"{name}.sqlite")

    def restore(self, name: str) -> None:
        """Make the live database a copy of a template; nobody is connected to it."""
        self.clear()
        shutil.copyfile(self._shared / f"{name}.sqlite", self._live)


class PostgresDatabases:
    """One database per worker and one per template, named after the database of the address."""

    def __init__(self, address: str, worker: str) -> None:
        url = make_url(address).set(drivername="postgresql+psycopg")
        self._prefix = url.database or "portal"
        self._live = f"{self._prefix}_{worker}"
        self._server = create_engine(url, isolation_level="AUTOCOMMIT", poolclass=NullPool)
        self.url = url.set(database=self._live).render_as_string(hide_password=False)

    def clear(self) -> None:
        """Begin with no tables at all."""
        self._clone("template0", self._live)

    def keep(self, name: str) -> None:
        """Make the live database a template; nobody is connected to it."""
        self._clone(self._live, f"{self._prefix}_{name}")

    def restore(self, name: str) -> None:
        """Make the live database a copy of a template; nobody is connected to it."""
        self._clone(f"{self._prefix}_{name}", self._live)

    def _clone(self, source: str, target: str) -> None:
        for attempt in range(CLONE_TRIES):
            try:
                with self._server.connect() as connection:
                    connection.execute(text(f'DROP DATABASE IF EXISTS "{target}" WITH (FORCE)'))
                    connection.execute(text(f'CREATE DATABASE "{target}" TEMPLATE "{source}"'))
            except OperationalError:
                # Another worker clones the same template at this instant.
                if attempt == CLONE_TRIES - 1:
                    raise
                time.sleep(0.1)
            else:
                return


Databases = SqliteDatabases | PostgresDatabases


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Only one worker at a time."""
    with path.open("ab") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def once(shared: Path, name: str, make: Callable[[], None]) -> None:
    """Carry out `make` by the first worker of the run; the others wait until it is done."""
    with locked(shared / f"{name}.lock"):
        done = shared / f"{name}.done"
        if not done.exists():
            make()
            done.touch()
