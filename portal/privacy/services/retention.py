"""Ending what has had its time: every retention record of every module, in batches, each with its audit entry.

Source: R34 (docs/security.md).
"""

from contextlib import AbstractContextManager
from dataclasses import dataclass

import structlog

from portal.core import audit, tenancy
from portal.core.actor import PORTAL, Actor, current
from portal.core.jobs import as_job
from portal.core.registry import Retention, registry
from portal.core.usecase import use_case

log = structlog.get_logger(__name__)

BATCH = 200
"""Things ended in one transaction: others wait for the writer's turn meanwhile."""
SUBJECT = "retention"


@dataclass(frozen=True, slots=True)
class Ended:
    """What a run did: municipality (PORTAL for the installation) → record → how many; and which records failed."""

    counts: dict[int, dict[str, int]]
    failed: tuple[str, ...] = ()


def run(*, dry: bool = False) -> Ended:
    """End everything whose time is over, or with `dry` only count it. A record that fails stops no other."""
    counts: dict[int, dict[str, int]] = {}
    failed: list[str] = []
    for place in (*(town.id for town in tenancy.towns().values()), PORTAL):
        counts[place] = {}
        with _standing_in(place):
            for record in records(everywhere=place == PORTAL):
                try:
                    counts[place][record.key] = _due(record) if dry else _end(record)
                except Exception as problem:
                    # Of the kind only: an error's words may quote a row.
                    log.error("retention failed", key=record.key, error=type(problem).__name__)  # noqa: TRY400
                    failed.append(record.key)
            if not dry:
                _note_run(current(), counts[place])
    return Ended(counts, tuple(failed))


def records(*, everywhere: bool) -> list[Retention]:
    """The records that end something: of each municipality, or of the installation."""
    return [row for row in registry.retentions() if row.erase is not None and row.everywhere is everywhere]


def _standing_in(place: int) -> AbstractContextManager[object]:
    return as_job("privacy.retention", place) if place != PORTAL else tenancy.within(None)


def _due(record: Retention) -> int:
    return record.due() if record.due else 0


def _end(record: Retention) -> int:
    total = 0
    # Twice what was due at first ends a record that would count without ending.
    for _round in range(2 * (_due(record) // BATCH) + 2):
        count = end_batch(current(), record.key)
        total += count
        if count == 0:
            break
    return total


@use_case("privacy.run", code="retention.ended")
def end_batch(_actor: Actor, key: str) -> int:
    """End a batch of one record; how many things."""
    record = next(row for row in registry.retentions() if row.key == key)
    audit.counts_only()  # Before any row changes: what is erased is not listed anew in the log.
    count = record.erase(BATCH) if record.erase else 0
    audit.note(f"{SUBJECT}:{key}", count=count)
    return count


@use_case("privacy.run", code="retention.ran")
def _note_run(_actor: Actor, counts: dict[str, int]) -> None:
    audit.note(SUBJECT, counts=counts)
