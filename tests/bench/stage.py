"""Prepares a portal for a drill, and looks afterwards whether all its rows fit together.

Both run in processes of their own over the data folder of the drill, and print JSON:

    python -m tests.bench.stage prepare     a town, a public case, a resident with many sessions
    python -m tests.bench.stage inspect     every row that should not be so, in words
"""

import json
import sys
from collections.abc import Iterator
from typing import Any

from flask import Flask
from flask_migrate import upgrade
from sqlalchemy import func, select, text

from initiatives.models import Author, Count, Initiative, MapCell, Support
from initiatives.services import rebuild_counts
from portal.content.models import Deadline, StateChange
from portal.core import audit, tenancy
from portal.core.db import db, writing
from portal.core.jobs import Job
from portal.core.tokens import CaseCounter
from portal.notify.models import Notice
from portal.search.models import SearchDocument
from tests.factories.actors import make_actor, make_session
from tests.factories.initiatives import make_initiative
from tests.factories.towns import make_town

TOWN = "lublin"
RESIDENT = "support@people.example"
SESSIONS = 24


def prepare(app: Flask, volleys: int) -> dict[str, Any]:
    """A town; a public case per volley; cookies of one resident who is signed in on many devices at once."""
    upgrade()
    town = make_town(TOWN)
    resident = make_actor("resident", town, email=RESIDENT)
    cases = [str(make_initiative(town, with_author=False).number).lower() for _ in range(volleys)]
    return {
        "cookie": f"{app.config['SESSION_COOKIE_NAME']}=",
        "sessions": [make_session(resident) for _ in range(SESSIONS)],
        "cases": cases,
    }


def inspect(_app: Flask) -> dict[str, Any]:
    """Number and title of everything filed, and everything that is half-written or does not add up."""
    town = tenancy.town(TOWN)
    with tenancy.within(town.id):
        problems = [*_cases(), *_numbers(), *_counts(town), *_messages()]
        numbered = select(Initiative.number, Initiative.title).where(Initiative.number.is_not(None))
        filed = [list(row) for row in db.session.execute(numbered)]
        supports = dict(
            db.session.execute(
                select(Initiative.number, Initiative.support_count).where(Initiative.listed_at.is_not(None))
            ).all()
        )
    problems += [f"audit chain {gap.chain}, entry {gap.seq}: {gap.what}" for gap in audit.verify()]
    if db.engine.dialect.name == "sqlite":
        told = db.session.scalars(text("PRAGMA integrity_check")).all()
        problems += [f"database: {line}" for line in told if line != "ok"]
    return {"problems": problems, "filed": filed, "supports": supports, "waiting": _waiting()}


def _cases() -> Iterator[str]:
    """A case that was sent has number, author, history, clock and search; a draft has none of them."""
    authors = set(db.session.scalars(select(Author.initiative_id)))
    clocks = set(db.session.scalars(select(Deadline.object_id).where(Deadline.done_at.is_(None))))
    searched = set(db.session.scalars(select(SearchDocument.object_id)))
    steps = set(db.session.scalars(select(StateChange.object_id).where(StateChange.verb == "submit")))
    for case in db.session.scalars(select(Initiative).where(Initiative.listed_at.is_(None))):
        sent = case.state != "draft"
        facts = {
            "a number": case.number is not None,
            "an instant of sending": case.submitted_at is not None,
            "a step of history": case.id in steps,
            "a clock": case.id in clocks,
            "a place in the search": case.id in searched,
        }
        if case.id not in authors:
            yield f"case {case.id} ({case.state}) has no author"
        for what, there in facts.items():
            if there != sent:
                yield f"case {case.id} ({case.state}) {'lacks' if sent else 'already has'} {what}"


def _numbers() -> Iterator[str]:
    """No number is given twice or lost: the counter stands at the number of cases."""
    given = db.session.scalar(select(func.count()).where(Initiative.number.is_not(None))) or 0
    last = db.session.scalar(select(func.sum(CaseCounter.last))) or 0
    if given != last:
        yield f"{given} cases have a number, but {last} were given"


def _counts(town: tenancy.Town) -> Iterator[str]:
    """Counters and map cells equal what one gets by counting anew; supports equal their rows."""

    def kept() -> list[Any]:
        counts = select(Count.state, Count.category, Count.outcome, Count.n).where(Count.n > 0)
        cells = select(MapCell.filter, MapCell.zoom, MapCell.cell, MapCell.n).where(MapCell.n > 0)
        return [sorted(map(tuple, db.session.execute(statement))) for statement in (counts, cells)]

    before = kept()
    with writing():
        rebuild_counts(town.id)
    if kept() != before:
        yield "counters or map cells do not equal the cases"
    rows = dict(
        db.session.execute(select(Support.initiative_id, func.count()).group_by(Support.initiative_id)).all()
    )
    for key, count in db.session.execute(select(Initiative.id, Initiative.support_count)):
        if count != rows.get(key, 0):
            yield f"case {key} counts {count} supports, but has {rows.get(key, 0)}"


def _messages() -> Iterator[str]:
    """Every author who left an address has exactly one message, sent or with work that waits for it."""
    waiting = set(db.session.scalars(select(Job.dedupe).where(Job.done_at.is_(None), Job.dead_at.is_(None))))
    told: dict[int | None, int] = {}
    for notice in db.session.scalars(select(Notice).where(Notice.code == "initiative.received")):
        told[notice.about_id] = told.get(notice.about_id, 0) + 1
        if notice.sent_at is None and not waiting:
            yield f"message {notice.id} was not sent, and no work waits"
    for author in db.session.scalars(select(Author).where(Author.email_sealed.is_not(None))):
        case = db.session.get_one(Initiative, author.initiative_id)
        expected = 0 if case.state == "draft" else 1
        if told.get(case.id, 0) != expected:
            yield f"case {case.number} ({case.state}) has {told.get(case.id, 0)} messages of its receipt"
    dead = db.session.scalar(select(func.count()).where(Job.dead_at.is_not(None))) or 0
    if dead:
        yield f"{dead} pieces of work were given up"


def _waiting() -> int:
    """Due work that is not done: what a killed worker held waits until its lease has run out."""
    statement = select(func.count()).where(
        Job.done_at.is_(None), Job.dead_at.is_(None), Job.due_at <= func.current_timestamp()
    )
    return db.session.scalar(statement) or 0


def main() -> None:
    """Do the one or the other over the data folder of the environment."""
    from portal.app import create_app

    app = create_app()
    with app.app_context():
        found = prepare(app, int(sys.argv[2])) if sys.argv[1] == "prepare" else inspect(app)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
