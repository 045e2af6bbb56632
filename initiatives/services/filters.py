"""Filters that somebody keeps under names of their own: of the desk's lists, or of the public list."""

from sqlalchemy import func, select

from initiatives import queries
from initiatives.models import SavedFilter
from portal.core import clock
from portal.core.actor import Actor
from portal.core.db import db
from portal.core.errors import Invalid, Missing
from portal.core.i18n import Text
from portal.core.i18n import lazy_gettext as _l
from portal.core.usecase import use_case

PLACES = ("desk", "list")
FILTERS_MAX, NAME_MAX, QUERY_MAX = 20, 60, 1000
"""How many of each list: more of them nobody finds anything in."""


@use_case("initiative.join", code="initiative.filter_saved")
def save_filter(actor: Actor, place: str, name: str, query: str) -> int:
    """Keep a filter, `query` being the end of its address; its id, the same when it is kept already. Raises Invalid."""
    if place not in PLACES or actor.user_id is None or len(query) > QUERY_MAX:
        raise Missing
    name = _sound(name)
    present = _called(actor.user_id, place, name)
    if present is not None:
        if present.query == query:
            return present.id
        raise _taken()
    count = db.session.scalar(
        select(func.count()).where(SavedFilter.user_id == actor.user_id, SavedFilter.place == place)
    )
    if (count or 0) >= FILTERS_MAX:
        reason = _l("You keep 20 filters of this list already. Delete one first.")
        raise Invalid(reason, {"name": reason})
    row = SavedFilter(
        municipality_id=actor.municipality_id,
        user_id=actor.user_id,
        place=place,
        name=name,
        query=query,
        created_at=clock.now(),
    )
    db.session.add(row)
    db.session.flush()
    return row.id


@use_case("initiative.join", code="initiative.filter_renamed")
def rename_filter(actor: Actor, filter_id: int, name: str) -> None:
    """Call one's own filter something else. Raises Missing, Invalid."""
    row = queries.saved_filter(actor.user_id, filter_id)
    name = _sound(name)
    other = _called(row.user_id, row.place, name)
    if other is not None and other.id != row.id:
        raise _taken()
    row.name = name


@use_case("initiative.join", code="initiative.filter_deleted")
def drop_filter(actor: Actor, filter_id: int) -> None:
    """Delete one's own filter. Raises Missing."""
    db.session.delete(queries.saved_filter(actor.user_id, filter_id))


def _sound(name: str) -> str:
    name = " ".join(name.split())
    if not name or len(name) > NAME_MAX:
        reason: Text = _l("Write a name of at most 60 characters.")
        raise Invalid(reason, {"name": reason})
    return name


def _called(user_id: int, place: str, name: str) -> SavedFilter | None:
    return next(
        (row for row in queries.saved_filters(user_id, place) if row.name.casefold() == name.casefold()), None
    )


def _taken() -> Invalid:
    reason = _l("Another of your filters is called the same.")
    return Invalid(reason, {"name": reason})
