"""Municipalities, and the wall between them: every ORM statement on a tenant's table is scoped.

Outside a scope such a statement raises; across towns one must say why: `with unscoped("…")`.
Source: reliability requirements R21 and R23 (docs/security.md).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import JSON, CheckConstraint, ForeignKey, event, false, select, true
from sqlalchemy.orm import (
    LoaderCriteriaOption,
    Mapped,
    ORMExecuteState,
    Session,
    declared_attr,
    mapped_column,
    with_loader_criteria,
)

from portal.core.db import Base, Key, db
from portal.core.errors import Missing
from portal.core.i18n import from_json


class Municipality(Base):
    """A tenant: town, rural gmina, county or city district. Texts are JSON {locale: text}."""

    __tablename__ = "municipality"
    __table_args__ = (
        CheckConstraint("length(code) = 3", name="code_of_three"),
        CheckConstraint("country in ('PL', 'CZ')", name="country"),
        CheckConstraint("currency in ('PLN', 'CZK', 'EUR')", name="currency"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    slug: Mapped[str] = mapped_column(unique=True)
    code: Mapped[str] = mapped_column(unique=True)
    name: Mapped[dict[str, str]] = mapped_column(JSON)
    tagline: Mapped[dict[str, str]] = mapped_column(JSON, default=dict)
    intro: Mapped[dict[str, str]] = mapped_column(JSON, default=dict)
    country: Mapped[str]
    currency: Mapped[str]
    language: Mapped[str]
    zone: Mapped[str]
    colours: Mapped[dict[str, str]] = mapped_column(JSON, default=dict)
    mark: Mapped[str] = mapped_column(default="")
    contact: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    centre_lat: Mapped[float]
    centre_lon: Mapped[float]
    box: Mapped[list[float]] = mapped_column(JSON)
    population: Mapped[int | None]
    closures: Mapped[list[str]] = mapped_column(JSON, default=list)
    # What modules let an office set, by module; they read it from the snapshot, which costs no statement.
    settings: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    content_version: Mapped[int] = mapped_column(default=1)
    facts_version: Mapped[int] = mapped_column(default=1)
    """Rises when the row itself is changed; a process then reads it again."""
    upload_bytes: Mapped[int] = mapped_column(Key, default=0)
    upload_quota_mb: Mapped[int | None]

    def __repr__(self) -> str:
        return f"<Municipality {self.slug}>"


@dataclass(frozen=True, slots=True)
class Town:
    """A municipality as pages read it: a snapshot that outlives the session.

    `box` is (min lon, min lat, max lon, max lat); `closures` are the office's own free days (ISO);
    `settings` is what modules let the office set, by module.
    """

    id: int
    slug: str
    code: str
    names: dict[str, str]
    taglines: dict[str, str]
    intros: dict[str, str]
    country: str
    currency: str
    language: str
    zone: str
    colours: dict[str, str]
    mark: str
    contact: dict[str, Any]
    centre: tuple[float, float]
    box: tuple[float, float, float, float]
    population: int | None
    closures: frozenset[str]
    settings: dict[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Its name in the language being spoken."""
        return from_json(self.names, first=self.language)

    @property
    def closed_days(self) -> frozenset[date]:
        """The office's own free days, for reckoning in working days."""
        return frozenset(map(date.fromisoformat, self.closures))

    @property
    def tagline(self) -> str:
        """One line about it."""
        return from_json(self.taglines, first=self.language)

    @property
    def intro(self) -> str:
        """Two sentences on what one can do here."""
        return from_json(self.intros, first=self.language)


class Municipal:
    """Mixin of every table that belongs to a municipality."""

    @declared_attr
    def municipality_id(cls) -> Mapped[int]:  # noqa: N805 - SQLAlchemy calls it with the class
        """The tenant the row belongs to."""
        return mapped_column(Key, ForeignKey("municipality.id"), index=True)


@dataclass(frozen=True, slots=True)
class _Everywhere:
    reason: str


_scope: ContextVar[int | _Everywhere | None] = ContextVar("municipality_scope", default=None)


def current_id() -> int | None:
    """The municipality in scope; none on pages over all towns."""
    scope = _scope.get()
    return scope if isinstance(scope, int) else None


def enter(municipality_id: int | None) -> None:
    """Set the scope of this request; the request's end calls it with None."""
    _scope.set(municipality_id)


@contextmanager
def within(municipality_id: int | None) -> Iterator[None]:
    """Work inside one municipality for a while; inside none with None."""
    token = _scope.set(municipality_id)
    try:
        yield
    finally:
        _scope.reset(token)


@contextmanager
def unscoped(reason: str) -> Iterator[None]:
    """Work across municipalities; the reason stands in the code for whoever audits it."""
    token = _scope.set(_Everywhere(reason))
    try:
        yield
    finally:
        _scope.reset(token)


class OutsideScope(RuntimeError):
    """A tenant's table was asked for, or written to, outside its municipality: a programming error."""


@event.listens_for(Session, "do_orm_execute")
def _scope_statement(state: ORMExecuteState) -> None:
    if not (state.is_select or state.is_update or state.is_delete):
        return
    scope = _scope.get()
    if isinstance(scope, _Everywhere):
        return
    if scope is None:
        touched = [m.class_.__name__ for m in state.all_mappers if issubclass(m.class_, Municipal)]
        if touched:
            raise OutsideScope(f"{', '.join(touched)} asked for without a municipality in scope.")
    scoped = _scoped.setdefault(state.statement, {})
    if scope not in scoped:
        scoped[scope] = state.statement.options(_only(scope))
    state.statement = scoped[scope]


_scoped: WeakKeyDictionary[Any, dict[int | None, Any]] = WeakKeyDictionary()
"""Statement → the same for one municipality: of a statement that is built once, SQLAlchemy keeps what it made of it."""


@lru_cache(maxsize=1024)
def _only(scope: int | None) -> LoaderCriteriaOption:
    """The rows of one municipality, or none; kept, because every statement needs it."""
    if scope is None:
        return with_loader_criteria(Municipal, lambda cls: false(), include_aliases=True)
    return with_loader_criteria(Municipal, lambda cls: cls.municipality_id == scope, include_aliases=True)


@event.listens_for(Session, "before_flush")
def _guard_rows(session: Session, _context: object, _instances: object) -> None:
    scope = _scope.get()
    if isinstance(scope, _Everywhere):
        return
    for row in (*session.new, *session.dirty, *session.deleted):
        if not isinstance(row, Municipal):
            continue
        if scope is not None and getattr(row, "municipality_id", None) is None:
            row.municipality_id = scope
        if row.municipality_id != scope:
            raise OutsideScope(f"{row!r} written outside its municipality.")


@event.listens_for(Municipality, "before_update")
def _is_another(_mapper: object, _connection: object, row: Municipality) -> None:
    row.facts_version += 1


_kept: dict[str, dict[str, Town]] = {}


def town(slug: str) -> Town:
    """The municipality at this address. Raises Missing."""
    known = towns()
    if slug not in known:
        raise Missing
    return known[slug]


def town_by_id(municipality_id: int) -> Town:
    """The municipality with this id. Raises Missing."""
    for candidate in towns().values():
        if candidate.id == municipality_id:
            return candidate
    raise Missing


def towns() -> dict[str, Town]:
    """All municipalities by slug, in the order they were founded; read once and kept by the process."""
    found = _kept.get("towns")
    if not found:
        rows = db.session.scalars(select(Municipality).where(true()))
        # Whole or not at all: other threads ask meanwhile, and half of it would be a 404.
        found = _kept["towns"] = {row.slug: snapshot(row) for row in rows}
    return found


def forget_towns() -> None:
    """Read the municipalities again at the next question: after a change, and when versions moved."""
    _kept.clear()


def snapshot(row: Municipality) -> Town:
    """What pages read of a municipality, as its row stands now."""
    west, south, east, north = row.box
    return Town(
        id=row.id,
        slug=row.slug,
        code=row.code,
        names=row.name,
        taglines=row.tagline,
        intros=row.intro,
        country=row.country,
        currency=row.currency,
        language=row.language,
        zone=row.zone,
        colours=row.colours,
        mark=row.mark,
        contact=row.contact,
        centre=(row.centre_lat, row.centre_lon),
        box=(west, south, east, north),
        population=row.population,
        closures=frozenset(row.closures),
        settings=row.settings,
    )
