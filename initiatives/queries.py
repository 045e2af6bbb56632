"""Reading initiatives: one case, public lists, the desk's work lists, the map's data. Nothing here writes."""

from collections.abc import Callable, Iterator, Sequence, Set
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, and_, bindparam, exists, func, not_, or_, select, tuple_
from sqlalchemy.orm import aliased, joinedload, selectinload

from initiatives import rules
from initiatives.formats.records import Channel as FileChannel
from initiatives.formats.records import ExportedInitiative
from initiatives.models import (
    Count,
    Decision,
    Initiative,
    MapCell,
    Milestone,
    Reviewer,
    Sheet,
    StudyKind,
    Support,
    Translation,
)
from initiatives.states import CATEGORIES, DEADLINES, PHASES, STAFF_WHO, STATES_OF_PHASE, STEPS, WHO, WORKFLOW
from portal.accounts import queries as accounts
from portal.content import queries as content
from portal.content.models import Comment, CommentState, Deadline, Follow
from portal.core import actor as actors
from portal.core import clock, tenancy
from portal.core.collate import fold, tokens
from portal.core.db import db, is_writing
from portal.core.errors import Missing
from portal.core.i18n import Text
from portal.core.i18n import gettext as _
from portal.core.i18n import lazy_gettext as _l
from portal.core.paging import Cursor, Direction, Page, page_of
from portal.core.tokens import canonical_number, signer
from portal.core.workflow import Lane, State
from portal.maps import geo
from portal.maps.geo import MAX_CELL_ZOOM, MIN_CELL_ZOOM, Box, Point, distance_m
from portal.search import queries as search

PAGE_SIZE = 20
MAP_FEATURES = 500
CANDIDATES = 4 * MAP_FEATURES
"""Points that are read, and grouped on the fly, at most."""
STORED_ZOOMS = range(MIN_CELL_ZOOM, MAX_CELL_ZOOM + 1)
FAR_ZOOM = 12
"""Up to here many points are always drawn as stored cells; nearer, a single one is a pin among clusters."""
MOST_TILES = 128
"""A large screen touches some ninety; a larger box is answered with the cells of a coarser zoom."""
COUNTING_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)


class Card(NamedTuple):
    """An initiative in a list; a tuple, as it is made from a row and hashed as the key of its markup."""

    id: int
    number: str
    title: str
    text: str
    language: str
    category: str
    state: str
    phase: str
    district: str
    listed_at: datetime
    support_count: int
    comment_count: int
    municipality_id: int
    photo_id: int | None = None

    @property
    def present(self) -> State:
        """The state's row."""
        return WORKFLOW.state(self.state)

    @property
    def category_label(self) -> Text:
        """What its category is called."""
        return CATEGORIES.get(self.category, "")

    @property
    def town(self) -> tenancy.Town:
        """The municipality it belongs to."""
        return tenancy.town_by_id(self.municipality_id)

    @property
    def slug(self) -> str:
        """Its number as it stands in addresses."""
        return self.number.lower()


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a reader filters by; unknown values were dropped by `wanted_from`."""

    phase: str = ""
    category: str = ""
    district: str = ""
    text: str = ""
    sort: str = "new"

    @property
    def active(self) -> int:
        """How many filters are set; the order is none."""
        return sum(map(bool, (self.phase, self.category, self.district, self.text)))

    @property
    def is_empty(self) -> bool:
        """Whether nothing narrows the list."""
        return not (self.phase or self.category or self.district or self.text)


SORTS = ("new", "support")


def wanted_from(values: Any) -> Wanted:
    """A filter from query values; what is not among the choices counts as not asked."""

    def among(name: str, choices: Any) -> str:
        value = values.get(name, "")
        return value if value in choices else ""

    return Wanted(
        phase=among("phase", PHASES),
        category=among("category", CATEGORIES),
        district=values.get("district", "").strip()[:80],
        text=" ".join(values.get("q", "").split())[:200],
        sort=among("sort", SORTS) or "new",
    )


def case(initiative_id: int) -> Initiative:
    """One case with all the guards look at, for changing it. Raises Missing."""
    statement = _whole(Initiative.id == initiative_id).execution_options(populate_existing=True)
    if is_writing():
        statement = statement.with_for_update(of=Initiative)
    return _judged(statement)


def case_by_number(number: str, *, with_sheets: bool = True) -> Initiative:
    """One case by its number as typed or in an address, for reading. Raises Missing.

    A page that shows the sheets of a decided case only reads them by `sheets` when it comes to that.
    """
    canonical = canonical_number(number)
    if canonical is None:
        raise Missing
    return _judged(_whole(Initiative.number == canonical, with_sheets=with_sheets))


def _whole(condition: ColumnElement[bool], *, with_sheets: bool = True) -> Select[Any]:
    # One author and a handful of reviewers: a join costs less than two more statements.
    statement = (
        select(Initiative)
        .where(condition)
        .options(joinedload(Initiative.author), joinedload(Initiative.reviewers))
    )
    return statement.options(selectinload(Initiative.sheets)) if with_sheets else statement


def draft_token(initiative_id: int) -> str:
    """The unguessable part of a draft's address; can be made again from an account's list."""
    return signer.sign("initiative-draft", initiative_id)


def draft_by_token(token: str) -> Initiative:
    """The draft, or the returned case, a link names. Raises Missing when there is none or it is too old."""
    found = drafted(token)
    if found.state != "draft":
        raise already_sent()
    return found


def already_sent() -> Missing:
    """What somebody is told who opens a draft that is a case by now."""
    return Missing(_l("This draft was sent already. Follow it with its number and secret code."))


def drafted(token: str) -> Initiative:
    """The case a draft's link was made for, sent or not. Raises Missing."""
    initiative_id = signer.open("initiative-draft", token, rules.DRAFT_DAYS * 86400)
    if not isinstance(initiative_id, int):
        raise Missing(_l("This draft is no longer kept, or the link is not complete."))
    return case(initiative_id)


def _judged(statement: Select[Any]) -> Initiative:
    """The one case of a statement, marked if the present staff member takes part in it. Raises Missing."""
    found: Initiative | None = db.session.scalars(statement).unique().one_or_none()
    if found is None:
        raise Missing
    actor = actors.current()
    if actor.user_id is not None and actor.is_staff and found.id is not None:
        takes_part = db.session.scalar(
            select(
                or_(
                    exists().where(Support.initiative_id == found.id, Support.user_id == actor.user_id),
                    exists().where(
                        Comment.kind == "initiative",
                        Comment.object_id == found.id,
                        Comment.user_id == actor.user_id,
                        Comment.official.is_(False),
                    ),
                )
            )
        )
        found.conflicts = frozenset({actor.user_id}) if takes_part else frozenset()
    return found


CARD = (
    Initiative.id,
    Initiative.number,
    Initiative.title,
    func.substr(Initiative.text, 1, 260),
    Initiative.language,
    Initiative.category,
    Initiative.state,
    Initiative.phase,
    Initiative.district,
    Initiative.listed_at,
    Initiative.support_count,
    Initiative.comment_count,
    Initiative.municipality_id,
    content.first_photo("initiative", Initiative.id),
)


def listing(wanted: Wanted, cursor: Cursor | None, size: int = PAGE_SIZE) -> Page[Card]:
    """A page of the public list, newest or most supported first."""
    by_support = wanted.sort == "support"
    # What a text finds stands in the statement itself; any other is built once.
    build = _page_statement.__wrapped__ if wanted.text else _page_statement
    statement = build(wanted, cursor.direction if cursor else None, size)
    values: dict[str, Any] = {}
    if cursor is not None:
        at = int((cursor.at - COUNTING_EPOCH).total_seconds()) if by_support else cursor.at
        values = {"edge_at": at, "edge_id": cursor.id}
    with _reach(wanted):
        rows = [Card._make(row) for row in db.session.execute(statement, values)]
    return page_of(rows, size, cursor, _support_position if by_support else _new_position)


@lru_cache(maxsize=512)
def _page_statement(wanted: Wanted, direction: Direction | None, size: int) -> Select[Any]:
    """The rows of a page; `edge_at` and `edge_id` are the position it goes on from, where there is one."""
    key: ColumnElement[Any] = (
        Initiative.support_count if wanted.sort == "support" else Initiative.listed_at
    ).expression
    statement = select(*CARD).where(*conditions(wanted)).limit(size + 1)
    newer = direction is Direction.NEWER
    if direction is not None:
        here = tuple_(key, Initiative.id)
        edge = tuple_(bindparam("edge_at", type_=key.type), bindparam("edge_id", type_=Initiative.id.type))
        statement = statement.where(here > edge if newer else here < edge)
    if newer:
        return statement.order_by(key.asc(), Initiative.id.asc())
    return statement.order_by(key.desc(), Initiative.id.desc())


def _new_position(card: Card) -> tuple[datetime, int]:
    return card.listed_at, card.id


def _support_position(card: Card) -> tuple[datetime, int]:
    """Cursors carry an instant; a count becomes that many seconds after a fixed day."""
    return COUNTING_EPOCH + timedelta(seconds=card.support_count), card.id


def conditions(wanted: Wanted) -> list[ColumnElement[bool]]:
    """What the public list shows under a filter; the same for page, files, feed and map."""
    found: list[ColumnElement[bool]] = [Initiative.listed_at.is_not(None)]
    if wanted.phase:
        found.append(Initiative.phase == wanted.phase)
    if wanted.category:
        found.append(Initiative.category == wanted.category)
    if wanted.district:
        found.append(Initiative.district == wanted.district)
    if wanted.text:
        ids = search.ids("initiative", wanted.text, tenancy.current_id(), public_only=True)
        found.append(Initiative.id.in_(ids))
    return found


def _reach(wanted: Wanted) -> AbstractContextManager[None]:
    """Where a list may read: what a text found is read by its keys."""
    return _found_by_search() if wanted.text else nullcontext()


def _found_by_search() -> AbstractContextManager[None]:
    """Read what the search found by its keys alone.

    With the municipality among the conditions SQLite would rather read all cases of it than these keys.
    """
    return tenancy.unscoped("the search was asked in this municipality, and only what it found is read")


def newest(limit: int) -> list[Card]:
    """The newest public initiatives of the scope."""
    statement = (
        select(*CARD)
        .where(Initiative.listed_at.is_not(None))
        .order_by(Initiative.listed_at.desc(), Initiative.id.desc())
        .limit(limit)
    )
    return [Card(*row) for row in db.session.execute(statement)]


def total(wanted: Wanted) -> int | None:
    """How many the filter finds, from the counters; None when text or district narrow it."""
    if wanted.text or wanted.district:
        return None
    statement = select(func.sum(Count.n))  # Only what is public is counted.
    if wanted.phase:
        statement = statement.where(Count.state.in_(STATES_OF_PHASE[wanted.phase]))
    if wanted.category:
        statement = statement.where(Count.category == wanted.category)
    return int(db.session.scalar(statement) or 0)


def districts() -> list[str]:
    """Districts that occur in this municipality, at most sixty.

    Each step of the recursion jumps to the next name in the index, so the cost grows with the number of
    districts and not, as with DISTINCT, with that of the cases.
    """

    def after(name: Any) -> Any:
        return (
            select(func.min(Initiative.district))
            .where(Initiative.listed_at.is_not(None), Initiative.district > name)
            .scalar_subquery()
        )

    step = select(after("").label("name")).cte("step", recursive=True)
    step = step.union_all(select(after(step.c.name)).where(step.c.name.is_not(None)))
    return list(db.session.scalars(select(step.c.name).where(step.c.name.is_not(None)).limit(60)))


POINT = (
    Initiative.id,
    Initiative.number,
    Initiative.lat,
    Initiative.lon,
    Initiative.category,
    Initiative.phase,
)


@dataclass(frozen=True, slots=True)
class MapData:
    """What the map shows: clusters [lat, lon, n] and single points [id, number, lat, lon, category, phase]."""

    cells: list[list[float]]
    points: list[list[Any]]


def map_data(wanted: Wanted, zoom: int, box: tuple[float, float, float, float]) -> MapData:
    """At most 500 features inside `box` (west, south, east, north), or in the stored cells that it touches.

    However many cases there are, what is read stays bounded: the stored cells of a screen's tiles, and points
    only where those cells say that they are few.
    """
    area = Box(*box)
    kept = _kept_filter(wanted)
    cells = _cells(kept or "", zoom, area)
    if kept is None:
        # No cells are kept for this filter; those of all cases say whether its points can be read by place.
        by_place = cells.count <= CANDIDATES and not wanted.text
        points = _points_in(cells, wanted, area) if by_place else _newest_points(wanted, area)
        return MapData([], points) if len(points) <= MAP_FEATURES else _grouped(points, zoom)
    if cells.count <= MAP_FEATURES:
        # Few points need no clusters: give them one by one, so that a small gmina sees pins at once.
        return MapData([], _points_in(cells, wanted, area)[:MAP_FEATURES])
    if zoom > FAR_ZOOM and cells.count <= CANDIDATES:
        return _grouped(_points_in(cells, wanted, area), zoom)
    return MapData(_merged(cells), [])


def _kept_filter(wanted: Wanted) -> str | None:
    """The key of the stored cells that a filter reads; None where none are kept for it."""
    if wanted.text or wanted.district or (wanted.phase and wanted.category):
        return None
    return f"p:{wanted.phase}" if wanted.phase else f"c:{wanted.category}" if wanted.category else ""


@dataclass(frozen=True, slots=True)
class _Cells:
    """Stored cells of one filter and zoom; those at the edge of a box may lie one row beyond it."""

    key: str
    zoom: int
    tiles: list[int] | None
    rows: list[tuple[int, int, float, float]]
    """Number, points in it, sums of their latitudes and longitudes."""

    @property
    def count(self) -> int:
        """How many points they hold: no fewer than the box does."""
        return sum(n for _, n, _, _ in self.rows)


def _cells(key: str, zoom: int, area: Box) -> _Cells:
    """The cells that a box touches, at its zoom, or at a coarser one where that has too many."""
    level = min(max(zoom, STORED_ZOOMS[0]), STORED_ZOOMS[-1])
    while (tiles := geo.tiles(area, level, MOST_TILES)) is None and level > STORED_ZOOMS[0]:
        level -= 1
    height, width = geo.cell_size(level)
    south, north = area.min_lat - height, area.max_lat + height
    west, east = area.min_lon - width, area.max_lon + width
    statement = select(MapCell.cell, MapCell.n, MapCell.sum_lat, MapCell.sum_lon)
    rows = [
        (cell, n, lat, lon)
        for cell, n, lat, lon in db.session.execute(statement.where(*_in_cells(key, level, tiles)))
        if south <= lat / n <= north and west <= lon / n <= east
    ]
    return _Cells(key, level, tiles, rows)


def _in_cells(key: str, zoom: int, tiles: list[int] | None) -> list[ColumnElement[bool]]:
    found = [MapCell.filter == key, MapCell.zoom == zoom, MapCell.n > 0]
    return found if tiles is None else [*found, MapCell.tile.in_(tiles)]


def _points_in(cells: _Cells, wanted: Wanted, area: Box) -> list[list[Any]]:
    """All points of the filter that lie in these cells and in the box, the newest case first."""
    finer = 4 ** (STORED_ZOOMS[-1] - cells.zoom)
    first = MapCell.cell * finer
    statement = (
        select(*POINT)
        .join(
            MapCell,
            and_(
                Initiative.cell.between(first, first + (finer - 1)),
                # A sum has no index: nothing but the cells shall lead to the cases.
                Initiative.municipality_id + 0 == MapCell.municipality_id,
            ),
        )
        .where(
            *_in_cells(cells.key, cells.zoom, cells.tiles),
            MapCell.municipality_id == tenancy.current_id(),
            *conditions(wanted),
            Initiative.state != "withdrawn",
        )
    )
    with tenancy.unscoped("the cells are of one municipality, and each point must be of the same"):
        rows: list[list[Any]] = [list(row) for row in db.session.execute(statement)]
    return sorted((row for row in rows if area.holds(row[2], row[3])), reverse=True)


def _newest_points(wanted: Wanted, area: Box) -> list[list[Any]]:
    """The points in the box among the newest cases of the filter.

    With the box among the conditions the database would read and sort all cases in it.
    """
    statement = (
        select(*POINT)
        .where(*conditions(wanted), Initiative.state != "withdrawn")
        .order_by(Initiative.listed_at.desc(), Initiative.id.desc())
        .limit(CANDIDATES)
    )
    with _reach(wanted):
        rows: list[list[Any]] = [list(row) for row in db.session.execute(statement)]
    return [row for row in rows if row[2] is not None and area.holds(row[2], row[3])]


def _merged(cells: _Cells) -> list[list[float]]:
    """Clusters [lat, lon, n] of the cells, four in one until there are few enough."""
    sums = {cell: (n, lat, lon) for cell, n, lat, lon in cells.rows}
    while len(sums) > MAP_FEATURES:
        sums = geo.coarser(sums)
    return [[round(lat / n, 5), round(lon / n, 5), n] for n, lat, lon in sums.values()]


def _grouped(points: list[list[Any]], zoom: int) -> MapData:
    """Cluster on the fly, coarser until it fits."""
    while True:
        # An eighth of a tile, as the stored cells; they end at zoom 12.
        step = 360 / 2 ** (zoom + 3)
        groups: dict[tuple[float, float], list[list[Any]]] = {}
        for point in points:
            groups.setdefault((point[2] // step, point[3] // step), []).append(point)
        if len(groups) <= MAP_FEATURES:
            break
        zoom -= 1
    cells = [
        [round(sum(p[2] for p in g) / len(g), 5), round(sum(p[3] for p in g) / len(g), 5), float(len(g))]
        for g in groups.values()
        if len(g) > 1
    ]
    return MapData(cells, [g[0] for g in groups.values() if len(g) == 1])


@dataclass(frozen=True, slots=True)
class Similar:
    """Another initiative that may say the same."""

    number: str
    title: str
    state: str
    support_count: int
    score: float


def similar(
    title: str, text: str, lat: float | None, lon: float | None, but: int | None = None
) -> list[Similar]:
    """Public initiatives of this municipality that look alike, the likest first, at most five."""
    words = frozenset(w for w in tokens(title + " " + text[:300]) if len(w) > 3)
    candidates = search.any_word_ids("initiative", sorted(words), tenancy.current_id(), limit=200)
    if not candidates:
        return []
    statement = select(
        Initiative.id,
        Initiative.number,
        Initiative.title,
        Initiative.state,
        Initiative.support_count,
        Initiative.folded,
        Initiative.lat,
        Initiative.lon,
    ).where(Initiative.id.in_(candidates), Initiative.listed_at.is_not(None))
    with _found_by_search():
        rows = db.session.execute(statement).all()
    found = []
    for row in rows:
        if row.id == but:
            continue
        near = None
        if lat is not None and lon is not None and row.lat is not None:
            near = distance_m(Point(lat, lon), Point(row.lat, row.lon))
        other = frozenset(w for w in row.folded.split() if len(w) > 3)
        score = rules.likeness(frozenset(w for w in tokens(title) if len(w) > 3) or words, other, near)
        if score >= 0.4:
            found.append(Similar(row.number, row.title, row.state, row.support_count, score))
    return sorted(found, key=lambda s: -s.score)[:5]


def supports(initiative_id: int, person: str) -> bool:
    """Whether this person supports it."""
    statement = select(Support.id).where(Support.initiative_id == initiative_id, Support.person == person)
    return db.session.scalar(statement) is not None


def decisions(initiative_id: int) -> list[Decision]:
    """Decisions and answers to appeals, the newest first."""
    statement = select(Decision).where(Decision.initiative_id == initiative_id).order_by(Decision.id.desc())
    return list(db.session.scalars(statement))


def milestones(initiative_id: int) -> list[Milestone]:
    """Milestones in the order they were planned."""
    return list(
        db.session.scalars(
            select(Milestone).where(Milestone.initiative_id == initiative_id).order_by(Milestone.id)
        )
    )


def sheets(initiative_id: int) -> list[Sheet]:
    """The sheets of both studies, one per reviewer and study, in the order they were begun."""
    statement = select(Sheet).where(Sheet.initiative_id == initiative_id).order_by(Sheet.id)
    return list(db.session.scalars(statement))


def translation(initiative_id: int, language: str) -> Translation | None:
    """The initiative in another language, if somebody translated it."""
    statement = select(Translation).where(
        Translation.initiative_id == initiative_id, Translation.language == language
    )
    return db.session.scalar(statement)


def exported(wanted: Wanted, address: Callable[[str], str], size: int = 500) -> Iterator[ExportedInitiative]:
    """Every public initiative the filter shows, newest first, in batches: memory stays flat."""
    last: tuple[datetime, int] | None = None
    while True:
        statement = (
            select(Initiative)
            .where(*conditions(wanted))
            .order_by(Initiative.listed_at.desc(), Initiative.id.desc())
            .limit(size)
            .execution_options(populate_existing=True)
        )
        if last is not None:
            statement = statement.where(tuple_(Initiative.listed_at, Initiative.id) < last)
        rows = list(db.session.scalars(statement))
        for row in rows:
            yield _exported(row, address)
        if len(rows) < size or rows[-1].listed_at is None:
            return
        last = (rows[-1].listed_at, rows[-1].id)
        db.session.expunge_all()


def _exported(row: Initiative, address: Callable[[str], str]) -> ExportedInitiative:
    number = row.number or ""
    # Of a withdrawn one title and day stay public: its place may be somebody's door.
    gone = row.state == "withdrawn"
    return ExportedInitiative(
        number=number,
        title=row.title,
        text="" if gone else row.text,
        category_key=row.category,
        state_key=row.state,
        submitted_at=row.submitted_at or row.created_at,
        changed_at=row.updated_at,
        url=address(number),
        external_number=row.external_number or "",
        source=row.external_source or "",
        lat=None if gone else row.lat,
        lon=None if gone else row.lon,
        address="" if gone else row.address,
        district="" if gone else row.district,
        channel=FileChannel(row.channel.value),
        done=row.phase == "built",
        cost_minor=row.cost_minor,
        currency=row.currency,
        language=row.language,
        supports=row.support_count,
    )


def public_card(initiative_id: int) -> Card | None:
    """One public card by id, for the map's popup."""
    row = db.session.execute(
        select(*CARD).where(
            Initiative.id == initiative_id, Initiative.listed_at.is_not(None), Initiative.state != "withdrawn"
        )
    ).first()
    return Card(*row) if row else None


def number_of(initiative_id: int) -> str | None:
    """The number of another public case: of the one this was merged into."""
    return db.session.scalar(
        select(Initiative.number).where(Initiative.id == initiative_id, Initiative.listed_at.is_not(None))
    )


def of_author(user_id: int) -> list[Card]:
    """Everything one account filed, in all municipalities, drafts too."""
    with tenancy.unscoped("an account's own initiatives in every town"):
        statement = (
            select(*CARD)
            .where(Initiative.author_user_id == user_id)
            .order_by(Initiative.created_at.desc())
            .limit(200)
        )
        return [Card(*row) for row in db.session.execute(statement)]


def team_without_stake(case: Initiative) -> list[tuple[int, str]]:
    """(id, name) of the members who may work on a case; those who took part in it are left out."""
    people = accounts.colleagues(case.municipality_id, "reviewer", "leader")
    barred = with_a_stake(case, {person.user_id for person in people})
    return [(person.user_id, person.name) for person in people if person.user_id not in barred]


def with_a_stake(case: Initiative, user_ids: Set[int]) -> set[int]:
    """Which of these accounts wrote, support or commented on the case: they may not work on it."""
    supporters = select(Support.user_id).where(
        Support.initiative_id == case.id, Support.user_id.in_(user_ids)
    )
    speakers = select(Comment.user_id).where(
        Comment.kind == "initiative",
        Comment.object_id == case.id,
        Comment.user_id.in_(user_ids),
        Comment.official.is_(False),
    )
    found = {*db.session.scalars(supporters), *db.session.scalars(speakers), case.author_user_id}
    return {user_id for user_id in found if user_id in user_ids}


# ---- the history ----


@dataclass(frozen=True, slots=True)
class TimelineStep:
    """A step of the history as the timeline shows it; `who` may carry the name of a member of the staff."""

    title: str
    phase: str
    at: datetime
    who: str
    note: str
    internal: bool


def timeline(case: Initiative, lanes: Sequence[Lane]) -> list[TimelineStep]:
    """The history in these lanes, newest first. With the internal lane staff are named to each other."""
    steps = content.history(*case.about, lanes)
    staff = Lane.INTERNAL in lanes
    acted = {step.user_id for step in steps if step.user_id is not None and step.who in STAFF_WHO}
    names = accounts.names(acted) if staff else {}
    return [
        TimelineStep(
            step_title(step),
            WORKFLOW.state(step.to_state).look,
            step.at,
            _step_who(step, names),
            "\n".join(filter(None, (step.note, _internal_note(step) if staff else ""))),
            step.lane is Lane.INTERNAL,
        )
        for step in reversed(steps)
    ]


def step_title(step: content.Step) -> str:
    """What a step is called: the state it led to, or what was done."""
    if step.from_state == step.to_state:
        return str(STEPS.get(step.verb, step.verb))
    label = WORKFLOW.state(step.to_state).label
    if step.verb == "correct":
        return _("Correction: back to “%(state)s”", state=label)
    text = str(label)
    return text[:1].upper() + text[1:]


def _step_who(step: content.Step, names: dict[int, str]) -> str:
    role = str(WHO.get(step.who, step.who))
    name = names.get(step.user_id or 0)
    return f"{role}, {name}" if name and step.who in STAFF_WHO else role


def _internal_note(step: content.Step) -> str:
    # A passed deadline keeps its key, for the words of whatever language reads it.
    return str(DEADLINES.get(step.internal_note, "")) if step.verb == "late" else step.internal_note


def follower_count(initiative_id: int) -> int:
    """How many followers hear of a step: accounts, and confirmed addresses."""
    statement = select(func.count()).where(
        Follow.kind == "initiative",
        Follow.object_id == initiative_id,
        or_(Follow.user_id.is_not(None), Follow.email_sealed.is_not(None)),
    )
    return int(db.session.scalar(statement) or 0)


# ---- the desk ----

ACTS_IN = {
    "reviewer": ("submitted",),
    "leader": ("published", "held"),
    "decision_maker": ("recommendation", "appealed"),
    "steering": ("recommendation",),
    "expert": ("recommendation",),
    "operator": ("draft", "returned"),
}
"""States in which each role acts next; who a case is assigned to, see `_waits_for`."""
OWNED = ("assigned", "disputed", "adopted", "partly_adopted", "planned", "in_progress")
"""States in which the people a case is assigned to act next; the studies beside them."""
CLOSED_STATES = (
    "lapsed", "adopted", "partly_adopted", "refused", "planned", "in_progress", "done", "partly_done",
    "abandoned", "confirmed", "merged", "transferred", "withdrawn",
)  # fmt: skip
_IMPORTED = and_(Initiative.external_source.is_not(None), Initiative.version == 1)
"""SQL twin of `is_untouched_import`: it waits for nobody until the team takes it up."""
TABS = ("todo", "waiting", "late", "imported", "done", "all")


@dataclass(frozen=True, slots=True)
class DeskRow:
    """A row of a work list."""

    id: int
    number: str | None
    title: str
    language: str
    state: str
    category: str
    submitted_at: datetime | None
    updated_at: datetime
    lead_user_id: int | None
    support_count: int
    due_on: date | None

    @property
    def present(self) -> State:
        """The state's row."""
        return WORKFLOW.state(self.state)

    @property
    def slug(self) -> str:
        """Its number as it stands in addresses."""
        return (self.number or "").lower()


@dataclass(frozen=True, slots=True)
class DeskFilter:
    """What a work list shows."""

    tab: str = "todo"
    mine: bool = False
    state: str = ""
    category: str = ""
    text: str = ""


def desk_filter(values: Any) -> DeskFilter:
    """A work-list filter from query values; unknown ones count as not asked."""
    tab, state, category = values.get("tab", "todo"), values.get("state", ""), values.get("category", "")
    if canonical_number(values.get("q", "")):
        tab = "all"  # Who asks for a number means that case, wherever it stands.
    return DeskFilter(
        tab=tab if tab in TABS else "todo",
        mine=values.get("mine") == "1",
        state=state if state in WORKFLOW.keys() else "",  # noqa: SIM118 - not a mapping: all state keys
        category=category if category in CATEGORIES else "",
        text=" ".join(values.get("q", "").split())[:200],
    )


def work_list(
    actor: actors.Actor, wanted: DeskFilter, cursor: Cursor | None, size: int = 25
) -> Page[DeskRow]:
    """A page of the desk's list, what was touched last on top.

    The keys first and then the rows: clocks are looked up for the page shown, not for all that fits.
    """
    keys = _desk_keys(actor, wanted)
    newer = cursor is not None and cursor.direction is Direction.NEWER
    if cursor is not None:
        edge = tuple_(Initiative.updated_at, Initiative.id)
        keys = keys.where(edge > (cursor.at, cursor.id) if newer else edge < (cursor.at, cursor.id))
    order = (
        (Initiative.updated_at.asc(), Initiative.id.asc())
        if newer
        else (Initiative.updated_at.desc(), Initiative.id.desc())
    )
    ids = list(db.session.scalars(keys.order_by(*order).limit(size + 1)))
    found = {row.id: row for row in _desk_rows(ids)}
    rows = [found[key] for key in ids]
    return page_of(rows, size, cursor, lambda row: (row.updated_at, row.id))


def most_urgent(actor: actors.Actor, wanted: DeskFilter, limit: int) -> list[DeskRow]:
    """The first of a work list by the day they are due; those without a clock after them, newest first."""
    keys = _desk_keys(actor, wanted)
    clock_of = and_(Deadline.object_id == Initiative.id, *_open_clocks())
    # Twice as many, because a case may have two clocks.
    by_day = keys.join(Deadline, clock_of).order_by(Deadline.due_on, Initiative.id).limit(2 * limit)
    ids = list(dict.fromkeys(db.session.scalars(by_day)))[:limit]
    if len(ids) < limit:
        rest = keys.where(Initiative.id.not_in(ids)).order_by(Initiative.updated_at.desc(), Initiative.id)
        ids += db.session.scalars(rest.limit(limit - len(ids)))
    found = {row.id: row for row in _desk_rows(ids)}
    return [found[key] for key in ids]


def work_counts(actor: actors.Actor, lists: Sequence[DeskFilter]) -> tuple[int, ...]:
    """How many rows each work list has, at most 1,000; all in one statement."""
    inner = [_desk_keys(actor, wanted).limit(1000).subquery() for wanted in lists]
    counts = [select(func.count()).select_from(keys).scalar_subquery() for keys in inner]
    return tuple(db.session.execute(select(*counts)).one())


def _held() -> tuple[ColumnElement[bool], ...]:
    return Comment.kind == "initiative", Comment.state == CommentState.HELD


def held_comments_count() -> int:
    """Comments that nobody sees until the team has looked at them, at most 1,000."""
    waiting = select(Comment.id).where(*_held()).limit(1000).subquery()
    return db.session.scalar(select(func.count()).select_from(waiting)) or 0


def held_comments(limit: int) -> Sequence[Any]:
    """Number and title of the cases they stand under, the longest wait first."""
    statement = select(Initiative.number, Initiative.title).join(Comment, Comment.object_id == Initiative.id)
    return db.session.execute(statement.where(*_held()).order_by(Comment.at).limit(limit)).all()


def _desk_rows(ids: Sequence[int]) -> list[DeskRow]:
    due_on = (
        select(func.min(Deadline.due_on))
        .where(*_open_clocks(), Deadline.object_id == Initiative.id)
        .correlate(Initiative)
        .scalar_subquery()
    )
    statement = select(
        Initiative.id,
        Initiative.number,
        Initiative.title,
        Initiative.language,
        Initiative.state,
        Initiative.category,
        Initiative.submitted_at,
        Initiative.updated_at,
        Initiative.lead_user_id,
        Initiative.support_count,
        due_on,
    ).where(Initiative.id.in_(ids))
    return [DeskRow(*row) for row in db.session.execute(statement)]


def _desk_keys(actor: actors.Actor, wanted: DeskFilter) -> Select[int]:
    statement = select(Initiative.id).where(_seen_by(actor), *_desk_conditions(actor, wanted))
    if wanted.state:
        statement = statement.where(Initiative.state == wanted.state)
    if wanted.category:
        statement = statement.where(Initiative.category == wanted.category)
    if wanted.text:
        ids = search.ids("initiative", wanted.text, tenancy.current_id(), public_only=False)
        statement = statement.where(Initiative.id.in_(ids))
    return statement


def _open_clocks() -> tuple[ColumnElement[bool], ...]:
    return Deadline.kind == "initiative", Deadline.done_at.is_(None)


def _seen_by(actor: actors.Actor) -> ColumnElement[bool]:
    """SQL twin of `initiative.desk`: drafts never, own cases only for operators, the month's list, no conflicts."""
    roles = actor.roles_in(actor.municipality_id)
    mine = Initiative.taken_by_user_id == actor.user_id
    not_draft = Initiative.state != "draft"
    supported = aliased(Support)
    said = aliased(Comment)
    impartial = and_(
        or_(Initiative.author_user_id.is_(None), Initiative.author_user_id != actor.user_id),
        ~exists().where(supported.initiative_id == Initiative.id, supported.user_id == actor.user_id),
        ~exists().where(
            said.kind == "initiative",
            said.object_id == Initiative.id,
            said.user_id == actor.user_id,
            said.official.is_(False),
        ),
    )
    if roles & {"reviewer", "leader", "decision_maker"}:
        return and_(not_draft, or_(impartial, mine) if "operator" in roles else impartial)
    if roles & {"steering", "expert"}:
        return and_(Initiative.state == "recommendation", impartial)
    return and_(not_draft, mine)


def _desk_conditions(actor: actors.Actor, wanted: DeskFilter) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.tab == "todo":
        found.append(_waits_for(actor))
    elif wanted.tab == "waiting":
        found += [not_(_waits_for(actor)), not_(_IMPORTED), Initiative.state.not_in(CLOSED_STATES)]
    elif wanted.tab == "late":
        today = clock.today(_zone())
        late = select(Deadline.object_id).where(*_open_clocks(), Deadline.due_on < today)
        found.append(Initiative.id.in_(late))
    elif wanted.tab == "imported":
        found += [_IMPORTED, Initiative.state.not_in(CLOSED_STATES)]
    elif wanted.tab == "done":
        found += [not_(_waits_for(actor)), Initiative.state.in_(CLOSED_STATES)]
    if wanted.mine:
        found.append(_assigned_to(actor))
    return found


def _waits_for(actor: actors.Actor) -> ColumnElement[bool]:
    """What this person can do now. A study waits for a reviewer only until their own sheet is finished;
    then the lead moves it on, and the leader recommends when enough sheets of the second one are there.
    """
    roles = actor.roles_in(actor.municipality_id)
    states = sorted({state for role, listed in ACTS_IN.items() if role in roles for state in listed})
    found: list[ColumnElement[bool]] = [and_(Initiative.state.in_(states), not_(_IMPORTED))]
    if roles & {"reviewer", "leader"}:
        found.append(and_(Initiative.state.in_(OWNED), _assigned_to(actor)))
        found += [
            and_(
                Initiative.state == f"{kind.value}_study",
                _assigned_to(actor),
                or_(_leads(actor), ~_finished(kind, actor.user_id)),
            )
            for kind in StudyKind
        ]
    if "leader" in roles:
        enough = (
            select(func.count())
            .where(Sheet.initiative_id == Initiative.id, Sheet.kind == StudyKind.FEASIBILITY, Sheet.finished)
            .correlate(Initiative)
            .scalar_subquery()
        )
        found.append(and_(Initiative.state == "feasibility_study", enough >= rules.REVIEWERS_MIN))
    return or_(*found)


def _leads(actor: actors.Actor) -> ColumnElement[bool]:
    # Never unknown, so that `not` of it is true for cases without a lead.
    return and_(Initiative.lead_user_id.is_not(None), Initiative.lead_user_id == actor.user_id)


def _finished(kind: StudyKind, user_id: int | None) -> ColumnElement[bool]:
    return exists().where(
        Sheet.initiative_id == Initiative.id, Sheet.kind == kind, Sheet.user_id == user_id, Sheet.finished
    )


def _assigned_to(actor: actors.Actor) -> ColumnElement[bool]:
    return or_(
        _leads(actor),
        exists().where(Reviewer.initiative_id == Initiative.id, Reviewer.user_id == actor.user_id),
    )


def _zone() -> str:
    current = tenancy.current_id()
    return tenancy.town_by_id(current).zone if current else "Europe/Warsaw"


def filed_this_week() -> int:
    """How many were filed in the last seven days."""
    return _since(Initiative.submitted_at)


def published_this_week() -> int:
    """How many became public in the last seven days."""
    return _since(Initiative.listed_at)


def decided_this_week() -> int:
    """How many decisions, answers to appeals included, were taken in the last seven days."""
    return _since(Decision.at)


def _since(instant: Any) -> int:
    week_ago = clock.now() - timedelta(days=7)
    return int(db.session.scalar(select(func.count()).where(instant >= week_ago)) or 0)


def folded_title(title: str) -> str:
    """The title as searches compare it."""
    return fold(title)
