"""Rows of a released revision in a form both databases take: kept once per release, loaded before migrating up.

A dump is JSON in gzip: table → columns and rows, as the tables of that revision hold them, of one small
municipality and whatever belongs to none. It is sealed under the keys of the tests.
"""

import gzip
import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import JSON, Connection, Date, DateTime, MetaData, Table, insert, select

from portal.search.ddl import is_index_table

Dump = dict[str, dict[str, list[Any]]]


def tables(connection: Connection) -> list[Table]:
    """The tables as they are in this database now, those that others point to first."""
    there = MetaData()
    there.reflect(connection, only=lambda name, _: not is_index_table(name) and name != "alembic_version")
    return list(there.sorted_tables)


def dumped(connection: Connection, town_id: int) -> Dump:
    """Every row of one municipality, and of what belongs to none."""
    found: Dump = {}
    for table in tables(connection):
        statement = select(table).order_by(*table.primary_key.columns)
        if "municipality_id" in table.c:
            own = table.c.municipality_id
            statement = statement.where(own.is_(None) | (own == town_id))
        rows = [[_plain(value) for value in row] for row in connection.execute(statement)]
        found[table.name] = {"columns": [column.name for column in table.c], "rows": rows}
    return found


def write(path: Path, dump: Dump) -> None:
    """Keep a dump; the same rows give the same bytes."""
    lines = json.dumps(dump, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
    path.write_bytes(gzip.compress(lines, 9, mtime=0))


def read(path: Path) -> Dump:
    """A kept dump."""
    dump: Dump = json.loads(gzip.decompress(path.read_bytes()))
    return dump


def load(connection: Connection, dump: Dump) -> dict[str, int]:
    """Put a dump into empty tables of its revision; how many rows each got."""
    counts = {}
    for table in tables(connection):
        kept = dump.get(table.name, {"columns": [], "rows": []})
        rows = [dict(zip(kept["columns"], row, strict=True)) for row in kept["rows"]]
        if rows:
            connection.execute(insert(table), [_typed(table, row, connection.dialect.name) for row in rows])
        counts[table.name] = len(rows)
    return counts


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value


def _typed(table: Table, row: dict[str, Any], dialect: str) -> dict[str, Any]:
    return dict(_columns(table, row, dialect))


def _columns(table: Table, row: dict[str, Any], dialect: str) -> Iterator[tuple[str, Any]]:
    for name, value in row.items():
        kind = table.c[name].type
        if value is None or isinstance(kind, JSON):
            yield name, value
        elif isinstance(kind, DateTime):
            instant = datetime.fromisoformat(value)
            aware = instant.replace(tzinfo=instant.tzinfo or UTC)
            yield name, aware.replace(tzinfo=None) if dialect == "sqlite" else aware
        elif isinstance(kind, Date):
            yield name, date.fromisoformat(value)
        else:
            yield name, value
