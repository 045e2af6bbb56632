"""The work of the monitoring team on a demo initiative: reviewers, sheets, decisions, milestones."""

from datetime import date, datetime, timedelta
from random import Random

from sqlalchemy import select

from initiatives import rules
from initiatives.kinds import CRITERIA
from initiatives.models import Decision, Initiative, Milestone, Reviewer, Sheet, StudyKind
from initiatives.seed.cases import decider_of
from initiatives.seed.plots import FINISHED, VERDICTS, Plot
from initiatives.seed.texts import offices
from portal.core.db import db

PARTS = {StudyKind.PURPOSE: rules.PURPOSE_PARTS, StudyKind.FEASIBILITY: rules.FEASIBILITY_PARTS}
STARTED_BY = {StudyKind.PURPOSE: "start_purpose", StudyKind.FEASIBILITY: "start_feasibility"}
ENDED_BY = {StudyKind.PURPOSE: "start_feasibility", StudyKind.FEASIBILITY: "recommend"}
BEGUN_SHARE = 0.6
"""Share of running studies in which somebody has begun to write."""
CASE_SCORES = {
    "adopted": ((3, 4, 4, 5), (3, 4, 4, 5)),
    "partly_adopted": ((3, 4, 4), (2, 3, 3, 4)),
    "deferred": ((3, 3, 4), (2, 3, 3)),
    "refused": ((2, 3, 3), (1, 2, 2, 3)),
}
"""What reviewers tend to give, by recommendation: for the purpose, for the feasibility (1 to 5)."""


def reviewers_of(plot: Plot, case: Initiative) -> list[Reviewer]:
    """Two people from the day it is assigned."""
    if plot.at("assign") is None:
        return []
    return [
        Reviewer(municipality_id=case.municipality_id, initiative_id=case.id, user_id=user_id)
        for user_id in plot.study
    ]


def sheets_of(plot: Plot, case: Initiative) -> list[Sheet]:
    """Two finished sheets of each study that is over; of a running one perhaps a beginning."""
    found = []
    for kind in StudyKind:
        started = plot.at(STARTED_BY[kind])
        if started is None:
            continue
        if kind.value in plot.record:
            ended = plot.at(ENDED_BY[kind]) or plot.now
            found += [_finished(plot, case, kind, nth, started, ended) for nth in (0, 1)]
        elif plot.rng.random() < BEGUN_SHARE:
            found.append(_begun(plot, case, kind, started))
    return found


def _finished(
    plot: Plot, case: Initiative, kind: StudyKind, nth: int, started: datetime, ended: datetime
) -> Sheet:
    """The first reviewer writes the study's own words, the second what they think of each part."""
    parts, rng = PARTS[kind], plot.rng
    written = plot.record[kind.value]
    words = {part: written[part] if nth == 0 else rng.choice(plot.words["second"][part]) for part in parts}
    sheet = _sheet(plot, case, kind, nth)
    sheet.values = {}
    sheet.parts, sheet.finished = words, True
    sheet.scores = {part: _score(plot, kind, rng) for part in parts}
    if kind is StudyKind.FEASIBILITY:
        share = 1.0 if nth == 0 else rng.choice((0.9, 1.0, 1.0, 1.1))
        sheet.values = {
            "cost-once": round(written["cost_once"] * share) * 100,
            "cost-yearly": written["cost_yearly"] * 100,
        }
    _answer_own(plot, sheet, nth)
    sheet.version = rng.randint(1, 4)
    sheet.updated_at = plot.between(started, ended)
    return sheet


def _answer_own(plot: Plot, sheet: Sheet, nth: int) -> None:
    """What the office asks besides; by a chance of its own, so that no other row depends on it."""
    rng = plot.chance(f"criteria {sheet.kind.value} {nth}")
    for asked in offices().get(plot.town.slug, {}).get("criteria", ()):
        if asked["study"] != sheet.kind.value:
            continue
        key = asked["key"]
        sheet.parts = {**sheet.parts, key: rng.choice(asked["texts"])}
        given = rng.choice(asked["values"]) if "values" in asked else None
        if given is None:
            given = (plot.day(plot.now) + timedelta(days=30 * rng.randint(4, 12))).isoformat()
        sheet.values = {**sheet.values, key: given}
        sheet.weights = {**sheet.weights, key: asked.get("weight", 1)}


def _begun(plot: Plot, case: Initiative, kind: StudyKind, started: datetime) -> Sheet:
    """The first reviewer's sheet with some parts written."""
    parts, rng = PARTS[kind], plot.rng
    written = parts[: rng.randint(1, len(parts) - 1)]
    sheet = _sheet(plot, case, kind, 0)
    sheet.parts = {part: rng.choice(plot.words["second"][part]) if part in written else "" for part in parts}
    sheet.scores = {part: rng.randint(3, 5) for part in written}
    sheet.updated_at = plot.between(started, plot.now)
    return sheet


def _sheet(plot: Plot, case: Initiative, kind: StudyKind, nth: int) -> Sheet:
    return Sheet(
        municipality_id=case.municipality_id,
        initiative_id=case.id,
        kind=kind,
        user_id=plot.study[nth],
        weights={found.key: found.weight for found in CRITERIA if found.study == kind.value},
    )


def _score(plot: Plot, kind: StudyKind, rng: Random) -> int:
    verdict = VERDICTS[plot.record.get("recommendation", "adopt")]
    purpose, feasibility = CASE_SCORES[verdict]
    return rng.choice(purpose if kind is StudyKind.PURPOSE else feasibility)


def sheets_of_case(case: Initiative, kind: StudyKind) -> list[Sheet]:
    """The finished sheets of a study that were written before."""
    statement = select(Sheet).where(Sheet.initiative_id == case.id, Sheet.kind == kind, Sheet.finished)
    return list(db.session.scalars(statement.order_by(Sheet.id)))


def decisions_of(plot: Plot, case: Initiative) -> list[Decision]:
    """What was decided, each time, as it was published."""
    found = []
    for step in plot.steps:
        if step.verb not in ("decide", "uphold", "reverse"):
            continue
        on_appeal = step.verb != "decide"
        said = plot.record["appeal"] if on_appeal else plot.record["decision"]
        found.append(
            Decision(
                municipality_id=case.municipality_id,
                initiative_id=case.id,
                at=step.at,
                user_id=decider_of(plot, on_appeal=on_appeal),
                verdict=step.to,
                reasons=said["answer"] if on_appeal else said["reasons"],
                left_out=said.get("left_out", ""),
                returns_on=case.returns_on,
                on_appeal=on_appeal,
            )
        )
    return found


def milestones_of(plot: Plot, case: Initiative) -> list[Milestone]:
    """The stages of the realisation. `share` is how much of the whole is done when the stage is."""
    planned_at = plot.at("plan")
    if planned_at is None:
        return []
    found, total = [], 0
    rows = plot.record["milestones"]
    days = _stage_days(plot, len(rows))
    for nth, (record, planned_on) in enumerate(zip(rows, days, strict=True)):
        total += record["share"]
        found.append(
            Milestone(
                municipality_id=case.municipality_id,
                initiative_id=case.id,
                title=record["title"],
                planned_on=planned_on,
                done_on=planned_on if nth < stages_done(plot) else None,
                share=min(total, 100),
            )
        )
    return found


def stages_done(plot: Plot) -> int:
    """How many stages are behind."""
    n = len(plot.record.get("milestones", ()))
    if plot.state in FINISHED:
        return n
    return {"partly_done": n - 1, "abandoned": 1, "in_progress": max(1, n // 2)}.get(plot.state, 0)


def _stage_days(plot: Plot, n: int) -> list[date]:
    """A day per stage: those behind between start and end (or now), the others ahead."""
    done = stages_done(plot)
    begun = plot.at("start") or plot.at("plan") or plot.now
    ended = plot.at("finish", "abandon") or plot.now
    behind = [begun + (ended - begun) * (nth + 1) / (done + 1) for nth in range(done)]
    ahead = [plot.now + timedelta(days=30 * (nth + 1)) for nth in range(n - done)]
    return [plot.day(at) for at in (*behind, *ahead)]
