"""One head, models equal migrations, and none of them imports a model."""

import ast
from pathlib import Path

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import Flask

from portal.core.config import PACKAGE
from portal.core.db import db, metadata
from portal.search.ddl import is_index_table

VERSIONS = PACKAGE / "migrations" / "versions"
MAY_IMPORT = {"portal.search.ddl"}


def test_there_is_one_head() -> None:
    assert len(ScriptDirectory(str(PACKAGE / "migrations")).get_heads()) == 1


def test_migrations_import_no_models() -> None:
    for path in VERSIONS.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(("portal", "initiatives")):
                assert node.module in MAY_IMPORT, f"{path.name} imports {node.module}"


def test_models_equal_migrations(app: Flask) -> None:
    with db.engine.connect() as connection:
        context = MigrationContext.configure(
            connection,
            opts={
                "include_object": lambda _o, name, kind, _r, _c: (
                    not (kind == "table" and is_index_table(name or ""))
                ),
                "compare_type": False,
            },
        )
        differences = compare_metadata(context, metadata)
    assert not differences, "\n".join(map(str, differences))


def test_migrations_are_numbered() -> None:
    names = sorted(path.name for path in Path(VERSIONS).glob("[0-9]*.py"))
    assert [name[:4] for name in names] == [f"{n:04d}" for n in range(1, len(names) + 1)]
