"""Sealing all personal columns anew under the newest key, so that an old key can be taken away (R40).

Works in batches, cell by cell, while the portal runs: a cell somebody else wrote meanwhile is left as it is,
under the newest key already. An interrupted run is simply started again.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select, update

from portal.core import audit, tenancy
from portal.core.actor import Actor
from portal.core.db import Base, db
from portal.core.jobs import Job, seal_of
from portal.core.sealed import Sealed, Unsealable, ring
from portal.core.usecase import use_case

BATCH = 500


@dataclass(frozen=True, slots=True)
class Column:
    """A sealed column of a table."""

    model: Any
    name: str

    @property
    def cells(self) -> Any:
        """Its attribute of the model."""
        return getattr(self.model, self.name)

    @property
    def label(self) -> str:
        """For people and logs."""
        return f"{self.model.__tablename__}.{self.name}"


def columns() -> list[Column]:
    """Every sealed column there is, by table."""
    found = [
        Column(mapper.class_, f"{name}_sealed")
        for mapper in Base.registry.mappers
        for name, value in vars(mapper.class_).items()
        if isinstance(value, Sealed)
    ]
    return sorted([*found, Column(Job, "payload_sealed")], key=lambda column: column.label)


def reseal(actor: Actor) -> Iterator[tuple[str, int]]:
    """Seal everything anew; yields after each batch the column and how many cells of it were done."""
    for column in columns():
        last = -1
        while True:
            last, seen, done = _batch(actor, column, last)
            if not seen:
                break
            yield column.label, done


@use_case("privacy.run", code="seal.renewed")
def _batch(_actor: Actor, column: Column, last: int) -> tuple[int, int, int]:
    """The next cells under an old key, by row: (last row, how many were looked at, how many are new now)."""
    model = column.model
    audit.counts_only()
    with tenancy.unscoped("keys belong to the installation, not to a municipality"):
        rows = db.session.execute(
            select(model)
            .where(
                model.id > last,
                column.cells.is_not(None),
                ~column.cells.startswith(f"{ring.newest}.", autoescape=True),
            )
            .order_by(model.id)
            .limit(BATCH)
        )
        found = rows.scalars().all()
        done = sum(_renew(column, row) for row in found)
        last = found[-1].id if found else last
        db.session.expunge_all()
    audit.note(column=column.label, count=done)
    return last, len(found), done


def _renew(column: Column, row: Any) -> int:
    old = getattr(row, column.name)
    try:
        new = ring.renew(old, _place(column, row))
    except Unsealable:
        return 0  # Counted by `remaining`; a damaged cell must not stop the others.
    statement = update(column.model).where(column.model.id == row.id, column.cells == old)
    done = db.session.execute(
        statement.values({column.name: new}).execution_options(synchronize_session=False)
    )
    return int(done.rowcount)  # type: ignore[attr-defined]


def _place(column: Column, row: Any) -> str:
    if column.model is Job:
        return seal_of(row.id)
    seal: Sealed = vars(column.model)[column.name.removesuffix("_sealed")]
    return seal.place_of(row)


def remaining() -> Counter[str]:
    """Key → how many cells are still sealed with it, the newest one included."""
    found: Counter[str] = Counter()
    with tenancy.unscoped("keys belong to the installation, not to a municipality"):
        for column in columns():
            cells = select(column.cells).where(column.cells.is_not(None)).execution_options(yield_per=5000)
            found.update(cell.partition(".")[0] for cell in db.session.scalars(cells))
    return found
