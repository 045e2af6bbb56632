"""The reviewers' sheets of a study side by side: who gave which score, and where their views part."""

from dataclasses import dataclass

from initiatives import rules
from initiatives.models import Initiative, Sheet, StudyKind
from initiatives.states import PARTS
from portal.accounts import queries as accounts
from portal.core.i18n import Text
from portal.core.i18n import gettext as _
from portal.core.i18n import lazy_gettext as _l

DIFFER = 2
"""From this distance of scores on views part, and the reviewers should talk."""
PARTS_OF = {
    StudyKind.PURPOSE: rules.PURPOSE_PARTS,
    StudyKind.FEASIBILITY: rules.FEASIBILITY_PARTS,
}
TITLES: dict[StudyKind, Text] = {
    StudyKind.PURPOSE: _l("Purpose study"),
    StudyKind.FEASIBILITY: _l("Feasibility study"),
}


@dataclass(frozen=True, slots=True)
class Cell:
    """What one reviewer wrote on one part; no score where none was given."""

    name: str
    text: str
    score: int | None


@dataclass(frozen=True, slots=True)
class Part:
    """One part with everybody's view of it; `differs` from two points on."""

    label: Text
    mean: float | None
    differs: bool
    cells: list[Cell]


@dataclass(frozen=True, slots=True)
class Comparison:
    """A study as its finished sheets tell it. Costs are minor units by reviewer; `verdict` a sentence."""

    title: Text
    names: list[str]
    parts: list[Part]
    missing: list[Text]
    verdict: str
    costs: list[tuple[str, int | None, int | None]]


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
    found = rules.weigh_findings(sheets, PARTS_OF[kind])
    known = accounts.names(sheet.user_id for sheet in sheets)
    names = [known.get(sheet.user_id) or _("a former member") for sheet in sheets]
    verdicts = {
        "positive": _("On the whole the findings speak for it."),
        "negative": _("On the whole the findings speak against it."),
        "mixed": _("The findings are mixed."),
    }
    return Comparison(
        title=TITLES[kind],
        names=names,
        parts=[_part(part, sheets, names, found) for part in PARTS_OF[kind]],
        missing=[PARTS[part][0] for part in found.missing],
        verdict=verdicts[found.verdict],
        costs=[
            (name, sheet.cost_once_minor, sheet.cost_yearly_minor)
            for name, sheet in zip(names, sheets, strict=True)
            if sheet.cost_once_minor is not None or sheet.cost_yearly_minor is not None
        ],
    )


def _part(part: str, sheets: list[Sheet], names: list[str], found: rules.Findings) -> Part:
    return Part(
        label=PARTS[part][0],
        mean=found.means.get(part),
        differs=found.spread.get(part, 0) >= DIFFER,
        cells=[
            Cell(name, sheet.parts.get(part, ""), sheet.scores.get(part))
            for name, sheet in zip(names, sheets, strict=True)
        ],
    )
