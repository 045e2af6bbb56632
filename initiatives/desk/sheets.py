"""The reviewers' sheets of a study side by side: who answered what, where their views part, what was said to it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from initiatives import queries, rules
from initiatives.kinds import Criterion, Measure
from initiatives.models import Initiative, Sheet, StudyKind, StudyNote
from portal.accounts import queries as accounts
from portal.core.i18n import Text, money, number
from portal.core.i18n import gettext as _
from portal.core.i18n import lazy_gettext as _l

TITLES: dict[StudyKind, Text] = {
    StudyKind.PURPOSE: _l("Purpose study"),
    StudyKind.FEASIBILITY: _l("Feasibility study"),
}


@dataclass(frozen=True, slots=True)
class Cell:
    """What one reviewer wrote on one criterion; `given` is the score or other answer in words, empty for none."""

    name: str
    text: str
    given: str


@dataclass(frozen=True, slots=True)
class Said:
    """A line of the discussion."""

    name: str
    at: datetime
    text: str


@dataclass(frozen=True, slots=True)
class Part:
    """One criterion with everybody's view of it. `differs` says in words how views part, and is empty where not."""

    key: str
    label: str
    weight: int | None
    mean: float | None
    differs: str
    cells: list[Cell]
    said: list[Said] = field(default_factory=list)

    @property
    def is_answered(self) -> bool:
        """Whether anybody gave a score, a sum, a day or yes or no."""
        return any(cell.given for cell in self.cells)


@dataclass(frozen=True, slots=True)
class Reckoning:
    """How the score of one sheet came about: each criterion's points times weight, and what they make."""

    name: str
    score: float
    terms: list[str]


@dataclass(frozen=True, slots=True)
class Change:
    """What somebody changed after seeing the others' sheets."""

    name: str
    at: datetime
    why: str
    rows: list[str]


@dataclass(frozen=True, slots=True)
class Comparison:
    """A study as its finished sheets tell it; `verdict` is a sentence, `score` 0 to 5."""

    kind: StudyKind
    title: Text
    names: list[str]
    parts: list[Part]
    missing: list[str]
    verdict: str
    score: float | None
    reckonings: list[Reckoning]
    changes: list[Change]

    @property
    def differing(self) -> int:
        """On how many criteria views part."""
        return sum(1 for part in self.parts if part.differs)


def sheet_of(case: Initiative, kind: StudyKind, user_id: int | None) -> Sheet | None:
    """Somebody's own sheet of a study."""
    return next((s for s in case.sheets if s.kind is kind and s.user_id == user_id), None)


def may_compare(case: Initiative, kind: StudyKind, user_id: int | None) -> bool:
    """A reviewer sees the others' sheets when their own is finished, so that nobody copies a view.

    Whoever writes none sees them at once, and everybody when the study is over.
    """
    if case.state != f"{kind.value}_study" or user_id not in case.reviewer_ids:
        return True
    own = sheet_of(case, kind, user_id)
    return own is not None and own.finished


def compared(case: Initiative, kind: StudyKind) -> Comparison | None:
    """The finished sheets of a study side by side; none before the first is finished."""
    sheets = sorted((s for s in case.sheets if s.kind is kind and s.finished), key=lambda s: s.id)
    if not sheets:
        return None
    shown = queries.criteria_shown(queries.office(case.municipality_id), kind, sheets)
    found = rules.weigh_findings(sheets, [criterion.key for criterion in shown])
    notes = queries.study_notes(case.id, kind)
    known = accounts.names({*(sheet.user_id for sheet in sheets), *(note.user_id for note in notes)})
    names = [known.get(sheet.user_id) or _("a former member") for sheet in sheets]
    labels = {criterion.key: queries.criterion_label(criterion, case.municipality_id) for criterion in shown}
    verdicts = {
        "positive": _("On the whole the findings speak for it."),
        "negative": _("On the whole the findings speak against it."),
        "mixed": _("The findings are mixed."),
    }
    pairs = list(zip(names, sheets, strict=True))
    parts = [_part(criterion, case, pairs, found, notes, known) for criterion in shown]
    return Comparison(
        kind=kind,
        title=TITLES[kind],
        names=names,
        parts=parts,
        missing=[labels[key] for key in found.missing],
        verdict=verdicts[found.verdict],
        score=found.score,
        reckonings=[_reckoning(name, sheet, labels) for name, sheet in pairs if rules.terms(sheet)],
        changes=[change for name, sheet in pairs for change in _changes(name, sheet, shown, case.currency)],
    )


def _part(
    criterion: Criterion,
    case: Initiative,
    pairs: list[tuple[str, Sheet]],
    found: rules.Findings,
    notes: list[StudyNote],
    known: Mapping[int, str],
) -> Part:
    key = criterion.key
    counts = key in found.means
    return Part(
        key=key,
        label=queries.criterion_label(criterion, case.municipality_id),
        weight=criterion.weight if counts else None,
        mean=found.means.get(key) if criterion.measure is Measure.SCORE else None,
        differs=_differs(criterion, [sheet for _name, sheet in pairs], case.currency),
        cells=[
            Cell(name, sheet.parts.get(key, ""), queries.given_text(criterion, sheet, case.currency))
            for name, sheet in pairs
        ],
        said=[
            Said(known.get(note.user_id) or _("a former member"), note.at, note.text)
            for note in notes
            if note.criterion == key
        ],
    )


def _differs(criterion: Criterion, sheets: list[Sheet], currency: str) -> str:
    """How views part, in words: scores two or more apart, a yes against a no, sums or days that are not the same."""
    key = criterion.key
    if criterion.measure is Measure.SCORE:
        scores = [sheet.scores[key] for sheet in sheets if key in sheet.scores]
        apart = max(scores, default=0) - min(scores, default=0)
        return (
            _("From %(low)s to %(high)s", low=min(scores), high=max(scores)) if apart >= rules.DIFFER else ""
        )
    values = {sheet.values[key] for sheet in sheets if key in sheet.values}
    if len(values) < 2:
        return ""
    if criterion.measure is Measure.YES_NO:
        return _("Yes against no") if {"yes", "no"} <= values else ""
    low, high = min(values), max(values)
    if criterion.measure is Measure.MONEY and high - low > low // 10:
        return _("From %(low)s to %(high)s", low=money(low, currency), high=money(high, currency))
    if criterion.measure is Measure.DATE:
        low_text, high_text = (queries.value_text(Measure.DATE, value, "") for value in (low, high))
        return _("From %(low)s to %(high)s", low=low_text, high=high_text)
    return ""


def _reckoning(name: str, sheet: Sheet, labels: Mapping[str, str]) -> Reckoning:
    terms = rules.terms(sheet)
    return Reckoning(
        name,
        rules.weighted(sheet) or 0.0,
        [
            f"{labels.get(term.key, term.key)}: {number(term.points)} × {number(term.weight)}"
            for term in terms
        ],
    )


def _changes(name: str, sheet: Sheet, shown: list[Criterion], currency: str) -> list[Change]:
    known = {criterion.key: criterion for criterion in shown}
    return [
        Change(
            name,
            datetime.fromisoformat(change["at"]),
            change["why"],
            [_change_text(known[row["key"]], row, currency) for row in change["rows"] if row["key"] in known],
        )
        for change in sheet.changes or ()
    ]


def _change_text(criterion: Criterion, row: Mapping[str, Any], currency: str) -> str:
    label = queries.criterion_label(criterion)
    before, after = (
        _("nothing") if value is None else queries.value_text(criterion.measure, value, currency)
        for value in row["given"]
    )
    said = _("%(label)s: %(before)s → %(after)s.", label=label, before=before, after=after)
    if row["given"][0] == row["given"][1]:
        said = _("%(label)s: the words.", label=label)
    was = row["words"][0] if row["words"][0] != row["words"][1] else ""
    return f"{said} {_('It said before: “%(words)s”', words=was)}" if was else said
