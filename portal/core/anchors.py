"""The heads of the audit chains, kept a second time outside the database, so that cutting a chain off shows (R36).

`audit-anchors.jsonl` in the data folder gets a line a day. Whoever can write there and in the database could
still cut both; a copy by mail, or of the line on paper, is out of their reach.
"""

import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from flask import current_app
from sqlalchemy import select

from portal.core import clock
from portal.core.audit import AuditEntry, AuditHead, Break
from portal.core.db import db

FILE = "audit-anchors.jsonl"


def path() -> Path:
    """Where the anchors lie."""
    folder: Path = current_app.extensions["portal.settings"].data
    return folder / FILE


def drop() -> str:
    """Append the present heads to the file; the line that was written."""
    heads = {str(head.chain): [head.seq, head.hash] for head in db.session.scalars(select(AuditHead))}
    line = json.dumps({"at": clock.now().isoformat(timespec="seconds"), "heads": heads}, sort_keys=True)
    handle = os.open(path(), os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    with os.fdopen(handle, "a", encoding="utf-8") as file:
        file.write(line + "\n")
        file.flush()
        os.fsync(file.fileno())
    return line


def _heads(texts: Iterable[str]) -> Iterator[tuple[int, int, str]]:
    """(chain, seq, hash) of every readable line; a mailed one may stand among other words."""
    for text in texts:
        try:
            found: Any = json.loads(text.strip())
            for chain, (seq, link) in found["heads"].items():
                yield int(chain), int(seq), str(link)
        except (ValueError, KeyError, TypeError, AttributeError):
            continue


def compare(*files: Path) -> list[Break]:
    """Every anchored link that is no longer in its chain as it was: removed, cut off or rewritten."""
    wanted: dict[tuple[int, int], set[str]] = {}
    for file in files or (path(),):
        if file.exists():
            for chain, seq, link in _heads(file.read_text(encoding="utf-8").splitlines()):
                wanted.setdefault((chain, seq), set()).add(link)
    breaks = []
    for (chain, seq), links in sorted(wanted.items()):
        if seq == 0:
            continue
        there = db.session.scalar(
            select(AuditEntry.hash).where(AuditEntry.chain == chain, AuditEntry.seq == seq)
        )
        if there is None:
            breaks.append(Break(chain, seq, "anchored elsewhere, cut off here"))
        elif links != {there}:
            breaks.append(Break(chain, seq, "not what was anchored elsewhere"))
    return breaks


def count() -> int:
    """How many anchors the file holds."""
    return len(path().read_text(encoding="utf-8").splitlines()) if path().exists() else 0
