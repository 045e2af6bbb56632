"""Taking over initiatives of another system: all or nothing, in constant memory, safe to repeat.

The old number stays and is found by the search; importing the same file again changes nothing, and a
second file about the same number adds the steps it knows. Source: product section 7.3.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select

from initiatives.counting import Key, entries
from initiatives.formats.outcomes import ERROR, EXTENDED, NEW, REFUSED, UNCHANGED, WARNING
from initiatives.formats.records import ImportedInitiative, Problem, Reading
from initiatives.formats.records import Step as ImportedStep
from initiatives.models import Initiative, Outcome, Place
from initiatives.services import figures
from initiatives.services.settling import rebuild_totals
from initiatives.states import WORKFLOW
from portal.content import move
from portal.content.models import StateChange
from portal.core import audit, clock, events, tenancy
from portal.core.actor import Actor, Channel
from portal.core.calendar import local_day
from portal.core.collate import fold
from portal.core.db import db, insert_or_keep
from portal.core.errors import Invalid
from portal.core.i18n import lazy_gettext as _l
from portal.core.policy import need
from portal.core.tokens import SERIAL_DIGITS, CaseCounter
from portal.core.usecase import use_case
from portal.core.workflow import Lane

BATCH = 250
REPORTED = 200
"""Problems and warnings kept for the report; the rest is only counted."""


Heard = Callable[[ImportedInitiative | Problem, str], None]
"""Is told of every initiative and problem as it is met, with its outcome (a key of `formats.outcomes`)."""


def nobody(_met: ImportedInitiative | Problem, _outcome: str) -> None:
    """Nobody wants to hear of single rows."""


@dataclass(slots=True)
class ImportReport:
    """What an import did or, when a file is checked, would do."""

    added: int = 0
    extended: int = 0
    unchanged: int = 0
    steps: int = 0
    errors: int = 0
    warnings: int = 0
    problems: list[Problem] = field(default_factory=list)
    heard: Heard = nobody

    def tally(self, item: ImportedInitiative, *, is_new: bool, steps: int) -> None:
        """Count an initiative with the steps that were not known of it."""
        self.steps += steps
        if is_new:
            self.added += 1
        elif steps:
            self.extended += 1
        else:
            self.unchanged += 1
        self.heard(item, NEW if is_new else EXTENDED if steps else UNCHANGED)

    def tell(self, problem: Problem) -> None:
        """Count a problem and keep it while there is room."""
        if problem.is_warning:
            self.warnings += 1
        else:
            self.errors += 1
        if len(self.problems) < REPORTED:
            self.problems.append(problem)
        self.heard(problem, WARNING if problem.is_warning else ERROR)


class RefusedFile(Invalid):
    """The file has errors, so nothing of it was taken over; carries the report."""

    def __init__(self, report: ImportReport) -> None:
        super().__init__(_l("The file has errors; nothing was taken over."))
        self.report = report


def check(
    actor: Actor,
    reading: Reading,
    progress: Callable[[int], None] = lambda n: None,
    heard: Heard = nobody,
) -> ImportReport:
    """What taking this over would do. Only reads, so that nobody who writes meanwhile has to wait.

    Numbers do not repeat within a file: the readers see to it. Raises NotAllowed.
    """
    need(actor, "initiative.import")
    report = ImportReport(heard=heard)
    for batch in _batches(reading, report, progress):
        known = _known(batch)
        for item in batch:
            case = known.get((item.source, item.external_number))
            report.tally(item, is_new=case is None, steps=len(_fresh_steps(case, item.steps)))
        _forget(known)
    return report


@use_case("initiative.import", code="initiative.imported")
def take_over(
    actor: Actor, reading: Reading, progress: Callable[[int], None] = lambda n: None
) -> ImportReport:
    """Take over what a reader yields, in one transaction. Raises RefusedFile when the file has an error.

    On SQLite nobody else can write until it ends, so files are checked first, by `check`.
    """
    town = tenancy.town_by_id(tenancy.current_id() or 0)
    report = ImportReport()
    audit.counts_only()
    serials = _Serials(town)
    told = Counter[Key]()
    for batch in _batches(reading, report, progress):
        _store(actor, town, batch, serials, report, told)
    if report.errors:
        raise RefusedFile(report)
    serials.close()
    rebuild_totals(town.id)
    figures.add(town.id, told)
    audit.note(f"municipality:{town.id}", added=report.added, extended=report.extended, steps=report.steps)
    return report


def _batches(
    reading: Reading, report: ImportReport, progress: Callable[[int], None]
) -> Iterator[list[ImportedInitiative]]:
    """What the reader yields, some at a time; what is wrong goes into the report.

    After the first error the rest is only read, so that one run names every error of the file.
    """
    batch: list[ImportedInitiative] = []
    done = 0
    for item in reading:
        if isinstance(item, Problem):
            report.tell(item)
            continue
        for warning in item.warnings:
            report.tell(warning)
        done += 1
        batch.append(item)
        if len(batch) == BATCH:
            progress(done)
            yield from _if_sound(batch, report)
            batch = []
    progress(done)
    yield from _if_sound(batch, report)


def _if_sound(batch: list[ImportedInitiative], report: ImportReport) -> Iterator[list[ImportedInitiative]]:
    if batch and not report.errors:
        yield batch
        return
    for item in batch:
        report.heard(item, REFUSED)


class _Serials:
    """Case numbers of an import, taken from the counters in runs instead of one by one."""

    def __init__(self, town: tenancy.Town) -> None:
        self._town = town
        self._counters: dict[int, CaseCounter] = {}
        self._last: dict[int, int] = {}

    def next(self, year: int) -> str:
        """The next number of a local year."""
        if year not in self._counters:
            insert_or_keep(CaseCounter, municipality_id=self._town.id, kind="I", year=year, last=0)
            self._counters[year] = db.session.scalars(
                select(CaseCounter)
                .where(
                    CaseCounter.municipality_id == self._town.id,
                    CaseCounter.kind == "I",
                    CaseCounter.year == year,
                )
                .with_for_update()
            ).one()
            self._last[year] = self._counters[year].last
        self._last[year] += 1
        return f"{self._town.code}-I-{year}-{self._last[year]:0{SERIAL_DIGITS}d}"

    def close(self) -> None:
        """Write back how far the counters went."""
        for year, counter in self._counters.items():
            counter.last = self._last[year]


def _store(
    actor: Actor,
    town: tenancy.Town,
    batch: list[ImportedInitiative],
    serials: _Serials,
    report: ImportReport,
    told: Counter[Key],
) -> None:
    known = _known(batch)
    fresh: list[tuple[Initiative, ImportedInitiative]] = []
    for item in batch:
        case = known.get((item.source, item.external_number))
        if case is None:
            case = _new(actor, town, item, serials)
            known[item.source, item.external_number] = case
            db.session.add(case)
            fresh.append((case, item))
        else:
            before = _figures(case)
            report.tally(item, is_new=False, steps=_extend(actor, case, item))
            told.update(_figures(case))
            told.subtract(before)
    db.session.flush()  # Steps name the cases.
    for case, item in fresh:
        report.tally(item, is_new=True, steps=_add_steps(actor, case, item.steps))
        told.update(_figures(case))
    db.session.flush()
    events.tell("content.arrived", [case for case, _ in fresh])
    _forget(known)


def _figures(case: Initiative) -> Counter[Key]:
    """What an untouched case adds to the statistics; one that moved here is counted by its moves already."""
    return entries(figures.told(case), ()) if case.is_untouched_import else Counter()


def _forget(known: dict[tuple[str, str], Initiative]) -> None:
    """Let a batch go: memory does not grow with the file."""
    for case in known.values():
        db.session.expunge(case)


def _known(items: list[ImportedInitiative]) -> dict[tuple[str, str], Initiative]:
    statement = select(Initiative).where(
        Initiative.external_number.in_({item.external_number for item in items}),
        Initiative.external_source.in_({item.source for item in items}),
    )
    return {(c.external_source or "", c.external_number or ""): c for c in db.session.scalars(statement)}


def _new(actor: Actor, town: tenancy.Town, item: ImportedInitiative, serials: _Serials) -> Initiative:
    now = clock.now()
    place = Place.POINT if item.lat is not None else Place.ADDRESS if item.address else Place.WHOLE
    case = Initiative(
        municipality_id=town.id,
        number=serials.next(local_day(item.submitted_at, town.zone).year),
        external_source=item.source,
        external_number=item.external_number,
        title=item.title,
        folded=fold(item.title),
        text=item.text,
        category=item.category_key,
        district=item.district,
        place=place,
        lat=item.lat,
        lon=item.lon,
        address=item.address,
        cost_minor=item.cost_minor,
        currency=item.currency or town.currency,
        language=item.language,
        channel=Channel(item.channel.value),
        created_at=now,
        updated_at=item.submitted_at,
        submitted_at=item.submitted_at,
        listed_at=item.submitted_at,
        details={"steps": []},
    )
    _place(case, "done" if item.done else "published")
    return case


def _place(case: Initiative, state: str) -> None:
    move.place(case, state)
    case.phase = WORKFLOW.state(state).phase
    if state == "done":
        case.outcome, case.progress = Outcome.DONE, 100


def _fresh_steps(case: Initiative | None, steps: Iterable[ImportedStep]) -> list[ImportedStep]:
    """The steps that the case does not know yet."""
    known = case.details.get("steps", []) if case is not None else []
    return [step for step in steps if step.fingerprint not in known]


def _add_steps(actor: Actor, case: Initiative, steps: Iterable[ImportedStep]) -> int:
    """Write the steps not yet known; how many there were."""
    fresh = _fresh_steps(case, steps)
    for step in fresh:
        db.session.add(
            StateChange(
                municipality_id=case.municipality_id,
                kind=case.KIND,
                object_id=case.id,
                at=step.received_at or case.submitted_at,
                verb="imported",
                from_state=case.state,
                to_state=case.state,
                lane=Lane.PUBLIC,
                user_id=actor.user_id,
                who="system",
                note=" – ".join(filter(None, (step.kind, step.organisation, step.note))),
                internal_note="",
            )
        )
    details: dict[str, Any] = dict(case.details)
    details["steps"] = [*details.get("steps", []), *(step.fingerprint for step in fresh)]
    running = list(details.get("running", []))  # Beginnings of the steps that no row has ended yet.
    for step in fresh:
        if step.ended_at is None:
            running.append(step.beginning)
        elif step.beginning in running:
            running.remove(step.beginning)
    details["running"] = running
    if fresh:
        case.details = details
    return len(fresh)


def _extend(actor: Actor, case: Initiative, item: ImportedInitiative) -> int:
    """A further file about a known number: add its steps, as many as it says; a case the team has not touched
    follows them.
    """
    added = _add_steps(actor, case, item.steps)
    if not added:
        return 0
    if case.is_untouched_import:
        _place(case, "published" if case.details["running"] else "done")
    if case.lat is None and item.lat is not None:
        case.lat, case.lon, case.place = item.lat, item.lon, Place.POINT
    events.tell("content.changed", case)
    return added
