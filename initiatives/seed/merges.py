"""Merges of the demo: cases that go on in another one, and a proposal that waits for an answer."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from initiatives import rules, services
from initiatives.models import Initiative, Merge, MergeState
from initiatives.seed.histories import aside
from initiatives.seed.plots import PROPOSED, Plot
from portal.content import queries as content_queries
from portal.content import services as content
from portal.content.models import StateChange
from portal.core.db import db
from portal.core.workflow import Lane

ASKED_AGO, ANSWERED_AGO = timedelta(days=3), timedelta(days=1)


def merge_cases(plots: list[Plot], cases: Mapping[str, Initiative]) -> None:
    """Tie merged cases to their joint page; then the proposal of this municipality, to which one author has agreed."""
    for plot in plots:
        if "merged_into" in plot.record:
            _merged(plot, cases[plot.key], cases[plot.record["merged_into"]])
        elif plot.key in PROPOSED:
            _proposed(plot, cases[plot.key], cases[PROPOSED[plot.key]])
    db.session.flush()  # What follows reads the cases.


def _merged(plot: Plot, case: Initiative, joint: Initiative) -> None:
    at = plot.at("merge") or plot.now
    case.merged_into_id, case.merge_consented = joint.id, True
    joint.joined_count += 1
    content.link(case, case.KIND, joint.id, "merged")
    merge = _merge(plot, case, joint, at - timedelta(days=rules.MERGE_DAYS), plot.words["merge"])
    merge.outcome, merge.ended_at = MergeState.DONE, at
    merge.case_agrees = merge.into_agrees = True
    # Later steps of the joint page are written already, and a history stands in the order of its rows.
    known = (row.at for row in content_queries.history(*joint.about, tuple(Lane)))
    db.session.add_all([merge, _step(plot, joint, "joined", max([at, *known]), case.number or "")])


def _proposed(plot: Plot, case: Initiative, target: Initiative) -> None:
    at = plot.now - ASKED_AGO
    merge = _merge(plot, case, target, at, plot.words["merge_reason"])
    merge.into_agrees = True
    db.session.add(merge)
    db.session.flush()  # The cases and the jobs name it.
    case.merge_id = target.merge_id = merge.id
    services.plan_merge(merge)
    for one, other in ((case, target), (target, case)):
        db.session.add(_step(plot, one, "propose", at, f"{other.number}\n{merge.reason}"))
    agreed = _step(plot, target, "agree", plot.now - ANSWERED_AGO, "")
    agreed.lane, agreed.who, agreed.user_id = Lane.AUTHOR, "author", None
    db.session.add(agreed)


def _merge(plot: Plot, case: Initiative, target: Initiative, at: datetime, reason: str) -> Merge:
    return Merge(
        municipality_id=case.municipality_id,
        initiative_id=case.id,
        into_id=target.id,
        user_id=plot.team.leader,
        at=at,
        reason=reason,
        until=plot.day(at) + timedelta(days=rules.MERGE_DAYS),
        outcome=MergeState.OPEN,
    )


def _step(plot: Plot, case: Initiative, verb: str, at: datetime, note: str) -> StateChange:
    return aside(case, verb, at, Lane.PUBLIC, "leader", user_id=plot.team.leader, note=note)
