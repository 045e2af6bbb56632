"""Where Alembic runs: the application's engine, its metadata, our column types written plainly.

Batch mode rewrites tables on SQLite, which cannot alter them. The way back is a restore, not a downgrade.
"""

from typing import Any, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from flask import current_app

from portal.core.db import db, metadata, writer_turn
from portal.search.ddl import is_index_table

LOCK_SECONDS = 5
"""How long a migration waits for a table that is in use, on PostgreSQL."""


def _include(_object: object, name: str | None, kind: str, _reflected: bool, _compared: object) -> bool:
    return not (kind == "table" and name is not None and is_index_table(name))


def _render(kind: str, item: Any, _context: AutogenContext) -> str | Literal[False]:
    """Write our types as what they are in the database, so that migrations need nothing of ours."""
    if kind != "type":
        return False
    name = type(item).__name__
    plain = {"UtcDateTime": "sa.DateTime(timezone=True)", "EnumText": "sa.String()"}
    return plain.get(name) or False


def _same_type(_context: Any, _inspected: Any, _metadata: Any, inspected: Any, ours: Any) -> bool | None:
    """SQLite reports sizes and JSON as it likes; compare what matters there."""
    if _context.dialect.name == "sqlite":
        return False
    return None if type(ours).__name__ not in ("EnumText", "UtcDateTime") else False


def run() -> None:
    """Migrate the database of the application, alone: two runners wait for each other."""
    engine = db.engine
    with writer_turn(engine), engine.connect().execution_options(sqlite_begin="IMMEDIATE") as connection:
        if engine.dialect.name == "postgresql":
            # A copy of many rows may take its time, and so may another runner; requests may not.
            connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
            connection.exec_driver_sql("SELECT pg_advisory_xact_lock(20261121)")
            # Whoever waits for a table keeps all readers of it waiting too.
            seconds = current_app.config.get("MIGRATION_LOCK_SECONDS", LOCK_SECONDS)
            connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{int(seconds)}s'")
        context.configure(
            connection=connection,
            target_metadata=metadata,
            include_object=_include,
            render_item=_render,
            **{**current_app.extensions["migrate"].configure_args, "compare_type": _same_type},
        )
        with context.begin_transaction():
            context.run_migrations()
        connection.commit()


run()
