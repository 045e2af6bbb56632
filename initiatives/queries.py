"""Reading initiatives: one case, public lists, the desk's work lists, the map's data. Nothing here writes."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from hashlib import sha256
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Select,
    and_,
    bindparam,
    exists,
    func,
    literal,
    not_,
    or_,
    select,
    tuple_,
    union_all,
)
from sqlalchemy.orm import aliased, joinedload, selectinload

from initiatives import rules
from initiatives.counting import TO_BUILT, TO_DECISION, Part
from initiatives.formats.records import Channel as FileChannel
from initiatives.formats.records import ExportedInitiative
from initiatives.kinds import Answer, Category, Criterion, Measure, Office, Question, office_of, theme_of
from initiatives.models import (
    AgendaItem,
    Audience,
    Batch,
    BatchItem,
    BatchState,
    BulkAct,
    BulkItem,
    Change,
    ChangeState,
    Citation,
    CostChange,
    Count,
    Decision,
    Done,
    Echo,
    Figure,
    Helped,
    Initiative,
    MapCell,
    Mention,
    Merge,
    MergeState,
    Milestone,
    Outcome,
    Reviewer,
    SavedFilter,
    Sheet,
    SheetState,
    SignatureSheet,
    StudyKind,
    StudyNote,
    Support,
    Translation,
)
from initiatives.models import Asked as EchoAsked
from initiatives.states import (
    ANSWER_LABELS,
    ARRIVE,
    CALL_BACK,
    CATEGORIES,
    CHANGE_CLOCK,
    CHANGE_OF,
    CHANGE_OUTCOMES,
    DAYS,
    DEADLINES,
    NOT_COUNTED,
    PARTS,
    PHASES,
    STAFF_WHO,
    STATES_OF_PHASE,
    STEPS,
    WHO,
    WORKFLOW,
)
from portal.accounts import queries as accounts
from portal.content import queries as content
from portal.content import talk
from portal.content.models import Comment, CommentState, CommentStep, Deadline, Follow, Objection, Stance
from portal.content.move import UNDO
from portal.content.rules import blocked_in
from portal.core import actor as actors
from portal.core import clock, tenancy
from portal.core.calendar import local_day
from portal.core.collate import sort_key, tokens
from portal.core.db import db, is_writing
from portal.core.errors import Missing
from portal.core.i18n import Text, current_locale, day, foreign, from_json, money, ngettext, number
from portal.core.i18n import gettext as _
from portal.core.i18n import lazy_gettext as _l
from portal.core.i18n import pgettext as _p
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
    updated_at: datetime | None = None
    paper_count: int = 0

    @property
    def present(self) -> State:
        """The state's row."""
        return WORKFLOW.state(self.state)

    @property
    def category_label(self) -> Text:
        """What its category is called there."""
        return category_label(self.category, self.municipality_id)

    @property
    def category_icon(self) -> str:
        """The icon of its theme."""
        return theme_of(self.category) or "other"

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
    """What a reader filters by; unknown values were dropped by `wanted_from`.

    `wide`: over all municipalities, where a category stands for its theme and those that offices made of it.
    """

    phase: str = ""
    category: str = ""
    district: str = ""
    text: str = ""
    sort: str = "new"
    wide: bool = False
    outcome: str = ""
    silent: bool = False
    open: bool = False

    @property
    def active(self) -> int:
        """How many filters are set; the order is none."""
        set_ = (self.phase, self.category, self.district, self.text, self.outcome, self.silent, self.open)
        return sum(map(bool, set_))

    @property
    def is_empty(self) -> bool:
        """Whether nothing narrows the list."""
        return not self.active


SORTS = ("new", "support")
OUTCOMES_TO_FILTER = tuple(outcome.value for outcome in Outcome if outcome is not Outcome.NONE)


def wanted_from(values: Any) -> Wanted:
    """A filter from query values; what is not among the choices counts as not asked."""

    def among(name: str, choices: Any) -> str:
        value = values.get(name, "")
        return value if value in choices else ""

    return Wanted(
        phase=among("phase", PHASES),
        category=among("category", dict(category_choices())),
        district=values.get("district", "").strip()[:80],
        text=" ".join(values.get("q", "").split())[:200],
        sort=among("sort", SORTS) or "new",
        wide=tenancy.current_id() is None,
        outcome=among("outcome", OUTCOMES_TO_FILTER),
        silent=values.get("silent") == "1",
        open=values.get("open") == "1",
    )


def office(municipality_id: int | None = None) -> Office:
    """What a municipality, or that in scope, has set for its initiatives. Read from its snapshot, without a statement."""
    if municipality_id is None:
        municipality_id = tenancy.current_id()
    return office_in(tenancy.town_by_id(municipality_id or 0))


def office_in(town: tenancy.Town) -> Office:
    """What stands in the snapshot of a municipality."""
    return office_of(
        town.settings.get("initiatives", {}),
        town.contact.get("districts", []),
        town.language,
        tuple(CATEGORIES),
        DAYS,
    )


class Usual(NamedTuple):
    """Whom the cases of a category usually belong to: a municipality by its slug, or else a body; `name` of either."""

    slug: str
    name: str


def usually_of(case: Initiative) -> Usual | None:
    """Whom a case usually belongs to by its category, as its office has set; read without a statement."""
    found = office(case.municipality_id).category(case.category)
    return None if found is None else usual_of(found)


def usual_of(found: Category) -> Usual | None:
    """The same of a category."""
    if (town := tenancy.towns().get(found.town)) is not None:
        return Usual(town.slug, town.name)
    return Usual("", found.body) if found.body else None


class Referral(NamedTuple):
    """Whom a case was referred to, or who referred it here, and the local day; a municipality also by its slug."""

    name: str
    on: date | None
    slug: str = ""


def referred_to(case: Initiative) -> Referral | None:
    """Whom a case was referred to; read from the case and the snapshot."""
    if case.referred_to_id is None:
        return Referral(case.transferred_to, case.referred_on) if case.transferred_to else None
    town = tenancy.town_by_id(case.referred_to_id)
    return Referral(town.name, case.referred_on, town.slug)


def referred_from(case: Initiative) -> Referral | None:
    """Which municipality referred it here."""
    if case.referred_from_id is None:
        return None
    town = tenancy.town_by_id(case.referred_from_id)
    return Referral(town.name, case.arrived_on, town.slug)


def points_of(cases: Sequence[Initiative]) -> list[Point]:
    """Where these cases have their points."""
    return [Point(case.lat, case.lon) for case in cases if case.lat is not None and case.lon is not None]


def towns_to_refer(municipality_id: int, points: Sequence[Point] = ()) -> tuple[list[tenancy.Town], ...]:
    """Neighbours and then the other municipalities of the portal, each by name.

    A neighbour is one whose map overlaps that of this one, or one of the points.
    """
    home = Box(*tenancy.town_by_id(municipality_id).box)
    near: list[tenancy.Town] = []
    far: list[tenancy.Town] = []
    others = [town for town in tenancy.towns().values() if town.id != municipality_id]
    for town in sorted(others, key=lambda town: sort_key(town.name, current_locale())):
        box = Box(*town.box)
        (near if box.meets(home) or any(box.holds(*point) for point in points) else far).append(town)
    return near, far


def categories_standing() -> tuple[str, bool]:
    """How many categories the municipality in scope offers, in words; what we ship is enough to begin."""
    offered = sum(not found.hidden for found in office().categories)
    return ngettext("%(n)s category is offered", "%(n)s categories are offered", offered), True


def settings_mark(found: Office, part: str) -> str:
    """A mark of what a page of settings was filled from: it changes with what stands there. Source: R61."""
    return sha256(repr(getattr(found, part)).encode()).hexdigest()[:16]


def category_label(key: str, municipality_id: int | None = None) -> Text:
    """What a category is called in a municipality, or in that in scope: in the office's words, else in ours."""
    if municipality_id is None:
        municipality_id = tenancy.current_id()
    if municipality_id is not None:
        town = tenancy.town_by_id(municipality_id)
        for row in town.settings.get("initiatives", {}).get("categories", ()):
            if row["key"] == key and row.get("names"):
                return from_json(row["names"], first=town.language)
    return CATEGORIES.get(theme_of(key), "")


def category_choices() -> list[tuple[str, Text]]:
    """Categories to filter by, the hidden ones too, as old cases are in them; over all municipalities the themes."""
    here = tenancy.current_id()
    if here is None:
        return list(CATEGORIES.items())
    return [(found.key, category_label(found.key, here)) for found in office(here).categories]


def _in_category(column: Any, wanted: Wanted) -> ColumnElement[bool]:
    """Cases of the wanted category; over all municipalities also of those offices made of it."""
    same: ColumnElement[bool] = column == wanted.category
    return or_(same, column.like(f"{wanted.category}-%")) if wanted.wide else same


def districts_offered(keep: str = "") -> list[str]:
    """Districts to choose from when filing: those the office named, else those that occur."""
    named = office().districts_offered(keep)
    return named or districts()


def unanswered(case: Initiative) -> list[Question]:
    """Questions its author has to answer and has not."""
    return office(case.municipality_id).unanswered(case.category, kept_answers(case))


def lacking(questions: Sequence[Question]) -> str:
    """What to tell somebody who has left questions unanswered."""
    here = office()
    words = ", ".join(f"“{here.say(found.words)}”" for found in questions)
    return _("Answer what the office asks with your text: %(questions)s", questions=words)


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer under the words it was given to, in the language being spoken. `question` tells the rest."""

    question: Question
    words: str
    text: str


def kept_answers(case: Initiative) -> dict[int, Answer]:
    """All answers of a case by the number of the wording, those for the team alone too."""
    sealed = case.author.answers if case.author is not None else None
    return {int(key): value for key, value in (case.answers | json.loads(sealed or "{}")).items()}


def answered(case: Initiative, *, team: bool = False) -> list[Answered]:
    """The answers of a case in the order of the questions; those for the team alone only for it and the author."""
    kept = kept_answers(case) if team else case.answers
    return answers_shown(kept, case.municipality_id)


def answers_shown(kept: Mapping[Any, Answer], municipality_id: int) -> list[Answered]:
    """Answers as people read them, by the wordings they were given to."""
    if not kept:
        return []
    here = office(municipality_id)
    given = {int(number): value for number, value in kept.items()}
    return [
        Answered(question, here.say(question.words), _answer_text(here, question, given[question.id]))
        for question in here.questions
        if question.id in given
    ]


def _answer_text(here: Office, question: Question, value: Answer) -> str:
    if isinstance(value, bool):
        return _p("answer", "Yes") if value else _p("answer", "No")
    if question.choices:
        at = int(value) - 1
        return here.say(question.choices[at]) if 0 <= at < len(question.choices) else ""
    return value if isinstance(value, str) else number(value)


def case(initiative_id: int, *, with_sheets: bool = True) -> Initiative:
    """One case with all the guards look at, for changing it. Raises Missing."""
    whole = _whole(Initiative.id == initiative_id, with_sheets=with_sheets)
    statement = whole.execution_options(populate_existing=True)
    if is_writing():
        statement = statement.with_for_update(of=Initiative)
    return _judged(statement)


def case_to_join(initiative_id: int) -> Initiative:
    """One case without what only its moves ask for: everybody's acts on it are many. Raises Missing."""
    return case(initiative_id, with_sheets=False)


def author_language(case: Initiative) -> str:
    """The language the author reads messages in: that of the account, else the one they chose when filing."""
    if case.author is None:
        return case.language
    account = accounts.person(case.author.user_id) if case.author.user_id is not None else None
    return account.language if account else case.author.locale


def case_by_number(number: str, *, with_sheets: bool = True) -> Initiative:
    """One case by its number as typed or in an address, for reading. Raises Missing.

    A page that shows the sheets of a decided case only reads them by `sheets` when it comes to that.
    """
    canonical = canonical_number(number)
    if canonical is None:
        raise Missing
    return _judged(_whole(Initiative.number == canonical, with_sheets=with_sheets))


def case_to_refer(initiative_id: int) -> Initiative:
    """One case for changing it, with the rows locked too that it has in other municipalities. Raises Missing.

    In the order of their ids: whoever refers it back at the same instant waits.
    """
    own = select(Initiative.number).where(Initiative.id == initiative_id).scalar_subquery()
    rows = select(Initiative.id).where(Initiative.number == own).order_by(Initiative.id)
    with tenancy.unscoped("the rows of one case in several municipalities"):
        db.session.execute(rows.with_for_update()).all()
    return case(initiative_id)


def of_number(number: str) -> Initiative | None:
    """The case of this very number in the municipality in scope, for changing it."""
    found = db.session.scalar(select(Initiative.id).where(Initiative.number == number))
    return None if found is None else case(found)


def case_in_merge(initiative_id: int) -> Initiative:
    """One case for changing it, with the other one of an open proposal to merge locked too. Raises Missing.

    Both in the order of their ids: two authors who answer at the same instant wait for each other.
    """
    ids = select(Merge.initiative_id, Merge.into_id).where(
        Merge.outcome == MergeState.OPEN,
        or_(Merge.initiative_id == initiative_id, Merge.into_id == initiative_id),
    )
    for first, second in db.session.execute(ids):
        pair = select(Initiative.id).where(Initiative.id.in_((first, second))).order_by(Initiative.id)
        db.session.execute(pair.with_for_update()).all()
    return case(initiative_id)


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


def above_threshold(threshold: int, limit: int) -> list[int]:
    """Cases that take support, lie at a threshold or above it, and for which that was not said yet."""
    statement = (
        select(Initiative.id)
        .where(
            Initiative.takes_support,
            Initiative.support_count >= threshold,
            Initiative.threshold_on.is_(None),
        )
        .order_by(Initiative.support_count.desc(), Initiative.id.desc())
        .limit(limit)
    )
    return list(db.session.scalars(statement))


SHEETS_MOST = 200
"""Sheets that a page of the desk shows."""


def signature_sheets(initiative_id: int) -> list[SignatureSheet]:
    """The sheets of a case, the newest first."""
    statement = select(SignatureSheet).where(SignatureSheet.initiative_id == initiative_id)
    return list(db.session.scalars(statement.order_by(SignatureSheet.serial.desc()).limit(SHEETS_MOST)))


def signature_sheet(initiative_id: int, sheet_id: int) -> SignatureSheet:
    """One of them. Raises Missing."""
    statement = select(SignatureSheet).where(
        SignatureSheet.initiative_id == initiative_id, SignatureSheet.id == sheet_id
    )
    row = db.session.scalar(statement)
    if row is None:
        raise Missing
    return row


def open_sheets(actor: actors.Actor) -> list[tuple[SignatureSheet, str, str, str]]:
    """(sheet, number, title, language) of those that have to be counted again, in this municipality, the oldest first."""
    statement = (
        select(SignatureSheet, Initiative.number, Initiative.title, Initiative.language)
        .join(Initiative, Initiative.id == SignatureSheet.initiative_id)
        .where(
            SignatureSheet.state.in_((SheetState.WAITING, SheetState.DIFFERS)),
            Initiative.listed_at.is_not(None),
            Initiative.state.not_in(NOT_COUNTED),
            _impartial(actor),
        )
        .order_by(SignatureSheet.id)
        .limit(SHEETS_MOST)
    )
    return [
        (row, number or "", title, language) for row, number, title, language in db.session.execute(statement)
    ]


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
    Initiative.updated_at,
    Initiative.paper_count,
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
        found.append(_in_category(Initiative.category, wanted))
    if wanted.district:
        found.append(Initiative.district == wanted.district)
    if wanted.outcome:
        found.append(Initiative.outcome == Outcome(wanted.outcome))
    if wanted.silent:
        found.append(Initiative.silent_since.is_not(None))
    if wanted.open:
        found.append(Initiative.takes_support.expression)
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
    """How many the filter finds, from the counters; words alone are counted up to a limit, all else is None."""
    if (
        wanted.district
        or wanted.silent
        or wanted.open
        or (wanted.text and (wanted.phase or wanted.category or wanted.outcome))
    ):
        return None
    if wanted.text:
        found = search.count(wanted.text, tenancy.current_id(), kind="initiative")
        return found if found <= search.COUNT_CAP else None
    statement = select(func.sum(Count.n))  # Only what is public is counted.
    if wanted.phase:
        statement = statement.where(Count.state.in_(STATES_OF_PHASE[wanted.phase]))
    if wanted.category:
        statement = statement.where(_in_category(Count.category, wanted))
    if wanted.outcome:
        statement = statement.where(Count.outcome == Outcome(wanted.outcome))
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
    if wanted.outcome or wanted.silent or wanted.open:
        return None
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
    metres: float | None = None
    """How far away, where both have a point."""


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
            found.append(Similar(row.number, row.title, row.state, row.support_count, score, near))
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


EXPORTED: tuple[Any, ...] = (
    Initiative.id,
    Initiative.listed_at,
    Initiative.number,
    Initiative.title,
    Initiative.text,
    Initiative.category,
    Initiative.state,
    Initiative.phase,
    Initiative.submitted_at,
    Initiative.created_at,
    Initiative.updated_at,
    Initiative.external_number,
    Initiative.external_source,
    Initiative.lat,
    Initiative.lon,
    Initiative.address,
    Initiative.district,
    Initiative.channel,
    Initiative.cost_minor,
    Initiative.currency,
    Initiative.language,
    Initiative.support_count,
    Initiative.paper_count,
    Initiative.support_until,
    Initiative.threshold_on,
    Initiative.answers,
    Initiative.municipality_id,
    Initiative.outcome,
    Initiative.silent_since,
)


def exported(wanted: Wanted, address: Callable[[str], str], size: int = 500) -> Iterator[ExportedInitiative]:
    """Every public initiative the filter shows, newest first, in batches: memory stays flat."""
    build = _batch_statement.__wrapped__ if wanted.text else _batch_statement
    last: dict[str, Any] = {}
    while True:
        with _reach(wanted):
            rows = db.session.execute(build(wanted, size, goes_on=bool(last)), last).all()
        for row in rows:
            yield _exported(row, address)
        if len(rows) < size:
            return
        last = {"edge_at": rows[-1].listed_at, "edge_id": rows[-1].id}


@lru_cache(maxsize=128)
def _batch_statement(wanted: Wanted, size: int, *, goes_on: bool) -> Select[Any]:
    """The rows of a batch; `edge_at` and `edge_id` are the position it goes on from."""
    here = (Initiative.listed_at, Initiative.id)
    statement = select(*EXPORTED).where(*conditions(wanted)).limit(size)
    if goes_on:
        edge = (
            bindparam(name, type_=key.type) for name, key in zip(("edge_at", "edge_id"), here, strict=True)
        )
        statement = statement.where(tuple_(*here) < tuple_(*edge))
    return statement.order_by(*(key.desc() for key in here))


def _exported(row: Any, address: Callable[[str], str]) -> ExportedInitiative:
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
        supports_paper=row.paper_count,
        support_until=row.support_until,
        threshold_on=row.threshold_on,
        outcome=row.outcome.value,
        silent_since=row.silent_since,
        answers=()
        if gone
        else tuple((said.words, said.text) for said in answers_shown(row.answers, row.municipality_id)),
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


@dataclass(frozen=True, slots=True)
class Proposal:
    """An open proposal to merge, seen from one of its two cases; `joins`: this is the one that would go on in the other."""

    merge: Merge
    joins: bool
    number: str
    title: str
    text: str
    language: str

    @property
    def agrees(self) -> bool | None:
        """What the author of this case said."""
        return self.merge.case_agrees if self.joins else self.merge.into_agrees

    @property
    def other_agrees(self) -> bool | None:
        """What the author of the other one said."""
        return self.merge.into_agrees if self.joins else self.merge.case_agrees


def proposal(case: Initiative) -> Proposal | None:
    """The open proposal to merge in which a case takes part, and the other case."""
    if case.merge_id is None:
        return None
    row = db.session.execute(
        select(Merge, Initiative.number, Initiative.title, Initiative.text, Initiative.language)
        .join(
            Initiative,
            and_(Initiative.id.in_((Merge.initiative_id, Merge.into_id)), Initiative.id != case.id),
        )
        .where(Merge.id == case.merge_id)
    ).first()
    if row is None:
        return None
    merge, number, title, text, language = row
    return Proposal(merge, merge.initiative_id == case.id, number or "", title, text, language)


def changes(initiative_id: int) -> list[Change]:
    """What an author proposed to change after the decision, the newest first."""
    statement = select(Change).where(Change.initiative_id == initiative_id).order_by(Change.id.desc())
    return list(db.session.scalars(statement))


@dataclass(frozen=True, slots=True)
class ChangeView:
    """A proposal of a change as a page tells it. `before` are title, text and place as they stood: label and words.

    `due` is the day by which an open one is answered; `lang` the language of the author's words and `answer_lang` that
    of the office's, where it is not that of the page.
    """

    of_key: str
    at: datetime
    wanted: str
    why: str
    outcome_key: str
    ended_at: datetime | None
    due: date | None
    changes: str
    reasons: str
    before: list[tuple[str, str]]
    lang: str
    answer_lang: str

    @property
    def of(self) -> Text:
        """What it concerns."""
        return CHANGE_OF[self.of_key]

    @property
    def outcome(self) -> Text:
        """What became of it."""
        return CHANGE_OUTCOMES[self.outcome_key]

    @property
    def is_open(self) -> bool:
        """Whether it waits for the answer."""
        return self.outcome_key == ChangeState.OPEN

    @property
    def is_accepted(self) -> bool:
        """Whether it changed something."""
        return self.outcome_key == ChangeState.ACCEPTED


def changes_told(case: Initiative, *, mine: bool = False) -> list[ChangeView]:
    """What was proposed after the decision, the newest first; hidden words are shown to their author alone (`mine`)."""
    clocks = content.open_deadlines(*case.about) if case.change_id is not None else []
    due = next((row.due_on for row in clocks if row.key == CHANGE_CLOCK), None)
    office_language = tenancy.town_by_id(case.municipality_id).language
    return [
        _change_view(case, row, due, row.language or office_language, read=row.shown or mine)
        for row in changes(case.id)
    ]


def _change_view(
    case: Initiative, row: Change, due: date | None, answered_in: str, *, read: bool
) -> ChangeView:
    return ChangeView(
        of_key=row.of.value,
        at=row.at,
        wanted=row.wanted if read else "",
        why=row.why if read else "",
        outcome_key=row.outcome.value,
        ended_at=row.ended_at,
        due=due if row.outcome is ChangeState.OPEN else None,
        changes=row.changes,
        reasons=row.reasons,
        before=_before_change(row.before),
        lang=foreign(case.language),
        answer_lang=foreign(answered_in),
    )


def _before_change(kept: dict[str, Any]) -> list[tuple[str, str]]:
    place = kept.get("address", "")
    if kept.get("lat") is not None:
        point = f"{kept['lat']:.5f}, {kept['lon']:.5f}"
        place = f"{place} ({point})" if place else point
    told = ((_("Title"), kept.get("title", "")), (_("Place"), place), (_("Text"), kept.get("text", "")))
    return [(label, words) for label, words in told if words]


def merge_by_id(merge_id: int) -> Merge | None:
    """A proposal to merge."""
    return db.session.get(Merge, merge_id, populate_existing=True)


def joined_to(case_ids: Sequence[int]) -> list[Initiative]:
    """The cases that go on in these, with their authors, in the order in which they were filed.

    Those too that were merged into one of them before.
    """
    below = (
        select(Initiative.id)
        .where(Initiative.merged_into_id.in_(case_ids), Initiative.state == "merged")
        .cte("below", recursive=True)
    )
    deeper = aliased(Initiative)
    below = below.union(
        select(deeper.id).join(below, deeper.merged_into_id == below.c.id).where(deeper.state == "merged")
    )
    statement = (
        select(Initiative)
        .where(Initiative.id.in_(select(below.c.id)))
        .options(joinedload(Initiative.author))
        .order_by(Initiative.id)
    )
    return list(db.session.scalars(statement))


def joint_of(case: Initiative) -> Initiative:
    """The case in which a merged one goes on, through others that were merged later. Raises Missing."""
    found = case
    while found.state == "merged" and found.merged_into_id is not None:
        found = case_to_join(found.merged_into_id)
    return found


def goes_on_in(case: Initiative) -> Initiative:
    """The case in which one goes on that was merged, or referred to another municipality; through all that followed.

    Raises Missing when nothing is there any more.
    """
    found = joint_of(case)
    while found.state == "transferred" and found.referred_to_id is not None:
        with tenancy.within(found.referred_to_id):
            found = joint_of(case_by_number(found.number or "", with_sheets=False))
    return found


def supporters_of(*initiative_ids: int) -> list[int]:
    """Accounts that support one of these cases and do not follow it; one entry a case."""
    statement = _only_supporting(initiative_ids).order_by(Support.id)
    return [user_id for user_id in db.session.scalars(statement) if user_id]


def count_supporters_of(*initiative_ids: int) -> int:
    """How many entries that has."""
    return (
        db.session.scalar(select(func.count()).select_from(_only_supporting(initiative_ids).subquery())) or 0
    )


def _only_supporting(initiative_ids: Sequence[int]) -> Select[Any]:
    follows = exists().where(
        Follow.kind == "initiative",
        Follow.object_id == Support.initiative_id,
        Follow.user_id == Support.user_id,
    )
    return select(Support.user_id).where(
        Support.initiative_id.in_(initiative_ids), Support.user_id.is_not(None), ~follows
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
    template: str = ""
    told: str = ""
    lang: str = ""


def timeline(case: Initiative, lanes: Sequence[Lane]) -> list[TimelineStep]:
    """The history in these lanes, newest first. With the internal lane staff are named to each other."""
    steps = content.history(*case.about, lanes)
    staff = Lane.INTERNAL in lanes
    acted = {step.user_id for step in steps if step.user_id is not None and step.who in STAFF_WHO}
    told = told_by_step(case.id) if staff else {}
    people = {user_id for found in told.values() for user_id in found}
    names = accounts.names(acted | people) if staff else {}
    return [
        TimelineStep(
            step_title(case, step),
            WORKFLOW.state(step.to_state).look,
            step.at,
            _step_who(step, names),
            "\n".join(filter(None, (step.note, _internal_note(step) if staff else ""))),
            step.lane is Lane.INTERNAL,
            step.template if staff else "",
            ", ".join(names[user_id] for user_id in told.get(step.id, ()) if user_id in names),
            step.language if step.language != current_locale() else "",
        )
        for step in reversed(steps)
    ]


def told_by_step(initiative_id: int) -> dict[int, list[int]]:
    """Who was named in each note of a case, by the note's step."""
    found: dict[int, list[int]] = {}
    statement = select(Mention.step_id, Mention.user_id).where(Mention.initiative_id == initiative_id)
    for step_id, user_id in db.session.execute(statement.order_by(Mention.id)):
        found.setdefault(step_id, []).append(user_id)
    return found


def open_mentions(initiative_id: int, user_id: int | None) -> list[Mention]:
    """Notes of a case that name this person and that they have not read yet, oldest first."""
    statement = select(Mention).where(
        Mention.initiative_id == initiative_id, Mention.user_id == user_id, Mention.done_at.is_(None)
    )
    return list(db.session.scalars(statement.order_by(Mention.id)))


def to_mention(case: Initiative, but: int | None = None) -> list[tuple[int, str]]:
    """Colleagues who may read the notes of a case, by name, without `but`: whom a note may name."""
    team = accounts.colleagues(case.municipality_id, "reviewer", "leader", "decision_maker")
    found = {person.user_id: person.name for person in team}
    stake = with_a_stake(case, set(found))
    found = {user_id: name for user_id, name in found.items() if user_id not in stake}
    if case.taken_by_user_id is not None and case.taken_by_user_id not in found:
        operators = accounts.colleagues(case.municipality_id, "operator")
        found |= {who.user_id: who.name for who in operators if who.user_id == case.taken_by_user_id}
    return [(user_id, name) for user_id, name in found.items() if user_id != but]


def step_title(case: Initiative, step: content.Step) -> str:
    """What a step is called: the state it led to, or what was done."""
    if (other := other_town(step)) is not None:
        return _step_between(step.verb, other)
    if step.from_state == step.to_state:
        return str(STEPS.get(step.verb, step.verb))
    if step.verb == "submit" and step.from_state != "draft":
        return _("Completed and sent again")
    label = case.state_told(step.to_state).label
    if step.verb == "correct":
        return _("Correction: back to “%(state)s”", state=label)
    if step.verb == UNDO:
        return _("Taken back: again “%(state)s”", state=label)
    text = str(label)
    return text[:1].upper() + text[1:]


def _step_between(verb: str, other: tenancy.Town) -> str:
    if verb == ARRIVE:
        return _("Referred here by: %(town)s", town=other.name)
    if verb == CALL_BACK:
        return _("Taken back by: %(town)s", town=other.name)
    return _("Referred to: %(town)s", town=other.name)


def other_town(step: content.Step) -> tenancy.Town | None:
    """The other municipality of a step between two of the portal: its note for the team names it by the slug."""
    return tenancy.towns().get(step.internal_note) if step.verb in ("transfer", ARRIVE, CALL_BACK) else None


def _step_who(step: content.Step, names: dict[int, str]) -> str:
    role = str(WHO.get(step.who, step.who))
    name = names.get(step.user_id or 0)
    return f"{role}, {name}" if name and step.who in STAFF_WHO else role


def _internal_note(step: content.Step) -> str:
    # A passed deadline keeps its key, for the words of whatever language reads it.
    if step.verb == "echo" or other_town(step) is not None:
        return ""
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
_IMPORTED = and_(Initiative.external_source.is_not(None), Initiative.version == Initiative.untouched_version)
"""SQL twin of `is_untouched_import`: it waits for nobody until the team takes it up."""
TAB_LABELS: dict[str, Text] = {
    "todo": _l("To do"),
    "waiting": _l("Waiting for others"),
    "mentioned": _l("Mentioned me"),
    "late": _l("Late"),
    "silent": _l("No news"),
    "imported": _l("Taken over"),
    "done": _l("Done"),
    "all": _l("All"),
}
TABS = tuple(TAB_LABELS)
BY_TOUCH = ("silent", "imported", "done", "all")
"""Lists in the order of the last touch; the others are in the order in which they are due."""
MENTIONS_MOST = 500
"""Cases that name somebody and are looked at for their list; who has more of them reads some first."""
ABOVE_TOUCHES, LAST_DAY = datetime(3000, 1, 1, tzinfo=UTC), date(2200, 1, 1)
"""Where clocks stand in the order of a work list: later than every touch, by the days left until a last one."""


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
    audience: Audience
    due_on: date | None

    @property
    def present(self) -> State:
        """The state's row."""
        return WORKFLOW.state(self.state)

    @property
    def withheld(self) -> bool:
        """Whether its author wants it handled without publication."""
        return self.audience is not Audience.EVERYBODY

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
        category=category if category in dict(category_choices()) else "",
        text=" ".join(values.get("q", "").split())[:200],
    )


def desk_query(wanted: DeskFilter, **changes: Any) -> dict[str, Any]:
    """The filter as query values, changed; what is not asked falls away."""
    values = {
        "tab": wanted.tab,
        "mine": "1" if wanted.mine else "",
        "state": wanted.state,
        "category": wanted.category,
        "q": wanted.text,
        **changes,
    }
    return {name: value for name, value in values.items() if value and (name, value) != ("tab", "todo")}


def saved_filters(user_id: int | None, place: str) -> list[SavedFilter]:
    """The filters somebody keeps of a list here, by name."""
    statement = select(SavedFilter).where(SavedFilter.user_id == user_id, SavedFilter.place == place)
    locale = current_locale()
    return sorted(db.session.scalars(statement), key=lambda row: sort_key(row.name, locale))


def saved_filter(user_id: int | None, filter_id: int) -> SavedFilter:
    """One of somebody's own filters. Raises Missing."""
    row = db.session.scalar(
        select(SavedFilter).where(SavedFilter.id == filter_id, SavedFilter.user_id == user_id)
    )
    if row is None:
        raise Missing
    return row


def work_list(
    actor: actors.Actor, wanted: DeskFilter, cursor: Cursor | None, size: int = 25
) -> Page[DeskRow]:
    """A page of the desk's list: what is due first on top, below it what has no clock, the last touched first.

    Lists of what is over, and of everything, know only the last touch. The keys first and then the rows: clocks
    are looked up for the page shown, not for all that fits.
    """
    keys = _desk_keys(actor, wanted)
    if wanted.tab == "mentioned":
        # Named by their ids: in the order of clocks and touches the whole town would be read for these few.
        keys = keys.where(Initiative.id.in_(list(db.session.scalars(_naming(actor).limit(MENTIONS_MOST)))))
    if wanted.tab in BY_TOUCH:
        ids = list(db.session.scalars(_by_touch(keys, cursor).limit(size + 1)))
        position = _touched
    else:
        ids = _by_day_then_touch(keys, cursor, size + 1)
        position = _due_or_touched
    found = {row.id: row for row in _desk_rows(ids)}
    return page_of([found[key] for key in ids], size, cursor, position)


def _touched(row: DeskRow) -> tuple[datetime, int]:
    return row.updated_at, row.id


def _due_or_touched(row: DeskRow) -> tuple[datetime, int]:
    """A place in one order for both: the sooner a clock ends, the higher, and all clocks above every touch."""
    return _touched(row) if row.due_on is None else (ABOVE_TOUCHES + (LAST_DAY - row.due_on), row.id)


def _by_day_then_touch(keys: Select[int], cursor: Cursor | None, most: int) -> list[int]:
    newer = cursor is not None and cursor.direction is Direction.NEWER
    in_clocks = cursor is not None and cursor.at >= ABOVE_TOUCHES
    without = keys.where(~exists().where(Deadline.object_id == Initiative.id, *_open_clocks()))
    if newer:
        parts = [] if in_clocks else [_by_touch(without, cursor)]
        parts.append(_by_day(keys, cursor if in_clocks else None, newer=True))
    else:
        parts = [_by_day(keys, cursor, newer=False)] if cursor is None or in_clocks else []
        parts.append(_by_touch(without, None if in_clocks else cursor))
    ids: list[int] = []
    for part in parts:
        if len(ids) < most:
            ids += db.session.scalars(part.limit(most - len(ids)))
    return ids


def _by_touch(keys: Select[int], cursor: Cursor | None) -> Select[int]:
    place = tuple_(Initiative.updated_at, Initiative.id)
    if cursor is None:
        return keys.order_by(Initiative.updated_at.desc(), Initiative.id.desc())
    edge = (cursor.at, cursor.id)
    if cursor.direction is Direction.NEWER:
        return keys.where(place > edge).order_by(Initiative.updated_at, Initiative.id)
    return keys.where(place < edge).order_by(Initiative.updated_at.desc(), Initiative.id.desc())


def _by_day(keys: Select[int], cursor: Cursor | None, *, newer: bool) -> Select[int]:
    """The cases with a clock by the day of the first of them, from the place of `cursor` on."""
    sooner = aliased(Deadline)
    first = ~exists().where(
        sooner.kind == Deadline.kind,
        sooner.object_id == Deadline.object_id,
        sooner.done_at.is_(None),
        tuple_(sooner.due_on, sooner.id) < tuple_(Deadline.due_on, Deadline.id),
    )
    statement = keys.join(Deadline, and_(Deadline.object_id == Initiative.id, *_open_clocks())).where(first)
    if cursor is not None:
        day = _day_of(cursor)
        beyond = Deadline.due_on < day if newer else Deadline.due_on > day
        beside = Initiative.id > cursor.id if newer else Initiative.id < cursor.id
        statement = statement.where(or_(beyond, and_(Deadline.due_on == day, beside)))
    if newer:
        return statement.order_by(Deadline.due_on.desc(), Initiative.id)
    return statement.order_by(Deadline.due_on, Initiative.id.desc())


def _day_of(cursor: Cursor) -> date:
    try:
        return LAST_DAY - (cursor.at - ABOVE_TOUCHES)
    except OverflowError:
        raise Missing from None


def work_counts(actor: actors.Actor, lists: Sequence[DeskFilter]) -> tuple[int, ...]:
    """How many rows each work list has, at most 1,000; all in one statement."""
    inner = [_desk_keys(actor, wanted).limit(1000).subquery() for wanted in lists]
    counts = [select(func.count()).select_from(keys).scalar_subquery() for keys in inner]
    return tuple(db.session.execute(select(*counts)).one())


@dataclass(frozen=True, slots=True)
class BoardColumn:
    """A state on the board: how many cases it holds, how many of them are late (both at most 1,000), the newest."""

    state: str
    count: int
    late: int
    rows: list[DeskRow]


def board(actor: actors.Actor, wanted: DeskFilter, states: Sequence[str], size: int) -> list[BoardColumn]:
    """What is under way, state by state, those without a case left out; three statements, and a search its own.

    Cases taken over that nobody has taken up are not under way. `wanted.tab` counts for nothing here.
    """
    narrowed = DeskFilter("all", wanted.mine, "", wanted.category, wanted.text)
    keys = _desk_keys(actor, narrowed).where(not_(_IMPORTED))
    states = [state for state in states if wanted.state in ("", state)]
    if not states:
        return []
    of_state = {state: keys.where(Initiative.state == state) for state in states}
    late = select(Deadline.object_id).where(*_open_clocks(), Deadline.due_on < clock.today(_zone()))
    counted = [
        select(func.count()).select_from(part.limit(1000).subquery()).scalar_subquery()
        for state in states
        for part in (of_state[state], of_state[state].where(Initiative.id.in_(late)))
    ]
    counts = list(db.session.execute(select(*counted)).one())
    held = [state for at, state in enumerate(states) if counts[2 * at]]
    newest = [_by_touch(of_state[state], None).limit(size).subquery() for state in held]
    ids = db.session.scalars(union_all(*[select(part.c.id) for part in newest])).all() if held else []
    rows: dict[str, list[DeskRow]] = {state: [] for state in held}
    for row in sorted(_desk_rows(ids), key=_touched, reverse=True) if ids else ():
        rows[row.state].append(row)
    return [
        BoardColumn(state, counts[2 * at], counts[2 * at + 1], rows[state])
        for at, state in enumerate(states)
        if state in rows
    ]


# ---- the queue of comments ----

COMMENT_TABS = ("waiting", "held", "reported", "objected", "judged")


class QueuedComment(NamedTuple):
    """A comment a moderator has to decide on, or has decided on, with the case it stands under."""

    number: str
    title: str
    language: str
    row: Comment
    answers_to: str | None
    """The text it answers."""

    @property
    def slug(self) -> str:
        """Its case's number as it stands in addresses."""
        return self.number.lower()


def _queued(actor: actors.Actor, tab: str) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = [Comment.kind == "initiative", _seen_by(actor)]
    if tab == "judged":
        judged = select(CommentStep.comment_id).where(
            CommentStep.act.in_(("publish", "hide", "dismiss", "restore", "uphold"))
        )
        return [*found, Comment.queued_at.is_(None), Comment.id.in_(judged)]
    found.append(Comment.queued_at.is_not(None))
    if tab == "held":
        found.append(Comment.state == CommentState.HELD)
    elif tab == "reported":
        found.append(Comment.reports > 0)
    elif tab == "objected":
        found.append(Comment.objection == Objection.OPEN)
    return found


def queued_counts(actor: actors.Actor, tabs: Sequence[str] = ("waiting",)) -> list[int]:
    """How many comments wait under each tab, at most 1,000 each. One statement."""
    parts = [
        select(func.count())
        .select_from(
            select(Comment.id)
            .join(Initiative, Initiative.id == Comment.object_id)
            .where(*_queued(actor, tab))
            .limit(1000)
            .subquery()
        )
        .scalar_subquery()
        for tab in tabs
    ]
    return list(db.session.execute(select(*parts)).one())


def queued_comments(
    actor: actors.Actor, tab: str, cursor: Cursor | None, size: int = PAGE_SIZE
) -> Page[QueuedComment]:
    """A page of the queue, the longest wait first; of what was judged the newest comment first."""
    waits = tab != "judged"
    parent = aliased(Comment)
    key = tuple_(Comment.queued_at, Comment.id) if waits else tuple_(Comment.at, Comment.id)
    back = cursor is not None and cursor.direction is Direction.NEWER
    upwards = waits != back
    statement = (
        select(Initiative.number, Initiative.title, Initiative.language, Comment, parent.text)
        .join(Comment, Comment.object_id == Initiative.id)
        .outerjoin(parent, parent.id == Comment.parent_id)
        .where(*_queued(actor, tab))
        .limit(size + 1)
    )
    if cursor is not None:
        edge = tuple_(literal(cursor.at, Comment.at.type), literal(cursor.id, Comment.id.type))
        statement = statement.where(key > edge if upwards else key < edge)
    columns = (Comment.queued_at if waits else Comment.at, Comment.id)
    statement = statement.order_by(*(one.asc() if upwards else one.desc() for one in columns))
    rows = [
        QueuedComment(number or "", title, language, row, above)
        for number, title, language, row, above in db.session.execute(statement)
    ]

    def position(found: QueuedComment) -> tuple[datetime, int]:
        return (found.row.queued_at if waits else None) or found.row.at, found.row.id

    return page_of(rows, size, cursor, position)


def comment_to_judge(case: Initiative, comment_id: int) -> QueuedComment:
    """One comment of a case for its page of the desk. Raises Missing."""
    parent = aliased(Comment)
    found = db.session.execute(
        select(Comment, parent.text)
        .outerjoin(parent, parent.id == Comment.parent_id)
        .where(Comment.kind == case.KIND, Comment.object_id == case.id, Comment.id == comment_id)
    ).one_or_none()
    if found is None:
        raise Missing
    return QueuedComment(case.number or "", case.title, case.language, found[0], found[1])


def comments_of_case(case: Initiative, most: int) -> list[QueuedComment]:
    """The newest comments of a case, whatever their state; what waits stands first."""
    parent = aliased(Comment)
    statement = (
        select(Comment, parent.text)
        .outerjoin(parent, parent.id == Comment.parent_id)
        .where(Comment.kind == case.KIND, Comment.object_id == case.id)
        .order_by(Comment.queued_at.is_(None), Comment.id.desc())
        .limit(most)
    )
    return [
        QueuedComment(case.number or "", case.title, case.language, row, text)
        for row, text in db.session.execute(statement)
    ]


WORDS_DAYS = 30


def held_by_words(
    words: Mapping[str, Sequence[str]], most: int
) -> tuple[int, list[tuple[str, list[str], int, str]]]:
    """What these words would have held in the last 30 days: how many, and (text, words, comment, number) of the newest."""
    office_language = office().language
    count = 0
    shown: list[tuple[str, list[str], int, int]] = []
    for row in talk.since(clock.now() - timedelta(days=WORDS_DAYS)):
        listed = [
            word for code in dict.fromkeys((row.language, office_language)) for word in words.get(code, ())
        ]
        met = blocked_in(row.text, listed)
        if met:
            count += 1
            if len(shown) < most:
                shown.append((row.text, met, row.id, row.object_id))
    wanted = select(Initiative.id, Initiative.number).where(Initiative.id.in_({one[3] for one in shown}))
    numbers = {row.id: row.number for row in db.session.execute(wanted)}
    return count, [(text, met, id_, numbers.get(case_id) or "") for text, met, id_, case_id in shown]


class Fate(NamedTuple):
    """What became of one's own comment: by which rules it waits, why it was hidden, whether one objected and what came of it."""

    held_by: list[str]
    rule: str
    words: str
    objection: Objection
    objected: str
    answer: str


def comment_fate(comment_id: int) -> Fate:
    """What the author of a comment is told on its page. Raises Missing."""
    row = db.session.scalar(select(Comment).where(Comment.id == comment_id))
    if row is None:
        raise Missing
    said = (
        {step.act: step.words for step in talk.steps(comment_id)}
        if row.objection is not Objection.NONE
        else {}
    )
    answer = said.get("uphold", "") if row.objection is Objection.DECIDED else ""
    return Fate(
        row.held_by, row.hidden_rule, row.hidden_reason, row.objection, said.get("object", ""), answer
    )


def others_to_hear(case: Initiative, user_id: int | None) -> bool:
    """Whether the office has anybody else who could decide on an objection in this case."""
    people = {
        person.user_id
        for person in accounts.colleagues(case.municipality_id, "reviewer", "leader", "decision_maker")
    } - {user_id}
    return bool(people - with_a_stake(case, people))


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
        Initiative.audience,
        due_on,
    ).where(Initiative.id.in_(ids))
    return [DeskRow(*tuple(row)) for row in db.session.execute(statement)]


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
    impartial = _impartial(actor)
    if roles & {"reviewer", "leader", "decision_maker"}:
        return and_(not_draft, or_(impartial, mine) if "operator" in roles else impartial)
    if roles & {"steering", "expert"}:
        return and_(
            Initiative.state == "recommendation", Initiative.audience == Audience.EVERYBODY, impartial
        )
    return and_(not_draft, mine)


def _impartial(actor: actors.Actor) -> ColumnElement[bool]:
    """SQL twin of `policy.impartial`."""
    supported = aliased(Support)
    said = aliased(Comment)
    return and_(
        or_(Initiative.author_user_id.is_(None), Initiative.author_user_id != actor.user_id),
        ~exists().where(supported.initiative_id == Initiative.id, supported.user_id == actor.user_id),
        ~exists().where(
            said.kind == "initiative",
            said.object_id == Initiative.id,
            said.user_id == actor.user_id,
            said.official.is_(False),
        ),
    )


def _desk_conditions(actor: actors.Actor, wanted: DeskFilter) -> list[ColumnElement[bool]]:
    found = _of_tab(actor, wanted.tab)
    if wanted.mine:
        found.append(_assigned_to(actor))
    return found


def _of_tab(actor: actors.Actor, tab: str) -> list[ColumnElement[bool]]:
    if tab == "late":
        today = clock.today(_zone())
        late = select(Deadline.object_id).where(*_open_clocks(), Deadline.due_on < today)
        return [Initiative.id.in_(late)]
    waits = _waits_for(actor)
    tabs: dict[str, list[ColumnElement[bool]]] = {
        "todo": [waits],
        "waiting": [not_(waits), not_(_IMPORTED), Initiative.state.not_in(CLOSED_STATES)],
        "mentioned": [_mentions(actor)],
        "silent": [Initiative.silent_since.is_not(None)],
        "imported": [_IMPORTED, Initiative.state.not_in(CLOSED_STATES)],
        "done": [not_(waits), Initiative.state.in_(CLOSED_STATES)],
    }
    return tabs.get(tab, [])


def _mentions(actor: actors.Actor) -> ColumnElement[bool]:
    """A colleague named this person in a note, and they have not said yet that they read it."""
    # From the few mentions to their cases; asked case by case it would read all of them.
    return Initiative.id.in_(_naming(actor))


def _naming(actor: actors.Actor) -> Select[int]:
    """Ids of the cases with an open mention of this person."""
    return select(Mention.initiative_id).where(Mention.user_id == actor.user_id, Mention.done_at.is_(None))


def _waits_for(actor: actors.Actor) -> ColumnElement[bool]:
    """What this person can do now. A study waits for a reviewer only until their own sheet is finished;
    then the lead moves it on, and the leader recommends when enough sheets of the second one are there. A change
    that its author proposes waits for the leader, wherever the case stands.
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
        found.append(Initiative.change_id.is_not(None))
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


# ---- realisation and echo ----


@dataclass(frozen=True, slots=True)
class Said:
    """What people answer to "did it help" in one round: the author's answer, and how many others said what."""

    author: str = ""
    asked: int = 0
    yes: int = 0
    partly: int = 0
    no: int = 0

    @property
    def answers(self) -> int:
        """How many beside the author answered."""
        return self.yes + self.partly + self.no

    @property
    def is_shown(self) -> bool:
        """Whether there are enough answers to show them without showing who said what."""
        return self.answers >= rules.ECHO_SHOWN_FROM


def echo_counts(initiative_id: int, number: int) -> Said:
    """The answers of a round, counted; one statement."""
    statement = (
        select(Echo.asked_as, Echo.answer, func.count())
        .where(Echo.initiative_id == initiative_id, Echo.round == number)
        .group_by(Echo.asked_as, Echo.answer)
    )
    author, asked, of = "", 0, dict.fromkeys(Helped, 0)
    for asked_as, answer, n in db.session.execute(statement):
        if asked_as is EchoAsked.AUTHOR:
            author = answer.value if answer else author
            continue
        asked += n
        if answer is not None:
            of[answer] += n
    return Said(author, asked, of[Helped.YES], of[Helped.PARTLY], of[Helped.NO])


def echo_of(initiative_id: int, number: int, person: str) -> Echo | None:
    """What one person was asked in a round."""
    return db.session.scalar(
        select(Echo).where(Echo.initiative_id == initiative_id, Echo.round == number, Echo.person == person)
    )


def echo_by_id(echo_id: int) -> Echo | None:
    """The question of a link."""
    return db.session.get(Echo, echo_id)


def echo_words(initiative_id: int, number: int) -> list[Echo]:
    """Answers of others than the author that came with words, the newest first."""
    statement = select(Echo).where(
        Echo.initiative_id == initiative_id,
        Echo.round == number,
        Echo.asked_as != EchoAsked.AUTHOR,
        Echo.words != "",
    )
    return list(db.session.scalars(statement.order_by(Echo.answered_at.desc(), Echo.id.desc()).limit(50)))


def cost_changes(initiative_id: int) -> list[CostChange]:
    """Each change of what it was to cost and had cost, the newest first."""
    statement = select(CostChange).where(CostChange.initiative_id == initiative_id)
    return list(db.session.scalars(statement.order_by(CostChange.id.desc())))


# ---- bulk acts ----


@dataclass(frozen=True, slots=True)
class BulkRow:
    """A case of a bulk act as its page lists it; `why` is packed, empty where it went well."""

    id: int
    number: str | None
    title: str
    language: str
    outcome: Done
    why: str

    @property
    def slug(self) -> str:
        """Its number as it stands in addresses."""
        return (self.number or "").lower()


def to_move(actor: actors.Actor, ids: Sequence[int]) -> list[Initiative]:
    """Those of these cases that the actor sees on the desk, with all that guards and messages look at, in order."""
    statement = (
        select(Initiative)
        .where(Initiative.id.in_(ids), _seen_by(actor))
        .options(
            joinedload(Initiative.author),
            selectinload(Initiative.reviewers),
            selectinload(Initiative.sheets),
        )
    )
    found = {case.id: case for case in db.session.scalars(statement)}
    return [found[case_id] for case_id in dict.fromkeys(ids) if case_id in found]


def bulk_act(bulk_id: int) -> BulkAct:
    """One bulk act. Raises Missing."""
    found = db.session.scalar(select(BulkAct).where(BulkAct.id == bulk_id))
    if found is None:
        raise Missing
    return found


def bulk_rows(bulk_id: int) -> list[BulkRow]:
    """Its cases, in the order in which they are worked."""
    statement = (
        select(
            Initiative.id,
            Initiative.number,
            Initiative.title,
            Initiative.language,
            BulkItem.outcome,
            BulkItem.why,
        )
        .join(BulkItem, BulkItem.initiative_id == Initiative.id)
        .where(BulkItem.bulk_id == bulk_id)
        .order_by(BulkItem.id)
    )
    return [BulkRow(*row) for row in db.session.execute(statement)]


def next_of_bulk(bulk_id: int) -> tuple[int, str, bool] | None:
    """The case that is to be worked next, the verb, and whether it is to be put back; None at the end."""
    undone = BulkAct.undone_at.is_not(None)
    due = or_(
        and_(not_(undone), BulkItem.outcome == Done.WAITING), and_(undone, BulkItem.outcome == Done.MOVED)
    )
    statement = (
        select(BulkItem.initiative_id, BulkAct.verb, undone)
        .join(BulkAct, BulkAct.id == BulkItem.bulk_id)
        .where(BulkAct.id == bulk_id, BulkItem.bulk_id == bulk_id, due)
        .order_by(BulkItem.id)
        .limit(1)
    )
    row = db.session.execute(statement).first()
    return (row[0], row[1], bool(row[2])) if row else None


def recent_bulks(limit: int) -> list[BulkAct]:
    """The latest bulk acts of the municipality, newest first."""
    statement = select(BulkAct).order_by(BulkAct.at.desc(), BulkAct.id.desc()).limit(limit)
    return list(db.session.scalars(statement))


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


# ---- statistics ----

WAITING = ("held", "assigned", "adopted", "partly_adopted", "deferred", "planned", "in_progress")
"""States in which somebody of the office acts next and no clock runs."""
LOADED = ("assigned", "purpose_study", "feasibility_study", "disputed", *OWNED[2:])
"""States in which a case is on the desk of the people it is assigned to."""
MOST_CLOCKS, MOST_COUNTED = 5000, 1000
AGES = (7, 30, 90)
"""Days after which a case in a queue counts as older, in rising order."""


class FigureRow(NamedTuple):
    """A sum over the months asked for; `municipality_id` is that of a comparison, else 0."""

    part: Part
    key: str
    what: str
    bucket: int
    n: int
    municipality_id: int = 0


def figures(first: date, last: date) -> list[FigureRow]:
    """The sums of the municipality in scope over the months from one to the other (their first days)."""
    same = (Figure.part, Figure.key, Figure.what, Figure.bucket)
    statement = (
        select(*same, func.sum(Figure.n))
        .where(
            Figure.municipality_id == tenancy.current_id(),
            Figure.part.in_(list(Part)),
            Figure.month.between(first, last),
        )
        .group_by(*same)
    )
    return [FigureRow(*row) for row in db.session.execute(statement) if row[-1]]


def figures_by_month(first: date, last: date) -> dict[tuple[date, str], int]:
    """(month, event) → how many, in the municipality in scope."""
    statement = (
        select(Figure.month, Figure.what, func.sum(Figure.n))
        .where(
            Figure.municipality_id == tenancy.current_id(),
            Figure.part == Part.CHANNEL,
            Figure.month.between(first, last),
        )
        .group_by(Figure.month, Figure.what)
    )
    return {(month, what): n for month, what, n in db.session.execute(statement)}


def figures_of_all(first: date, last: date) -> list[FigureRow]:
    """What the comparison of all municipalities needs: events, clocks, and the days of the whole road."""
    same = (Figure.part, Figure.key, Figure.what, Figure.bucket)
    towns = [town.id for town in tenancy.towns().values()]
    whole = or_(Figure.part != Part.DAYS, Figure.key.in_((TO_DECISION, TO_BUILT)))
    statement = (
        select(*same, func.sum(Figure.n), Figure.municipality_id)
        .where(
            Figure.municipality_id.in_(towns),
            Figure.part.in_((Part.CHANNEL, Part.CLOCK, Part.DAYS)),
            Figure.month.between(first, last),
            whole,
        )
        .group_by(*same, Figure.municipality_id)
    )
    with tenancy.unscoped("public sums of every municipality, side by side"):
        return [FigureRow(*row) for row in db.session.execute(statement) if row[4]]


def first_month() -> date | None:
    """The first month with figures: of the municipality in scope, or of any."""
    towns = [tenancy.current_id()] if tenancy.current_id() else [t.id for t in tenancy.towns().values()]
    # A minimum per municipality is the first entry of the index; one over all would read it whole.
    firsts = [
        select(func.min(Figure.month))
        .where(Figure.municipality_id == town, Figure.part == Part.CHANNEL)
        .scalar_subquery()
        for town in towns
    ]
    if not firsts:
        return None
    with tenancy.unscoped("each part names its municipality"):
        row = db.session.execute(select(*firsts)).one()
    return min((month for month in row if month is not None), default=None)


class PresentCount(NamedTuple):
    """How many public cases of a category stand in a state now, with one outcome."""

    state: str
    category: str
    outcome: Outcome
    n: int


def present_counts() -> list[PresentCount]:
    """Where all public cases of the municipality stand now and what became of them, from the counters."""
    statement = select(Count.state, Count.category, Count.outcome, Count.n).where(Count.n != 0)
    return [PresentCount(*row) for row in db.session.execute(statement)]


@dataclass(frozen=True, slots=True)
class Queue:
    """What waits in one place: how many, since when the oldest, how many for more than 7, 30 and 90 days, how many late.

    `is_capped`: there are more, the most urgent of which were counted.
    """

    key: str
    count: int
    since: date | None
    older: tuple[int, ...]
    late: int
    is_capped: bool = False


def clock_queues() -> list[Queue]:
    """Running clocks by what they wait for, of at most 5,000; reads the most urgent."""
    today = clock.today(_zone())
    open_ = (
        select(Deadline.key, Deadline.started_on, Deadline.due_on)
        .where(Deadline.municipality_id == tenancy.current_id(), *_open_clocks())
        .order_by(Deadline.due_on)
        .limit(MOST_CLOCKS)
        .subquery()
    )
    older = [
        func.count().filter(open_.c.started_on < today - timedelta(days=days)).label(f"older_{days}")
        for days in AGES
    ]
    late = func.count().filter(open_.c.due_on < today)
    statement = select(open_.c.key, func.count(), func.min(open_.c.started_on), late, *older).group_by(
        open_.c.key
    )
    rows = db.session.execute(statement).all()
    capped = sum(row[1] for row in rows) >= MOST_CLOCKS
    return [Queue(row[0], row[1], row[2], tuple(row[4:]), row[3], capped) for row in rows]


def waiting_queues() -> list[Queue]:
    """Cases in states without a clock by the days since their last step, each counted up to 1,000."""
    now = clock.now()

    def counted(state: str, before: datetime | None) -> Any:
        inner = select(Initiative.id).where(Initiative.state == state)
        if before is not None:
            inner = inner.where(Initiative.updated_at < before)
        return select(func.count()).select_from(inner.limit(MOST_COUNTED).subquery()).scalar_subquery()

    columns: list[Any] = []
    for state in WAITING:
        since = select(func.min(Initiative.updated_at)).where(Initiative.state == state).scalar_subquery()
        columns += [
            counted(state, None),
            since,
            *(counted(state, now - timedelta(days=days)) for days in AGES),
        ]
    row = db.session.execute(select(*columns)).one()
    zone, width = _zone(), 2 + len(AGES)
    found = []
    for place, state in enumerate(WAITING):
        count, since, *older = row[place * width : (place + 1) * width]
        if count:
            day = local_day(since, zone)
            found.append(Queue(state, count, day, tuple(older), 0, count >= MOST_COUNTED))
    return found


@dataclass(frozen=True, slots=True)
class Load:
    """What lies with one person: cases led, of them late, cases studied, sheets of a running study still to write."""

    user_id: int
    leads: int
    late: int
    studies: int
    unwritten: int


def loads(user_ids: Sequence[int]) -> list[Load]:
    """What each of these people has on the desk now, each number counted up to 1,000; one statement."""
    if not user_ids:
        return []
    today = clock.today(_zone())

    def counted(inner: Select[Any]) -> Any:
        return select(func.count()).select_from(inner.limit(MOST_COUNTED).subquery()).scalar_subquery()

    columns: list[Any] = []
    for user_id in user_ids:
        led = select(Initiative.id).where(Initiative.lead_user_id == user_id, Initiative.state.in_(LOADED))
        overdue = exists().where(
            Deadline.object_id == Initiative.id, *_open_clocks(), Deadline.due_on < today
        )
        # By the reviewers' index, however many cases there are.
        studied = (
            select(Reviewer.id)
            .join(Initiative, Initiative.id == Reviewer.initiative_id)
            .where(Reviewer.user_id == user_id, Initiative.state.in_(("purpose_study", "feasibility_study")))
        )
        written = or_(
            *(
                and_(Initiative.state == f"{kind.value}_study", ~_finished(kind, user_id))
                for kind in StudyKind
            )
        )
        columns += [
            counted(led),
            counted(led.where(overdue)),
            counted(studied),
            counted(studied.where(written)),
        ]
    row = db.session.execute(select(*columns)).one()
    return [Load(user_id, *row[4 * at : 4 * at + 4]) for at, user_id in enumerate(user_ids)]


def late_now() -> int:
    """Running clocks of the municipality in scope whose day is over, counted up to 1,000."""
    late = (
        select(Deadline.id)
        .where(
            Deadline.municipality_id == tenancy.current_id(),
            *_open_clocks(),
            Deadline.due_on < clock.today(_zone()),
        )
        .limit(MOST_COUNTED)
        .subquery()
    )
    return db.session.scalar(select(func.count()).select_from(late)) or 0


# ---- Open311 ----

REQUEST = (
    Initiative.id,
    Initiative.number,
    Initiative.title,
    Initiative.text,
    Initiative.category,
    Initiative.state,
    Initiative.phase,
    Initiative.external_source,
    Initiative.version,
    Initiative.untouched_version,
    Initiative.department,
    Initiative.submitted_at,
    Initiative.updated_at,
    Initiative.address,
    Initiative.lat,
    Initiative.lon,
    content.first_photo("initiative", Initiative.id),
)


@dataclass(frozen=True, slots=True)
class Asked:
    """What a GeoReport client filters by: empty means all. `since` and `until` are instants of filing."""

    numbers: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    phases: tuple[str, ...] = ()
    since: datetime | None = None
    until: datetime | None = None


class RequestRow(NamedTuple):
    """A public case as GeoReport knows it."""

    id: int
    number: str
    title: str
    text: str
    category: str
    state: str
    phase: str
    external_source: str | None
    version: int
    untouched_version: int
    department: str
    submitted_at: datetime
    updated_at: datetime
    address: str
    lat: float | None
    lon: float | None
    photo_id: int | None


def requests(asked: Asked, size: int, skip: int = 0) -> list[RequestRow]:
    """Public cases of the municipality in scope, the last filed first. `skip` is small: no more than 1,000 are given."""
    statement = select(*REQUEST).where(
        Initiative.municipality_id == tenancy.current_id(), Initiative.listed_at.is_not(None)
    )
    if asked.numbers:
        statement = statement.where(Initiative.number.in_(asked.numbers))
    if asked.categories:
        statement = statement.where(Initiative.category.in_(asked.categories))
    if asked.phases:
        statement = statement.where(Initiative.phase.in_(asked.phases))
    if asked.since is not None and asked.until is not None:
        statement = statement.where(Initiative.submitted_at.between(asked.since, asked.until))
    statement = statement.order_by(Initiative.submitted_at.desc(), Initiative.id.desc())
    return [RequestRow._make(row) for row in db.session.execute(statement.limit(size).offset(skip))]


# ---- studies: criteria, and what the finished sheets say ----


def criterion_label(found: Criterion, municipality_id: int | None = None) -> str:
    """What a criterion is called: in the office's words, else in ours."""
    if found.names:
        return office(municipality_id).say(found.names)
    return str(PARTS[found.thread][0]) if found.thread in PARTS else found.key


def criterion_help(found: Criterion, municipality_id: int | None = None) -> str:
    """What guides a reviewer; ours only below our own name."""
    if found.help:
        return office(municipality_id).say(found.help)
    return str(PARTS[found.thread][1]) if found.thread in PARTS and not found.names else ""


def criteria_shown(here: Office, kind: StudyKind, sheets: Sequence[Sheet]) -> list[Criterion]:
    """What is asked now, and earlier wordings and hidden criteria that one of these sheets answered."""
    answered = {
        key
        for sheet in sheets
        for key in (*(k for k, text in sheet.parts.items() if text), *sheet.scores, *sheet.values)
    }
    return [found for found in here.criteria_of(kind.value) if found.is_asked or found.key in answered]


def given_text(found: Criterion, sheet: Sheet, currency: str) -> str:
    """What a sheet answers besides words, in words; empty for no answer."""
    if found.measure is Measure.SCORE:
        score = sheet.scores.get(found.key)
        return "" if score is None else str(score)
    value = sheet.values.get(found.key)
    if value is None:
        return ""
    return value_text(found.measure, value, currency)


def value_text(measure: Measure, value: Any, currency: str) -> str:
    """An answer of a criterion that is not asked for a score, in words."""
    if measure is Measure.MONEY and isinstance(value, int):
        return money(value, currency)
    if measure is Measure.DATE:
        return day(date.fromisoformat(str(value)))
    return str(ANSWER_LABELS.get(str(value), value))


@dataclass(frozen=True, slots=True)
class FoundPart:
    """A criterion as the finished sheets answer it, without names: `given` are the other answers in words."""

    key: str
    label: str
    texts: list[str]
    mean: float | None
    given: list[str]


@dataclass(frozen=True, slots=True)
class StudyFound:
    """A study as everybody reads it once there is a decision. Costs are the highest named, in minor units."""

    kind: StudyKind
    parts: list[FoundPart]
    score: float | None
    cost_once: int | None
    cost_yearly: int | None


def study_found(case: Initiative, sheets: Sequence[Sheet], kind: StudyKind) -> StudyFound | None:
    """What the finished sheets of one study say; none before the first is finished."""
    own = [sheet for sheet in sheets if sheet.kind is kind and sheet.finished]
    if not own:
        return None
    here = office(case.municipality_id)
    shown = criteria_shown(here, kind, own)
    findings = rules.weigh_findings(own, [found.key for found in shown])
    parts = []
    for found in shown:
        given = (
            [] if found.measure is Measure.SCORE else [given_text(found, one, case.currency) for one in own]
        )
        parts.append(
            FoundPart(
                found.key,
                criterion_label(found, case.municipality_id),
                [one.parts[found.key] for one in own if one.parts.get(found.key)],
                findings.means.get(found.key) if found.measure is Measure.SCORE else None,
                list(dict.fromkeys(filter(None, given))),
            )
        )
    return StudyFound(
        kind, parts, findings.score, highest_cost(own, "cost-once"), highest_cost(own, "cost-yearly")
    )


def highest_cost(sheets: Sequence[Sheet], thread: str) -> int | None:
    """The highest cost that these sheets name, in minor units: a budget that holds."""
    return max((cost for sheet in sheets if (cost := sheet.cost(thread)) is not None), default=None)


def study_notes(initiative_id: int, kind: StudyKind) -> list[StudyNote]:
    """What reviewers said to each other about a study, the oldest first."""
    statement = select(StudyNote).where(StudyNote.initiative_id == initiative_id, StudyNote.kind == kind)
    return list(db.session.scalars(statement.order_by(StudyNote.id)))


def citations(initiative_id: int) -> list[Citation]:
    """Results of surveys cited for a case, in the order they were entered."""
    statement = select(Citation).where(Citation.initiative_id == initiative_id).order_by(Citation.id)
    return list(db.session.scalars(statement))


NEAR_DEGREES = 0.0045
"""About five hundred metres, half the side of the box in which neighbours count."""


@dataclass(frozen=True, slots=True)
class Voice:
    """What residents say by doing: counts, what looks alike, what was merged into it, what lies near (None: no point)."""

    supporters: int
    on_paper: int
    stances: dict[str, int]
    followers: int
    similar: list[Similar]
    merged: list[tuple[str, str]]
    near: int | None


def voice(case: Initiative) -> Voice:
    """The residents' voice as the portal counts it, for the purpose study."""
    said = (
        select(Comment.stance, func.count())
        .where(
            Comment.kind == Initiative.KIND,
            Comment.object_id == case.id,
            Comment.state == CommentState.VISIBLE,
            Comment.official.is_(False),
        )
        .group_by(Comment.stance)
    )
    stances = dict.fromkeys((stance.value for stance in Stance), 0)
    stances |= {stance.value: n for stance, n in db.session.execute(said)}
    merged = (
        select(Initiative.number, Initiative.title)
        .where(Initiative.state == "merged", Initiative.merged_into_id == case.id)
        .order_by(Initiative.id)
        .limit(20)
    )
    return Voice(
        case.support_count,
        case.paper_count,
        stances,
        follower_count(case.id),
        similar(case.title, case.text, case.lat, case.lon, but=case.id),
        [(number or "", title) for number, title in db.session.execute(merged)],
        _near(case),
    )


def _near(case: Initiative) -> int | None:
    if case.lat is None or case.lon is None:
        return None
    box = (case.lon - NEAR_DEGREES, case.lat - NEAR_DEGREES, case.lon + NEAR_DEGREES, case.lat + NEAR_DEGREES)
    data = map_data(Wanted(), MAX_CELL_ZOOM, box)
    return max(0, int(sum(cell[2] for cell in data.cells)) + len(data.points) - int(case.is_public))


# ---- the steering group's agenda, and decisions in batches ----

AGENDA_MOST = 100
"""Cases of one month that a group can talk about; more are told by their number."""


@dataclass(frozen=True, slots=True)
class AgendaRow:
    """A case of a month's agenda with its scores (0 to 5) and the day its decision is due."""

    case: Initiative
    item: AgendaItem | None
    due_on: date | None
    purpose: float | None
    feasibility: float | None


def agenda(actor: actors.Actor, first: date, last: date) -> list[AgendaRow]:
    """The cases of a month: those marked for a meeting in it, and in the present month whatever else awaits a
    decision and is not marked for a later one. The most urgent first, of two alike the one with the higher score.
    """
    today = clock.today(_zone())
    marked = {item.initiative_id: item for item in _agenda_items(first, last)}
    chosen: ColumnElement[bool] = Initiative.id.in_(marked)
    if first <= today <= last:
        later = select(AgendaItem.initiative_id).where(AgendaItem.session_on > last)
        chosen = or_(chosen, and_(Initiative.state == "recommendation", Initiative.id.not_in(later)))
    statement = (
        select(Initiative)
        .options(selectinload(Initiative.sheets))
        .where(chosen, _impartial(actor), Initiative.listed_at.is_not(None))
        .order_by(Initiative.id)
        .limit(AGENDA_MOST)
    )
    cases = db.session.scalars(statement).all()
    due = _due_days([case.id for case in cases])
    rows = [
        AgendaRow(
            case,
            marked.get(case.id),
            due.get(case.id),
            *(
                rules.study_score(sheet for sheet in case.sheets if sheet.kind is kind and sheet.finished)
                for kind in StudyKind
            ),
        )
        for case in cases
    ]
    return sorted(
        rows, key=lambda row: (row.due_on or date.max, -((row.purpose or 0) + (row.feasibility or 0)))
    )


def _agenda_items(first: date, last: date) -> list[AgendaItem]:
    statement = select(AgendaItem).where(
        AgendaItem.municipality_id == tenancy.current_id(), AgendaItem.session_on.between(first, last)
    )
    return list(db.session.scalars(statement.order_by(AgendaItem.session_on, AgendaItem.id)))


def _due_days(ids: Sequence[int]) -> dict[int, date]:
    statement = select(Deadline.object_id, func.min(Deadline.due_on)).where(
        *_open_clocks(), Deadline.object_id.in_(ids)
    )
    return {row[0]: row[1] for row in db.session.execute(statement.group_by(Deadline.object_id))}


def opinions(initiative_id: int) -> list[AgendaItem]:
    """The meetings a case was, or is to be, talked about at, the latest first."""
    statement = select(AgendaItem).where(AgendaItem.initiative_id == initiative_id)
    return list(db.session.scalars(statement.order_by(AgendaItem.session_on.desc())))


def batches(limit: int = 50) -> list[tuple[Batch, int]]:
    """The newest batches of decisions with how many decisions each holds."""
    n = select(func.count()).where(BatchItem.batch_id == Batch.id).scalar_subquery()
    statement = select(Batch, n).order_by(Batch.id.desc()).limit(limit)
    return [(batch, count) for batch, count in db.session.execute(statement)]


def batch(batch_id: int) -> Batch:
    """A batch of the municipality in scope. Raises Missing."""
    row = db.session.scalar(select(Batch).where(Batch.id == batch_id))
    if row is None:
        raise Missing
    return row


def batch_items(batch_id: int) -> list[tuple[BatchItem, Initiative]]:
    """The prepared decisions of a batch with their cases, in the order they were put in."""
    statement = (
        select(BatchItem, Initiative)
        .join(Initiative, Initiative.id == BatchItem.initiative_id)
        .options(joinedload(Initiative.author))
        .where(BatchItem.batch_id == batch_id)
        .order_by(BatchItem.id)
    )
    return [(item, case) for item, case in db.session.execute(statement)]


def waiting_in_batch(initiative_id: int) -> tuple[Batch, BatchItem] | None:
    """The batch that will publish a decision on a case, if one is being prepared."""
    statement = (
        select(Batch, BatchItem)
        .join(BatchItem, BatchItem.batch_id == Batch.id)
        .where(
            BatchItem.initiative_id == initiative_id,
            BatchItem.outcome == Done.WAITING,
            Batch.state.in_((BatchState.OPEN, BatchState.TIMED, BatchState.RUNNING)),
        )
        .limit(1)
    )
    row = db.session.execute(statement).first()
    return None if row is None else (row[0], row[1])


def next_of_batch(batch_id: int) -> tuple[int, int] | None:
    """The next case of a batch to decide and who prepared it; None when all are done."""
    statement = (
        select(BatchItem.initiative_id, BatchItem.user_id)
        .where(BatchItem.batch_id == batch_id, BatchItem.outcome == Done.WAITING)
        .order_by(BatchItem.id)
        .limit(1)
    )
    row = db.session.execute(statement).first()
    return None if row is None else (row[0], row[1])


def awaiting_decision(actor: actors.Actor, limit: int = AGENDA_MOST) -> list[tuple[Initiative, date | None]]:
    """Cases that await a decision and lie in no batch, the most urgent first."""
    taken = (
        select(BatchItem.initiative_id)
        .join(Batch, Batch.id == BatchItem.batch_id)
        .where(
            BatchItem.outcome == Done.WAITING,
            Batch.state.in_((BatchState.OPEN, BatchState.TIMED, BatchState.RUNNING)),
        )
    )
    statement = (
        select(Initiative)
        .where(Initiative.state == "recommendation", Initiative.id.not_in(taken), _impartial(actor))
        .order_by(Initiative.id)
        .limit(limit)
    )
    cases = db.session.scalars(statement).all()
    due = _due_days([case.id for case in cases])
    return sorted(
        ((case, due.get(case.id)) for case in cases), key=lambda row: (row[1] or date.max, row[0].id)
    )
