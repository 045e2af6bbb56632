"""The sums behind the statistics, kept with every step, so that no page counts cases."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from itertools import groupby, islice
from typing import Any

from sqlalchemy import and_, delete, select

from initiatives.counting import Key, Part, Step, Told, clock_entry, entries, support_entry
from initiatives.models import Audience, Figure, Initiative
from portal.content.models import Deadline, StateChange
from portal.core import tenancy
from portal.core.calendar import local_day
from portal.core.db import add_statement, db

ROWS_AT_ONCE = 5000


def add(municipality_id: int, shifts: Counter[Key]) -> None:
    """Add to the sums, or take from them; one statement whatever the number of rows."""
    rows = [
        {"municipality_id": municipality_id, **key._asdict(), "n": n}
        for key, n in sorted(shifts.items())
        if n
    ]
    if rows:
        db.session.execute(add_statement(Figure, db.engine.dialect.name), rows)


def moved(case: Initiative) -> None:
    """Count the last step of a case, which was just written."""
    if case.withheld:
        return
    steps = _steps(case)
    shifts = entries(told(case), steps)
    shifts.subtract(entries(told(case, steps[-1].from_state), steps[:-1]))
    add(case.municipality_id, shifts)


def stopped(case: Initiative, clocks: Iterable[Deadline]) -> None:
    """Count clocks that end today."""
    if case.withheld:
        return
    today = case.local_today
    add(case.municipality_id, Counter(clock_entry(row.key, row.due_on, today) for row in clocks))


def supported(case: Initiative, way: str, day: date, n: int) -> None:
    """Count so many supports more, or fewer, of a local day."""
    if n:
        add(case.municipality_id, Counter({support_entry(way, day): n}))


@contextmanager
def counted_anew(case: Initiative) -> Iterator[None]:
    """Around an edit: what the case is counted under, or whether it is, may change with it."""
    steps = _steps(case)
    before = _all(case, steps)
    yield
    shifts = _all(case, steps)
    shifts.subtract(before)
    add(case.municipality_id, shifts)


def _all(case: Initiative, steps: Sequence[Step]) -> Counter[Key]:
    """What a case adds to the sums; one that is withheld from the public adds nothing."""
    return Counter() if case.withheld else entries(told(case), steps)


@contextmanager
def shown_or_withheld(case: Initiative) -> Iterator[None]:
    """Around a change of its audience: the clocks that have ended are counted, or no longer, with the steps."""
    zone = tenancy.town_by_id(case.municipality_id).zone
    ended: Sequence[Any] = db.session.execute(
        select(Deadline.key, Deadline.due_on, Deadline.done_at).where(
            Deadline.kind == case.KIND, Deadline.object_id == case.id, Deadline.done_at.is_not(None)
        )
    ).all()
    clocks = Counter(clock_entry(row.key, row.due_on, local_day(row.done_at, zone)) for row in ended)
    was_withheld = case.withheld
    with counted_anew(case):
        yield
    if case.withheld is not was_withheld:
        add(case.municipality_id, clocks if was_withheld else Counter({key: -n for key, n in clocks.items()}))


def told(case: Initiative, state: str | None = None) -> Told:
    """What a case is counted under, as it stands or stood in `state`."""
    return Told(
        category=case.category,
        district=case.district,
        channel=case.channel.value,
        zone=tenancy.town_by_id(case.municipality_id).zone,
        state=state or case.state,
        taken_over_at=case.submitted_at if case.external_source else None,
    )


_STEP = (StateChange.at, StateChange.verb, StateChange.from_state, StateChange.to_state)


def _steps(case: Initiative) -> list[Step]:
    statement = (
        select(*_STEP)
        .where(
            StateChange.kind == case.KIND,
            StateChange.object_id == case.id,
            StateChange.from_state != StateChange.to_state,
        )
        .order_by(StateChange.id)
    )
    return [Step(*row) for row in db.session.execute(statement)]


def rebuild_figures(municipality_id: int) -> None:
    """Count all histories of a municipality anew, in constant memory; what was erased since is no longer in them."""
    # Who supported what is forgotten after a while, so what was counted of it stands here alone.
    kept = Figure.part == Part.SUPPORT
    db.session.execute(delete(Figure).where(Figure.municipality_id == municipality_id, ~kept))
    found = Counter[Key]()
    zone = tenancy.town_by_id(municipality_id).zone
    for _id, group in groupby(_histories(), key=lambda row: row.id):
        rows = list(group)
        first = rows[0]
        case = Told(
            first.category,
            first.district,
            first.channel.value,
            zone,
            first.state,
            first.submitted_at if first.external_source else None,
        )
        steps = [Step(row.at, row.verb, row.from_state, row.to_state) for row in rows if row.at is not None]
        found.update(entries(case, steps))
    clocks: Iterable[Any] = db.session.execute(
        select(Deadline.key, Deadline.due_on, Deadline.done_at)
        .join(Initiative, Initiative.id == Deadline.object_id)
        .where(
            Deadline.kind == Initiative.KIND,
            Deadline.done_at.is_not(None),
            Initiative.audience == Audience.EVERYBODY,
        )
        .execution_options(yield_per=ROWS_AT_ONCE)
    )
    for key, due_on, done_at in clocks:
        found[clock_entry(key, due_on, local_day(done_at, zone))] += 1
    rest = iter(found.items())
    while batch := dict(islice(rest, ROWS_AT_ONCE)):
        add(municipality_id, Counter(batch))


def _histories() -> Iterable[Any]:
    """Every case but drafts and those withheld from the public, with its moves, a row a move."""
    statement = (
        select(
            Initiative.id,
            Initiative.category,
            Initiative.district,
            Initiative.channel,
            Initiative.state,
            Initiative.submitted_at,
            Initiative.external_source,
            *_STEP,
        )
        .outerjoin(
            StateChange,
            and_(
                StateChange.kind == Initiative.KIND,
                StateChange.object_id == Initiative.id,
                StateChange.from_state != StateChange.to_state,
            ),
        )
        .where(Initiative.state != "draft", Initiative.audience == Audience.EVERYBODY)
        .order_by(Initiative.id, StateChange.id)
        .execution_options(yield_per=ROWS_AT_ONCE)
    )
    return db.session.execute(statement)
