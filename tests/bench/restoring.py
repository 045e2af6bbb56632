"""A restore as after a lost machine: backup, an empty place, the commands of the handbook, a comparison (F11).

Over a copy of a bench database with 10,000 cases (`dataset.py`). Source: R67 (docs/security.md), docs/production.md.
"""

import shutil
import time
from pathlib import Path
from typing import Any

from portal.core.db import sqlite_driver
from tests.bench import dataset
from tests.bench.drill import Portal
from tests.bench.figures import Figure, at_most, note

SIZE = 10_000
MOST_S = 600.0
CASES = "SELECT municipality_id, id, number, state, title, text FROM initiative"


def restore(folder: Path, size: int = SIZE) -> list[Figure]:
    """Make a backup, bring it back in an empty place, and compare."""
    lost, found = Portal(folder / "lost"), Portal(folder / "found")
    shutil.copytree(dataset.ensure(size), lost.folder)
    (lost.folder / "files").mkdir(exist_ok=True)
    (lost.folder / "files" / "a-photo.jpg").write_bytes(b"\xff\xd8" + bytes(1_000_000))
    made_s = _timed(lost, "backup", "make", str(folder / "backups"))
    (backup,) = (folder / "backups").iterdir()
    before = _rows(lost)
    shutil.copytree(lost.folder / "files", folder / "files-before")
    # Keys are kept apart from backups; the operator brings them along.
    found.folder.mkdir()
    shutil.copy(lost.folder / "keys.json", found.folder)
    shutil.rmtree(lost.folder)
    started = time.monotonic()
    for words in (("backup", "restore", str(backup)), ("db", "upgrade"), ("audit", "verify")):
        note(f"  flask {' '.join(words[:2])}: {_timed(found, *words):.1f} s")
    try:
        ready_s = found.start_web()
    finally:
        found.end()
    restored_s = time.monotonic() - started
    note(
        f"  made in {made_s:.1f} s, {backup.stat().st_size / 1e6:.1f} MB; answered {ready_s:.1f} s after its start"
    )
    after = _rows(found)
    same = (found.folder / "files" / "a-photo.jpg").read_bytes() == (
        folder / "files-before" / "a-photo.jpg"
    ).read_bytes()
    tables = sum(before["tables"][name] != after["tables"].get(name) for name in before["tables"])
    return [
        at_most(
            "F11",
            f"backup of {len(before['cases']):,} cases to the first page of the restored portal",
            restored_s,
            MOST_S,
            " s",
        ),
        at_most("F11", "making the backup while the portal stands", made_s, MOST_S, " s"),
        at_most("F11", "cases missing or changed", len(before["cases"] - after["cases"]), 0),
        at_most("F11", "tables with another number of rows", tables, 0),
        at_most("F11", "uploads missing or changed", int(not same), 0),
    ]


def _timed(portal: Portal, *words: str) -> float:
    started = time.monotonic()
    done = portal.flask(*words)
    if done.returncode:
        raise SystemExit(f"flask {' '.join(words)} failed:\n{done.stdout}{done.stderr}")
    return time.monotonic() - started


def _rows(portal: Portal) -> dict[str, Any]:
    """Every case whole, and the number of rows of every table."""
    connection = sqlite_driver().connect(str(portal.folder / "portal.sqlite"))
    names = [
        row[0]
        for row in connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND sql NOT LIKE 'CREATE VIRTUAL%'"
        )
    ]
    left_out = ("sqlite_", "search_index_", "worker_beat", "job")  # Written anew or by whatever runs.
    counted = {
        name: connection.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0]  # noqa: S608 - names of tables
        for name in names
        if not name.startswith(left_out)
    }
    found = {"cases": set(connection.execute(CASES)), "tables": counted}
    connection.close()
    return found
