"""A bulk act of the demo: what a leader assigned together some days ago, and what somebody else had taken meanwhile."""

from collections.abc import Mapping
from datetime import timedelta

from initiatives.models import BulkAct, BulkItem, Done, Initiative
from initiatives.seed.plots import Plot
from portal.core.db import db
from portal.core.i18n import lazy_gettext as _l
from portal.notify.values import pack

DAYS_AGO = 3
MOST = 5


def act_together(plots: list[Plot], cases: Mapping[str, Initiative]) -> None:
    """Write one act of this municipality: cases that are assigned, and one of the published that was left."""
    moved = [plot for plot in plots if plot.state in ("assigned", "purpose_study")][:MOST]
    left = [plot for plot in plots if plot.state == "published"][:1]
    if not moved:
        return
    first = moved[0]
    at = first.now - timedelta(days=DAYS_AGO)
    act = BulkAct(
        municipality_id=first.town.id,
        user_id=first.team.leader,
        at=at,
        verb="assign",
        values={
            "department": cases[first.key].department,
            "lead": first.study[0],
            "reviewers": list(first.study),
            "note": "",
        },
        query="",
        cases=len(moved) + len(left),
        undo_until=at + timedelta(minutes=10),
        finished_at=at,
    )
    db.session.add(act)
    db.session.flush()  # The items name it.
    why = pack({"why": _l("Somebody changed it meanwhile.")})
    db.session.add_all(
        BulkItem(
            municipality_id=first.town.id,
            bulk_id=act.id,
            initiative_id=cases[plot.key].id,
            seen=max(1, cases[plot.key].version - 1),
            after=cases[plot.key].version if plot in moved else None,
            outcome=Done.MOVED if plot in moved else Done.LEFT,
            why="" if plot in moved else why,
        )
        for plot in (*moved, *left)
    )
