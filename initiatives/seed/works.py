"""What demo offices told of the realisation: news, money, photos of before and after; and what people said of it."""

import re
from collections.abc import Mapping
from datetime import datetime, time, timedelta
from random import Random

from initiatives import rules, services
from initiatives.models import Asked, CostChange, Echo, Helped, Initiative
from initiatives.seed.pictures import draw
from initiatives.seed.plots import Plot
from initiatives.services.echoing import ASK_HOUR, author_person
from portal.content import services as content
from portal.content.models import FileRole
from portal.core import files, jobs
from portal.core.calendar import local_day, to_utc
from portal.core.db import db

SILENT = {"lub-030": 74, "swi-015": 63, "oji-019": 66}
"""Cases from which nobody heard for so many days."""
WITH_MONEY = ("planned", "in_progress", "done", "partly_done", "confirmed", "disputed")
BUILT = ("done", "partly_done", "confirmed", "disputed")
ANSWERS = (Helped.YES, Helped.YES, Helped.YES, Helped.PARTLY, Helped.NO)
MOST_ASKED = 14
SUM = re.compile(r"(\d[\d ]*) (?:zł|Kč)")


def chance(plot: Plot, what: str) -> Random:
    """A chance of its own, so that what is added here moves nothing that was drawn before."""
    return Random(f"{plot.key} {what}")  # noqa: S311 - demo data, not a secret


def news_day(plot: Plot, case: Initiative) -> datetime | None:
    """When the office last told something; of most cases that was lately."""
    if case.phase != "building":
        return None
    if plot.key in SILENT:
        return plot.now - timedelta(days=SILENT[plot.key])
    return max(plot.steps[-1].at, plot.now - timedelta(days=chance(plot, "news").randint(2, 20)))


def set_work(plot: Plot, case: Initiative) -> None:
    """What stands in the case itself: sums, the last news, how often people were asked."""
    case.news_at = news_day(plot, case)
    if plot.key in SILENT and case.news_at is not None:
        case.silent_since = local_day(case.news_at, plot.town.zone)
    if plot.state in WITH_MONEY:
        planned = case.cost_once_minor or 2_400_000
        share = chance(plot, "money").randint(92, 112) if plot.state in BUILT else case.progress
        case.planned_minor = planned
        reckoned = planned * share // 100 // 10_000 * 10_000
        case.spent_minor = None if plot.state == "planned" else _spent_as_told(plot) or reckoned
    if plot.at("finish"):
        case.echo_round = 1


def _spent_as_told(plot: Plot) -> int | None:
    """The sum that the words about the result name, in hundredths: the log must not contradict them."""
    named = SUM.search(plot.record.get("result", ""))
    return int(named[1].replace(" ", "")) * 100 if named else None


def plan_work(plot: Plot, case: Initiative) -> None:
    """What is due: reminders to tell news, and the question after the work."""
    if case.news_at is not None and plot.key not in SILENT:
        services.heard(case, case.news_at)
    done_at = plot.at("finish")
    if done_at is not None and not _was_asked(plot, done_at):
        day = rules.ask_day(plot.day(done_at))
        jobs.enqueue(
            "initiative.ask",
            {"initiative": case.id, "round": 1},
            due_at=to_utc(datetime.combine(day, ASK_HOUR), plot.town.zone),
            dedupe=f"initiative.ask:{case.id}:1",
        )


def _was_asked(plot: Plot, done_at: datetime) -> bool:
    return plot.now > done_at + timedelta(days=rules.ASK_AFTER_DAYS)


def costs_of(plot: Plot, case: Initiative) -> list[CostChange]:
    """The log of its sums: what was planned, and what was spent since."""
    planned_at = plot.at("plan")
    if case.planned_minor is None or planned_at is None:
        return []
    words = plot.words["cost_why"]
    rows: list[tuple[datetime, int | None, str]] = [(planned_at, None, words[0])]
    spent_at = plot.at("finish") or case.news_at
    if case.spent_minor is not None and spent_at is not None:
        rows.append((spent_at, case.spent_minor, words[1]))
    return [
        CostChange(
            municipality_id=case.municipality_id,
            initiative_id=case.id,
            at=at,
            user_id=plot.team.leader,
            planned_minor=case.planned_minor,
            spent_minor=spent,
            why=why,
        )
        for at, spent, why in rows
    ]


def echoes_of(plot: Plot, case: Initiative, persons: Mapping[str, int | None]) -> list[Echo]:
    """Who was asked whether it helped, and what they said; the author of a judged case among them."""
    done_at = plot.at("finish")
    if done_at is None or not _was_asked(plot, done_at):
        return []
    rng = chance(plot, "echo")
    asked_at = to_utc(datetime.combine(rules.ask_day(plot.day(done_at)), time(ASK_HOUR.hour)), plot.town.zone)
    found = []
    for person, user_id in list(persons.items())[:MOST_ASKED]:
        answer = rng.choice(ANSWERS) if rng.random() < 0.7 else None
        row = _echo(case, person, user_id, Asked.SUPPORTER, asked_at, answer)
        if answer is Helped.NO:
            row.words = rng.choice(plot.words["echo_no"])
        found.append(row)
    judged = {"confirmed": Helped.YES, "disputed": Helped.NO}.get(plot.state)
    user_id = plot.author.user_id if plot.author else None
    found.append(_echo(case, author_person(case), user_id, Asked.AUTHOR, asked_at, judged))
    return list({row.person: row for row in found}.values())


def _echo(
    case: Initiative, person: str, user_id: int | None, asked_as: Asked, at: datetime, answer: Helped | None
) -> Echo:
    return Echo(
        municipality_id=case.municipality_id,
        initiative_id=case.id,
        round=1,
        person=person,
        user_id=user_id,
        asked_as=asked_as,
        asked_at=at,
        answer=answer,
        words="",
        answered_at=at + timedelta(hours=5) if answer else None,
    )


def attach_work_photos(plot: Plot, case: Initiative) -> None:
    """The place before and, where the work is done, after it: of cases that came with a picture."""
    scene = plot.record.get("picture")
    if not scene or plot.state not in ("in_progress", *BUILT):
        return
    roles = (FileRole.BEFORE, FileRole.AFTER) if plot.state in BUILT else (FileRole.BEFORE,)
    for role, alt in zip(roles, plot.words["photo_then"], strict=False):
        stored = files.store_photo(draw(scene, f"{plot.key} {role.value}"), f"{role.value}.jpg")
        row = content.attach(case, stored, role, alt)
        row.created_at = plot.at("finish") or plot.now
    db.session.flush()
