"""What the pages and files of the statistics show: periods, tables, and the geometry of the flow diagram.

The same records make page, diagram and file, so that none of them says more than another.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from initiatives import queries
from initiatives.counting import (
    ENOUGH_FOR_P90,
    LATE,
    ONLINE,
    PAPER,
    TO_BUILT,
    TO_DECISION,
    Event,
    Part,
    after,
    months,
    percentile,
)
from initiatives.models import Outcome
from initiatives.queries import FigureRow, PresentCount
from initiatives.states import CHANNELS, DEADLINES, GONE, OUTCOMES, WORKFLOW
from portal.core import tenancy
from portal.core.collate import sort_key
from portal.core.disclosure import THRESHOLD, disclose
from portal.core.i18n import Text
from portal.core.i18n import lazy_gettext as _l
from portal.core.i18n import lazy_pgettext as _p
from portal.core.workflow import State

USUAL_MONTHS = 12
CLOSED = frozenset({"held", "returned", "lapsed"})
"""States whose cases nobody but the office sees, and which only some get into: small counts there are not told."""
EVENTS = {
    Event.FILED: _p("statistics", "filed"),
    Event.ARRIVED: _p("statistics", "referred from elsewhere"),
    Event.PUBLISHED: _p("statistics", "published"),
    Event.ADOPTED: _p("statistics", "adopted"),
    Event.REFUSED: _p("statistics", "refused"),
    Event.BUILT: _p("statistics", "carried out"),
}
WAYS: dict[str, Text] = {
    ONLINE: _p("statistics", "supports online"),
    PAPER: _p("statistics", "supports on paper"),
}
ROADS = {
    TO_DECISION: _l("from filing to the decision"),
    TO_BUILT: _l("from filing until it was carried out"),
}


@dataclass(frozen=True, slots=True)
class Period:
    """Whole months, from `first` to `last` (their first days); `choices` are all that can be asked for, newest first."""

    first: date
    last: date
    choices: tuple[date, ...]

    @property
    def query(self) -> dict[str, Any]:
        """As it stands in addresses."""
        return {"from": f"{self.first:%Y-%m}", "to": f"{self.last:%Y-%m}"}

    @property
    def months(self) -> list[date]:
        """Its months in their order."""
        return months(self.first, self.last)


def period(values: Mapping[str, str], today: date, begin: date | None) -> Period:
    """The period of query values `from` and `to` (`2026-04`); what cannot be read counts as not asked.

    Without them the last twelve months; turned round where the end lies before the beginning.
    """
    now = today.replace(day=1)
    begin = min(begin or now, now)
    first = _month(values.get("from")) or max(after(now, 1 - USUAL_MONTHS), begin)
    last = _month(values.get("to")) or now
    first, last = sorted((min(max(first, begin), now), min(max(last, begin), now)))
    return Period(first, last, tuple(reversed(months(begin, now))))


def _month(text: str | None) -> date | None:
    try:
        return date.fromisoformat(f"{text}-01")
    except ValueError:
        return None


@dataclass(frozen=True, slots=True)
class Flow:
    """Moves from one state to another; `n` is None where the count is too small to be told."""

    source: str
    target: str
    n: int | None

    @property
    def labels(self) -> tuple[Text, Text]:
        """What both states are called."""
        return state_label(self.source), state_label(self.target)


@dataclass(frozen=True, slots=True)
class Stay:
    """How many days cases spent in a state they left, or on a road; `n` is how many, None where too few to be told."""

    key: str
    n: int | None
    median: int | None
    p90: int | None

    @property
    def label(self) -> Text:
        """What it is called."""
        return ROADS[self.key] if self.key in ROADS else WORKFLOW.state(self.key).label


@dataclass(frozen=True, slots=True)
class Clock:
    """Deadlines that ended: kept and missed; None where too few to be told."""

    key: str
    kept: int | None
    late: int | None

    @property
    def label(self) -> Text:
        """What the deadline is for."""
        return DEADLINES.get(self.key, self.key)

    @property
    def share(self) -> float | None:
        """The part that was late, from 0 to 1."""
        if self.kept is None or self.late is None or not self.kept + self.late:
            return None
        return self.late / (self.kept + self.late)


@dataclass(frozen=True, slots=True)
class Line:
    """A row of a table by category, district or channel: how often each event happened."""

    key: str
    label: Text
    counts: dict[Event, int]


@dataclass(frozen=True, slots=True)
class Table:
    """A breakdown."""

    part: Part
    lines: list[Line]

    @property
    def most(self) -> int:
        """The largest number filed, for the bars."""
        return max((line.counts.get(Event.FILED, 0) for line in self.lines), default=0)


@dataclass(frozen=True, slots=True)
class Board:
    """All figures of a municipality over a period."""

    period: Period
    events: dict[Event, int]
    roads: list[Stay]
    late: Clock
    flows: list[Flow]
    stays: list[Stay]
    clocks: list[Clock]
    tables: list[Table]
    by_month: list[tuple[date, dict[Event, int]]]
    supports: dict[str, int]

    @property
    def is_empty(self) -> bool:
        """Whether nothing happened."""
        return not any((*self.events.values(), *self.supports.values())) and not self.flows


def state_label(key: str) -> Text:
    """What a state is called in the flow; a draft is what somebody was writing."""
    return _p("statistics", "written by residents") if key == "draft" else WORKFLOW.state(key).label


def board(period: Period, *, whole: bool = False, monthly: bool = True) -> Board:
    """The figures of the municipality in scope. `whole`: for the office itself, with nothing hidden. `monthly`: month by month too."""
    rows = queries.figures(period.first, period.last)
    by_month = queries.figures_by_month(period.first, period.last) if monthly else {}
    stays = _stays(rows, whole=whole)
    clocks = _clocks(rows, whole=whole)
    return Board(
        period=period,
        events=_events(rows),
        roads=[stay for stay in stays if stay.key in ROADS],
        late=Clock("", sum(c.kept or 0 for c in clocks), sum(c.late or 0 for c in clocks)),
        flows=_flows(rows, whole=whole),
        stays=[stay for stay in stays if stay.key not in ROADS],
        clocks=clocks,
        tables=[table for part in LABELS if (table := _table(rows, part)).lines],
        by_month=[
            (month, {event: by_month.get((month, event), 0) for event in Event})
            for month in (period.months if monthly else ())
        ],
        supports=_supports(rows),
    )


LABELS: dict[Part, Mapping[str, Text]] = {
    Part.CATEGORY: {},
    Part.DISTRICT: {},
    Part.CHANNEL: CHANNELS,
}


def _events(rows: Iterable[FigureRow]) -> dict[Event, int]:
    found = dict.fromkeys(Event, 0)
    for row in rows:
        if row.part is Part.CHANNEL:
            found[Event(row.what)] += row.n
    return found


def _supports(rows: Iterable[FigureRow]) -> dict[str, int]:
    """Supports of the period by way; those taken back are taken off where they had been counted."""
    found = dict.fromkeys(WAYS, 0)
    for row in rows:
        if row.part is Part.SUPPORT:
            found[row.key] += row.n
    return found


_ORDER = {state.key: place for place, state in enumerate(WORKFLOW.states)}


def _flows(rows: Iterable[FigureRow], *, whole: bool) -> list[Flow]:
    found: dict[str, dict[str, int]] = defaultdict(dict)
    for row in rows:
        if row.part is Part.MOVE:
            found[row.key][row.what] = row.n
    flows = []
    for source in sorted(found, key=_ORDER.__getitem__):
        targets = sorted(found[source], key=_ORDER.__getitem__)
        told = {target: found[source][target] for target in targets}
        closed = [target for target in targets if not whole and _is_closed(source, target)]
        hidden = disclose([[told[target] for target in closed]]).cells[0] if closed else ()
        shown = {**told, **dict(zip(closed, hidden, strict=True))}
        flows += [Flow(source, target, shown[target]) for target in targets]
    return flows


def _is_closed(source: str, target: str) -> bool:
    return bool({source, target} & CLOSED) or (source == "submitted" and target == "withdrawn")


def _stays(rows: Iterable[FigureRow], *, whole: bool) -> list[Stay]:
    found: dict[str, Counter[int]] = defaultdict(Counter)
    for row in rows:
        if row.part is Part.DAYS:
            found[row.key][row.bucket] += row.n
    return [
        _stay(key, found[key], whole=whole) for key in (*ROADS, *_ORDER) if key in found and key != "draft"
    ]


def _stay(key: str, histogram: Counter[int], *, whole: bool) -> Stay:
    n = histogram.total()
    if key in CLOSED and n < THRESHOLD and not whole:
        return Stay(key, None, None, None)
    return Stay(
        key, n, percentile(histogram, 0.5), percentile(histogram, 0.9) if n >= ENOUGH_FOR_P90 else None
    )


def _clocks(rows: Iterable[FigureRow], *, whole: bool) -> list[Clock]:
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for row in rows:
        if row.part is Part.CLOCK:
            found[row.key][row.what] += row.n
    clocks = []
    for key in DEADLINES:
        counts = found[key]
        if not counts:
            continue
        few = key == "complete" and counts.total() < THRESHOLD and not whole
        late = counts[LATE]
        clocks.append(Clock(key, None, None) if few else Clock(key, counts.total() - late, late))
    return clocks


def _table(rows: Iterable[FigureRow], part: Part) -> Table:
    found: dict[str, Counter[Event]] = defaultdict(Counter)
    for row in rows:
        if row.part is part:
            found[row.key][Event(row.what)] += row.n
    labels = dict(queries.category_choices()) if part is Part.CATEGORY else LABELS[part]
    if part is Part.DISTRICT:
        if set(found) <= {""}:
            return Table(part, [])  # Nobody names districts here.
        keys = sorted(filter(None, found), key=lambda name: sort_key(name, _language()))
        keys += [""] if "" in found else []
    else:
        keys = [key for key in labels if key in found] + sorted(found.keys() - labels.keys())
    return Table(
        part,
        [Line(key, _label(part, key), dict(found[key])) for key in keys],
    )


def _label(part: Part, key: str) -> Text:
    found = queries.category_label(key) if part is Part.CATEGORY else LABELS[part].get(key, key)
    return found or key or _l("not named")


def _language() -> str:
    current = tenancy.current_id()
    return tenancy.town_by_id(current).language if current else "pl"


# ---- today ----


@dataclass(frozen=True, slots=True)
class Today:
    """Public cases as they stand now, of all times: by state, and by what became of them, whole and by category.

    What went on elsewhere or was withdrawn has no outcome to wait for, and is counted by its state alone.
    """

    states: list[tuple[State, int]]
    outcomes: dict[Outcome, int]
    categories: list[tuple[str, Text, dict[Outcome, int]]]

    @property
    def cases(self) -> int:
        """How many something may come of, or has."""
        return sum(self.outcomes.values())


def today(rows: Iterable[PresentCount]) -> Today:
    """Where these cases stand."""
    by_state, outcomes = Counter[str](), Counter[Outcome]()
    categories: dict[str, Counter[Outcome]] = defaultdict(Counter)
    for state, category, outcome, n in rows:
        by_state[state] += n
        if state in GONE:
            continue
        outcomes[outcome] += n
        categories[category][outcome] += n
    known = dict(queries.category_choices())
    keys = [key for key in known if key in categories] + sorted(categories.keys() - known.keys())
    return Today(
        [(found, by_state[found.key]) for found in WORKFLOW.states if by_state[found.key]],
        {outcome: outcomes[outcome] for outcome in Outcome} if outcomes else {},
        [(key, _label(Part.CATEGORY, key), dict(categories[key])) for key in keys],
    )


# ---- all municipalities side by side ----


@dataclass(frozen=True, slots=True)
class TownLine:
    """A municipality in the comparison; `per_thousand` are initiatives filed per 1,000 residents."""

    town: tenancy.Town
    events: dict[Event, int]
    supports: dict[str, int]
    per_thousand: float | None
    decision: Stay
    late: Clock


def comparison(period: Period) -> list[TownLine]:
    """Every municipality over a period, by name."""
    rows: dict[int, list[FigureRow]] = defaultdict(list)
    for row in queries.figures_of_all(period.first, period.last):
        rows[row.municipality_id].append(row)
    return [
        _town_line(town, rows[town.id])
        for town in sorted(tenancy.towns().values(), key=lambda town: sort_key(town.name, town.language))
    ]


def _town_line(town: tenancy.Town, rows: list[FigureRow]) -> TownLine:
    events = _events(rows)
    days = {stay.key: stay for stay in _stays(rows, whole=False)}
    clocks = _clocks(rows, whole=False)
    return TownLine(
        town,
        events,
        _supports(rows),
        1000 * events[Event.FILED] / town.population if town.population else None,
        days.get(TO_DECISION, Stay(TO_DECISION, 0, None, None)),
        Clock("", sum(c.kept or 0 for c in clocks), sum(c.late or 0 for c in clocks)),
    )


# ---- the flow as a drawing ----

WIDTH, ROW, NODE_AT, ROOM = 380, 34, 248, 94
WIDEST, THINNEST = 14.0, 1.5
LABELLED = 0.08
"""Bands of at least this share of the widest carry their number."""


@dataclass(frozen=True, slots=True)
class Node:
    """A state of the drawing at the height `y`."""

    label: Text
    look: str
    y: float


@dataclass(frozen=True, slots=True)
class Band:
    """Moves as a curve to the right of the states: `path` is its SVG path, the number stands at `x`, `y`.

    `kind`: on, back (to an earlier state) or few (a number too small to be told).
    """

    path: str
    arrow: str
    width: float
    look: str
    kind: str
    flow: Flow
    x: float
    y: float
    is_labelled: bool


@dataclass(frozen=True, slots=True)
class Drawing:
    """The flow: states below one another in the order of the road, moves as curves whose width tells how many."""

    width: int
    height: float
    nodes: list[Node]
    bands: list[Band]


def drawing(flows: Sequence[Flow]) -> Drawing:
    """The diagram of these moves; wide as a phone, as high as there are states."""
    keys = sorted({key for flow in flows for key in (flow.source, flow.target)}, key=_ORDER.__getitem__)
    height_of = {key: ROW * (place + 0.75) for place, key in enumerate(keys)}
    most = max((flow.n or 0 for flow in flows), default=0)
    longest = max((abs(keys.index(f.target) - keys.index(f.source)) for f in flows), default=1)
    nodes = [Node(state_label(key), WORKFLOW.state(key).look, height_of[key]) for key in keys]
    bands = [
        _band(flow, height_of, most, longest)
        # The widest first, so that thin ones lie on top.
        for flow in sorted(flows, key=lambda flow: -(flow.n or 0))
    ]
    return Drawing(WIDTH, ROW * (len(keys) + 0.5), nodes, bands)


def _band(flow: Flow, height_of: Mapping[str, float], most: int, longest: int) -> Band:
    on = height_of[flow.target] > height_of[flow.source]
    lean = 5 if on else -5
    start, end = height_of[flow.source] + lean, height_of[flow.target] - lean
    span = abs(height_of[flow.target] - height_of[flow.source]) / ROW
    reach = 22 + (ROOM - 22) * (span - 1) / max(longest - 1, 1)
    width = max(THINNEST, WIDEST * (flow.n or 0) / most) if most else THINNEST
    tip = NODE_AT + 7
    # A cubic curve reaches three quarters of the way to its handles.
    handle = tip + reach / 0.75
    return Band(
        path=f"M{NODE_AT + 5},{start:.1f} C{handle:.1f},{start:.1f} {handle:.1f},{end:.1f} {tip + 3},{end:.1f}",
        arrow=f"{tip - 3},{end:.1f} {tip + 5},{end - 4.5:.1f} {tip + 5},{end + 4.5:.1f}",
        width=round(width, 1),
        look=WORKFLOW.state(flow.target).look,
        kind="few" if flow.n is None else "on" if on else "back",
        flow=flow,
        x=round(tip + reach + width / 2 + 3, 1),
        y=round((start + end) / 2 + 4, 1),
        is_labelled=bool(flow.n) and (flow.n or 0) >= LABELLED * most,
    )


# ---- files ----

MEANINGS = {
    "events": _l(
        "How many initiatives reached this step in the period for the first time. Adopted includes those adopted in part."
    ),
    "roads": _l("Calendar days of the whole road of cases that reached its end in the period."),
    "flow": _l("How often a case went from the first state to the second in the period."),
    "days": _l(
        "Calendar days in the state, of cases that left it in the period. Above 60 rounded down to weeks, above 182 to 30 days."
    ),
    "deadlines": _l("Deadlines that ended in the period: kept, or missed. Imported cases have none."),
    "category": _l("Steps of the period by the category the initiative has."),
    "district": _l("Steps of the period by the district that was named."),
    "channel": _l("Steps of the period by the way the initiative came in."),
    "month": _l("Steps of the period by month."),
    "state_today": _l("Public initiatives of all times by the state they are in today."),
    "outcome_today": _l(
        "Public initiatives of all times by what has become of them until today; without those merged, referred or withdrawn."
    ),
    "outcome_by_category": _l("The same by the category the initiative has."),
    "support": _l(
        "Supports given in the period: in the portal, once per person and initiative, and valid signatures on paper."
    ),
}
"""The codebook: what the figures of each table mean."""
COLUMNS = ("municipality", "from", "to", "table", "item", "label", "measure", "value", "note", "meaning")


@dataclass(frozen=True, slots=True)
class Entry:
    """One figure of a file; `value` is empty where it is not told."""

    table: str
    item: str
    label: str
    measure: str
    value: int | float | None
    note: str = ""


def entries_of(found: Board) -> Iterator[Entry]:
    """Every figure of a board."""
    yield from _of_events(found.events)
    yield from _of_supports(found.supports)
    for name, stays in (("roads", found.roads), ("days", found.stays)):
        for stay in stays:
            yield from _of_stay(name, stay)
    for flow in found.flows:
        label = " → ".join(map(str, flow.labels))
        yield Entry("flow", f"{flow.source}>{flow.target}", label, "count", flow.n, _few(flow.n))
    for one in found.clocks:
        yield Entry("deadlines", one.key, str(one.label), "kept", one.kept, _few(one.kept))
        yield Entry("deadlines", one.key, str(one.label), "late", one.late, _few(one.late))
    yield from _of_tables(found)


def entries_of_today(found: Today) -> Iterator[Entry]:
    """How all public cases stand today, whatever the period."""
    for state, n in found.states:
        yield Entry("state_today", state.key, str(state.label), "count", n)
    for outcome, n in found.outcomes.items():
        yield Entry("outcome_today", outcome, str(OUTCOMES[outcome]), "count", n)
    for key, label, counts in found.categories:
        for outcome in Outcome:
            yield Entry("outcome_by_category", key, str(label), outcome, counts.get(outcome, 0))


def _of_events(events: Mapping[Event, int]) -> Iterator[Entry]:
    for event, n in events.items():
        yield Entry("events", event, str(EVENTS[event]), "count", n)


def _of_supports(supports: Mapping[str, int]) -> Iterator[Entry]:
    for way, n in supports.items():
        yield Entry("support", way, str(WAYS[way]), "count", n)


def _of_tables(found: Board) -> Iterator[Entry]:
    for table in found.tables:
        for line in table.lines:
            for event in Event:
                yield Entry(table.part, line.key, str(line.label), event, line.counts.get(event, 0))
    for month, counts in found.by_month:
        for event, n in counts.items():
            yield Entry("month", f"{month:%Y-%m}", f"{month:%Y-%m}", event, n)


def _of_stay(table: str, stay: Stay) -> Iterator[Entry]:
    label, note = str(stay.label), _few(stay.n)
    yield Entry(table, stay.key, label, "count", stay.n, note)
    yield Entry(table, stay.key, label, "median_days", stay.median, note)
    yield Entry(table, stay.key, label, "p90_days", stay.p90, note)


def _few(value: int | None) -> str:
    return f"1-{THRESHOLD - 1}" if value is None else ""


def entries_of_town(line: TownLine) -> Iterator[Entry]:
    """Every figure of a municipality in the comparison."""
    yield from _of_events(line.events)
    yield from _of_supports(line.supports)
    if line.per_thousand is not None:
        label = str(EVENTS[Event.FILED])
        yield Entry("events", Event.FILED, label, "per_1000_residents", round(line.per_thousand, 3))
    yield from _of_stay("roads", line.decision)
    yield Entry("deadlines", "all", "", "kept", line.late.kept)
    yield Entry("deadlines", "all", "", "late", line.late.late)


def file_row(entry: Entry, town: str, period: Period) -> dict[str, Any]:
    """A figure as a row of the file, with the line of the codebook."""
    return {
        "municipality": town,
        **period.query,
        "table": entry.table,
        "item": entry.item,
        "label": entry.label,
        "measure": entry.measure,
        "value": "" if entry.value is None else entry.value,
        "note": entry.note,
        "meaning": str(MEANINGS.get(entry.table, "")),
    }
