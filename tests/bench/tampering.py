"""Somebody who may write in the database changes the audit log: does `flask audit verify` find it? (F12)

Works on copies of a drill's data folder, behind the portal's back and with the triggers dropped. Whoever tampers
knows everything but the key of the chain, and mends what can be mended without it.
Source: R36, story T19 (docs/security.md).
"""

import hashlib
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from portal.core.db import sqlite_driver
from tests.bench.drill import Portal
from tests.bench.figures import Figure, at_least, note

CHAIN = (
    "SELECT chain, seq, at, user_id, channel, on_behalf, code, subject, details, prev_hash, hash "
    "FROM audit_entry WHERE chain = ? ORDER BY seq"
)
ENTRY = (
    "INSERT INTO audit_entry (chain, seq, at, user_id, channel, on_behalf, code, subject, details, prev_hash, hash) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)


def changed(rows: list[list[Any]]) -> list[list[Any]]:
    """Another person did it."""
    rows[len(rows) // 2][3] = 1
    return rows


def removed(rows: list[list[Any]]) -> list[list[Any]]:
    """One entry is gone; those after it close the gap."""
    del rows[len(rows) // 2]
    return _chained(rows)


def inserted(rows: list[list[Any]]) -> list[list[Any]]:
    """An entry nobody wrote, in a gap made for it."""
    rows.insert(len(rows) // 2, list(rows[0]))
    return _chained(rows)


def truncated(rows: list[list[Any]]) -> list[list[Any]]:
    """The last entries are gone, and the head of the chain is set back: only the anchors know."""
    return rows[:-3]


def reordered(rows: list[list[Any]]) -> list[list[Any]]:
    """Two entries change places, and every link after them is calculated anew, without the key."""
    middle = len(rows) // 2
    rows[middle], rows[middle + 1] = rows[middle + 1], rows[middle]
    return _chained(rows, rehash_from=middle)


WRITERS = ("leader", "editor", "admin")
"""Whose acts fill the log."""
KINDS: dict[str, Callable[[list[list[Any]]], list[list[Any]]]] = {
    "changed": changed,
    "removed": removed,
    "inserted": inserted,
    "truncated": truncated,
    "re-ordered and linked anew": reordered,
}


def _chained(rows: list[list[Any]], rehash_from: int | None = None) -> list[list[Any]]:
    """Number the entries and link each to the one before it."""
    before, first = rows[0][9], rows[0][1]
    for place, row in enumerate(rows):
        row[1], row[9] = first + place, before
        if rehash_from is not None and place >= rehash_from:
            row[10] = hashlib.sha256(repr(row[:10]).encode()).hexdigest()
        before = row[10]
    return rows


def tamper(database: Path, kind: str) -> int:
    """Rewrite the longest chain; how many entries it had."""
    connection = sqlite_driver().connect(str(database), isolation_level=None)
    for name in [
        row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
    ]:
        if name.startswith("audit_entry"):
            connection.execute(f"DROP TRIGGER {name}")
    longest = "SELECT chain FROM audit_entry GROUP BY chain ORDER BY count(*) DESC LIMIT 1"
    chain = connection.execute(longest).fetchone()[0]
    found = connection.execute(CHAIN, (chain,)).fetchall()
    rows = KINDS[kind]([list(row) for row in found])
    connection.execute("BEGIN")
    connection.execute("DELETE FROM audit_entry WHERE chain = ?", (chain,))
    connection.executemany(ENTRY, rows)
    connection.execute(
        "UPDATE audit_head SET seq = ?, hash = ? WHERE chain = ?", (rows[-1][1], rows[-1][10], chain)
    )
    connection.execute("COMMIT")
    connection.close()
    return len(found)


def refused_by_triggers(database: Path) -> int:
    """How many of three ways to write over the log the database itself refuses."""
    connection = sqlite_driver().connect(str(database))
    refused = 0
    for statement in (
        "UPDATE audit_entry SET user_id = 1",
        "DELETE FROM audit_entry",
        "UPDATE audit_entry SET details = '{}' WHERE seq = 1",
    ):
        try:
            connection.execute(statement)
        except sqlite_driver().IntegrityError:
            refused += 1
    connection.rollback()
    connection.close()
    return refused


def audit(trial: Portal) -> list[Figure]:
    """Tamper in each way, and ask."""
    for role in WRITERS:
        trial.told("furnished", role)
    trial.told("messages", "anchor")
    found, entries = 0, 0
    for kind in KINDS:
        copy = trial.folder.with_name(f"{trial.folder.name}-tampered")
        shutil.copytree(trial.folder, copy)
        try:
            beside = replace(trial, folder=copy)
            if clean := beside.flask("audit", "verify").returncode:
                raise SystemExit(f"A copy nobody touched does not verify ({clean}).")
            entries = tamper(copy / "portal.sqlite", kind)
            told = beside.flask("audit", "verify")
            found += told.returncode == 1
            note(f"  {kind}: {(told.stdout.splitlines() or ['nothing is told'])[0]}")
        finally:
            shutil.rmtree(copy)
    return [
        at_least("F12", f"kinds of tampering found, in a chain of {entries} entries", found, len(KINDS)),
        at_least(
            "F12",
            "ways to write over it that the database refuses",
            refused_by_triggers(trial.folder / "portal.sqlite"),
            3,
        ),
    ]
