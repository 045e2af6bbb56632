"""Of the demo office that has a steering group's meeting behind it: its agenda, a batch under embargo, what reviewers
said to each other, a change after reading others, a survey that is cited.
"""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Any

from initiatives import kinds
from initiatives.models import (
    AgendaItem,
    Batch,
    BatchItem,
    BatchState,
    Citation,
    Done,
    Initiative,
    StudyKind,
    StudyNote,
)
from initiatives.seed.plots import VERDICTS, Plot
from initiatives.seed.studies import sheets_of_case
from initiatives.seed.texts import offices
from portal.core import jobs
from portal.core.calendar import to_utc
from portal.core.db import db
from portal.core.i18n import iso

EMBARGO_DAYS = 3


def hold_session(plots: list[Plot], cases: Mapping[str, Initiative]) -> None:
    """Write it for an office of which `offices.json` tells a session."""
    told = offices().get(plots[0].town.slug, {}).get("session")
    if told is None:
        return
    waiting = [plot for plot in plots if plot.state == "recommendation"]
    for nth, plot in enumerate(waiting[:2]):
        db.session.add(_agenda_item(plot, cases[plot.key], told, held=nth == 0))
    if len(waiting) > 1:
        _batch(waiting[-2:], cases, told)
    studied = next((plot for plot in plots if plot.state == "feasibility_study"), None)
    if studied is not None:
        _talk(studied, cases[studied.key], told)
    for plot in plots:
        if plot.state in ("purpose_study", "feasibility_study", "recommendation"):
            case = cases[plot.key]
            cited = {**told["citation"], "held_on": date(2014, 5, 30)}
            town = {"municipality_id": case.municipality_id, "initiative_id": case.id}
            db.session.add(Citation(**town, user_id=plot.study[0], **cited))
            break


def _agenda_item(plot: Plot, case: Initiative, told: Mapping[str, Any], *, held: bool) -> AgendaItem:
    today = plot.day(plot.now)
    votes = told["votes"] if held else (None, None, None)
    return AgendaItem(
        municipality_id=case.municipality_id,
        initiative_id=case.id,
        session_on=today if held else today + timedelta(days=14),
        opinion=told["opinion"] if held else "",
        votes_for=votes[0],
        votes_against=votes[1],
        votes_abstained=votes[2],
        user_id=plot.team.leader,
        at=plot.now,
    )


def _batch(waiting: list[Plot], cases: Mapping[str, Initiative], told: Mapping[str, Any]) -> None:
    """Decisions that come out at noon in some days, with the job that does it."""
    first = waiting[0]
    noon = datetime.combine(first.day(first.now) + timedelta(days=EMBARGO_DAYS), time(12))
    publish_at, begun_at = to_utc(noon, first.town.zone, later=False), first.now - timedelta(days=1)
    batch = Batch(
        municipality_id=first.town.id,
        name=told["batch"],
        user_id=first.team.deciders[0],
        at=begun_at,
        state=BatchState.TIMED,
        publish_at=publish_at,
        version=2,
        log=[
            {"at": iso(begun_at), "user": first.team.deciders[0], "what": "begun"},
            {
                "at": iso(first.now),
                "user": first.team.deciders[-1],
                "what": "timed",
                "after": iso(publish_at),
            },
        ],
    )
    db.session.add(batch)
    db.session.flush()  # The items and the job name it.
    for nth, plot in enumerate(waiting):
        case, verdict = cases[plot.key], VERDICTS[plot.record["recommendation"]]
        # Only these two need no day of their own.
        verdict = verdict if verdict == "partly_adopted" else "adopted"
        db.session.add(
            BatchItem(
                municipality_id=case.municipality_id,
                batch_id=batch.id,
                initiative_id=case.id,
                user_id=plot.team.deciders[nth % len(plot.team.deciders)],
                verdict=verdict,
                reasons=told["reasons"][verdict == "partly_adopted"],
                left_out=told["left_out"] if verdict == "partly_adopted" else "",
                seen=case.version,
                outcome=Done.WAITING,
            )
        )
    jobs.enqueue(
        "initiative.batch",
        {"batch": batch.id, "at": iso(publish_at)},
        due_at=publish_at,
        dedupe=f"initiative.batch:{batch.id}:{batch.version}",
    )


def _talk(plot: Plot, case: Initiative, told: Mapping[str, Any]) -> None:
    """Two reviewers part over a criterion of the purpose study, talk, and one of them changes a score."""
    one, two = sheets_of_case(case, StudyKind.PURPOSE)
    key = kinds.CRITERIA[1].key
    one.scores, two.scores = {**one.scores, key: 2}, {**two.scores, key: 5}
    at = plot.now - timedelta(days=1)
    row = {"key": key, "words": [one.parts[key], one.parts[key]], "given": [1, 2]}
    one.changes = [{"at": iso(at), "why": told["why"], "rows": [row]}]
    for user_id, text in zip((one.user_id, two.user_id), told["notes"], strict=True):
        db.session.add(
            StudyNote(
                municipality_id=case.municipality_id,
                initiative_id=case.id,
                kind=StudyKind.PURPOSE,
                criterion=key,
                user_id=user_id,
                at=at,
                text=text,
            )
        )
