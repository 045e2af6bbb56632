"""The history of a demo initiative: every move of its road, and what staff noted beside it."""

from datetime import datetime, timedelta
from typing import Any

from initiatives.models import Initiative, Milestone
from initiatives.seed import roads
from initiatives.seed.cases import decider_of
from initiatives.seed.plots import Plot
from initiatives.seed.roads import Step
from initiatives.seed.works import chance
from initiatives.states import WORKFLOW
from portal.content.models import StateChange
from portal.content.services import HEAD_AFTER_DAYS
from portal.core.calendar import add_working_days, deadline_instant
from portal.core.workflow import Lane

AUTHOR = "author"
WHO = {
    "publish": "reviewer",
    "send_back": "reviewer",
    "hold": "reviewer",
    "lapse": "system",
    "assign": "leader",
    "start_purpose": "reviewer",
    "start_feasibility": "reviewer",
    "recommend": "leader",
    "decide": "decision_maker",
    "uphold": "other_decision_maker",
    "reverse": "other_decision_maker",
    "plan": "owner",
    "start": "owner",
    "finish": "owner",
    "abandon": "owner",
    "merge": "leader",
    "transfer": "leader",
    "correct": "leader",
}
"""Whom the history names for each verb, as `services.py` does; the author for all others."""
NOTED_SHARE = 0.3
"""Share of cases with an internal note of the team."""
WAITING_LONG = timedelta(days=5)
EXTENDED_AFTER = timedelta(days=14)
"""Two weeks into a study the leader sees that it needs longer."""


def history_of(
    plot: Plot,
    case: Initiative,
    milestones: list[Milestone],
    support: list[StateChange],
    aside_of_decision: list[StateChange],
) -> list[StateChange]:
    """All steps of the case in the order in which they happened.

    `support`: those of sheets and thresholds; `aside_of_decision`: those of a proposed change.
    """
    found = []
    before = "draft"
    for step in plot.steps:
        who = WHO.get(step.verb, AUTHOR)
        lane = WORKFLOW.move(step.verb).lane
        row = aside(case, step.verb, step.at, lane, who)
        row.from_state, row.to_state = before, step.to
        row.user_id, row.note = _hand(plot, who), note_of(plot, step)
        found.append(row)
        before = step.to
    found += [
        *_notes(plot, case),
        *_late(plot, case),
        *_reached(plot, case, milestones),
        *_told(plot, case),
        *support,
        *aside_of_decision,
    ]
    return sorted(found, key=lambda row: row.at)


def aside(case: Initiative, verb: str, at: datetime, lane: Lane, who: str, **more: Any) -> StateChange:
    """A step that leaves the case where it is, until somebody says otherwise; `more` are columns of the row."""
    return StateChange(
        municipality_id=case.municipality_id,
        kind=case.KIND,
        object_id=case.id,
        at=at,
        verb=verb,
        from_state=case.state,
        to_state=case.state,
        lane=lane,
        who=who,
        **more,
    )


def _hand(plot: Plot, who: str) -> int | None:
    """The account behind a step."""
    if who == AUTHOR:
        return plot.author.user_id if plot.author else None
    if who in ("decision_maker", "other_decision_maker"):
        return decider_of(plot, on_appeal=who == "other_decision_maker")
    known = {"reviewer": plot.study[0], "leader": plot.team.leader, "owner": plot.team.leader}
    return known.get(who)


def note_of(plot: Plot, step: Step) -> str:
    """The words that go with a move: from the case's own texts where it has them."""
    record, words = plot.record, plot.words
    own = {
        "send_back": "\n".join(plot.defects),
        "hold": record.get("hold_reason", ""),
        "decide": record.get("decision", {}).get("reasons", ""),
        "appeal": record.get("appeal", {}).get("text", ""),
        "uphold": record.get("appeal", {}).get("answer", ""),
        "reverse": record.get("appeal", {}).get("answer", ""),
        "finish": record.get("result", ""),
        "abandon": record.get("abandon_reason", ""),
        "dispute": record.get("dispute", ""),
        "merge": words["merge"],
        "transfer": words["transfer"] % {"to": record["transferred_to"]} if step.verb == "transfer" else "",
        "correct": words["correct"].get(roads.CORRECTED.get(plot.key, ""), ""),
    }
    if step.verb in own:
        return str(own[step.verb])
    return str(plot.rng.choice(words[step.verb])) if step.verb in words else ""


def _notes(plot: Plot, case: Initiative) -> list[StateChange]:
    """What staff wrote beside the moves."""
    found = []
    if plot.at("publish") and plot.rng.random() < NOTED_SHARE:
        at = plot.steps[1].at + timedelta(minutes=plot.rng.randint(20, 200))
        found.append(_noted(plot, case, at, plot.rng.choice(plot.words["internal"])))
    last = plot.steps[-1].at if plot.steps else plot.now
    if plot.state == "published" and plot.key not in roads.LATE and plot.now - last > WAITING_LONG:
        row = _noted(plot, case, last + timedelta(hours=1), plot.rng.choice(plot.words["agenda"]))
        row.who, row.user_id = "leader", plot.team.leader
        found.append(row)
    if plot.key in roads.EXTENDED:
        row = aside(case, "extend", last + EXTENDED_AFTER, Lane.PUBLIC, "leader")
        row.user_id, row.note = plot.team.leader, plot.rng.choice(plot.words["extend"])
        found.append(row)
    return found


def _reached(plot: Plot, case: Initiative, milestones: list[Milestone]) -> list[StateChange]:
    """A step per milestone that is behind, at noon of its day."""
    found = []
    for milestone in milestones:
        if milestone.done_on is not None:
            at = deadline_instant(milestone.done_on, plot.town.zone) - timedelta(hours=12)
            row = aside(case, "milestone", at, Lane.PUBLIC, "owner")
            row.from_state = row.to_state = "in_progress"
            row.user_id, row.note = plot.team.leader, milestone.title
            found.append(row)
    return found


def _told(plot: Plot, case: Initiative) -> list[StateChange]:
    """The newest news of the work."""
    if plot.state != "in_progress" or case.news_at is None or case.news_at <= plot.steps[-1].at:
        return []
    row = aside(case, "news", case.news_at, Lane.PUBLIC, "owner")
    row.user_id, row.note = plot.team.leader, chance(plot, "told").choice(plot.words["news"])
    return [row]


def _noted(plot: Plot, case: Initiative, at: datetime, text: str) -> StateChange:
    row = aside(case, "note", at, Lane.INTERNAL, "team")
    row.user_id, row.internal_note = plot.study[0], text
    return row


def _late(plot: Plot, case: Initiative) -> list[StateChange]:
    """What the clock itself wrote: when the day was over, and again five working days later."""
    if plot.key not in roads.LATE:
        return []
    key, days = roads.clock_of(plot.state)
    due = add_working_days(plot.day(plot.steps[-1].at), days, plot.town.country)
    moments = [due]
    if roads.LATE[plot.key] > HEAD_AFTER_DAYS:
        moments.append(add_working_days(due, HEAD_AFTER_DAYS, plot.town.country))
    found = []
    for day in moments:
        row = aside(case, "late", deadline_instant(day, plot.town.zone), Lane.INTERNAL, "system")
        row.internal_note = key
        found.append(row)
    return found
