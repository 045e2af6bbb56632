"""Every table of a tenant is walled in, and every personal column is covered by export and erasure."""

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Mapper

from portal.core.db import Base, db
from portal.core.registry import registry
from portal.core.tenancy import Municipal, OutsideScope, within

CROSSING = {
    "portal.core.jobs.Job": "work of the installation has no municipality; only core.jobs reads it",
    "portal.accounts.models.Membership": "read across towns at sign-in",
    "portal.accounts.models.OperatorAccess": "read at each request of a portal operator, wherever it goes",
    "portal.accounts.models.LoginSession": "belongs to a person, not to a town",
    "portal.accounts.models.Verification": "belongs to a person, not to a town",
    "portal.content.models.Link": "ties things of two municipalities",
    "portal.notify.models.Notice": "messages of the installation have none; queries scope it",
    "portal.core.audit.AuditHead": "one head per chain",
}


def _mappers() -> list[Mapper[Base]]:
    return sorted(Base.registry.mappers, key=lambda mapper: mapper.class_.__name__)


def test_tables_with_a_municipality_are_municipal(portal: Flask) -> None:
    loose = []
    for mapper in _mappers():
        model = mapper.class_
        full = f"{model.__module__}.{model.__name__}"
        if "municipality_id" in mapper.columns and not issubclass(model, Municipal) and full not in CROSSING:
            loose.append(full)
    assert not loose, f"inherit Municipal, or say in CROSSING why not: {loose}"


def test_every_municipal_table_refuses_to_be_asked_without_a_scope(app: Flask) -> None:
    tables = [mapper.class_ for mapper in _mappers() if issubclass(mapper.class_, Municipal)]
    assert len(tables) > 10
    for model in tables:
        with pytest.raises(OutsideScope):
            db.session.execute(select(model)).all()
        with within(1):
            assert "municipality_id" in str(select(model).compile())
            assert db.session.execute(select(model)).all() == []


def test_personal_columns_are_covered(portal: Flask) -> None:
    covered: dict[str, set[str]] = {}
    for module in registry.modules:
        for record in module.personal:
            for table, columns in record.columns.items():
                covered.setdefault(table, set()).update(columns)
    missing = []
    for mapper in _mappers():
        table = str(mapper.local_table)
        columns = {c.key for c in mapper.columns if c.key.endswith("_sealed")} | set(mapper.class_.PERSONAL)
        lost = columns - covered.get(table, set())
        if lost and table != "job":  # A job's payload goes with the job, within a week.
            missing.append(f"{table}: {sorted(lost)}")
    assert not missing, "\n".join(missing)
