"""The two studies: sheets of reviewers, what they say to each other, results of surveys they cite."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy import select

from initiatives import queries, rules
from initiatives.kinds import Criterion, Measure
from initiatives.models import Citation, Initiative, Sheet, StudyKind, StudyNote
from initiatives.services.joining import user_of
from initiatives.states import STUDIES
from portal.core import audit, clock
from portal.core.actor import Actor
from portal.core.db import db
from portal.core.errors import Conflict, Invalid, Missing
from portal.core.i18n import Text, iso
from portal.core.i18n import lazy_gettext as _l
from portal.core.usecase import once, use_case

MOVED_ON = _l("The case has moved on meanwhile. Look at its present state and decide again.")
CITATIONS_MAX = 20


@use_case("initiative.assess", code="initiative.sheet_saved", load=queries.case)
def save_sheet(
    actor: Actor,
    case: Initiative,
    kind: StudyKind,
    parts: Mapping[str, str],
    scores: Mapping[str, int],
    values: Mapping[str, Any],
    version: int,
    *,
    finished: bool,
    why: str = "",
) -> None:
    """Keep one's own sheet of a study: words, scores and other answers, each by the wording of its criterion.

    A finished one lacks nothing that is required. Once its reviewer has seen a colleague's it takes a reason to
    change it, and what was changed is kept beside it. Answers to earlier wordings stay under these.
    """
    if case.state != f"{kind.value}_study":
        raise Conflict(MOVED_ON)
    asked = queries.office(case.municipality_id).asked_in(kind.value)
    user_id = user_of(actor)
    sheet = next((s for s in case.sheets if s.kind is kind and s.user_id == user_id), None)
    if finished or (sheet is not None and sheet.finished):
        _need_all(asked, parts, scores, values)
    if sheet is None:
        sheet = Sheet(municipality_id=case.municipality_id, kind=kind, user_id=user_id, version=0)
        sheet.parts, sheet.scores, sheet.values, sheet.changes = {}, {}, {}, []
        sheet.finished = False
        case.sheets.append(sheet)
    if sheet.version != version:
        raise Conflict(
            _l("Somebody else changed this meanwhile. Compare both texts and save again."), theirs=sheet
        )
    before = (sheet.parts, sheet.scores, sheet.values)
    keys = {found.key for found in asked}
    sheet.parts = {**_not_asked(sheet.parts, keys), **{key: parts.get(key, "") for key in keys}}
    sheet.scores = {**_not_asked(sheet.scores, keys), **_known(scores, asked, Measure.SCORE)}
    others = (Measure.YES_NO, Measure.MONEY, Measure.DATE)
    sheet.values = {**_not_asked(sheet.values, keys), **_known(values, asked, *others)}
    sheet.weights = {**(sheet.weights or {}), **{found.key: found.weight for found in asked}}
    if rules.is_compared(sheet, case.sheets):
        _log(sheet, before, why)
    sheet.finished = finished or sheet.finished
    sheet.version, sheet.updated_at = version + 1, clock.now()
    audit.note(f"initiative:{case.id}")


def _need_all(
    asked: list[Criterion], parts: Mapping[str, str], scores: Mapping[str, int], values: Mapping[str, Any]
) -> None:
    """Raise Invalid with everything a finished sheet lacks, by the field of its form."""
    missing: dict[str, Text] = {}
    for found in asked:
        if not found.required:
            continue
        measure = found.measure
        if measure in (Measure.SCORE, Measure.YES_NO, Measure.TEXT) and not parts.get(found.key, "").strip():
            missing[found.key] = _l("Write this part.")
        if measure is Measure.SCORE and found.key not in scores:
            missing[f"{found.key}_score"] = _l("Choose a score.")
        if measure is not Measure.SCORE and measure is not Measure.TEXT and values.get(found.key) is None:
            missing[f"{found.key}_value"] = _LACKS[measure]
    if missing:
        raise Invalid(_l("A finished study needs every part and every score."), missing)


_LACKS = {
    Measure.YES_NO: _l("Choose one of the answers."),
    Measure.MONEY: _l("Write the amount as a whole number, such as 12500."),
    Measure.DATE: _l("Choose a day."),
}


def _not_asked(kept: Mapping[str, Any], keys: set[str]) -> dict[str, Any]:
    return {key: value for key, value in kept.items() if key not in keys}


def _known(given: Mapping[str, Any], asked: list[Criterion], *measures: Measure) -> dict[str, Any]:
    keys = [found.key for found in asked if found.measure in measures]
    return {key: given[key] for key in keys if given.get(key) is not None}


def _log(sheet: Sheet, before: tuple[Mapping[str, Any], ...], why: str) -> None:
    """Keep what was changed after seeing others. Raises Invalid without a reason."""
    now: tuple[Mapping[str, Any], ...] = (sheet.parts, sheet.scores, sheet.values)
    changed = sorted(
        {
            key
            for old, new in zip(before, now, strict=True)
            for key in {*old, *new}
            if old.get(key) != new.get(key)
        }
    )
    if not changed:
        return
    if not why.strip():
        reason = _l("Say why you change it: you have seen what your colleagues wrote.")
        raise Invalid(reason, {"why": reason})
    rows = [
        {
            "key": key,
            "words": [before[0].get(key, ""), sheet.parts.get(key, "")],
            "given": [before[1].get(key, before[2].get(key)), sheet.scores.get(key, sheet.values.get(key))],
        }
        for key in changed
    ]
    sheet.changes = [*sheet.changes, {"at": iso(clock.now()), "why": why.strip(), "rows": rows}]


@use_case("initiative.assess", code="initiative.study_discussed", load=queries.case)
def discuss(actor: Actor, case: Initiative, kind: StudyKind, criterion: str, text: str, key: str) -> None:
    """Say something about a criterion on which views part; a repeated post says it once.

    Only who has finished the own sheet, or writes none, has seen that they do.
    """
    user_id = user_of(actor)
    writes = case.state == f"{kind.value}_study" and user_id in case.reviewer_ids
    if writes and not any(s.finished for s in case.sheets if s.kind is kind and s.user_id == user_id):
        raise Conflict(_l("Finish your own sheet first."))
    if case.state not in STUDIES:
        raise Conflict(MOVED_ON)
    if queries.office(case.municipality_id).criterion(criterion) is None:
        raise Missing
    if not text.strip():
        raise Invalid(_l("Write what you say to it."), {"text": _l("Write what you say to it.")})

    def act() -> None:
        db.session.add(
            StudyNote(
                municipality_id=case.municipality_id,
                initiative_id=case.id,
                kind=kind,
                criterion=criterion,
                user_id=user_id,
                at=clock.now(),
                text=text.strip(),
            )
        )

    once(f"initiative.discuss:{case.id}", key, act)
    audit.note(f"initiative:{case.id}")


@use_case("initiative.assess", code="initiative.survey_cited", load=queries.case)
def cite(
    actor: Actor,
    case: Initiative,
    survey: str,
    wave: str,
    held_on: date | None,
    question: str,
    result: str,
    link: str,
    key: str,
) -> None:
    """Cite a result of a survey; a repeated post cites it once."""
    if case.state not in STUDIES:
        raise Conflict(MOVED_ON)
    if held_on is not None and held_on > case.local_today:
        text = _l("Choose a day that is not ahead.")
        raise Invalid(text, {"held_on": text})
    if len(queries.citations(case.id)) >= CITATIONS_MAX:
        raise Invalid(_l("There are enough citations. Take one away first."))

    def act() -> None:
        db.session.add(
            Citation(
                municipality_id=case.municipality_id,
                initiative_id=case.id,
                user_id=user_of(actor),
                survey=survey.strip(),
                wave=wave.strip(),
                held_on=held_on,
                question=question.strip(),
                result=result.strip(),
                link=link.strip(),
            )
        )

    once(f"initiative.cite:{case.id}", key, act)
    audit.note(f"initiative:{case.id}")


@use_case("initiative.assess", code="initiative.citation_removed", load=queries.case)
def remove_citation(actor: Actor, case: Initiative, citation_id: int) -> None:
    """Take a citation away that is wrong; harmless the second time."""
    if case.state not in STUDIES:
        raise Conflict(MOVED_ON)
    row = db.session.scalar(
        select(Citation).where(Citation.initiative_id == case.id, Citation.id == citation_id)
    )
    if row is not None:
        db.session.delete(row)
    audit.note(f"initiative:{case.id}")
