"""Taking rows for update: once per use case, in id order, late but before the check that needs them."""

from collections.abc import Iterable
from typing import TypeVar

from sqlalchemy import select

from portal.core.db import Base, db

T = TypeVar("T", bound=Base)


def take(model: type[T], ids: Iterable[int]) -> list[T]:
    """The rows with these ids, locked until the commit, in id order (no deadlock between two takers)."""
    key = model.__mapper__.primary_key[0]
    statement = (
        select(model)
        .where(key.in_(sorted(ids)))
        .order_by(key)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return list(db.session.scalars(statement))
