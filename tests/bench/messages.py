"""Messages of a portal on trial: writes some, makes what failed due at once, tells how they fared.

Runs in a process of its own over the data folder of a drill and prints JSON:

    python -m tests.bench.messages write mail refused 10     ten messages, each to an address of its own
    python -m tests.bench.messages write sms refused 10      the same to numbers
    python -m tests.bench.messages hurry                     the pauses between tries are over
    python -m tests.bench.messages fared                     state and tries of every message
    python -m tests.bench.messages anchor                    the nightly anchor of the audit chains is dropped now
"""

import json
import sys
from collections.abc import Callable
from typing import Any

from flask_migrate import upgrade
from sqlalchemy import select, update

from portal.core import anchors, clock, tenancy
from portal.core.db import db, writing
from portal.core.jobs import Job
from portal.notify import outbox
from portal.notify.kinds import Delivery
from portal.notify.models import Notice
from portal.notify.outbox import Recipient
from tests.factories.towns import make_town

TOWN = "lublin"
FIRST_NUMBER = 48_601_000_000


def write(channel: str, fault: str, count: str) -> dict[str, Any]:
    """Messages of accounts, one for each recipient; gives the recipients."""
    upgrade()
    town = tenancy.towns().get(TOWN) or make_town(TOWN)
    with tenancy.within(town.id):
        there = len(list(db.session.scalars(select(Notice.id))))
        people: list[str] = []
        with writing():
            for number in range(there, there + int(count)):
                if channel == "sms":
                    people.append(f"+{FIRST_NUMBER + number}")
                    to = Recipient("pl", phone=people[-1])
                    outbox.send("account.phone_code", to, {"code": "123456", "minutes": 10}, secret=("code",))
                else:
                    people.append(f"{fault}.{number}@people.example")
                    to = Recipient("pl", email=people[-1])
                    outbox.send("account.changed", to, {"what": "password", "link": "/contact"})
    return {"people": people}


def hurry() -> dict[str, Any]:
    """What failed, and what a killed or silent worker held, is due now; how much was."""
    open_rows = (Job.kind == "notify.send", Job.done_at.is_(None), Job.dead_at.is_(None))
    with tenancy.unscoped("the drill looks at all work"), writing():
        waiting = db.session.execute(
            update(Job).where(*open_rows, Job.due_at > clock.now()).values(due_at=clock.now())
        )
        still = len(list(db.session.scalars(select(Job.id).where(*open_rows))))
    return {"hurried": waiting.rowcount, "open": still}  # type: ignore[attr-defined]


def fared() -> dict[str, Any]:
    """How each recipient's message stands, by address or number."""
    with tenancy.unscoped("the drill looks at all messages"):
        rows = db.session.scalars(select(Notice)).all()
        return {
            (row.email or row.phone or ""): {
                "state": row.state.value,
                "settled": row.state.is_settled,
                "parked": row.state is Delivery.DEAD,
                "tries": row.tries,
            }
            for row in rows
        }


def anchor() -> dict[str, Any]:
    """What the night does for the audit chains."""
    return {"line": anchors.drop()}


ACTS: dict[str, Callable[..., dict[str, Any]]] = {
    "write": write,
    "hurry": hurry,
    "fared": fared,
    "anchor": anchor,
}


def main() -> None:
    """Do one of these over the data folder of the environment."""
    from portal.app import create_app

    app = create_app()
    act, *words = sys.argv[1:]
    with app.app_context():
        found = ACTS[act](*words)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
