"""What an office asks in its studies: criteria, their weights and order. Kept as the other settings are."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from initiatives import kinds
from initiatives.kinds import CRITERIA, Criterion, Measure, Office, Texts
from initiatives.services import configuring
from portal.core.actor import Actor
from portal.core.errors import Invalid, Missing
from portal.core.i18n import Text
from portal.core.i18n import lazy_gettext as _l
from portal.core.tenancy import Municipality
from portal.core.usecase import use_case


@dataclass(frozen=True, slots=True)
class CriterionAsked:
    """A criterion as somebody writes it."""

    measure: Measure
    names: Texts = field(default_factory=dict)
    help: Texts = field(default_factory=dict)
    weight: int = 1
    required: bool = True
    hidden: bool = False


@use_case("initiative.configure", code="initiative.configured", load=configuring.locked_row)
def save_criterion(
    actor: Actor, row: Municipality, study: str, key: str, asked: CriterionAsked, mark: str
) -> str:
    """Ask a new criterion (with an empty key) or change one; the key of the wording that holds from now on.

    Name, guiding text and way of answering are never changed: another wording follows the present one, and
    sheets keep theirs. Weight, order, and whether it is required or asked at all change as they are: a saved
    sheet keeps the weights it was saved with. Raises Conflict, Missing, Invalid.
    """
    office = configuring.office_as_seen(row, study, mark)
    present = office.criterion(key) if key else None
    if key and (present is None or present.ended or present.study != study):
        raise Missing
    made = _checked(office, study, present, asked)
    if present is None:
        new = replace(made, key=_new_thread(office))
        rows = [*office.criteria, new]
    elif all(getattr(present, part) == getattr(made, part) for part in ("measure", "names", "help")):
        new = replace(made, key=present.key)
        rows = [new if found.key == present.key else found for found in office.criteria]
    else:
        new = replace(made, key=_next_wording(office, present.thread))
        rows = []
        for found in office.criteria:
            rows += [replace(present, ended=True), new] if found.key == present.key else [found]
    if not any(found.is_asked and found.study == study for found in rows):
        reason = _l("At least one criterion must stay: a study has to say something.")
        raise Invalid(reason, {"hidden": reason})
    _keep(row, rows, new.key)
    return new.key


def _checked(office: Office, study: str, present: Criterion | None, asked: CriterionAsked) -> Criterion:
    names = configuring.texts_of(asked.names, kinds.NAME_MAX)
    ours = present is not None and present.thread in {found.key for found in CRITERIA}
    if names or not ours:
        configuring.need_own(names, office.language, _l("Write the name in the language of your office."))
    guiding = configuring.explanations_of(asked.help)
    _free_name(office, study, present, names)
    if asked.measure in kinds.WEIGHED and not 1 <= asked.weight <= kinds.WEIGHT_MAX:
        reason = _l("Write a number from 1 to 10.")
        raise Invalid(reason, {"weight": reason})
    weight = asked.weight if asked.measure in kinds.WEIGHED else 1
    is_more = not asked.hidden and (present is None or present.hidden)
    if is_more and len(office.asked_in(study)) >= kinds.CRITERIA_MAX:
        raise Invalid(_l("There are enough criteria: nobody reads a longer sheet. Hide one first."))
    return Criterion("", study, asked.measure, names, guiding, weight, asked.required, asked.hidden)


def _free_name(office: Office, study: str, present: Criterion | None, names: Mapping[str, str]) -> None:
    for other in office.asked_in(study):
        if present is not None and other.thread == present.thread:
            continue
        for locale, name in names.items():
            if other.names.get(locale, "").casefold() == name.casefold():
                reason: Text = _l("Another criterion is called the same.")
                raise Invalid(reason, {f"text_{locale}": reason})


def _new_thread(office: Office) -> str:
    known = {found.thread for found in office.criteria}
    return next(key for n in range(1, 1000) if (key := f"own{n}") not in known)


def _next_wording(office: Office, thread: str) -> str:
    known = {found.key for found in office.criteria}
    return next(key for n in range(2, 1000) if (key := f"{thread}-{n}") not in known)


def _keep(row: Municipality, rows: list[Criterion], what: str = "") -> None:
    configuring.keep(row, "criteria", list(map(kinds.criterion_row, rows)), what)


@use_case("initiative.configure", code="initiative.configured", load=configuring.locked_row)
def move_criterion(actor: Actor, row: Municipality, study: str, place: int, step: int, mark: str) -> None:
    """Change a criterion with its neighbour above (-1) or below (1), hidden ones too. Raises Conflict, Missing."""
    office = configuring.office_as_seen(row, study, mark)
    if step not in (-1, 1):
        raise Missing
    open_rows = [found for found in office.criteria_of(study) if not found.ended]
    moved: list[Any] = configuring.moved(open_rows, place, step)
    # Ended wordings stay before what follows them, so that a comparison shows both together.
    ended: dict[str, list[Criterion]] = {}
    for found in office.criteria_of(study):
        if found.ended:
            ended.setdefault(found.thread, []).append(found)
    rows = [found for found in office.criteria if found.study != study]
    for found in moved:
        rows += [*ended.pop(found.thread, []), found]
    rows += [found for left in ended.values() for found in left]
    _keep(row, rows)
